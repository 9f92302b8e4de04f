"""A filter of one's own, between ours and deduplication, in a Beam pipeline of one's own.

    python examples/own_filter.py sample/config.toml kept.jsonl

Reads the sources of a configuration, applies its rules, then rejects documents in which most lines
do not end as sentences do: the rule of C4 (Raffel et al. 2020, section 2.2), which keeps single
lines, made into one about documents. What is left, without duplicates, becomes lines of JSON.
Beam's options follow, for example --runner=FlinkRunner.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext import Config, Deduplicate, Document, Extract, Judge, Read, load_config

END_MARKS = (".", "!", "?", '"', "”")  # C4's, and the closing quotation mark
MIN_SENTENCE_LINE_FRACTION = 0.5


def sentence_line_fraction(text: str) -> float:
    """Returns the share of a text's lines that end with one of END_MARKS."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return sum(line.endswith(END_MARKS) for line in lines) / max(1, len(lines))


def judge_lines(document: Document) -> Document:
    """Returns the document, with a reason more if its lines are no sentences.

    A reason is enough: `Deduplicate` compares only what has none.
    """
    fraction = sentence_line_fraction(document.text)
    measures = {**document.measures, "sentence_line_fraction": fraction}
    reasons = document.reasons
    if fraction < MIN_SENTENCE_LINE_FRACTION:
        reasons = (*reasons, "own.min_sentence_line_fraction")
    return replace(document, measures=measures, reasons=reasons)


def to_json(document: Document) -> str:
    """Returns a line of JSON."""
    row = {"id": document.id, "url": document.url, "text": document.text}
    return json.dumps(row, ensure_ascii=False)


def main(config: Config, output: str, beam_options: list[str]) -> None:
    """Writes what stays to a file of JSON lines."""
    options = PipelineOptions(beam_options or ["--runner=FnApiRunner"])
    with beam.Pipeline(options=options) as pipeline:
        (
            pipeline
            | "Read" >> Read(config.sources, config.limits)
            | "Extract" >> Extract(config.extraction)
            | "Judge" >> Judge(config)
            | "Own filter" >> beam.Map(judge_lines).with_output_types(Document)
            | "Deduplicate" >> Deduplicate(config)
            | "Kept" >> beam.Filter(lambda document: document.is_kept)
            | "To JSON" >> beam.Map(to_json)
            | "Write" >> beam.io.WriteToText(output, shard_name_template="")
        )


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: own_filter.py CONFIG.toml KEPT.jsonl [BEAM OPTIONS]")
    main(load_config(sys.argv[1]), sys.argv[2], sys.argv[3:])
