"""Dataset cards: how a folder of tables is read as one data set.

`datasets` guesses splits from file names, and ours are those of the inputs: of a folder with
`c4-train.00000-of-01024.json.gz.parquet` it would give that file only. A card names all files.
"""

from __future__ import annotations

from typing import Final

from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.table import CARD

_ABOUT: Final = {
    "documents": "documents that no rule objects to, before duplicates and test-set copies left",
    "rejected": "documents that a rule objects to, with every measure and every reason",
    "failed": "records that could not be read: where, and why",
    "skipped": "records that hold no document, by kind",
    "dedup": "documents that duplicates would remove, with their partners",
    "decontamination": "documents that copies of test items would remove",
    "exclusions": "documents that a list of take-downs names",
    "corpus": "the documents that stay",
    "hosts": "every host of every subset, with documents and bytes by verdict",
    "removed": "documents that left as duplicates, test-set copies or take-downs, with all reasons",
}

_TEXT: Final = """# {folder}: {about}.
# One table, a Parquet file for each work item; massivetext's docs/auditing.md says what the columns
# mean. This card makes load_dataset read all files, whatever they are called.
configs:
- config_name: default
  data_files: "**/*.parquet"
"""


def write_card(output: str, folder: str) -> store.FileEntry:
    """Writes the card of a folder of tables."""
    about = _ABOUT.get(folder, f"what the phase that writes {folder}/ has found")
    text = _TEXT.format(folder=folder, about=about)
    return store.write_bytes(output, f"{folder}/{CARD}", text.encode())
