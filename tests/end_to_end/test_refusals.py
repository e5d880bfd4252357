"""What shows only when data, device, modules and directories are looked at is refused alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from coevo.cli import main

# Encoders and decoders that are wrong in one way each.
FACTORIES = """
from torch import nn
def nothing(shape, latent): return None
def fails(shape, latent): raise RuntimeError("no idea")
def flat(shape, latent): return nn.Sequential(nn.Flatten(), nn.Linear(16, latent))
def narrow(shape, latent): return nn.Linear(latent, 5)
not_a_function = 3
"""


@dataclass(frozen=True)
class Place:
    """A working directory with data in it."""

    directory: Path
    capsys: pytest.CaptureFixture[str]

    def refusal(self, *arguments: str) -> str:
        """The message with which ``coevo run`` refuses; nothing is left behind."""
        before = sorted(self.directory.rglob("*"))
        with pytest.raises(SystemExit) as end:
            main(["run", *arguments])
        out, err = self.capsys.readouterr()
        assert (end.value.code, out) == (2, "")
        assert err.startswith("coevo: ")
        assert err.count("\n") == 1, err
        after = sorted(path for path in self.directory.rglob("*") if "__pycache__" not in str(path))
        assert after == before
        return err.removeprefix("coevo: ").removesuffix("\n")


@pytest.fixture
def place(
    tmp_path: Path,
    archive: Path,
    experiment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COEVO_DATA", raising=False)
    (tmp_path / "waves.toml").write_text(experiment.read_text("utf-8"), "utf-8")
    (tmp_path / "refused_networks.py").write_text(FACTORIES, "utf-8")
    rows = np.zeros((20, 8), np.float32)
    np.savez(tmp_path / "vectors.npz", train=rows, validation=rows, test=rows)
    return Place(tmp_path, capsys)


CHANGES = {
    "optimizer.batch_size=41": "optimizer.batch_size: 41 is more than the 40 training rows of npz; "
    "give 40 or less",
    "data.subset=0.1": "optimizer.batch_size: 8 is more than the 4 training rows of npz; "
    "give 4 or less",
    "selection.evaluation_batch_size=41": "selection.evaluation_batch_size: 41 is more than the 40 "
    "training rows of npz; give 40 or less",
    "data.train_rows=41": "data.train_rows: 41 is not a number of training rows of npz; "
    "give 1 to 40",
    "data.train_rows=7": "optimizer.batch_size: 8 is more than the 7 training rows of npz; "
    "give 7 or less",
    "data.file=missing.npz": "data.file: 'missing.npz' does not exist; give a path, absolute or "
    "relative to the data directory",
}


@pytest.mark.parametrize("change", CHANGES)
def test_numbers_and_names_that_the_data_do_not_allow(change: str, place: Place) -> None:
    changes = ["data.directory=.", change]
    assert place.refusal("waves.toml", *settings(changes)) == CHANGES[change]


def test_more_rows_for_replacement_than_there_are(place: Place) -> None:
    changes = ["selection.replacement=if_better", "selection.validation_rows=11"]
    assert place.refusal("waves.toml", *settings(changes)) == (
        "selection.validation_rows: 11 is more than the 10 validation rows of npz; give 10 or less"
    )


def test_data_that_are_not_there(place: Place) -> None:
    assert place.refusal("mnist-grid").startswith("data.directory: no data directory is set; ")
    refusal = place.refusal("mnist-grid", "--set", "data.directory=missing")
    assert refusal == "data.directory: 'missing' is not a folder; give the one that holds the data"
    assert "has no 'train-images-idx3-ubyte.gz'" in place.refusal(
        "mnist-grid", "--set", "data.directory=."
    )


def test_images_where_rows_are_vectors(place: Place) -> None:
    changes = ["data.file=vectors.npz", "data.directory=."]
    conv = [*changes, "network.kind=conv", "network.hidden=[]"]
    assert place.refusal("waves.toml", *settings(conv)) == (
        "network.kind: 'conv' needs images [channels, height, width]; npz has rows of shape [8]; "
        "use 'mlp'"
    )
    edges = [*changes, "task.kind=map", "task.target=edges"]
    assert place.refusal(*plain(place, edges)) == (
        "task.dataset: rows of npz have shape (8,); edges need images (channels, height, width)"
    )


def test_targets_that_the_data_do_not_have(place: Place) -> None:
    assert place.refusal(*plain(place, ["task.kind=map"])) == (
        "task.target: 'dataset' needs targets, and npz has none; use 'edges', or an npz or folder "
        "data set with targets"
    )


def test_a_device_that_is_not_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert place.refusal("waves.toml", "--device", "cuda") == (
        "device: 'cuda' is not there (torch sees no GPU); use 'cpu', or install torch for your GPU "
        "as the README says"
    )
    assert place.refusal("waves.toml", "--device", "tpu") == (
        "device: 'tpu' is not a device; use 'cpu' or 'cuda'"
    )


@pytest.mark.parametrize(
    ("encoder", "decoder", "message"),
    [
        ("no_such_module:f", "no_such_module:g", "network.encoder: 'no_such_module:f': no module "),
        (
            "refused_networks:missing",
            "refused_networks:narrow",
            "network.encoder: 'refused_networks:missing': module refused_networks has no 'missing'",
        ),
        (
            "refused_networks:not_a_function",
            "refused_networks:narrow",
            "network.encoder: 'refused_networks:not_a_function' is a int; give a function",
        ),
        (
            "refused_networks:nothing",
            "refused_networks:narrow",
            "network.encoder: the factory returned NoneType; return a torch.nn.Module",
        ),
        (
            "refused_networks:fails",
            "refused_networks:narrow",
            "network.encoder: the factory failed: RuntimeError: no idea; mend it",
        ),
        (
            "refused_networks:flat",
            "refused_networks:narrow",
            "network.decoder: outputs have shape [5], targets [1, 4, 4] (without the batch); "
            "make the decoder end in the targets' shape",
        ),
    ],
)
def test_modules_of_the_user(encoder: str, decoder: str, message: str, place: Place) -> None:
    named = [f"network.encoder={encoder}", f"network.decoder={decoder}"]
    assert place.refusal(*plain(place, named)).startswith(message)


def test_a_concept_of_the_user(place: Place) -> None:
    refusal = place.refusal("waves.toml", "--set", "selection.concept=no_such_module:f")
    assert refusal.startswith("selection.concept: 'no_such_module:f': no module ")


def test_a_directory_that_is_not_free(place: Place) -> None:
    (place.directory / "taken").mkdir()
    (place.directory / "taken" / "thesis.txt").touch()
    choose = "exists already; choose another directory with --out, or go on with"
    assert place.refusal("waves.toml", "--out", "taken") == (
        f"taken: {choose} 'coevo resume taken'"
    )
    assert place.refusal("waves.toml", "--out", "waves.toml") == (
        f"waves.toml: {choose} 'coevo resume waves.toml'"
    )
    assert place.refusal("waves.toml", "--out", "waves.toml/below").startswith(
        "waves.toml/below: cannot be written ("
    )
    long = "a" * 300
    assert place.refusal("waves.toml", "--out", long) == (
        f"{long}: cannot be used (File name too long); choose another directory with --out"
    )


def test_an_experiment_that_is_not_there(place: Place) -> None:
    assert place.refusal("wave.toml").startswith(
        "wave.toml: no such file or preset; did you mean 'waves.toml'?"
    )
    assert place.refusal("a" * 300).endswith(
        "cannot be read (File name too long); give a TOML file"
    )
    assert place.refusal(".").startswith(".: cannot be read (Is a directory)")


@pytest.mark.parametrize(
    ("command", "directory"),
    [
        *(("resume", directory) for directory in ("missing", ".", "waves.toml", "a" * 300)),
        *(("report", directory) for directory in ("missing", ".", "waves.toml")),
    ],
)
def test_a_directory_that_is_no_run(
    command: str, directory: str, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(place.directory.rglob("*"))
    with pytest.raises(SystemExit) as end:
        main([command, directory])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.startswith(f"coevo: {directory}")
    assert "Traceback" not in err
    assert sorted(place.directory.rglob("*")) == before


def settings(changes: list[str]) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


def plain(place: Place, changes: list[str]) -> list[str]:
    """Arguments for a short experiment without the keys that a denoising MLP has."""
    file = place.directory / "plain.toml"
    file.write_text('[task]\ndataset = "npz"\n[data]\nfile = "vectors.npz"\n', "utf-8")
    changes = [f"data.directory={place.directory}", *changes]
    if any("refused_networks" in change for change in changes):
        images = np.zeros((20, 1, 4, 4), np.float32)
        np.savez(place.directory / "vectors.npz", train=images, validation=images, test=images)
    sizes = ["selection.evaluation_batch_size=4", "optimizer.batch_size=4"]
    return [file.name, *settings([*changes, *sizes])]
