"""What the best pairing of each variant makes of the same test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coevo.reporting.markup import NOTHING, Html, tag
from coevo.reporting.numbers import short
from coevo.reporting.pictures import Picture, black_and_white, picture
from coevo.stored_files import Samples, read_samples
from coevo.study_directory import StackDirectory
from coevo.study_reporting.study_files import StudyFiles

__all__ = ["Strip", "best_samples", "reconstructions", "strips"]

MOST_PICTURES = 8
_MOST_CHARACTERS = 1_200_000


@dataclass(frozen=True)
class Strip:
    """A row of pictures.

    Attributes:
        title: of the row.
        note: beside it.
        pictures: of the samples.
    """

    title: str
    note: str
    pictures: Sequence[Picture]


def best_samples(study: StudyFiles, order: Sequence[str]) -> dict[str, Samples]:
    """Variant to the samples of its best pairing, as far as there are any.

    Args:
        study: the files.
        order: of the variants.
    """
    found = {}
    for variant in order:
        losses = [
            (float(best["validation"][study.loss]), world.seed, world)
            for world in study.of(variant)
            if world.part is not None and (best := (world.result or {}).get("best"))
        ]
        parts = [world.part for *_, world in sorted(losses, key=lambda one: one[:2])]
        for part in dict.fromkeys(part for part in parts if part is not None):
            place = StackDirectory(part).run.best / variant / "samples.safetensors"
            samples = read_samples(place)
            if samples is not None:
                found[variant] = samples
                break
    return found


def strips(found: dict[str, Samples], names: tuple[str, str]) -> list[Strip]:
    """Originals, once for all variants that share them, each followed by reconstructions.

    Args:
        found: variant to samples.
        names: of the inputs and of the targets.
    """
    result: list[Strip] = []
    shown: Samples | None = None
    characters = 0
    for variant, samples in found.items():
        if characters > _MOST_CHARACTERS:
            break
        fresh: list[Strip] = []
        if shown is None or not _alike(shown, samples):
            shown = samples
            fresh += _originals(samples, names)
        targets, outputs = samples["targets"], samples["outputs"]
        error = float(np.mean((outputs - targets)[:MOST_PICTURES] ** 2))
        fresh.append(_strip(variant, f"squared error {short(error)}", outputs, targets))
        characters += sum(len(one.source) for strip in fresh for one in strip.pictures)
        result += fresh
    return result


def reconstructions(study: StudyFiles, found: dict[str, Samples]) -> Html:
    """The section; nothing where there are no samples.

    Args:
        study: the files.
        found: variant to samples.
    """
    if not found:
        return NOTHING
    task = study.experiment.get("task")
    kind = task.get("kind") if isinstance(task, dict) else None
    names = (
        "Noisy input" if kind == "denoise" else "Input",
        "Target" if kind == "map" else "Original",
    )
    caption = (
        "Samples of the test split, and what the pairing of each variant makes of them that is "
        "best on validation rows."
    )
    if any(samples["targets"].ndim == 2 for samples in found.values()):
        caption += " Vectors are drawn as images, row by row."
    rows = [_row(strip) for strip in strips(found, names)]
    return tag(
        "section",
        tag("h2", "Reconstructions", id="samples"),
        tag("figure", tag("div", *rows, class_="strips"), tag("figcaption", caption)),
    )


def _alike(one: Samples, other: Samples) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in ("inputs", "targets"))


def _originals(samples: Samples, names: tuple[str, str]) -> list[Strip]:
    inputs, targets = samples["inputs"], samples["targets"]
    originals = _strip(names[1], "", targets, targets)
    if inputs.shape == targets.shape and np.allclose(inputs, targets, atol=1e-6):
        return [originals]
    return [_strip(names[0], "", inputs, targets), originals]


def _strip(title: str, note: str, values: np.ndarray, targets: np.ndarray) -> Strip:
    # Black and white mean the same in all pictures of the same originals.
    low, high = black_and_white(targets)
    return Strip(title, note, [picture(one, low, high) for one in values[:MOST_PICTURES]])


def _row(strip: Strip) -> Html:
    images = [
        tag(
            "img",
            src=one.source,
            alt=f"{strip.title}, sample {number}",
            width=f"{one.width}",
            height=f"{one.height}",
        )
        for number, one in enumerate(strip.pictures, 1)
    ]
    title = tag("h3", strip.title, tag("span", f" {strip.note}", class_="more"))
    return tag("div", title, tag("div", *images, class_="images"), class_="strip")
