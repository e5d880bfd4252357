"""What is refused of studies, in full."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import coevo
from tests.end_to_end.studies import (
    files_of,
    write_study,
)
from tests.end_to_end.warm import Warm


def refusal(warm: Warm, *arguments: object) -> list[str]:
    """What a command line is refused with."""
    found = warm.run(*arguments)
    assert (found.code, found.out) == (2, "")
    return found.err.splitlines()


def test_a_variant_with_other_settings_than_before_is_refused(warm: Warm, study_copy: Path) -> None:
    file = study_copy / "experiment.toml"
    text = file.read_text("utf-8")
    before = files_of(study_copy)

    def changed(old: str, new: str) -> list[str]:
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), "utf-8")
        found = refusal(warm, "resume", study_copy)
        file.write_text(text, "utf-8")
        assert files_of(study_copy) == before
        return found

    end = "change them back, give the variant another name, or begin another study with --out"
    assert changed('"optimizer.learning_rate" = 0.02', '"optimizer.learning_rate" = 0.03') == [
        "coevo: sweep variant 'none': was run with other settings (optimizer.learning_rate); " + end
    ]
    assert changed("sparsity = 0.5", "sparsity = 0.6") == [
        "coevo: sweep variant 'uniform': was run with other settings (pruning); " + end
    ]
    assert changed("seed = 3", "seed = 4") == [
        "coevo: sweep variant 'uniform': was run with other settings (seed); " + end
    ]


def test_a_variant_that_was_run_is_not_computed_again_under_another_name(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    """A new axis gives all variants other names, also where it changes nothing else."""
    axes = {"pruning.sparsity": [0.5], "pruning.end": [2]}
    changes = {"generations": 2, "pruning": [{}], "sweep": {"replicates": 1, **axes}}
    study = write_study(tmp_path / "a.toml", archive, changes)
    directory = tmp_path / "out"
    assert warm.run("run", study, "--out", directory).code == 0
    before = files_of(directory)
    assert refusal(warm, "resume", directory, "--set", "sweep.grid.rows=[2]") == [
        "coevo: sweep variant '0.5-end=2-rows=2': was run as '0.5-2', and would be "
        "computed again; keep the axes and give what is new as [[sweep.variants]], or begin "
        "another study with --out"
    ]
    assert files_of(directory) == before
    kept = "sweep.variants=[{name = 'more', pruning.sparsity = 0.6, pruning.end = 2}]"
    ended = warm.run("resume", directory, "--set", kept, "--json")
    assert [one["name"] for one in ended.document["variants"]] == ["0.5-2", "more"]


def test_how_it_is_computed_may_change_and_so_may_its_description(
    warm: Warm, study_copy: Path
) -> None:
    file = study_copy / "experiment.toml"
    text = file.read_text("utf-8")
    for old, new in (
        ('description = ""', 'description = "waves"'),
        ("memory = 0.0", "memory = 1.0"),
        ("cells_per_chunk = 0", "cells_per_chunk = 5"),
        ("keep = 3", "keep = 1"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    found = warm.run("resume", study_copy, "--set", "replicates=3", "--json")
    assert (found.code, found.err) == (0, "")
    assert len(found.document["worlds"]) == 12


def test_only_the_sweep_of_a_study_can_be_changed(warm: Warm, study_copy: Path) -> None:
    before = files_of(study_copy)
    assert refusal(warm, "resume", study_copy, "--set", "optimizer.steps=4") == [
        "coevo: --set optimizer.steps=4: would change a study that has begun; only its sweep "
        "can be changed (sweep.replicates, sweep.variants, its axes), [engine] and [checkpoint]"
    ]
    assert refusal(warm, "resume", study_copy, "--set", "replicates=3", "--set", "seed=9") == [
        "coevo: --set replicates=3 seed=9: would change a study that has begun; only its "
        "sweep can be changed (sweep.replicates, sweep.variants, its axes), [engine] and [checkpoint]"
    ]
    assert refusal(warm, "resume", study_copy, "--generations", 5) == [
        "coevo: generations: 5 would change a study that has begun; begin another one"
    ]
    assert refusal(warm, "resume", study_copy, "--set", "replicates=0") == [
        "coevo: --set sweep.replicates: 0 is too small; use a whole number from 1 to 10000"
    ]
    assert files_of(study_copy) == before


def test_a_study_has_variants_as_long_as_it_is_one(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    sweep = {"replicates": 1, "variants": [{"name": "none", "pruning": []}]}
    study = write_study(tmp_path / "a.toml", archive, {"generations": 1, "sweep": sweep})
    assert warm.run("run", study, "--out", tmp_path / "out").code == 0
    assert refusal(warm, "resume", tmp_path / "out", "--set", "sweep.variants=[]") == [
        "coevo: --set sweep.variants=[]: leaves no variants of the study; keep an axis or a variant"
    ]


def test_a_sweep_cannot_be_added_to_a_run(warm: Warm, finished: Path) -> None:
    assert refusal(warm, "resume", finished, "--set", "replicates=3") == [
        "coevo: --set replicates=3: would change a run that has begun; only the sweep of a "
        "study can be changed"
    ]


def test_a_sweep_is_not_taken_out_of_a_study_by_hand(warm: Warm, study_copy: Path) -> None:
    file = study_copy / "experiment.toml"
    text = file.read_text("utf-8")
    file.write_text(text[: text.index("[sweep]")], "utf-8")
    before = files_of(study_copy)
    assert refusal(warm, "resume", study_copy) == [
        f"coevo: {file}: sweep: has no variants, but the directory is of a study; keep an axis or "
        "a variant"
    ]
    assert files_of(study_copy) == before


def test_a_sweep_is_not_put_into_a_run_by_hand(warm: Warm, finished: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(finished, tmp_path / "run")
    file = directory / "experiment.toml"
    file.write_text(file.read_text("utf-8") + '"grid.rows" = [2, 3]\n', "utf-8")
    assert coevo.load_experiment(file).sweep.is_study
    before = files_of(directory)
    assert refusal(warm, "resume", directory) == [
        f"coevo: {file}: sweep: varies keys, but the directory is of a run of one variant; remove "
        "what varies, or begin a study with 'coevo run' and --out"
    ]
    assert files_of(directory) == before


def test_what_cannot_run_is_refused_with_the_name_of_the_variant_and_nothing_is_written(
    warm: Warm, study: Path, tmp_path: Path
) -> None:
    command = ["run", study, "--out", tmp_path / "out"]
    assert refusal(warm, *command, "--set", "sweep.'optimizer.batch_size'=[8, 80]") == [
        "coevo: sweep variant 'uniform-80': optimizer.batch_size: 80 is more than the 40 training "
        "rows of npz; give 40 or less"
    ]
    assert refusal(warm, *command, "--set", "pruning.layers=['9']") == [
        "coevo: sweep variant 'uniform': pruning[0].layers[0]: '9' is not a layer with weights to "
        "prune; there are encoder: '1', '3', decoder: '0', '2'"
    ]
    assert refusal(warm, *command, "--device", "tpu") == [
        "coevo: device: 'tpu' is not a device; use 'cpu' or 'cuda'"
    ]
    assert not (tmp_path / "out").exists()


def test_two_processes_cannot_work_on_one_study(warm: Warm, study_copy: Path) -> None:
    from coevo.files import directory_lock

    with directory_lock(study_copy):
        assert refusal(warm, "resume", study_copy) == [
            f"coevo: {study_copy}: another process is running here; wait for it or stop it"
        ]


def test_a_directory_with_a_study_is_not_free(warm: Warm, study: Path, study_copy: Path) -> None:
    assert refusal(warm, "run", study, "--out", study_copy) == [
        f"coevo: {study_copy}: exists already; choose another directory with --out, or go on with "
        f"'coevo resume {study_copy}'"
    ]


def test_an_engine_is_of_one_variant(study: Path) -> None:
    experiment = coevo.load_experiment(study)
    with pytest.raises(coevo.CoevoError) as caught:
        coevo.assemble(experiment)
    assert str(caught.value) == (
        "sweep: an engine is of one variant; give the experiment of one of "
        "coevo.variants(experiment)"
    )
    one = coevo.variants(experiment)[0]
    assert len(coevo.assemble(one.experiment, "cpu").worlds) == 2
