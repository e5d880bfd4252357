"""Cell optimizers: how a cell improves the pairing that it selected."""

from coevo.optimizers.gradient import GradientOptimizer
from coevo.optimizers.types import CellOptimizer, CellProblem, Improved, OptimizerState
from coevo.optimizers.updates import UpdateRule

__all__ = [
    "CellOptimizer",
    "CellProblem",
    "GradientOptimizer",
    "Improved",
    "OptimizerState",
    "UpdateRule",
]
