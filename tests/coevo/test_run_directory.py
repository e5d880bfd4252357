"""How a run directory is claimed, begun, read back and gone on with."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coevo import run_directory
from coevo.errors import CoevoError
from coevo.experiment import Experiment, to_toml
from coevo.run_directory import RunDirectory, claim_directory, describe_environment
from tests.coevo.disk_faults import power_failures


def refusal(place: RunDirectory) -> str:
    with pytest.raises(CoevoError) as caught:
        place.check_free()
    return str(caught.value)


def begun(path: Path, experiment: Experiment | None = None) -> RunDirectory:
    path.mkdir()
    place = RunDirectory(path)
    place.begin(experiment or Experiment(), {"device": "cpu"})
    return place


def test_directories_are_numbered_and_gaps_are_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [claim_directory("a") for _ in range(3)] == [
        Path("runs") / f"a-00{number}" for number in (1, 2, 3)
    ]
    assert claim_directory("b") == Path("runs/b-001")
    shutil.rmtree("runs/a-002")
    assert claim_directory("a") == Path("runs/a-002")
    assert claim_directory("a") == Path("runs/a-004")
    assert Path("runs/a-004").is_dir()


def test_runs_that_start_together_get_directories_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(claim_directory, ["a"] * 64))
    assert len(set(claimed)) == 64


def test_a_name_that_no_directory_can_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CoevoError, match=r"cannot be made \(File name too long\); choose a dir"):
        claim_directory("a" * 300)
    monkeypatch.setattr(run_directory, "_MOST", 3)
    for _ in range(2):
        claim_directory("a")
    with pytest.raises(CoevoError, match=r"runs/a-\.\.\.: no free number; choose a directory"):
        claim_directory("a")


def test_what_a_beginning_leaves_behind_is_no_run(tmp_path: Path) -> None:
    place = RunDirectory(tmp_path)
    place.check_free()
    for name in (".lock", "environment.json", ".tmp-0123"):
        (tmp_path / name).touch()
        place.check_free()
    (tmp_path / "notes.txt").touch()
    assert refusal(place) == (
        f"{tmp_path}: exists already; choose another directory with --out, or go on with "
        f"'coevo resume {tmp_path}'"
    )
    assert "exists already" in refusal(RunDirectory(tmp_path / "notes.txt"))
    RunDirectory(tmp_path / "missing" / "deep").check_free()


def test_a_run_is_begun_as_a_whole_whenever_power_fails(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    experiment = Experiment(seed=7)
    place = RunDirectory(disk)
    copies = power_failures(disk, tmp_path, lambda: place.begin(experiment, {"device": "cpu"}))
    whole = 0
    for copy in copies:
        found = RunDirectory(copy)
        if found.experiment_file.exists():
            whole += 1
            assert found.experiment() == experiment
            assert found.device() == "cpu"
        else:
            found.begin(experiment, {"device": "cpu"})
            assert sorted(path.name for path in copy.iterdir()) == [
                "environment.json",
                "experiment.toml",
            ]
    assert 0 < whole < len(copies)


def test_a_run_is_not_begun_over_another(tmp_path: Path) -> None:
    place = begun(tmp_path / "run")
    with pytest.raises(CoevoError, match="exists already"):
        place.begin(Experiment(seed=2), {"device": "cuda"})
    assert place.experiment() == Experiment()
    assert place.device() == "cpu"


def test_going_on_is_noted_with_the_new_horizon(tmp_path: Path) -> None:
    place = begun(tmp_path / "run")
    place.experiment_file.write_text(to_toml(Experiment()) + "# mine\n", "utf-8")
    place.go_on(Experiment(), 5, {"device": "A GPU"})
    assert "# mine" in place.experiment_file.read_text("utf-8")
    assert place.device() == "A GPU"
    place.go_on(Experiment(generations=90), 8, {"device": "cpu"})
    assert place.experiment() == Experiment(generations=90)
    assert place.device() == "cpu"
    assert place.environment() == {
        "device": "cpu",
        "resumed": [{"generation": 5, "device": "A GPU"}, {"generation": 8, "device": "cpu"}],
    }


@pytest.mark.parametrize("text", [None, "", "[1]", '{"resumed": 3}', '{"resumed": [4]}', '{"a"'])
def test_an_environment_that_is_damaged_does_no_harm(text: str | None, tmp_path: Path) -> None:
    place = begun(tmp_path / "run")
    place.environment_file.unlink()
    if text is not None:
        place.environment_file.write_text(text, "utf-8")
    assert place.device() is None
    assert place.source_folders() == (Path(),)
    place.go_on(Experiment(), 1, {"device": "cpu"})
    assert place.device() == "cpu"


def test_modules_are_looked_for_beside_the_experiment_and_here(tmp_path: Path) -> None:
    place = begun(tmp_path / "run")
    described = describe_environment("cpu", 1, tmp_path / "a" / "..")
    place.environment_file.write_text(json.dumps(described), "utf-8")
    assert place.source_folders() == (tmp_path, Path())


def test_leftovers_are_removed_wherever_a_run_writes(tmp_path: Path) -> None:
    place = begun(tmp_path / "run")
    for folder in (place.path, place.records, place.checkpoints, place.best):
        (folder / ".tmp-half" / "inner").mkdir(parents=True)
        (folder / ".tmp-file").touch()
        (folder / "kept").touch()
    place.remove_leftovers()
    assert list(tmp_path.rglob(".tmp-*")) == []
    assert len(list(tmp_path.rglob("kept"))) == 4


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(CoevoError) as caught:
        RunDirectory(tmp_path).experiment()
    assert str(caught.value) == (
        f"{tmp_path}: not a run directory (no experiment.toml in it); give the directory that "
        "'coevo run' printed"
    )
    with pytest.raises(CoevoError, match="File name too long"):
        RunDirectory(tmp_path / ("a" * 300)).experiment()
    place = begun(tmp_path / "run")
    place.experiment_file.write_text("seed = -1\n", "utf-8")
    with pytest.raises(CoevoError, match=r"run/experiment\.toml: seed: -1 is too small"):
        place.experiment()


def test_the_environment_describes_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/coevo", "run", "my digits.toml", "--set", "seed=2"])
    described = describe_environment("cpu", 3, None)
    assert described["command"] == "coevo run 'my digits.toml' --set seed=2"
    assert (described["device"], described["threads"]) == ("cpu", 3)
    assert "source_folder" not in described
    json.dumps(described)
    monkeypatch.setattr(sys, "argv", ["/lib/coevo/__main__.py", "list"])
    assert describe_environment("cpu", 1, None)["command"] == "python -m coevo list"


def test_a_package_that_is_installed_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not the one of the user's own repository, in which it may be installed."""
    (tmp_path / ".git").mkdir()
    package = tmp_path / "environment" / "coevo"
    monkeypatch.setattr(run_directory, "__file__", str(package / "run_directory.py"))
    assert describe_environment("cpu", 1, None)["commit"] is None
