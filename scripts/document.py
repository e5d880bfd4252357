"""Write docs/experiment.md, the reference of all keys, from the models that check them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from coevo.schema import Experiment

__all__ = ["reference"]

_HEAD = """# Every key of an experiment

Written by `scripts/document.py` from the models that check experiments; do not edit by hand.
What the keys mean exactly stands in [generation.md](generation.md), and how keys vary in a study
in [studies.md](studies.md). A key that has no effect in
an experiment (a noise level without noise, say) is refused when it is given.
"""
_FILE = Path(__file__).resolve().parents[1] / "docs" / "experiment.md"


def reference() -> str:
    """The text of docs/experiment.md."""
    schema = Experiment.model_json_schema()
    top = {k: v for k, v in schema["properties"].items() if _reference(v) is None}
    parts = [_HEAD, _table("Top of the file", "", top)]
    for name, entry in schema["properties"].items():
        found = _reference(entry)
        if found is not None:
            table = schema["$defs"][found.rsplit("/", 1)[1]]
            title = f"`[[{name}]]`" if "items" in entry else f"`[{name}]`"
            parts.append(_table(title, table.get("description", ""), table["properties"]))
    return "\n".join(parts)


def _reference(entry: dict[str, Any]) -> str | None:
    """Where the keys of a table, or of a list of tables, are described; None for other values."""
    found = entry.get("$ref") or entry.get("items", {}).get("$ref")
    return None if found is None else str(found)


def _table(title: str, text: str, keys: dict[str, Any]) -> str:
    rows = [
        f"| `{key}` | {_values(entry)} | {_default(entry)} | {entry.get('description', '')} |"
        for key, entry in keys.items()
    ]
    head = "| key | values | default | meaning |\n|---|---|---|---|"
    return f"## {title}\n\n{text}\n\n{head}\n" + "\n".join(rows) + "\n"


def _default(entry: dict[str, Any]) -> str:
    value = entry.get("default")
    return "" if value is None else f"`{json.dumps(value)}`"


def _values(entry: dict[str, Any]) -> str:
    if "anyOf" in entry:
        return " or ".join(_values(e) for e in entry["anyOf"] if e.get("type") != "null")
    if "enum" in entry:
        return ", ".join(f"`{json.dumps(value)}`" for value in entry["enum"])
    kind = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "array": "list",
        "boolean": "`true`, `false`",
    }
    words = kind.get(entry.get("type", ""), "table")
    return words + _limits(entry)


def _limits(entry: dict[str, Any]) -> str:
    signs = {
        "minimum": ">=",
        "exclusiveMinimum": ">",
        "maximum": "<=",
        "exclusiveMaximum": "<",
    }
    found = [f"{sign} {entry[name]}" for name, sign in signs.items() if _worth(entry, name)]
    return f" {', '.join(found)}" if found else ""


def _worth(entry: dict[str, Any], name: str) -> bool:
    return name in entry and entry[name] < 2**53


if __name__ == "__main__":
    text = reference()
    if "--check" in sys.argv and _FILE.read_text(encoding="utf-8") != text:
        sys.exit("docs/experiment.md is not up to date: run scripts/document.py")
    _FILE.write_text(text, encoding="utf-8")
