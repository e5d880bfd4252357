"""Documents point to what is there, and nothing tells of one person's machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from scripts.document import reference
from tests.architecture.sources import ROOT, Finding, place, project_files, report, text_files

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)

# Directories of one machine, unfinished work, another spelling of one word, unfilled figures.
# Square brackets keep the patterns from finding themselves.
FORBIDDEN = re.compile(
    r"(?<!\w)/(home|Users)/[a-z]\w*|(?<!\w)/(roo[t]|wor[k]|tm[p]/w)/|[A-Z]:\\Users"
    r"|\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|^<{7} |^>{7} |^={7}$"
    r"|[Nn]eighbour|@[A-Z_]{3,}@",
    re.MULTILINE,
)
VAGUE_NAMES = {f"{name}.py" for name in ("utils", "util", "helpers", "common", "base", "misc")}


def broken_links(text: str, path: Path) -> Iterator[Finding]:
    """Relative links of a Markdown text at ``path`` to files or headings that are missing."""
    blanked = CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    for link in LINK.finditer(blanked):
        target, _, anchor = unquote(link[1]).partition("#")
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        other = path if not target else (path.parent / target)
        line = blanked.count("\n", 0, link.start()) + 1
        if not other.exists():
            yield line, f"{link[1]} is not there"
        elif anchor and other.suffix == ".md" and anchor not in anchors(other.read_text("utf-8")):
            yield line, f"{link[1]} has no such heading"


def anchors(text: str) -> set[str]:
    """What a link to a heading of a Markdown text says after the number sign."""
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in plain}


def forbidden(text: str) -> Iterator[Finding]:
    """Paths of one machine, unfinished work, other spellings."""
    for found in FORBIDDEN.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def test_links_lead_somewhere() -> None:
    documents = text_files(".md")
    found = [
        f"{place(path)}:{line}: {what}"
        for path in documents
        for line, what in broken_links(path.read_text("utf-8"), path)
    ]
    assert found == []
    names = set(map(place, documents))
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/README.md"} <= names


def test_the_reference_of_keys_is_what_scripts_document_writes() -> None:
    assert (ROOT / "docs" / "experiment.md").read_text("utf-8") == reference()


def test_no_forbidden_words() -> None:
    assert report(forbidden, text_files()) == []


def test_no_module_is_called_anything() -> None:
    assert [place(path) for path in project_files() if path.name in VAGUE_NAMES] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "grid.md").write_text("# The grid, exactly\n\n## `radius` & more\n")
    text = (
        "[a](docs/grid.md) [b](docs/grid.md#the-grid-exactly) [c](https://example.org/x)\n"
        "[d](docs/no.md) ![e](no.png 'title')\n"
        "[f](docs/grid.md#nowhere) [g](#start) `[h](code)` [i](docs/grid.md#radius--more)\n"
        "```\n[j](code)\n```\n# Start\n[k](docs)\n[l](<no file.md>)"
    )
    found = list(broken_links(text, _written(tmp_path / "README.md", text)))
    assert [(line, what.split()[0]) for line, what in found] == [
        (2, "docs/no.md"),
        (2, "no.png"),
        (3, "docs/grid.md#nowhere"),
        (9, "no"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "see /home" + "/ada/runs",
        "/Users" + "/ada",
        "/roo" + "t/.cache",
        "/wor" + "k/data",
        "# TOD" + "O: later",
        "<<<<<<" + "< HEAD",
        "neigh" + "bours",
        "in @MIN" + "UTES@ minutes",
    ],
)
def test_a_forbidden_word_is_found(line: str) -> None:
    assert [number for number, _ in forbidden(f"fine\n{line}\n")] == [2]


def test_other_words_are_let_through() -> None:
    assert (
        list(
            forbidden("~/runs, $HOME/runs, neighbors, /usr/bin/env, /ho" + "me page, a/wor" + "k/b")
        )
        == []
    )


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
