"""The page as one file that opens without a network.

A content security policy lets the browser run the page's own two scripts, known by their
digests, and forbids every request, so a text in a run's files cannot become either.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from coevo.reporting.findings import Findings
from coevo.reporting.headline import header, headline
from coevo.reporting.markup import Html, tag
from coevo.reporting.numbers import axis_title
from coevo.reporting.page_script import SCRIPT
from coevo.reporting.page_style import STYLE
from coevo.reporting.plots import (
    Plot,
    founders_plot,
    learning_plot,
    learning_rate_plot,
)
from coevo.reporting.pruning_section import compact_form, pruning
from coevo.reporting.run_files import RunFiles
from coevo.reporting.sections import (
    learning,
    learning_rates,
    lineage,
    reproduction,
    samples,
    worlds,
)
from coevo.reporting.sparsity_plot import sparsity_plot
from coevo.reporting.torus_section import torus, torus_data

__all__ = ["page_of", "page_plots"]

_CHAPTERS = {
    "result": "Result",
    "learning": "Learning curves",
    "pruning": "Pruning",
    "compact": "Compact form",
    "torus": "Torus",
    "samples": "Reconstructions",
    "lineage": "Descent",
    "rates": "Learning rates",
    "worlds": "Worlds",
    "repeat": "Repeat",
}


def page_of(run: RunFiles, findings: Findings) -> str:
    """The whole page.

    Args:
        run: the files.
        findings: what they say.
    """
    from plotly.offline import get_plotlyjs

    maps = torus_data(run, findings)
    data = _embedded({"plots": page_plots(run, findings), "torus": maps})
    library = get_plotlyjs().replace("\r\n", "\n")
    content = _content(run, findings, maps)
    body = tag(
        "body",
        header(run),
        _contents(content),
        content,
        tag("footer", "Written by coevo. This file holds everything it shows and loads nothing."),
        tag("script", Html(data), type="application/json", id="report-data"),
        tag("script", Html(library)),
        tag("script", Html(SCRIPT)),
    )
    page = tag("html", _head(run.title, [library, SCRIPT]), body, lang="en")
    return f"<!DOCTYPE html>\n{page.text}\n"


def _content(run: RunFiles, findings: Findings, maps: Mapping[str, Any] | None) -> Html:
    excuse = tag("p", "The plots need JavaScript; the tables do not.", class_="warning")
    return tag(
        "main",
        tag("noscript", excuse),
        headline(run, findings),
        learning(run, findings),
        pruning(run, findings),
        compact_form(run),
        torus(run, findings, maps),
        samples(run),
        lineage(findings),
        learning_rates(findings),
        worlds(run, findings),
        reproduction(run),
    )


def page_plots(run: RunFiles, findings: Findings) -> dict[str, Plot]:
    """The plots of the page, by the id of their place, without the maps."""
    shown, plots = findings.drawn, {}
    if findings.validation or findings.training:
        found = findings.validation, findings.best_lines, findings.training, findings.training_rows
        plots["learning-plot"] = learning_plot(shown, *found, axis_title(run.loss, run.per))
    if findings.pruning and any(findings.pruning.curves.values()):
        plots["sparsity-plot"] = sparsity_plot(shown, findings.pruning.curves)
    if findings.families:
        plots["founders-plot"] = founders_plot(shown, findings.families, findings.points)
    if findings.rates:
        plots["rates-plot"] = learning_rate_plot(shown, findings.rates)
    return plots


def _contents(content: Html) -> Html:
    links = [
        tag("li", tag("a", name, href=f"#{chapter}"))
        for chapter, name in _CHAPTERS.items()
        if f' id="{chapter}"' in content.text
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
