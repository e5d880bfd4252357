"""Pruning within a generation: operators on schedules, and what remains of the networks."""

from coevo.pruning.gauge import Gauge
from coevo.pruning.gauges import Gauges
from coevo.pruning.pruner import PrunedGeneration, Pruner, Trained
from coevo.pruning.rule import PruningRule, Timing

__all__ = ["Gauge", "Gauges", "PrunedGeneration", "Pruner", "PruningRule", "Timing", "Trained"]
