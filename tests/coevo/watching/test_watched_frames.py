"""Frames of the terminal as known texts: at any moment, of any width, with and without colors."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from rich.console import Console

from coevo.errors import CoevoError
from coevo.files import directory_lock
from coevo.watch import look, watch
from coevo.watching import Canvas, Watcher, chosen_world, frame, in_ascii
from tests.coevo.watching.watched import NOW, Watched, drawn, finish, tell, write_study

# The best cell's loss is 10 ** -(generation / 20): a straight line on a logarithmic axis.
RUNNING = """\
Digits on a small torus                                  running
runs/digits · 1 world · 2 x 3 torus
generation 34 of 60 ━━━━━───── 56 %  0:01:10 spent, 0:00:13 left
best validation mse 0.02000 (generation 34), lowest so far
0.02000

best cell's validation mse        torus in generation 30
  0.891 │⠑⢄                       seed 1
        │  ⠑⢄                     ░░░░░░░░▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓▓
        │    ⠑⢄                   ░░░[]░░░▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓▓
        │      ⠣⡀                 ░░░░░░░░▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓▓
        │       ⠈⠢⡀               ░░░░░░░░▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓▓
  0.193 │         ⠈⠢⡀             ▓▓▓▓▓▓▓▓████████████████
        │           ⠈⠢⡀           ▓▓▓▓▓▓▓▓████████████████
        │             ⠈⠢⡀         ▓▓▓▓▓▓▓▓████████████████
        │               ⠈⠢⡀       ▓▓▓▓▓▓▓▓████████████████
        │                 ⠑⢄      ░░ 0.03162 lowest, at []
        │                   ⠑⢄    ██ 0.08162 highest
 0.0316 │                     ⠑⢄
        1      generation     30"""

BEGUN = """\
Digits on a small torus                                  running
runs/digits · 1 world · 2 x 3 torus
generation 0 of 60 ──────────────── 0 %  time left not known yet
no validation loss is recorded yet

best cell's validation mse



                      nothing measured yet



"""

STUDY = """\
Two operators                                                          running
runs/study · 3 variants x 2 seeds · stack 2 of 2 · 2 x 3 torus
generation 24 of 60 ━━━━━━━━━━━━━━━━━━━───── 80 %  0:02:42 spent, 0:00:18 left
best validation mse 0.00100 (magnitude, seed 1, row 0, column 0), lowest so
far 0.00100
1 of 6 worlds stopped: wanda, seed 2 in generation 18
sparsity of magnitude, seed 1: encoder 50 %
stacks: 1 complete, 1 running"""


@pytest.fixture
def digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that has not begun to compute, at a place with a short name."""
    monkeypatch.chdir(tmp_path)
    return Watched().write(Path("runs/digits"))


def record_half(directory: Path, run: Watched | None = None) -> None:
    """Thirty generations, in two parts."""
    run = run or Watched()
    run.record(directory, 1, 20, NOW - 30)
    run.record(directory, 21, 30, NOW - 10)


def test_a_run_between_two_checkpoints(digits: Path) -> None:
    record_half(digits)
    tell(digits, 34, best_loss=0.02)
    with directory_lock(digits):
        assert drawn(digits) == RUNNING


def test_a_run_that_has_recorded_nothing(digits: Path) -> None:
    with directory_lock(digits):
        assert drawn(digits, height=14) == BEGUN


@pytest.mark.parametrize(
    ("make", "first", "last"),
    [
        ("nothing", "digits", "nothing is in runs/digits yet"),
        ("begun", "Digits on a small torus", "go on with: coevo resume runs/digits"),
        ("half", "Digits on a small torus", "go on with: coevo resume runs/digits"),
        ("complete", "Digits on a small torus", "see runs/digits/report.html"),
        ("failed", "Digits on a small torus", "see runs/digits/report.html"),
    ],
)
def test_where_nothing_works_the_frame_says_what_is_the_matter(
    make: str, first: str, last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    directory, statuses = Path("runs/digits"), {"nothing": "not started"}
    if make != "nothing":
        Watched().write(directory)
    if make not in ("nothing", "begun"):
        record_half(directory)
    if make in ("complete", "failed"):
        finish(directory, status=make)
        statuses[make] = make
    lines = drawn(directory, width=80).splitlines()
    status = statuses.get(make, "interrupted")
    assert lines[0] == f"{first}{status:>{80 - len(first)}}"
    assert any(line.endswith(last) for line in lines), lines


def test_a_study_tells_stacks_variants_and_stopped_worlds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = Path("runs/study")
    one, other = write_study(study, [["magnitude", "uniform"], ["wanda"]])
    Watched(seeds=(1, 2, 3, 4), sparsity=0.5).record(one, 1, 60)
    finish(one)
    Watched(seeds=(1, 2), stopped={1: 18}).record(other, 1, 20)
    tell(other, 24)
    with directory_lock(study):
        frame = drawn(study, width=78, height=24)
        chosen = drawn(study, width=78, height=24, variant="wanda")
    assert frame.startswith(f"{STUDY}\n\nbest cell's validation mse, median of")
    # Medians over two seeds, ten apart: 0.001 + 0.05, (0.201 + 0.301) / 2, and of one seed 0.1.
    assert frame.splitlines()[-3:] == [
        "a 0.05100 magnitude",
        "b 0.10000 wanda",
        "c 0.25100 uniform",
    ]
    assert "wanda, seed 1\n" in chosen
    assert chosen.splitlines()[-3] == "a 0.10000 wanda"


@pytest.mark.parametrize(("width", "height"), [(80, 23), (40, 12), (60, 20), (200, 60), (20, 12)])
def test_a_frame_finds_room(width: int, height: int, digits: Path) -> None:
    record_half(digits, Watched(sparsity=0.5))
    lines = drawn(digits, width=width, height=height).splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert ("torus in generation 30" in "\n".join(lines)) == (width >= 60)


def test_a_description_cannot_command_the_terminal(digits: Path) -> None:
    Watched(description="a\x1b[2Jb\nc").write(digits)
    first = drawn(digits).splitlines()[0]
    assert first.startswith("a [2Jb c ")


def test_small_losses_keep_their_digits(digits: Path) -> None:
    tell(digits, 3, best_loss=4.5e-7)
    with directory_lock(digits):
        assert "best validation mse 4.50e-07\n" in drawn(digits)


def terminal(**options: object) -> Console:
    return Console(file=io.StringIO(), width=80, height=24, legacy_windows=False, **options)  # type: ignore[arg-type]  # any of them


def test_without_a_terminal_one_frame_is_printed_and_without_colors(
    digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waits for another frame"))
    record_half(digits)
    console = terminal()
    with directory_lock(digits):
        assert watch(digits, console=console) == "running"
    found = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert found.count("Digits on a small torus") == 1
    assert "\x1b" not in found
    assert "█" in found


@pytest.mark.parametrize("refused", [True, False])
def test_colors_are_for_who_wants_them(
    refused: bool, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if refused:
        monkeypatch.setenv("NO_COLOR", "1")
    record_half(digits)
    console = terminal(force_terminal=True, color_system="truecolor")
    watch(digits, console=console, once=True)
    found = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    # Lowest loss, first color of the map; without colors a light shade.
    assert ("\x1b[38;2;68;1;84m████████" in found) != refused
    assert ("░░░[]░░░" in found) == refused


def test_a_terminal_that_knows_ascii_alone_gets_no_other_characters(digits: Path) -> None:
    record_half(digits)
    text = in_ascii(drawn(digits, width=80))
    assert text.isascii()
    assert "?" not in text
    assert "...[]...:::" in text

    class Latin(io.StringIO):
        encoding = "iso-8859-1"

    console = Console(file=Latin(), width=80, height=24, legacy_windows=False)
    watch(digits, console=console, once=True)
    assert console.file.getvalue().isascii()  # type: ignore[attr-defined]  # a StringIO


def test_the_torus_of_a_chosen_world_is_shown(digits: Path) -> None:
    run = Watched(seeds=(1, 2, 3))
    run.write(digits)
    run.record(digits, 1, 30)
    watcher = Watcher(digits)
    view = watcher.look()
    for number, seed in enumerate((1, 2, 3)):
        shown = chosen_world(view, number, None)
        assert shown is not None
        cells = watcher.torus(shown.stack, shown.world, view)
        assert cells is not None
        text = frame(view, (shown, cells), Canvas()).plain
        lowest = run.loss(30, number, 0)
        assert f" seed {seed}\n" in text
        assert f"{lowest:.4g} lowest" in text


def test_a_document_says_the_same(digits: Path) -> None:
    run = Watched(seeds=(1, 2), stopped={1: 18}, sparsity=0.25)
    run.write(digits)
    run.record(digits, 1, 30)
    found = look(digits)
    assert {key: found[key] for key in ("kind", "status", "process", "seeds", "metric")} == {
        "kind": "run",
        "status": "interrupted",
        "process": False,
        "seeds": [1, 2],
        "metric": "mse",
    }
    assert found["best"] == {
        "variant": None,
        "seed": 1,
        "generation": 30,
        "loss": pytest.approx(10**-1.5),
    }
    assert found["stopped"] == [{"variant": None, "seed": 2, "generation": 18}]
    [stack] = found["stacks"]
    assert (stack["generation"], stack["generations"], stack["cells"]) == (30, 60, 12)
    assert stack["sparsity"] == {"encoder": [0.25, None]}
    torus = [[run.loss(30, 0, 3 * row + column) for column in range(3)] for row in range(2)]
    assert [pytest.approx(row) for row in torus] == found["torus"]["losses"]
    alone, median = found["curves"]
    assert alone["generations"] == list(range(1, 31))
    assert alone["losses"] == pytest.approx([run.loss(g, 0, 0) for g in range(1, 31)])
    assert median["losses"] == alone["losses"], "a stopped world has no part in it"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"world": 3}, "--world: 3 is not one of 2 worlds; give 0 to 1"),
        ({"world": -1}, "--world: -1 is not one of 2 worlds; give 0 to 1"),
        (
            {"variant": "wanda"},
            "--variant: 'wanda' is not one of its variants (none: it is no study); name one",
        ),
    ],
)
def test_a_world_that_is_not_there_is_refused(
    options: dict[str, object], message: str, digits: Path
) -> None:
    Watched(seeds=(1, 2)).write(digits)
    with pytest.raises(CoevoError) as caught:
        look(digits, **options)  # type: ignore[arg-type]  # either of them
    assert str(caught.value) == message


@pytest.mark.parametrize("every", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(every: float, digits: Path) -> None:
    with pytest.raises(CoevoError, match=r"--every: \S+ is not a time; give at least 0.1 seconds"):
        watch(digits, every=every)
