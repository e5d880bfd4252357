"""``--set`` on studies."""

from __future__ import annotations

from pathlib import Path

import pytest

from coevo.experiment import load_experiment
from coevo.variants import variants
from tests.coevo.refusals import refused_file

STUDY = """
[[pruning]]
[sweep]
replicates = 30
"pruning.operator" = ["uniform", "variance"]
optimizer.steps = [10, 20]
[[sweep.variants]]
name = "none"
pruning = []
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(STUDY, "utf-8")
    return path


def names(source: str | Path, *changes: str) -> list[str]:
    return [one.name for one in variants(load_experiment(source, changes))]


def test_replicates_is_short_for_the_key_of_the_sweep(file: Path) -> None:
    for source in (file, "digits"):
        assert load_experiment(source, ["replicates=3"]).sweep.replicates == 3
    assert (
        load_experiment(file, ["replicates=3"]).sweep.values == load_experiment(file).sweep.values
    )
    assert refused_file("digits", ["replicates=0"]) == (
        "--set sweep.replicates: 0 is too small; use a whole number from 1 to 10000"
    )


@pytest.mark.parametrize(
    "change",
    [
        'sweep."pruning.operator"=["magnitude"]',
        "sweep.pruning.operator=['magnitude']",
        "sweep.pruning={operator=['magnitude']}",
    ],
)
def test_an_axis_is_replaced_however_it_is_written(file: Path, change: str) -> None:
    assert names(file, change) == ["magnitude-10", "magnitude-20", "none"]


@pytest.mark.parametrize("change", ['sweep."optimizer.steps"=[5]', "sweep.optimizer.steps=[5]"])
def test_also_where_the_file_has_a_table(file: Path, change: str) -> None:
    assert names(file, change) == ["uniform-5", "variance-5", "none"]


def test_a_new_axis_comes_last_also_in_an_experiment_that_is_no_study(file: Path) -> None:
    assert names(file, "sweep.variants=[]", "sweep.task.loss=['l1']") == [
        "uniform-10-l1",
        "uniform-20-l1",
        "variance-10-l1",
        "variance-20-l1",
    ]
    assert names("digits", "sweep.task.loss=['l1', 'mse']") == ["l1", "mse"]
    assert names("digits", "sweep.pruning[0].amount=[0.5]") == ["0.5"]


def test_lists_of_a_sweep_and_the_sweep_itself_are_replaced(file: Path) -> None:
    assert names(file, "sweep.exclude=[{pruning.operator = 'uniform'}]") == [
        "variance-10",
        "variance-20",
        "none",
    ]
    assert names(file, "sweep.zip=[{name = ['a'], grid.rows = [5]}]")[0] == "uniform-10-a"
    assert names(file, "sweep={}") == ["base"]


def test_the_experiment_of_all_variants_changes(file: Path) -> None:
    found = variants(load_experiment(file, ["generations=7", "pruning.amount=0.5"]))
    assert {one.experiment.generations for one in found} == {7}
    assert [[entry.amount for entry in one.experiment.pruning] for one in found] == [
        *([[0.5]] * 4),
        [],
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["grid.rows=0"], "--set grid.rows: 0 is too small; use a whole number from 1 to 10000"),
        (
            ["sweep.grid.rows=[0]"],
            "--set sweep variant 'uniform-10-0' and 3 others: grid.rows: 0 is too small; "
            "use a whole number from 1 to 10000",
        ),
        (
            ["sweep.zip=[{name = ['a'], grid.rows = [0]}]", "replicates=3"],
            "--set sweep variant 'uniform-10-a' and 3 others: grid.rows: 0 is too small; "
            "use a whole number from 1 to 10000",
        ),
        (
            ["sweep.variants=[{name = 'v', grid.rows = 0}]"],
            "--set sweep variant 'v': grid.rows: 0 is too small; use a whole number from 1 to 10000",
        ),
        (
            ["sweep.pruning.operator=uniform"],
            "--set sweep.pruning.operator: 'uniform' is not a list; give the values of the axis as a "
            "list",
        ),
        (["sweep.grid.rowz=[1]"], "--set sweep.grid.rowz: unknown key; did you mean 'rows'?"),
        (
            ["sweep.exclude=[{grid.rows = 1}]"],
            "--set sweep.exclude[0].grid.rows: no axis has this key; give keys of axes",
        ),
        (
            ["sweep.replicates.x=1"],
            "--set sweep.replicates.x: sweep.replicates is 30, not a table; set a key of a table",
        ),
    ],
)
def test_mistakes_of_changes_say_so(file: Path, changes: list[str], message: str) -> None:
    assert refused_file(file, changes) == message


def test_a_change_of_the_experiment_that_a_variant_cannot_have_is_named(file: Path) -> None:
    variant = '[[sweep.variants]]\nname = "s"\npruning.sparsity = 0.5\n'
    file.write_text(STUDY + variant, "utf-8")
    assert refused_file(file, ["pruning.probability=0.5"]) == (
        "--set sweep variant 's': pruning[0].probability: 0.5 is only for events, without a "
        "sparsity, not 0.5; remove it or change sparsity"
    )


def test_mistakes_of_the_file_are_not_those_of_changes(file: Path) -> None:
    file.write_text(STUDY + 'generations = "a"\n', "utf-8")
    wrong = (
        "sweep variant 'none': generations: 'a' is not a whole number; use a whole number >= 1, "
    )
    others = ["replicates=3", "sweep.grid.rows=[1]", "sweep.exclude=[]", "description=x"]
    for changes in ([], others):
        assert refused_file(file, changes) == f"{file}: {wrong}without quotes"
    absent = '[[sweep.variants]]\nname = "v"\npruning.3.amount = 0.5\n'
    file.write_text(STUDY + absent, "utf-8")
    assert refused_file(file, ["description=x", "sweep.grid.rows=[2]"]) == (
        f"{file}: sweep variant 'v': pruning.3.amount: there are 1 entries, counted from 0; "
        "give the number of one, or no number for all"
    )
    file.write_text(STUDY + '[[sweep.variants]]\nname = "none"\n', "utf-8")
    assert refused_file(file, ["replicates=3"]) == (
        f"{file}: sweep: two variants have the name 'none'; rename one"
    )


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("optimizer.steps=5", "optimizer.steps"),
        ("network.latent=5", "network.latent"),
        ("network={}", ""),
        ("optimizer.batch_size=5", ""),
        ("optimizer.moments=reset", ""),  # one variant has no such setting
    ],
)
def test_a_change_that_reaches_no_variant_is_refused(tmp_path: Path, change: str, key: str) -> None:
    file = tmp_path / "study.toml"
    text = '[sweep]\n"optimizer.steps" = [1, 2]\n[[sweep.variants]]\nname = "v"\n'
    more = 'optimizer.steps = 3\noptimizer.moments = "migrate"\n'
    file.write_text(text + more, "utf-8")
    with_latent = ["sweep.network.latent=[8, 9]", "sweep.variants=[]", change]
    changes = with_latent if change.startswith("network") else [change]
    if key:
        assert refused_file(file, changes) == (
            f"--set {key}: 5 has no effect: every variant sets this key by itself; change the sweep"
        )
    else:
        assert load_experiment(file, changes).sweep.is_study


def test_a_key_that_variants_set_in_several_ways_is_hidden_too(file: Path) -> None:
    # by an axis, and by the list without entries of the explicit variant
    assert refused_file(file, ["pruning.operator=wanda"]) == (
        "--set pruning.operator: 'wanda' has no effect: every variant sets this key by itself; "
        "change the sweep"
    )


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("pruning=[{}, {}]", True),
        ("pruning.amount=0.5", True),
        ("pruning[0].amount=0.5", True),
        ("grid.rows=4", False),
    ],
)
def test_a_list_of_entries_that_varies_hides_all_its_keys(change: str, refused: bool) -> None:
    changes = ["sweep.pruning=[[], [{}]]", change]
    if refused:
        assert "has no effect: every variant sets this key" in refused_file("digits", changes)
    else:
        assert names("digits", *changes) == ["none", "uniform"]


def test_a_key_that_varies_in_all_entries_hides_that_of_one_but_not_the_other_way() -> None:
    entries = "pruning=[{}, {}]"
    of_all = ["sweep.pruning.amount=[0.1, 0.2]", entries, "pruning[1].amount=0.5"]
    assert refused_file("digits", of_all) == (
        "--set pruning.1.amount: 0.5 has no effect: every variant sets this key by itself; "
        "change the sweep"
    )
    of_one = ["sweep.pruning[1].amount=[0.1, 0.2]", entries, "pruning.amount=0.5"]
    first, second = variants(load_experiment("digits", of_one))
    assert [entry.amount for entry in first.experiment.pruning] == [0.5, 0.1]
    assert [entry.amount for entry in second.experiment.pruning] == [0.5, 0.2]
