"""An experiment that cannot be built is refused with the key as it is in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from coevo.assemble import choose_device
from coevo.errors import CoevoError
from tests.coevo.small_experiments import ROWS, build, write_data

CONCEPT = """
def third(losses): return losses.kthvalue(3, -1).values
def nothing(losses): return None
def everything(losses): return losses
def fails(losses): return losses.no_such_method()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assembled_concepts.py").write_text(CONCEPT, "utf-8")
    return write_data(tmp_path)


def refusal(folder: Path, **tables: Any) -> str:
    with pytest.raises(CoevoError) as caught:
        build(folder, **tables)
    return str(caught.value)


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device("cpu") == torch.device("cpu")
    for there in (False, True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert choose_device(None).type == ("cuda" if there else "cpu")
    assert choose_device("cuda").type == "cuda"
    for name in ("tpu", "cuda:1", "CPU", ""):
        with pytest.raises(CoevoError, match="is not a device; use 'cpu' or 'cuda'"):
            choose_device(name)


def test_a_concept_of_the_user_is_tried_on_the_real_number_of_partners(folder: Path) -> None:
    named = {"concept": "assembled_concepts:third"}
    losses = torch.tensor([[4.0, 1.0, 3.0, 2.0, 0.0]])
    assert build(folder, selection=named).engine.selection.concept(losses).tolist() == [2.0]
    # A lone cell has one partner, and no third one.
    lonely = refusal(folder, selection=named, grid={"rows": 1, "columns": 1})
    assert lonely.startswith("selection.concept: 'assembled_concepts:third' fails: ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nothing",
            "makes NoneType of losses [2, 5, 5]; return one value per network, without the last "
            "dimension",
        ),
        (
            "everything",
            "makes [2, 5, 5] of losses [2, 5, 5]; return one value per network, without the last "
            "dimension",
        ),
        (
            "fails",
            "fails: AttributeError: 'Tensor' object has no attribute 'no_such_method'; mend it",
        ),
    ],
)
def test_a_concept_that_is_none_is_refused(name: str, message: str, folder: Path) -> None:
    found = refusal(folder, selection={"concept": f"assembled_concepts:{name}"})
    assert found == f"selection.concept: 'assembled_concepts:{name}' {message}"


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"data": {"train_rows": ROWS + 1}}, "data.train_rows"),
        ({"data": {"file": "/no/such/file.npz"}}, "data.file"),
        ({"data": {"file": "data.npz", "directory": "/no/such/folder"}}, "data.directory"),
        ({"optimizer": {"batch_size": ROWS + 1}}, "optimizer.batch_size"),
        ({"selection": {"evaluation_batch_size": ROWS + 1}}, "selection.evaluation_batch_size"),
    ],
)
def test_a_refusal_names_the_key_as_it_is_in_the_file(
    tables: dict[str, Any], key: str, folder: Path
) -> None:
    assert refusal(folder, **tables).startswith(f"{key}: ")


@pytest.mark.parametrize("size", [ROWS, ROWS + 1])
def test_as_many_rows_as_there_are_can_be_asked_for(size: int, folder: Path) -> None:
    selection = {"evaluation_batch_size": size, "replacement": "if_better"}
    tables = {"selection": selection, "optimizer": {"batch_size": min(size, ROWS)}}
    if size > ROWS:
        assert refusal(folder, **tables).endswith(f"give {ROWS} or less")
    else:
        assert build(folder, **tables).engine.evaluation_rows == ROWS
