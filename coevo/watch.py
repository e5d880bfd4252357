"""The live view of a run or a study: in the terminal, as a document, or as a page.

Only the files of the directory are read. No code of the experiment is imported, nothing is
written, and what runs takes no notice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from coevo.errors import CoevoError
from coevo.watching import (
    Canvas,
    Shown,
    TorusCells,
    View,
    Watcher,
    chosen_world,
    document_of,
    frame,
    in_ascii,
)

__all__ = ["look", "serve", "watch"]

_LEAST = 0.1
_READER_GONE = (BrokenPipeError, ConnectionResetError)


def look(
    directory: str | Path, *, world: int | None = None, variant: str | None = None
) -> dict[str, Any]:
    """See how a run or a study is.

    Args:
        directory: of it; where nothing has begun yet, the document says so.
        world: whose torus is in the document, counted from 0; by default the best.
        variant: whose worlds count; by default all.

    Returns:
        The document that ``coevo watch --json`` prints: ``status`` (``not started``,
        ``starting``, ``running``, ``interrupted``, ``failed`` or ``complete``), ``stacks``,
        ``best``, ``curves``, ``torus``, ``seconds``, ``seconds_left``, ...

    Raises:
        CoevoError: the directory is of something else, or one of its files is damaged.

    Examples:
        >>> look("runs/no-such-run")["status"]
        'not started'
    """
    watcher = Watcher(Path(directory))
    view = watcher.look()
    return document_of(view, _torus(watcher, view, world, variant))


def watch(
    directory: str | Path,
    *,
    every: float = 1.0,
    once: bool = False,
    world: int | None = None,
    variant: str | None = None,
    console: Console | None = None,
) -> str:
    """Show a run or a study in the terminal until it ends, or until Ctrl-C, which it survives.

    Where the output is no terminal, one frame is printed.

    Args:
        directory: of it; may not be there yet.
        every: seconds between two frames, at least 0.1.
        once: whether one frame is all.
        world: whose torus is shown, counted from 0; by default the best.
        variant: whose worlds count, and whose curve comes first; by default all.
        console: where to show it; by default standard output.

    Returns:
        The last status, as `look` gives it.

    Raises:
        CoevoError: the directory is of something else, one of its files is damaged, or an
            argument is wrong.
    """
    _check_every(every)
    console = console or Console(highlight=False)
    watcher = Watcher(Path(directory))

    def draw() -> tuple[View, Text]:
        view = watcher.look()
        torus = _torus(watcher, view, world, variant)
        canvas = Canvas(console.width, max(12, console.height - 1), _has_colors(console))
        return view, _encodable(frame(view, torus, canvas, variant), console)

    view, drawn = draw()
    if once or view.ended or not _is_live(console):
        console.print(drawn, no_wrap=True)
        return view.status
    with suppress(KeyboardInterrupt), _live(drawn, console) as live:
        while not view.ended:
            time.sleep(every)
            view, drawn = draw()
            live.update(drawn, refresh=True)
    return view.status


def serve(
    directory: str | Path,
    *,
    port: int | None = None,
    every: float = 2.0,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the report of a run or a study on this machine, made anew as it goes on.

    Ends with Ctrl-C. The server answers on 127.0.0.1 alone, and to nobody who calls it by
    another name; ``report.html`` in the directory stays as it is.

    Args:
        directory: of it; may not be there yet.
        port: where; by default 8765, or a free one where that is taken.
        every: seconds between two looks, at least 0.1.
        say: told the URL once it can be opened.

    Raises:
        CoevoError: the port cannot be had, or an argument is wrong.
    """
    from coevo.report import report_page
    from coevo.watching.page_maker import PageMaker
    from coevo.watching.served_page import waiting_page
    from coevo.watching.server import listen

    _check_every(every)
    place = Path(directory)
    Watcher(place).look()  # a directory of something else is refused at once
    with (
        PageMaker(place, report_page, waiting_page, every=every) as maker,
        listen(maker, port, every) as server,
        suppress(KeyboardInterrupt),
    ):
        say(server.url)
        server.serve_forever()


def _torus(
    watcher: Watcher, view: View, world: int | None, variant: str | None
) -> tuple[Shown, TorusCells] | None:
    shown = chosen_world(view, world, variant)
    cells = watcher.torus(shown.stack, shown.world, view) if shown is not None else None
    return None if shown is None or cells is None else (shown, cells)


def _check_every(every: float) -> None:
    if not _LEAST <= every < math.inf:
        raise CoevoError(f"--every: {every} is not a time; give at least {_LEAST} seconds")


def _has_colors(console: Console) -> bool:
    return console.color_system is not None and not console.no_color


def _is_live(console: Console) -> bool:
    return console.file.isatty() and not console.is_dumb_terminal


def _live(drawn: Text, console: Console) -> Live:
    return Live(drawn, console=console, auto_refresh=False, screen=False, vertical_overflow="crop")


def _encodable(drawn: Text, console: Console) -> Text:
    return drawn if console.encoding.startswith("utf") else Text(in_ascii(drawn.plain))
