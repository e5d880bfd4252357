"""Show what compaction makes of autoencoders that were pruned by magnitude, on MNIST.

The preset mnist-pruned (3 x 3 cells of 784-128-32-128-784) is run at 90 % and at 98 % with hard
masks. Of each best pairing, the zeros in the exported files are counted and compared with what the
run says, the compact form is compared with the masked one on 1,000 validation rows, and both are
timed on one core, in turn: in batches of 100 rows, and row by row, in microseconds per row with
the ratio.

    .venv/bin/python -m scripts.studies.compact_forms --out runs/compact-forms

Runs that are there already are not repeated. The table is printed as Markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import coevo
from coevo.compaction import stored_size
from coevo.inference_time import microseconds_per_row
from coevo.random import Key, uniform

__all__ = ["main"]

SPARSITIES = (0.9, 0.98)
INPUT_SHAPE = (1, 28, 28)
HEAD = "| pruned to | zeros in the file | parameters | multiply-adds | bytes | batches of 100 | single rows | largest difference |"


@dataclass(frozen=True)
class Form:
    """One form of a pairing: its size, and its time in microseconds per row."""

    size: dict[str, int]
    in_batches: float
    single: float


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(prog="compact_forms", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/compact-forms"))
    parser.add_argument("--set", action="append", default=[], dest="changes")
    chosen = parser.parse_args(arguments)
    print("\n".join([HEAD, "|---" * (HEAD.count("|") - 1) + "|"]))
    for sparsity in SPARSITIES:
        print(_line(sparsity, chosen.out / f"magnitude-{round(100 * sparsity)}", chosen.changes))
    return 0


def _line(sparsity: float, folder: Path, changes: list[str]) -> str:
    if not (folder / "result.json").exists():
        overrides = [f"pruning.sparsity={sparsity}", *changes]
        coevo.run("mnist-pruned", folder, device="cpu", overrides=overrides)
    zeros = _zeros(folder)
    exported = coevo.export(folder, "safetensors", compact=True)
    masked, compact = _forms(folder, exported.directory)
    cells = [
        f"{100 * sparsity:.0f} %",
        f"{100 * zeros:.3f} %",
        _change(masked.size["parameters"], compact.size["parameters"]),
        _change(masked.size["multiply_adds"], compact.size["multiply_adds"]),
        _change(masked.size["bytes"], compact.size["bytes"]),
        _speed(masked.in_batches, compact.in_batches),
        _speed(masked.single, compact.single),
        f"{exported.document['largest_difference']:.1e}",
    ]
    return f"| {' | '.join(cells)} |"


def _zeros(folder: Path) -> float:
    """The share of zeros among the weights in the exported file, which is what the run says."""
    directory = coevo.export(folder, "safetensors").directory
    matrices = [
        parameter
        for module in coevo.load_export(directory)
        for name, parameter in module.named_parameters()
        if name.endswith("weight")
    ]
    found = sum(int((matrix == 0).sum()) for matrix in matrices)
    total = sum(matrix.numel() for matrix in matrices)
    told = json.loads((folder / "result.json").read_text("utf-8"))["best"]["pruning"]
    said = sum(round(of["sparsity"] * total / 2) for of in told.values())  # both are equally large
    if said != found:
        raise SystemExit(f"{folder}: {found} zeros in the file, but the run says {said}")
    return found / total


def _forms(folder: Path, export: Path) -> tuple[Form, Form]:
    pairs: list[tuple[nn.Module, nn.Module]] = [
        coevo.load_pairing(folder),
        coevo.load_export(export),
    ]
    # Times do not depend on what the rows show.
    rows = uniform(Key.for_worlds(torch.tensor([0])).of("rows"), (100, *INPUT_SHAPE))[0]
    in_batches = microseconds_per_row(pairs, rows, seconds=5.0)
    single = microseconds_per_row(pairs, rows[:1], seconds=5.0)
    sizes = [stored_size(pair, INPUT_SHAPE) for pair in pairs]
    masked, compact = map(Form, sizes, in_batches, single)
    return masked, compact


def _change(before: int, after: int) -> str:
    return f"{before:,} → {after:,}"


def _speed(before: float, after: float) -> str:
    return f"{before:.3g} → {after:.3g} ({before / after:.2f})"


if __name__ == "__main__":
    sys.exit(main())
