"""The variant that the others are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coevo.comparison.groups import Block
from coevo.comparison.settings import data_settings, differing, flat, prunes
from coevo.errors import CoevoError
from coevo.problems import alternatives, not_listed

__all__ = ["Control", "check_enough", "choose_control", "group_names"]

_MOST_KEYS = 6


class Control(NamedTuple):
    """A variant, and why it is the control."""

    name: str
    reason: str


def group_names(blocks: Sequence[Block]) -> list[str]:
    """The names of all groups, in the order in which they were found."""
    return list(dict.fromkeys(group.name for block in blocks for group in block.groups))


def check_enough(blocks: Sequence[Block], by: Sequence[str]) -> None:
    """Make sure that there is something to compare.

    Args:
        blocks: one per data set.
        by: the keys that name the groups.

    Raises:
        CoevoError: no data set has two groups.
    """
    if any(len(block.groups) > 1 for block in blocks):
        return
    names = group_names(blocks)
    if not names:
        raise CoevoError(
            "compare: no run has a number to compare; all stopped or lack the metric: "
            "give another --metric, or the directories of runs that ended"
        )
    if len(blocks) > 1:
        fault = f"{len(blocks)} data sets with one variant each"
    else:
        fault = f"{names[0]!r} is the only variant with a result"
    keys = _telling(blocks, by)
    fix = f"tell runs apart with --by {alternatives(keys)}, or " if keys else ""
    raise CoevoError(f"compare: {fault}; {fix}give the directories of others")


def _telling(blocks: Sequence[Block], by: Sequence[str]) -> list[str]:
    """Keys that tell the runs apart, first of all those that all of them have."""
    experiments = [s for block in blocks for group in block.groups for s in group.settings]
    tables = [*map(flat, experiments)]
    if len(blocks) > 1:
        tables = [data_settings(experiment, by) for experiment in experiments]
    keys = [key for key in differing(tables) if key.replace("[0]", "") not in (*by, "seed")]
    varied = [key for key in keys if len({str(t[key]) for t in tables if key in t}) > 1]
    return [key.replace("[0]", "") for key in (varied or keys)[:_MOST_KEYS]]


def choose_control(blocks: Sequence[Block], wanted: str | None) -> Control:
    """The control that is asked for, or the one that suggests itself.

    Args:
        blocks: one per data set, with at least one group.
        wanted: its name.

    Raises:
        CoevoError: no group has this name.
    """
    names = group_names(blocks)
    if wanted is not None:
        if wanted not in names:
            raise CoevoError(f"--control: {not_listed(wanted, 'a variant here', names)}")
        return Control(wanted, "as asked")
    groups = [group for block in blocks for group in block.groups]
    pruning = {group.name for group in groups if any(map(prunes, group.settings))}
    plain = [name for name in names if name not in pruning]
    if len(plain) == 1:
        return Control(plain[0], "the only variant that prunes nothing")
    everywhere = [name for name in names if all(block.find(name) for block in blocks)]
    if len(blocks) > 1 and everywhere:
        return Control(everywhere[0], "the first variant that all data sets have")
    return Control(names[0], "the first variant")
