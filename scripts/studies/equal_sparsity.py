"""Compare pruning operators on MNIST at equal sparsity.

A 3 x 3 torus of 784-128-32-128-784 autoencoders is pruned to the same share of every layer's
weights by each operator, on a cubic schedule over the first 6 of 8 generations, with hard masks:
the preset mnist-pruned with half its steps, two epochs. One number per run: test MSE of the best
pairing, which is chosen on validation rows.

    .venv/bin/python -m scripts.studies.equal_sparsity --out runs/equal-sparsity

Runs that are there already are not repeated, and one that was interrupted goes on. ``--sparsity``
computes some columns only, so that several processes can share the work. The table is printed as
Markdown and written to ``table.md``, the numbers to ``results.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import coevo

__all__ = ["main"]

Outcome: TypeAlias = dict[str, Any]

SEEDS = 5
STEPS = 138
SPARSITIES = (0.8, 0.9, 0.95, 0.98)
OPERATORS = ("uniform", "magnitude", "variance", "conjunctive_score", "wanda", "saliency")
EXTRAS = {
    "variance, remove = high": ("variance", "remove=high"),
    "variance_sampled, remove = low": ("variance_sampled", "remove=low"),
    "variance_sampled, remove = high": ("variance_sampled", "remove=high"),
    "movement": ("movement",),
    "wanda, scope = unit": ("wanda", "scope=unit"),
}
EXTRA_SPARSITY = 0.95


@dataclass(frozen=True)
class Variant:
    """One row of the table at one sparsity; None is without pruning."""

    label: str
    sparsity: float | None
    changes: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Name of its run directory."""
        words = self.label.replace(", ", "-").replace(" = ", "-").replace(" ", "-")
        return words if self.sparsity is None else f"{words}-{round(100 * self.sparsity)}"


@dataclass(frozen=True)
class Result:
    """What came out of it, by seed; recorded sparsities as they are at the end."""

    label: str
    sparsity: float | None
    seeds: list[int]
    test_mse: list[float]
    recorded_sparsity: dict[str, list[float | None]]
    seconds: float


def variants() -> list[Variant]:
    """All of them, those that the table needs first."""
    found = [Variant("none", None, ("pruning=[]",))]
    for sparsity in sorted(SPARSITIES, key=lambda share: share != EXTRA_SPARSITY):
        found += [_pruned(name, sparsity, (name,)) for name in OPERATORS]
    found += [_pruned(label, EXTRA_SPARSITY, spec) for label, spec in EXTRAS.items()]
    return found


def _pruned(label: str, sparsity: float, spec: tuple[str, ...]) -> Variant:
    operator, *options = spec
    changes = [f"operator={operator}", f"sparsity={sparsity}", *options]
    return Variant(label, sparsity, tuple(f"pruning.{change}" for change in changes))


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(prog="equal_sparsity", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/equal-sparsity"))
    parser.add_argument("--set", action="append", default=[], dest="changes")
    parser.add_argument("--sparsity", type=float, action="append", default=[])
    chosen = parser.parse_args(arguments)
    results = {}
    for variant in variants():
        if chosen.sparsity and variant.sparsity not in chosen.sparsity:
            continue
        folder = chosen.out / variant.folder
        result = _result(variant, folder, _run(variant, folder, chosen.changes))
        results[variant.folder] = result
        losses = " ".join(f"{value:.5f}" for value in result.test_mse)
        print(f"{variant.folder}: {losses}", file=sys.stderr, flush=True)
    if chosen.sparsity:
        return 0
    numbers = {name: asdict(result) for name, result in results.items()}
    (chosen.out / "results.json").write_text(json.dumps(numbers, indent=2), "utf-8")
    text = _table(list(results.values()))
    (chosen.out / "table.md").write_text(text, "utf-8")
    print(text)
    return 0


def _run(variant: Variant, folder: Path, changes: list[str]) -> Outcome:
    if (folder / "result.json").exists():
        found: Outcome = json.loads((folder / "result.json").read_text("utf-8"))
        return found
    if (folder / "experiment.toml").exists():
        return coevo.resume(folder, device="cpu").outcome
    budget = [f"sweep.replicates={SEEDS}", f"optimizer.steps={STEPS}"]
    overrides = [*budget, *variant.changes, *changes]
    return coevo.run("mnist-pruned", folder, device="cpu", overrides=overrides).outcome


def _result(variant: Variant, folder: Path, outcome: Outcome) -> Result:
    worlds = outcome["worlds"]
    last = coevo.read_records(folder / "records").filter(generation=outcome["generations"])
    columns = [name for name in last.columns if name.endswith("_sparsity")]
    return Result(
        variant.label,
        variant.sparsity,
        seeds=[world["seed"] for world in worlds],
        test_mse=[world["best"]["test"]["mse"] for world in worlds],
        recorded_sparsity={name: sorted(set(last[name].to_list())) for name in columns},
        seconds=outcome["seconds"],
    )


def _table(results: list[Result]) -> str:
    """Median test MSE and quartiles by operator and sparsity, with the ratio to uniform."""
    by_label: dict[str, dict[float | None, list[float]]] = {}
    for result in results:
        by_label.setdefault(result.label, {})[result.sparsity] = result.test_mse
    head = " | ".join(f"{100 * sparsity:.0f} %" for sparsity in SPARSITIES)
    lines = [f"| operator | {head} |", "|---" * (len(SPARSITIES) + 1) + "|"]
    for label, found in by_label.items():
        cells = []
        for sparsity in SPARSITIES:
            losses = found.get(sparsity, found.get(None))
            cells.append("" if losses is None else _cell(losses, by_label["uniform"][sparsity]))
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(losses: list[float], control: list[float]) -> str:
    low, middle, high = statistics.quantiles(losses, n=4, method="inclusive")
    ratio = middle / statistics.median(control)
    return f"{1e3 * middle:.2f} [{1e3 * low:.2f}, {1e3 * high:.2f}] ({ratio:.2f})"


if __name__ == "__main__":
    sys.exit(main())
