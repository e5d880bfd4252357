"""A comparison for the terminal, and for documents that show text as it is."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from coevo.comparison.comparison import Comparison
from coevo.comparison.figures import between, count_of, mark, p_value, share, span
from coevo.comparison.types import BlockFindings, Contrast, RankFindings, Summary
from coevo.reporting.numbers import MISSING, count, short

__all__ = ["text"]


class _Table(NamedTuple):
    """A table to be set."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def text(comparison: Comparison, width: int = 100) -> str:
    """All tables, and the notes below them.

    Args:
        comparison: the figures.
        width: of a line; longer names are broken.
    """
    tables = [*chain.from_iterable(_of_block(comparison, block) for block in comparison.blocks)]
    if comparison.ranks is not None:
        tables += _of_ranks(comparison.ranks)
    parts = [_set(table, width) for table in tables]
    wrapped = [
        textwrap.fill(note, width, initial_indent="- ", subsequent_indent="  ")
        for note in comparison.notes
    ]
    return "\n\n".join([*parts, "\n".join(wrapped)]) + "\n"


def _of_block(comparison: Comparison, block: BlockFindings) -> Iterator[_Table]:
    where = f" on {block.name}"
    heads = ["variant", "n", "median", "quartiles", "IQM", "interval", ""]
    yield _Table(f"{comparison.measure.metric}{where}", heads, [*map(_result, block.summaries)])
    if block.contrasts:
        pairs = comparison.all_pairs
        against = "each other" if pairs else comparison.control.name
        heads = ["variant", "pairs", "shift", "P(better)", "interval", "A12", "p", "p (Holm)"]
        rows = [_contrast(contrast) for contrast in block.contrasts]
        if pairs:  # two names leave no room for all figures; the other formats have them
            heads = ["variant", "against", *heads[1:5], heads[-1]]
            rows = [
                [row[0], contrast.other, *row[1:5], row[-1]]
                for row, contrast in zip(rows, block.contrasts, strict=True)
            ]
        yield _Table(f"Against {against}{where}", heads, rows)
    yield _budgets(block, where)
    if block.covers:
        rows = [
            [cover.name, str(len(cover.variants)), short(cover.volume)] for cover in block.covers
        ]
        yield _Table(f"Hypervolume{where}", ["variants", "number", "hypervolume"], rows)


def _result(summary: Summary) -> list[str]:
    quartiles, interval = summary.quartiles, summary.interval
    return [
        summary.variant,
        count_of(summary),
        short(quartiles.median),
        span(quartiles.q1, quartiles.q3),
        short(summary.mean),
        MISSING if interval is None else span(*interval),
        mark(summary),
    ]


def _contrast(contrast: Contrast) -> list[str]:
    return [
        contrast.variant,
        MISSING if contrast.pairs is None else str(contrast.pairs),
        f"{contrast.shift:+.3g}",
        f"{contrast.improvement:.2f}",
        between(contrast.interval),
        f"{contrast.a12:.2f}",
        p_value(contrast.verdict.p),
        p_value(contrast.p_holm, stars=True),
    ]


def _budgets(block: BlockFindings, where: str) -> _Table:
    """Sample-forwards are a column where they are known of any variant."""
    heads = ["variant", "sparsity", "front", "steps", "seconds"]
    rows = [_budget(summary) for summary in block.summaries]
    forwards = [summary.sample_forwards for summary in block.summaries]
    if any(number is not None for number in forwards):
        heads.append("forwards")
        for row, number in zip(rows, forwards, strict=True):
            row.append(MISSING if number is None else count(round(number)))
    return _Table(f"Sparsity and budget{where}", heads, rows)


def _budget(summary: Summary) -> list[str]:
    return [
        summary.variant,
        share(summary.sparsity),
        {True: "yes", False: "no", None: MISSING}[summary.on_front],
        count(round(summary.steps)),
        short(summary.seconds),
    ]


def _of_ranks(ranks: RankFindings) -> Iterator[_Table]:
    test = ranks.friedman
    title = (
        f"Over {len(ranks.data_sets)} data sets: Friedman chi² {short(test.chi_squared)}, "
        f"p {p_value(test.p)}; F {short(test.f)}, p {p_value(test.f_p)}; Nemenyi's critical "
        f"difference of ranks at 5 % {short(ranks.critical_difference)}"
    )
    heads = ["variant", "rank", "relative IQM", "interval", "P(better)", "interval"]
    rows = [
        [
            row.variant,
            f"{row.rank:.2f}",
            short(row.mean),
            MISSING if row.interval is None else span(*row.interval),
            MISSING if row.improvement is None else f"{row.improvement:.2f}",
            between(row.improvement_interval),
        ]
        for row in ranks.rows
    ]
    yield _Table(title, heads, rows)
    pairs = [[*names, p_value(p, stars=True)] for names, p in ranks.nemenyi.items()]
    yield _Table("Nemenyi", ["variant", "against", "p"], pairs)


def _set(table: _Table, width: int) -> str:
    """A table in lines of at most ``width`` characters; only names are broken."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(
        box=box.HORIZONTALS, title=Text(table.title), title_justify="left", pad_edge=False
    )
    for head in table.heads:
        is_name = head in ("variant", "against", "variants")
        drawn.add_column(
            head, justify="left" if is_name else "right", no_wrap=not is_name, overflow="fold"
        )
    for row in table.rows:
        drawn.add_row(*map(Text, row))
    file = io.StringIO()
    Console(file=file, width=width, color_system=None, highlight=False).print(drawn)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()).strip("\n")
