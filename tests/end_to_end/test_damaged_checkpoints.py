"""A damaged checkpoint is refused by name, and the run goes on from the one before."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.experiments import GENERATIONS, assert_same_run, checkpoints_of
from tests.end_to_end.warm import Warm


def flip_a_byte(checkpoint: Path) -> Path:
    file = checkpoint / "encoders.safetensors"
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)
    return file


def remove_a_shard(checkpoint: Path) -> Path:
    file = checkpoint / "optimizer.safetensors"
    file.unlink()
    return file


def cut_the_manifest(checkpoint: Path) -> Path:
    file = checkpoint / "manifest.json"
    file.write_bytes(file.read_bytes()[:-20])
    return file


DAMAGES = [
    (flip_a_byte, "its digest differs; use another checkpoint"),
    (remove_a_shard, "missing; use another checkpoint"),
    (cut_the_manifest, "truncated or not JSON; use another checkpoint"),
]


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """The finished run, with checkpoints of generations 20, 22 and 24."""
    assert checkpoints_of(finished) == [20, 22, 24]
    return shutil.copytree(finished, tmp_path / "run")


@pytest.mark.parametrize(("damage", "reason"), DAMAGES)
def test_the_one_before_a_damaged_checkpoint_is_used(
    damage: Callable[[Path], Path], reason: str, copy: Path, finished: Path, warm: Warm
) -> None:
    file = damage(copy / "checkpoints" / "00000024")
    ended = warm.run("resume", copy)
    assert ended.err.splitlines() == [
        f"coevo: not used: {file}: {reason}",
        "coevo: going on after generation 22 of 24",
    ]
    assert ended.code == 0
    assert_same_run(copy, finished)
    assert checkpoints_of(copy) == [20, 22, 24]


def test_without_a_good_checkpoint_it_starts_from_the_first_generation(
    copy: Path, finished: Path, warm: Warm
) -> None:
    for generation, (damage, _) in zip((20, 22, 24), DAMAGES, strict=True):
        damage(copy / "checkpoints" / f"{generation:08d}")
    ended = warm.run("resume", copy)
    lines = ended.err.splitlines()
    for line, generation in zip(lines[:3], (24, 22, 20), strict=True):
        assert line.startswith(f"coevo: not used: {copy}/checkpoints/{generation:08d}/")
    assert lines[3:] == [
        f"coevo: no checkpoint; starting from the first of {GENERATIONS} generations"
    ]
    assert ended.code == 0
    assert_same_run(copy, finished)


def test_records_that_are_computed_again_may_be_damaged_too(
    copy: Path, finished: Path, warm: Warm
) -> None:
    flip_a_byte(copy / "checkpoints" / "00000024")
    last = max((copy / "records").iterdir())
    last.write_bytes(last.read_bytes()[:-100])
    assert warm.run("resume", copy).code == 0
    assert_same_run(copy, finished)


def test_records_that_are_needed_are_named_when_damaged(copy: Path, warm: Warm) -> None:
    first = min((copy / "records").iterdir())
    first.write_bytes(first.read_bytes()[:-100])
    ended = warm.run("resume", copy)
    assert ended.code == 2
    assert str(first) in ended.err
    assert "Traceback" not in ended.err


def test_a_checkpoint_of_another_experiment_is_refused(copy: Path, warm: Warm) -> None:
    file = copy / "experiment.toml"
    file.write_text(file.read_text("utf-8").replace("rows = 3", "rows = 4"), "utf-8")
    ended = warm.run("resume", copy)
    assert ended.code == 2
    assert ended.err.splitlines()[-1] == (
        f"coevo: {copy}/checkpoints/00000024: is not of the experiment in {file}, whose grid, "
        "networks, optimizer or pruning have been changed; change them back"
    )


def test_names_that_look_like_markup_are_said_as_they_are(
    finished: Path, tmp_path: Path, warm: Warm
) -> None:
    copy = shutil.copytree(finished, tmp_path / "a [b] :smile: [/c]")
    file = flip_a_byte(copy / "checkpoints" / "00000024")
    ended = warm.run("resume", copy)
    assert ended.err.splitlines()[0] == f"coevo: not used: {file}: {DAMAGES[0][1]}"
