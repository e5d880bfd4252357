"""One reader of what came out of the worlds of runs and of studies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict, to_toml
from coevo.study_directory import StackDirectory, StudyDirectory
from coevo.world_results import world_results
from tests.coevo.study_runs import InventedStudy

STUDY = InventedStudy(seeds=3, generations=4, stopped={("magnitude-cubic", 2): 3})
NAMES = ("uniform-cubic", "uniform-one_shot", "magnitude-cubic", "magnitude-one_shot", "none")


def changed(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(file.read_text("utf-8"))
    change(document)
    file.write_text(json.dumps(document), "utf-8")


def written_run(directory: Path, **result: Any) -> Path:
    """A run of two worlds of three cells, with keys of its result changed."""
    directory.mkdir()
    experiment = experiment_from_dict({"generations": 4, "sweep": {"replicates": 2}})
    (directory / "experiment.toml").write_text(to_toml(experiment), "utf-8")
    (directory / "environment.json").write_text('{"device": "cpu"}', "utf-8")
    losses = {"mse": [0.1, 0.2, 0.3]}
    worlds = [
        {"world": n, "seed": n + 1, "status": status, "test": losses, "validation": losses}
        for n, status in enumerate(("complete", "stopped"))
    ]
    document = {"seconds": 9.0, "cpu_seconds": 5.0, "gradient_steps_per_cell": 7, "worlds": worlds}
    (directory / "result.json").write_text(json.dumps({**document, **result}), "utf-8")
    return directory


def refused(directory: Path) -> str:
    with pytest.raises(CoevoError) as caught:
        world_results(directory)
    return str(caught.value)


def test_a_study_has_the_worlds_of_all_its_stacks(tmp_path: Path) -> None:
    directory = STUDY.write(tmp_path / "study")
    found = world_results(directory)
    assert (found.directory, found.variants) == (directory, NAMES)
    assert (found.missing, found.failures) == (0, ())
    assert [(one.variant, one.seed) for one in found.worlds] == [
        (name, seed) for name in NAMES for seed in (1, 2, 3)
    ]
    for one in found.worlds:
        stack = StackDirectory(one.part)
        assert stack.worlds()[one.world] == (one.variant, one.seed)
        assert one.part.name == ("002" if one.variant == "none" else "001")
        # Invented: 40 steps in each of 4 generations of 6 cells, and 2 seconds for every world.
        assert (one.gradient_steps, one.seconds, one.device) == (960, 2.0, "cpu")
        assert one.result["seed"] == one.seed
        assert one.experiment["grid"] == {"rows": 2, "columns": 3}
        assert "sweep" not in one.experiment
        assert one.stopped == ((one.variant, one.seed) == ("magnitude-cubic", 2))


def test_on_a_gpu_seconds_are_those_of_the_clock(tmp_path: Path) -> None:
    directory = STUDY.write(tmp_path / "study")
    changed(directory / "environment.json", lambda found: found.update(device="A GPU"))
    assert {(one.seconds, one.device) for one in world_results(directory).worlds} == {
        (2.5, "A GPU")
    }


@pytest.mark.parametrize("state", ["not begun", "running", "failed"])
def test_what_has_not_ended_is_missing(state: str, tmp_path: Path) -> None:
    study = InventedStudy(seeds=3, generations=4, stacks=2, states=("finished", state))
    found = world_results(study.write(tmp_path / "study"))
    assert {one.variant for one in found.worlds} == {*NAMES[:2], "none"}
    assert found.missing == 6
    failures = ("002: out of memory; use less of it",) if state == "failed" else ()
    assert found.failures == failures


def test_a_world_that_ended_twice_hides_none_that_is_missing(tmp_path: Path) -> None:
    study = InventedStudy(seeds=3, generations=4, stacks=2, states=("finished", "running"))
    directory = study.write(tmp_path / "study")
    shutil.copytree(directory / "stacks" / "001", directory / "stacks" / "004")
    assert world_results(directory).missing == 6


def test_what_the_plan_leaves_out_is_left_out(tmp_path: Path) -> None:
    study = InventedStudy(seeds=3, generations=4, stacks=2, states=("finished", "failed"))
    directory = study.write(tmp_path / "study")
    place = StudyDirectory(directory)
    kept = [one for one in place.plan()["variants"] if one["name"] in ("uniform-cubic", "none")]
    place.write_plan(kept, [1, 3, 4])
    found = world_results(directory)
    assert found.variants == ("uniform-cubic", "none")
    assert [(one.variant, one.seed) for one in found.worlds] == [
        *(("uniform-cubic", 1), ("uniform-cubic", 3), ("none", 1), ("none", 3))
    ]
    assert (found.missing, found.failures) == (2, ())


def test_a_run_has_one_variant_without_a_name(tmp_path: Path) -> None:
    found = world_results(str(written_run(tmp_path / "run")))
    assert (found.variants, found.missing, found.failures) == (("",), 0, ())
    assert [(one.variant, one.world, one.seed, one.stopped) for one in found.worlds] == [
        ("", 0, 1, False),
        ("", 1, 2, True),
    ]
    first = found.worlds[0]
    assert (first.part, first.gradient_steps, first.seconds) == (tmp_path / "run", 21, 2.5)
    assert first.experiment["generations"] == 4
    assert "sweep" not in first.experiment


def test_a_run_from_before_processor_time_was_counted_has_that_of_the_clock(
    tmp_path: Path,
) -> None:
    directory = written_run(tmp_path / "run")
    changed(directory / "result.json", lambda found: found.pop("cpu_seconds"))
    assert world_results(directory).worlds[0].seconds == 4.5


def test_what_is_no_run_or_has_no_result_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        f"{tmp_path}: holds no experiment.toml, so it is neither a run nor a study; give the "
        "directory of one"
    )
    directory = written_run(tmp_path / "run")
    (directory / "result.json").unlink()
    assert refused(directory) == (
        f"{directory}: has no result yet; finish it with 'coevo resume {directory}'"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("{}", "KeyError: 'worlds'"),
        ('{"worlds": [], "gradient_steps_per_cell": 1, "seconds": 1}', "ZeroDivisionError: "),
        ("[]", "TypeError: list indices must be integers or slices, not str"),
        ('{"worlds": [1], "gradient_steps_per_cell": 1, "seconds": 1}', "TypeError: "),
        (
            '{"worlds": [{"world": 0}], "gradient_steps_per_cell": 1, "seconds": 1}',
            "KeyError: ",
        ),
    ],
)
def test_a_result_that_is_damaged_is_named(text: str, said: str, tmp_path: Path) -> None:
    run, study = written_run(tmp_path / "run"), STUDY.write(tmp_path / "study")
    for directory, file in ((run, run / "result.json"), (study, study / "stacks/001/result.json")):
        file.write_text(text, "utf-8")
        found = refused(directory)
        assert found.startswith(f"{file}: cannot be read ({said}")
        assert found.endswith("); restore it or remove it")
        assert "\n" not in found


def test_experiments_that_are_damaged_are_named(tmp_path: Path) -> None:
    run, study = written_run(tmp_path / "run"), STUDY.write(tmp_path / "study")
    (run / "experiment.toml").write_text("seed = \n", "utf-8")
    assert refused(run) == (
        f"{run}/experiment.toml: is damaged (Invalid value (at line 1, column 8)); restore it"
    )
    (run / "experiment.toml").write_bytes(b"\xff")
    assert refused(run).startswith(f"{run}/experiment.toml: cannot be read (")
    file = study / "stacks" / "002" / "stack.json"
    changed(file, lambda found: found["variants"].update(none="seed = "))
    assert refused(study).startswith(f"{file}: is damaged (")
    changed(file, lambda found: found["variants"].pop("none"))
    assert refused(study).startswith(f"{study}/stacks/002/result.json: cannot be read (KeyError: ")
