"""Checkers for what must not stand where a generation is computed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import Finding
from tests.architecture.syntax import uses

# Calls that copy numbers to the host, or whose result's shape depends on numbers.
_WAITS = re.compile(
    r"\.(item|tolist|cpu|numpy|nonzero|unique|unique_consecutive|masked_select|argwhere|equal"
    r"|allclose|synchronize)"
    r"|torch\.(nonzero|unique|unique_consecutive|masked_select|argwhere|equal|allclose|is_nonzero)"
    r"|torch\.cuda\.(synchronize|current_stream)|torch\.histc"
)
# Tensors of numbers become one truth value by these; a branch on it waits for the device.
_TRUTH = {"any", "all", "isfinite", "isnan", "eq", "lt", "gt", "le", "ge"}
_MANY = re.compile(r"(.*_)?(cells|cell_ids|worlds|lanes|streams)")
_ONE = re.compile(r"(cell|world|lane|stream)(_id)?")


def device_waits(source: str) -> Iterator[Finding]:
    """Places where the host waits for the device, as far as they can be seen without types.

    Looked for are ``.item()``, ``.tolist()``, ``.cpu()``, ``.numpy()``, ``.to("cpu")``,
    ``bool(...)``, ``float(...)`` and ``int(...)`` of anything but a plain number, a comparison or
    choice of names, or ``torch.Size(...).numel()``; operations whose result has a shape that depends on numbers
    (``nonzero``, ``unique``, ``masked_select``, ``argwhere``, ``torch.where`` of a condition
    alone); ``equal``, ``allclose``, ``synchronize``; and branches on ``.any()``, ``.all()`` and
    comparisons that are methods. Indexing with a bool tensor and ``if tensor:`` look like
    ordinary code: tests/architecture/test_one_program.py sees those when they run.
    """
    for use in uses(source):
        if use.call and (_WAITS.fullmatch(use.name) or _other_wait(use.name, use.call)):
            yield use.line, use.name
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
            yield from ((line, f"branch on .{name}()") for line, name in _truths(node.test))


def cell_loops(source: str) -> Iterator[Finding]:
    """Python loops over cells, worlds or networks.

    Looked for are loops and comprehensions over ``range`` or ``enumerate`` of something that is
    named after many cells (``range(grid.cells)``, ``range(len(cells))``), over such a thing
    itself (``for i in cells``), and whose variable is named after one (``for cell in ...``).
    ``range`` with a step goes over chunks, which is fine.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.For | ast.comprehension):
            over, line = node.iter, node.iter.lineno
            chunks = isinstance(over, ast.Call) and len(over.args) == 3
            names = {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
            if not chunks and (_is_many(over) or any(map(_ONE.fullmatch, names))):
                yield line, f"loop over {ast.unparse(over)}"


def _other_wait(name: str, call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    if name in ("bool", "float", "int"):
        return not (isinstance(first, ast.Constant) or _is_size(first) or _is_plain(first))
    if name == ".to":
        return isinstance(first, ast.Constant) and first.value == "cpu"
    return name == "torch.where" and len(call.args) == 1


def _is_size(value: ast.expr | None) -> bool:
    return value is not None and ast.unparse(value).startswith("torch.Size(")


def _is_plain(value: ast.expr | None) -> bool:
    """Whether it is a comparison or ``or`` of names, as hosts make of counts and settings."""
    made = (ast.Call, ast.Subscript)
    return isinstance(value, ast.Compare | ast.BoolOp) and not any(
        isinstance(part, made) for part in ast.walk(value)
    )


def _truths(test: ast.expr) -> Iterator[tuple[int, str]]:
    """Methods whose result a branch takes for true or false, with their lines."""
    parts = [test]
    while parts:
        part = parts.pop()
        if isinstance(part, ast.BoolOp):
            parts += part.values
        elif isinstance(part, ast.UnaryOp):
            parts.append(part.operand)
        elif (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr in _TRUTH
        ):
            yield part.lineno, part.func.attr


def _is_many(over: ast.expr) -> bool:
    """Whether an iterable is named after many cells, within ``range``, ``enumerate``, ``len``."""
    if isinstance(over, ast.Call) and isinstance(over.func, ast.Name):
        wraps = over.func.id in ("range", "enumerate", "len", "zip", "reversed", "list")
        return wraps and any(_is_many(argument) for argument in over.args)
    name = over.attr if isinstance(over, ast.Attribute) else getattr(over, "id", "")
    return _MANY.fullmatch(name) is not None
