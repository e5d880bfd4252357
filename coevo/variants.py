"""The variants of a study: the product of a sweep's axes and the explicit ones, all checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coevo.combinations import Setting, setting_problems, settings
from coevo.dotted_keys import split_key
from coevo.errors import CoevoError
from coevo.problems import Problem, complaint
from coevo.schema import Experiment, checked
from coevo.toml_text import overridden

__all__ = ["Variant", "expansion", "variants"]


@dataclass(frozen=True)
class Variant:
    """One setting of the keys that vary.

    Attributes:
        name: unique in its study, also where capitals do not count; fit for a folder.
        settings: dotted key to value, as given in the sweep.
        options: the label of an axis to that of its option; empty for explicit variants.
        experiment: the experiment with these settings; its sweep holds the replicates only.
    """

    name: str
    settings: Mapping[str, Any]
    options: Mapping[str, str]
    experiment: Experiment


def variants(experiment: Experiment) -> tuple[Variant, ...]:
    """Expand the sweep of an experiment.

    Args:
        experiment: with or without a sweep.

    Returns:
        The product of the axes without what is excluded, the first axis slowest, then the
        explicit variants; of an experiment that is no study one variant, named ``base``.

    Raises:
        CoevoError: something in the sweep is wrong; `coevo.experiment.load_experiment` has
            refused that already.

    Examples:
        >>> from coevo.experiment import experiment_from_dict
        >>> sweep = {"grid.rows": [1, 3], "task.loss": ["mse", "l1"]}
        >>> [one.name for one in variants(experiment_from_dict({"sweep": sweep}))]
        ['1-mse', '1-l1', '3-mse', '3-l1']
    """
    found = expansion(experiment)
    if isinstance(found, list):
        raise complaint(found, lambda _: "")
    return found


def expansion(experiment: Experiment) -> tuple[Variant, ...] | list[Problem]:
    """The variants as from `variants`, or what is wrong with the sweep."""
    if not experiment.sweep.is_study:
        return (Variant("base", {}, {}, experiment),)
    problems = list(setting_problems(experiment.sweep))
    if problems:
        return problems
    tables = experiment.model_dump(mode="json", exclude_unset=True)
    tables["sweep"] = {"replicates": experiment.sweep.replicates}
    found = [(one, _experiment(tables, one)) for one in settings(experiment.sweep)]
    problems = _told_once([(one, result) for one, result in found if isinstance(result, list)])
    if problems:
        return problems
    worked = tuple(
        Variant(one.name, one.values, one.options, result)
        for one, result in found
        if isinstance(result, Experiment)
    )
    return list(_twins(worked)) or worked


def _experiment(tables: Mapping[str, Any], setting: Setting) -> Experiment | list[Problem]:
    """An experiment with some values replaced, the shorter keys first, or its mistakes."""
    changes = [(split_key(key), value) for key, value in setting.values.items()]
    try:
        changed = overridden(tables, sorted(changes, key=lambda one: len(one[0])), origin="")
    except CoevoError as error:
        return [Problem((), str(error))]
    return checked(changed)


def _told_once(faults: Sequence[tuple[Setting, Sequence[Problem]]]) -> list[Problem]:
    """The mistakes of variants, each with the first variant that has it."""
    owners: dict[Problem, list[str]] = {}
    for setting, problems in faults:
        for problem in problems:
            owners.setdefault(problem, []).append(setting.name)
    return [replace(problem, within=_within(names)) for problem, names in owners.items()]


def _within(names: Sequence[str]) -> str:
    others = len(names) - 1
    more = f" and {others} other{'s' if others > 1 else ''}" if others else ""
    return f"sweep variant {names[0]!r}{more}"


def _twins(found: Sequence[Variant]) -> Iterator[Problem]:
    """Variants that are the same experiment under two names."""
    seen: dict[str, str] = {}
    for one in found:
        before = seen.setdefault(one.experiment.model_dump_json(), one.name)
        if before != one.name:
            text = f"variants {before!r} and {one.name!r} are the same experiment; leave one out"
            yield Problem(("sweep",), text)
