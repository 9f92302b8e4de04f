"""What can go wrong in a run that was configured well; importing this needs no JAX."""


class TrainingError(RuntimeError):
    """A run that failed, with the reason in a line."""


class BadRecordError(TrainingError):
    """A record that cannot be what its `dataset.json` says."""


class TrainingDivergedError(TrainingError):
    """A loss, a norm or a state that is not finite."""
