"""Pure functions on tensors: how networks are valued and chosen, and how they are pruned.

`operators.laws` tests pruning operators and schedules, your own included.
"""

from operators.bounds import BOUND_RULES, BoundRule, Bounds
from operators.concepts import CONCEPTS, SolutionConcept, best, mean, worst
from operators.defeated import incoming, kept_places
from operators.differential import OWN, Parents, Recipe, combine
from operators.donors import distinct
from operators.groups import Pruned, prune_group, prune_units, prune_weights_per_unit
from operators.mutations import (
    STRATEGIES,
    Mutation,
    Strategy,
    trigonometric_coefficients,
    weighted_current_to_pbest_1,
)
from operators.pruning import MaskingOperator, ScoringOperator, as_operator, masking, scoring
from operators.quotas import Quota, ReachSparsity, RemoveShare
from operators.registry import OPERATORS
from operators.regrowth import RegrowBy, regrow
from operators.removal import prune_lowest
from operators.scale_factors import (
    cauchy_scales,
    decreasing_sinusoid,
    increasing_sinusoid,
    jso_pull,
    limited_by_jso,
    normal_rates,
    normal_scales,
)
from operators.schedules import ANY_HORIZON, SCHEDULES, Schedule, ScheduleFactory
from operators.selection import lowest
from operators.strategy_credits import CreditName, assigned, earned, median_where, shares
from operators.success_memory import (
    TERMINAL,
    CrossoverMean,
    MemoryRule,
    Successes,
    SuccessMemory,
    lehmer_mean,
)
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
    "STRATEGIES",
    "Strategy",
    "weighted_current_to_pbest_1",
    "Mutation",
    "trigonometric_coefficients",
    "Parents",
    "Recipe",
    "OWN",
    "combine",
    "Bounds",
    "BoundRule",
    "BOUND_RULES",
    "distinct",
    "incoming",
    "kept_places",
    "cauchy_scales",
    "normal_scales",
    "normal_rates",
    "decreasing_sinusoid",
    "increasing_sinusoid",
    "jso_pull",
    "limited_by_jso",
    "SuccessMemory",
    "Successes",
    "MemoryRule",
    "CrossoverMean",
    "TERMINAL",
    "lehmer_mean",
    "CreditName",
    "assigned",
    "earned",
    "shares",
    "median_where",
]
