"""Steps outside any phase of a run, for the tests of the engine."""

from massivetext.config import fingerprint
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.steps import Steps


def steps_of(job: Job, name: str = "copy", **settings: object) -> Steps:
    """What runs the steps of a phase with these settings."""
    return Steps(job.engine, job.output, name, fingerprint(name, settings), job.quiet)
