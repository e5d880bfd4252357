"""Which runs count as one variant, on which data; which seeds pair; what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import coevo
from coevo.comparison.contrasts import matched, not_worse_than_best
from coevo.comparison.measure import Measure
from coevo.comparison.types import BlockFindings
from coevo.errors import CoevoError
from tests.coevo.comparison.invented_groups import block as block_of
from tests.coevo.comparison.invented_groups import group
from tests.coevo.comparison.recorded_studies import (
    NONE,
    Recorded,
    Tables,
    fail_stack,
    pruned,
    study_of,
    write_run,
    write_study,
)

UNIFORM, WANDA = pruned("uniform", amount=0.1), pruned("wanda", amount=0.1)


def values(block: BlockFindings) -> dict[str, list[float]]:
    return {summary.variant: list(summary.values) for summary in block.summaries}


def one(comparison: coevo.Comparison) -> BlockFindings:
    [block] = comparison.blocks
    return block


def cell(value: float) -> Recorded:
    return Recorded([value])


def test_runs_are_called_by_their_directories(tmp_path: Path) -> None:
    plain = write_run(tmp_path / "plain", NONE, {1: cell(1.0), 2: cell(2.0)})
    other = write_run(tmp_path / "wanda", WANDA, {1: cell(3.0), 2: cell(4.0)})
    comparison = coevo.compare([plain, other])
    assert values(one(comparison)) == {"plain": [1, 2], "wanda": [3, 4]}
    assert comparison.control == ("plain", "the only variant that prunes nothing")


def test_seeds_of_one_experiment_in_several_directories_pool(tmp_path: Path) -> None:
    variants = {"uniform": UNIFORM, "wanda": WANDA}
    numbers = {"uniform": [1.0, 2.0], "wanda": [3.0, 4.0]}
    first = study_of(tmp_path / "first", numbers, variants=variants, first_seed=3)
    second = study_of(tmp_path / "second", numbers, variants=variants, first_seed=1)
    block = one(coevo.compare([first, second]))
    assert values(block) == {"uniform": [1, 2, 1, 2], "wanda": [3, 4, 3, 4]}
    assert {(s.seeds, s.planned) for s in block.summaries} == {((1, 2, 3, 4), 4)}
    assert block.contrasts[0].pairs == 4


def test_the_same_seed_in_two_directories_is_refused(tmp_path: Path) -> None:
    variants = {"uniform": UNIFORM, "wanda": WANDA}
    numbers = {"uniform": [1.0, 2.0], "wanda": [3.0, 4.0]}
    first = study_of(tmp_path / "first", numbers, variants=variants)
    second = study_of(tmp_path / "second", numbers, variants=variants, first_seed=2)
    with pytest.raises(CoevoError) as caught:
        coevo.compare([first, second])
    assert str(caught.value) == (
        f"{second}: seed 2 of 'uniform' is in {first} too, and a run counts once; leave one of "
        "the directories out"
    )


def test_other_experiments_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    first = study_of(tmp_path / "a", {"v": [1.0], "w": [5.0]}, variants={"v": NONE, "w": WANDA})
    second = study_of(
        tmp_path / "b", {"v": [2.0], "w": [6.0]}, variants={"v": UNIFORM, "w": WANDA}, first_seed=2
    )
    assert values(one(coevo.compare([first, second]))) == {
        f"{first}: v": [1],
        "w": [5, 6],
        f"{second}: v": [2],
    }


def test_settings_without_effect_do_not_tell_experiments_apart(tmp_path: Path) -> None:
    idle: Tables = {
        "description": "more",
        "engine": {"cells_per_chunk": 2},
        "checkpoint": {"every": 3},
        "evaluation": {"training_rows": 5},
    }
    variants = {"v": NONE, "w": WANDA}
    first = study_of(tmp_path / "a", {"v": [1.0], "w": [5.0]}, variants=variants)
    more = {name: {**tables, **idle} for name, tables in variants.items()}
    second = study_of(tmp_path / "b", {"v": [2.0], "w": [6.0]}, variants=more, first_seed=2)
    assert values(one(coevo.compare([first, second]))) == {"v": [1, 2], "w": [5, 6]}


def test_groups_by_keys_average_the_variants_of_a_seed(tmp_path: Path) -> None:
    variants = {
        "none": NONE,
        "uf": pruned("uniform", schedule="fixed"),
        "ui": pruned("uniform", schedule="increase"),
        "wf": pruned("wanda", schedule="fixed"),
    }
    numbers = {"none": [1.0, 2.0], "uf": [3.0, 4.0], "ui": [5.0, 8.0], "wf": [9.0, 10.0]}
    study = study_of(tmp_path / "study", numbers, variants=variants)
    comparison = coevo.compare(study, by=["pruning.operator"])
    block = one(comparison)
    assert values(block) == {"none": [1, 2], "uniform": [4, 6], "wanda": [9, 10]}
    assert [summary.n for summary in block.summaries] == [2, 2, 2]
    assert [contrast.pairs for contrast in block.contrasts] == [2, 2]
    assert any(
        note.startswith("Several variants count as one in uniform (2):")
        for note in comparison.notes
    )
    both = one(coevo.compare(study, by=["pruning.operator", "pruning.schedule"]))
    assert [*values(both)] == ["none", "uniform, fixed", "uniform, increase", "wanda, fixed"]
    assert one(coevo.compare(study, by="pruning.operator, pruning.schedule")) == both
    uneven = "Groups that prune are of different numbers of variants (1, 2)"
    assert any(uneven in note for note in comparison.notes)
    assert not any("Groups that prune" in note for note in coevo.compare(study).notes)
    schedules = one(coevo.compare(study, by=["pruning.schedule"]))
    assert values(schedules) == {"none": [1, 2], "fixed": [6, 7], "increase": [5, 8]}


def test_sparsity_and_budget_of_a_seed_are_averaged_as_its_number_is(tmp_path: Path) -> None:
    variants = {
        "none": NONE,
        **{f"u{amount}": pruned("uniform", amount=amount) for amount in (0.1, 0.2, 0.3)},
    }
    shares = {"none": 0.0, "u0.1": 0.0, "u0.2": 0.0, "u0.3": 0.9}
    worlds = {
        (name, seed): Recorded([1.0], sparsity=[share])
        for name, share in shares.items()
        for seed in (1, 2)
    }
    study = write_study(tmp_path / "study", variants, worlds)
    [_, uniform] = one(coevo.compare(study, by="pruning.operator")).summaries
    assert uniform.sparsity == pytest.approx(0.3)  # the median of all six runs is 0
    more = {
        name: {**tables, "grid": {"rows": rows}}
        for rows, (name, tables) in enumerate(variants.items(), 1)
    }
    cells = {
        (name, seed): Recorded([1.0] * rows) for rows, name in enumerate(more, 1) for seed in (1, 2)
    }
    other = write_study(tmp_path / "other", more, cells)
    [_, uniform] = one(coevo.compare(other, by="pruning.operator")).summaries
    assert (uniform.steps, uniform.seconds) == (300, 5)


def test_seeds_with_other_variants_than_other_seeds_are_told_of(tmp_path: Path) -> None:
    variants = {"none": NONE, "a": UNIFORM, "b": pruned("uniform", amount=0.2)}
    first = study_of(
        tmp_path / "first", {name: [1.0, 2.0, 3.0] for name in variants}, variants=variants
    )
    rest = {name: variants[name] for name in ("none", "a")}
    second = study_of(
        tmp_path / "second", {name: [4.0, 5.0] for name in rest}, variants=rest, first_seed=4
    )
    told = "digits: 2 of 5 seeds of uniform have not all of its 2 variants, so its numbers are"
    notes = coevo.compare([first, second], by="pruning.operator").notes
    assert sum(note.startswith(told) for note in notes) == 1
    assert not any("have not all of" in note for note in coevo.compare([first, second]).notes)
    alone = coevo.compare(first, by="pruning.operator")
    assert not any("have not all of" in note for note in alone.notes)


def test_a_seed_of_which_a_variant_is_missing_is_left_out_of_its_group(tmp_path: Path) -> None:
    variants = {"a": pruned("uniform", amount=0.1), "b": pruned("uniform", amount=0.2), "n": NONE}
    worlds = {(name, seed): cell(float(seed)) for name in "abn" for seed in (1, 2, 3)}
    worlds["a", 2] = Recorded([1.0], stopped=True)
    del worlds["b", 3]
    study = write_study(tmp_path / "study", variants, worlds)
    block = one(coevo.compare(study, by=["pruning.operator"]))
    assert values(block) == {"uniform": [1], "none": [1, 2, 3]}
    assert [summary.planned for summary in block.summaries] == [3, 3]


def test_other_data_are_another_block(tmp_path: Path) -> None:
    numbers = {"v": [1.0, 2.0], "w": [3.0, 4.0]}
    studies = [study_of(tmp_path / name, numbers, dataset=name) for name in ("digits", "mnist")]
    assert [block.name for block in coevo.compare(studies).blocks] == ["digits", "mnist"]


def test_blocks_of_one_data_set_are_called_by_what_differs(tmp_path: Path) -> None:
    variants: dict[str, Tables] = {
        f"{name}{seed}": {**tables, "data": {"split_seed": seed}}
        for seed in (0, 1)
        for name, tables in (("v", NONE), ("w", WANDA))
    }
    numbers = {"v0": [1.0], "w0": [2.0], "v1": [3.0], "w1": [4.0]}
    study = study_of(tmp_path / "study", numbers, variants=variants)
    comparison = coevo.compare(study, by=["pruning.operator"])
    assert {block.name: values(block) for block in comparison.blocks} == {
        "digits (split_seed 0)": {"none": [1], "wanda": [2]},
        "digits (split_seed 1)": {"none": [3], "wanda": [4]},
    }
    # Where data are what is compared, they tell no blocks apart.
    one_block = one(coevo.compare(study, by=["data.split_seed"]))
    assert values(one_block) == {"split_seed 0": [1.5], "split_seed 1": [3.5]}


def test_where_data_lie_does_not_matter(tmp_path: Path) -> None:
    variants: dict[str, Tables] = {
        name: {**tables, "task": {"dataset": "mnist"}, "data": {"directory": f"/data/{name}"}}
        for name, tables in (("v", NONE), ("w", WANDA))
    }
    worlds = {("v", 1): cell(1.0), ("w", 1): cell(2.0)}
    study = write_study(tmp_path / "study", variants, worlds)
    assert values(one(coevo.compare(study))) == {"v": [1], "w": [2]}


def test_what_has_not_ended_is_counted_and_left_out(tmp_path: Path) -> None:
    variants = {"none": NONE, "uniform": UNIFORM, "wanda": WANDA}
    worlds = {(name, seed): cell(float(seed)) for name in variants for seed in (1, 2, 3)}
    worlds["uniform", 3] = Recorded([None])
    study = write_study(
        tmp_path / "study",
        variants,
        worlds,
        seeds=[1, 2, 3, 4],
        stacks=[["none", "uniform"], ["wanda"]],
    )
    fail_stack(study, 2, "out of memory")
    comparison = coevo.compare(study)
    block = one(comparison)
    assert [(s.variant, s.n, s.planned) for s in block.summaries] == [
        ("none", 3, 4),
        ("uniform", 2, 4),
    ]
    assert comparison.notes[-4:] == [
        f"{study}: 6 of 12 runs have not ended.",
        f"{study}: no run of wanda has ended.",
        f"{study}: failed: 002: out of memory",
        "digits: numbers that count: none 3 of 4, uniform 2 of 4; the other runs stopped, failed, "
        "have not ended or lack the metric.",
    ]


def test_a_variant_without_a_number_is_told_of(tmp_path: Path) -> None:
    variants = {"none": NONE, "uniform": UNIFORM, "wanda": WANDA}
    worlds = {(name, seed): cell(float(seed)) for name in ("none", "uniform") for seed in (1, 2)}
    stopped = {("wanda", seed): Recorded([1.0], stopped=True) for seed in (1, 2)}
    comparison = coevo.compare(write_study(tmp_path / "study", variants, {**worlds, **stopped}))
    assert [*values(one(comparison))] == ["none", "uniform"]
    assert "digits: numbers that count: wanda 0 of 2;" in comparison.notes[-1]


def test_seeds_pair_where_half_of_the_smaller_group_do() -> None:
    first, second = group("a", [1.0, 2, 3, 4]), group("b", [10.0, 20, 30, 40, 50], first_seed=3)
    pair = matched(first, second)
    assert pair.paired
    assert (pair.first.tolist(), pair.second.tolist()) == ([3, 4], [10, 20])
    apart = matched(first, group("b", [10.0, 20, 30], first_seed=4))
    assert not apart.paired
    assert (len(apart.first), len(apart.second)) == (4, 3)
    assert not matched(group("a", [1.0]), group("b", [2.0])).paired
    # Two of six are too few, also of twenty on the other side.
    few = matched(group("a", [1.0] * 6), group("b", [2.0] * 20, first_seed=5))
    assert not few.paired


def test_what_does_not_differ_from_the_best_and_what_does() -> None:
    numbers = np.arange(1.0, 13.0)
    noise = np.array([0.3, -0.4] * 6)
    groups = {
        "beside": numbers + noise,
        "best": numbers - 0.2,
        "ten": 10 * numbers,
        "twenty": 20 * numbers,
    }
    study = block_of(*(group(name, own.tolist()) for name, own in groups.items()))
    assert not_worse_than_best(study, Measure("test_mse")) == {
        "beside": True,
        "best": True,
        "ten": False,
        "twenty": False,
    }
    turned = Measure("test_mse", higher_is_better=True)
    assert not_worse_than_best(study, turned)["twenty"]
    assert sum(not_worse_than_best(study, turned).values()) == 1


def test_mann_whitney_where_seeds_do_not_pair(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", NONE, {seed: cell(float(seed)) for seed in (1, 2, 3)})
    b = write_run(tmp_path / "b", WANDA, {seed: cell(float(seed)) for seed in (4, 5, 6)})
    comparison = coevo.compare([a, b])
    [contrast] = one(comparison).contrasts
    assert (contrast.pairs, contrast.verdict.test) == (None, "Mann-Whitney U")
    assert contrast.verdict.p == pytest.approx(2 / 20)
    assert contrast.shift == 3
    assert any("Mann-Whitney U tests where seeds do not pair" in note for note in comparison.notes)


def test_identical_variants_do_not_differ(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(1, 0.1, 30).tolist()
    study = study_of(tmp_path / "study", {"a": numbers, "b": numbers, "c": numbers})
    for contrast in one(coevo.compare(study)).contrasts:
        assert (contrast.verdict.p, contrast.p_holm) == (1, 1)
        assert (contrast.a12, contrast.improvement, contrast.shift) == (0.5, 0.5, 0)
        assert contrast.interval is not None
        assert contrast.interval.low <= 0.5 <= contrast.interval.high


def test_the_order_of_cells_does_not_matter(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    variants = {"v": NONE, "w": WANDA}
    there, turned = {}, {}
    for name in variants:
        for seed in range(1, 8):
            test, validation, sparsity = generator.random((3, 5))
            order = generator.permutation(5)
            there[name, seed] = Recorded(test.tolist(), validation.tolist(), sparsity.tolist())
            turned[name, seed] = Recorded(
                test[order].tolist(), validation[order].tolist(), sparsity[order].tolist()
            )
    first = write_study(tmp_path / "there", variants, there)
    second = write_study(tmp_path / "turned", variants, turned)
    for over in ("best", "mean", "median"):
        one_way, other = (coevo.compare(study, over=over).blocks[0] for study in (first, second))
        for here, beside in zip(one_way.summaries, other.summaries, strict=True):
            assert here.values == pytest.approx(beside.values)
            assert here.sparsity == pytest.approx(beside.sparsity)


def test_cells_become_one_number_as_asked(tmp_path: Path) -> None:
    # The third cell is the best on validation rows.
    world = Recorded([1.0, 2.0, 6.0], [0.3, 0.2, 0.1], [0.1, 0.5, 0.6])
    study = write_study(
        tmp_path / "study", {"v": NONE, "w": WANDA}, {("v", 1): world, ("w", 1): cell(1.0)}
    )
    for over, value, sparsity in (("best", 6, 0.6), ("mean", 3, 0.4), ("median", 2, 0.5)):
        found = one(coevo.compare(study, over=over)).summaries[0]
        assert found.values == [value]
        assert found.sparsity == pytest.approx(sparsity)
    broken = Recorded([1.0, None, 6.0], [0.3, 0.2, 0.1])
    worlds = {("v", 1): world, ("v", 2): broken, ("w", 1): cell(1.0), ("w", 2): cell(1.0)}
    study = write_study(tmp_path / "more", {"v": NONE, "w": WANDA}, worlds)
    # The cell that counts has a number, but not all cells have.
    assert values(one(coevo.compare(study)))["v"] == [6, 6]
    assert values(one(coevo.compare(study, over="median")))["v"] == [2]


def test_the_control_may_be_named_and_is_the_first_otherwise(tmp_path: Path) -> None:
    study = study_of(tmp_path / "study", {"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert coevo.compare(study).control == ("a", "the first variant")
    named = coevo.compare(study, control="b")
    assert named.control == ("b", "as asked")
    assert [(c.variant, c.other) for c in one(named).contrasts] == [("a", "b")]


def test_of_several_variants_that_prune_nothing_none_is_the_control(tmp_path: Path) -> None:
    variants: dict[str, Tables] = {
        "pruned": UNIFORM,
        "slow": {"optimizer": {"learning_rate": 1e-4}},
        "fast": {"optimizer": {"learning_rate": 1e-2}},
    }
    numbers = {name: [1.0, 2.0] for name in variants}
    study = study_of(tmp_path / "study", numbers, variants=variants)
    assert coevo.compare(study).control == ("pruned", "the first variant")


def test_families_are_named_by_what_tells_them_apart(tmp_path: Path) -> None:
    alike = study_of(tmp_path / "alike", {"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert [cover.name for cover in one(coevo.compare(alike)).covers] == ["all variants"]
    variants = {
        f"{operator} {amount} {scope}": pruned(operator, amount=amount, scope=scope)
        for operator in ("uniform", "wanda")
        for amount in (0.1, 0.2)
        for scope in ("layer", "tensor")
    }
    study = study_of(tmp_path / "study", {name: [1.0] for name in variants}, variants=variants)
    assert [(c.name, len(c.variants)) for c in one(coevo.compare(study)).covers] == [
        ("all variants", 8),
        ("uniform, layer", 2),
        ("uniform, tensor", 2),
        ("wanda, layer", 2),
        ("wanda, tensor", 2),
    ]


def test_a_world_that_ended_twice_counts_once(tmp_path: Path) -> None:
    worlds = {("v", 1): cell(1.0), ("w", 1): cell(2.0)}
    study = write_study(
        tmp_path / "study", {"v": NONE, "w": WANDA}, worlds, stacks=[["v", "w"], ["w"]]
    )
    assert values(one(coevo.compare(study))) == {"v": [1], "w": [2]}


def test_the_last_generation_that_is_a_number_in_the_cells_that_count(tmp_path: Path) -> None:
    nan = float("nan")
    worlds = {
        ("v", 1): Recorded([1.0, 2.0], training={1: [3.0, 5.0], 2: [4.0, nan], 3: [nan, nan]}),
        ("w", 1): Recorded([2.0, 1.0], training={1: [6.0, 8.0], 2: [7.0, 9.0], 3: [nan, 1.0]}),
    }
    study = write_study(tmp_path / "study", {"v": NONE, "w": WANDA}, worlds)
    best = one(coevo.compare(study, "training_mse"))
    assert values(best) == {"v": [4], "w": [1]}
    mean = one(coevo.compare(study, "training_mse", over="mean"))
    assert values(mean) == {"v": [4], "w": [8]}
    flag = one(coevo.compare(study, "replaced"))
    assert values(flag) == {"v": [1], "w": [0]}
    # In generation 2 the first cell has the lowest loss on validation rows, in both worlds.
    options = coevo.CompareOptions(generation=2)
    assert values(one(coevo.compare(study, "training_mse", options=options))) == {
        "v": [4],
        "w": [7],
    }
