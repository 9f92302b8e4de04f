"""How the weights of the extraction come about; nothing here runs when text is extracted.

The data: pages with their main text, given as a folder with `gold.json` (page name -> `set`,
`domain`, `gold`) and `html/<name>.html`. Training uses only sets with a stated license, see
`pages.TRAINING_SETS`; the pages stay with their owners, and neither they nor the texts are part of
this project.

    python -m massivetext.pipeline.extraction.training.train FOLDER --weights weights.npz

`make bench-extraction PAGES=FOLDER` does so for five folds, and measures each page with the weights
that have not seen its domain.
"""
