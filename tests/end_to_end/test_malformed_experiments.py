"""A wrong experiment is refused in plain words before anything is computed or written (C7)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from coevo.cli import main
from tests.end_to_end.warm import ROOT, cold

MALFORMED = ROOT / "tests" / "coevo" / "malformed"
NAMES = sorted(path.stem for path in MALFORMED.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_malformed_file_is_refused_with_its_message_and_nothing_is_left(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = place(name, tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["run", file.name])
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"coevo: {expected(name)}"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["key-misspelled", "refused-twice", "syntax-no-value"])
def test_also_by_the_command_itself(name: str, tmp_path: Path) -> None:
    file = place(name, tmp_path)
    process = cold("run", file.name, directory=tmp_path)
    assert process.communicate() == ("", f"coevo: {expected(name)}")
    assert process.returncode == 2
    assert list(tmp_path.iterdir()) == [file]


def place(name: str, directory: Path) -> Path:
    return Path(shutil.copy(MALFORMED / f"{name}.toml", directory))


def expected(name: str) -> str:
    return (MALFORMED / f"{name}.txt").read_text("utf-8")
