"""What lies where in the directory of a study, whenever the process that writes it is killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coevo.errors import CoevoError
from coevo.study_directory import StackDirectory, StudyDirectory, WorldName, is_study
from tests.coevo.disk_faults import power_failures

TEXT = "seed = 1\n"
ONE: list[WorldName] = [("a", 1), ("a", 2), ("b", 1)]
OTHER: list[WorldName] = [("c", 1)]


def described(path: Path) -> StudyDirectory:
    """A study with two stacks and a plan of all that is in them."""
    place = StudyDirectory(path)
    path.mkdir()
    plan(place, ["a", "b", "c"], [1, 2])
    place.add_stacks([(ONE, {"a": TEXT, "b": TEXT}), (OTHER, {"c": TEXT})])
    return place


def plan(place: StudyDirectory, names: list[str], seeds: list[int]) -> None:
    place.write_plan([{"name": n, "settings": {}, "options": {}} for n in names], seeds)


def names(stacks: tuple[StackDirectory, ...]) -> list[str]:
    return [stack.path.name for stack in stacks]


def worlds(place: StudyDirectory) -> list[list[WorldName]]:
    return [list(stack.worlds()) for stack in place.stacks()]


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    place = described(tmp_path / "study")
    assert names(place.stacks()) == ["001", "002"]
    first, second = place.stacks()
    assert (first.worlds(), second.worlds()) == (tuple(ONE), tuple(OTHER))
    assert first.experiments() == {"a": TEXT, "b": TEXT}
    assert place.plan()["seeds"] == [1, 2]
    assert [variant["name"] for variant in place.plan()["variants"]] == ["a", "b", "c"]
    assert json.loads((tmp_path / "study/stacks/002/stack.json").read_text("utf-8")) == {
        "format": 1,
        "worlds": [{"variant": "c", "seed": 1}],
        "variants": {"c": TEXT},
    }
    assert (is_study(place.path), is_study(first.path), is_study(tmp_path)) == (True, False, False)


def test_a_study_without_stacks_has_none(tmp_path: Path) -> None:
    place = StudyDirectory(tmp_path)
    assert place.stacks() == ()
    assert place.new_stack().path == tmp_path / "stacks" / "001"


def test_new_stacks_come_after_all_others(tmp_path: Path) -> None:
    place = described(tmp_path / "study")
    (third,) = place.add_stacks([([("d", 1)], {"d": TEXT})])
    assert third.path.name == "003"
    assert place.new_stack().path.name == "004"
    (place.stacks_folder / "007").mkdir()  # a stack without a description is none
    assert place.new_stack().path.name == "004"
    for number in ("998", "999"):
        stack = StackDirectory(place.stacks_folder / number)
        stack.path.mkdir()
        stack.describe([("e", 1)], {"e": TEXT})
    more = place.add_stacks([([("f", n)], {"f": TEXT}) for n in (1, 2)])
    assert names(more) == ["1000", "1001"]
    assert names(place.stacks()) == ["001", "002", "003", "998", "999", "1000", "1001"]


def test_a_stack_is_finished_with_its_result_and_fails_with_a_reason(tmp_path: Path) -> None:
    stack, _ = described(tmp_path / "study").stacks()
    assert (stack.finished, stack.failure) == (False, None)
    stack.failure_file.write_text('{"error": "too large"}', "utf-8")
    assert stack.failure == "too large"
    stack.run.result_file.touch()
    assert stack.finished


def test_stacks_of_worlds_outside_the_plan_are_not_needed(tmp_path: Path) -> None:
    place = described(tmp_path / "study")
    for variants, seeds, needed in (
        (["a", "b", "c"], [1, 2], ["001", "002"]),
        (["c"], [1, 2], ["002"]),
        (["b", "c"], [2], []),
        (["a", "c"], [2], ["001"]),
        (["d"], [1], []),
    ):
        plan(place, variants, seeds)
        assert names(place.needed()) == needed


def test_stacks_are_described_all_or_none_whenever_power_fails(tmp_path: Path) -> None:
    place = described(tmp_path / "study")
    before = worlds(place)
    new: list[list[WorldName]] = [[("d", seed)] for seed in range(4)]

    def add() -> None:
        place.add_stacks([(own, {"d": TEXT}) for own in new])

    counts, disk = set[int](), tmp_path / "copies"
    disk.mkdir()
    for copy in power_failures(place.path, disk, add):
        found = StudyDirectory(copy)
        found.complete()
        assert worlds(found) in (before, [*before, *new])
        counts.add(len(found.stacks()))
        assert not found.packing_file.exists()
        found.complete()  # again: nothing is left to do
        assert len(found.stacks()) in counts
    assert counts == {2, 6}


DAMAGE = [
    ("", "cannot be read (Expecting value: line 1 column 1 (char 0)); restore it or remove it"),
    ("[1]", "is of another format; use the version of coevo that wrote it"),
    ('{"format": 2}', "is of another format; use the version of coevo that wrote it"),
]


@pytest.mark.parametrize(("text", "said"), DAMAGE)
def test_files_that_are_damaged_are_named(text: str, said: str, tmp_path: Path) -> None:
    place = described(tmp_path / "study")
    stack = place.stacks()[0]
    for file, read in (
        (place.plan_file, place.plan),
        (place.plan_file, place.needed),
        (stack.description_file, stack.worlds),
        (stack.description_file, stack.experiments),
        (stack.failure_file, lambda: stack.failure),
        (place.packing_file, place.complete),
    ):
        before = file.read_bytes() if file.exists() else b""
        file.write_text(text, "utf-8")
        with pytest.raises(CoevoError) as caught:
            read()
        assert str(caught.value) == f"{file}: {said}"
        file.write_bytes(before)


def test_files_that_lack_something_are_named(tmp_path: Path) -> None:
    place = described(tmp_path / "study")
    stack = place.stacks()[0]
    for file, read, name in (
        (place.plan_file, place.plan, "variants"),
        (stack.description_file, stack.worlds, "worlds"),
        (stack.description_file, stack.experiments, "variants"),
        (stack.failure_file, lambda: stack.failure, "error"),
        (place.packing_file, place.complete, "stacks"),
    ):
        file.write_text('{"format": 1}', "utf-8")
        with pytest.raises(CoevoError) as caught:
            read()
        assert str(caught.value) == f"{file}: says nothing of {name!r}; restore it or remove it"


@pytest.mark.parametrize("name", ["../../elsewhere", "/elsewhere", "..", "", "a/b", 7])
def test_names_that_lead_elsewhere_are_refused(name: object, tmp_path: Path) -> None:
    """Results of a variant are written to a folder with its name, whoever made the study."""
    place = described(tmp_path / "study")
    stack = place.stacks()[0]
    stack_of_it = {"worlds": [{"variant": name, "seed": 1}], "variants": {}}
    for file, read, document in (
        (place.plan_file, place.plan, {"variants": [{"name": name}], "seeds": [1]}),
        (stack.description_file, stack.worlds, stack_of_it),
        (place.packing_file, place.complete, {"stacks": {name: {}}}),
    ):
        file.write_text(json.dumps(document), "utf-8")
        if name == 7 and file == place.packing_file:
            continue  # keys of JSON are texts
        with pytest.raises(CoevoError) as caught:
            read()
        assert str(caught.value) == (
            f"{file}: {name!r} cannot name a folder; restore it or remove it"
        )
    assert not (tmp_path / "elsewhere").exists()
