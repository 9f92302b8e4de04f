"""Counting: parameters, training FLOPs, and how much of a chip's peak a run uses.

Letters: N layers, D d_model, H heads, K key size, T window, V vocabulary.
"""

from __future__ import annotations

from typing import Final

from massivetext.model.configs import ModelConfig

PEAK_FLOPS_PER_SECOND: Final[dict[str, float]] = {
    "TPU v4": 275e12,
    "TPU v5 lite": 197e12,
    "TPU v5": 459e12,
    "TPU v6 lite": 918e12,
}
"""bfloat16 peak of a chip by JAX's device kind (vendor figures); other kinds report no MFU."""


def parameter_count(model: ModelConfig) -> int:
    """Parameters of a decoder: 13 N D^2 + V D, plus biases and gains.

    A block has five D x (H K) projections (query, key, value, position, output), the biases u and v
    of the relative attention, an MLP of 8 D^2 and two gains. Only with the position projection and
    with the embedding counted once do all six sizes of Table 1 come out.
    """
    d, hk = model.d_model, model.heads * model.key_size
    block = 5 * d * hk + 2 * hk + 8 * d * d + 2 * d
    return model.layers * block + model.vocab_size * d + d


def train_flops_per_token(model: ModelConfig) -> int:
    """Forward and backward FLOPs a token, after PaLM's appendix B with the relative term added.

    6 per weight of a matrix product, and per layer three T x (H K) products a token (content
    scores, position scores, values). Causality is not taken off. The position projection is
    shared by a batch and left out.
    """
    d, hk = model.d_model, model.heads * model.key_size
    weights = model.layers * (4 * d * hk + 8 * d * d) + model.vocab_size * d
    return 6 * weights + 18 * model.layers * model.window * hk


def model_flops_utilisation(
    model: ModelConfig, tokens_per_second: float, device_kind: str, devices: int
) -> float | None:
    """Share of the devices' peak that goes into the model's own FLOPs; None for unknown chips."""
    peak = PEAK_FLOPS_PER_SECOND.get(device_kind)
    if peak is None:
        return None
    return tokens_per_second * train_flops_per_token(model) / (peak * devices)
