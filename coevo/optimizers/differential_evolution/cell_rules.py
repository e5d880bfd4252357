"""How differential evolution is used in the cells of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from coevo.optimizers.differential_evolution.breeding import GrainName
from coevo.optimizers.differential_evolution.rules import PRESETS, Rules
from coevo.optimizers.differential_evolution.scope import ScopeName
from operators import STRATEGIES

__all__ = [
    "CellRules",
    "FallbackName",
    "GroupsName",
    "MovedMomentsName",
    "NormalizationName",
    "TargetName",
]

GroupsName: TypeAlias = Literal["each", "pair"]
FallbackName: TypeAlias = Literal["keep", "gradient"]
TargetName: TypeAlias = Literal["center", "selected"]
NormalizationName: TypeAlias = Literal["recalibrate", "keep"]
MovedMomentsName: TypeAlias = Literal["reset", "keep"]

_LEAST_DONORS = 3


@dataclass(frozen=True)
class CellRules:
    """When cells make trials, of what, and what a trial has to show.

    Attributes:
        rules: how trials are made, and what is learned from them.
        scope: from whom cells learn.
        archive: defeated parents that a cell keeps, of each role.
        grain: what crosses as one.
        roles: ``each``: encoder and decoder are tried one after the other; ``pair``: both as one.
        rounds: trials of each in a generation of trials, which share out its batches.
        every: one generation in so many makes trials, the last of them.
        begin: generations before this one make none.
        horizon: generations of trials in a run.
        partners: neighbors' networks that a network is scored with, beside its own partner.
        gate: donors are no further away, relative to the norm of the cell's own network.
        spread: a neighborhood that is closer together makes no trials.
        fallback: what becomes of such cells, and of those without donors: ``keep`` their
            networks, or ``gradient`` steps instead.
        soup: how many of the best networks are averaged for an extra trial; 0 for none.
        margin: standard errors of the mean difference by which a trial has to be better.
        target: what trials are to replace: the ``center`` of the cell, or the ``selected`` pairing.
        normalization: running statistics of a trial: ``keep`` the target's, or ``recalibrate``: take
            them from the batch, which is for pairs that were trained with BatchNorm elsewhere.
        moments: of gradient steps, for weights that trials changed: ``reset`` to zero, or ``keep``.
    """

    rules: Rules = PRESETS["cell"]
    scope: ScopeName = "grid"
    archive: int = 1
    grain: GrainName = "weight"
    roles: GroupsName = "each"
    rounds: int = 1
    every: int = 1
    begin: int = 0
    horizon: int = 1
    partners: int = 0
    gate: float = 0.3
    spread: float = 0.005
    fallback: FallbackName = "keep"
    soup: int = 3
    margin: float = 0.0
    target: TargetName = "center"
    normalization: NormalizationName = "keep"
    moments: MovedMomentsName = "reset"

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Roles that make one genome, by the name of the group."""
        if self.roles == "pair":
            return {"pair": ("encoder", "decoder")}
        return {"encoder": ("encoder",), "decoder": ("decoder",)}

    @property
    def trials(self) -> int:
        """Trials of a cell in a generation, without soups."""
        return self.rounds * len(self.groups)

    @property
    def donors(self) -> int:
        """Donors that a cell needs to make trials."""
        pool = (STRATEGIES[name].donors for name in self.rules.strategies)
        return max(_LEAST_DONORS, *pool)

    def makes_trials(self, generation: int) -> bool:
        """Whether a generation is one of trials."""
        return generation >= self.begin and (generation - self.begin + 1) % self.every == 0
