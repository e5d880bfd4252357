"""Modules of the user are found, trusted or not, and told apart."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coevo.errors import CoevoError
from coevo.user_code import load_callable

NAME = "user_code_under_test"


@pytest.fixture(autouse=True)
def _modules_as_before() -> Iterator[None]:
    before, path = dict(sys.modules), list(sys.path)
    yield
    sys.modules.clear()
    sys.modules.update(before)
    assert sys.path == path


def write(folder: Path, text: str, name: str = f"{NAME}.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return folder


def load(reference: str, *folders: Path) -> object:
    return load_callable("network.encoder", reference, search=folders, trust=True)()


def refusal(reference: str, *folders: Path, trust: bool = True) -> str:
    with pytest.raises(CoevoError) as caught:
        load_callable("network.encoder", reference, search=folders, trust=trust)
    return str(caught.value)


def test_the_first_folder_that_has_the_module_counts(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    one = write(tmp_path / "one", "def f(): return 1")
    two = write(tmp_path / "two", "def f(): return 2")
    assert load(f"{NAME}:f", empty, two, one) == 2


def test_names_may_have_dots_and_modules_may_be_in_packages(tmp_path: Path) -> None:
    write(tmp_path, "", f"{NAME}/__init__.py")
    write(tmp_path, "class A:\n    f = staticmethod(lambda: 3)", f"{NAME}/inner.py")
    assert load(f"{NAME}.inner:A.f", tmp_path) == 3


def test_modules_beside_it_can_be_imported(tmp_path: Path) -> None:
    write(tmp_path, "def f(): return 4", f"{NAME}_helper.py")
    assert load(f"{NAME}:f", write(tmp_path, f"from {NAME}_helper import f")) == 4


def test_an_installed_module_needs_no_folder() -> None:
    found = load_callable("selection.concept", "math:sqrt", search=(), trust=True)
    assert found(4.0) == 2.0


def test_folders_that_hold_modules_of_one_name_are_told_apart(tmp_path: Path) -> None:
    folders = [write(tmp_path / str(n), f"def f(): return {n}") for n in (1, 2)]
    functions = [
        load_callable("network.encoder", f"{NAME}:f", search=(folder,), trust=True)
        for folder in (*folders, folders[0])
    ]
    assert [function() for function in functions] == [1, 2, 1]


def test_packages_of_one_name_are_told_apart_with_all_their_modules(tmp_path: Path) -> None:
    for n in (1, 2):
        write(tmp_path / str(n), "", f"{NAME}/__init__.py")
        write(tmp_path / str(n), f"def f(): return {n}", f"{NAME}/inner.py")
    assert [load(f"{NAME}.inner:f", tmp_path / str(n)) for n in (1, 2, 1)] == [1, 2, 1]


def test_a_module_is_imported_once(tmp_path: Path) -> None:
    write(tmp_path, "count = []\ndef f():\n    count.append(1)\n    return len(count)")
    assert [load(f"{NAME}:f", tmp_path) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("name", ["math", "json", "torch", "sys"])
def test_what_python_or_others_have_imported_stays(name: str, tmp_path: Path) -> None:
    import torch  # the module whose name is taken

    write(tmp_path, "def f(): return 0", f"{name}.py")
    before = sys.modules[name]
    message = refusal(f"{name}:f", tmp_path)
    assert message == (
        f"network.encoder: '{name}:f': another module has the name '{name}', so that "
        f"{tmp_path}/{name}.py cannot be imported; rename it"
    )
    assert sys.modules[name] is before
    assert torch.__version__


def test_without_trust_nothing_is_imported(tmp_path: Path) -> None:
    write(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert refusal(f"{NAME}:f", tmp_path, trust=False) == (
        f"network.encoder: '{NAME}:f' is code of its own, which runs when it is imported; "
        "look at it, then say --trust (trust=True in Python)"
    )
    assert not (tmp_path / "ran").exists()


def test_what_is_wrong_with_a_module_is_said(tmp_path: Path) -> None:
    what = f"network.encoder: '{NAME}:f'"
    assert refusal(f"{NAME}:f", tmp_path) == (
        f"{what}: no module '{NAME}'; put it into {tmp_path}, or install it"
    )
    write(tmp_path, "import no_such_module_at_all")
    assert refusal(f"{NAME}:f", tmp_path) == (
        f"{what}: no module 'no_such_module_at_all'; put it into {tmp_path}, or install it"
    )
    write(tmp_path, "raise OSError('no disk')")
    assert refusal(f"{NAME}:f", tmp_path) == f"{what} fails at import: OSError: no disk; mend it"
    write(tmp_path, "def f(:")
    assert refusal(f"{NAME}:f", tmp_path).startswith(f"{what} fails at import: SyntaxError: ")


def test_what_is_wrong_with_a_name_is_said(tmp_path: Path) -> None:
    write(tmp_path, "f = 3\nclass A: pass")
    assert refusal(f"{NAME}:g", tmp_path) == (
        f"network.encoder: '{NAME}:g': module {NAME} has no 'g'"
    )
    assert refusal(f"{NAME}:A.f", tmp_path).endswith(f"module {NAME} has no 'A.f'")
    assert refusal(f"{NAME}:f", tmp_path) == (
        f"network.encoder: '{NAME}:f' is a int; give a function"
    )
