"""Names as they are used in a source text, told apart from others by what was imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """A name where it is imported or used.

    Attributes:
        line: from 1.
        name: dotted, and what was imported rather than what it is called here
            (``numpy.random.rand`` for ``np.random.rand``); ``.item`` for an attribute of
            anything that was not imported.
        call: the call of it, where it is called.
    """

    line: int
    name: str
    call: ast.Call | None = None

    @property
    def keywords(self) -> dict[str | None, ast.expr]:
        """The keyword arguments of the call."""
        return {k.arg: k.value for k in self.call.keywords} if self.call else {}


def uses(source: str) -> Iterator[Use]:
    """All names that a source text imports or uses, in no particular order."""
    tree = ast.parse(source)
    yield from imports(tree)
    imported = _imported(tree)
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    inner: set[int] = set()  # parts of a dotted name that is told as a whole
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name) or id(node) in inner:
            continue
        parts, base = _parts(node, inner)
        call = calls.get(id(node))
        if not isinstance(base, ast.Name) or (parts and base.id not in imported):
            yield Use(node.lineno, f".{parts[-1]}", call)
        else:
            yield Use(node.lineno, ".".join([imported.get(base.id, base.id), *parts]), call)


def imports(tree: ast.AST) -> Iterator[Use]:
    """The imports alone: ``import a.b`` and ``from a import b`` are both ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Use(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (Use(node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def _imported(tree: ast.AST) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
    return found


def _parts(node: ast.expr, inner: set[int]) -> tuple[list[str], ast.expr]:
    """The attributes of a chain, outermost last, and what they are attributes of."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
        if isinstance(node, ast.Attribute | ast.Name):
            inner.add(id(node))
    return parts, node
