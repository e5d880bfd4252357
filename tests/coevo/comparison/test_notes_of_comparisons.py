"""What the notes warn of: too few seeds or data sets, a control that is missing, and the like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import coevo
from tests.coevo.comparison.recorded_studies import (
    NONE,
    Recorded,
    Tables,
    pruned,
    study_of,
    write_run,
)

PAIRS = coevo.CompareOptions(all_pairs=True)
VARIANTS: dict[str, Tables] = {"n": NONE, "x": pruned("uniform"), "y": pruned("wanda")}


def told(comparison: coevo.Comparison, words: str) -> bool:
    return any(words in note for note in comparison.notes)


def study(directory: Path, names: str, *, seeds: int = 4, dataset: str = "digits") -> Path:
    numbers = {name: [place + seed for seed in range(seeds)] for place, name in enumerate(names)}
    return study_of(directory, numbers, variants=VARIANTS, dataset=dataset)


@pytest.mark.parametrize(("seeds", "least"), [(5, "0.125"), (6, "0.0625"), (7, None)])
def test_too_few_seeds_for_the_number_of_comparisons(
    tmp_path: Path, seeds: int, least: str | None
) -> None:
    # Two comparisons: twice 2 / 2**seeds; with 7 seeds that is 1/32.
    comparison = coevo.compare(study(tmp_path / "study", "nxy", seeds=seeds))
    lowest = min(contrast.p_holm for contrast in comparison.blocks[0].contrasts)
    assert told(comparison, "no p value corrected for 2 comparisons can be below") == bool(least)
    if least:
        assert told(comparison, f"can be below {least}: no difference from the control")
        assert lowest >= float(least)
    else:
        assert lowest == 1 / 32  # all differences have the same sign


@pytest.mark.parametrize(("seeds", "few"), [(6, True), (7, False)])
def test_too_few_seeds_to_differ_from_the_best(tmp_path: Path, seeds: int, few: bool) -> None:
    # Three pairs: 3 * 2 / 64 = 0.09, 3 * 2 / 128 = 0.047.
    comparison = coevo.compare(study(tmp_path / "study", "nxy", seeds=seeds))
    assert told(comparison, "digits: with so few seeds nothing can differ from the best") == few
    assert all(one.tied for one in comparison.blocks[0].summaries) == few
    pairs = coevo.compare(tmp_path / "study", options=PAIRS)
    assert told(pairs, "no difference from the others can be found") == few


def test_too_few_seeds_that_do_not_pair(tmp_path: Path) -> None:
    def runs(seeds: Sequence[int], name: str, tables: Tables) -> Path:
        return write_run(tmp_path / name, tables, {seed: Recorded([seed]) for seed in seeds})

    one, other = runs([1], "one", NONE), runs([1], "other", pruned("uniform"))
    assert told(coevo.compare([one, other]), "corrected for 1 comparison can be below 1:")
    # 2 of 20 choices, and 2 of 70.
    three = runs([1, 2, 3], "three", NONE), runs([4, 5, 6], "threes", pruned("uniform"))
    assert told(coevo.compare(three), "can be below 0.1:")
    four = runs([1, 2, 3, 4], "four", NONE), runs([5, 6, 7, 8], "fours", pruned("uniform"))
    assert not told(coevo.compare(four), "can be below")


def test_a_data_set_without_the_control(tmp_path: Path) -> None:
    first, second = (
        study(tmp_path / data, names, dataset=data)
        for data, names in (("digits", "nx"), ("mnist", "xy"))
    )
    comparison = coevo.compare([first, second])
    assert [len(block.contrasts) for block in comparison.blocks] == [1, 0]
    words = "has no number of n, so nothing is tested against it there"
    assert [words in note for note in comparison.notes].count(True) == 1
    assert told(comparison, f"mnist: {words}")
    assert told(comparison, "No ranks over data sets: they do not have two variants in common.")
    assert not told(coevo.compare([first, second], options=PAIRS), words)


def test_variants_that_are_not_ranked(tmp_path: Path) -> None:
    studies = [
        study(tmp_path / data, names, dataset=data)
        for data, names in (("digits", "nxy"), ("mnist", "nx"))
    ]
    comparison = coevo.compare(studies)
    assert told(comparison, "Not ranked, because a data set has no number of them: y.")
    assert told(comparison, "rough for 2 and 2.")
    assert not told(comparison, "rows in common")
    again = coevo.compare([studies[1], study(tmp_path / "more", "nx")])
    assert not told(again, "Not ranked")


def test_data_sets_that_are_of_the_same_data(tmp_path: Path) -> None:
    variants: dict[str, Tables] = {
        f"{name}{seed}": {**VARIANTS[name], "data": {"split_seed": seed}}
        for seed in (0, 1)
        for name in "nx"
    }
    numbers = {name: [1.0, 2.0] for name in variants}
    comparison = coevo.compare(
        study_of(tmp_path / "study", numbers, variants=variants), by="pruning.operator"
    )
    assert comparison.ranks is not None
    assert told(comparison, "Data sets that differ in settings of [data] only have rows in common")


def test_the_control_is_one_that_all_data_sets_have(tmp_path: Path) -> None:
    studies = [
        study(tmp_path / data, names, dataset=data)
        for data, names in (("digits", "xy"), ("mnist", "y"), ("omniglot", "yx"))
    ]
    comparison = coevo.compare([studies[0], studies[2]])
    assert comparison.control == ("x", "the first variant that all data sets have")
    comparison = coevo.compare(studies)
    assert comparison.control == ("y", "the first variant that all data sets have")


def test_all_that_share_the_best_median_are_tied_with_the_best(tmp_path: Path) -> None:
    values = {"n": [1.0, 2.0, 3.0], "x": [1.5, 2.0, 9.0], "y": [7.0, 8.0, 9.0]}
    names = {name: VARIANTS[name] for name in values}
    comparison = coevo.compare(study_of(tmp_path / "study", values, variants=names))
    marks = [(one.best, one.tied) for one in comparison.blocks[0].summaries]
    assert marks[:2] == [(True, True), (True, True)]
