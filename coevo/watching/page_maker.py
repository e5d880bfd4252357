"""Makes the report page anew when its files have changed, beside the server that shows it."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coevo.errors import CoevoError
from coevo.watching.state import View, Watcher
from coevo.watching.wording import progress_share, times

__all__ = ["Made", "PageMaker", "state_in_words"]

_PATTERNS = ("*.toml", "*.json", "records/*", "best/*", "best/*/*")
_STACKS = "stacks/*/"
_SHARE = 4.0  # the maker rests so many times as long as it works
_INTEREST = 10.0  # after so many looks without a reader the maker rests


@dataclass(frozen=True)
class Made:
    """A page.

    Attributes:
        text: the HTML.
        version: another one for every other text.
    """

    text: str
    version: str

    @classmethod
    def of(cls, text: str) -> Made:
        """A page with this text."""
        return cls(text, hashlib.sha256(text.encode("utf-8")).hexdigest()[:16])


class PageMaker:
    """A thread that keeps a page and one line about the run up to date, while somebody reads.

    Args:
        directory: of a run or study.
        make: gives the page of a directory.
        without: gives a page that says why there is none.
        every: seconds between two looks at the files, at least.
    """

    def __init__(
        self,
        directory: Path,
        make: Callable[[Path], str],
        without: Callable[[str], str],
        *,
        every: float,
    ) -> None:
        self._directory, self._make, self._without = directory, make, without
        self._every = every
        self._watcher = Watcher(directory)
        self._news = threading.Condition()
        self._made: Made | None = None
        self._words = ""
        self._asked = -math.inf
        self._ended = False
        self._signature: frozenset[tuple[str, int, int]] | None = None
        self._thread = threading.Thread(target=self._work, name="coevo-page", daemon=True)

    def __enter__(self) -> PageMaker:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        """End the thread; a page that is just being made is not waited for."""
        with self._news:
            self._ended = True
            self._news.notify_all()

    def page(self, patience: float) -> Made | None:
        """The newest page, waiting for the first one.

        Args:
            patience: seconds to wait, at most.

        Returns:
            None where the first page takes longer than that.
        """
        self._ask()
        with self._news:
            self._news.wait_for(lambda: self._made is not None, patience)
            return self._made

    def state(self) -> tuple[str, str]:
        """Version of the newest page, empty before the first, and the state in words."""
        self._ask()
        with self._news:
            return self._made.version if self._made else "", self._words

    def refresh(self) -> None:
        """Look at the files, and make the page if they have changed."""
        # Before the page is made: what changes meanwhile is seen the next time.
        found = frozenset(_files(self._directory))
        try:
            view = self._watcher.look()
            words = state_in_words(view)
            begun = view.plan is not None
        except CoevoError as error:
            words, begun = str(error), True
        with self._news:
            self._words = words
        if found == self._signature:
            return
        try:
            text = self._make(self._directory)
        except CoevoError as error:
            if self._made is not None:  # replaced while it was read, perhaps
                return
            text = self._without(f"{error}" if begun else f"{self._directory}: {words}")
            found = frozenset()
        with self._news:
            self._made, self._signature = Made.of(text), found
            self._news.notify_all()

    def _ask(self) -> None:
        with self._news:
            self._asked = time.monotonic()
            self._news.notify_all()

    def _is_wanted(self) -> bool:
        """Whether somebody has asked a moment ago, or all is over."""
        return self._ended or time.monotonic() - self._asked < _INTEREST * self._every

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(self._is_wanted)
                if self._ended:
                    return
            began = time.monotonic()
            self.refresh()
            rest = max(self._every, _SHARE * (time.monotonic() - began))
            with self._news:
                self._news.wait_for(lambda: self._ended, rest)


def state_in_words(view: View) -> str:
    """One line: what the state is, how far it is, and how long it will take."""
    if not view.stacks:
        return view.status
    words, share = progress_share(view)
    parts = [view.status, words, f"{int(100 * share)} %", times(view)]
    return " · ".join(part for part in parts if part)


def _files(directory: Path) -> Iterator[tuple[str, int, int]]:
    """Name, time and size of every file that the page is made of."""
    for start in ("", _STACKS):
        for pattern in _PATTERNS:
            for path in directory.glob(start + pattern):
                if path.name == "progress.json" or path.name.startswith(".tmp-"):
                    continue
                try:
                    found = path.stat()
                except OSError:
                    continue
                yield str(path), found.st_mtime_ns, found.st_size
