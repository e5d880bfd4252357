"""How loops are compiled, and where the result is kept."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit

__all__ = ["cached", "compiled", "inlined"]

_OPTIONS: dict[str, Any] = {
    # Sums may be taken in any order, as vector instructions need it. Not "nnan" and "ninf": a
    # number that is not finite has to be seen.
    "fastmath": {"reassoc", "contract", "nsz"},
    "error_model": "numpy",  # a division by zero is infinite
    "nogil": True,
}


_jit: Callable[..., Callable[..., Any]] = njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that compiled functions call."""
    alone = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # Python does not call it
    result: Callable[..., Any] = _jit(**_OPTIONS, **alone)(function)
    return result


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function into each place where compiled functions call it, however long it is.

    A loop that calls anything is not vectorized.
    """
    result: Callable[..., Any] = _jit(**_OPTIONS, forceinline=True)(function)
    return result


def cached(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls, once for all processes.

    The result is kept where numba keeps such: beside the source, in the user's cache, or where
    ``NUMBA_CACHE_DIR`` says; where none of them can be written, every process compiles anew.
    Numba looks for changes in the function's own file only, so the name that it files the result
    under tells the state of this whole package.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    state = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    function.__qualname__ = f"{function.__name__}_{state[:16]}"
    result: Callable[..., Any]
    try:
        result = _jit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # there is no such place
        result = _jit(**_OPTIONS)(function)
    return result
