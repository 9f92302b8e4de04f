"""How the weights of the extraction come about; nothing here runs when text is extracted.

The data: pages with their main text, given as a folder with `gold.json` (page name -> `set`,
`domain`, `gold`) and `html/<name>.html`. Training uses only sets with a stated license, see
`pages.TRAINING_SETS`; the pages stay with their owners, and neither they nor the texts are part of
this project.

    export OMP_NUM_THREADS=1
    python -m massivetext.pipeline.extraction.training.train FOLDER --weights weights.npz

This takes four minutes of one core for 2,020 pages. The same pages, version of numpy and number of
threads give the same weights; one thread takes less than half the time of two.
`make bench-extraction PAGES=FOLDER` does so for five folds, and measures each page with the weights
that have not seen its domain.
"""
