"""Experiments that start from trained pairs: found, checked, copied, and dealt out to cells."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import coevo
from coevo.errors import CoevoError
from coevo.export import export
from coevo.run_directory import RunDirectory
from coevo.stored_files import stored_object
from coevo.trained_pairs import keep_pairs, pairs_named, trained_pair
from tests.coevo.small_experiments import build, write_data

TABLES: dict[str, Any] = {
    "network": {"hidden": [6], "latent": 3},
    "selection": {"evaluation_batch_size": 4},
    "optimizer": {"batch_size": 5, "steps": 2},
    "grid": {"rows": 2, "columns": 2},
}
FORMS = "the directory of a run, a study or an export as safetensors"
FIX = "give pairs of the same networks, or change [network]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(folder: Path) -> tuple[Path, Path, Path]:
    """A run, an export of it, and a study; read them only."""
    document = {
        **TABLES,
        "task": {"dataset": "npz"},
        "data": {"file": str(folder / "data.npz")},
        "generations": 1,
    }
    one = coevo.run(coevo.experiment_from_dict(document), folder / "run").directory
    exported = export(one, "safetensors", out=folder / "exported").directory
    sweep = {"variants": [{"name": "slow"}, {"name": "fast", "optimizer.learning_rate": 0.5}]}
    several = coevo.experiment_from_dict({**document, "sweep": sweep})
    return one, exported, coevo.run(several, folder / "study").directory


def weights(directory: Path) -> dict[str, dict[str, torch.Tensor]]:
    return {role: load_file(directory / f"{role}.safetensors") for role in ("encoder", "decoder")}


def test_cells_start_in_turn_from_exactly_the_weights_of_the_pairs(
    folder: Path, trained: tuple[Path, Path, Path]
) -> None:
    run, exported, study = trained
    names = [f"{run}", f"{study}:fast", f"{study}:slow"]
    expected = [
        weights(run / "best"),
        *(weights(next(study.glob(f"stacks/*/best/{name}"))) for name in ("fast", "slow")),
    ]
    assert weights(exported)["encoder"].keys() == expected[0]["encoder"].keys()
    engine = build(folder, **TABLES, start={"pairs": names}, sweep={"replicates": 2}).engine
    state = engine.init()
    for role, population in (("encoder", state.encoders), ("decoder", state.decoders)):
        for cell in range(8):
            for name, tensor in expected[cell % 4 % 3][role].items():
                assert torch.equal(population.weights[name][cell], tensor)
    assert not torch.equal(*(one["encoder"]["1.weight"] for one in expected[1:]))


def test_one_pair_is_one_lineage(folder: Path, trained: tuple[Path, Path, Path]) -> None:
    states = [
        build(folder, **TABLES, start={"pairs": [str(place)]}).engine.init()
        for place in trained[:2]
    ]
    for one, other in zip(*(state.shards()["encoders"].items() for state in states), strict=True):
        assert one[0] == other[0]
        assert torch.equal(one[1], other[1])
        assert torch.equal(one[1], one[1][:1].expand_as(one[1]))


def test_nothing_but_weights_is_read_of_a_run(
    trained: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(trained[0], tmp_path / "run")
    for name in ("experiment.toml", "environment.json", "result.json", "best/pairing.json"):
        (place / name).write_text("import nothing", "utf-8")
    found = trained_pair(str(place)).tensors["encoder"]
    assert torch.equal(found["1.weight"], weights(place / "best")["encoder"]["1.weight"])


def test_of_a_study_the_best_pairing_counts(trained: tuple[Path, Path, Path]) -> None:
    study = trained[2]
    best = (
        study / "stacks" / "001" / "best" / stored_object(study / "result.json")["best"]["variant"]
    )
    found = trained_pair(str(study)).tensors["encoder"]
    assert torch.equal(found["1.weight"], weights(best)["encoder"]["1.weight"])


def test_weights_are_rounded_to_the_type_of_the_experiment(
    folder: Path, trained: tuple[Path, Path, Path]
) -> None:
    pairs = {"pairs": [str(trained[0])]}
    state = build(folder, **TABLES, start=pairs, dtype="float64").engine.init()
    found = state.encoders.weights["1.weight"]
    assert found.dtype == torch.float64
    assert torch.equal(found[0], weights(trained[0] / "best")["encoder"]["1.weight"].double())


def test_pruning_begins_with_whole_masks_and_these_origins(
    folder: Path, trained: tuple[Path, Path, Path]
) -> None:
    pruned = {"pairs": [str(trained[0])]}, [{"operator": "movement", "sparsity": 0.5}]
    state = build(folder, **TABLES, start=pruned[0], pruning=pruned[1]).engine.init()
    expected = weights(trained[0] / "best")["encoder"]["1.weight"]
    assert torch.equal(state.encoders.origins["1.weight"][3], expected)
    assert bool(state.encoders.masks["1.weight"].all())


def changed(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], object]:
    def apply(place: Path) -> None:
        found = load_file(place / "encoder.safetensors")
        change(found)
        save_file(found, place / "encoder.safetensors")

    return apply


def no_number(tensors: dict[str, torch.Tensor]) -> None:
    tensors["1.bias"][2] = torch.nan


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            changed(lambda t: t.pop("3.bias")),
            f"the encoder has no tensor '3.bias' of shape [3]; {FIX}",
        ),
        (
            changed(lambda t: t.update({"5.bias": torch.zeros(2)})),
            f"the encoder has a tensor '5.bias' of shape [2] too many; {FIX}",
        ),
        (
            changed(lambda t: t.update({"3.weight": torch.zeros(3, 5)})),
            "the encoder has '3.weight' of shape [3, 5], and it is of shape [3, 6] here; " + FIX,
        ),
        (
            changed(lambda t: t.update({"3.bias": torch.zeros(3, dtype=torch.int64)})),
            "the encoder has '3.bias' of shape [3] int64, and it is of shape [3] here; " + FIX,
        ),
        (
            changed(no_number),
            "the encoder has '1.bias' with numbers that are not finite; give another",
        ),
        (
            lambda place: (place / "encoder.safetensors").write_bytes(b"x"),
            "encoder.safetensors is damaged (Error while deserializing: header too small); "
            "finish or repeat the run, or export it again",
        ),
        (
            lambda place: (place / "decoder.safetensors").unlink(),
            f"holds no trained pair; give {FORMS}",
        ),
        (shutil.rmtree, f"no such directory; give {FORMS}"),
    ],
)
def test_what_is_no_pair_of_these_networks_is_refused(
    change: Callable[[Path], object],
    fault: str,
    folder: Path,
    trained: tuple[Path, Path, Path],
    tmp_path: Path,
) -> None:
    place = shutil.copytree(trained[1], tmp_path / "pair")
    change(place)
    with pytest.raises(CoevoError) as caught:
        build(folder, **TABLES, start={"pairs": [str(trained[0]), str(place)]})
    assert str(caught.value) == f"start.pairs[1]: {place}: {fault}"


def test_runs_without_a_best_pairing_are_refused(
    folder: Path, trained: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(trained[0], tmp_path / "run")
    shutil.rmtree(place / "best")
    with pytest.raises(CoevoError) as caught:
        trained_pair(str(place))
    assert str(caught.value) == (
        f"{place}: has no best pairing, all its worlds stopped; give another"
    )
    (place / "result.json").unlink()
    with pytest.raises(CoevoError) as caught:
        trained_pair(str(place))
    assert str(caught.value) == (
        f"{place}: no best pairing yet; let 'coevo resume {place}' finish the run"
    )


def test_variants_that_are_not_there_are_refused(trained: tuple[Path, Path, Path]) -> None:
    with pytest.raises(CoevoError) as caught:
        trained_pair(f"{trained[2]}:fest")
    assert str(caught.value) == (
        f"{trained[2]}:fest: variant: 'fest' is not a variant; did you mean 'fast'?"
    )
    with pytest.raises(CoevoError) as caught:
        trained_pair(f"{trained[0]}:fast")
    assert str(caught.value) == f"{trained[0]}:fast: no such directory; give {FORMS}"


def test_copies_are_read_in_the_place_of_what_they_were_made_of(
    trained: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    source, kept = shutil.copytree(trained[1], tmp_path / "pair"), RunDirectory(tmp_path).start
    names = (str(source), str(trained[0]))
    keep_pairs(names, kept)
    before = {path: path.stat().st_mtime_ns for path in kept.rglob("*")}
    shutil.rmtree(source)
    keep_pairs(names, kept)
    assert {path: path.stat().st_mtime_ns for path in kept.rglob("*")} == before
    found = trained_pair(names[0], kept).tensors["decoder"]
    expected = weights(trained[1])["decoder"]
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)
    with pytest.raises(CoevoError, match="no such directory"):
        keep_pairs(names, kept, anew=True)


def test_pairs_are_named_once() -> None:
    experiments = [
        coevo.experiment_from_dict({"start": {"pairs": pairs}})
        for pairs in (["b", "a", "b"], ["c", "a"])
    ]
    assert pairs_named(experiments) == ("b", "a", "c")
