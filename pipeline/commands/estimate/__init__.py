"""`massivetext estimate`: predicts what a run gives and costs, from runs of a sample here.

Records are counted by the size of the files; what becomes of them, and what each phase does with
them, is measured on the sample, subset by subset, with the code of the run itself.

Assumed: that what was not looked into is like what was. That does not hold for duplicates: a
sample of a tenth holds a hundredth of the pairs. How many documents stay is therefore estimated as
databases count distinct values (`distinct_documents`); the rarer the sample, the less is known.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from massivetext.compilation import working_seconds
from massivetext.config import Config
from massivetext.events import muted
from massivetext.pipeline.commands.estimate.costs import MeteredEngine, measure_run
from massivetext.pipeline.commands.estimate.figures import Estimate
from massivetext.pipeline.commands.estimate.prediction import Measured, Prediction
from massivetext.pipeline.commands.estimate.sample import ReadSample, Sample, draw_sample
from massivetext.pipeline.commands.estimate.volumes import measured_volumes
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import PHASES

SMALL_RUN_LENGTH: Final = 16
"""Our choice: tokens a sequence in runs of a record an item, so that they too give sequences."""


def estimate(
    config: Config, items: Sequence[WorkItem], most: int, beam_options: Sequence[str] = ()
) -> Estimate:
    """Returns what a run over these items will give and cost.

    Args:
        config: of the run.
        items: of the run.
        most: documents of each source to try.
        beam_options: Beam's, for file systems; the sample is run here, whatever runner they name.

    Raises:
        UsageError: if the sample is too small to be run.
    """
    with tempfile.TemporaryDirectory(prefix="massivetext-estimate-") as name:
        folder = Path(name)
        (folder / "records").mkdir()
        begun = working_seconds()
        sample = draw_sample(config, items, most, folder / "records")
        drawing_seconds = working_seconds() - begun
        runs = _Runs(config, sample, folder, _without_runner(beam_options))
        first = [next(i for i in sample.items if i.subset == s) for s in config.subsets]
        runs.measure("cold", first, 1)
        loaded_seconds = working_seconds()
        few = runs.measure("few", first, 1)
        start_seconds = loaded_seconds - drawing_seconds - few[0].cpu_seconds
        measured = [few, runs.measure("many", sample.items, 1)]
        whole = runs.measure("whole", sample.items, None)
        if whole[0].phases[-1] != PHASES[-1].name:
            raise UsageError(
                f"the sample gives no sequence of {config.sequence.length} tokens; take a larger"
                " --sample, or a smaller sequence.length if there are no more documents"
            )
        prediction = Prediction(config, items, sample, [*measured, whole])
        return prediction.estimate(max(0.0, start_seconds))


class _Runs:
    """Runs of parts of the sample."""

    def __init__(
        self, config: Config, sample: Sample, folder: Path, beam_options: tuple[str, ...]
    ) -> None:
        self.config, self.sample, self.folder = config, sample, folder
        self.beam_options = beam_options

    def measure(self, name: str, items: Sequence[WorkItem], most: int | None) -> Measured:
        """Runs these items with at most this many records each."""
        numbered = [dataclasses.replace(item, number=n) for n, item in enumerate(items)]
        notes, output = self.folder / "notes", self.folder / name
        notes.mkdir(exist_ok=True)
        for note in notes.iterdir():  # of a phase that was not finished
            note.unlink()
        sequence = dataclasses.replace(
            self.config.sequence,
            tokens=0,
            shards=0,
            max_visits=1,
            length=SMALL_RUN_LENGTH if most else self.config.sequence.length,
            held_out=0,  # a share of a few records may be none, and which side costs no more
        )
        config = dataclasses.replace(self.config, sequence=sequence)
        meter = MeteredEngine(BeamEngine(self.beam_options), str(output), str(notes))
        job = Job(config, str(output), meter, quiet=True)
        read = ReadSample(self.sample.folder, most)
        with muted("warning"):  # about the sample's own shards
            run = measure_run(job, meter, numbered, read, config.subsets)
        return run, measured_volumes(job, items, self.sample.sizes(items, most))


def _without_runner(beam_options: Sequence[str]) -> tuple[str, ...]:
    """Returns the options without `--runner`, in either of its forms."""
    before = ("", *beam_options)
    return tuple(
        option
        for option, previous in zip(beam_options, before, strict=False)
        if not option.startswith("--runner") and previous != "--runner"
    )
