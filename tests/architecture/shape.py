"""Checkers for the form of a module: its length, what it says of itself, what it suppresses."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.architecture.sources import Finding

MODULE_LINES = 300
BODY_LINES = 40

_SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore)")
# A code and, after a dash or another number sign, a reason.
_EXPLAINED = re.compile(
    r"#\s*(noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*|type: ignore\[[a-z-]+(, ?[a-z-]+)*\])"
    r"\s+(-|#)\s+\S.{5,}"
)


def long_module(source: str) -> Iterator[Finding]:
    """The line after the last that a module may have."""
    lines = len(source.splitlines())
    if lines > MODULE_LINES:
        yield MODULE_LINES + 1, f"{lines} lines; at most {MODULE_LINES}"


def long_bodies(source: str) -> Iterator[Finding]:
    """Functions with too much code: lines of the body without docstring, comments and blanks."""
    code = _code_lines(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            last = node.end_lineno or 0
            lines = sum(body[0].lineno <= line <= last for line in code) if body else 0
            if lines > BODY_LINES:
                yield node.lineno, f"{node.name} has {lines} lines; at most {BODY_LINES}"


def undescribed(source: str) -> Iterator[Finding]:
    """A module without a docstring or without ``__all__`` as a plain list of names."""
    tree = ast.parse(source)
    if ast.get_docstring(tree) is None:
        yield 1, "no docstring"
    if listed(source) is None:
        yield 1, "no __all__"


def listed(source: str) -> list[str] | None:
    """The names in ``__all__``; None where it is missing or not a plain list of texts."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            try:
                names = ast.literal_eval(node.value)
            except ValueError:
                return None
            is_list = isinstance(names, list) and all(isinstance(n, str) for n in names)
            return names if is_list else None
    return None


def public_imports(source: str) -> set[str]:
    """What a package imports from its own modules: what its surface can be made of."""
    return {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
        if (node.module or "").partition(".")[0] in ("coevo", "grids", "operators")
    }


def unexplained(source: str) -> Iterator[Finding]:
    """Silenced tools without a code, or without a reason behind it."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or not _SUPPRESSION.search(token.string):
            continue
        if not _EXPLAINED.search(token.string):
            yield token.start[0], token.string


def _code_lines(source: str) -> set[int]:
    """Lines with code on them; texts of several lines count with all of theirs."""
    blank = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    return {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in blank
        for line in range(token.start[0], token.end[0] + 1)
    }
