"""Time the report of a study as large as the published one: 19 variants with 30 seeds each.

The study is invented: rings of 10 cells, 400 generations, the losses measured in each, in one
stack of 540 pruned worlds and one of 30 that are not pruned. A process of its own writes the
report. Figures:

- ``seconds``: that it takes, start included;
- ``megabytes``: of the page;
- ``peak_mib``: memory of the process at its peak.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.coevo.study_runs import InventedStudy

__all__ = ["figures", "published"]

_PROGRAM = """
import resource, sys
from pathlib import Path
from coevo.report import write_report
write_report(Path(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def figures(device: str = "cpu") -> dict[str, float]:
    """Measure; the device makes no difference."""
    del device
    with tempfile.TemporaryDirectory() as folder:
        study = published().write(Path(folder) / "study")
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(study)], capture_output=True, text=True, check=True
        )
        return {
            "seconds": time.perf_counter() - begin,
            "megabytes": (study / "report.html").stat().st_size / 1e6,
            "peak_mib": int(done.stdout) / 1024,
        }


def published() -> InventedStudy:
    """A study as large as the published one."""
    return InventedStudy(
        operators=("uniform", "variance", "conjunctive"),
        schedules=("fixed", "increase", "decrease", "exponential", "final_n", "population"),
        seeds=30,
        rows=1,
        columns=10,
        generations=400,
        effect=0.01,
        samples=(1000,),
    )
