"""How the report writes numbers, and what it calls the metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = [
    "METRICS",
    "METRIC_NAMES",
    "MISSING",
    "axis_title",
    "count",
    "duration",
    "file_size",
    "percent",
    "plural",
    "rounded",
    "seeds",
    "short",
]

METRIC_NAMES = {
    "mse": "mean squared error",
    "l1": "mean absolute error",
    "bce": "binary cross-entropy",
}
METRICS = tuple(METRIC_NAMES)
MISSING = "—"


def short(value: object) -> str:
    """Four significant digits, or a dash for what is missing or not finite.

    Examples:
        >>> short(0.0123456), short(None), short(float("nan"))
        ('0.01235', '—', '—')
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return MISSING
    return f"{value:.4g}"


def count(value: object) -> str:
    """A whole number with separators, or a dash for anything else.

    Examples:
        >>> count(24000), count(None)
        ('24,000', '—')
    """
    if isinstance(value, bool) or not isinstance(value, int):
        return MISSING
    return f"{value:,}"


def plural(number: int, noun: str) -> str:
    """A number of things.

    Examples:
        >>> plural(1, "cell"), plural(1000, "cell")
        ('1 cell', '1,000 cells')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def rounded(values: Sequence[float], digits: int = 5) -> list[float | None]:
    """Values for the page's data: few digits, None for what is not finite.

    Args:
        values: ``[n]``.
        digits: significant ones.

    Examples:
        >>> rounded([0.123456789, float("inf")])
        [0.12346, None]
    """
    return [float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in values]


def duration(seconds: object) -> str:
    """A time in words, or a dash for what is no time.

    Examples:
        >>> duration(4.25), duration(92), duration(7500)
        ('4.2 s', '1 min 32 s', '2 h 5 min')
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return MISSING
    if not 0 <= seconds < math.inf:
        return MISSING
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def percent(share: float) -> str:
    r"""A share with four significant digits, on one line; never 100 % for less than all.

    Examples:
        >>> [percent(share).replace("\xa0", " ") for share in (0.8, 0.79912345, 0.999999, 1)]
        ['80 %', '79.91 %', '> 99.99 %', '100 %']
    """
    text = f"{100 * share:.4g}"
    return f"{'> 99.99' if text == '100' and share < 1 else text}\xa0%"


def file_size(size: int) -> str:
    """Bytes in units of thousands.

    Examples:
        >>> file_size(812), file_size(31_744), file_size(4_200_000)
        ('812 bytes', '31.74 kB', '4.2 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1e3:.4g} kB" if size < 1e6 else f"{size / 1e6:.4g} MB"


def seeds(values: Sequence[int]) -> str:
    """The seeds of all worlds in a few characters.

    Examples:
        >>> seeds([1]), seeds([1, 2, 3]), seeds([3, 1])
        ('1', '1 to 3', '3, 1')
    """
    first, last = values[0], values[-1]
    if len(values) > 2 and list(values) == list(range(first, last + 1)):
        return f"{first} to {last}"
    if len(values) > 6:
        return f"{', '.join(map(str, values[:5]))} … {last}"
    return ", ".join(map(str, values))


def axis_title(metric: str, per: str) -> str:
    """A metric with its unit.

    Args:
        metric: ``mse``, ``l1`` or ``bce``.
        per: what it is averaged over: ``pixel`` or ``value``.

    Examples:
        >>> axis_title("bce", "pixel")
        'binary cross-entropy per pixel (nats)'
    """
    unit = " (nats)" if metric == "bce" else ""
    return f"{METRIC_NAMES[metric]} per {per}{unit}"
