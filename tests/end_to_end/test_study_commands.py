"""Studies from the command line: what is said, what is refused, and what ends badly."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import coevo
from tests.end_to_end.experiments import records_of, result_of
from tests.end_to_end.studies import (
    CHANGES,
    NAMES,
    VARIANTS,
    assert_same_numbers,
    assert_same_study,
    files_of,
    recorded,
    results_of_worlds,
    stacks_of,
    write_study,
)
from tests.end_to_end.warm import Ended, Warm

ADVICE = "(try a lower optimizer.learning_rate or learning_rate_maximum)"
WAY_OUT = "look at it, then say --trust (trust=True in Python)"
FIGURE = r"\d\.\d{5}"
MODULE = """
from pathlib import Path

from operators import Layer, scoring

BROKEN = Path(__file__).with_name("broken")


@scoring()
def size(layer: Layer):
    if len(layer.weights) == 12 and BROKEN.exists():
        raise RuntimeError("the larger grid\\nis too much")
    return layer.weights.abs()
"""


@pytest.fixture(scope="module")
def ended(warm: Warm, study: Path) -> Ended:
    """How the study ends, in the directory ``told`` beside its file."""
    return warm.run("run", study, "--out", "told", directory=study.parent)


def test_it_says_what_it_does_and_what_came_out(ended: Ended, study: Path) -> None:
    assert ended.code == 0
    said = [
        r"coevo: stack 001: 6 worlds of 3 variants, 24 cells, \d\.\d\d GiB",
        r"coevo: stack 002: 2 worlds of 1 variant, 12 cells, \d\.\d\d GiB",
    ]
    assert len(ended.err.splitlines()) == len(said)
    for line, pattern in zip(ended.err.splitlines(), said, strict=True):
        assert re.fullmatch(pattern, line), line
    lines = [
        r"variant  worlds  median test mse of the best pairing",
        rf"uniform       2  {FIGURE}",
        rf"wanda         2  {FIGURE}",
        rf"none          2  {FIGURE}",
        rf"big           2  {FIGURE}",
        r"compare them: coevo compare told",
        r"best pairing \(chosen on validation rows\): row [012], column [01] of the world with "
        rf"seed [34], variant \w+; on test rows mse {FIGURE}  l1 {FIGURE}  bce {FIGURE}",
        r"coevo: told/report\.html",
    ]
    assert len(ended.out.splitlines()) == len(lines)
    for line, pattern in zip(ended.out.splitlines(), lines, strict=True):
        assert re.fullmatch(pattern, line), line
    outcome = json.loads((study.with_name("told") / "result.json").read_text("utf-8"))
    shown = ended.out.splitlines()[1].split()[-1]
    assert shown == f"{outcome['variants'][0]['median']['test']['mse']:.5f}"


def test_json_is_the_result_and_nothing_else(warm: Warm, study_copy: Path) -> None:
    found = warm.run("resume", study_copy, "--json")
    assert (found.code, found.err) == (0, "")
    result = json.loads((study_copy / "result.json").read_text("utf-8"))
    assert found.document == {"directory": str(study_copy), **result}


def test_without_out_it_takes_a_free_directory(warm: Warm, study: Path, tmp_path: Path) -> None:
    command = ["run", study, "--set", "generations=1", "--set", "replicates=1", "--json"]
    for name in ("waves-001", "waves-002"):
        found = warm.run(*command, directory=tmp_path)
        assert found.document["directory"] == str(Path("runs") / name)
    assert (tmp_path / "runs" / "waves-002" / "study.json").is_file()


def test_a_dry_run_plans_and_writes_nothing(warm: Warm, study: Path, tmp_path: Path) -> None:
    found = warm.run("run", study, "--dry-run", directory=tmp_path)
    assert (found.code, found.err) == (0, "")
    lines = [
        "4 variants: uniform, wanda, none, big",
        "stack  variants  worlds   cells  generations   memory      time",
        r"    1         3       6      24            3 +\d+\.\d+ [MG]iB +\d+ s",
        r"    2         1       2      12            3 +\d+\.\d+ [MG]iB +\d+ s",
        r"8 worlds, 36 cells; about \d+ s on this machine, and at most \d+\.\d+ [MG]iB at a time; "
        "nothing was written",
    ]
    assert len(found.out.splitlines()) == len(lines)
    for line, pattern in zip(found.out.splitlines(), lines, strict=True):
        assert re.fullmatch(pattern, line), line
    assert list(tmp_path.iterdir()) == []

    command = ["run", study, "--dry-run", "--json", "--out", "out", "--set", "replicates=5"]
    document = warm.run(*command, directory=tmp_path).document
    assert list(tmp_path.iterdir()) == []
    assert document["variants"] == list(NAMES)
    assert (document["worlds"], document["cells"]) == (20, 15 * 4 + 5 * 6)
    stacks = document["stacks"]
    assert [stack["variants"] for stack in stacks] == [3, 1]
    assert [stack["worlds"] for stack in stacks] == [15, 5]
    assert [stack["cells"] for stack in stacks] == [60, 30]
    assert [stack["generations"] for stack in stacks] == [3, 3]
    assert [stack["gradient_steps"] for stack in stacks] == [60 * 3 * 3, 30 * 3 * 3]
    assert document["memory_bytes"] == max(stack["memory_bytes"] for stack in stacks)
    assert document["seconds"] == pytest.approx(sum(s["seconds"] for s in stacks), abs=0.11)


def test_a_dry_run_of_one_variant(warm: Warm, experiment: Path, tmp_path: Path) -> None:
    document = warm.run("run", experiment, "--dry-run", "--json", directory=tmp_path).document
    assert (document["variants"], document["worlds"], document["cells"]) == (["base"], 2, 18)
    assert list(tmp_path.iterdir()) == []


WILD = [
    *VARIANTS,
    {"name": "wild", "optimizer.learning_rate": 0.02, "optimizer.learning_rate_maximum": 1e300},
]


def test_worlds_that_diverge_leave_all_others_bitwise_as_they_are(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {"sweep": {**CHANGES["sweep"], "variants": WILD}}
    sound = write_study(tmp_path / "sound.toml", archive, changes)
    assert warm.run("run", sound, "--out", tmp_path / "sound").code == 0
    wilder = {**WILD[-1], "optimizer.learning_rate": 1e300}
    changes["sweep"]["variants"] = [*VARIANTS, wilder]
    wild = write_study(tmp_path / "wild.toml", archive, changes)
    found = warm.run("run", wild, "--out", tmp_path / "wild")
    assert found.code == 0
    warnings = [line for line in found.err.splitlines() if "stack" not in line]
    assert warnings == [
        f"coevo: the world with seed {seed} of variant 'wild' stopped in generation 1: a loss or a "
        f"weight was not finite; its last good state is kept {ADVICE}"
        for seed in (3, 4)
    ]
    assert "wild          2  -  (2 stopped)" in found.out.splitlines()

    one, other = stacks_of(tmp_path / "sound"), stacks_of(tmp_path / "wild")
    assert [stack.worlds() for stack in one] == [stack.worlds() for stack in other]
    expected, records = recorded(tmp_path / "sound"), recorded(tmp_path / "wild")
    results, before = results_of_worlds(tmp_path / "wild"), results_of_worlds(tmp_path / "sound")
    for name, frame in records.items():
        if name[0] != "wild":
            assert frame.equals(expected[name], null_equal=True), name
            for column in frame.iter_columns():
                mine = expected[name][column.name].to_numpy()
                assert column.to_numpy().tobytes() == mine.tobytes(), (name, column.name)
            assert results[name] == before[name]
        else:
            assert frame["generation"].unique().to_list() == [1]
            assert not frame["running"].any()
            assert (results[name]["status"], results[name]["best"]) == ("stopped", None)
    outcome = result_of(tmp_path / "wild")
    assert outcome["status"] == "complete"
    assert [one["stopped"] for one in outcome["variants"]] == [0, 0, 0, 0, 2]
    assert outcome["variants"][-1]["median"] is None


@pytest.fixture
def own(archive: Path, tmp_path: Path) -> Path:
    """A study of an operator of its own, in two shapes."""
    (tmp_path / "study_operator.py").write_text(MODULE, "utf-8")
    entry = {"operator": "study_operator:size", "begin": 1, "amount": 0.3}
    sweep = {"replicates": 2, "grid.rows": [3, 2]}
    return write_study(tmp_path / "own.toml", archive, {"pruning": [entry], "sweep": sweep})


def test_a_stack_that_fails_does_not_stop_the_others_and_is_completed_later(
    warm: Warm, own: Path
) -> None:
    folder, mistake = own.parent, own.with_name("broken")
    assert warm.run("run", own, "--out", "whole", directory=folder).code == 0
    mistake.touch()
    reason = "RuntimeError: the larger grid is too much"
    found = warm.run("run", own, "--out", "out", directory=folder)
    assert found.code == 1
    assert found.err.splitlines()[2:] == [
        f"coevo: stack 001 failed, the others go on: {reason}",
        f"coevo: stack 001 failed: {reason}; mend it and resume",
    ]
    assert found.out.splitlines()[1] == "3             0  -"
    directory = folder / "out"
    first, second = stacks_of(directory)
    assert json.loads(first.failure_file.read_text("utf-8")) == {"error": reason}
    assert (first.finished, second.finished) == (False, True)
    outcome = result_of(directory)
    assert (outcome["status"], outcome["failures"]) == ("incomplete", {"001": reason})
    assert {(one["variant"], one["seed"]) for one in outcome["worlds"]} == {("2", 3), ("2", 4)}
    assert records_of(second.path) == records_of(stacks_of(folder / "whole")[1].path)

    again = warm.run("resume", directory, "--trust")
    assert (again.code, again.err.splitlines()[-1]) == (1, found.err.splitlines()[-1])
    mistake.unlink()
    before = files_of(directory)
    refused = warm.run("resume", directory)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "coevo: sweep variant '3': pruning[0].operator: 'study_operator:size' is code of its own, "
        f"which runs when it is imported; {WAY_OUT}\n"
    )
    assert files_of(directory) == before
    mended = warm.run("resume", directory, "--trust", "--json")
    assert (mended.code, mended.err) == (0, "")
    assert mended.document["failures"] == {}
    assert not first.failure_file.exists()
    assert_same_study(directory, folder / "whole")


def test_a_finished_study_with_code_of_its_own_needs_no_trust_for_its_end(
    warm: Warm, own: Path
) -> None:
    command = ["run", own, "--out", own.with_name("out"), "--set", "generations=2"]
    assert warm.run(*command, "--set", "replicates=1").code == 0
    assert warm.run("resume", own.with_name("out")).code == 0
    refused = warm.run("resume", own.with_name("out"), "--set", "replicates=2")
    assert (refused.code, refused.err.startswith("coevo: sweep variant '3': pruning[0]")) == (
        2,
        True,
    )


def test_a_stack_whose_checkpoints_are_damaged_is_computed_again(
    warm: Warm, study_copy: Path, whole_study: coevo.Run
) -> None:
    stack = stacks_of(study_copy)[1]
    (stack.path / "result.json").unlink()
    newest = stack.run.checkpoints / "00000003" / "grid.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    found = warm.run("resume", study_copy)
    assert found.code == 0
    assert found.err.splitlines()[1].startswith(f"coevo: not used: {newest.parent}")
    for name, frame in recorded(study_copy).items():
        assert_same_numbers(frame, recorded(whole_study.directory)[name])
