"""The study of the benchmark of `coevo compare` is one that can be compared."""

from __future__ import annotations

from pathlib import Path

import coevo
from coevo.records import scan
from coevo.study_directory import StudyDirectory
from scripts.benchmarks.compare import CELLS, VARIANTS, write_synthetic_study


def test_a_small_one_has_all_worlds_and_rows(tmp_path: Path) -> None:
    folder = write_synthetic_study(tmp_path / "study", seeds=3, generations=50)
    rows = [scan(stack.run.records).collect().height for stack in StudyDirectory(folder).stacks()]
    assert rows == [3 * CELLS * 50, (VARIANTS - 1) * 3 * CELLS * 50]
    for metric, over in ((None, "best"), ("training_mse", "mean"), ("training_l1", "best")):
        [block] = coevo.compare(folder, metric, over=over).blocks
        assert [summary.n for summary in block.summaries] == [3] * VARIANTS
