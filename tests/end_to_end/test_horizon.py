"""A run can be given another number of generations to end with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.end_to_end.experiments import assert_same_run, checkpoints_of, result_of
from tests.end_to_end.warm import Warm


def test_six_generations_and_then_twelve_are_twelve(
    warm: Warm, experiment: Path, tmp_path: Path
) -> None:
    longer, whole = tmp_path / "longer", tmp_path / "whole"
    assert warm.run("run", experiment, "--out", longer, "--set", "generations=6").code == 0
    assert result_of(longer)["generations"] == 6
    ended = warm.run("resume", longer, "--generations", 12)
    assert ended.err == "coevo: going on after generation 6 of 12\n"
    assert warm.run("run", experiment, "--out", whole, "--set", "generations=12").code == 0
    assert_same_run(longer, whole)
    for file in ("experiment.toml", "best/pairing.json"):
        assert (longer / file).read_bytes() == (whole / file).read_bytes()


def test_an_interrupted_run_can_be_ended_earlier(
    warm: Warm, experiment: Path, seventh: int, tmp_path: Path
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    warm.run("run", experiment, "--out", run, trap={"calls": [seventh]})
    assert checkpoints_of(run)[-1] == 6
    assert warm.run("resume", run, "--generations", 7).code == 0
    changed = ("--set", "generations=7")
    assert warm.run("run", experiment, "--out", whole, *changed).code == 0
    assert_same_run(run, whole)


def test_fewer_than_completed_are_refused_and_nothing_changes(
    warm: Warm, finished: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(finished, tmp_path / "run")
    for generations in (23, 0, -1):
        ended = warm.run("resume", copy, "--generations", generations)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == (
            f"coevo: generations: {generations} is less than the 24 completed; give more\n"
        )
    assert files(copy) == files(finished)


def test_a_finished_run_is_resumed_without_computing_anything(
    warm: Warm, finished: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(finished, tmp_path / "run")
    ended = warm.run("resume", copy, count=tmp_path / "counts")
    assert ended.err == "coevo: all 24 generations are computed\n"
    assert json.loads((tmp_path / "counts").read_text("utf-8"))["calls"] == []
    assert_same_run(copy, finished)
    changed = {name for name, data in files(copy).items() if data != files(finished)[name]}
    assert changed <= {"environment.json", "result.json", "report.html"}


def files(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }
