"""The torus of a world: losses as measured last, founders, and who took over from whom."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from coevo.records import read
from coevo.reporting import torus_frames as module
from coevo.reporting.torus_frames import TorusFrames
from coevo.reporting.torus_section import torus_values
from coevo.study_reporting.standings import standings
from coevo.study_reporting.study_files import StudyFiles, read_study
from coevo.study_reporting.study_worlds import StudyWorld
from coevo.study_reporting.torus_worlds import shown_worlds, torus_worlds
from tests.coevo.study_runs import InventedStudy

STUDY = InventedStudy(generations=90, every=7, seeds=5, stopped={("uniform-cubic", 4): 50})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFiles:
    return read_study(STUDY.write(tmp_path_factory.mktemp("study")))


def world_of(study: StudyFiles, variant: str, seed: int) -> StudyWorld:
    [world] = [w for w in study.worlds if (w.variant, w.seed) == (variant, seed)]
    return world


def one(study: StudyFiles, variant: str, seed: int) -> TorusFrames:
    [found] = torus_worlds(study, [world_of(study, variant, seed)])
    return found


def rows_of(study: StudyFiles, variant: str, seed: int, generation: int) -> pl.DataFrame:
    world = world_of(study, variant, seed)
    assert world.part is not None
    rows = read(world.part / "records")
    return rows.filter(world=world.number, generation=generation).sort("cell")


def test_descent_is_followed_through_every_generation(study: StudyFiles) -> None:
    torus = one(study, "magnitude-cubic", 3)
    frames = torus.generations.tolist()
    assert len(frames) == 60
    assert (frames[0], frames[-1]) == (1, 90)
    for role in ("encoder", "decoder"):
        origin, since = list(range(6)), list(range(6))
        for generation in range(1, 91):
            rows = rows_of(study, "magnitude-cubic", 3, generation)
            taken = [
                source if replaced else cell
                for cell, (source, replaced) in enumerate(
                    rows.select(f"{role}_from", "replaced").iter_rows()
                )
            ]
            origin, since = [origin[c] for c in taken], [since[c] for c in taken]
            if generation in frames:
                frame = frames.index(generation)
                assert torus.founder[role][frame].tolist() == origin
                assert torus.source[role][frame].tolist() == since
                since = list(range(6))


def test_losses_are_those_measured_last(study: StudyFiles) -> None:
    torus = one(study, "none", 1)
    frames = torus.generations.tolist()
    assert np.isnan(torus.loss[frames.index(5)]).all()
    for generation, measured in ((8, 7), (90, 84)):
        expected = rows_of(study, "none", 1, measured)["validation_mse"].to_numpy()
        assert torus.loss[frames.index(generation)].tolist() == expected.astype("f4").tolist()


def test_sparsities_are_those_of_the_frame(study: StudyFiles, tmp_path: Path) -> None:
    torus = one(study, "magnitude-cubic", 3)
    level = rows_of(study, "magnitude-cubic", 3, 90)["encoder_sparsity"].to_numpy()
    assert torus.sparsity["encoder"][-1].tolist() == level.astype("f4").tolist()
    together = read_study(InventedStudy(apart=False).write(tmp_path))
    assert one(together, "none", 1).sparsity == one(study, "none", 1).sparsity == {}


def test_a_stopped_world_ends_before_it_stopped(study: StudyFiles) -> None:
    assert one(study, "uniform-cubic", 4).generations[-1] == 49


def test_a_gap_in_the_records_makes_founders_unknown_before_it(tmp_path: Path) -> None:
    directory = InventedStudy(generations=12, part=4).write(tmp_path)
    (directory / "stacks" / "001" / "records" / "part-00000005-00000008.parquet").unlink()
    torus = one(read_study(directory), "uniform-cubic", 1)
    assert torus.generations.tolist() == [1, 2, 3, 4, 9, 10, 11, 12]
    assert (torus.founder["encoder"][:4] == module.UNKNOWN).all()
    assert (torus.founder["encoder"][4:] < 6).all()


def test_the_run_with_the_median_result_comes_first(study: StudyFiles) -> None:
    found = standings(study)
    order = [row.variant for row in found.rows]
    shown = shown_worlds(study, found, order)
    assert [world.variant for world in shown[:5]] == order
    for world in shown[:5]:
        values = sorted(v for v in (w.test("mse") for w in study.of(world.variant)) if v)
        assert world.test("mse") == values[(len(values) - 1) // 2]
    assert len(shown) == 15
    assert len(set(shown)) == 15


def test_what_does_not_fit_is_left_out(study: StudyFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = shown_worlds(study, standings(study), list(STUDY.variants()))
    monkeypatch.setattr(module, "MOST_BYTES", 28 * 6 * 15 * 20)
    assert {len(one.generations) for one in torus_worlds(study, chosen)} == {20}
    monkeypatch.setattr(module, "MOST_BYTES", 28 * 6 * 12 * 4)
    few = torus_worlds(study, chosen)
    assert [one.name for one in few] == [f"{w.variant}, seed {w.seed}" for w in chosen[:4]]
    assert {len(one.generations) for one in few} == {12}
    monkeypatch.setattr(module, "MOST_BYTES", 28 * 6 * 2)
    assert [len(one.generations) for one in torus_worlds(study, chosen)] == [2]
    monkeypatch.setattr(module, "MOST_BYTES", 28 * 6 * 2 - 1)
    assert torus_worlds(study, chosen) == []


def test_the_page_holds_the_arrays_as_they_are(study: StudyFiles) -> None:
    torus = one(study, "none", 1)
    data = torus_values([torus], "mse", "pixel")
    assert data is not None
    fields = data["worlds"][0]["fields"]
    loss = np.frombuffer(base64.b64decode(fields["loss"]), "<f4")
    founder = np.frombuffer(base64.b64decode(fields["founder_decoder"]), "<u2")
    assert np.array_equal(loss.reshape(60, 6), torus.loss, equal_nan=True)
    assert np.array_equal(founder.reshape(60, 6), torus.founder["decoder"])
    assert {panel["field"] for panel in data["panels"]} <= fields.keys()
