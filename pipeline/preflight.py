"""What is looked at before any work, so that a run does not fail after hours for a wrong path."""

from __future__ import annotations

from massivetext.config import Config, ConfigError
from massivetext.dedup.testsets import load_test_sets
from massivetext.filters.language import load_model as load_language_model
from massivetext.filters.safesearch import load_scorer
from massivetext.pipeline import store
from massivetext.pipeline.job import Job, UsageError


def check(job: Job) -> None:
    """Loads every model, list and test set that the configuration names, and writes a file.

    Raises:
        ConfigError: if one of them is missing or is not what it should be.
        UsageError: if the output folder cannot be written to.
    """
    config = job.config
    load_language_model(config.language.model)
    load_scorer(config.safesearch)
    load_test_sets(config.decontamination.test_sets, store.open_input)
    _check_files(config)
    try:
        store.write_bytes(job.output, "phases/writable", b"")
    except Exception as error:  # every file system has exceptions of its own
        raise UsageError(f"cannot write to the output folder {job.output}: {error}") from None


def _check_files(config: Config) -> None:
    named = {"decontamination.titles": config.decontamination.titles}
    if config.tokenizer.model:
        named["tokenizer.model"] = (config.tokenizer.model,)
    for key, paths in named.items():
        for path in paths:
            if not store.exists(path):
                raise ConfigError(f"{key}: {path} does not exist; give the path of a file")
