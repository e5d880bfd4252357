"""The programs in docs/export.md run as they stand, and import no Coevo."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import coevo
from tests.end_to_end.experiments import write_experiment
from tests.end_to_end.warm import ONE_THREAD, ROOT

MAGNITUDE = {"operator": "magnitude", "schedule": "cubic", "sparsity": 0.9, "end": 3}
LAST = """
assert images.shape == (5, 1, 4, 4)
import sys
assert "coevo" not in sys.modules
sys.stdout.write(repr(float(images[0, 0, 0, 0])))
"""


@pytest.fixture(scope="module")
def programs() -> list[str]:
    text = (ROOT / "docs" / "export.md").read_text("utf-8")
    # The run of this test has smaller rows.
    text = text.replace("1, 8, 8", "1, 4, 4")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def folder(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a pruned run is at ``runs/mine``."""
    folder = tmp_path_factory.mktemp("document")
    changes = {"generations": 4, "sweep.replicates": 1, "pruning": [MAGNITUDE]}
    experiment = write_experiment(folder / "mine.toml", archive, changes)
    coevo.run(experiment, folder / "runs" / "mine")
    return folder


@pytest.mark.slow
def test_programs_of_the_document_load_exports(folder: Path, programs: list[str]) -> None:
    found = []
    for name, program in zip(("safetensors", "torch-export", "onnx"), programs, strict=True):
        coevo.export(folder / "runs" / "mine", name, compact=True)
        ended = subprocess.run(
            [sys.executable, "-c", program + LAST],
            cwd=folder,
            env=ONE_THREAD,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(float(ended.stdout))
    assert found == pytest.approx([found[0]] * 3, abs=1e-5)
