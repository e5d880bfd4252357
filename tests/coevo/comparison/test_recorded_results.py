"""`coevo compare` on two studies that are shipped with the tests, all figures worked out by hand.

Both have the variants none, magnitude-50 and magnitude-80, whose best cells have the losses on
test rows that stand in `DIGITS` and `MNIST`, in thousandths, for the seeds 1, 2, ... The other
cell of each world is better by 2 on test rows, but not on validation rows, which decide.
"""

from __future__ import annotations

from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import coevo
from coevo.comparison.types import BlockFindings, Contrast, Summary

FOLDER = Path(__file__).resolve().parents[1] / "recorded_results"
DIGITS = {
    "none": [10, 12, 11, 13, 14, 15],
    "magnitude-50": [9, 11, 12, 10, 13, 11],
    "magnitude-80": [16, 14, 18, 17, 20],  # the world with seed 6 stopped
}
MNIST = {
    "none": [30, 31, 32, 33],
    "magnitude-50": [32, 33, 34, 35],
    "magnitude-80": [60, 64, 62, 66],
}


def near(thousandths: float) -> object:
    return pytest.approx(thousandths / 1000, rel=1e-9)


@pytest.fixture(scope="module")
def digits() -> BlockFindings:
    [block] = coevo.compare(FOLDER / "digits").blocks
    return block


@pytest.fixture(scope="module")
def both() -> coevo.Comparison:
    return coevo.compare([FOLDER / "digits", FOLDER / "mnist"])


def summary(block: BlockFindings, variant: str) -> Summary:
    return next(one for one in block.summaries if one.variant == variant)


def contrast(block: BlockFindings, variant: str) -> Contrast:
    return next(one for one in block.contrasts if one.variant == variant)


def test_one_number_per_run_of_the_cell_that_is_best_on_validation_rows(
    digits: BlockFindings,
) -> None:
    for variant, numbers in DIGITS.items():
        found = summary(digits, variant)
        assert found.values == pytest.approx([number / 1000 for number in numbers])
        assert found.seeds == tuple(range(1, len(numbers) + 1))
        assert (found.n, found.planned) == (len(numbers), 6)


@pytest.mark.parametrize(
    ("variant", "q1", "median", "q3", "mean"),
    [
        # 10, 11, 12, 13, 14, 15: quartiles at the places 1.25, 2.5, 3.75; 11 to 14 in the middle
        ("none", 11.25, 12.5, 13.75, 12.5),
        # 9, 10, 11, 11, 12, 13
        ("magnitude-50", 10.25, 11, 11.75, 11),
        # 14, 16, 17, 18, 20: quartiles at 1, 2, 3; 16, 17, 18 in the middle
        ("magnitude-80", 16, 17, 18, 17),
    ],
)
def test_quartiles_and_means(
    digits: BlockFindings, variant: str, q1: float, median: float, q3: float, mean: float
) -> None:
    found = summary(digits, variant)
    assert found.quartiles == pytest.approx((q1 / 1000, median / 1000, q3 / 1000))
    assert found.mean == near(mean)
    assert found.interval is not None
    assert found.interval.low < found.mean < found.interval.high


def test_six_pairs_with_ties(digits: BlockFindings) -> None:
    found = contrast(digits, "magnitude-50")
    # Differences -1, -1, 1, -3, -1, -4: ranks four times 2.5, 5, 6, and 2.5 are positive. Of 64
    # choices of signs 5 have a sum of 2.5 or less.
    assert (found.other, found.pairs) == ("none", 6)
    assert (found.verdict.test, found.verdict.exact) == ("Wilcoxon signed-rank", True)
    assert (found.verdict.statistic, found.verdict.p) == (2.5, 10 / 64)
    # The 11th of 21 means of two differences.
    assert found.shift == near(-1)
    # Larger than the control's: 0, 1.5, 2.5, 0.5, 3.5, 1.5 of 6 each.
    assert found.a12 == pytest.approx(9.5 / 36)
    assert found.improvement == pytest.approx(26.5 / 36)


def test_the_seed_of_a_stopped_world_has_no_pair(digits: BlockFindings) -> None:
    found = contrast(digits, "magnitude-80")
    # Differences 6, 2, 7, 4, 6, all positive.
    assert (found.pairs, found.verdict.statistic, found.verdict.p) == (5, 0, 2 / 32)
    # Means of two: 2, 3, 4, 4, 4, 4.5, 5, *5*, 5.5, 6, 6, 6, 6.5, 6.5, 7.
    assert found.shift == near(5)
    # 14 is larger than four and equal to one, the others are larger than all five.
    assert found.a12 == pytest.approx(24.5 / 25)
    assert found.improvement == pytest.approx(0.5 / 25)


def test_holm_over_both_comparisons(digits: BlockFindings) -> None:
    assert contrast(digits, "magnitude-80").p_holm == 2 * 2 / 32
    assert contrast(digits, "magnitude-50").p_holm == 10 / 64


def test_the_best_and_what_does_not_differ_from_it(digits: BlockFindings) -> None:
    # With 5 and 6 pairs nothing can: p values 2/32 and 10/64.
    assert [one.variant for one in digits.summaries if one.best] == ["magnitude-50"]
    assert all(one.tied for one in digits.summaries)


def test_sparsity_front_and_hypervolume(digits: BlockFindings) -> None:
    assert [one.sparsity for one in digits.summaries] == [0, 0.48, 0.78]
    # magnitude-50 is better than none, and sparser.
    assert [one.on_front for one in digits.summaries] == [False, True, True]
    assert digits.reference == near(20)  # the worst of all runs
    assert [(cover.name, list(cover.variants)) for cover in digits.covers] == [
        ("all variants", list(DIGITS)),
        ("magnitude, cubic", ["magnitude-50", "magnitude-80"]),
    ]
    area = (20 - 11) * 0.48 + (20 - 17) * 0.30
    assert [cover.volume for cover in digits.covers] == [near(area), near(area)]


def test_budgets(digits: BlockFindings) -> None:
    # 100 steps in each of two cells; 5 seconds of processor time for each world of a stack.
    assert {(one.steps, one.seconds, one.device) for one in digits.summaries} == {(200, 5, "cpu")}


def test_the_control_is_what_prunes_nothing() -> None:
    assert coevo.compare(FOLDER / "digits").control == (
        *("none", "the only variant that prunes nothing"),
    )


def test_the_mean_over_cells() -> None:
    [block] = coevo.compare(FOLDER / "digits", over="mean").blocks
    assert summary(block, "none").values == pytest.approx(
        [(number - 1) / 1000 for number in DIGITS["none"]]
    )
    # The other cell has half of the best one's sparsity.
    assert summary(block, "magnitude-50").sparsity == pytest.approx(0.36)


def test_another_loss_and_other_rows() -> None:
    [block] = coevo.compare(FOLDER / "digits", "validation_l1").blocks
    assert summary(block, "none").quartiles.median == near(2 * 12.5)


def test_a_column_of_the_records_in_its_last_generation_and_in_another() -> None:
    [block] = coevo.compare(FOLDER / "digits", "training_mse").blocks
    assert summary(block, "none").quartiles.median == near(12.5)
    options = coevo.CompareOptions(generation=1)
    [block] = coevo.compare(FOLDER / "digits", "training_mse", options=options).blocks
    assert summary(block, "none").quartiles.median == near(2 * 12.5)
    assert summary(block, "none").sparsity is None
    [block] = coevo.compare(FOLDER / "digits", "training_mse", over="mean", options=options).blocks
    assert summary(block, "none").quartiles.median == near(2.5 * 12.5)


def test_two_data_sets_are_two_blocks_and_holm_is_over_both(both: coevo.Comparison) -> None:
    assert [block.name for block in both.blocks] == ["digits", "mnist"]
    digits, mnist = both.blocks
    for variant, numbers in MNIST.items():
        assert summary(mnist, variant).values == pytest.approx([n / 1000 for n in numbers])
    # p: 10/64 and 2/32 on digits, 2/16 twice on mnist.
    assert contrast(digits, "magnitude-80").p_holm == 4 * 2 / 32
    assert contrast(mnist, "magnitude-50").p_holm == 3 * 2 / 16
    assert contrast(mnist, "magnitude-80").p_holm == 3 * 2 / 16
    assert contrast(digits, "magnitude-50").p_holm == 3 * 2 / 16  # not below the one before


def test_ranks_over_both_data_sets(both: coevo.Comparison) -> None:
    ranks = both.ranks
    assert ranks is not None
    assert {row.variant: row.rank for row in ranks.rows} == {
        "none": 1.5,
        "magnitude-50": 1.5,
        "magnitude-80": 3,
    }
    # 12 * 2 / (3 * 4) * (1.5^2 + 1.5^2 + 3^2 - 3 * 4^2 / 4) = 3, and F = 1 * 3 / (2 * 2 - 3).
    assert ranks.friedman.chi_squared == pytest.approx(3)
    assert ranks.friedman.p == pytest.approx(exp(-1.5))
    assert ranks.friedman.f == pytest.approx(3)
    # 2.344 is in table 5 of Demšar (2006): q = 2.343 for three, times sqrt(3 * 4 / (6 * 2)) = 1.
    assert ranks.critical_difference == pytest.approx(2.343, abs=1e-3)
    assert ranks.nemenyi["none", "magnitude-50"] == 1


def test_numbers_relative_to_the_controls_median(both: coevo.Comparison) -> None:
    assert both.ranks is not None
    row = next(row for row in both.ranks.rows if row.variant == "magnitude-50")
    # 9, 10, 11, 11, 12, 13 over 12.5, and 32, 33, 34, 35 over 31.5; two of ten go on each side.
    middle = [11 / 12.5, 11 / 12.5, 12 / 12.5, 32 / 31.5, 13 / 12.5, 33 / 31.5]
    assert row.mean == pytest.approx(np.mean(middle))
    # 26.5 of 36 pairs on digits, and 2 of 16 on mnist.
    assert row.improvement == pytest.approx((26.5 / 36 + 2 / 16) / 2)
    assert row.interval is not None
    assert row.improvement_interval is not None


def test_the_order_of_directories_changes_the_order_only(both: coevo.Comparison) -> None:
    other = coevo.compare([FOLDER / "mnist", FOLDER / "digits"])
    assert sorted(other.blocks, key=lambda block: block.name) == list(both.blocks)
    assert other.ranks is not None
    assert both.ranks is not None
    assert sorted(other.ranks.rows, key=str) == sorted(both.ranks.rows, key=str)
    assert other.ranks.friedman == both.ranks.friedman


def without_intervals(document: Any) -> Any:
    """A document with all intervals and seeds taken out."""
    if isinstance(document, dict):
        kept = [key for key in document if "interval" not in key and key != "bootstrap"]
        return {key: without_intervals(document[key]) for key in kept}
    return [*map(without_intervals, document)] if isinstance(document, list) else document


def test_it_repeats_and_the_seed_moves_intervals_only() -> None:
    folders = [FOLDER / "digits", FOLDER / "mnist"]
    first, again = (coevo.compare(folders).document for _ in range(2))
    assert first == again
    moved = coevo.compare(folders, options=coevo.CompareOptions(seed=1)).document
    assert first["ranks"] != moved["ranks"]
    assert without_intervals(first["data_sets"]) == without_intervals(moved["data_sets"])
    assert without_intervals(first["ranks"]) == without_intervals(moved["ranks"])
    assert "median" in str(without_intervals(first["data_sets"]))


def test_all_pairs() -> None:
    options = coevo.CompareOptions(all_pairs=True)
    [block] = coevo.compare(FOLDER / "digits", options=options).blocks
    pairs = {(one.variant, one.other): one for one in block.contrasts}
    assert list(pairs) == [
        ("magnitude-50", "none"),
        ("magnitude-80", "none"),
        ("magnitude-80", "magnitude-50"),
    ]
    # 16 - 9, 14 - 11, 18 - 12, 17 - 10, 20 - 13: all positive.
    assert pairs["magnitude-80", "magnitude-50"].verdict.p == 2 / 32
    assert pairs["magnitude-80", "magnitude-50"].p_holm == 3 * 2 / 32
    assert pairs["magnitude-50", "none"].p_holm == 3 * 2 / 32  # not below those before


def test_higher_is_better_turns_everything_around() -> None:
    options = coevo.CompareOptions(higher_is_better=True)
    [block] = coevo.compare(FOLDER / "digits", options=options).blocks
    assert [one.variant for one in block.summaries if one.best] == ["magnitude-80"]
    assert contrast(block, "magnitude-80").improvement == pytest.approx(24.5 / 25)
    assert contrast(block, "magnitude-80").a12 == pytest.approx(24.5 / 25)
    assert contrast(block, "magnitude-80").shift == near(5)
    assert [one.on_front for one in block.summaries] == [False, False, True]
    assert block.reference == near(9)
    assert block.covers[0].volume == near((17 - 9) * 0.78)
