"""Pure functions on tensors that a cell applies: how networks are valued and chosen."""

from operators.concepts import CONCEPTS, SolutionConcept, best, mean, worst
from operators.tournament import tournament

__all__ = ["CONCEPTS", "SolutionConcept", "best", "mean", "tournament", "worst"]
