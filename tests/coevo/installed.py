"""Packages that register plug-ins, as pip would leave them in a folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from coevo import plugins


def install(
    folder: Path, package: str, points: Mapping[str, Mapping[str, str]], text: str = ""
) -> None:
    """Put a package with one module into a folder on the path.

    Args:
        folder: where.
        package: its name, with hyphens; the module's has underscores.
        points: group without ``coevo.`` to name to object in the module.
        text: of the module.
    """
    module = package.replace("-", "_")
    (folder / f"{module}.py").write_text(text, "utf-8")
    description = folder / f"{module}-1.5.dist-info"
    description.mkdir()
    (description / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.5\n")
    lines = []
    for kind, named in points.items():
        lines.append(f"[coevo.{kind}]")
        lines += [f"{name} = {module}:{found}" for name, found in named.items()]
    (description / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    forget()


def forget() -> None:
    """Look at the installed packages again, and import theirs again."""
    plugins._found.cache_clear()
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]
