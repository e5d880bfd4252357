"""What sweeps mean, by examples."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from coevo.experiment import Experiment, SweepTable, experiment_from_dict, load_experiment, to_toml
from coevo.presets import preset_names
from coevo.variant_names import short_text
from coevo.variants import Variant, variants

ROOT = Path(__file__).parents[2]
STUDY = """
[[pruning]]
[sweep]
replicates = 30
"pruning.operator" = ["uniform", "variance"]
"optimizer.learning_rate" = [1e-3, 1e-4]
pruning.schedule = ["fixed", "cosine"]
[[sweep.zip]]
name = ["small", "large"]
"grid.rows" = [1, 3]
"grid.columns" = [1, 4]
[[sweep.variants]]
name = "canonical"
"grid.rows" = 1
grid.columns = 1
pruning = []
[[sweep.exclude]]
"pruning.operator" = "variance"
"pruning.schedule" = "fixed"
[[sweep.exclude]]
grid.rows = 3
optimizer.learning_rate = 1e-4
"""


def expand(sweep: dict[str, Any], **tables: Any) -> tuple[Variant, ...]:
    return variants(experiment_from_dict({**tables, "sweep": sweep}))


def names(sweep: dict[str, Any], **tables: Any) -> list[str]:
    return [one.name for one in expand(sweep, **tables)]


def test_a_study_is_the_product_without_what_is_excluded_and_the_explicit_variants() -> None:
    found = variants(experiment_from_dict(tomllib.loads(STUDY)))
    assert [one.name for one in found] == [
        "uniform-0.001-fixed-small",
        "uniform-0.001-fixed-large",
        "uniform-0.001-cosine-small",
        "uniform-0.001-cosine-large",
        "uniform-0.0001-fixed-small",
        "uniform-0.0001-cosine-small",
        "variance-0.001-cosine-small",
        "variance-0.001-cosine-large",
        "variance-0.0001-cosine-small",
        "canonical",
    ]
    large = found[7]
    assert large.settings == {
        "pruning.operator": "variance",
        "optimizer.learning_rate": 0.001,
        "pruning.schedule": "cosine",
        "grid.rows": 3,
        "grid.columns": 4,
    }
    assert large.options == {
        "pruning.operator": "variance",
        "optimizer.learning_rate": "0.001",
        "pruning.schedule": "cosine",
        "grid.rows+columns": "large",
    }
    assert large.experiment == experiment_from_dict(
        {
            "pruning": [{"operator": "variance", "schedule": "cosine"}],
            "optimizer": {"learning_rate": 0.001},
            "grid": {"rows": 3, "columns": 4},
            "sweep": {"replicates": 30},
        }
    )
    canonical = found[-1]
    assert canonical.settings == {"grid.rows": 1, "grid.columns": 1, "pruning": []}
    assert (canonical.options, canonical.experiment.pruning) == ({}, ())


def test_an_experiment_whose_seed_alone_varies_is_no_study() -> None:
    experiment = experiment_from_dict({"sweep": {"replicates": 3}})
    assert not experiment.sweep.is_study
    assert variants(experiment) == (Variant("base", {}, {}, experiment),)
    assert variants(Experiment()) == (Variant("base", {}, {}, Experiment()),)


@pytest.mark.parametrize(
    "sweep",
    [
        {"grid.rows": [1]},
        {"zip": [{"grid.rows": [1]}]},
        {"variants": [{"name": "as-it-is"}]},
    ],
)
def test_an_axis_or_an_explicit_variant_makes_a_study(sweep: dict[str, Any]) -> None:
    experiment = experiment_from_dict({"sweep": sweep})
    assert experiment.sweep.is_study
    (one,) = variants(experiment)
    assert one.experiment.sweep == SweepTable()
    assert not one.experiment.sweep.is_study


def test_whole_lists_are_set_before_the_keys_of_their_entries() -> None:
    entries = [[{"amount": 0.2}], [{}, {"operator": "magnitude"}]]
    sweep = {
        "pruning.schedule": ["cosine"],
        "pruning[0].amount": [0.3],
        "zip": [{"name": ["one", "two"], "pruning": entries}],
    }
    first, second = (one.experiment.pruning for one in expand(sweep))
    assert [(e.operator, e.schedule, e.amount) for e in first] == [("uniform", "cosine", 0.3)]
    assert [(e.operator, e.schedule, e.amount) for e in second] == [
        ("uniform", "cosine", 0.3),
        ("magnitude", "cosine", 0.1),
    ]


def test_keys_of_pruning_make_an_entry_where_there_is_none() -> None:
    first, second = expand({"pruning.operator": ["magnitude", "wanda"]})
    assert [entry.operator for entry in first.experiment.pruning] == ["magnitude"]
    assert [entry.operator for entry in second.experiment.pruning] == ["wanda"]


def test_a_whole_table_is_replaced_and_one_in_a_variant_is_a_way_to_write_keys() -> None:
    grid = {"rows": 5, "columns": 6}
    whole, keys = expand(
        {"grid": [{"rows": 2}], "variants": [{"name": "v", "grid": {"rows": 7}}]}, grid=grid
    )
    assert (whole.experiment.grid.rows, whole.experiment.grid.columns) == (2, 3)
    assert (keys.experiment.grid.rows, keys.experiment.grid.columns) == (7, 6)
    assert (whole.settings, keys.settings) == ({"grid": {"rows": 2}}, {"grid.rows": 7})


def test_an_exclusion_of_a_whole_table_means_the_table() -> None:
    tables = [{"rows": 1, "columns": 1}, {"rows": 3}]
    sweep = {"grid": tables, "task.loss": ["mse", "l1"], "exclude": [{"grid": {"rows": 3}}]}
    assert names(sweep) == ["rows=1+columns=1-mse", "rows=1+columns=1-l1"]
    sweep["exclude"] = [{"grid": {"columns": 1, "rows": 1}, "task": {"loss": "l1"}}]
    assert names(sweep) == ["rows=1+columns=1-mse", "rows=3-mse", "rows=3-l1"]


def test_options_of_modules_vary_by_their_names() -> None:
    network = {"encoder": "mine:encoder", "decoder": "mine:decoder", "options": {"depth": 2}}
    sweep = {"network": {"options": {"width": [8, 16], "a b": ["x"]}}}
    first, second = expand(sweep, network=network)
    assert first.settings == {"network.options.width": 8, 'network.options."a b"': "x"}
    assert first.experiment.network.options == {"depth": 2, "width": 8, "a b": "x"}
    assert second.name == "16-x"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("wanda", "wanda"),
        ("mine:loudness", "mine_loudness"),
        ("~/data/ä ö.npz", "_data_.npz"),
        ("", ""),
        (1e-05, "1e-05"),
        (2.0, "2.0"),
        (-3, "-3"),
        (True, "true"),
        ([], "none"),
        ([48], "48"),
        ([0.9, 0.999], "0.9+0.999"),
        (["encoder", "decoder"], "encoder+decoder"),
        ([{"operator": "wanda", "amount": 0.5}, {}], "wanda+uniform"),
        ({"width": 8, "bias": False}, "width=8+bias=false"),
        ({}, "none"),
        ([[0, 1]], ""),
        ({"a": [1]}, ""),
    ],
)
def test_a_value_is_its_own_label_where_it_is_short(value: object, text: str) -> None:
    assert short_text(value) == text


def test_keys_stand_in_labels_where_two_axes_have_the_same_or_none_can_begin_a_name() -> None:
    axes = {"grid.rows": [1, 3], "grid.columns": [3, 4], "task.loss": ["l1"]}
    assert names(axes)[0] == "rows=1-columns=3-l1"
    assert names({"grid.rows": [1, 3], "grid.columns": [4, 5]})[0] == "1-4"
    options = {"network.options.x": ["-a", "a"]}
    network = {"encoder": "mine:encoder", "decoder": "mine:decoder"}
    assert names(options, network=network) == ["x=-a", "x=a"]


def test_keys_stand_in_all_labels_where_names_would_be_equal_otherwise() -> None:
    options = {"network.options.x": ["a", "a-b"], "network.options.y": ["b-c", "c"]}
    network = {"encoder": "mine:encoder", "decoder": "mine:decoder"}
    assert names(options, network=network) == ["x=a-y=b-c", "x=a-y=c", "x=a-b-y=b-c", "x=a-b-y=c"]


def test_the_options_of_a_zip_are_named_by_their_values_or_as_told() -> None:
    lists = {"grid.rows": [1, 3], "grid.columns": [4, 5]}
    assert names({"zip": [lists]}) == ["rows=1+columns=4", "rows=3+columns=5"]
    assert names({"zip": [{"grid.rows": [1, 3]}]}) == ["1", "3"]
    assert names({"zip": [{**lists, "name": ["1", "X"]}], "optimizer.steps": [1]}) == [
        "steps=1-1",
        "steps=1-X",
    ]
    (one, _) = expand({"zip": [{**lists, "task.loss": ["l1", "mse"]}]})
    assert one.options == {"grid.rows+columns+task.loss": "rows=1+columns=4+loss=l1"}


def test_what_is_given_stays_and_what_a_variant_changes_by_itself_is_not_written() -> None:
    sweep = {"network.kind": ["mlp", "conv"], "pruning.operator": ["wanda", "uniform"]}
    experiment = experiment_from_dict(
        {"sweep": sweep, "network": {"latent": 8}, "pruning": [{"operator": "wanda"}]}
    )
    written = tomllib.loads(to_toml(experiment))
    # a default of hidden, given, would hold for conv; rows, given, would be refused for uniform
    assert "hidden" not in written["network"]
    assert (written["network"]["kind"], written["network"]["latent"]) == ("mlp", 8)
    assert "rows" not in written["pruning"][0]
    assert written["pruning"][0]["operator"] == "wanda"
    assert written["pruning"][0]["scope"] == "layer"
    # a variant with a sparsity may be added, which amounts do not go with
    assert "amount" not in written["pruning"][0]
    again = experiment_from_dict(written)
    assert again == experiment
    assert variants(again) == variants(experiment)
    assert [one.experiment.network.hidden for one in variants(again)] == [(48,), (48,), (), ()]


def test_a_default_that_every_variant_replaces_is_written() -> None:
    sweep = {"pruning.operator": ["wanda", "magnitude"], "pruning[0].scope": ["network"]}
    experiment = experiment_from_dict({"sweep": sweep, "pruning": [{}]})
    (entry,) = tomllib.loads(to_toml(experiment))["pruning"]
    assert (entry["operator"], entry["scope"]) == ("uniform", "layer")


def test_a_sweep_is_written_as_people_write_it() -> None:
    written = to_toml(experiment_from_dict(tomllib.loads(STUDY)))
    assert written[written.index("[sweep]") :].splitlines() == [
        "[sweep]",
        "replicates = 30",
        '"pruning.operator" = ["uniform", "variance"]',
        '"optimizer.learning_rate" = [0.001, 0.0001]',
        '"pruning.schedule" = ["fixed", "cosine"]',
        "",
        "[[sweep.zip]]",
        'name = ["small", "large"]',
        '"grid.rows" = [1, 3]',
        '"grid.columns" = [1, 4]',
        "",
        "[[sweep.variants]]",
        'name = "canonical"',
        '"grid.rows" = 1',
        '"grid.columns" = 1',
        "pruning = []",
        "",
        "[[sweep.exclude]]",
        '"pruning.operator" = "variance"',
        '"pruning.schedule" = "fixed"',
        "",
        "[[sweep.exclude]]",
        '"grid.rows" = 3',
        '"optimizer.learning_rate" = 0.0001',
    ]
    assert "sweep" in written
    assert to_toml(Experiment()).endswith("[sweep]\nreplicates = 1\n")


@pytest.mark.parametrize("name", preset_names())
def test_presets_have_the_same_variants_when_written_and_read(name: str, tmp_path: Path) -> None:
    file = tmp_path / "resolved.toml"
    file.write_text(to_toml(load_experiment(name)), "utf-8")
    assert variants(load_experiment(file)) == variants(load_experiment(name))


def test_expanding_sweeps_does_not_import_torch() -> None:
    code = "import coevo.variants, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_example_of_the_documents_has_the_variants_that_it_is_said_to_have() -> None:
    text = (ROOT / "docs" / "studies.md").read_text("utf-8")
    example, listed = (text.split(f"```{kind}\n")[1].split("```")[0] for kind in ("toml", "text"))
    found = variants(experiment_from_dict(tomllib.loads(example)))
    assert [one.name for one in found] == listed.split()
