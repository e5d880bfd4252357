"""Studies that were interrupted go on, and finished ones are extended."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import coevo
from coevo.study_directory import StudyDirectory
from tests.end_to_end.studies import (
    FLOAT_TOLERANCE,
    GENERATIONS,
    NAMES,
    VARIANTS,
    assert_same_numbers,
    assert_same_study,
    files_of,
    recorded,
    result_without_time,
    stacks_of,
)

SLOW = {"name": "slow", "pruning": [], "optimizer.learning_rate": 0.003}
MORE = ["replicates=3", "sweep.variants=" + json.dumps([*VARIANTS, SLOW]).replace(": ", " = ")]


def test_it_stops_in_the_second_stack_and_goes_on_there(
    study: Path, whole_study: coevo.Run, tmp_path: Path
) -> None:
    directory, seen = tmp_path / "study", list[coevo.Progress]()

    def stop() -> bool:
        return (seen[-1].stack, seen[-1].generation) == (2, 1)

    with pytest.raises(coevo.Interrupted) as caught:
        coevo.run(study, directory, hooks=coevo.Hooks(watch=seen.append, stop=stop))
    assert (caught.value.directory, caught.value.generation) == (directory, 1)
    assert str(caught.value) == f"stopped after generation 1; go on with: coevo resume {directory}"
    assert [(at.stack, at.generation) for at in seen] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    assert {(at.stacks, at.generations, at.directory) for at in seen} == {(2, 3, directory)}
    first, second = stacks_of(directory)
    assert (first.finished, second.finished) == (True, False)
    assert not (directory / "result.json").exists()
    before = files_of(first.path)
    said: list[str] = []
    coevo.resume(directory, hooks=coevo.Hooks(watch=seen.append, say=said.append))
    assert [(at.stack, at.generation) for at in seen[4:]] == [(2, 2), (2, 3)]
    assert said == ["1 of 2 stacks are finished; new worlds: 0"]
    assert files_of(first.path) == before
    assert_same_study(directory, whole_study.directory)


def test_a_wish_to_stop_in_the_last_generation_of_a_stack_is_not_forgotten(
    study: Path, whole_study: coevo.Run, tmp_path: Path
) -> None:
    directory, seen = tmp_path / "study", list[coevo.Progress]()
    hooks = coevo.Hooks(watch=seen.append, stop=lambda: seen[-1].generation == GENERATIONS)
    with pytest.raises(coevo.Interrupted) as caught:
        coevo.run(study, directory, hooks=hooks)
    assert caught.value.generation == GENERATIONS
    assert [(at.stack, at.generation) for at in seen] == [(1, 1), (1, 2), (1, 3)]
    assert stacks_of(directory)[0].finished
    coevo.resume(directory)
    assert_same_study(directory, whole_study.directory)


def test_to_resume_what_is_finished_changes_nothing(
    study_copy: Path, whole_study: coevo.Run
) -> None:
    before = files_of(study_copy, without=["report.html"])  # which names its directory
    again = coevo.resume(study_copy)
    assert again.outcome == whole_study.outcome
    assert files_of(study_copy, without=["report.html"]) == before


def test_it_goes_on_with_the_stacks_that_were_planned(
    study_copy: Path, whole_study: coevo.Run
) -> None:
    """Killed before it had described them all, it does not plan anew: memory is another now."""
    second = stacks_of(study_copy)[1]
    experiments = second.experiments()
    shutil.rmtree(second.path)
    place = StudyDirectory(study_copy)
    place.add_stacks([([("big", seed)], experiments) for seed in (4, 3)])
    stacks = {
        stack.path.name: json.loads(stack.description_file.read_text("utf-8"))
        for stack in place.stacks()[1:]
    }
    for name in stacks:
        shutil.rmtree(study_copy / "stacks" / name)
    place.packing_file.write_text(json.dumps({"format": 1, "stacks": stacks}), "utf-8")
    coevo.resume(study_copy)
    assert [stack.worlds() for stack in stacks_of(study_copy)[1:]] == [(("big", 4),), (("big", 3),)]
    assert not place.packing_file.exists()
    for name, frame in recorded(study_copy).items():
        assert_same_numbers(frame, recorded(whole_study.directory)[name])


def test_what_takes_too_much_memory_is_cut_and_done_anew(
    study: Path, whole_study: coevo.Run, tmp_path: Path
) -> None:
    seen, said = list[coevo.Progress](), list[str]()
    stop = coevo.Hooks(watch=seen.append, stop=lambda: seen[-1].generation == 2)
    with pytest.raises(coevo.Interrupted):
        coevo.run(study, tmp_path / "study", hooks=stop)
    again = coevo.Hooks(say=said.append, stop=lambda: False)
    coevo.resume(tmp_path / "study", overrides=["engine.memory=1e-6"], hooks=again)
    stacks = stacks_of(tmp_path / "study")
    assert [len(stack.worlds()) for stack in stacks] == [1] * 8
    assert said[0] == "0 of 2 stacks are finished; new worlds: 8"
    assert said[1:3] == [
        f"stack 00{number} takes more than engine.memory; it is cut and done anew"
        for number in (1, 2)
    ]
    assert said[3].endswith(" GiB, and 0.00 may be taken")
    together, alone = recorded(tmp_path / "study"), recorded(whole_study.directory)
    assert together.keys() == alone.keys()
    for name, frame in together.items():  # a stack without pruning has fewer columns
        assert_same_numbers(frame, alone[name].select(frame.columns))


def test_how_it_is_computed_can_change_while_a_stack_goes_on(
    study: Path, whole_study: coevo.Run, tmp_path: Path
) -> None:
    seen, said = list[coevo.Progress](), list[str]()
    stop = coevo.Hooks(watch=seen.append, stop=lambda: seen[-1].generation == 2)
    with pytest.raises(coevo.Interrupted):
        coevo.run(study, tmp_path / "study", hooks=stop)
    environment = tmp_path / "study" / "environment.json"
    document = json.loads(environment.read_text("utf-8"))
    environment.write_text(json.dumps(document | {"device": "Another"}), "utf-8")
    changes = ["checkpoint.keep=1", "engine.memory=1000", "engine.cells_per_chunk=3"]
    coevo.resume(tmp_path / "study", overrides=changes, hooks=coevo.Hooks(say=said.append))
    assert said[1:] == [
        "stack 001: computed on Another so far, on cpu from here: not bitwise what the study would "
        "have been without the change"
    ]
    for stack in stacks_of(tmp_path / "study"):
        assert len(list(stack.run.checkpoints.iterdir())) == 1
    for name, frame in recorded(tmp_path / "study").items():
        assert_same_numbers(frame, recorded(whole_study.directory)[name])


def test_more_replicates_and_variants_compute_what_is_missing(
    study: Path, study_copy: Path, tmp_path: Path
) -> None:
    before = {stack.path.name: files_of(stack.path) for stack in stacks_of(study_copy)}
    said: list[str] = []
    larger = coevo.resume(study_copy, overrides=MORE, hooks=coevo.Hooks(say=said.append))
    assert said[0] == "2 of 2 stacks are finished; new worlds: 7"
    assert {name: files_of(study_copy / "stacks" / name) for name in before} == before
    new = [stack.worlds() for stack in stacks_of(study_copy)[2:]]
    slow = tuple(("slow", seed) for seed in (3, 4, 5))
    assert new == [(("uniform", 5), ("wanda", 5), ("none", 5), *slow), (("big", 5),)]
    assert larger.experiment.sweep.replicates == 3
    assert coevo.load_experiment(study_copy / "experiment.toml") == larger.experiment
    environment = json.loads((study_copy / "environment.json").read_text("utf-8"))
    assert [entry["generation"] for entry in environment["resumed"]] == [2]

    fresh = coevo.run(study, tmp_path / "fresh", overrides=MORE)
    together, alone = recorded(study_copy), recorded(fresh.directory)
    assert together.keys() == alone.keys()
    for name, frame in together.items():
        columns = [column for column in frame.columns if column in alone[name].columns]
        assert_same_numbers(alone[name], frame.select(columns))
    assert [one["name"] for one in larger.outcome["variants"]] == [*NAMES, "slow"]
    assert [one["worlds"] for one in larger.outcome["variants"]] == [3] * 5
    for one, other in zip(larger.outcome["variants"], fresh.outcome["variants"], strict=True):
        assert one["median"]["test"] == pytest.approx(other["median"]["test"], rel=FLOAT_TOLERANCE)


def best_seed_of(directory: Path, variant: str) -> int:
    """The seed of the pairing that was written for a variant."""
    [found] = [
        result["variants"][variant]["best"]["seed"]
        for stack in stacks_of(directory)
        if variant in (result := json.loads(stack.run.result_file.read_text("utf-8")))["variants"]
    ]
    return int(found)


def test_fewer_replicates_leave_worlds_out_and_nothing_is_computed(study_copy: Path) -> None:
    before = {stack.path.name: files_of(stack.path) for stack in stacks_of(study_copy)}
    seen, said = list[coevo.Progress](), list[str]()
    hooks = coevo.Hooks(watch=seen.append, say=said.append)
    smaller = coevo.resume(study_copy, overrides=["replicates=1"], hooks=hooks)
    assert seen == []
    assert said == [
        "2 of 2 stacks are finished; new worlds: 0",
        "4 worlds of before are of no variant or seed of the study now; files stay, and count "
        "again when they are",
    ]
    assert {name: files_of(study_copy / "stacks" / name) for name in before} == before
    assert {(one["variant"], one["seed"]) for one in smaller.outcome["worlds"]} == {
        (name, 3) for name in NAMES
    }
    assert set(smaller.records()["seed"]) == {3}
    for name in NAMES:
        if best_seed_of(study_copy, name) == 3:
            assert smaller.best(variant=name)
        else:
            with pytest.raises(
                coevo.CoevoError, match="is of seed 4, which the study has no longer"
            ):
                smaller.best(variant=name)
    assert StudyDirectory(study_copy).plan()["seeds"] == [3]
    assert coevo.load_experiment(study_copy / "experiment.toml").sweep.replicates == 1
    assert coevo.resume(study_copy).outcome == smaller.outcome
    assert (
        coevo.resume(study_copy, overrides=["replicates=2"]).outcome["variants"][0]["worlds"] == 2
    )


def test_the_result_is_gone_while_there_is_more_to_compute(study_copy: Path) -> None:
    seen: list[bool] = []
    hooks = coevo.Hooks(watch=lambda _: seen.append((study_copy / "result.json").exists()))
    coevo.resume(study_copy, overrides=["replicates=3"], hooks=hooks)
    assert set(seen) == {False}
    assert result_without_time(study_copy)["status"] == "complete"


def test_a_variant_that_nobody_wants_any_more_is_not_computed(
    study: Path, whole_study: coevo.Run, tmp_path: Path
) -> None:
    seen: list[coevo.Progress] = []
    hooks = coevo.Hooks(watch=seen.append, stop=lambda: seen[-1].stack == 2)
    with pytest.raises(coevo.Interrupted):
        coevo.run(study, tmp_path / "study", hooks=hooks)
    seen.clear()
    left = ["sweep.variants=[{name = 'none', pruning = [], optimizer.learning_rate = 0.02}]"]
    found = coevo.resume(tmp_path / "study", overrides=left, hooks=coevo.Hooks(watch=seen.append))
    assert seen == []
    assert found.outcome["status"] == "complete"
    assert [one["name"] for one in found.outcome["variants"]] == list(NAMES[:3])
    assert set(found.records()["variant"]) == set(NAMES[:3])
    expected = [one for one in whole_study.outcome["variants"] if one["name"] != "big"]
    assert found.outcome["variants"] == expected


def test_a_study_that_was_killed_before_it_was_one_leaves_nothing_to_a_run(
    study: Path, whole_study: coevo.Run, tmp_path: Path
) -> None:
    plan = whole_study.directory / "study.json"
    directory = tmp_path / "run"
    directory.mkdir()
    shutil.copy(plan, directory)
    experiment = coevo.variants(coevo.load_experiment(study))[2].experiment
    coevo.run(experiment, directory)
    assert not (directory / "study.json").exists()
    assert (directory / "best").is_dir()
