"""Reads a report as a browser does: elements, their texts, and what they would load."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

_VOID = {"img", "input", "link", "meta"}
_LOADING = {"src", "href", "srcset", "poster", "data", "action", "background", "formaction"}


class Page(HTMLParser):
    """One page.

    Attributes:
        elements: name and attributes of each element, in order.
        text: what stands outside scripts and styles, spaces made one.
        scripts: content of each script, in order.
        styles: content of each style sheet, in order.
        size: bytes of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self.size = path.stat().st_size
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self._open, f"never closed: {self._open}"
        self.text = " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            self.scripts[-1] += data
        elif inside == "style":
            self.styles.append(data)
        else:
            self._texts.append(data)

    @property
    def loads(self) -> list[str]:
        """Everything that the page's own markup and styles refer to, but places in itself."""
        found = [
            value
            for name, attributes in self.elements
            for key, value in attributes.items()
            if key in _LOADING
        ]
        found += re.findall(r"url\((.*?)\)|@import (.*?);", "".join(self.styles))
        return [place for place in found if not place.startswith("#")]

    @property
    def data(self) -> Any:
        """What the page's script draws."""
        position = next(
            index
            for index, (_, attributes) in enumerate(e for e in self.elements if e[0] == "script")
            if attributes.get("id") == "report-data"
        )
        return json.loads(self.scripts[position])

    @property
    def ids(self) -> set[str]:
        return {attributes["id"] for _, attributes in self.elements if "id" in attributes}

    def named(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]
