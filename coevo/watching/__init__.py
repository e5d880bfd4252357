"""A run or study, looked at while it is going: from its files alone."""

from __future__ import annotations

from coevo.watching.choice import Shown, chosen_world
from coevo.watching.document import document_of
from coevo.watching.frame import Canvas, frame, in_ascii
from coevo.watching.recorded import TorusCells
from coevo.watching.state import View, Watcher

__all__ = [
    "Canvas",
    "Shown",
    "TorusCells",
    "View",
    "Watcher",
    "chosen_world",
    "document_of",
    "frame",
    "in_ascii",
]
