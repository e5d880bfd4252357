from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from coevo.experiment import Experiment, experiment_from_dict, load_experiment, to_toml
from coevo.presets import preset_description, preset_names, preset_path
from coevo.schema import DEFAULTS
from tests.coevo.refusals import refused, refused_file

MALFORMED = Path(__file__).parent / "malformed"
KEYS = [f"{table}.{key}" for table, keys in DEFAULTS.items() for key in keys]
TOP_KEYS = list(Experiment.model_fields)


@pytest.mark.parametrize("name", sorted(path.stem for path in MALFORMED.glob("*.toml")))
def test_a_malformed_file_is_refused_in_exactly_these_words(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(MALFORMED)
    expected = (MALFORMED / f"{name}.txt").read_text("utf-8").removesuffix("\n")
    assert refused_file(f"{name}.toml") == expected


def test_every_malformed_file_has_its_message() -> None:
    files, texts = ({p.stem for p in MALFORMED.glob(f"*.{end}")} for end in ("toml", "txt"))
    assert files == texts
    assert len(files) >= 20


@pytest.mark.parametrize("path", KEYS)
def test_a_misspelled_key_is_refused_with_the_right_one(path: str) -> None:
    table, key = path.split(".")
    message = refused({table: {f"{key}x": 1}})
    assert message == f"{path}x: unknown key; did you mean '{key}'?"


@pytest.mark.parametrize("key", TOP_KEYS)
def test_a_misspelled_key_at_the_top_is_refused_with_the_right_one(key: str) -> None:
    assert refused({f"{key}x": 1}) == f"{key}x: unknown key; did you mean '{key}'?"


def test_a_key_of_another_table_goes_before_a_similar_one() -> None:
    # batch_size resembles image_size, which [data] has.
    message = refused({"data": {"batch_size": 5}})
    assert message == "data.batch_size: unknown key; did you mean 'optimizer.batch_size'?"


def test_without_a_file_there_is_no_prefix_and_with_one_each_line_has_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("seed = -1\n[grid]\nrows = 0\n", "utf-8")
    bare = refused({"seed": -1, "grid": {"rows": 0}}).splitlines()
    assert bare[0].startswith("seed: -1 ")
    assert refused_file(file).splitlines() == [f"{file}: {line}" for line in bare]


def test_what_is_not_a_mapping_is_refused() -> None:
    assert refused([1]) == "[1] is not an experiment; give a mapping of its tables"
    assert refused({1: 2}).startswith("[1]: unknown key; ")
    assert refused({"network": {"options": {1: 2}}}).startswith("network.options: {1 = 2} cannot")


def test_python_values_without_a_form_in_toml_are_refused() -> None:
    options = {"encoder": "a:f", "decoder": "a:g", "options": {"x": [None]}}
    assert refused({"network": options}).startswith("network.options.x[0]: None cannot be")
    broken = "'\\ud800' is not Unicode; use text without lone surrogates"
    assert refused({"description": "\ud800"}) == f"description: {broken}"
    assert refused({"data": {"directory": "\ud800"}}) == f"data.directory: {broken}"
    assert refused({"task": {"dataset": "\ud800"}}).startswith("task.dataset: '\\ud800' is not")
    options["options"] = {"\ud800": 1}
    assert refused({"network": options}).startswith("network.options: {'\\ud800' = 1} cannot")
    assert refused({"grid": {"neighborhood": [[0, 2**63]]}}).startswith("grid.neighborhood[0]: ")


def test_options_nested_too_deeply_are_refused_before_they_overflow_the_stack() -> None:
    options: dict[str, object] = {}
    for _ in range(50_000):
        options = {"a": options}
    table = {"encoder": "a:f", "decoder": "a:g", "options": options}
    assert "is nested too deeply; use 16 levels at most" in refused({"network": table})


def test_defaults_that_depend_on_other_keys_are_not_marked_as_given() -> None:
    conv = experiment_from_dict({"network": {"kind": "conv"}}).network
    assert (conv.hidden, conv.model_fields_set) == ((), {"kind"})
    custom = experiment_from_dict({"network": {"encoder": "a:f", "decoder": "a.b:C.g"}}).network
    assert (custom.kind, custom.model_fields_set) == ("custom", {"encoder", "decoder"})
    assert experiment_from_dict({"network": {"kind": "conv", "hidden": [5]}}).network.hidden == (5,)


def test_rules_between_keys_hold_for_direct_construction_too() -> None:
    with pytest.raises(ValueError, match=r"task\.loss: 'bce' needs task\.output = 'sigmoid'"):
        Experiment(task={"loss": "bce", "output": "identity"})  # type: ignore[arg-type]  # wrong on purpose


def test_none_counts_as_not_given_where_it_is_the_default() -> None:
    nothing = {"selection": {"validation_rows": None}, "data": {"file": None, "directory": None}}
    assert experiment_from_dict(nothing) == Experiment()
    assert experiment_from_dict({"network": {"encoder": None}}).network.kind == "mlp"
    assert refused({"grid": {"rows": None}}).startswith("grid.rows: None is not a whole number")


def test_any_mapping_is_a_table() -> None:
    tables = MappingProxyType({"grid": MappingProxyType({"rows": 5})})
    assert experiment_from_dict(tables).grid.rows == 5


def test_whole_numbers_are_accepted_for_numbers_and_become_such() -> None:
    experiment = experiment_from_dict({"optimizer": {"learning_rate": 1}})
    assert isinstance(experiment.optimizer.learning_rate, float)


def test_experiments_do_not_share_options_with_their_source() -> None:
    options = {"widths": [1, {"a": 2}]}
    network = {"encoder": "a:f", "decoder": "a:g", "options": options}
    experiment = experiment_from_dict({"network": network})
    options["widths"].append(3)
    assert experiment.network.options == {"widths": [1, {"a": 2}]}


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("grid.rows=5", "grid.rows", 5),
        ("task.dataset=mnist", "task.dataset", "mnist"),
        ('task.dataset = "mnist"', "task.dataset", "mnist"),
        ("network.hidden=[128, 32]", "network.hidden", (128, 32)),
        ("optimizer.learning_rate=1e-2", "optimizer.learning_rate", 0.01),
        ("data.directory=~/data=set", "data.directory", "~/data=set"),
        ("data.directory=a b # c", "data.directory", "a b # c"),
        ("description=1\nseed = 7", "description", "1\nseed = 7"),
        ("grid={columns=4}", "grid.columns", 4),
    ],
)
def test_an_override_replaces_one_value(override: str, path: str, value: object) -> None:
    experiment = load_experiment("digits", [override])
    found: object = experiment
    for part in path.split("."):
        found = getattr(found, part)
    assert found == value
    assert experiment.seed == 1


def test_of_two_overrides_of_a_key_the_later_one_counts() -> None:
    assert load_experiment("digits", ["seed=2", "seed=3"]).seed == 3


def test_mistakes_in_overrides_say_where_they_are() -> None:
    assert refused_file("digits", ["grid.rows=0"]) == (
        "--set grid.rows: 0 is too small; use a whole number from 1 to 10000"
    )
    assert refused_file("demo", ["task.kind=map"]).splitlines() == [
        "demo: task.noise: 'gaussian' is only for task.kind = 'denoise', not 'map'; "
        "remove it or change task.kind",
        "demo: task.noise_level: 0.3 is only for task.kind = 'denoise', not 'map'; "
        "remove it or change task.kind",
    ]
    assert refused_file("digits", ["grid.rows"]) == (
        "--set: 'grid.rows' has no value; write key=value, e.g. grid.rows=5"
    )
    for key in ("grid..rows", "", "grid rows", "#", "[grid]\n#"):
        message = f"--set: {key!r} is not a key; write e.g. grid.rows=5"
        assert refused_file("digits", [f"{key}=3"]) == message
    assert refused_file("digits", ["seed.x=3"]) == (
        "--set seed.x: seed is 1, not a table; set a key of a table"
    )
    assert refused_file("digits", ["network.latent_activation.x=3"]) == (
        "--set network.latent_activation: {x = 3} is not an activation; use 'relu', "
        "'leaky_relu', 'elu', 'gelu', 'silu', 'tanh', 'sigmoid' or 'identity'"
    )


def test_a_missing_file_is_answered_with_what_there_is(tmp_path: Path) -> None:
    known = f"(presets: {', '.join(preset_names())})"
    assert refused_file("digts") == (
        f"digts: no such file or preset; did you mean 'digits'? {known}"
    )
    assert refused_file("xyz") == (
        f"xyz: no such file or preset; give a TOML file or a preset {known}"
    )
    (tmp_path / "mine.toml").touch()
    assert f"did you mean '{tmp_path}/mine.toml'?" in refused_file(tmp_path / "mine2.toml")


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert refused_file(tmp_path) == (
        f"{tmp_path}: cannot be read (Is a directory); give a TOML file"
    )


def test_a_preset_goes_before_a_file_of_its_name_but_not_before_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("digits").write_text("seed = 77\n", "utf-8")
    assert load_experiment("digits").seed == 1
    assert load_experiment("./digits").seed == 77
    assert load_experiment(Path("digits")).seed == 77


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_valid_and_described(name: str, tmp_path: Path) -> None:
    experiment = load_experiment(name)
    assert preset_description(name) == experiment.description != ""
    file = tmp_path / "resolved.toml"
    file.write_text(to_toml(experiment), "utf-8")
    assert load_experiment(file) == experiment == load_experiment(preset_path(name))


def test_the_canonical_preset_differs_from_its_grid_in_nothing_else() -> None:
    changes = ["grid.rows=1", "grid.columns=1", "description=x"]
    assert load_experiment("digits", changes) == load_experiment(
        "digits-canonical", ["description=x"]
    )


def test_importing_experiments_does_not_import_torch() -> None:
    code = "import coevo.experiment, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
