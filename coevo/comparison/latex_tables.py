"""A comparison as LaTeX, for papers; the tables need the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coevo.comparison.comparison import Comparison
from coevo.comparison.figures import ALPHA, contrast_of, count_of
from coevo.comparison.intervals import Interval
from coevo.comparison.types import BlockFindings, Contrast, RankFindings, Summary

__all__ = ["latex"]

_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "²": r"\textsuperscript{2}",
    "—": "---",
    "|": r"\textbar{}",
}
_RESULT_HEADS = ("variant", "$n$", "median [quartiles]", "IQM [interval]", "sparsity")
_CONTRAST_HEADS = ("shift", r"$P(\mathrm{better})$", "$A_{12}$", "$p$", r"$p_\mathrm{Holm}$")
_BUDGET_HEADS = ("variant", "front", "steps", "seconds")
_COVER_HEADS = ("variants", "number", "hypervolume")
_MARKS = (
    "Bold: best median of the data set. Dagger: not significantly different from it at 5 % "
    "(Holm). Asterisk: significantly different from the other variant at 5 % (Holm)."
)


def latex(comparison: Comparison) -> str:
    """All tables and the notes, to be put into a ``table`` environment.

    The best of each data set is bold; what does not differ significantly from it has a dagger.
    """
    parts = [_results(comparison)]
    if comparison.all_pairs:
        parts.append(_pairs(comparison))
    if comparison.ranks is not None:
        parts.append(_ranks(comparison.ranks))
    parts.append(_budgets(comparison))
    if any(block.covers for block in comparison.blocks):
        parts.append(_covers(comparison))
    tables = "\n\\par\\medskip\n".join(parts)
    # What the other tables say by words, these do by marks of their own.
    told = [note for note in comparison.notes if not note.startswith("best: ")]
    notes = " ".join(_escaped(note) for note in (*told, _MARKS))
    below = rf"\par\smallskip{{\footnotesize {notes}\par}}"
    return "\n".join([r"% \usepackage{booktabs}", tables, below]) + "\n"


def _results(comparison: Comparison) -> str:
    pairs = comparison.all_pairs
    heads = _RESULT_HEADS if pairs else (*_RESULT_HEADS, *_CONTRAST_HEADS)
    groups = []
    for block in comparison.blocks:
        rows = []
        for summary in block.summaries:
            contrast = None if pairs else contrast_of(block.contrasts, summary.variant)
            cells = ["--"] * len(_CONTRAST_HEADS) if contrast is None else _contrast(contrast)
            rows.append([*_summary(summary), *([] if pairs else cells)])
        groups.append((block.name, rows))
    return _tabular(heads, groups)


def _pairs(comparison: Comparison) -> str:
    groups = [(block.name, _pair_rows(block)) for block in comparison.blocks]
    return _tabular(("variant", "against", *_CONTRAST_HEADS), groups)


def _pair_rows(block: BlockFindings) -> list[list[str]]:
    return [[_escaped(c.variant), _escaped(c.other), *_contrast(c)] for c in block.contrasts]


def _ranks(ranks: RankFindings) -> str:
    heads = ("variant", "mean rank", "relative IQM [interval]", r"$P(\mathrm{better})$")
    rows = [
        [
            _escaped(row.variant),
            f"{row.rank:.2f}",
            "--" if row.mean is None else _with_interval(_number(row.mean), row.interval),
            "--"
            if row.improvement is None
            else _with_interval(f"{row.improvement:.2f}", row.improvement_interval, ".2f"),
        ]
        for row in ranks.rows
    ]
    return _tabular(heads, [(f"{len(ranks.data_sets)} data sets", rows)])


def _budgets(comparison: Comparison) -> str:
    """Sample-forwards are a column where they are known of any variant."""
    heads: tuple[str, ...] = _BUDGET_HEADS
    groups = [(block.name, [*map(_budget, block.summaries)]) for block in comparison.blocks]
    summaries = [summary for block in comparison.blocks for summary in block.summaries]
    if any(summary.sample_forwards is not None for summary in summaries):
        heads = (*heads, "forwards")
        rows = [row for _, own in groups for row in own]
        for row, summary in zip(rows, summaries, strict=True):
            number = summary.sample_forwards
            row.append("--" if number is None else f"{round(number):,}")
    return _tabular(heads, groups)


def _budget(summary: Summary) -> list[str]:
    return [
        _escaped(summary.variant),
        {True: "yes", False: "no", None: "--"}[summary.on_front],
        f"{round(summary.steps):,}",
        _number(summary.seconds),
    ]


def _covers(comparison: Comparison) -> str:
    groups = [
        (
            block.name,
            [[_escaped(c.name), str(len(c.variants)), _number(c.volume)] for c in block.covers],
        )
        for block in comparison.blocks
        if block.covers
    ]
    return _tabular(_COVER_HEADS, groups)


def _summary(summary: Summary) -> list[str]:
    quartiles = summary.quartiles
    median = _number(quartiles.median)
    if summary.best:
        median = rf"\textbf{{{median}}}"
    elif summary.tied:
        median += r"$^\dagger$"
    name = _escaped(summary.variant)
    return [
        rf"\textbf{{{name}}}" if summary.best else name,
        count_of(summary),
        f"{median} [{_number(quartiles.q1)}, {_number(quartiles.q3)}]",
        _with_interval(_number(summary.mean), summary.interval),
        "--" if summary.sparsity is None else rf"{100 * summary.sparsity:.1f}\,\%",
    ]


def _contrast(contrast: Contrast) -> list[str]:
    star = r"$^*$" if contrast.p_holm < ALPHA else ""
    return [
        _number(contrast.shift),
        _with_interval(f"{contrast.improvement:.2f}", contrast.interval, ".2f"),
        f"{contrast.a12:.2f}",
        _p(contrast.verdict.p),
        f"{_p(contrast.p_holm)}{star}",
    ]


def _tabular(heads: Sequence[str], groups: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> str:
    left = sum(head in ("variant", "variants", "against") for head in heads)
    lines = [
        rf"\begin{{tabular}}{{{'l' * left}{'r' * (len(heads) - left)}}}",
        r"\toprule",
        _line(heads),
    ]
    for name, rows in groups:
        lines.append(r"\midrule")
        if len(groups) > 1:
            lines.append(rf"\multicolumn{{{len(heads)}}}{{l}}{{\textit{{{_escaped(name)}}}}} \\")
        lines += map(_line, rows)
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _line(cells: Sequence[str]) -> str:
    line = f"{' & '.join(cells)} \\\\"
    # What the line before ends with would take a bracket or an asterisk as its own.
    return f"{{}}{line}" if line.startswith(("[", "*")) else line


def _with_interval(text: str, interval: Interval | None, form: str = ".4g") -> str:
    if interval is None:
        return text
    low, high = (_in_math(format(end, form)) for end in interval)
    return f"{text} [{low}, {high}]"


def _number(value: float) -> str:
    return _in_math(f"{value:.4g}")


def _p(p: float) -> str:
    return "$<$0.0001" if p < 1e-4 else f"{p:.3g}"


def _in_math(text: str) -> str:
    """Powers of ten and minus signs as in print."""
    mantissa, exponent, power = text.partition("e")
    if exponent:
        return rf"${mantissa}\cdot10^{{{int(power)}}}$"
    return f"${text}$" if text.startswith("-") else text


def _escaped(text: str) -> str:
    return re.sub("|".join(map(re.escape, _SPECIAL)), lambda found: _SPECIAL[found[0]], text)
