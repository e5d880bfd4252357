"""``coevo check-operator`` prints a line for each law, and the smallest counterexample below."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from coevo import check_operator
from coevo.cli import main

MINE = """
from operators import prune_lowest

calls = []

def off_by_one(layer, quota, *, by=1):
    return prune_lowest(layer.weights, layer.masks, quota + by * (quota > 0))

def takes_turns(layer, quota):
    calls.append(1)
    return prune_lowest(layer.weights * (-1) ** len(calls), layer.masks, quota)
"""
FAILURE = """\
FAILS           removes its quota: removes another number than its quota, in cell 0
                quota    [1]
                masks    [[[1, 1]]]
                weights  [[[0, 0]]]
                got      [[[0, 0]]]
"""


@pytest.fixture
def _mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "judged_operators.py").write_text(MINE, "utf-8")
    yield
    sys.modules.pop("judged_operators", None)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["check-operator", *arguments])
    out, err = capsys.readouterr()
    return int(str(end.value.code or 0)), out, err


def test_a_lawful_operator(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "variance", "--option", "remove=high", "--examples", "20")
    assert (code, err) == (0, "")
    verdicts = check_operator("variance", options={"remove": "high"}, examples=20)
    assert [line[:16].strip() for line in out.splitlines()] == [v.outcome for v in verdicts]
    assert [line[16:].partition(":")[0] for line in out.splitlines()] == [v.law for v in verdicts]
    assert "does not apply  ignores the scale of gradients: it does not claim this with " in out


@pytest.mark.usefixtures("_mine")
def test_an_operator_that_breaks_a_law(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "judged_operators:off_by_one")
    assert (code, err) == (1, "")
    assert FAILURE in out
    others = out.replace(FAILURE, "").splitlines()
    assert {line[:16].strip() for line in others} == {"holds", "does not apply"}
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"judged_operators.py"}, "nothing is left in the user's folder"
    assert run(capsys, "judged_operators:off_by_one", "--option", "by=0")[0] == 0


@pytest.mark.usefixtures("_mine")
def test_what_does_not_repeat_itself_is_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "judged_operators:takes_turns")
    assert code == 1
    assert "\nFAILS           repeats itself: decides otherwise when asked again\n" in out
    assert "\nnot judged      treats cells alike: it rests on 'repeats itself'\n" in out


def test_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "wanda", "--examples", "10", "--json")
    assert (code, err) == (0, "")
    laws = [asdict(verdict) for verdict in check_operator("wanda", examples=10)]
    assert json.loads(out) == {"operator": "wanda", "examples": 10, "laws": laws}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["wand"], "operator: 'wand' is not an operator; did you mean 'wanda'?"),
        (["wanda", "--option", "a=1"], "--option: 'a' is not an option of wanda; it takes none"),
        (["wanda", "--examples", "0"], "--examples: 0 is too small; use 1 or more"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *arguments) == (2, "", f"coevo: {message}\n")
