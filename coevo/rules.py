"""Rules between the keys of an experiment: which go together, and which exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from coevo.catalog import DATASET_KEYS, GENERATIONS, OPTIMIZERS, REQUIRED_DATASET_KEYS
from coevo.conditions import Condition, one_of
from coevo.de_keys import evolution_problems
from coevo.de_table import DifferentialEvolutionTable
from coevo.problems import Problem, shown
from coevo.pruning_keys import pruning_problems
from coevo.roles import ROLES
from coevo.sweep_keys import sweep_problems

__all__ = ["Given", "applies", "broken_rules", "is_conditional"]

_PRESET_KINDS = (one_of("network.kind", ("mlp", "conv")),)
_GRADIENT = one_of("optimizer.kind", ("gradient", "de"))
_EVOLUTION = one_of("optimizer.kind", ("de",))
_ADAPTIVE = (_GRADIENT, one_of("optimizer.algorithm", ("adam", "adamw")))
_DENOISE = (one_of("task.kind", ("denoise",)),)
_OF_GRADIENT = (
    *("algorithm", "learning_rate", "learning_rate_step", "learning_rate_decay"),
    *("learning_rate_minimum", "learning_rate_maximum", "learning_rate_spread"),
    *("pairings", "moments", "weight_decay"),
)

ONLY_WITH: Mapping[str, tuple[Condition, ...]] = MappingProxyType(
    {
        "task.noise": _DENOISE,
        "task.noise_level": _DENOISE,
        "task.target": (one_of("task.kind", ("map",)),),
        **{
            f"data.{key}": (one_of("task.dataset", (dataset,)),)
            for dataset, keys in DATASET_KEYS.items()
            for key in keys
        },
        "data.options": (
            Condition(
                "task.dataset", lambda name: name not in DATASET_KEYS, "for one of another package"
            ),
        ),
        "network.hidden": _PRESET_KINDS,
        "network.channels": (one_of("network.kind", ("conv",)),),
        "network.activation": _PRESET_KINDS,
        "network.latent_activation": _PRESET_KINDS,
        "network.options": (one_of("network.kind", ("custom",)),),
        "selection.validation_rows": (one_of("selection.replacement", ("if_better",)),),
        "optimizer.options": (
            Condition(
                "optimizer.kind", lambda kind: kind not in OPTIMIZERS, "for one of another package"
            ),
        ),
        **{f"optimizer.{key}": (_GRADIENT,) for key in _OF_GRADIENT},
        "optimizer.learning_rate_decay_every": (
            _GRADIENT,
            Condition("optimizer.learning_rate_decay", lambda factor: factor != 1, "for a decay"),
        ),
        "optimizer.weight_decay_spread": (
            _GRADIENT,
            Condition("optimizer.weight_decay", lambda decay: decay != 0, "for a weight decay"),
        ),
        "start.ancestor_generations": (_GRADIENT,),
        **{f"de.{key}": (_EVOLUTION,) for key in DifferentialEvolutionTable.model_fields},
        "optimizer.momentum": (_GRADIENT, one_of("optimizer.algorithm", ("sgd",))),
        "optimizer.betas": _ADAPTIVE,
        "optimizer.epsilon": _ADAPTIVE,
    }
)
"""Keys that mean something only where other keys have certain values."""


class _UnknownValueError(Exception):
    """A rule needs a value that is refused already; says so, and reaches no user."""


@dataclass(frozen=True)
class Given:
    """What a user wrote, before or after validation.

    Attributes:
        tables: the tables and keys of the file; may be malformed.
        defaults: ``{table: {key: default}}``, all keys.
        refused: ``table.key`` of values that are refused for themselves; of an entry of
            ``[[pruning]]``, ``pruning.0.key``.
    """

    tables: Mapping[str, Any]
    defaults: Mapping[str, Mapping[str, Any]]
    refused: frozenset[str] = frozenset()

    def sets(self, path: str) -> bool:
        """Whether the user gave ``table.key`` a value."""
        table, key = path.split(".")
        keys = self.tables.get(table)
        return isinstance(keys, Mapping) and keys.get(key) is not None

    def value(self, path: str) -> Any:
        """The value of ``table.key``, given or default."""
        table, key = path.split(".")
        if path in self.refused or table in self.refused:
            raise _UnknownValueError
        if self.sets(path):
            return self.tables[table][key]
        if path == "network.kind" and any(self.value(f"network.{role}") for role in ROLES):
            return "custom"
        return self.defaults[table][key]

    def generations(self) -> Any:
        """Of the run, given or default."""
        if "generations" in self.refused:
            raise _UnknownValueError
        found = self.tables.get("generations")
        return GENERATIONS if found is None else found


def broken_rules(given: Given) -> list[Problem]:
    """Find the combinations of keys that make no sense.

    Rules that need a refused value are left out: its own error says enough.
    """
    problems: list[Problem] = []
    for check in _RULES:
        with suppress(_UnknownValueError):
            problems += list(check(given))
    problems += pruning_problems(given.tables, given.refused)
    if "sweep" in given.tables:
        problems += sweep_problems(given.tables["sweep"], given.defaults, given.refused)
    return problems


def applies(path: str, given: Given) -> bool:
    """Whether ``table.key`` has a meaning beside the other keys."""
    if path == "grid.radius":
        return isinstance(given.value("grid.neighborhood"), str)
    return all(one.holds(given.value(one.other)) for one in ONLY_WITH.get(path, ()))


def is_conditional(path: str) -> bool:
    """Whether ``table.key`` means something only beside some values of other keys."""
    return path in ONLY_WITH or path == "grid.radius"


def _only_with(path: str) -> Callable[[Given], Iterator[Problem]]:
    def check(given: Given) -> Iterator[Problem]:
        if not given.sets(path):
            return
        for one in ONLY_WITH[path]:
            if not one.holds(given.value(one.other)):
                yield _problem(path, one.refusal(given.value(path), given.value(one.other)))
                return

    return check


def _radius(given: Given) -> Iterator[Problem]:
    if given.sets("grid.radius") and not applies("grid.radius", given):
        yield _problem(
            "grid.radius",
            f"{shown(given.value('grid.radius'))} is only for a named neighborhood, "
            "not for a list of offsets; remove it",
        )


def _masking_probability(given: Given) -> Iterator[Problem]:
    level = given.value("task.noise_level")
    masking = given.value("task.noise") == "masking" and given.value("task.kind") == "denoise"
    if masking and level >= 1:
        yield _problem(
            "task.noise_level",
            f"{shown(level)} is too large: with 'masking' it is a probability; "
            "use a number > 0 and < 1",
        )


def _cross_entropy(given: Given) -> Iterator[Problem]:
    output = given.value("task.output")
    if given.value("task.loss") == "bce" and output != "sigmoid":
        yield _problem(
            "task.loss", f"'bce' needs task.output = 'sigmoid', not {shown(output)}; change one"
        )


def _dataset_keys(given: Given) -> Iterator[Problem]:
    dataset = given.value("task.dataset")
    for key in REQUIRED_DATASET_KEYS.get(dataset, ()):
        if given.value(f"data.{key}") is None:
            yield _problem(
                f"data.{key}", f"missing, but task.dataset = {dataset!r} needs it; give a path"
            )


def _factories(given: Given) -> Iterator[Problem]:
    roles = [f"network.{role}" for role in ROLES]
    found = [role for role in roles if given.value(role) is not None]
    kind = given.value("network.kind")
    if found and kind != "custom":
        yield _problem(
            "network.kind",
            f"{shown(kind)} has no use for {found[0]}; remove it or use 'custom'",
        )
    elif kind == "custom" and not found:
        yield _problem(
            "network.kind",
            "'custom' needs network.encoder and network.decoder; give both as 'module:factory'",
        )
    elif len(found) == 1:
        absent = next(role for role in roles if role not in found)
        yield _problem(absent, f"missing beside {found[0]}; give both or none")


def _option_names(given: Given) -> Iterator[Problem]:
    options = given.value("network.options")
    for name in ("shape", "latent"):
        if name in options:
            yield Problem(
                ("network", "options", name),
                f"{shown(options[name])} would hide the {name} that factories get anyway; "
                "choose another name",
            )


def _learning_rates(given: Given) -> Iterator[Problem]:
    name = "optimizer.learning_rate"
    rate, least, most = (given.value(name + end) for end in ("", "_minimum", "_maximum"))
    if least > most:
        yield _problem(
            f"{name}_minimum",
            f"{shown(least)} is above {name}_maximum = {shown(most)}; lower it or raise the maximum",
        )
    elif rate < least:
        yield _problem(
            name,
            f"{shown(rate)} is below {name}_minimum = {shown(least)}; raise it or lower the minimum",
        )
    elif rate > most:
        yield _problem(
            name,
            f"{shown(rate)} is above {name}_maximum = {shown(most)}; lower it or raise the maximum",
        )


def _start(given: Given) -> Iterator[Problem]:
    ancestor, pairs = given.value("start.ancestor_generations"), given.value("start.pairs")
    if ancestor > 0 and pairs:
        yield _problem(
            "start.ancestor_generations",
            f"{shown(ancestor)} has no use beside start.pairs, from which cells start; give one",
        )
    isolated, generations = given.value("start.isolated_generations"), given.generations()
    if isolated > generations:
        yield _problem(
            "start.isolated_generations",
            f"{shown(isolated)} is more than the {generations} generations; give {generations} "
            "or less",
        )


def _problem(path: str, text: str) -> Problem:
    return Problem(tuple(path.split(".")), text)


_RULES = (
    _radius,
    *map(_only_with, ONLY_WITH),
    _masking_probability,
    _cross_entropy,
    _dataset_keys,
    _factories,
    _option_names,
    _learning_rates,
    _start,
    evolution_problems,
)
