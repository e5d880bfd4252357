"""Trials of differential evolution in one pass over the genes, and the selection among them.

A chunk of genes of all trials is made before the next, so that the rows that trials are made of
stay in the cache. Every gene is computed by itself: results do not depend on chunks or threads.
Definitions are those of `operators.differential`, `operators.crossover` and `operators.bounds`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coevo.compiled.bounds import Limits, limit
from coevo.compiled.compilation import cached, compiled
from coevo.compiled.conventions import GENES_AT_ONCE
from coevo.compiled.philox import Stream, fill

__all__ = ["Crossover", "Mixture", "Rows", "select", "vary"]

Numbers = NDArray[Any]

_CERTAIN = 1 << 16


class Rows(NamedTuple):
    """Genomes, all of one type, float32 or float64.

    Attributes:
        targets: ``[n, genes]``.
        members: ``[m, genes]``.
        archive: ``[a, genes]``; a may be 0.
        masks: ``[n, genes]`` bool, or ``[0, genes]`` without any.
    """

    targets: Numbers
    members: Numbers
    archive: Numbers
    masks: Numbers


class Mixture(NamedTuple):
    """What mutants are made of; see `operators.differential.Recipe`.

    Attributes:
        base: ``[n]`` int64.
        first: ``[n, terms]`` int64.
        second: ``[n, terms]`` int64.
        weights: ``[n, terms]``, of the genomes' type.
    """

    base: Numbers
    first: Numbers
    second: Numbers
    weights: Numbers


class Crossover(NamedTuple):
    """Which genes come from the mutant.

    Attributes:
        thresholds: ``[n]`` int64, out of 2^16.
        forced: ``[n]`` int64, the group that crosses in any case.
        seeds: ``[n]`` uint64, of each trial's stream.
        cells: ``[n]`` uint64.
        upper: generation, purpose of crossover and purpose of redrawing, uint64.
        group: genes of a group.
        first: number of the first group.
    """

    thresholds: Numbers
    forced: Numbers
    seeds: Numbers
    cells: Numbers
    upper: Numbers
    group: int
    first: int


class _Scratch(NamedTuple):
    mutant: Numbers  # [GENES_AT_ONCE]
    words: Numbers  # [GENES_AT_ONCE / 2 + room for some blocks] uint32
    numbers: Numbers  # their halves, uint16
    crossed: Numbers  # [GENES_AT_ONCE] uint8, 0 or 1


@cached
def vary(
    rows: Rows, mixture: Mixture, crossover: Crossover, limits: Limits, out: Numbers, part: Any
) -> None:
    """Make some genes of all trials.

    Args:
        rows: left as they are.
        mixture: likewise.
        crossover: likewise.
        limits: likewise.
        out: ``[n, genes]``; overwritten.
        part: first gene, and the one behind the last.

    Raises:
        IndexError: a row is neither a target's nor a member's nor in the archive.
    """
    _check(rows, mixture)
    words = np.empty(GENES_AT_ONCE // 2 + 32, np.uint32)
    scratch = _Scratch(
        np.empty(GENES_AT_ONCE, out.dtype),
        words,
        words.view(np.uint16),
        np.empty(GENES_AT_ONCE, np.uint8),
    )
    for start in range(part[0], part[1], GENES_AT_ONCE):
        stop = min(start + GENES_AT_ONCE, part[1])
        for i in range(len(out)):
            target, trial = rows.targets[i, start:stop], out[i, start:stop]
            whole = crossover.thresholds[i] >= _CERTAIN
            mutant = trial if whole else scratch.mutant[: stop - start]
            _mutate(rows, mixture, i, start, stop, mutant)
            if limits.rule > 0:
                limit(limits, _stream(crossover, i, 2), start, target, mutant)
            if not whole:
                _choose(crossover, i, start, stop, scratch)
                _cross(target, mutant, scratch.crossed, trial)
            if len(rows.masks) > 0:
                _mask(trial, rows.masks[i, start:stop])


@compiled
def _check(rows: Rows, mixture: Mixture) -> None:
    count = len(rows.members) + len(rows.archive)
    for i in range(len(mixture.base)):
        fits = -1 <= mixture.base[i] < count
        for t in range(mixture.weights.shape[1]):
            if mixture.weights[i, t] != 0:
                fits = fits and -1 <= mixture.first[i, t] < count
                fits = fits and -1 <= mixture.second[i, t] < count
        if not fits:
            raise IndexError("recipe: a row is neither of the members nor of the archive")


@compiled
def _row(rows: Rows, i: int, code: int, start: int, stop: int) -> Numbers:
    members = len(rows.members)
    if code < 0:
        return rows.targets[i, start:stop]
    if code < members:
        return rows.members[code, start:stop]
    return rows.archive[code - members, start:stop]


@compiled
def _stream(crossover: Crossover, i: int, purpose: int) -> Stream:
    seed, cell, upper = crossover.seeds[i], crossover.cells[i], crossover.upper
    return Stream(seed, cell, upper[0], upper[purpose])


@compiled
def _mutate(rows: Rows, mixture: Mixture, i: int, start: int, stop: int, mutant: Numbers) -> None:
    _copy(_row(rows, i, mixture.base[i], start, stop), mutant)
    for t in range(mixture.weights.shape[1]):
        weight = mixture.weights[i, t]
        if weight != 0:
            first = _row(rows, i, mixture.first[i, t], start, stop)
            second = _row(rows, i, mixture.second[i, t], start, stop)
            for j in range(len(mutant)):
                mutant[j] += weight * (first[j] - second[j])


@compiled
def _cross(target: Numbers, mutant: Numbers, crossed: Numbers, trial: Numbers) -> None:
    for j in range(len(trial)):
        old, new = target[j], mutant[j]  # both are read, so that the loop is vectorized
        trial[j] = new if crossed[j] != 0 else old


@compiled
def _choose(crossover: Crossover, i: int, start: int, stop: int, scratch: _Scratch) -> None:
    """Tell for each gene of a chunk whether it comes from the mutant."""
    group, crossed, count = crossover.group, scratch.crossed, stop - start
    first, last = crossover.first + start // group, crossover.first + (stop - 1) // group
    threshold, forced = crossover.thresholds[i], crossover.forced[i]
    if threshold > 0:
        stream = _stream(crossover, i, 1)
        fill(scratch.words, stream, first // 8, last // 8 - first // 8 + 1)
    numbers = scratch.numbers[first % 8 : first % 8 + last - first + 1]
    if group == 1:
        below = np.uint16(threshold)
        for j in range(count):
            crossed[j] = numbers[j] < below
        if first <= forced <= last:
            crossed[forced - first] = 1
    else:
        for g in range(last - first + 1):
            begin = max((first + g - crossover.first) * group - start, 0)
            end = min((first + g + 1 - crossover.first) * group - start, count)
            crosses = numbers[g] < threshold or first + g == forced
            for j in range(begin, end):
                crossed[j] = crosses


@compiled
def _mask(trial: Numbers, kept: Numbers) -> None:
    zero = trial.dtype.type(0)
    for j in range(len(trial)):
        trial[j] = trial[j] if kept[j] else zero


@cached
def select(
    members: Numbers,
    trials: Numbers,
    archive: Numbers,
    accepted: Numbers,
    incoming: Numbers,
    part: Any,
) -> None:
    """Let members go to the archive, then let accepted trials take their place.

    Args:
        members: ``[n, genes]``; changed.
        trials: ``[n, genes]``.
        archive: ``[a, genes]``; changed.
        accepted: ``[n]`` bool.
        incoming: ``[a]`` int64, which member a row of the archive becomes; -1 where it stays.
        part: first gene, and the one behind the last.

    Raises:
        IndexError: there is no such member.
    """
    for a in range(len(archive)):
        if incoming[a] >= len(members):
            raise IndexError("incoming: there is no such member")
    for start in range(part[0], part[1], GENES_AT_ONCE):
        stop = min(start + GENES_AT_ONCE, part[1])
        for a in range(len(archive)):
            if incoming[a] >= 0:
                _copy(members[incoming[a], start:stop], archive[a, start:stop])
        for i in range(len(members)):
            if accepted[i]:
                _copy(trials[i, start:stop], members[i, start:stop])


@compiled
def _copy(source: Numbers, place: Numbers) -> None:
    for j in range(len(place)):
        place[j] = source[j]
