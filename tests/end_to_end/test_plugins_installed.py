"""A package of somebody else is installed by pip; its names then work everywhere, untrusted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coevo import CoevoError, load_experiment, load_pairing, records, resume, write_report
from tests.end_to_end.experiments import assert_same_run
from tests.end_to_end.warm import ROOT, Warm, cold

NAMES = {
    "operators": ["negligible", "noisy_magnitude"],
    "schedules": ["staircase"],
    "optimizers": ["hill_climbing"],
    "datasets": ["stripes"],
}
EXPERIMENT = """
seed = 3
generations = 6

[task]
dataset = "stripes"

[data]
options = { size = 6, rows = 40 }

[network]
hidden = [6]
latent = 3

[selection]
evaluation_batch_size = 16

[optimizer]
kind = "hill_climbing"
options = { step_size = 0.02 }
batch_size = 8
steps = 3

[[pruning]]
operator = "noisy_magnitude"
operator_options = { noise = 0.2 }
schedule = "staircase"
schedule_options = { steps = 2 }
sparsity = 0.5

[[pruning]]
operator = "negligible"
operator_options = { share = 0.2 }

[engine]
threads = 1

[checkpoint]
every = 2

[sweep]
replicates = 2
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What PYTHONPATH has to be for the package, installed as a user does it, without a network."""
    place = tmp_path_factory.mktemp("installed")
    left_by_builds = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    source = shutil.copytree(
        ROOT / "tests" / "example_plugin", place / "source", ignore=left_by_builds
    )
    flags = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *flags, "--target", place / "site", source],
        check=True,
        capture_output=True,
    )
    assert {path.name for path in (place / "site").iterdir()} == {
        "coevo_example",
        "coevo_example-1.0.dist-info",
    }
    return os.pathsep.join(filter(None, [str(place / "site"), os.environ.get("PYTHONPATH")]))


@pytest.fixture(scope="module")
def plugged(path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Runs command lines where the package is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        process = Warm(tmp_path_factory.mktemp("plugged"))
    yield process
    process.close()


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("experiment") / "stripes.toml"
    file.write_text(EXPERIMENT, "utf-8")
    return file


@pytest.fixture(scope="module")
def original(plugged: Warm, experiment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that uses all names of the package, uninterrupted. Read it only."""
    place = tmp_path_factory.mktemp("original")
    ended = plugged.run("run", experiment, "--out", place / "run", count=place / "counts")
    assert (ended.code, ended.err) == (0, "")
    return place / "run"


def test_names_are_listed_with_their_package(
    path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", path)
    process = cold("list", "--json", directory=tmp_path)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    for kind, found in json.loads(out).items():
        own = {name for name, text in found.items() if text == "of coevo-example"}
        assert own == set(NAMES.get(kind, ())), kind


def test_all_of_them_work_by_name(original: Path) -> None:
    environment = json.loads((original / "environment.json").read_text("utf-8"))
    assert environment["plugins"] == {"coevo-example": "1.0"}
    frame = records.read(original / "records")
    assert "learning_rate" not in frame.columns
    assert frame["step_size"].n_unique() > 18
    last = frame.filter(generation=6)
    assert len(last) == 18
    # What one operator leaves, the other may still find negligible.
    assert (last["encoder_sparsity"] >= 0.5).all()
    assert last["encoder_sparsity"].n_unique() > 1
    assert (frame.filter(generation=3)["encoder_sparsity"] < 0.5).all()
    page = (original / "report.html").read_text("utf-8")
    assert 'id="learning"' in page
    assert 'id="rates"' not in page


def test_killed_and_resumed_without_trust_it_ends_as_if_nothing_had_happened(
    plugged: Warm, original: Path, experiment: Path, tmp_path: Path
) -> None:
    calls = json.loads(original.with_name("counts").read_text("utf-8"))["calls"]
    directory = tmp_path / "run"
    trap = {"calls": [(calls[3] + calls[4]) // 2]}
    ended = plugged.run("run", experiment, "--out", directory, trap=trap)
    assert ended.code == -signal.SIGKILL
    ended = plugged.run("resume", directory)
    assert (ended.code, ended.err) == (0, "coevo: going on after generation 4 of 6\n")
    assert_same_run(directory, original)
    environment = json.loads((directory / "environment.json").read_text("utf-8"))
    assert environment["resumed"][0]["plugins"] == {"coevo-example": "1.0"}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (
            "data.options={ sise = 6 }",
            "data.options: 'sise' is not an option of 'stripes' of coevo-example; it takes size, "
            "rows",
        ),
        (
            "data.options={ size = 1 }",
            "task.dataset: 'stripes' of coevo-example: size: 1 is too small; give a whole number "
            ">= 2",
        ),
        (
            "optimizer.options={ step = 1 }",
            "optimizer.options: 'step' is not an option of 'hill_climbing' of coevo-example; it "
            "takes step_size",
        ),
        (
            "optimizer.options={ step_size = -1 }",
            "optimizer.options: 'hill_climbing' of coevo-example: step_size: -1 is not a size; "
            "give a number above 0",
        ),
        (
            "optimizer.learning_rate=0.1",
            "--set optimizer.learning_rate: 0.1 is only for optimizer.kind = 'gradient' or 'de', not "
            "'hill_climbing'; remove it or change optimizer.kind",
        ),
        (
            "optimizer.kind=hill_climb",
            "--set optimizer.kind: 'hill_climb' is not a cell optimizer; did you mean "
            "'hill_climbing'?",
        ),
        (
            'pruning=[{ operator = "noisy_magnitude", operator_options = { noize = 1 } }]',
            "pruning[0].operator_options: 'noize' is not an option of noisy_magnitude; it takes "
            "noise",
        ),
        (
            'pruning=[{ operator = "negligible", operator_options = { share = 2 } }]',
            "pruning[0].operator_options.share: 2 is not a share; give a number above 0, at most 1",
        ),
        (
            'pruning=[{ schedule = "staircase", schedule_options = { step = 1 } }]',
            "pruning[0].schedule_options: 'step' is not an option of 'staircase' of "
            "coevo-example; it takes steps",
        ),
        (
            'pruning=[{ schedule = "stair_case" }]',
            "--set pruning[0].schedule: 'stair_case' is not a schedule; did you mean 'staircase'?",
        ),
    ],
)
def test_wrong_options_and_names_are_refused_in_one_line(
    change: str, refusal: str, plugged: Warm, experiment: Path, tmp_path: Path
) -> None:
    ended = plugged.run("run", experiment, "--set", change, "--out", tmp_path / "run")
    assert (ended.code, ended.out, ended.err) == (2, "", f"coevo: {refusal}\n")
    assert not (tmp_path / "run").exists()


def test_without_the_package_it_is_asked_for(
    original: Path, experiment: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(original, tmp_path / "run")
    needs = f"{copy}: needs coevo-example, which the run was made with; install it"
    for use in (resume, load_pairing):
        with pytest.raises(CoevoError) as caught:
            use(copy)
        assert str(caught.value) == needs
    with pytest.raises(CoevoError, match=r"task\.dataset: 'stripes' is not a dataset; use "):
        load_experiment(experiment)
    (copy / "report.html").unlink()
    assert write_report(copy).exists()


@pytest.mark.parametrize(
    ("name", "option"), [("noisy_magnitude", "noise=0.5"), ("negligible", "share=0.5")]
)
def test_its_operators_obey_the_laws(name: str, option: str, plugged: Warm) -> None:
    flags = ["--option", option, "--examples", 20, "--json"]
    ended = plugged.run("check-operator", name, *flags)
    assert (ended.code, ended.err) == (0, "")
    outcomes = [law["outcome"] for law in ended.document["laws"]]
    assert outcomes.count("holds") >= 9
    ended = plugged.run("check-operator", f"{name}s")
    refusal = f"coevo: operator: '{name}s' is not an operator; did you mean '{name}'?\n"
    assert (ended.code, ended.err) == (2, refusal)
