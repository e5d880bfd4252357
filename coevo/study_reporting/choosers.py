"""What a reader chooses with: of measures, and of variants."""

from __future__ import annotations

from collections.abc import Sequence

from coevo.reporting.controls import select
from coevo.reporting.markup import NOTHING, Html, tag
from coevo.study_reporting.variant_style import MOST_SHOWN, VariantStyle

__all__ = ["measure_chooser", "variant_chooser"]

# In the unit of the swatch, which is 28 wide; plotly's own dashes are longer.
_STROKES = {
    "solid": "none",
    "dash": "7 4",
    "dot": "2 3",
    "dashdot": "7 3 2 3",
    "longdash": "11 4",
    "longdashdot": "11 3 2 3",
}


def measure_chooser(identity: str, measures: Sequence[str]) -> Html:
    """What curves show; nothing where there is one measure."""
    if len(measures) < 2:
        return NOTHING
    return tag("div", select(f"{identity}-measure", "Show", measures, 0), class_="controls")


def variant_chooser(identity: str, styles: Sequence[VariantStyle]) -> Html:
    """Which variants curves show; nothing where there is one.

    Args:
        identity: of the plot's section.
        styles: of the variants.
    """
    if len(styles) < 2:
        return NOTHING
    shown = sum(style.shown for style in styles)
    count = tag("span", f"{shown} of {len(styles)} shown", id=f"{identity}-count")
    names = {"all": "All", "none": "None"}
    if len(styles) > MOST_SHOWN:
        names = {"first": f"Best {MOST_SHOWN}", **names}
    buttons = [tag("button", text, type="button", value=value) for value, text in names.items()]
    boxes = [_box(place, style) for place, style in enumerate(styles)]
    return tag(
        "details",
        tag("summary", "Variants: ", count),
        tag("div", tag("div", *buttons, class_="buttons"), *boxes, class_="chips"),
        id=f"{identity}-variants",
        class_="variants",
    )


def _box(place: int, style: VariantStyle) -> Html:
    checked = {"checked": ""} if style.shown else {}
    line = tag(
        "line",
        x1="0",
        y1="6",
        x2="28",
        y2="6",
        stroke=style.color,
        stroke_width="3",
        stroke_dasharray=_STROKES[style.dash],
    )
    return tag(
        "label",
        tag("input", type="checkbox", value=f"{place}", autocomplete="off", **checked),
        tag("svg", line, width="28", height="12", aria_hidden="true"),
        style.name,
    )
