"""The keys of an entry of ``[[pruning]]``; docs/pruning.md says what they mean exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from coevo.problems import shown
from coevo.roles import ROLES
from coevo.tables import Table
from coevo.validation import refusal
from coevo.values import (
    Count,
    Names,
    Natural,
    OperatorName,
    Options,
    Positive,
    Roles,
    ScheduleName,
    Share,
)

__all__ = ["PruningEntries", "PruningTable"]


class PruningTable(Table):
    """What is pruned, when, and how much; entries act in their order."""

    operator: OperatorName = Field(default="uniform", description="decides which weights go")
    operator_options: Options = Field(default={}, description="of an operator of your own")
    roles: Roles = Field(default=ROLES, description="whose weights go")
    layers: Names | None = Field(default=None, description="which layers, by their paths")
    bias: bool = Field(default=False, description="whether biases can go")
    structure: Literal["weight", "unit"] = Field(
        default="weight", title="a structure", description="what goes: weights, or whole units"
    )
    scope: Literal["unit", "tensor", "layer", "network", "pair"] = Field(
        default="layer", title="a scope", description="what an amount is a share of"
    )
    masks: Literal["hard", "soft"] = Field(
        default="hard", title="a kind of masks", description="soft: what is removed may come back"
    )
    schedule: ScheduleName = Field(default="fixed", description="course over the generations")
    schedule_options: Options = Field(default={}, description="of a schedule of your own")
    begin: Natural = Field(default=0, description="first generation of the schedule, from 0")
    end: Count | None = Field(
        default=None, description="the schedule is over before this one; as the run by default"
    )
    sparsity: float | None = Field(
        default=None, gt=0, lt=1, description="share to be removed by the end, in place of events"
    )
    probability: float = Field(
        default=1.0, ge=0, le=1, description="of an event, per cell and generation"
    )
    amount: Share = Field(default=0.1, description="share of what is kept that an event removes")
    scales: Literal["probability", "amount"] = Field(
        default="probability", title="a choice", description="what the schedule multiplies"
    )
    steepness: Positive = Field(default=2.0, description="of the exponential schedule")
    share: Share = Field(default=0.25, description="of generations, of final_n")
    every: Count = Field(default=10, description="generations of a period, of periodic")
    divisor: Count | None = Field(
        default=None, description="of population; the size of a neighborhood by default"
    )
    rows: Count = Field(default=256, description="training rows that the operator looks at")
    activations: Literal["now", "training"] = Field(
        default="now", title="a choice", description="of the networks now, or through training"
    )
    remove: Literal["low", "high"] = Field(
        default="low", title="a choice", description="variance: which units lose weights"
    )
    cases: Literal["training", "test"] = Field(
        default="training", title="a split", description="where the rows of conjunctive are from"
    )
    threshold: Share = Field(default=0.1, description="conjunctive: below it, a unit is quiet")
    early_stop: bool = Field(
        default=False, description="conjunctive: stop when one quiet unit is left, as published"
    )
    regrow: Literal["none", "gradient", "random"] = Field(
        default="none", title="a choice", description="where as many weights come back as went"
    )


def _listed(value: object) -> object:
    if isinstance(value, Mapping):
        raise refusal(f"{shown(value)} is one table; write [[pruning]], with two brackets")
    return tuple(value) if isinstance(value, list) else value


PruningEntries: TypeAlias = Annotated[tuple[PruningTable, ...], BeforeValidator(_listed)]
