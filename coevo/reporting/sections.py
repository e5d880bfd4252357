"""The sections of the page below the result."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from coevo.reporting.figures import course, plot_figure
from coevo.reporting.findings import Findings
from coevo.reporting.markup import NOTHING, Html, tag
from coevo.reporting.numbers import METRIC_NAMES, short
from coevo.reporting.pictures import Picture, Row, rows_of_pictures
from coevo.reporting.run_files import RunFiles
from coevo.reporting.tables import environment_table, family_table, parts_of, world_table
from coevo.reporting.world_style import MOST_DETAILED

__all__ = [
    "learning",
    "learning_rates",
    "lineage",
    "reproduction",
    "samples",
    "worlds",
]


_FAMILY_NOTE = (
    "At the end of the last generation in which the world ran. Replaced: cells whose center was "
    "replaced. From another cell: cells that went on with a neighbor's network. Largest family: "
    "cells that hold a descendant of the most successful founder."
)


def learning(run: RunFiles, findings: Findings) -> Html:
    """The learning curves."""
    title = tag("h2", "Learning curves", id="learning")
    if not findings.validation and not findings.training:
        return tag("section", title, tag("p", "No generation has been recorded yet."))
    name = METRIC_NAMES[run.loss]
    caption = (
        f"Validation loss ({name}) of the median cell, with the range from the lowest to the "
        "highest cell (shaded), and of the cell that is best in the end (dashed); median training "
        "loss (thin, dotted)."
    )
    if findings.training_rows:
        caption += (
            " Median loss on training rows, measured as on validation rows (thin, dash-dotted)."
        )
    if len(findings.drawn) > MOST_DETAILED:
        caption += " All worlds together are drawn as medians alone; choose one to see the rest."
    label = f"Learning curves. {course(findings.validation, name)}"
    return tag("section", title, plot_figure("learning-plot", label, caption, findings))


def lineage(findings: Findings) -> Html:
    """Descent of the networks."""
    if not findings.families:
        return NOTHING
    caption = (
        "How many of the first networks still have a descendant on the torus: encoders solid, "
        "decoders dotted. One founder left means that all networks of that role descend from it."
    )
    alive = [
        f"{world.name}: {int(findings.families[world.number].alive['encoder'][-1])} founder encoders"
        for world in findings.drawn
        if world.number in findings.families
    ]
    return tag(
        "section",
        tag("h2", "Where networks came from", id="lineage"),
        plot_figure(
            "founders-plot",
            f"Founders alive over generations. {'; '.join(alive)}.",
            caption,
            findings,
        ),
        family_table(findings.drawn, findings.families),
        tag("p", _FAMILY_NOTE),
    )


def learning_rates(findings: Findings) -> Html:
    """Learning rates, where they vary."""
    if not findings.rates:
        return NOTHING
    caption = "Learning rate of the median cell, with the range over all cells."
    label = f"Learning rates. {course(findings.rates, 'learning rate')}"
    return tag(
        "section",
        tag("h2", "Learning rates", id="rates"),
        plot_figure("rates-plot", label, caption, findings),
    )


def samples(run: RunFiles) -> Html:
    """Originals beside their reconstructions."""
    if run.samples is None:
        return NOTHING
    rows = rows_of_pictures(run.samples)
    kind = run.setting("task", "kind")
    first = "Noisy input" if kind == "denoise" else "Input"
    second = "Target" if kind == "map" else "Original"
    items = [_sample(row, number, (first, second)) for number, row in enumerate(rows, 1)]
    width = "15rem" if rows and rows[0].input else "11rem"
    caption = "Samples of the test split, and what the best pairing makes of them."
    if run.samples["targets"].ndim == 2:
        caption += " Vectors are drawn as images, row by row."
    return tag(
        "section",
        tag("h2", "Reconstructions", id="samples"),
        tag(
            "figure",
            tag("div", *items, class_="samples", style=f"--sample: {width}"),
            tag("figcaption", caption),
        ),
    )


def worlds(run: RunFiles, findings: Findings) -> Html:
    """The table of worlds."""
    if not findings.worlds:
        return NOTHING
    table = world_table(findings.worlds, findings.champion, run.loss)
    note = (
        "Every world's best pairing is chosen on its validation loss "
        f"({run.loss.upper()}). Losses are averages per {run.per}; BCE in nats."
    )
    return tag("section", tag("h2", "Worlds", id="worlds"), table, tag("p", note))


def reproduction(environment: Mapping[str, Any], experiment_text: str) -> Html:
    """Command, environment and experiment file.

    Args:
        environment: what is known of it.
        experiment_text: the file, word for word.
    """
    commands = [line for part in parts_of(environment) if (line := _command(part))]
    shown = tag("pre", tag("code", "\n".join(commands)), class_="wrap") if commands else NOTHING
    several = "It was computed in several parts, by one command after the other. The experiment "
    several += "file below, given to coevo run, repeats it at once."
    return tag(
        "section",
        tag("h2", "How to repeat it", id="repeat"),
        shown,
        tag("p", several) if len(commands) > 1 else NOTHING,
        environment_table(environment) if environment else NOTHING,
        tag(
            "details",
            tag("summary", "Experiment file"),
            tag("pre", tag("code", experiment_text)),
        ),
    )


def _command(part: Mapping[str, Any]) -> str:
    command = part.get("command")
    return shlex.join(map(str, command)) if isinstance(command, list) else str(command or "")


def _sample(row: Row, number: int, names: tuple[str, str]) -> Html:
    pictures = [(names[0], row.input), (names[1], row.target), ("Reconstruction", row.output)]
    shown = [_picture(name, one, number) for name, one in pictures if one is not None]
    return tag("div", *shown, tag("p", f"squared error {short(row.error)}"), class_="sample")


def _picture(name: str, picture: Picture, number: int) -> Html:
    size = {"width": f"{picture.width}", "height": f"{picture.height}"}
    return tag(
        "div", tag("img", src=picture.source, alt=f"{name} of sample {number}", **size), name
    )
