"""The reference of all keys is what the models say."""

from __future__ import annotations

from pathlib import Path

from coevo.schema import DEFAULTS
from scripts.document import reference


def test_the_reference_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / "docs" / "experiment.md"
    assert written.read_text(encoding="utf-8") == reference(), "run scripts/document.py"


def test_every_key_stands_in_it() -> None:
    text = reference()
    for table, keys in DEFAULTS.items():
        assert f"## `[{table}]`" in text
        for key in keys:
            assert f"| `{key}` |" in text
