"""What `coevo compare` refuses, word for word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import coevo
from coevo.comparison.comparison import check_format
from coevo.errors import CoevoError
from tests.coevo.comparison.recorded_studies import NONE, Recorded, pruned, write_run, write_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    variants = {"none": NONE, "uniform": pruned("uniform", amount=0.2)}
    worlds = {
        (name, seed): Recorded([1.0], training={1: [float("nan")], 4: [2.0], 9: [float("nan")]})
        for name in variants
        for seed in (1, 2)
    }
    return write_study(tmp_path / "study", variants, worlds)


def refusal(*arguments: Any, **keys: Any) -> str:
    with pytest.raises(CoevoError) as caught:
        coevo.compare(*arguments, **keys)
    return str(caught.value)


def test_an_unknown_metric(study: Path) -> None:
    assert refusal(study, "test_mes") == (
        "--metric: 'test_mes' is neither a figure of the results nor recorded; did you mean "
        "'test_mse'?"
    )
    assert refusal(study, "xyz") == (
        "--metric: 'xyz' is neither a figure of the results nor recorded; use 'replaced', "
        "'test_bce', 'test_l1', 'test_mse', 'training_mse', 'validation_bce', 'validation_l1' or "
        "'validation_mse'"
    )


def test_records_that_are_not_there(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, NONE, {1: Recorded([1.0])}) for name in "ab"]
    assert "'training_l1' is neither a figure of the results nor recorded" in refusal(
        runs, "training_l1"
    )


def test_a_generation_without_numbers(study: Path) -> None:
    options = coevo.CompareOptions(generation=8)
    assert refusal(study, "training_mse", options=options) == (
        "--generation: training_mse is no number with a loss on validation rows beside it in "
        "generation 8 of any run; the nearest in which it is one is 4"
    )
    assert refusal(study, "training_mse", over="mean", options=options) == (
        "--generation: training_mse is no number in generation 8 of any run; the nearest in "
        "which it is one is 4"
    )
    assert refusal(study, options=options) == (
        "--generation: test_mse is measured once, at the end of a run; leave --generation out, "
        "or give a column of the records as --metric"
    )


def test_an_unknown_control(study: Path) -> None:
    assert refusal(study, control="nome") == (
        "--control: 'nome' is not a variant here; did you mean 'none'?"
    )


def test_unknown_keys(study: Path) -> None:
    assert refusal(study, by=["pruning.operater"]) == (
        "--by: 'pruning.operater' is not a key of these experiments; did you mean "
        "'pruning.operator'?"
    )
    assert refusal(study, by=["12"]) == (
        "--by: '12' is not a key of these experiments; give a key of experiment.toml"
    )
    assert refusal(study, by=["task"]) == (
        "--by: 'task' is a whole table; give a key of it, such as 'task.dataset'"
    )
    assert refusal(study, by=["seed"]) == (
        "--by: 'seed' tells replicates apart, not variants; leave it out"
    )


def test_nothing_to_compare(study: Path, tmp_path: Path) -> None:
    assert refusal(study, by=["task.loss"]) == (
        "compare: 'mse' is the only variant with a result; tell runs apart with --by "
        "'pruning.operator', 'pruning.roles', 'pruning.bias', 'pruning.structure', "
        "'pruning.scope' or 'pruning.masks', or give the directories of others"
    )
    alone = write_run(tmp_path / "alone", NONE, {1: Recorded([1.0]), 2: Recorded([2.0])})
    assert refusal(alone) == (
        "compare: 'alone' is the only variant with a result; give the directories of others"
    )
    assert refusal([]) == "compare: no directory; give those of runs or studies"


def test_keys_that_all_runs_have_are_proposed_first(tmp_path: Path) -> None:
    variants = {str(amount): pruned("uniform", amount=amount) for amount in (0.1, 0.2)}
    worlds = {(name, 1): Recorded([1.0]) for name in variants}
    study = write_study(tmp_path / "study", variants, worlds)
    assert "--by 'pruning.amount', or give" in refusal(study, by=["pruning.operator"])


def test_data_sets_with_one_variant_each(tmp_path: Path) -> None:
    variants = {f"s{seed}": {"data": {"split_seed": seed}} for seed in (0, 1)}
    study = write_study(
        tmp_path / "study", variants, {(name, 1): Recorded([1.0]) for name in variants}
    )
    assert refusal(study) == (
        "compare: 2 data sets with one variant each; tell runs apart with --by "
        "'data.split_seed', or give the directories of others"
    )


def test_all_runs_stopped(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / n, NONE, {1: Recorded([1.0], stopped=True)}) for n in "ab"]
    assert refusal(runs) == (
        "compare: no run has a number to compare; all stopped or lack the metric: "
        "give another --metric, or the directories of runs that ended"
    )


def test_nothing_has_ended(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", {"v": NONE, "w": NONE}, {}, seeds=[1, 2])
    assert refusal(study) == (
        f"{study}: no world has ended yet; wait, or go on with 'coevo resume'"
    )


def test_runs_that_minimize_other_losses(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / loss, {"task": {"loss": loss}}, {1: Recorded([1.0])})
        for loss in ("mse", "l1")
    ]
    assert refusal(runs) == (
        "--metric: the runs minimize 'l1' and 'mse'; say which figure to compare, such as test_l1"
    )
    assert coevo.compare(runs, "test_mse").measure.metric == "test_mse"


def test_a_directory_given_twice(study: Path) -> None:
    again = study.parent / "." / "study"
    assert refusal([study, again]) == f"{study}: given twice, and a run counts once; give it once"


def test_the_same_experiment_twice_in_a_group(tmp_path: Path) -> None:
    variants = {"v": NONE, "w": NONE, "x": pruned("uniform")}
    study = write_study(
        tmp_path / "study", variants, {(name, 1): Recorded([1.0]) for name in variants}
    )
    assert refusal(study, by=["pruning.operator"]) == (
        f"{study}: holds seed 1 of 'none' twice: the variants 'v' and 'w' are the same "
        "experiment; compare them without --by"
    )
    assert len(coevo.compare(study).blocks[0].summaries) == 3


def test_wrong_numbers_and_names(study: Path) -> None:
    assert refusal(study, over="max") == (
        "--over: 'max' is not a way over cells; use 'best', 'mean' or 'median'"
    )
    for name, value, least in (("seed", -1, 0), ("resamples", 0, 1), ("generation", -2, 0)):
        options = coevo.CompareOptions(**{name: value})
        assert refusal(study, options=options) == (
            f"--{name}: {value} is too small; use a whole number >= {least}"
        )
    with pytest.raises(CoevoError) as caught:
        check_format("tex")
    assert str(caught.value) == "--format: 'tex' is not a format; did you mean 'text'?"
