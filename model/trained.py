"""A trained model as evaluation and sampling take it from the output folder of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from massivetext.config import ConfigError
from massivetext.model.checkpoint import Checkpoints, RunRecord
from massivetext.model.data import SequenceReader
from massivetext.model.evaluate import Evaluation, EvaluationOptions, evaluate
from massivetext.model.parameters import Parameters
from massivetext.model.sample import SampleOptions, sample
from massivetext.model.sharding import make_layout
from massivetext.model.step import LanguageModel, evaluation_parameters, state_shardings
from massivetext.model.train import CHECKPOINTS_FOLDER
from massivetext.sequencing.dataset import TOKENIZER_FILE
from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer


@dataclass(frozen=True)
class TrainedModel:
    """Parameters of a checkpoint, the run they come from, and the run's tokenizer."""

    run: RunRecord
    parameters: Parameters
    tokenizer: Tokenizer

    @property
    def language_model(self) -> LanguageModel:
        """The model as functions of parameters."""
        return LanguageModel(self.run.config.model, self.run.data.bos)

    def evaluate(self, reader: SequenceReader, options: EvaluationOptions) -> Evaluation:
        """Bits per byte on shards.

        Raises:
            ConfigError: the shards were made with another tokenizer, or the window does not fit.
        """
        self.run.data.require_same_tokenizer(reader.dataset)
        token_bytes = self.tokenizer.token_bytes
        return evaluate(self.language_model, self.parameters, reader, token_bytes, options)

    def continuation(self, prompt: str, options: SampleOptions) -> str:
        """Text that the model draws after a prompt."""
        tokens = self.tokenizer.encode(prompt.encode())
        drawn = sample(self.language_model, self.parameters, tokens, options, self.run.data.eos)
        return self.tokenizer.decode(drawn)


def load(folder: Path, step: int | None = None) -> TrainedModel:
    """The model of a run's output folder, at a step or at the newest one.

    Raises:
        ConfigError: the folder holds no such checkpoint, or not the tokenizer it was trained with.
    """
    checkpoints_folder = folder / CHECKPOINTS_FOLDER
    if not checkpoints_folder.is_dir():
        raise ConfigError(
            f"{folder} holds no {CHECKPOINTS_FOLDER}: expected the output of massivetext train"
        )
    checkpoints = Checkpoints(checkpoints_folder)
    try:
        found = checkpoints.require(step)
        run = checkpoints.run(found)
        state = checkpoints.restore(found, state_shardings(run.config, make_layout()))
    finally:
        checkpoints.close()
    tokenizer = _tokenizer(folder / TOKENIZER_FILE, run.data.tokenizer_sha256)
    return TrainedModel(run, evaluation_parameters(state, run.config), tokenizer)


def _tokenizer(path: Path, sha256: str) -> Tokenizer:
    try:
        tokenizer = make_tokenizer(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}; copy the file from the folder of the shards") from None
    if tokenizer.sha256 != sha256:
        raise ConfigError(
            f"{path} is tokenizer {tokenizer.sha256[:12]}, the model was trained with "
            f"{sha256[:12]}: copy the file from the folder of the shards"
        )
    return tokenizer
