"""What an experiment can name, with a line on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from coevo.errors import CoevoError
from coevo.plugins import PluginKind, hidden_plugins, plugin_names, plugin_packages

__all__ = ["KINDS", "listing"]


def listing(kind: str) -> dict[str, str]:
    """Names that an experiment can use, with their descriptions.

    Names of other packages come last, with the package's name; nothing of it is imported.

    Args:
        kind: one of `KINDS`.

    Raises:
        CoevoError: there is no such kind.

    Examples:
        >>> sorted(listing("optimizers"))
        ['de', 'gradient']
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

    own = {name: source.description for name, source in DATASETS.items()}
    return _with_plugins("datasets", own)


def _networks() -> dict[str, str]:
    return {
        "mlp": "fully connected, mirrored; any widths, latent and activation",
        "conv": "3 x 3 convolutions that halve the image, mirrored",
        "custom": "your own factories, as module:name",
    }


def _optimizers() -> dict[str, str]:
    own = {
        "gradient": "gradient steps with a learning rate per cell that evolves",
        "de": "adaptive differential evolution within neighborhoods, in turns with such steps",
    }
    return _with_plugins("optimizers", own)


def _strategies() -> dict[str, str]:
    from operators import STRATEGIES

    return {name: _first_line(one.function) for name, one in STRATEGIES.items()}


def _evolution_presets() -> dict[str, str]:
    from coevo.optimizers.differential_evolution import PRESETS

    return {
        name: f"{', '.join(rules.strategies)}; F {rules.scale}, CR {rules.crossover}, "
        f"memories of {rules.memory}"
        for name, rules in PRESETS.items()
    }


def _operators() -> dict[str, str]:
    from operators import OPERATORS

    own = {name: operator.description for name, operator in OPERATORS.items()}
    return _with_plugins("operators", own)


def _schedules() -> dict[str, str]:
    from operators import SCHEDULES

    own = {name: _first_line(factory) for name, factory in SCHEDULES.items()}
    return _with_plugins("schedules", own)


def _concepts() -> dict[str, str]:
    from operators import CONCEPTS

    return {name: _first_line(concept) for name, concept in CONCEPTS.items()}


def _neighborhoods() -> dict[str, str]:
    from grids import NEIGHBORHOODS

    return {name: _first_line(build) for name, build in NEIGHBORHOODS.items()}


def _with_plugins(kind: PluginKind, own: Mapping[str, str]) -> dict[str, str]:
    """Add the names of other packages; tell of those that a built-in name hides."""
    described = dict(own)
    for name, packages in hidden_plugins(kind).items():
        described[name] += f" (coevo's, not that of {' or '.join(packages)})"
    for name in plugin_names(kind):
        packages = plugin_packages(kind, name)
        fault = "" if len(packages) == 1 else ": uninstall all but one"
        described[name] = f"of {' and '.join(packages)}{fault}"
    return described


def _first_line(described: object) -> str:
    return (described.__doc__ or "").strip().splitlines()[0]


KINDS: Mapping[str, Callable[[], dict[str, str]]] = MappingProxyType(
    {
        "presets": _presets,
        "datasets": _datasets,
        "networks": _networks,
        "optimizers": _optimizers,
        "evolution_presets": _evolution_presets,
        "strategies": _strategies,
        "operators": _operators,
        "schedules": _schedules,
        "concepts": _concepts,
        "neighborhoods": _neighborhoods,
    }
)
