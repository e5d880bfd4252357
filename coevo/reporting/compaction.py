"""What ``compaction.json`` says: the best pairing before and after it was made compact."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Compaction", "Form", "compaction_of"]


@dataclass(frozen=True)
class Form:
    """The best pairing in one form.

    Numbers are None where they could not be found.

    Attributes:
        parameters: weights and biases that are stored.
        nonzero_parameters: those of them that are not zero.
        multiply_adds: of one row, zeros multiplied like all others.
        nonzero_multiply_adds: those of them with a weight that is not zero; None if not counted.
        bytes: of the weight files.
        microseconds_per_row: that the networks took.
    """

    parameters: int
    nonzero_parameters: int
    multiply_adds: int | None
    nonzero_multiply_adds: int | None
    bytes: int
    microseconds_per_row: float | None


@dataclass(frozen=True)
class Compaction:
    """Both forms, and how far they agree.

    Attributes:
        rows: of data on which they were compared.
        split: which rows these are.
        largest_difference: of two outputs, as a share of the largest output of the row where that
            is beyond 1; None where it is not finite.
        tolerance: that it has to stay within.
        compacted: whether there is a compact form.
        reason: why there is none, or None.
        before: with masks.
        after: without what has no effect; None where there is no such form.
    """

    rows: int
    split: str
    largest_difference: float | None
    tolerance: float
    compacted: bool
    reason: str | None
    before: Form
    after: Form | None


def compaction_of(document: Mapping[str, Any]) -> Compaction:
    """Read the content of the file.

    Args:
        document: the JSON object.

    Raises:
        ValueError: something is missing, or is not what it should be.

    Examples:
        >>> compaction_of({"compacted": "yes"})
        Traceback (most recent call last):
        ...
        ValueError: 'compacted' is 'yes'
    """
    compacted, reason = document.get("compacted"), document.get("reason")
    if not isinstance(compacted, bool):
        raise ValueError(f"'compacted' is {compacted!r}")
    known = document.get("largest_difference") is not None
    return Compaction(
        rows=_whole(document, "rows"),
        split=str(document.get("split")),
        largest_difference=_number(document, "largest_difference") if known else None,
        tolerance=_number(document, "tolerance"),
        compacted=compacted,
        reason=None if reason is None else str(reason),
        before=_form(document, "before", whole=compacted),
        after=_form(document, "after", whole=True) if compacted else None,
    )


def _form(document: Mapping[str, Any], name: str, *, whole: bool) -> Form:
    found = document.get(name)
    if not isinstance(found, Mapping):
        raise ValueError(f"{name!r} is {found!r}")
    # Where compaction could not be tried at all, networks were not called, and numbers are null.
    unknown = {key for key in found if found[key] is None and not whole}
    used, time = "nonzero_multiply_adds", "microseconds_per_row"
    return Form(
        parameters=_whole(found, "parameters"),
        nonzero_parameters=_whole(found, "nonzero_parameters"),
        multiply_adds=None if "multiply_adds" in unknown else _whole(found, "multiply_adds"),
        nonzero_multiply_adds=_whole(found, used) if used in found.keys() - unknown else None,
        bytes=_whole(found, "bytes"),
        microseconds_per_row=None if time in unknown else _number(found, time),
    )


def _whole(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name!r} is {value!r}")
    return value


def _number(document: Mapping[str, Any], name: str) -> float:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name!r} is {value!r}")
    if not 0 <= value < math.inf:
        raise ValueError(f"{name!r} is {value!r}")
    return float(value)
