"""A page in a browser, with what a reader sees of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_DRAWN = """
() => Object.fromEntries(Array.from(document.querySelectorAll(".plot")).map((place) => [
  place.id,
  {
    surface: place.querySelectorAll("svg.main-svg").length,
    traces: place.querySelectorAll(".scatterlayer .trace, .heatmaplayer .hm").length,
    points: (place.data || []).reduce((sum, trace) => sum + (trace.y || trace.z || []).length, 0),
    titles: ["xaxis", "yaxis"].map((axis) => (place.layout[axis].title || {}).text || ""),
    box: [place.getBoundingClientRect().width, place.getBoundingClientRect().height],
  },
]))
"""
_TOO_WIDE = """
() => Array.from(document.querySelectorAll("body *")).filter((element) => {
  if (element.closest(".scroll, pre, svg, .main-svg") || element.closest("[hidden]")) return false;
  const box = element.getBoundingClientRect();
  return box.width > 0 && (box.right > document.documentElement.clientWidth + 1 || box.left < -1);
}).map((element) => element.tagName + "#" + element.id + "." + element.className)
"""
_CUT = """
() => Array.from(document.querySelectorAll(".plot")).filter((place) => {
  const box = place.getBoundingClientRect();
  return Array.from(place.querySelectorAll(".xtitle, .ytitle, .legendtext")).some((text) => {
    const own = text.getBoundingClientRect();
    return own.left < box.left - 2 || own.right > box.right + 2
      || own.top < box.top - 2 || own.bottom > box.bottom + 2;
  });
}).map((place) => place.id)
"""


WAIT = 30_000
"""Milliseconds until something has to have happened, on a busy machine too."""


class Opened:
    """One page.

    Attributes:
        page: of the browser.
        complaints: what the console or the scripts said, and requests that were made.
    """

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._request(request.url, path))
        page.goto(path.as_uri())

    def _request(self, url: str, path: Path) -> None:
        if url != path.as_uri() and not url.startswith(("data:", "blob:")):
            self.complaints.append(f"requested {url}")

    def drawn(self) -> dict[str, dict[str, Any]]:
        """Id of each plot to what is drawn there."""
        found: dict[str, dict[str, Any]] = self.page.evaluate(_DRAWN)
        return found

    def too_wide(self) -> list[str]:
        """Elements that reach beyond the screen."""
        found: list[str] = self.page.evaluate(_TOO_WIDE)
        width: int = self.page.evaluate("document.documentElement.scrollWidth")
        screen: int = self.page.evaluate("document.documentElement.clientWidth")
        return found if width <= screen else [*found, f"the page: {width} > {screen}"]

    def cut(self) -> list[str]:
        """Plots of which a title or the legend is cut off."""
        found: list[str] = self.page.evaluate(_CUT)
        return found

    def values(self, identity: str) -> Any:
        """The data of all traces of a plot, as they are drawn."""
        script = "id => JSON.stringify(document.getElementById(id).data.map((t) => [t.name, t.y, t.z, t.text, t.visible]))"
        return self.page.evaluate(script, identity)

    def names(self, identity: str) -> list[str]:
        """The traces of a plot that the legend names."""
        script = "id => document.getElementById(id).data.map((t) => t.name).filter((name) => name)"
        found: list[str] = self.page.evaluate(script, identity)
        return found

    def resize(self, width: int) -> None:
        """Make the window as wide, and wait until the page has noticed."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")

    def keep(self, path: Path) -> None:
        """A picture of the whole page."""
        self.page.screenshot(path=path, full_page=True, timeout=WAIT)

    def text(self, identity: str) -> str:
        """What an element says."""
        return self.page.inner_text(f"#{identity}")
