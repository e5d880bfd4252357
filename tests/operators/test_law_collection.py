"""A test file of two lines, run by pytest; and what happens without Hypothesis."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MINE = '''
from operators import Layer, scoring

@scoring(invariances=["weight_scale"])
def gentle(layer: Layer):
    """Removes the weights nearest to zero."""
    return layer.weights.abs()

def careless(layer, quota):
    return layer.masks & (layer.weights != 0)

def late(horizon, level=1.0):
    return lambda generation: level if generation >= horizon // 2 else 0.0
'''
GOOD = """
from operators.laws import operator_laws, schedule_laws
from mine import gentle, late
test_gentle = operator_laws(gentle)
test_late = schedule_laws(late, examples=20)
"""
BAD = """
from mine import careless
from operators.laws import operator_laws
test_careless = operator_laws(careless)
"""
WITHOUT = """
import sys
import operators
import coevo.operator_check
assert not any(name.partition(".")[0] == "hypothesis" for name in sys.modules)
sys.modules["hypothesis"] = None
try:
    import operators.laws
except ImportError as error:
    print(error)
try:
    coevo.operator_check.check_operator("magnitude")
except coevo.CoevoError as error:
    print(error)
"""


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_lines_are_a_test_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE, "utf-8")
    (tmp_path / "test_good.py").write_text(GOOD, "utf-8")
    (tmp_path / "test_bad.py").write_text(BAD, "utf-8")
    options = ("-v", "-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist", "--color=no")
    ended = python("-m", "pytest", *options, folder=tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    passed = {line.split()[0] for line in lines if " PASSED " in line}
    failed = {line.split()[0] for line in lines if line.startswith("test_") and " FAILED " in line}
    assert {name for name in passed if name.startswith("test_good.py::test_gentle[")} == {
        f"test_good.py::test_gentle[{law}]"
        for law in (
            "keeps_shape_dtype_and_device",
            "never_regrows",
            "removes_its_quota",
            "removes_nothing_at_amount_0",
            "removes_everything_at_amount_1",
            "leaves_its_inputs_alone",
            "repeats_itself",
            "ignores_values_under_removed_weights",
            "treats_cells_alike",
            "refuses_what_is_not_a_number",
            "ignores_the_scale_of_weights",
        )
    }
    assert {name for name in passed if name.startswith("test_good.py::test_late[")} == {
        "test_good.py::test_late[stays_between_0_and_1]",
        "test_good.py::test_late[works_for_one_generation]",
        "test_good.py::test_late[depends_on_the_generation_alone]",
        "test_good.py::test_late[is_constant_outside_its_horizon]",
    }
    assert failed == {
        f"test_bad.py::test_careless[{law}]"
        for law in (
            "removes_its_quota",
            "removes_nothing_at_amount_0",
            "removes_everything_at_amount_1",
            "refuses_what_is_not_a_number",
        )
    }
    said = "removes nothing at amount 0: fails: removes weights where its quota is 0, in cell 0"
    assert said in lines
    counterexample = "quota    [0]\nmasks    [[[1]]]\nweights  [[[0]]]\ngot      [[[0]]]"
    assert counterexample in ended.stdout
    assert "Traceback" not in ended.stdout
    assert "collection.py" not in ended.stdout, "what is wrong is the operator, not the laws"


def test_without_hypothesis_the_laws_say_how_to_get_it(tmp_path: Path) -> None:
    ended = python("-c", WITHOUT, folder=tmp_path)
    message = 'operators.laws: Hypothesis is not installed; pip install "coevo[laws]"\n'
    assert (ended.stdout, ended.stderr) == (2 * message, "")
