"""Runs one peer's Gopher filters over the documents of a file, whenever a line comes in.

Belongs to filters.py and runs in an environment of its own (filters_peers.txt); imports nothing of
the product. Answers each line of standard input with the CPU seconds that one pass took.
"""

import json
import sys
import time
from collections.abc import Callable


def datatrove_filters(texts: list[str]) -> Callable[[], None]:
    """Both Gopher filters; each stops at the first rule that a document breaks."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter

    filters = [GopherRepetitionFilter(), GopherQualityFilter()]
    documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]

    def run() -> None:
        for document in documents:
            for each in filters:
                each.filter(document)

    return run


def dolma_tagger(texts: list[str]) -> Callable[[], None]:
    """The tagger gopher_v1: attributes, without verdicts and without paragraph measures."""
    from dolma.core.data_types import Document
    from dolma.taggers.gopher import GopherTagger

    tagger = GopherTagger()
    documents = [Document(source="", id=str(i), text=text) for i, text in enumerate(texts)]

    def run() -> None:
        for document in documents:
            tagger.predict(document)

    return run


PEERS = {"datatrove": datatrove_filters, "dolma": dolma_tagger}


def main() -> None:
    """Arguments: the peer's name, and a file with one JSON string a line."""
    name, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        texts = [json.loads(line) for line in file]
    PEERS[name](texts[:1])()  # loads tokenizers
    run = PEERS[name](texts)
    for _ in sys.stdin:
        start = time.process_time()
        run()
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main()
