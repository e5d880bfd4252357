"""Killed or failing at any instant of `save`, the disk holds the old state or the new one."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from coevo.checkpoint import Checkpoint, generations, newest, save
from coevo.errors import CoevoError
from coevo.files import remove_leftovers
from tests.coevo.disk_faults import fail_at, power_failures, steps_of


class Crash(BaseException):
    """Not an Exception, so that no handler mistakes it for a failure it knows."""


def state(generation: int) -> dict[str, dict[str, Tensor]]:
    """A state that tells its generation in every shard."""
    return {
        name: {"value": torch.full((8,), generation, dtype=torch.float64)}
        for name in ("one", "two")
    }


def save_state(directory: Path, generation: int) -> None:
    save(directory, generation, state(generation), {"generation": generation}, keep=2)


def check_whole(checkpoint: Checkpoint | None) -> int:
    assert checkpoint is not None
    assert checkpoint.metadata == {"generation": checkpoint.generation}
    expected = state(checkpoint.generation)
    assert checkpoint.shards.keys() == expected.keys()
    for name, tensors in expected.items():
        assert torch.equal(checkpoint.shards[name]["value"], tensors["value"])
    return checkpoint.generation


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A directory where generations 1 and 2 are safe; saving 3 deletes 1."""
    disk = tmp_path / "disk"
    for generation in (1, 2):
        save_state(disk, generation)
    return disk


def test_a_power_failure_at_any_step_leaves_the_old_or_the_new_state(
    disk: Path, tmp_path: Path
) -> None:
    copies = power_failures(disk, tmp_path, lambda: save_state(disk, 3))
    found = []
    for copy in copies:
        checkpoint, refusals = newest(copy)
        assert refusals == []
        found.append(check_whole(checkpoint))
        remove_leftovers(copy)
        assert generations(copy) in ([1, 2], [1, 2, 3], [2, 3])
        assert sorted(path.name for path in copy.iterdir()) == [
            f"{generation:08d}" for generation in generations(copy)
        ]
        # What a resumed run does next works on what it found.
        save_state(copy, found[-1] + 1)
        assert check_whole(newest(copy)[0]) == found[-1] + 1
    assert sorted(found) == found
    assert set(found) == {2, 3}
    assert generations(copies[-1])[-1] == found[-1] + 1


def test_the_first_checkpoint_of_all_appears_whole(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    for copy in power_failures(disk, tmp_path, lambda: save_state(disk / "checkpoints", 1)):
        checkpoint, refusals = newest(copy / "checkpoints")
        assert refusals == []
        assert checkpoint is None or check_whole(checkpoint) == 1


def test_nothing_old_is_deleted_before_the_new_one_is_safe(disk: Path, tmp_path: Path) -> None:
    for copy in power_failures(disk, tmp_path, lambda: save_state(disk, 3)):
        assert 1 in generations(copy) or check_whole(newest(copy)[0]) == 3


def test_replacing_a_damaged_checkpoint_never_hides_the_one_before(
    disk: Path, tmp_path: Path
) -> None:
    (disk / "00000002" / "one.safetensors").write_bytes(b"")
    copies = power_failures(disk, tmp_path, lambda: save_state(disk, 2))
    found = [check_whole(newest(copy)[0]) for copy in copies]
    assert sorted(found) == found
    assert set(found) == {1, 2}


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), Crash()]
)
def test_a_failure_of_any_step_leaves_a_valid_state_and_no_leftovers(
    disk: Path, tmp_path: Path, error: BaseException
) -> None:
    rehearsal = shutil.copytree(disk, tmp_path / "rehearsal")
    steps = steps_of(lambda: save_state(rehearsal, 3))
    assert steps.count("replace") == 2
    assert steps.count("fsync") >= 5
    found = []
    for number, step in enumerate(steps):
        attempt = shutil.copytree(disk, tmp_path / str(number))
        reported = False
        try:
            fail_at(number, error, partial(save_state, attempt, 3))
        except (CoevoError, KeyboardInterrupt, Crash):
            reported = True
        checkpoint, refusals = newest(attempt)
        assert refusals == []
        found.append(check_whole(checkpoint))
        assert reported or generations(attempt) == [2, 3]
        if step in ("fsync", "mkdir") or found[-1] == 2:
            leftovers = [path.name for path in attempt.glob(".tmp-*")]
            assert leftovers == []
        save_state(attempt, 3)
        assert check_whole(newest(attempt)[0]) == 3
    assert set(found) == {2, 3}


def test_a_full_disk_is_reported_with_the_checkpoint(disk: Path) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(CoevoError) as caught:
        fail_at(1, error, lambda: save_state(disk, 3))
    assert str(caught.value) == (
        f"{disk}/00000003: cannot be written (No space left on device); "
        "make room or choose another directory"
    )


# Forks one child after another that saves as fast as it can, and kills each at a random instant.
KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
from coevo.checkpoint import newest, save
from coevo.files import remove_leftovers
from tests.coevo.test_checkpoint_crash import check_whole, save_state
import torch
torch.set_num_threads(1)
directory, rounds = Path(sys.argv[1]), int(sys.argv[2])
moments = random.Random(1)
summary = {"saved": [], "found": [], "refusals": [], "leftovers": 0}
generation = 0
for _ in range(rounds):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        while True:
            generation += 1
            save_state(directory, generation)
            os.write(writer, generation.to_bytes(4, "big"))
    os.close(writer)
    saved = int.from_bytes(os.read(reader, 4), "big")
    time.sleep(moments.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while data := os.read(reader, 4):
        saved = int.from_bytes(data, "big")
    os.close(reader)
    checkpoint, refusals = newest(directory)
    generation = check_whole(checkpoint)
    summary["saved"].append(saved)
    summary["found"].append(generation)
    summary["refusals"] += refusals
    summary["leftovers"] += len(remove_leftovers(directory))
print(json.dumps(summary))
"""


def test_kill_9_at_random_instants_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path), "25"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["refusals"] == []
    # The kill may fall between the end of a save and the child's word that it has ended.
    for saved, found in zip(summary["saved"], summary["found"], strict=True):
        assert found in (saved, saved + 1)
    assert summary["leftovers"] > 0
    assert [path.name for path in tmp_path.glob(".tmp-*")] == []
