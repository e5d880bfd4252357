"""The page of a run: its chapters and its plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coevo.reporting.document import document
from coevo.reporting.evolution_plots import evolution_plots
from coevo.reporting.evolution_section import evolution
from coevo.reporting.findings import Findings
from coevo.reporting.headline import header, headline
from coevo.reporting.markup import Html, join
from coevo.reporting.numbers import axis_title
from coevo.reporting.page_script import SCRIPT
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
from coevo.reporting.torus_section import torus_section, torus_values

__all__ = ["page_of", "page_plots"]

_CHAPTERS = {
    "result": "Result",
    "learning": "Learning curves",
    "evolution": "Differential evolution",
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
    maps = torus_values(findings.toruses, run.loss, run.per)
    data = {"plots": page_plots(run, findings), "torus": maps}
    content = _content(run, findings, maps)
    return document(run.title, header(run), content, data, SCRIPT, _CHAPTERS)


def _content(run: RunFiles, findings: Findings, maps: Mapping[str, Any] | None) -> Html:
    return join(
        headline(run, findings),
        learning(run, findings),
        evolution(findings),
        pruning(run, findings),
        compact_form(run),
        torus_section(findings.toruses, maps, run.loss, known=len(findings.worlds)),
        samples(run),
        lineage(findings),
        learning_rates(findings),
        worlds(run, findings),
        reproduction(run.environment, run.experiment_text),
    )


def page_plots(run: RunFiles, findings: Findings) -> dict[str, Plot]:
    """The plots of the page, by the id of their place, without the maps."""
    shown, plots = findings.drawn, {}
    if findings.validation or findings.training:
        found = findings.validation, findings.best_lines, findings.training, findings.training_rows
        plots["learning-plot"] = learning_plot(shown, *found, axis_title(run.loss, run.per))
    if findings.evolution:
        plots |= evolution_plots(shown, findings.evolution)
    if findings.pruning and any(findings.pruning.curves.values()):
        plots["sparsity-plot"] = sparsity_plot(shown, findings.pruning.curves)
    if findings.families:
        plots["founders-plot"] = founders_plot(shown, findings.families, findings.points)
    if findings.rates:
        plots["rates-plot"] = learning_rate_plot(shown, findings.rates)
    return plots
