"""Ranges of the options, and where files are looked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from coevo.datasets import DataOptions, load_dataset
from coevo.datasets.files import data_directory, find_file, named_path
from coevo.errors import CoevoError


@pytest.mark.parametrize(
    ("key", "value", "want"),
    [
        ("split_seed", -1, "a whole number >= 0"),
        ("clusters", 0, "a whole number >= 1"),
        ("dimensions", 0, "a whole number >= 1"),
        ("rows_per_cluster", 0, "a whole number >= 1"),
        ("validation_rows", 0, "a whole number >= 1"),
        ("test_rows", 0, "a whole number >= 1"),
        ("validation_share", 1.0, "a number inside (0, 1)"),
        ("validation_share", float("nan"), "a number inside (0, 1)"),
        ("flip_probability", 0.0, "a number above 0, at most 0.5"),
        ("flip_probability", 0.51, "a number above 0, at most 0.5"),
        ("frame", "half", "full or normalized"),
        ("channels", 2, "1 (gray) or 3 (color)"),
        ("image_size", (28, 0), "(height, width), both >= 1"),
        ("image_size", (28,), "(height, width), both >= 1"),
    ],
)
def test_values_out_of_range_are_refused(key: str, value: object, want: str) -> None:
    options: dict[str, Any] = {key: value}
    with pytest.raises(CoevoError) as caught:
        DataOptions(**options)
    assert str(caught.value) == f"{key}: {value!r} is not possible; give {want}"


def test_without_a_directory_both_ways_to_set_it_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COEVO_DATA", raising=False)
    with pytest.raises(CoevoError) as caught:
        load_dataset("mnist")
    assert str(caught.value) == (
        "directory: no data directory is set; set the option 'directory' or the environment "
        "variable COEVO_DATA to the folder that holds the data"
    )


def test_the_option_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("option", "variable"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("COEVO_DATA", str(tmp_path / "variable"))
    assert data_directory(DataOptions()) == tmp_path / "variable"
    assert data_directory(DataOptions(directory=tmp_path / "option")) == tmp_path / "option"


def test_a_wrong_directory_is_blamed_on_what_set_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    monkeypatch.setenv("COEVO_DATA", str(gone))
    text = re.escape(f"'{gone}' is not a folder; give the one that holds the data")
    with pytest.raises(CoevoError, match=f"^COEVO_DATA: {text}$"):
        data_directory(DataOptions())
    with pytest.raises(CoevoError, match=f"^directory: {text}$"):
        data_directory(DataOptions(directory=gone))


def test_a_file_is_found_in_its_folder_first_then_beside_it(tmp_path: Path) -> None:
    options = DataOptions(directory=tmp_path)
    with pytest.raises(CoevoError) as caught:
        find_file(options, "mnist", ("a.gz", "a"))
    assert str(caught.value) == (
        f"{tmp_path}: has no 'a.gz' or 'a', neither in 'mnist' nor beside it; put the file there, "
        "or set the option 'directory' or the environment variable COEVO_DATA"
    )
    (tmp_path / "a.gz").touch()
    assert find_file(options, "mnist", ("a.gz", "a")) == tmp_path / "a.gz"
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "a").touch()
    assert find_file(options, "mnist", ("a.gz", "a")) == tmp_path / "mnist" / "a"


def test_a_path_is_relative_to_the_directory_or_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("COEVO_DATA", raising=False)
    (tmp_path / "own.npz").touch()
    relative = DataOptions(directory=tmp_path, file="own.npz")
    absolute = DataOptions(file=tmp_path / "own.npz")
    assert named_path(relative, "file", "npz") == named_path(absolute, "file", "npz")


def test_a_path_that_is_not_set_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CoevoError) as caught:
        named_path(DataOptions(directory=tmp_path), "file", "npz")
    assert str(caught.value) == (
        "file: is not set; dataset 'npz' needs a path, absolute or relative to the data directory"
    )
    with pytest.raises(CoevoError) as caught:
        named_path(DataOptions(directory=tmp_path, folder="gone"), "folder", "folder")
    assert str(caught.value) == (
        f"folder: '{tmp_path / 'gone'}' does not exist; give a path, absolute or relative to the "
        "data directory"
    )


def test_paths_that_the_system_cannot_look_up_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = "x" * 5000
    for name in ("mnist", "npz", "folder"):
        for options in (
            DataOptions(directory=tmp_path / long, file="a", folder="a"),
            DataOptions(directory=tmp_path, file=long, folder=long),
        ):
            with pytest.raises(CoevoError):
                load_dataset(name, options)
    with pytest.raises(CoevoError) as caught:
        named_path(DataOptions(directory=tmp_path, file=long), "file", "npz")
    assert str(caught.value) == f"{tmp_path / long}: cannot be read: File name too long"
    monkeypatch.setenv("COEVO_DATA", "~nobody-has-this-name/data")
    with pytest.raises(CoevoError) as caught:
        data_directory(DataOptions())
    assert str(caught.value) == (
        "COEVO_DATA: '~nobody-has-this-name/data' is in a home that is unknown; give a path"
    )
