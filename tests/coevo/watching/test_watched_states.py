"""What is going on, told from files that others write, replace and delete meanwhile."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from coevo.errors import CoevoError
from coevo.files import directory_lock
from coevo.watch import look
from coevo.watching import Watcher, state
from tests.coevo.watching.watched import NOW, Watched, finish, tell, write_study


def seen(directory: Path) -> str:
    return Watcher(directory).look().status


def nothing(directory: Path) -> None:
    pass


def empty(directory: Path) -> None:
    directory.mkdir()


def prepared(directory: Path) -> None:
    directory.mkdir()
    (directory / "environment.json").write_text("{}", "utf-8")


def begun(directory: Path) -> None:
    Watched().write(directory)


def half(directory: Path) -> None:
    Watched().write(directory)
    Watched().record(directory, 1, 30)


def killed(directory: Path) -> None:
    half(directory)
    tell(directory, 34)


def complete(directory: Path) -> None:
    half(directory)
    finish(directory)


def failed(directory: Path) -> None:
    half(directory)
    finish(directory, status="failed")


def put_off(directory: Path) -> None:
    """Finished, then resumed for more generations and interrupted."""
    half(directory)
    finish(directory, generations=30)


def all_stopped(directory: Path) -> None:
    """Finished early, because no world was left."""
    run = Watched(stopped={0: 18})
    run.write(directory)
    run.record(directory, 1, 18)
    finish(directory, generations=18, status="failed")


@pytest.mark.parametrize(
    ("make", "alone", "held"),
    [
        (nothing, "not started", None),
        (empty, "not started", "starting"),
        (prepared, "not started", "starting"),
        (begun, "interrupted", "running"),
        (half, "interrupted", "running"),
        (killed, "interrupted", "running"),
        (complete, "complete", "running"),
        (failed, "failed", "running"),
        (put_off, "interrupted", "running"),
        (all_stopped, "failed", "running"),
    ],
)
def test_a_run_is_what_its_files_and_its_lock_say(
    make: Callable[[Path], None], alone: str, held: str | None, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    make(directory)
    assert seen(directory) == alone
    if held is not None:
        with directory_lock(directory):
            assert seen(directory) == held
        assert seen(directory) == alone


@pytest.mark.parametrize("held", [True, False])
def test_a_study_is_what_its_stacks_are(held: bool, tmp_path: Path) -> None:
    study = tmp_path / "study"
    first, second, third = write_study(study, [["a"], ["b"], ["c"]], seeds=(1,))
    with directory_lock(study) if held else nullcontext():
        watcher = Watcher(study)

        def found() -> tuple[str, ...]:
            view = watcher.look()
            return view.status, *(stack.status for stack in view.stacks)

        going = "running" if held else "interrupted"
        now = "running" if held else "waiting"
        assert found() == (going, now, "waiting", "waiting")
        finish(first)
        assert found() == (going, "complete", now, "waiting")
        (second / "failure.json").write_text('{"error": "no memory"}', "utf-8")
        view = watcher.look()
        assert view.stacks[1].failure == "no memory"
        assert found() == ("running" if held else "failed", "complete", "failed", now)
        finish(third)
        assert found() == ("running" if held else "failed", "complete", "failed", "complete")
        (second / "failure.json").unlink()
        finish(second)
        assert found() == ("running" if held else "complete", *["complete"] * 3)


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(CoevoError) as caught:
        Watcher(tmp_path).look()
    assert str(caught.value) == (
        f"{tmp_path}: holds no experiment.toml, so it is neither a run nor a study; give the "
        "directory of one"
    )
    with pytest.raises(CoevoError, match="cannot be looked at"):
        Watcher(tmp_path / "notes.txt").look()


def test_a_file_that_is_damaged_for_a_moment_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half(tmp_path)
    file = tmp_path / "experiment.toml"
    whole = file.read_text("utf-8")
    file.write_text(whole[:30], "utf-8")
    with pytest.raises(CoevoError, match="its files cannot be read"):
        Watcher(tmp_path).look()
    monkeypatch.setattr(state.time, "sleep", lambda _: file.write_text(whole, "utf-8"))
    assert seen(tmp_path) == "interrupted"


@pytest.mark.parametrize(
    ("before", "after", "status"), [(False, True, "running"), (True, False, "complete")]
)
def test_what_begins_or_ends_while_it_is_looked_at_is_looked_at_again(
    before: bool, after: bool, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half(tmp_path)
    looks = []

    def lock(directory: Path) -> bool:
        looks.append(directory)
        if len(looks) == 2 and status == "complete":
            finish(tmp_path)
        return before if len(looks) == 1 else after

    monkeypatch.setattr(state, "is_worked_on", lock)
    assert seen(tmp_path) == status


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"generation": "x", "time": null, "began": 3}'])
def test_a_damaged_progress_file_does_no_harm(text: str, tmp_path: Path) -> None:
    half(tmp_path)
    (tmp_path / "progress.json").write_text(text, "utf-8")
    with directory_lock(tmp_path):
        view = Watcher(tmp_path).look()
    assert (view.status, view.left, view.stacks[0].generation) == ("running", None, 30)


def test_time_left_follows_from_the_last_generations(tmp_path: Path) -> None:
    run = Watched()
    run.write(tmp_path)
    # 10 seconds a generation an hour ago, by another process; then 2, and lately 0.5.
    for first, last, at in ((1, 5, -3650.0), (6, 10, -3600.0), (11, 20, -80.0), (21, 30, -10.0)):
        run.record(tmp_path, first, last, NOW + at)
    tell(tmp_path, 40, at=NOW - 5, began={"generation": 11, "time": NOW - 98})
    with directory_lock(tmp_path):
        view = Watcher(tmp_path, clock=lambda: NOW).look()
    # 10 generations in 5 seconds, so that 20 more take 10, of which 5 are over.
    assert view.left == pytest.approx(5.0)
    assert view.seconds == pytest.approx(75.0)


def test_stacks_that_wait_take_as_long_per_cell(tmp_path: Path) -> None:
    one, _, _ = write_study(tmp_path, [["a"], ["b", "c"], ["d"]])
    tell(one, 20)
    with directory_lock(tmp_path):
        view = Watcher(tmp_path, clock=lambda: NOW).look()
    # Half a second for 12 cells; 40 generations are left of them, 60 of 24 and 60 of 12.
    assert view.left == pytest.approx(0.5 * (40 + 2 * 60 + 60))


def test_a_directory_may_vanish_and_come_back(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    complete(directory)
    watcher = Watcher(directory)
    assert watcher.look().stacks[0].recorded.last == 30
    shutil.move(directory, tmp_path / "elsewhere")
    assert watcher.look().status == "not started"
    shutil.move(tmp_path / "elsewhere", directory)
    assert watcher.look().stacks[0].recorded.last == 30


def test_looking_changes_nothing(tmp_path: Path) -> None:
    half(tmp_path)
    before = sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))
    assert seen(tmp_path) == "interrupted"
    assert sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")) == before


def test_variants_and_seeds_that_the_study_no_longer_has_are_left_out(tmp_path: Path) -> None:
    one, two = write_study(tmp_path, [["a", "b"], ["c"]])
    Watched(seeds=(1, 2, 3, 4)).record(one, 1, 10)
    Watched(seeds=(1, 2)).record(two, 1, 10)
    plan = json.loads((tmp_path / "study.json").read_text("utf-8"))
    kept = plan["variants"][1:2]
    (tmp_path / "study.json").write_text(json.dumps({**plan, "variants": kept, "seeds": [2]}))
    found = look(tmp_path)
    assert [Path(stack["directory"]).name for stack in found["stacks"]] == ["001"]
    # The worlds of the stack are a with seeds 1 and 2, and b with them.
    assert (found["best"]["variant"], found["best"]["seed"]) == ("b", 2)
    assert [(curve["name"], curve["seeds"]) for curve in found["curves"]] == [("b", 1)]
    assert found["curves"][0]["losses"][-1] == pytest.approx(Watched().loss(10, 3, 0))
