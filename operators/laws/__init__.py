"""Laws of pruning operators and schedules, and strategies for tests of your own.

`check_operator` and `check_schedule` judge by all laws and give the smallest counterexample to
each that fails; `operator_laws` and `schedule_laws` make pytest collect the same. What each law
says stands in docs/laws.md. Needs Hypothesis.

Raises:
    ImportError: Hypothesis is not installed.
"""

from importlib.util import find_spec

if find_spec("hypothesis") is None:
    raise ImportError('operators.laws: Hypothesis is not installed; pip install "coevo[laws]"')

from operators.laws import strategies
from operators.laws.collection import operator_laws, schedule_laws
from operators.laws.judging import (
    OPERATOR_LAWS,
    SCHEDULE_LAWS,
    check_operator,
    check_schedule,
)
from operators.laws.law import Law, Outcome, Verdict

__all__ = [
    "operator_laws",
    "schedule_laws",
    "check_operator",
    "check_schedule",
    "Verdict",
    "Outcome",
    "Law",
    "OPERATOR_LAWS",
    "SCHEDULE_LAWS",
    "strategies",
]
