"""Entries of ``[[pruning]]`` in words, and the compact form of the best pairing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coevo.catalog import OPERATOR_KEYS, SCHEDULE_KEYS
from coevo.errors import CoevoError
from coevo.report import write_report
from coevo.reporting.pruning_rules import rules_in_words
from tests.coevo.pruned_runs import COMPACTION, PrunedRun
from tests.coevo.read_page import Page


def words(**entry: Any) -> str:
    [rule] = rules_in_words({"generations": 60, "pruning": [entry]})
    return f"{rule.operator} {rule.text}".replace("\xa0", " ")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            {},
            "uniform removes random weights, layer by layer, from encoder and decoder: 10 % of the "
            "kept weights in every generation from 1 to 60. Hard masks: what is removed stays "
            "exactly zero.",
        ),
        (
            {"operator": "magnitude", "schedule": "cubic", "end": 40, "sparsity": 0.8},
            "magnitude removes the weights nearest to zero, layer by layer, from encoder and "
            "decoder: to a sparsity of 80 % on the cubic schedule (rising fast at first), in "
            "generations 1 to 40. Hard masks: what is removed stays exactly zero.",
        ),
        (
            {
                "operator": "uniform",
                "roles": ["decoder"],
                "layers": ["0", "2"],
                "bias": True,
                "scope": "tensor",
                "masks": "soft",
                "schedule": "exponential",
                "probability": 0.5,
                "begin": 9,
            },
            "uniform removes random weights, tensor by tensor, from layers 0, 2 of the decoder, "
            "biases included: 10 % of the weights in events of probability 0.5 per cell and "
            "generation, in generations 10 to 60, on the exponential schedule (rising fast at "
            "first). Soft masks: what is removed is set to zero once, and training may move it "
            "again.",
        ),
        (
            {
                "operator": "variance",
                "remove": "high",
                "structure": "unit",
                "scope": "pair",
                "sparsity": 0.5,
                "rows": 1000,
            },
            "variance removes the whole units whose activation varies most, over both networks "
            "together, from encoder and decoder, judged on 1,000 training rows: to a sparsity of "
            "50 % at once, in generation 1. Hard masks: what is removed stays exactly zero.",
        ),
        (
            {
                "operator": "magnitude",
                "regrow": "gradient",
                "schedule": "cosine_decay",
                "scales": "amount",
                "amount": 0.3,
                "begin": 1,
            },
            "magnitude removes the weights nearest to zero, layer by layer, from encoder and "
            "decoder: at most 30 % of the kept weights in every "
            "generation from 2 to 60, on the cosine_decay schedule (falling, slowly at both ends). "
            "Hard masks: what is removed stays exactly zero until it grows back. As many weights "
            "grow back where the gradient on 256 training rows is largest.",
        ),
        (
            {
                "operator": "conjunctive",
                "threshold": 0.2,
                "masks": "soft",
                "cases": "test",
                "rows": 100,
                "schedule": "final_n",
                "probability": 0.5,
                "amount": 1.0,
            },
            "conjunctive removes weights into units that are quiet on every case, below 0.2 of the "
            "range of their layer, layer by layer, from encoder and decoder, judged on 100 test "
            "rows: at most 100 % of the weights in events of probability 0.5 per cell and "
            "generation, in generations 1 to 60, on the final_n schedule (in the last 25 % of its "
            "generations). Soft masks: what is removed is set to zero once, and training may move "
            "it again.",
        ),
        (
            {"operator": "mine:best", "schedule": "mine:course", "sparsity": 0.5, "end": 1},
            "mine:best removes weights that it ranks lowest, layer by layer, from encoder and "
            "decoder: to a sparsity of 50 % at once, in generation 1. Hard masks: what is removed "
            "stays exactly zero.",
        ),
    ],
)
def test_a_rule_in_words(entry: dict[str, Any], expected: str) -> None:
    assert words(**entry) == expected


@pytest.mark.parametrize("operator", OPERATOR_KEYS)
@pytest.mark.parametrize("structure", ["weight", "unit"])
def test_every_operator_has_words(operator: str, structure: str) -> None:
    text = words(operator=operator, structure=structure)
    assert "ranks lowest" not in text
    assert not set("{}") & set(text)
    assert ("units" in text.partition(":")[2]) == (structure == "unit")


@pytest.mark.parametrize("schedule", [name for name in SCHEDULE_KEYS if name != "fixed"])
@pytest.mark.parametrize("sparsity", [None, 0.5])
def test_every_schedule_has_words(schedule: str, sparsity: float | None) -> None:
    text = words(schedule=schedule, sparsity=sparsity)
    assert f"on the {schedule} schedule (" in text or (sparsity and "at once" in text)
    assert not set("{}") & set(text)


def test_low_and_high_variance_are_told_apart() -> None:
    for operator in ("variance", "variance_probability", "variance_sampled"):
        assert words(operator=operator, remove="low") != words(operator=operator, remove="high")


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("one_shot", "generation 6"), ("prune_after", "generation 20"), ("cosine", "generations 6")],
)
def test_targets_say_when_they_are_reached(schedule: str, expected: str) -> None:
    assert f", in {expected}" in words(schedule=schedule, sparsity=0.9, begin=5, end=20)


def test_several_rules_are_listed_in_order(tmp_path: Path) -> None:
    run = PrunedRun(rules=({"operator": "wanda"}, {"operator": "saliency"}))
    page = Page(write_report(run.write(tmp_path)))
    assert page.text.index("wanda removes") < page.text.index("saliency removes")
    assert sum(one.get("class") == "rules" for one in page.named("ol")) == 1


def test_both_forms_are_compared(tmp_path: Path) -> None:
    text = Page(write_report(PrunedRun().write(tmp_path))).text
    for row in (
        "Parameters 7,952 5,964 75 %",
        "Parameters that are not zero 1,712 1,668 97.4 %",
        "Multiply-adds per row 7,690 6,152 80 %",
        "File size 32.16 kB 27.18 kB 84.5 %",
        "Inference time per row 1.823 µs 0.9117 µs 50 %",
        "Largest difference of the outputs on 359 validation rows: 2.384e-07, where up to 1e-05",
    ):
        assert row in text
    assert "weights that are not zero" not in text


def test_work_by_weights_that_are_not_zero_is_told_where_it_was_counted(tmp_path: Path) -> None:
    forms = {
        name: {**COMPACTION[name], "nonzero_multiply_adds": number}  # type: ignore[dict-item]  # a table
        for name, number in (("before", 1504), ("after", 1502))
    }
    text = Page(write_report(PrunedRun(compaction={**COMPACTION, **forms}).write(tmp_path))).text
    assert "Multiply-adds by weights that are not zero 1,504 1,502 99.9 %" in text


def test_says_why_nothing_was_compacted(tmp_path: Path) -> None:
    reason = "the encoder is not a plain chain."
    compaction = {**COMPACTION, "compacted": False, "reason": reason, "largest_difference": 0.0}
    text = Page(write_report(PrunedRun(compaction=compaction).write(tmp_path))).text
    assert "The best pairing was not made compact: the encoder is not a plain chain. As" in text
    assert "File size 32.16 kB Inference" in text
    assert "Times were measured on 359 validation rows." in text
    assert "5,964" not in text


def test_says_how_far_a_refused_compact_form_was_off(tmp_path: Path) -> None:
    compaction = {**COMPACTION, "compacted": False, "reason": "off", "largest_difference": 0.25}
    text = Page(write_report(PrunedRun(compaction=compaction).write(tmp_path))).text
    assert "Largest difference of the outputs on 359 validation rows: 0.25, where" in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"compacted": "yes"}, "'compacted' is 'yes'"),
        ({"rows": None}, "'rows' is None"),
        ({"tolerance": -1}, "'tolerance' is -1"),
        ({"largest_difference": "small"}, "'largest_difference' is 'small'"),
        ({"before": 3}, "'before' is 3"),
        ({"after": None}, "'after' is None"),
        ({"after": {**COMPACTION["after"], "bytes": -1}}, "'bytes' is -1"),  # type: ignore[dict-item]  # a table
    ],
)
def test_a_compaction_file_that_makes_no_sense_is_named(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    PrunedRun(compaction={**COMPACTION, **change}).write(tmp_path)
    with pytest.raises(CoevoError) as error:
        write_report(tmp_path)
    path = tmp_path / "compaction.json"
    assert str(error.value) == f"{path}: cannot be read ({reason}); restore it or remove it"
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("content", [b"{\xff = ", b"{", b"[1]"])
def test_a_damaged_compaction_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = PrunedRun().write(tmp_path) / "compaction.json"
    path.write_bytes(content)
    with pytest.raises(CoevoError) as error:
        write_report(tmp_path)
    assert str(error.value).startswith(f"{path}: cannot be read (")


def test_hostile_reasons_stay_text(tmp_path: Path) -> None:
    reason = "<script>alert(1)</script>"
    compaction = {**COMPACTION, "compacted": False, "reason": reason}
    plain = {**COMPACTION, "compacted": False, "reason": "no"}
    pages = [
        Page(write_report(PrunedRun(compaction=one).write(tmp_path / str(place))))
        for place, one in enumerate((compaction, plain))
    ]
    assert json.dumps(pages[0].named("script")) == json.dumps(pages[1].named("script"))
    assert reason in pages[0].text
