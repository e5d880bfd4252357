"""Runs one benchmark of scripts/benchmarks and prints its figures with the machine they are of."""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

__all__ = ["benchmarks", "main", "measure"]

_FOLDER = Path(__file__).resolve().parent / "benchmarks"


def main(arguments: Sequence[str] | None = None, *, folder: Path = _FOLDER) -> int:
    """Run the benchmark that the command line names.

    Args:
        arguments: of the command line; None for this process's own.
        folder: holds a module per benchmark.

    Returns:
        The exit status: 2 where there is no such benchmark or device.
    """
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("name", nargs="?", help="a module in scripts/benchmarks, - for _")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    chosen = parser.parse_args(arguments)
    if chosen.name not in benchmarks(folder):
        _complain(chosen.name, folder)
        return 2
    if chosen.device == "cuda" and not _sees_gpu():
        print("bench: --device cuda: torch sees no GPU; use --device cpu", file=sys.stderr)
        return 2
    document = measure(chosen.name, chosen.device, folder=folder)
    print(json.dumps(document, indent=2, allow_nan=False) if chosen.json else _table(document))
    return 0


def benchmarks(folder: Path = _FOLDER) -> dict[str, str]:
    """Names of all benchmarks, with the first line of what each says of itself.

    A module's name with hyphens for underscores.
    """
    return {
        path.stem.replace("_", "-"): (
            ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        ).partition("\n")[0]
        for path in sorted(folder.glob("*.py"))
        if not path.stem.startswith("_")
    }


def measure(name: str, device: str, *, folder: Path = _FOLDER) -> dict[str, Any]:
    """Run a benchmark.

    Args:
        name: one of `benchmarks`.
        device: ``cpu`` or ``cuda``.
        folder: holds a module per benchmark.

    Returns:
        ``bench`` its name, ``figures`` flat names with finite numbers, ``machine``.
    """
    before = os.getloadavg()  # what else kept the machine busy, without the benchmark itself
    stem = name.replace("-", "_")
    spec = spec_from_file_location(f"scripts.benchmarks.{stem}", folder / f"{stem}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    with redirect_stdout(sys.stderr):  # standard output is for the figures alone
        spec.loader.exec_module(module)
        figures = {key: float(value) for key, value in module.figures(device).items()}
    return {"bench": name, "figures": figures, "machine": _machine(device, before)}


def _machine(device: str, load: tuple[float, float, float]) -> dict[str, Any]:
    import torch

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "load_average": [round(value, 2) for value in load],
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
    }


def _processor() -> str:
    """The processor's name; only Linux has it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _sees_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _complain(name: str | None, folder: Path) -> None:
    found = benchmarks(folder)
    wrong = "give a benchmark" if name is None else f"{name!r} is not a benchmark; use one of"
    print(f"bench: {wrong}", file=sys.stderr)
    width = max(map(len, found), default=0)
    for known, text in found.items():
        print(f"  {known:<{width}}  {text}", file=sys.stderr)


def _table(document: dict[str, Any]) -> str:
    width = max(map(len, [*document["figures"], *document["machine"]]))
    lines = [document["bench"]]
    lines += [f"  {key:<{width}}  {value:12.5g}" for key, value in document["figures"].items()]
    lines += [f"  {key:<{width}}  {value}" for key, value in document["machine"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
