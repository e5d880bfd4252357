"""Operators and a schedule as users write them, named as ``tests.equivalence.own_operators:...``."""

from __future__ import annotations

from torch import Tensor

from operators import Layer, Schedule, masking, scoring

__all__ = ["blend", "careful", "drop_last", "refuses_nan", "zigzag"]


@scoring(needs=["outputs", "input_rms", "gradients", "origins"])
def blend(layer: Layer, *, share: float = 0.5) -> Tensor:
    """Reads all that there is to read."""
    loudness = layer.need("outputs").abs().mean((1, 3)).unsqueeze(2)
    carried = layer.weights.abs() * layer.need("input_rms")
    moved = (layer.weights - layer.need("origins")).abs()
    return share * carried + loudness + layer.need("gradients").abs() + moved


@scoring(needs=["outputs", "origins"])
def careful(layer: Layer) -> Tensor:
    """Ends with an error where a number is not finite, and scores."""
    for numbers in (layer.weights, layer.need("outputs"), layer.need("origins")):
        if not bool(numbers.isfinite().all()):
            raise ValueError("not finite")
    return layer.weights.abs()


def drop_last(layer: Layer, quota: Tensor) -> Tensor:
    """Removes the kept weights that stand last."""
    kept = layer.masks.flatten(1)
    behind = kept.flip(1).cumsum(1).flip(1)
    return (kept & (behind > quota.unsqueeze(1))).view_as(layer.masks)


@masking(needs=["outputs", "gradients", "origins"])
def refuses_nan(layer: Layer, quota: Tensor) -> Tensor:
    """Ends with an error where a number is not finite, as operators may."""
    for name in ("outputs", "gradients", "origins"):
        if not bool(getattr(layer, name).isfinite().all()):
            raise ValueError(f"{name}: not finite")
    return drop_last(layer, quota)


def zigzag(horizon: int, level: float = 1.0, *, low: float = 0.25) -> Schedule:
    """Low and high in turn."""
    del horizon
    return lambda generation: level * (low if generation % 2 else 1.0)
