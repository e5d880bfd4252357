"""constraints.txt pins all that set-up installs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT

PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s,;#]+)")
# torch brings these along for GPUs, in versions that it pins itself.
ACCELERATOR = ("nvidia-", "cuda-", "triton", "pytorch-triton")


def pins(text: str) -> dict[str, str]:
    """Versions by normalized name; a line of another form is refused."""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            pin = PIN.fullmatch(line.strip())
            assert pin, f"not pinned exactly: {line}"
            found[str(canonicalize_name(pin[1]))] = str(pin[2])
    return found


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    return [Requirement(r) for rs in (project["dependencies"], *extras) for r in rs]


def unpinned(requirements: Iterable[Requirement], pinned: dict[str, str]) -> Iterator[str]:
    """Requirements that are not pinned, or to a version that they do not allow."""
    for requirement in requirements:
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{requirement.name} is not pinned"
        elif version not in requirement.specifier:
            yield f"{requirement} does not allow {version}"


PINS = pins((ROOT / "constraints.txt").read_text("utf-8"))


def test_every_declared_requirement_is_pinned() -> None:
    assert list(unpinned(declared(), PINS)) == []
    assert len(declared()) > 10


def test_torch_is_the_version_that_figures_are_of() -> None:
    assert PINS["torch"] == "2.13.0"


def test_what_these_require_is_pinned_too() -> None:
    assert list(unpinned(_needed(declared()), PINS)) == []


def test_nothing_is_pinned_that_nobody_requires() -> None:
    needed = {canonicalize_name(r.name) for r in [*declared(), *_needed(declared())]}
    assert set(PINS) - needed == set()


def test_a_missing_or_wrong_pin_is_found() -> None:
    wanted = [Requirement("torch>=2.6"), Requirement("Some_Thing<3")]
    assert list(unpinned(wanted, {"torch": "2.5"})) == [
        "torch>=2.6 does not allow 2.5",
        "Some_Thing is not pinned",
    ]
    assert list(unpinned(wanted, pins("# a\ntorch==2.13.0\nsome.thing==2\n"))) == []


@pytest.mark.parametrize("line", ["torch", "torch>=2.6", "torch==2.6,<3", "-e ."])
def test_a_loose_pin_is_refused(line: str) -> None:
    with pytest.raises(AssertionError, match="not pinned exactly"):
        pins(line)


def _needed(wanted: Iterable[Requirement]) -> list[Requirement]:
    """All that some requirements require on this machine, directly or not."""
    found: list[Requirement] = []
    waiting, seen = list(wanted), set()
    while waiting:
        parent = waiting.pop()
        for requirement in _required_by(parent):
            found.append(requirement)
            key = canonicalize_name(requirement.name), frozenset(requirement.extras)
            if key not in seen:
                seen.add(key)
                waiting.append(requirement)
    return found


def _required_by(parent: Requirement) -> Iterator[Requirement]:
    try:
        lines = requires(parent.name) or []
    except PackageNotFoundError:  # needed on another system only
        return
    for requirement in map(Requirement, lines):
        marker, name = requirement.marker, canonicalize_name(requirement.name)
        extras = ["", *parent.extras]
        applies = marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)
        if applies and not name.startswith(ACCELERATOR) and name != "setuptools":
            yield requirement
