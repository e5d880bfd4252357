"""Names of other packages: found, told apart, and imported only when they are used."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from coevo import plugins
from coevo.datasets import load_dataset
from coevo.errors import CoevoError
from coevo.experiment import Experiment, experiment_from_dict, to_toml
from coevo.listing import listing
from coevo.plugins import BUILT_IN, PluginKind, plugin_names, plugin_versions
from coevo.run_directory import RunDirectory
from coevo.toml_text import parse_toml
from tests.coevo.installed import forget, install
from tests.coevo.small_experiments import build, write_data

OPERATORS = """
import torch
from operators import masking, scoring

@scoring()
def loudness(layer, *, gain=1.0):
    return layer.weights.abs() * gain

@masking(exact=False)
def nothing(layer, quota):
    return layer.masks

def numbers(layer, quota):
    return layer.weights

broken = 3
"""
SCHEDULES = """
def halves(horizon, level, *, share=0.5):
    return lambda generation: level * share

def needy(horizon, level, *, share):
    return lambda generation: level * share

def steep(horizon, level):
    return lambda generation: 3.0

broken = 3
"""
KINDS: tuple[PluginKind, ...] = ("operators", "schedules", "optimizers", "datasets")


def named(kind: PluginKind, name: str) -> dict[str, Any]:
    """An experiment that uses a name."""
    documents: dict[PluginKind, dict[str, Any]] = {
        "operators": {"pruning": [{"operator": name}]},
        "schedules": {"pruning": [{"schedule": name}]},
        "optimizers": {"optimizer": {"kind": name}},
        "datasets": {"task": {"dataset": name}},
    }
    return documents[kind]


def refusal(folder: Path, **entry: Any) -> str:
    """What is said of an entry of ``[[pruning]]``."""
    with pytest.raises(CoevoError) as caught:
        build(write_data(folder), pruning=[entry])
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_registered_name_can_be_used_and_written(kind: PluginKind, packages: Path) -> None:
    install(packages, "own-names", {kind: {"loudness": "loudness"}}, "raise OSError('imported')")
    assert plugin_names(kind) == ("loudness",)
    experiment = experiment_from_dict(named(kind, "loudness"))
    again = experiment_from_dict(parse_toml(to_toml(experiment).encode(), "again"))
    assert again == experiment
    for other in KINDS:
        if other != kind:
            with pytest.raises(CoevoError, match="'loudness' is not a"):
                experiment_from_dict(named(other, "loudness"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_near_name_is_suggested(kind: PluginKind, packages: Path) -> None:
    install(packages, "own-names", {kind: {"loudness": "loudness"}})
    with pytest.raises(CoevoError, match=r"'lowdness' is not an? .*; did you mean 'loudness'\?"):
        experiment_from_dict(named(kind, "lowdness"))
    with pytest.raises(CoevoError, match=r"'zzz' is not an? .*'loudness'"):
        experiment_from_dict(named(kind, "zzz"))


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_listed_with_their_package_and_nothing_is_imported(
    kind: PluginKind, packages: Path
) -> None:
    install(packages, "own-names", {kind: {"zeal": "a", "loudness": "b"}}, "raise OSError")
    own = dict(listing(kind))
    assert list(own)[-2:] == ["loudness", "zeal"]
    assert own.pop("loudness") == own.pop("zeal") == "of own-names"
    assert own.keys() == BUILT_IN[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_built_in_is_never_hidden_and_the_list_says_so(
    kind: PluginKind, packages: Path, tmp_path: Path
) -> None:
    name = min(BUILT_IN[kind])
    before = listing(kind)
    install(packages, "own-names", {kind: {name: "broken"}}, "raise OSError('imported')")
    assert plugin_names(kind) == ()
    assert listing(kind) == before | {name: f"{before[name]} (coevo's, not that of own-names)"}
    assert plugin_versions([(kind, name)]) == {}
    if kind == "datasets":
        assert load_dataset(name).name == name
    else:
        build(write_data(tmp_path), **named(kind, name))


def test_a_name_of_two_packages_is_refused_when_it_is_used(packages: Path) -> None:
    for package in ("own-names", "own-others"):
        install(packages, package, {"operators": {"loudness": "loudness"}}, OPERATORS)
    assert listing("operators")["loudness"] == "of own-names and own-others: uninstall all but one"
    experiment_from_dict(named("operators", "loudness"))
    assert refusal(packages, operator="loudness") == (
        "pruning[0].operator: 'loudness' is registered by own-names and own-others; uninstall all "
        "but one"
    )


def test_a_package_that_is_on_the_path_twice_is_one(packages: Path, tmp_path: Path) -> None:
    install(packages, "own-names", {"operators": {"loudness": "loudness"}}, OPERATORS)
    older = tmp_path / "older"
    older.mkdir()
    install(older, "own-names", {"operators": {"loudness": "gone"}}, OPERATORS)
    sys.path.append(str(older))
    forget()
    try:
        build(write_data(tmp_path), pruning=[{"operator": "loudness"}])
    finally:
        sys.path.remove(str(older))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise OSError('no disk')", "OSError: no disk"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("", "AttributeError: module 'own_names' has no attribute 'loudness'"),
    ],
)
def test_a_package_that_cannot_be_imported_is_named(text: str, reason: str, packages: Path) -> None:
    install(packages, "own-names", {"operators": {"loudness": "loudness"}}, text)
    assert refusal(packages, operator="loudness") == (
        f"pruning[0].operator: 'loudness' of own-names cannot be imported ({reason}); mend or "
        "reinstall the package"
    )


def test_damaged_descriptions_of_other_packages_do_no_harm(packages: Path) -> None:
    install(packages, "own-names", {"operators": {"loudness": "loudness"}}, OPERATORS)
    install(packages, "own-damage", {})
    damaged = packages / "own_damage-1.5.dist-info" / "entry_points.txt"
    damaged.write_bytes(b"\xff")
    forget()
    with pytest.raises(UnicodeDecodeError):
        entry_points()
    assert plugin_names("operators") == ("loudness",)


def test_packages_are_looked_at_only_for_names_that_are_not_built_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def never() -> None:
        raise RuntimeError("looked at the installed packages")

    monkeypatch.setattr(plugins, "_found", never)
    entry = {"operator": "magnitude", "schedule": "cubic", "sparsity": 0.5}
    experiment_from_dict({"pruning": [entry]})
    build(write_data(tmp_path), pruning=[entry])
    assert plugin_versions([("datasets", "digits"), ("optimizers", "gradient")]) == {}
    with pytest.raises(RuntimeError, match="looked at the installed packages"):
        experiment_from_dict(named("operators", "magnitud"))


def test_lists_that_need_no_torch_stay_light() -> None:
    code = "import sys\nfrom coevo.listing import listing\nlisting('optimizers')\n"
    code += "sys.exit(str(sorted({'torch', 'numpy', 'pydantic'} & {*sys.modules})))"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.stderr == "[]\n"


def test_operators_take_their_options(packages: Path) -> None:
    names = ("loudness", "nothing", "numbers", "broken")
    install(packages, "own-names", {"operators": {name: name for name in names}}, OPERATORS)
    folder = write_data(packages)
    built = build(folder, pruning=[{"operator": "loudness", "operator_options": {"gain": 3.0}}])
    assert built.engine.pruner is not None
    assert vars(built.engine.pruner.rules[0].operator)["options"] == {"gain": 3.0}
    assert refusal(folder, operator="loudness", operator_options={"gian": 3.0}) == (
        "pruning[0].operator_options: 'gian' is not an option of loudness; it takes gain"
    )
    assert refusal(folder, operator="loudness", operator_options={"gain": "much"}).startswith(
        "pruning[0].operator: 'loudness' of own-names fails: TypeError: "
    )
    assert refusal(folder, operator="nothing", structure="unit") == (
        "pruning[0].structure: 'nothing' makes masks by itself, and does not know units; use "
        "'weight', or an operator that scores"
    )
    assert refusal(folder, operator="numbers").startswith(
        "pruning[0].operator: 'numbers' of own-names makes 'torch.float32 [2, 3, 4]' of a layer"
    )
    assert refusal(folder, operator="broken") == (
        "pruning[0].operator: 'broken' of own-names: int is not an operator; decorate a function "
        "with @scoring or @masking"
    )


def test_schedules_take_their_options(packages: Path) -> None:
    names = ("halves", "needy", "steep", "broken")
    install(packages, "own-names", {"schedules": {name: name for name in names}}, SCHEDULES)
    folder = write_data(packages)
    built = build(folder, pruning=[{"schedule": "halves", "schedule_options": {"share": 0.25}}])
    assert built.engine.pruner is not None
    assert set(built.engine.pruner.rules[0].timing.intensities) == {0.25}
    assert refusal(folder, schedule="halves", schedule_options={"shares": 1}) == (
        "pruning[0].schedule_options: 'shares' is not an option of 'halves' of own-names; it takes "
        "share"
    )
    assert refusal(folder, schedule="steep", schedule_options={"shares": 1}).endswith(
        "'shares' is not an option of 'steep' of own-names; it takes none"
    )
    assert refusal(folder, schedule="needy") == (
        "pruning[0].schedule_options: 'share' is missing, and 'needy' of own-names needs it; give "
        "it a value"
    )
    assert refusal(folder, schedule="steep") == (
        "pruning[0].schedule: 'steep' of own-names gives 3.0 in its generation 0; intensities are "
        "in [0, 1]; clamp it"
    )
    assert refusal(folder, schedule="broken") == (
        "pruning[0].schedule: 'broken' is a int; give a function"
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"data": {"options": {"size": 3}}},
            "data.options: {size = 3} is only for one of another package, not 'digits'; remove it "
            "or change task.dataset",
        ),
        (
            {"optimizer": {"options": {"size": 3}}},
            "optimizer.options: {size = 3} is only for one of another package, not 'gradient'; "
            "remove it or change optimizer.kind",
        ),
        (
            {"pruning": [{"operator_options": {"size": 3}}]},
            "pruning[0].operator_options: {size = 3} is only for an operator of your own, not "
            "'uniform'; remove it or change operator",
        ),
    ],
)
def test_what_is_built_in_has_no_options_of_its_own(document: dict[str, Any], message: str) -> None:
    with pytest.raises(CoevoError) as caught:
        experiment_from_dict(document)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "key",
    [
        *("algorithm", "learning_rate", "learning_rate_step", "learning_rate_decay"),
        *("learning_rate_decay_every", "learning_rate_minimum", "learning_rate_maximum"),
        *("pairings", "moments", "weight_decay", "momentum", "betas", "epsilon"),
    ],
)
def test_keys_of_the_gradient_optimizer_are_refused_beside_another(
    key: str, packages: Path
) -> None:
    install(packages, "own-names", {"optimizers": {"climb": "climb"}})
    default = getattr(Experiment().optimizer, key)
    with pytest.raises(CoevoError) as caught:
        experiment_from_dict({"optimizer": {"kind": "climb", key: default}})
    assert str(caught.value).startswith(f"optimizer.{key}: ")
    assert str(caught.value).endswith(
        " is only for optimizer.kind = 'gradient' or 'de', not 'climb'; remove it or change optimizer.kind"
    )
    given = {"kind": "climb", "batch_size": 3, "steps": 2, "options": {"key": 1}}
    text = to_toml(experiment_from_dict({"optimizer": given}))
    assert parse_toml(text.encode(), "again")["optimizer"] == given


def test_versions_of_the_packages_in_use_are_known(packages: Path) -> None:
    install(packages, "own-names", {"operators": {"loudness": "a"}, "datasets": {"rain": "b"}})
    install(packages, "own-others", {"schedules": {"halves": "a"}})
    found = plugin_versions(
        [
            ("datasets", "rain"),
            ("operators", "loudness"),
            ("operators", "magnitude"),
            ("operators", "own_names:loudness"),
            ("schedules", "loudness"),
        ]
    )
    assert found == {"own-names": "1.5"}


def test_a_run_says_which_package_it_needs(packages: Path, tmp_path: Path) -> None:
    place = RunDirectory(tmp_path / "run")
    place.path.mkdir()
    place.experiment_file.write_text("[[pruning]]\noperator = 'loudness'\n", "utf-8")
    with pytest.raises(CoevoError, match="'loudness' is not an operator; use "):
        place.experiment()
    place.environment_file.write_text(json.dumps({"plugins": {"own-names": "1.5", "": "1"}}))
    with pytest.raises(CoevoError) as caught:
        place.experiment()
    assert str(caught.value) == (
        f"{place.path}: needs own-names, which the run was made with; install it"
    )
    place.environment_file.write_text(json.dumps({"plugins": {"own-names": "1.5"}}))
    install(packages, "own-names", {"operators": {"loudness": "loudness"}}, OPERATORS)
    assert place.experiment().pruning[0].operator == "loudness"
