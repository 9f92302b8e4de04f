"""What a pipeline is to work on, to its workers one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection, PValue


class Redistribute(beam.PTransform):
    """One element to start with -> the elements of a list, spread over the workers.

    A GroupByKey by their number in the list does it: every portable runner has one.

    Args:
        elements: gives the list when the pipeline comes to this place.
    """

    def __init__(self, elements: Callable[[], Iterable[Any]]) -> None:
        super().__init__()
        self.elements = elements

    def expand(self, input_or_inputs: PCollection) -> PValue:
        """Returns the elements."""
        elements = self.elements
        return (
            input_or_inputs
            | "Elements" >> beam.FlatMap(lambda _: enumerate(elements()))
            | "By number" >> beam.GroupByKey()
            | "Values" >> beam.FlatMap(lambda numbered: numbered[1])
        )
