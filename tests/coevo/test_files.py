"""Files and directories appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.errors import CoevoError
from coevo.files import (
    canonical_json,
    discard,
    make_directory,
    remove_leftovers,
    whole_directory,
    write_bytes,
    write_json,
    write_text,
)
from tests.coevo.disk_faults import fail_at, power_failures, steps_of, watched


class Crash(BaseException):
    """Not an Exception, so that no handler mistakes it for a failure it knows."""


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def content(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_write_bytes_gives_back_any_bytes(tmp_path: Path) -> None:
    @given(st.binary())
    def law(data: bytes) -> None:
        write_bytes(tmp_path / "file", data)
        assert (tmp_path / "file").read_bytes() == data
        assert names(tmp_path) == ["file"]

    law()


def test_write_text_is_utf_8_and_keeps_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "é\r\n\n")
    assert (tmp_path / "file").read_bytes() == b"\xc3\xa9\r\n\n"


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_bytes(tmp_path / "file", b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "file")}
    assert len(modes) == 1


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), Crash()])
def test_a_failed_write_leaves_the_old_or_the_new_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    steps = steps_of(lambda: write_bytes(path, b"new"))
    assert steps == ["fsync", "replace", "unlink", "fsync"]
    found = []
    for number in range(len(steps)):
        path.write_bytes(b"old")
        with pytest.raises((CoevoError, Crash)):
            fail_at(number, error, lambda: write_bytes(path, b"new"))
        assert names(tmp_path) == ["file"]
        found.append(path.read_bytes())
    assert found == [b"old", b"old", b"new", b"new"]


def test_a_power_failure_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    directory = tmp_path / "disk"
    directory.mkdir()
    (directory / "file").write_bytes(b"old content")
    copies = power_failures(
        directory, tmp_path, lambda: write_bytes(directory / "file", b"new content")
    )
    found = [(copy / "file").read_bytes() for copy in copies]
    assert found == [b"old content"] * 2 + [b"new content"] * 3


def test_the_directory_is_synced_after_the_rename(tmp_path: Path) -> None:
    synced = []

    def before(name: str, arguments: tuple[object, ...]) -> None:
        if name == "fsync" and isinstance(arguments[0], int):
            synced.append((os.fstat(arguments[0]).st_ino, (tmp_path / "file").exists()))

    with watched(before):
        write_bytes(tmp_path / "file", b"1")
    assert synced[-1] == (tmp_path.stat().st_ino, True)


def test_a_file_system_that_cannot_sync_directories_is_tolerated(tmp_path: Path) -> None:
    last = len(steps_of(lambda: write_bytes(tmp_path / "a", b"1"))) - 1
    error = OSError(errno.EINVAL, "Invalid argument")
    fail_at(last, error, lambda: write_bytes(tmp_path / "b", b"1"))
    assert names(tmp_path) == ["a", "b"]


def test_an_impossible_write_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "file"
    with pytest.raises(CoevoError) as caught:
        write_bytes(path, b"")
    assert str(caught.value) == (
        f"{path}: cannot be written (No such file or directory); "
        "make room or choose another directory"
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Any character, half surrogate pairs included.
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON))
def test_canonical_json_does_not_depend_on_the_order_of_keys(document: dict[str, object]) -> None:
    turned = dict(reversed(document.items()))
    assert canonical_json(turned) == canonical_json(document)
    assert canonical_json(document).isascii()


def test_write_json_known_answer(tmp_path: Path) -> None:
    write_json(tmp_path / "file.json", {"b": [1, None], "a": "é"})
    assert (tmp_path / "file.json").read_text() == (
        '{\n  "a": "\\u00e9",\n  "b": [\n    1,\n    null\n  ]\n}\n'
    )


@pytest.mark.parametrize("document", [float("nan"), {"a": float("inf")}, {1, 2}, {(1,): 2}])
def test_what_is_not_json_is_refused_before_anything_is_written(
    tmp_path: Path, document: object
) -> None:
    path = tmp_path / "file.json"
    with pytest.raises(CoevoError, match=r"file\.json: not a JSON document"):
        write_json(path, document)
    assert names(tmp_path) == []


def fill(path: Path, text: str) -> None:
    with whole_directory(path) as temporary:
        (temporary / "one").write_text(text)
        (temporary / "deep").mkdir()
        (temporary / "deep" / "two").write_text(text)


def test_whole_directory_replaces_and_makes_parents(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    fill(path, "old")
    fill(path, "new")
    assert content(tmp_path) == {"a/b/one": b"new", "a/b/deep/two": b"new"}


def test_an_exception_in_the_block_leaves_the_old_directory(tmp_path: Path) -> None:
    path = tmp_path / "a"
    fill(path, "old")

    def crash() -> None:
        with whole_directory(path) as temporary:
            (temporary / "one").write_text("new")
            raise Crash

    with pytest.raises(Crash):
        crash()
    assert content(tmp_path) == {"a/one": b"old", "a/deep/two": b"old"}


def test_a_power_failure_shows_no_part_of_a_new_directory(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    copies = power_failures(disk, tmp_path, lambda: fill(disk / "a", "whole content"))
    whole = {"a/one": b"whole content", "a/deep/two": b"whole content"}
    visible = [
        {name: data for name, data in content(copy).items() if not name.startswith(".tmp-")}
        for copy in copies
    ]
    assert visible[0] == {}
    assert visible[-1] == whole
    assert all(state in ({}, whole) for state in visible)
    for copy in copies:
        remove_leftovers(copy)
        assert names(copy) in ([], ["a"])


def test_a_leftover_of_an_earlier_process_with_the_same_number_does_no_harm(
    tmp_path: Path,
) -> None:
    leftover = tmp_path / f".tmp-a-{os.getpid()}"
    leftover.mkdir()
    (leftover / "stale").touch()
    fill(tmp_path / "a", "new")
    assert content(tmp_path) == {"a/one": b"new", "a/deep/two": b"new"}


def test_make_directory_syncs_each_new_name(tmp_path: Path) -> None:
    assert steps_of(lambda: make_directory(tmp_path / "a" / "b")).count("fsync") == 2
    assert steps_of(lambda: make_directory(tmp_path / "a" / "b")).count("fsync") == 0
    (tmp_path / "file").touch()
    with pytest.raises(CoevoError, match="file: cannot be written"):
        make_directory(tmp_path / "file")


def test_discard_hides_a_directory_before_it_deletes_anything(tmp_path: Path) -> None:
    fill(tmp_path / "a", "1")
    assert steps_of(lambda: discard(tmp_path / "a"))[0] == "replace"
    assert names(tmp_path) == []
    with pytest.raises(CoevoError, match="a: cannot be written"):
        discard(tmp_path / "a")


def test_remove_leftovers_takes_temporary_names_only(tmp_path: Path) -> None:
    (tmp_path / ".tmp-directory").mkdir()
    (tmp_path / ".tmp-directory" / "file").touch()
    (tmp_path / ".tmp-file").touch()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / ".tmp-link").symlink_to(tmp_path / "kept")
    (tmp_path / ".lock").touch()
    assert remove_leftovers(tmp_path) == [".tmp-directory", ".tmp-file", ".tmp-link"]
    assert names(tmp_path) == [".lock", "kept"]
    assert names(tmp_path / "kept") == ["file"]
    assert remove_leftovers(tmp_path / "missing") == []
