"""A page as one file that opens without a network.

A content security policy lets the browser run the page's own two scripts, known by their
digests, and forbids every request, so a text in a run's files cannot become either.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from coevo.reporting.markup import Html, tag
from coevo.reporting.page_style import STYLE

__all__ = ["contents", "document"]

_EXCUSE = "The plots need JavaScript; the tables do not."


def document(
    title: str,
    top: Html,
    sections: Html,
    data: Mapping[str, Any],
    script: str,
    names: Mapping[str, str],
) -> str:
    """The whole file.

    Args:
        title: of the window.
        top: above the contents.
        sections: the chapters.
        data: what the script draws.
        script: that draws it.
        names: id of a chapter's title to what the contents call it; chapters that are not there
            are left out.
    """
    from plotly.offline import get_plotlyjs

    library = get_plotlyjs().replace("\r\n", "\n")
    excuse = tag("noscript", tag("p", _EXCUSE, class_="warning"))
    body = tag(
        "body",
        top,
        contents(sections, names),
        tag("main", excuse, sections),
        tag("footer", "Written by coevo. This file holds everything it shows and loads nothing."),
        tag("script", Html(_embedded(data)), type="application/json", id="report-data"),
        tag("script", Html(library)),
        tag("script", Html(script)),
    )
    page = tag("html", _head(title, [library, script]), body, lang="en")
    return f"<!DOCTYPE html>\n{page.text}\n"


def contents(sections: Html, names: Mapping[str, str]) -> Html:
    """Links to the chapters that are there."""
    links = [
        tag("li", tag("a", name, href=f"#{chapter}"))
        for chapter, name in names.items()
        if f' id="{chapter}"' in sections.text
    ]
    return tag("nav", tag("ul", *links), aria_label="contents")


def _head(title: str, scripts: list[str]) -> Html:
    digests = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="generator", content="coevo"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{title} · coevo"),
        tag("style", Html(STYLE)),
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _embedded(data: object) -> str:
    r"""JSON that cannot end the element it stands in.

    Examples:
        >>> _embedded("</script>")
        '"\\u003c/script\\u003e"'
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
