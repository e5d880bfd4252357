"""Compiled loops are kept for other processes where that is possible, and only while they hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numba.core.caching
import pytest

from coevo.compiled import compilation
from coevo.compiled.compilation import cached


def doubled(x: float) -> float:
    return 2 * x


def test_what_is_compiled_is_kept_where_numba_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    for _ in range(2):
        function = cached(doubled)
        assert function(1.5) == 3.0
    assert sum(function.stats.cache_hits.values()) == 1  # type: ignore[attr-defined]  # numba's
    assert list(tmp_path.rglob("*.nbc"))


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
    assert cached(doubled)(1.5) == 3.0


def test_a_change_in_any_module_makes_it_compile_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    (tmp_path / "one.py").write_text("x = 1\n")
    (tmp_path / "other.py").write_text("y = 1\n")
    monkeypatch.setattr(compilation, "__file__", str(tmp_path / "one.py"))
    names = [cached(doubled).__qualname__ for _ in range(2)]
    (tmp_path / "other.py").write_text("y = 2\n")
    assert names[0] == names[1] != cached(doubled).__qualname__


def test_nothing_is_compiled_as_if_all_numbers_were_finite() -> None:
    flags = compilation._OPTIONS["fastmath"]
    assert isinstance(flags, set)  # True would be all of them
    assert not flags & {"nnan", "ninf", "fast"}


def test_the_engine_does_not_load_numba_before_it_is_used() -> None:
    code = "import coevo.assemble, sys; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
