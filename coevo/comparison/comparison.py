"""A whole comparison as one value, and the forms in which it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from coevo.comparison.control import Control
from coevo.comparison.intervals import Bootstrap
from coevo.comparison.measure import Measure
from coevo.comparison.types import BlockFindings, RankFindings
from coevo.errors import CoevoError
from coevo.problems import not_listed

__all__ = ["Comparison", "check_format"]

_FORMATS = ("text", "csv", "json", "latex")


@dataclass(frozen=True)
class Comparison:
    """What a comparison found out.

    Attributes:
        measure: what the numbers are.
        by: the keys that name the groups; empty where variants are compared.
        control: what the others are compared with.
        all_pairs: whether all variants were compared with each other.
        bootstrap: how intervals were made.
        blocks: one per data set.
        ranks: over data sets; None for a single one.
        notes: how to read the figures, and what was left out; a line each.
    """

    measure: Measure
    by: tuple[str, ...]
    control: Control
    all_pairs: bool
    bootstrap: Bootstrap
    blocks: Sequence[BlockFindings] = field(repr=False)
    ranks: RankFindings | None = field(repr=False)
    notes: Sequence[str] = field(default=(), repr=False)

    @property
    def least_p(self) -> float | None:
        """Below which no corrected p value can be with so few runs; None without tests."""
        found = [contrast.smallest_p for block in self.blocks for contrast in block.contrasts]
        return min(1.0, len(found) * min(found)) if found else None

    @property
    def document(self) -> dict[str, Any]:
        """Everything, as a JSON document."""
        from coevo.comparison.document import document

        return document(self)

    def text(self, width: int = 100) -> str:
        """Tables for a terminal of some width."""
        from coevo.comparison.text_tables import text

        return text(self, width)

    def csv(self) -> str:
        """One row per variant and data set; with ``all_pairs``, one per pair."""
        from coevo.comparison.flat_tables import csv_text

        return csv_text(self)

    def latex(self) -> str:
        """Tables for a paper; they need the package booktabs."""
        from coevo.comparison.latex_tables import latex

        return latex(self)

    def written(self, form: str) -> str:
        """The comparison as text in a format.

        Args:
            form: ``text``, ``csv``, ``json`` or ``latex``.

        Raises:
            CoevoError: it is none of these.
        """
        import json

        check_format(form)
        if form == "json":
            return json.dumps(self.document, indent=2, allow_nan=False) + "\n"
        return {"text": self.text, "csv": self.csv, "latex": self.latex}[form]()


def check_format(form: str) -> None:
    """Make sure that a comparison can be written in a format.

    Raises:
        CoevoError: it cannot.
    """
    if form not in _FORMATS:
        raise CoevoError(f"--format: {not_listed(form, 'a format', _FORMATS)}")
