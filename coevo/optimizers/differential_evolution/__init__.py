"""Adaptive differential evolution: of functions (`minimize`), and of the networks of a grid."""

from coevo.optimizers.differential_evolution.cell_optimizer import DifferentialEvolution
from coevo.optimizers.differential_evolution.cell_rules import CellRules
from coevo.optimizers.differential_evolution.minimization import (
    Minimum,
    Options,
    Progress,
    minimize,
)
from coevo.optimizers.differential_evolution.rules import PRESETS, Rules

__all__ = [
    "PRESETS",
    "CellRules",
    "DifferentialEvolution",
    "Minimum",
    "Options",
    "Progress",
    "Rules",
    "minimize",
]
