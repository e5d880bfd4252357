"""Compares variants of studies, and runs, by statistics that can be published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coevo.comparison.analysis import findings
from coevo.comparison.comparison import Comparison, check_format
from coevo.comparison.contrasts import against, all_pairs, corrected
from coevo.comparison.control import check_enough, choose_control
from coevo.comparison.gathering import Gathered, gather
from coevo.comparison.groups import Source, blocks_of
from coevo.comparison.intervals import Bootstrap
from coevo.comparison.measure import Measure, checked_over
from coevo.comparison.notes import notes
from coevo.comparison.samples import default_metric, run_numbers
from coevo.comparison.settings import check_keys
from coevo.comparison.standings import rank_findings
from coevo.errors import CoevoError
from coevo.problems import shown

__all__ = ["CompareOptions", "Comparison", "check_format", "compare"]


@dataclass(frozen=True)
class CompareOptions:
    """What is seldom changed of a comparison.

    Attributes:
        generation: the one whose recorded numbers are compared; None for the end.
        higher_is_better: whether high numbers are good.
        all_pairs: compare all variants with each other, not with the control only.
        seed: of the random numbers of bootstrap intervals.
        resamples: how often runs are drawn again for them.
    """

    generation: int | None = None
    higher_is_better: bool = False
    all_pairs: bool = False
    seed: int = 0
    resamples: int = 10_000


def compare(
    directories: str | Path | Sequence[str | Path],
    metric: str | None = None,
    *,
    by: str | Sequence[str] = (),
    control: str | None = None,
    over: str = "best",
    options: CompareOptions | None = None,
) -> Comparison:
    """Compare variants by one number per run; docs/compare.md says what each figure means.

    Args:
        directories: of studies and runs.
        metric: ``test_mse``, ``validation_l1``, ... or a column of the records; by default the
            loss that the experiments minimize, on test rows.
        by: dotted keys of the experiment whose values name the groups, also as one text with
            commas; by default variants are compared.
        control: the name of the variant that the others are tested against; by default the
            only one that prunes nothing, or else the first.
        over: which cells a run's number is of: ``best`` (on validation rows), or the ``mean`` or
            ``median`` of all.
        options: the rest.

    Returns:
        Figures, and their tables as text, CSV, JSON and LaTeX.

    Raises:
        CoevoError: there is nothing to compare as asked.
    """
    options = options or CompareOptions()
    _check(options)
    way, by = checked_over(over), _keys(by)
    gathered = gather(_listed(directories))
    worlds = [world for one in gathered for world in one.worlds]
    experiments = [*{id(world.experiment): world.experiment for world in worlds}.values()]
    check_keys(experiments, by)
    measure = Measure(
        metric or default_metric(experiments), way, options.generation, options.higher_is_better
    )
    blocks = blocks_of(_sources(gathered, measure), by)
    check_enough(blocks, by)
    chosen = choose_control(blocks, control)
    bootstrap = Bootstrap(options.resamples, options.seed)
    contrasts = corrected(
        [
            all_pairs(block, measure, bootstrap)
            if options.all_pairs
            else against(block, chosen.name, measure, bootstrap)
            for block in blocks
        ]
    )
    comparison = Comparison(
        measure=measure,
        by=by,
        control=chosen,
        all_pairs=options.all_pairs,
        bootstrap=bootstrap,
        blocks=[
            findings(block, own, measure, bootstrap)
            for block, own in zip(blocks, contrasts, strict=True)
        ],
        ranks=rank_findings(blocks, chosen.name, measure, bootstrap),
    )
    return replace(comparison, notes=notes(comparison, blocks, gathered))


def _listed(directories: str | Path | Sequence[str | Path]) -> list[Path]:
    given = [directories] if isinstance(directories, str | Path) else directories
    if not given:
        raise CoevoError("compare: no directory; give those of runs or studies")
    return [Path(directory) for directory in given]


def _keys(by: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(key.strip() for key in (by.split(",") if isinstance(by, str) else by))


def _check(options: CompareOptions) -> None:
    least = {"seed": 0, "resamples": 1, "generation": 0}
    for name, smallest in least.items():
        value = getattr(options, name)
        if value is not None and value < smallest:
            raise CoevoError(
                f"--{name}: {shown(value)} is too small; use a whole number >= {smallest}"
            )


def _sources(gathered: Sequence[Gathered], measure: Measure) -> list[Source]:
    numbers = iter(run_numbers([world for one in gathered for world in one.worlds], measure))
    return [
        Source(one.directory, [next(numbers) for _ in one.worlds], one.planned) for one in gathered
    ]
