"""Errors of other people's modules in a few words."""

from __future__ import annotations

__all__ = ["first_line"]


def first_line(error: Exception) -> str:
    r"""The kind of an error and the first line of what it says.

    Examples:
        >>> first_line(TypeError("\n  cannot copy that\nbecause of this"))
        'TypeError: cannot copy that'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
