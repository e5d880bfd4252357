"""The one exception that means "what you asked for cannot be done as asked"."""

from __future__ import annotations

__all__ = ["CoevoError"]


class CoevoError(ValueError):
    """A user's mistake: names the key or file, the value, and the fix.

    The command line prints its text on one line and exits with code 2; library callers
    may catch it as a `ValueError`.

    Examples:
        >>> raise CoevoError("network.latent: 0 is not a size; give a whole number >= 1")
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: network.latent: 0 is not a size; give a whole number >= 1
    """
