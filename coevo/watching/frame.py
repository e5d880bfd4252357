"""One frame of the terminal: what runs, how far it is, curves beside the torus."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from rich.text import Text

from coevo.watching.choice import Curve, Shown, curves_of
from coevo.watching.curve import LETTERS, STYLES, curve_panel
from coevo.watching.recorded import TorusCells
from coevo.watching.state import Status, View
from coevo.watching.torus_view import torus_panel
from coevo.watching.wording import (
    advice,
    best_line,
    loss_text,
    notes,
    printable,
    progress_share,
    subtitle,
    times,
    title,
)

__all__ = ["Canvas", "frame", "in_ascii"]

_STATUS_STYLES: dict[Status, str] = {
    "running": "bold green",
    "complete": "bold blue",
    "failed": "bold red",
    "interrupted": "bold yellow",
}
_MOST_CURVES = 5
_MOST_LINES = 30  # of a plot, however high the terminal is
_NARROW = 60
_ASCII = str.maketrans(
    {
        **{chr(0x2800 + bits): "*" for bits in range(1, 256)},
        **dict(zip("·━─│░▒▓█…", "-=-|.:+#.", strict=True)),
    }
)


@dataclass(frozen=True)
class Canvas:
    """What a frame is drawn on.

    Attributes:
        width: in characters.
        height: in lines; a frame has at most so many.
        colors: whether there are any.
    """

    width: int = 80
    height: int = 23
    colors: bool = False


def frame(
    view: View,
    torus: tuple[Shown, TorusCells] | None,
    canvas: Canvas,
    variant: str | None = None,
) -> Text:
    """Draw a view.

    Args:
        view: a run or study at one moment.
        torus: a world and its cells, where there is one to show.
        canvas: to draw on; of at least 40 x 12, or else it is cut off.
        variant: whose curve is among those shown, however it compares.
    """
    head = _head(view, torus, canvas.width)
    room = min(_MOST_LINES, canvas.height - len(head) - 1)
    body = _body(view, torus, Canvas(canvas.width, room, canvas.colors), variant)
    lines = [*head, *body][: canvas.height]
    for line in lines:
        line.truncate(canvas.width, overflow="ellipsis")
        line.rstrip()
    return Text("\n").join(lines)


def in_ascii(text: str) -> str:
    """A frame for a terminal that knows no other characters.

    Examples:
        >>> in_ascii("⣀⠤ ██")
        '** ##'
    """
    return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")


def _head(view: View, torus: tuple[Shown, TorusCells] | None, width: int) -> list[Text]:
    status = view.status
    room = max(0, width - len(status) - 1)
    first = Text(textwrap.shorten(title(view), room, placeholder="…") if room else "", "bold")
    first.pad_right(room - len(first))
    first.append(f" {status}", _STATUS_STYLES.get(status, "bold"))
    lines = [first, *_wrapped(subtitle(view), width, "bright_black")]
    if view.stacks:
        lines += [_bar(view, width), *_wrapped(best_line(view, torus), width)]
    said = notes(view, torus[0] if torus else None)
    lines += [Text(textwrap.shorten(line, width, placeholder="…")) for line in said]
    return lines + (_wrapped(advice(view), width, "yellow") if advice(view) else [])


def _wrapped(text: str, width: int, style: str = "") -> list[Text]:
    return [Text(line, style) for line in textwrap.wrap(text, width)]


def _bar(view: View, width: int) -> Text:
    words, share = progress_share(view)
    end = f" {int(100 * share)} %  {times(view)}"
    room = max(0, width - len(words) - len(end) - 1)
    done = int(share * room)
    return Text.assemble(
        f"{words} ", ("━" * done, "green"), ("─" * (room - done), "bright_black"), end
    )


def _body(
    view: View,
    torus: tuple[Shown, TorusCells] | None,
    canvas: Canvas,
    variant: str | None,
) -> list[Text]:
    if not view.stacks or canvas.height < 8:
        return []
    curves = curves_of(view, _MOST_CURVES, variant)
    lines = [Text()]
    if torus is None or canvas.width < _NARROW:
        return lines + _plot(view, curves, canvas.width, canvas.height)
    beside = min(canvas.width // 2, max(30, 2 * torus[1].losses.shape[1]))
    left = _plot(view, curves, canvas.width - beside - 2, canvas.height)
    right = _torus(torus, beside, canvas)
    for number in range(max(len(left), len(right))):
        line = left[number].copy() if number < len(left) else Text()
        line.truncate(canvas.width - beside - 2, pad=True)
        if number < len(right):
            line.append("  ")
            line.append_text(right[number])
        lines.append(line)
    return lines


def _plot(view: View, curves: list[Curve], width: int, height: int) -> list[Text]:
    """Title, plot and legend, in so many lines."""
    median = ", median of seeds" if view.plan and view.plan.study else ""
    heading = Text(f"best cell's validation {view.metric}{median}", "bold")
    legend = _legend(curves, width)
    rest = height - 1 - len(legend)
    return [heading, *curve_panel(curves, width, max(4, rest)), *legend]


def _legend(curves: list[Curve], width: int) -> list[Text]:
    if len(curves) < 2:
        return []
    lines = []
    for position, curve in enumerate(curves):
        name = printable(curve.name)
        text = f" {loss_text(curve.latest)} {name}"
        line = Text.assemble((LETTERS[position], STYLES[position]), text)
        line.truncate(width, overflow="ellipsis")
        lines.append(line)
    return lines


def _torus(torus: tuple[Shown, TorusCells], width: int, canvas: Canvas) -> list[Text]:
    shown, cells = torus
    heading = Text(f"torus in generation {cells.generation}", "bold")
    name = Text(printable(shown.name), "bright_black")
    panel = torus_panel(cells, width, canvas.height - 2, colors=canvas.colors)
    return [heading, name, *panel]
