"""Seconds and memory of `coevo compare` on the records of 19 variants with 30 seeds.

Each world has 10 cells and 400 generations: 2.28 million rows in two stacks, written by the
writer of real runs. Every comparison is a process of its own, imports included; the figures
without a name are the worst of all.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from coevo.experiment import experiment_from_dict, to_toml
from coevo.files import write_json, write_text
from coevo.records import RecordWriter
from coevo.study_directory import StudyDirectory

__all__ = ["figures", "write_synthetic_study"]

VARIANTS, SEEDS, CELLS, GENERATIONS = 19, 30, 10, 400
GENERATIONS_AT_ONCE = 50
MEASURED = ("seconds", "cpu_seconds", "peak_mib")
ROOT = Path(__file__).resolve().parents[2]

ASKED = {
    "results": [],
    "recorded": ["--metric", "training_mse", "--over", "mean"],
    # Not a number in the last generation, so that all have to be looked through.
    "searched": ["--metric", "training_l1"],
    "all_pairs": ["--all-pairs"],
}
CHILD = """
import re, sys, time
from pathlib import Path
from coevo.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
found = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
sys.stderr.write(f"\\n{time.process_time()} {found[1]}")
"""


def figures(device: str = "cpu") -> dict[str, float]:
    """Write the study, and compare it in several ways."""
    del device
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        study = write_synthetic_study(Path(folder) / "study")
        for name, flags in ASKED.items():
            measured = dict(zip(MEASURED, _compared(study, flags), strict=True))
            found |= {f"{figure}_{name}": value for figure, value in measured.items()}
    for figure in MEASURED:
        found[figure] = max(found[f"{figure}_{name}"] for name in ASKED)
    return {"rows": float(VARIANTS * SEEDS * CELLS * GENERATIONS), **found}


def write_synthetic_study(
    directory: Path, *, seeds: int = SEEDS, generations: int = GENERATIONS
) -> Path:
    """A study as it is left at its end, with invented numbers.

    Args:
        directory: to make.
        seeds: of each variant.
        generations: of each world.
    """
    variants = {
        f"{operator}-{schedule}": {"pruning": [{"operator": operator, "schedule": schedule}]}
        for operator in ("uniform", "variance", "conjunctive")
        for schedule in ("fixed", "increase", "decrease", "exponential", "final_n", "population")
    }
    experiments = {
        name: to_toml(experiment_from_dict({**tables, "generations": generations}))
        for name, tables in {"none": {}, **variants}.items()
    }
    study = StudyDirectory(directory)
    directory.mkdir(parents=True)
    write_text(study.run.experiment_file, experiments["none"])
    write_json(study.run.environment_file, {"device": "cpu"})
    study.write_plan(
        [{"name": name, "settings": {}, "options": {}} for name in experiments],
        range(1, seeds + 1),
    )
    names = list(experiments)
    for number, own in enumerate((names[:1], names[1:])):
        worlds = [(name, seed) for name in own for seed in range(1, seeds + 1)]
        stack = study.new_stack()
        stack.path.mkdir(parents=True)
        stack.describe(worlds, {name: experiments[name] for name in own})
        generator = np.random.Generator(np.random.Philox(number))
        write_json(stack.run.result_file, _result(worlds, generator, generations))
        _write_records(stack.run.records, len(worlds), generator, generations)
    return directory


def _result(
    worlds: list[tuple[str, int]], generator: np.random.Generator, generations: int
) -> dict[str, object]:
    entries = []
    for number, (variant, seed) in enumerate(worlds):
        losses = (0.1 + 0.01 * generator.random((2, 3, CELLS))).tolist()
        splits = [dict(zip(("mse", "l1", "bce"), losses[side], strict=True)) for side in (0, 1)]
        cell = int(np.argmin(splits[0]["mse"]))
        entries.append(
            {
                "world": number,
                "variant": variant,
                "seed": seed,
                "status": "complete",
                "stopped_at": None,
                "best": {"cell": cell},
                "validation": splits[0],
                "test": splits[1],
                "sparsity": generator.random(CELLS).tolist(),
            }
        )
    spent = {"seconds": 100.0, "cpu_seconds": 200.0}
    return {"worlds": entries, "gradient_steps_per_cell": 40 * generations, **spent}


def _write_records(
    folder: Path, worlds: int, generator: np.random.Generator, generations: int
) -> None:
    world, cell = np.divmod(np.arange(worlds * CELLS), CELLS)
    rows = len(world)
    names = [
        *(f"{split}_{loss}" for split in ("validation", "training") for loss in ("mse", "l1")),
        *("selection_loss", "train_loss", "learning_rate", "encoder_sparsity", "decoder_sparsity"),
    ]
    with RecordWriter(folder) as writer:
        for generation in range(1, generations + 1):
            numbers = {name: generator.random(rows) for name in names}
            if generation == generations:
                numbers["training_l1"][:] = np.nan
            writer.append(
                {
                    "world": world,
                    "generation": np.full(rows, generation),
                    "cell": cell,
                    "seed": world % SEEDS + 1,
                    "running": np.ones(rows, dtype=bool),
                    "replaced": numbers["selection_loss"] < 0.5,
                    **numbers,
                }
            )
            if generation % GENERATIONS_AT_ONCE == 0:
                writer.flush()


def _compared(study: Path, flags: list[str]) -> tuple[float, float, float]:
    """Seconds on the clock, of the processor, and the most memory that the process had."""
    command = [sys.executable, "-c", CHILD, "compare", str(study), "--json", *flags]
    begin = time.perf_counter()
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begin
    assert len(json.loads(ended.stdout)["data_sets"][0]["variants"]) == VARIANTS
    cpu_seconds, kibibytes = ended.stderr.rpartition("\n")[2].split()
    return seconds, float(cpu_seconds), int(kibibytes) / 1024
