"""The table ``[de]`` of an experiment: differential evolution in the cells of a grid."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from coevo.catalog import DE_PRESETS, DE_STRATEGIES
from coevo.problems import not_listed
from coevo.tables import Table
from coevo.validation import refusal
from coevo.values import Count, Names, Natural, NotNegative, Share, frozen_list

__all__ = ["DifferentialEvolutionTable"]


def _known_strategies(value: tuple[str, ...]) -> tuple[str, ...]:
    for position, name in enumerate(value):
        if name not in DE_STRATEGIES:
            raise refusal(not_listed(name, "a strategy", DE_STRATEGIES), (position,))
    return value


def _known_preset(value: str) -> str:
    if value not in DE_PRESETS:
        raise refusal(not_listed(value, "a preset of differential evolution", DE_PRESETS))
    return value


def _not_all_zero(value: tuple[float, ...]) -> tuple[float, ...]:
    if not any(value):
        raise refusal(f"{list(value)} gives nobody a share; give one of them more than 0")
    return value


Strategies: TypeAlias = Annotated[Names, AfterValidator(_known_strategies)]
Shares: TypeAlias = Annotated[
    tuple[NotNegative, ...], BeforeValidator(frozen_list), AfterValidator(_not_all_zero)
]
Preset: TypeAlias = Annotated[str, AfterValidator(_known_preset)]
Rate: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class DifferentialEvolutionTable(Table):
    """How cells make trials of their neighbors' networks, where `optimizer.kind` is `de`."""

    preset: Preset = Field(
        default="cell", description="rules, where the next eleven keys do not say otherwise"
    )
    strategies: Strategies | None = Field(default=None, description="the pool of mutations")
    shares: Shares | None = Field(
        default=None, description="of the trials that each strategy has; equal by default"
    )
    credit: Literal["none", "success_rate", "gain", "beats_best"] | None = Field(
        default=None, title="a credit", description="what shares are learned from"
    )
    learning_period: Count | None = Field(
        default=None, description="generations of trials that credit looks back on"
    )
    scale: Literal["memory", "fixed", "normal", "ensemble_sinusoidal"] | None = Field(
        default=None, title="a way to draw F", description="how F is drawn"
    )
    scale_start: Share | None = Field(default=None, description="F at the start")
    sinusoid_phase: float | None = Field(
        default=None, description="of the first sinusoid, in radians; 0 as published"
    )
    crossover: Literal["memory", "fixed", "median"] | None = Field(
        default=None, title="a way to draw CR", description="how CR is drawn"
    )
    crossover_start: Rate | None = Field(default=None, description="CR at the start")
    memory: Count | None = Field(default=None, description="entries of the memories of F and CR")
    pbest: Share | None = Field(default=None, description="share of the best that a p-best is of")
    memory_scope: Literal["cell", "neighborhood", "grid"] = Field(
        default="grid", title="a scope", description="from whose trials a cell learns"
    )
    archive: Natural = Field(
        default=1, description="defeated networks of each role that a cell keeps as donors"
    )
    grain: Literal["weight", "unit", "tensor"] = Field(
        default="weight", title="a grain", description="what crosses as one"
    )
    roles: Literal["each", "pair"] = Field(
        default="each", title="a choice", description="try encoder and decoder in turn, or as one"
    )
    rounds: Count = Field(
        default=1, description="trials of each in a generation; they share out its batches"
    )
    every: Count = Field(
        default=1, description="one generation in so many makes trials; gradient steps in others"
    )
    partners: Natural = Field(
        default=0, description="neighbors that networks are scored with, beside their own partner"
    )
    gate: NotNegative = Field(
        default=0.3, description="largest distance of a donor, relative to the cell's own network"
    )
    spread: NotNegative = Field(
        default=0.005, description="relative spread below which a neighborhood makes no trials"
    )
    fallback: Literal["keep", "gradient"] = Field(
        default="keep",
        title="a choice",
        description="what cells without trials do: nothing, or gradient steps",
    )
    soup: Natural = Field(
        default=3, description="best networks whose mean is an extra trial; 0 for none"
    )
    margin: NotNegative = Field(
        default=0.0, description="standard errors by which a trial has to be better"
    )
    target: Literal["center", "selected"] = Field(
        default="center", title="a target", description="which pairing trials are to replace"
    )
    moments: Literal["reset", "keep"] = Field(
        default="reset",
        title="a choice",
        description="moments of gradient steps, for weights that trials changed",
    )
    normalization: Literal["recalibrate", "keep"] = Field(
        default="keep",
        title="a choice",
        description="running statistics of trials: the target's, or taken from the batch",
    )
