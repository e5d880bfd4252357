"""Pure functions on tensors: how networks are valued and chosen, and how they are pruned.

`operators.laws` tests pruning operators and schedules, your own included.
"""

from operators.concepts import CONCEPTS, SolutionConcept, best, mean, worst
from operators.groups import Pruned, prune_group, prune_units, prune_weights_per_unit
from operators.pruning import MaskingOperator, ScoringOperator, as_operator, masking, scoring
from operators.quotas import Quota, ReachSparsity, RemoveShare
from operators.registry import OPERATORS
from operators.regrowth import RegrowBy, regrow
from operators.removal import prune_lowest
from operators.schedules import ANY_HORIZON, SCHEDULES, Schedule, ScheduleFactory
from operators.selection import lowest
from operators.tournament import tournament
from operators.types import NEEDS, Draws, Layer, Need, PruningOperator

__all__ = [
    "CONCEPTS",
    "SolutionConcept",
    "best",
    "mean",
    "worst",
    "tournament",
    "OPERATORS",
    "PruningOperator",
    "Layer",
    "Need",
    "NEEDS",
    "Draws",
    "scoring",
    "masking",
    "as_operator",
    "ScoringOperator",
    "MaskingOperator",
    "lowest",
    "prune_lowest",
    "Quota",
    "RemoveShare",
    "ReachSparsity",
    "Pruned",
    "prune_group",
    "prune_units",
    "prune_weights_per_unit",
    "RegrowBy",
    "regrow",
    "SCHEDULES",
    "ANY_HORIZON",
    "Schedule",
    "ScheduleFactory",
]
