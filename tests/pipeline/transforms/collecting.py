"""What a pipeline of transforms gives, brought back to the test."""

import pickle
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions


def collect(folder: Path, *transforms: Any) -> list[Any]:
    """The elements that transforms give one after the other; `folder` holds them on the way."""
    path = folder / "elements"

    def keep(element: Any) -> None:
        with path.open("ab") as stream:
            pickle.dump(element, stream)

    path.touch()
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        found: Any = pipeline
        for number, transform in enumerate(transforms):
            found = found | f"Transform {number}" >> transform
        found | "Keep" >> beam.Map(keep)
    elements = []
    with path.open("rb") as stream:
        while stream.peek(1):
            elements.append(pickle.load(stream))
    return elements
