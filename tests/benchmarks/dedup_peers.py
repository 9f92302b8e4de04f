"""Runs one peer over the documents of a file, in an environment of its own (dedup_peers.txt).

    python dedup_peers.py NAME DOCUMENTS

Belongs to dedup.py; imports nothing of the product. Answers each line of standard input with one
of JSON: to `sign N`, the CPU seconds for the signatures of N documents spread over all; to
`remove`, CPU seconds, peak memory and the ids of the documents that the peer would remove.
DOCUMENTS has a JSON object with id and text a line.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

NGRAM, PERMUTATIONS = 13, 120
WORD = re.compile(r"[^\W_]+")
Documents = list[tuple[str, str]]


def words_of(text: str) -> list[str]:
    """The words, as this project defines them."""
    return WORD.findall(unicodedata.normalize("NFC", text))


def python_shingles(text: str) -> set[str]:
    """The shingling that users of the peers write: the same words, 13 of them joined."""
    words = words_of(text)
    if 0 < len(words) < NGRAM:
        return {" ".join(words)}
    return {" ".join(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}


def datasketch_sign(texts: list[str]) -> None:
    """As its documentation shows it."""
    from datasketch import MinHash

    for text in texts:
        minhash = MinHash(num_perm=PERMUTATIONS)
        minhash.update_batch([shingle.encode() for shingle in python_shingles(text)])


def datasketch_remove(documents: Documents) -> set[str]:
    """MinHashLSH(threshold=0.8), whose own choice is 9 bands of 13 rows: candidates go."""
    from datasketch import MinHash, MinHashLSH

    index, removed = MinHashLSH(threshold=0.8, num_perm=128), set()
    for name, text in documents:
        minhash = MinHash(num_perm=128)
        minhash.update_batch([shingle.encode() for shingle in python_shingles(text)])
        if index.query(minhash):
            removed.add(name)
        index.insert(name, minhash)
    return removed


def rensa_sign(texts: list[str]) -> None:
    """RMinHash, with Python shingling."""
    from rensa import RMinHash

    for text in texts:
        RMinHash(num_perm=PERMUTATIONS, seed=42).update(list(python_shingles(text)))


def rensa_remove(documents: Documents) -> set[str]:
    """RMinHashLSH(threshold=0.8) with 16 bands (our choice: it has no default)."""
    from rensa import RMinHash, RMinHashLSH

    index, removed = RMinHashLSH(threshold=0.8, num_perm=128, num_bands=16), set()
    for number, (name, text) in enumerate(documents):
        minhash = RMinHash(num_perm=128, seed=42)
        minhash.update(list(python_shingles(text)))
        if index.query(minhash):
            removed.add(name)
        index.insert(number, minhash)
    return removed


def gaoya_remove(documents: Documents) -> set[str]:
    """Its own n-grams over our words; its default of 20 bands of 5 rows."""
    from gaoya.minhash import MinHashStringIndex

    index, removed = MinHashStringIndex(jaccard_threshold=0.8, ngram_range=(NGRAM, NGRAM)), set()
    for number, (name, text) in enumerate(documents):
        joined = " ".join(words_of(text))
        if index.query(joined):
            removed.add(name)
        index.insert_document(number, joined)
    return removed


def datatrove_remove(documents: Documents) -> set[str]:
    """Its four steps with 13-grams, otherwise its defaults: 14 buckets of 8, 64 bits."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter
    from loguru import logger

    logger.remove()
    config = MinhashConfig(n_grams=NGRAM)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "in").mkdir()
        with open(f"{folder}/in/docs.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps({"id": n, "text": t}) + "\n" for n, t in documents)
        reader = JsonlReader(f"{folder}/in")
        writer = JsonlWriter(f"{folder}/kept", compression=None)
        steps = [
            [reader, MinhashDedupSignature(f"{folder}/signatures", config)],
            [MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config)],
            [MinhashDedupCluster(f"{folder}/buckets", f"{folder}/removed", config)],
            [reader, MinhashDedupFilter(f"{folder}/removed"), writer],
        ]
        for number, step in enumerate(steps):
            tasks = config.num_buckets if number == 1 else 1
            logs = f"{folder}/logs/{number}"
            LocalPipelineExecutor(step, tasks, workers=1, logging_dir=logs).run()
        kept = {
            json.loads(line)["id"]
            for path in Path(folder, "kept").iterdir()
            for line in path.read_text(encoding="utf-8").splitlines()
        }
    return {name for name, _ in documents} - kept


SIGN: dict[str, Callable[[list[str]], None]] = {
    "datasketch": datasketch_sign,
    "rensa": rensa_sign,
}
REMOVE: dict[str, Callable[[Documents], set[str]]] = {
    "datasketch": datasketch_remove,
    "rensa": rensa_remove,
    "gaoya": gaoya_remove,
    "datatrove": datatrove_remove,
}


def cpu_seconds() -> float:
    """Of this process and of the children that it has waited for."""
    usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mb() -> float:
    """Returns the largest resident memory that this process has had, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1024


def main() -> None:
    name, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    documents = [(row["id"], row["text"]) for row in rows]
    sys.stdout, answers = sys.stderr, sys.stdout  # what peers print does not count as an answer
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "sign":
            count = int(arguments[0])
            texts = [text for _, text in documents[:: max(1, len(documents) // count)][:count]]
            SIGN[name](texts[:2])
            begun = time.process_time()
            SIGN[name](texts)
            answer = {"cpu_seconds": time.process_time() - begun}
        else:
            begun = cpu_seconds()
            removed = REMOVE[name](documents)
            seconds = cpu_seconds() - begun
            answer = {"cpu_seconds": seconds, "peak_mb": peak_mb(), "removed": sorted(removed)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
