"""The one check that sizes, counts and radii of this package share."""

from __future__ import annotations

__all__ = ["require_whole_number"]


def require_whole_number(name: str, value: object, least: int) -> None:
    """Refuse anything but an ``int`` from ``least`` up; a bool is not a number here.

    Args:
        name: what the value is called where the caller wrote it.
        value: the value to check.
        least: the smallest allowed value.

    Raises:
        ValueError: the value is not an ``int``, or is below ``least``.

    Examples:
        >>> require_whole_number("torus.rows", 2.5, least=1)
        Traceback (most recent call last):
        ...
        ValueError: torus.rows: got 2.5, want a whole number >= 1
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name}: got {value!r}, want a whole number >= {least}")
