"""A comparison as text, CSV, JSON and LaTeX, and on the command line."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

import coevo
from coevo.cli import main
from tests.coevo.comparison.recorded_studies import Recorded, pruned, study_of, write_run

FOLDER = Path(__file__).resolve().parents[1] / "recorded_results"
DIGITS = str(FOLDER / "digits")
ALL = coevo.CompareOptions(all_pairs=True)


@pytest.fixture(scope="module")
def digits() -> coevo.Comparison:
    return coevo.compare(DIGITS)


@pytest.fixture(scope="module")
def both() -> coevo.Comparison:
    return coevo.compare([FOLDER / "digits", FOLDER / "mnist"])


def rows(text: str, title: str) -> list[list[str]]:
    """The cells of the table below a title, names and numbers alike without spaces in them."""
    table = text[text.index(title) :].split("\n\n")[0].splitlines()
    return [line.split() for line in table[4:-1]]


def test_text_has_every_figure_in_four_digits(digits: coevo.Comparison) -> None:
    text = digits.text()
    assert rows(text, "test_mse on digits") == [
        ["none", "6", "0.0125", "[0.01125,", "0.01375]", "0.0125", "[0.01075,", "0.01425]", "="],
        [
            *("magnitude-50", "6", "0.011", "[0.01025,", "0.01175]"),
            *("0.011", "[0.00975,", "0.01225]", "best"),
        ],
        [
            *("magnitude-80", "5/6", "0.017", "[0.016,", "0.018]"),
            *("0.017", "[0.01467,", "0.01933]", "="),
        ],
    ]
    found = rows(text, "Against none on digits")
    assert [row[:4] for row in found] == [
        ["magnitude-50", "6", "-0.001", "0.74"],
        ["magnitude-80", "5", "+0.005", "0.02"],
    ]
    assert [row[-3:] for row in found] == [["0.26", "0.156", "0.156"], ["0.98", "0.0625", "0.125"]]
    assert rows(text, "Sparsity and budget on digits") == [
        ["none", "0.0", "%", "no", "200", "5"],
        ["magnitude-50", "48.0", "%", "yes", "200", "5"],
        ["magnitude-80", "78.0", "%", "yes", "200", "5"],
    ]
    assert rows(text, "Hypervolume on digits")[0] == ["all", "variants", "3", "0.00522"]


def test_text_ends_with_all_that_has_to_be_told(digits: coevo.Comparison) -> None:
    told = " ".join(digits.text().split("\n\n")[-1].split())
    for note in digits.notes:
        assert f"- {note}" in told
    for word in (
        *("test_mse", "lowest loss on validation rows", "10,000", "seed 0", "Control: none"),
        *("Wilcoxon signed-rank", "exact", "Holm", "all 2 comparisons", "Pratt", "A12"),
        *("Hodges-Lehmann", "reference: sparsity 0", "0.02 (digits)", "With 5 pairs"),
        *("processor time", "magnitude-80 5 of 6"),
    ):
        assert word in told, word


def test_text_fits_a_hundred_columns_and_other_widths(both: coevo.Comparison) -> None:
    assert max(map(len, both.text().splitlines())) <= 100
    assert max(map(len, both.text(80).splitlines())) <= 90
    pairs = coevo.compare(DIGITS, options=ALL).text()
    assert max(map(len, pairs.splitlines())) <= 100
    assert rows(pairs, "Against each other")[2][:3] == ["magnitude-80", "magnitude-50", "5"]


def test_long_names_are_broken_and_numbers_are_not(tmp_path: Path) -> None:
    names = [f"{letter * 60}-{letter * 50}" for letter in "ab"]
    study = study_of(tmp_path / "study", {name: [0.123456, 0.2] for name in names})
    text = coevo.compare(study, options=ALL).text()
    assert max(map(len, text.splitlines())) <= 100
    assert "0.1617" in text
    assert text.count("a") > 100


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    names = {"[red]a[red]": [1.0, 2.0], ":smile:": [3.0, 4.0]}
    text = coevo.compare(study_of(tmp_path / "study", names)).text()
    assert "[red]a[red]" in text
    assert ":smile:" in text


def test_ranks_are_in_the_text(both: coevo.Comparison) -> None:
    text = both.text()
    assert "Over 2 data sets: Friedman chi² 3, p 0.223; F 3, p 0.25" in text
    found = rows(text, "Over 2 data sets")
    assert [row[:2] for row in found[-3:]] == [
        ["none", "1.50"],
        ["magnitude-50", "1.50"],
        ["magnitude-80", "3.00"],
    ]
    assert rows(text, "Nemenyi\n")[0][:2] == ["none", "magnitude-50"]
    assert "Relative IQM" in text


def test_csv_has_a_row_for_each_variant(both: coevo.Comparison) -> None:
    found = [*csv.DictReader(io.StringIO(both.csv()))]
    assert [(row["data_set"], row["variant"]) for row in found] == [
        (data, variant)
        for data in ("digits", "mnist")
        for variant in ("none", "magnitude-50", "magnitude-80")
    ]
    row = found[1]
    assert float(row["median"]) == pytest.approx(0.011)
    assert (row["n"], row["planned"], row["best"], row["on_front"]) == ("6", "6", "true", "true")
    assert (row["against"], row["pairs"], float(row["p"])) == ("none", "6", 10 / 64)
    assert float(row["a12"]) == pytest.approx(9.5 / 36)
    assert {found[0][name] for name in ("against", "p", "p_holm", "improvement_low")} == {""}


def test_csv_of_all_pairs_has_a_row_for_each_pair() -> None:
    found = [*csv.DictReader(io.StringIO(coevo.compare(DIGITS, options=ALL).csv()))]
    assert [(row["variant"], row["against"]) for row in found] == [
        ("magnitude-50", "none"),
        ("magnitude-80", "none"),
        ("magnitude-80", "magnitude-50"),
    ]


def test_json_has_everything_in_full(both: coevo.Comparison) -> None:
    document = json.loads(both.written("json"))
    assert document == both.document
    assert [block["name"] for block in document["data_sets"]] == ["digits", "mnist"]
    digits = document["data_sets"][0]
    assert digits["variants"][2]["seeds"] == [1, 2, 3, 4, 5]
    assert digits["contrasts"][0]["p"] == 10 / 64
    assert digits["contrasts"][0]["magnitude"] == "large"
    assert digits["hypervolumes"][1]["variants"] == ["magnitude-50", "magnitude-80"]
    assert document["ranks"]["friedman"]["chi_squared"] == pytest.approx(3)
    assert document["ranks"]["nemenyi"][0]["p"] == 1
    assert document["control"]["name"] == "none"
    assert document["notes"] == list(both.notes)


def test_infinite_figures_have_no_place_in_json(tmp_path: Path) -> None:
    # All data sets agree, so F is infinite.
    numbers = {"a": [1.0, 2.0], "b": [3.0, 4.0]}
    studies = [study_of(tmp_path / name, numbers, dataset=name) for name in ("digits", "mnist")]
    comparison = coevo.compare(studies)
    friedman = json.loads(comparison.written("json"))["ranks"]["friedman"]
    assert (friedman["f"], friedman["f_p"]) == (None, pytest.approx(1 / 2))
    assert "F —, p 0.5" in comparison.text()


def test_latex_is_booktabs_with_the_best_in_bold(digits: coevo.Comparison) -> None:
    lines = digits.latex().splitlines()
    assert lines[:3] == [
        r"% \usepackage{booktabs}",
        r"\begin{tabular}{lrrrrrrrrr}",
        r"\toprule",
    ]
    assert lines[5] == (
        r"none & 6 & 0.0125$^\dagger$ [0.01125, 0.01375] & 0.0125 [0.01075, 0.01425] & 0.0\,\% "
        r"& -- & -- & -- & -- & -- \\"
    )
    assert lines[6].startswith(r"\textbf{magnitude-50} & 6 & \textbf{0.011} [0.01025, 0.01175] &")
    assert r"& 48.0\,\% & $-0.001$ & 0.74 [" in lines[6]
    assert lines[6].endswith(r"& 0.26 & 0.156 & 0.156 \\")
    assert lines[7].startswith(r"magnitude-80 & 5/6 & 0.017$^\dagger$ [")
    assert lines[8:10] == [r"\bottomrule", r"\end{tabular}"]
    assert lines[10:12] == [r"\par\medskip", r"\begin{tabular}{lrrr}"]
    assert r"Metric: test\_mse" in lines[-1]
    assert "Dagger: not significantly different" in lines[-1]


def test_latex_has_budgets_and_hypervolumes(digits: coevo.Comparison) -> None:
    lines = digits.latex().splitlines()
    budget = lines.index(r"variant & front & steps & seconds \\")
    assert lines[budget - 2] == r"\begin{tabular}{lrrr}"
    assert lines[budget + 2 : budget + 5] == [
        r"none & no & 200 & 5 \\",
        r"magnitude-50 & yes & 200 & 5 \\",
        r"magnitude-80 & yes & 200 & 5 \\",
    ]
    cover = lines.index(r"variants & number & hypervolume \\")
    assert lines[cover - 2] == r"\begin{tabular}{lrr}"
    assert lines[cover + 2] == r"all variants & 3 & 0.00522 \\"
    recorded = coevo.compare(DIGITS, "training_mse", options=coevo.CompareOptions(generation=1))
    assert "hypervolume" not in recorded.latex()
    assert "none & -- & 200 & 5" in recorded.latex()


def test_latex_takes_no_name_for_an_argument_of_the_line_before(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, pruned("uniform", amount=0.1 * place), worlds)
        for place, name in enumerate(("b", "[2pt] | x", "* y"), 1)
        for worlds in [{seed: Recorded([float(place + seed)]) for seed in (1, 2)}]
    ]
    latex = coevo.compare(runs).latex()
    starts = {line[0] for line in latex.splitlines()}
    assert not starts & {"[", "*"}
    assert "\n" r"{}[2pt] \textbar{} x & 2 &" in latex
    assert "\n" r"{}* y & 2 &" in latex


def test_latex_marks_what_is_significant_and_escapes_names(tmp_path: Path) -> None:
    numbers = [1 + place / 100 for place in range(8)]
    names = {"a_b & c": numbers, r"50 % \x": [10 * number for number in numbers]}
    latex = coevo.compare(study_of(tmp_path / "study", names)).latex()
    assert r"\textbf{a\_b \& c} &" in latex
    assert r"50 \% \textbackslash{}x & 8 &" in latex
    assert r"0.00781 & 0.00781$^*$ \\" in latex
    small = coevo.compare(study_of(tmp_path / "small", {"a": [1e-7, 2e-7], "b": [1.0, 2.0]}))
    assert r"$1.5\cdot10^{-7}$" in small.latex()


def test_latex_of_several_data_sets_and_of_all_pairs(both: coevo.Comparison) -> None:
    latex = both.latex()
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 4
    assert r"\multicolumn{10}{l}{\textit{mnist}} \\" in latex
    assert "none & 1.50 &" in latex
    pairs = coevo.compare(DIGITS, options=ALL).latex()
    assert r"\begin{tabular}{llrrrrr}" in pairs
    assert "magnitude-80 & magnitude-50 &" in pairs
    for text in (latex, pairs):
        for line in text.splitlines():
            assert line.count("{") == line.count("}")


def test_a_star_means_below_5_percent(digits: coevo.Comparison) -> None:
    block = digits.blocks[0]
    for p, cell in ((0.05, "0.05"), (0.0499, "0.0499*")):
        contrasts = [replace(contrast, p_holm=p) for contrast in block.contrasts]
        changed = replace(digits, blocks=[replace(block, contrasts=contrasts)])
        assert {row[-1] for row in rows(changed.text(), "Against none")} == {cell}


def test_the_command_prints_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    main_ok(["compare", DIGITS, "--by", "pruning.operator,pruning.sparsity", "--seed", "3"])
    text = capsys.readouterr().out
    assert "magnitude, sparsity 0.5" in text
    assert "seed 3" in text
    main_ok(["compare", DIGITS, "--control", "magnitude-50", "--over", "median", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["control"] == {"name": "magnitude-50", "reason": "as asked"}
    assert document["over"] == "median"
    flags = ["--metric", "training_mse", "--generation", "1", "--all-pairs", "--higher-is-better"]
    main_ok(["compare", DIGITS, str(FOLDER / "mnist"), *flags, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["generation"], document["all_pairs"]) == (1, True)
    assert document["higher_is_better"]
    assert len(document["data_sets"]) == 2


def test_the_command_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "table.tex"
    main_ok(["compare", DIGITS, "--format", "latex", "--out", str(out)])
    assert capsys.readouterr().out == f"{out}\n"
    assert out.read_text("utf-8") == coevo.compare(DIGITS).latex()
    main_ok(["compare", DIGITS, "--format", "csv", "--out", str(out), "--json"])
    assert json.loads(capsys.readouterr().out)["metric"] == "test_mse"
    assert out.read_text("utf-8") == coevo.compare(DIGITS).csv()


def test_mistakes_end_with_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compare", DIGITS, "--control", "nome"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "coevo: --control: 'nome' is not a variant here; did you mean 'none'?\n"
    )


def main_ok(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert not ended.value.code
