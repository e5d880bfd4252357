"""What an experiment can name, with a line on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from coevo.errors import CoevoError

__all__ = ["KINDS", "listing"]


def listing(kind: str) -> dict[str, str]:
    """Names that an experiment can use, with their descriptions.

    Args:
        kind: one of `KINDS`.

    Raises:
        CoevoError: there is no such kind.

    Examples:
        >>> sorted(listing("optimizers"))
        ['gradient']
    """
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise CoevoError(f"list: {kind!r} is not a list; use one of {known}")
    return KINDS[kind]()


def _presets() -> dict[str, str]:
    from coevo.presets import preset_description, preset_names

    return {name: preset_description(name) for name in preset_names()}


def _datasets() -> dict[str, str]:
    from coevo.datasets import DATASETS

    return {name: source.description for name, source in DATASETS.items()}


def _networks() -> dict[str, str]:
    return {
        "mlp": "fully connected, mirrored; any widths, latent and activation",
        "conv": "3 x 3 convolutions that halve the image, mirrored",
        "custom": "your own factories, as module:name",
    }


def _optimizers() -> dict[str, str]:
    return {"gradient": "gradient steps with a learning rate per cell that evolves"}


def _concepts() -> dict[str, str]:
    from operators import CONCEPTS

    return {name: _first_line(concept) for name, concept in CONCEPTS.items()}


def _neighborhoods() -> dict[str, str]:
    from grids import NEIGHBORHOODS

    return {name: _first_line(build) for name, build in NEIGHBORHOODS.items()}


def _first_line(described: object) -> str:
    return (described.__doc__ or "").strip().splitlines()[0]


KINDS: Mapping[str, Callable[[], dict[str, str]]] = MappingProxyType(
    {
        "presets": _presets,
        "datasets": _datasets,
        "networks": _networks,
        "optimizers": _optimizers,
        "concepts": _concepts,
        "neighborhoods": _neighborhoods,
    }
)
