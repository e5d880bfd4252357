"""How each variant is drawn, the same in all plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coevo.reporting.world_style import COLORS

__all__ = ["MOST_SHOWN", "VariantStyle", "variant_styles"]

MOST_SHOWN = 8
_CONTROL = "#000000"
# The control alone is black.
_HUES = tuple(color for color in COLORS if color != _CONTROL)
# Six hues come around again with other strokes and markers, so that no two variants look alike.
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "star", "x")


@dataclass(frozen=True)
class VariantStyle:
    """One variant.

    Attributes:
        name: of the variant.
        color: of its lines and markers.
        dash: of its lines.
        symbol: of its markers.
        shown: whether plots show it at first.
    """

    name: str
    color: str
    dash: str
    symbol: str
    shown: bool


def variant_styles(names: Sequence[str], control: str | None) -> list[VariantStyle]:
    """Styles, in the same order.

    Args:
        names: of the variants, the most important first. Of those, plots show 8 at first, the
            control among them.
        control: its name, or None.

    Examples:
        >>> [(style.color, style.dash) for style in variant_styles(["a", "none"], "none")]
        [('#0072B2', 'solid'), ('#000000', 'solid')]
    """
    others = [name for name in names if name != control]
    seats = MOST_SHOWN - (len(others) < len(names))
    styles = {}
    for position, name in enumerate(others):
        turn = position // len(_HUES)
        styles[name] = VariantStyle(
            name,
            _HUES[position % len(_HUES)],
            _DASHES[turn % len(_DASHES)],
            _SYMBOLS[position % len(_SYMBOLS)],
            shown=position < seats,
        )
    if control is not None:
        styles[control] = VariantStyle(control, _CONTROL, "solid", "star-diamond", shown=True)
    return [styles[name] for name in names]
