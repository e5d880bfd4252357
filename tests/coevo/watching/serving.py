"""A server of the page of a directory, for as long as a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from coevo.watching.page_maker import PageMaker
from coevo.watching.served_page import waiting_page
from coevo.watching.server import PageServer, listen

QUICKLY = 0.02
"""Seconds between two looks."""


@contextmanager
def served(
    directory: Path, make: Callable[[Path], str], port: int | None = None
) -> Iterator[PageServer]:
    """A server in a thread."""
    with (
        PageMaker(directory, make, waiting_page, every=QUICKLY) as maker,
        listen(maker, port, QUICKLY) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
