"""What may change when a study goes on: variants and seeds may come, but none changes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

from coevo.errors import CoevoError
from coevo.experiment import Experiment, experiment_from_dict
from coevo.study_directory import StackDirectory
from coevo.variants import Variant

__all__ = ["check_unchanged", "experiments_of"]

# Without effect on results, so that they may be changed between two parts of a study.
_FREE = {"description", "engine", "checkpoint", "sweep"}


def experiments_of(stack: StackDirectory) -> dict[str, Experiment]:
    """The experiments of the variants of a stack, as they were when it was described."""
    texts = stack.experiments()
    names = dict.fromkeys(name for name, _ in stack.worlds())
    return {name: experiment_from_dict(tomllib.loads(texts[name])) for name in names}


def check_unchanged(stacks: Sequence[StackDirectory], wanted: Sequence[Variant]) -> None:
    """Refuse to put results of other settings under a name, and to compute the same again.

    Args:
        stacks: of the study so far.
        wanted: its variants from now on.

    Raises:
        CoevoError: a variant has the name of another one that was run, or was run under another.
    """
    now = {one.name: one.experiment for one in wanted}
    names = {_identity(one.experiment): one.name for one in wanted}
    for stack in stacks:
        for name, experiment in experiments_of(stack).items():
            if name not in now:
                _check_name(name, names.get(_identity(experiment)))
                continue
            changed = _differences(experiment, now[name])
            if changed:
                raise CoevoError(
                    f"sweep variant {name!r}: was run with other settings ({changed}); change "
                    "them back, give the variant another name, or begin another study with --out"
                )


def _identity(experiment: Experiment) -> str:
    """The same for experiments with the same results."""
    return experiment.model_dump_json(exclude=_FREE)


def _check_name(before: str, now: str | None) -> None:
    """Refuse another name for a variant that was run, as an axis that grows may give it one."""
    if now is not None:
        raise CoevoError(
            f"sweep variant {now!r}: was run as {before!r}, and would be computed again; keep the "
            "axes and give what is new as [[sweep.variants]], or begin another study with --out"
        )


def _differences(before: Experiment, now: Experiment) -> str:
    """The first key with another value."""
    one, other = (experiment.model_dump(exclude=_FREE) for experiment in (before, now))
    for table, values in one.items():
        if values == other[table]:
            continue
        if not isinstance(values, dict):
            return table
        return next(f"{table}.{key}" for key in values if values[key] != other[table][key])
    return ""
