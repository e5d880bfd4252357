"""The page of a study: its chapters, and what its script draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coevo.reporting.document import document
from coevo.reporting.markup import join
from coevo.reporting.sections import reproduction
from coevo.reporting.torus_section import torus_section, torus_values
from coevo.stored_files import Samples
from coevo.study_reporting.courses import Course, Measure, course_of, measure_runs
from coevo.study_reporting.layers import layer_sparsities
from coevo.study_reporting.matrix import matrix_of
from coevo.study_reporting.measures import (
    evolution_measures,
    learning_measures,
    sparsity_measures,
)
from coevo.study_reporting.reconstructions import best_samples, reconstructions
from coevo.study_reporting.standings import Standings, standings
from coevo.study_reporting.study_files import StudyFiles
from coevo.study_reporting.study_headline import study_header, study_headline
from coevo.study_reporting.study_plots import course_data, matrix_data, pareto_plot, variant_data
from coevo.study_reporting.study_script import SCRIPT
from coevo.study_reporting.study_sections import (
    course_section,
    layers_section,
    matrix_section,
    pareto_section,
    settings_section,
    summary_section,
    troubles_section,
)
from coevo.study_reporting.torus_worlds import shown_worlds, torus_worlds
from coevo.study_reporting.variant_style import VariantStyle, variant_styles

__all__ = ["page_of_study"]

_CHAPTERS = {
    "result": "Result",
    "summary": "Summary",
    "learning": "Learning curves",
    "evolution": "Differential evolution",
    "matrix": "Matrix",
    "pareto": "Loss and sparsity",
    "sparsity": "Sparsity over time",
    "layers": "Layers",
    "torus": "Torus",
    "samples": "Reconstructions",
    "troubles": "Without a result",
    "variants": "Variants",
    "repeat": "Repeat",
}

_EVOLUTION = "Differential evolution"
_PRUNED = "Variants that prune nothing are left out. "
_EVOLVED = (
    "A high success rate near the end, with a spread that goes to zero, means averaging and not "
    "progress: see the learning curves. Losses are fair to compare at equal sample-forwards: rows "
    "that passed through a pairing, those of a gradient step three times. Variants that do not "
    "record them are left out. "
)


def page_of_study(study: StudyFiles) -> str:
    """The whole page.

    Args:
        study: the files.
    """
    found = standings(study)
    order = [row.variant for row in found.rows]
    styles = variant_styles(order, found.control)
    samples = best_samples(study, order)
    per = _per(samples)
    data = _data(study, found, styles, per)
    chosen = shown_worlds(study, found, order)
    worlds = torus_worlds(study, chosen)
    data["torus"] = torus_values(worlds, found.loss, per)
    matrix, courses = matrix_of(study), data["courses"]
    content = join(
        study_headline(study, found, per),
        summary_section(found),
        course_section("learning", "Learning curves", "", courses.get("learning"), styles),
        course_section("evolution", _EVOLUTION, _EVOLVED, courses.get("evolution"), styles),
        matrix_section(matrix, data["matrix"]),
        pareto_section(found, drawn="pareto-plot" in data["plots"]),
        course_section("sparsity", "Sparsity over time", _PRUNED, courses.get("sparsity"), styles),
        layers_section(layer_sparsities(study), order),
        torus_section(worlds, data["torus"], found.loss, known=len(study.worlds)),
        reconstructions(study, samples),
        troubles_section(study),
        settings_section(study),
        reproduction(study.environment, study.experiment_text),
    )
    return document(study.title, study_header(study), content, data, SCRIPT, _CHAPTERS)


def _data(
    study: StudyFiles, found: Standings, styles: Sequence[VariantStyle], per: str
) -> dict[str, Any]:
    """What the script draws, without the torus."""
    kinds = {
        "learning": learning_measures(found.loss, per),
        "evolution": evolution_measures(),
        "sparsity": sparsity_measures(),
    }
    courses = _courses(study, [measure for kind in kinds.values() for measure in kind])
    if not {"success", "spread"} & courses.keys():  # what it costs alone is no evolution
        del kinds["evolution"]
    drawn = {name: course_data(kind, courses, styles) for name, kind in kinds.items()}
    pareto = pareto_plot(found, styles, per)
    return {
        "variants": variant_data(styles),
        "plots": {} if pareto is None else {"pareto-plot": pareto},
        "courses": {name: one for name, one in drawn.items() if one is not None},
        "matrix": matrix_data(matrix_of(study), found),
    }


def _courses(study: StudyFiles, measures: Sequence[Measure]) -> Mapping[str, dict[str, Course]]:
    found: dict[str, dict[str, Course]] = {}
    for key, runs in measure_runs(study, measures).items():
        for variant in dict.fromkeys(name for name, _ in runs):
            course = course_of(runs, variant)
            if course is not None:
                found.setdefault(key, {})[variant] = course
    return found


def _per(samples: Mapping[str, Samples]) -> str:
    """What errors are averaged over: ``pixel`` for images, ``value`` otherwise."""
    images = [one["targets"].ndim > 2 for one in samples.values()]
    return "pixel" if images and all(images) else "value"
