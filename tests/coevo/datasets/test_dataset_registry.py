"""The list of data sets."""

from __future__ import annotations

import subprocess
import sys

import pytest

from coevo.datasets import DATASETS, load_dataset
from coevo.errors import CoevoError


def test_names_are_frozen() -> None:
    assert list(DATASETS) == [
        "binary_clustering",
        "digits",
        "folder",
        "idx",
        "mnist",
        "npz",
        "omniglot",
    ]
    with pytest.raises(TypeError):
        DATASETS["own"] = DATASETS["digits"]  # type: ignore[index]  # wrong on purpose


@pytest.mark.parametrize("name", list(DATASETS))
def test_descriptions_fit_on_a_line_of_a_list(name: str) -> None:
    description = DATASETS[name].description
    assert 10 < len(description) <= 80
    assert "\n" not in description


def test_a_data_set_knows_its_name() -> None:
    for name in ("digits", "binary_clustering"):
        assert load_dataset(name).name == name


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("digit", "did you mean 'digits'?"),
        ("MNIST", "choose one of binary_clustering, digits, folder, idx, mnist, npz, omniglot"),
        ("minst", "did you mean 'mnist'?"),
    ],
)
def test_an_unknown_name_is_refused(name: str, fix: str) -> None:
    with pytest.raises(CoevoError) as caught:
        load_dataset(name)
    assert str(caught.value) == f"dataset: '{name}' is not a data set; {fix}"


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = "import sys, coevo.datasets\nsys.exit(str({'sklearn', 'PIL', 'scipy'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"
