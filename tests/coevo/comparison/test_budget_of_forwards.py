"""Sample-forwards are a budget of every run that records them, of all its cells together."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import coevo
from coevo.records import read
from tests.coevo.comparison.recorded_studies import NONE, Recorded, Tables, pruned, write_study
from tests.coevo.evolved_runs import rewrite

VARIANTS: Mapping[str, Tables] = {"none": NONE, "uniform": pruned("uniform", amount=0.1)}
# Two generations of two cells in every run.
RUN = Recorded([1.0, 2.0], training={1: [0.5, 0.5], 2: [0.5, 0.5]})


def study(
    directory: Path, forwards: list[list[int]], variants: Mapping[str, Tables] = VARIANTS
) -> Path:
    """A stack per variant, each with two seeds.

    Args:
        directory: to be written.
        forwards: of the stacks that record them: a number for each row, by generation, then by
            world and cell.
        variants: of the study.
    """
    worlds = {(name, seed): RUN for name in variants for seed in (1, 2)}
    write_study(directory, variants, worlds, stacks=[[name] for name in variants])
    for number, own in enumerate(forwards, 1):
        records = directory / "stacks" / f"{number:03d}" / "records"
        frame = read(records).sort("generation", "world", "cell")
        columns = {name: frame[name].to_numpy() for name in frame.columns}
        rewrite(records, columns | {"sample_forwards": np.array(own)})
    return directory


@pytest.fixture
def both(tmp_path: Path) -> coevo.Comparison:
    # World 0: 1 + 2 + 10 + 20 and world 1: 3 + 4 + 30 + 40; of the other, ten times as much each.
    rows = [1, 2, 3, 4, 10, 20, 30, 40]
    return coevo.compare(study(tmp_path / "study", [rows, [1000 * row for row in rows]]))


def test_is_the_median_of_the_sums_of_runs(both: coevo.Comparison) -> None:
    [block] = both.blocks
    found = {one.variant: one.sample_forwards for one in block.summaries}
    assert found == {"none": 55, "uniform": 55_000}  # of 33 and 77


def test_every_format_has_it(both: coevo.Comparison) -> None:
    text = " ".join(both.text().split())
    assert "variant sparsity front steps seconds forwards" in text
    assert "uniform 0.0 % yes 200 5 55,000" in text
    assert "Forwards: rows that passed through a pairing" in text
    assert r"variant & front & steps & seconds & forwards \\" in both.latex()
    assert r"& 200 & 5 & 55,000 \\" in both.latex()
    rows = [*csv.DictReader(io.StringIO(both.csv()))]
    assert [float(row["sample_forwards"]) for row in rows] == [55, 55_000]
    [block] = both.document["data_sets"]
    assert [one["sample_forwards"] for one in block["variants"]] == [55, 55_000]


def test_is_missing_where_it_is_not_recorded(tmp_path: Path) -> None:
    some = coevo.compare(study(tmp_path / "some", [[1, 2, 3, 4, 10, 20, 30, 40]]))
    [block] = some.blocks
    assert [one.sample_forwards for one in block.summaries] == [55, None]
    assert "uniform 0.0 % yes 200 5 —" in " ".join(some.text().split())
    assert r"& 200 & 5 & -- \\" in some.latex()
    [_, row] = csv.DictReader(io.StringIO(some.csv()))
    assert row["sample_forwards"] == ""
    nowhere = coevo.compare(study(tmp_path / "nowhere", []))
    assert "orwards" not in nowhere.text() + nowhere.latex()


def test_a_group_has_it_where_all_of_its_variants_do(tmp_path: Path) -> None:
    rows = [1, 2, 3, 4, 10, 20, 30, 40]

    def found(name: str, forwards: list[list[int]]) -> list[float | None]:
        variants = {**VARIANTS, "more": pruned("uniform", amount=0.2)}
        comparison = coevo.compare(
            study(tmp_path / name, forwards, variants), by="pruning.operator"
        )
        return [one.sample_forwards for one in comparison.blocks[0].summaries]

    assert found("all", [rows, rows, [3 * row for row in rows]]) == [55, 110]
    assert found("some", [rows, rows]) == [55, None]
