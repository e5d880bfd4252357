"""``coevo list`` names everything that an experiment can name."""

from __future__ import annotations

import json

import pytest

from coevo.cli import main
from coevo.listing import KINDS, listing


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = output(capsys, "list", kind)
    title, *lines = out.splitlines()
    assert title == kind
    found = listing(kind)
    assert [line.split()[0] for line in lines] == list(found)
    starts = {line.index(text) for line, text in zip(lines, found.values(), strict=True)}
    assert len(starts) == 1, "descriptions stand in one column"
    assert json.loads(output(capsys, "list", kind, "--json")) == {kind: found}


def test_all_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    titles = [line for line in output(capsys, "list").splitlines() if not line.startswith(" ")]
    assert titles == list(KINDS)
    document = json.loads(output(capsys, "list", "--json"))
    assert document == {kind: listing(kind) for kind in KINDS}


def test_no_such_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["list", "preset"])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err == (
        "coevo: list: 'preset' is not a list; use one of presets, datasets, networks, optimizers, "
        "evolution_presets, strategies, operators, schedules, concepts, neighborhoods\n"
    )


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main([*arguments])
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (0, "")
    return out
