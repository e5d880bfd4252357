"""How tables of a comparison write figures."""

from __future__ import annotations

from collections.abc import Sequence

from coevo.comparison.intervals import Interval
from coevo.comparison.types import Contrast, Summary
from coevo.reporting.numbers import MISSING, short

__all__ = ["ALPHA", "between", "contrast_of", "count_of", "mark", "p_value", "share", "span"]

ALPHA = 0.05


def span(low: float, high: float) -> str:
    """Two numbers in brackets.

    Examples:
        >>> span(0.012345, 2)
        '[0.01235, 2]'
    """
    return f"[{short(low)}, {short(high)}]"


def between(interval: Interval | None) -> str:
    """An interval of a share, or nothing.

    Examples:
        >>> between(Interval(0.5, 1.0)), between(None)
        ('[0.50, 1.00]', '')
    """
    return "" if interval is None else f"[{interval.low:.2f}, {interval.high:.2f}]"


def p_value(p: float, *, stars: bool = False) -> str:
    """A p value in three digits.

    Args:
        p: in [0, 1].
        stars: whether to mark what is below `ALPHA`.

    Examples:
        >>> p_value(0.04321, stars=True), p_value(0.5), p_value(1e-9), p_value(1.0)
        ('0.0432*', '0.5', '<0.0001', '1')
    """
    text = "<0.0001" if p < 1e-4 else f"{p:.3g}"
    return f"{text}*" if stars and p < ALPHA else text


def share(value: float | None) -> str:
    """A share as a percentage with one decimal, or a dash.

    Examples:
        >>> share(0.5), share(None)
        ('50.0 %', '—')
    """
    return MISSING if value is None else f"{100 * value:.1f} %"


def count_of(summary: Summary) -> str:
    """How many numbers count, and of how many where some are missing."""
    return str(summary.n) if summary.n == summary.planned else f"{summary.n}/{summary.planned}"


def mark(summary: Summary) -> str:
    """``best``, ``=`` where it does not differ from the best, or nothing."""
    return "best" if summary.best else "=" if summary.tied else ""


def contrast_of(contrasts: Sequence[Contrast], variant: str) -> Contrast | None:
    """The contrast of a variant with the control, where there is one."""
    return next((contrast for contrast in contrasts if contrast.variant == variant), None)
