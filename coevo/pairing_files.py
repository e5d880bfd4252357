"""Reads a run's best pairing back as ordinary modules."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load as safetensors_load
from torch import nn

from coevo.errors import CoevoError
from coevo.interruption import resume_command
from coevo.network_pairs import network_pair
from coevo.networks import untouched_generator
from coevo.pairing_place import pairing_place
from coevo.roles import ROLES

__all__ = ["load_pairing"]


def load_pairing(
    directory: str | Path, *, variant: str | None = None, trust: bool = False
) -> tuple[nn.Module, nn.Module]:
    """Load encoder and decoder of the best pairing.

    The decoder gives raw outputs; ``best/pairing.json`` says under ``output`` what turns them
    into images (``sigmoid`` or ``identity``).

    Args:
        directory: of a finished run or study.
        variant: of a study; None for the one whose best pairing has the lowest validation loss.
        trust: whether modules that the experiment names may be imported.

    Returns:
        Two modules on the CPU, in the type in which they were trained.

    Raises:
        CoevoError: the run has no best pairing yet, its files are damaged, or it needs
            ``trust``.
    """
    place = pairing_place(directory, variant)
    experiment = place.experiment
    try:
        described = json.loads((place.best / "pairing.json").read_text(encoding="utf-8"))
        shapes = [tuple(described[f"{kind}_shape"]) for kind in ("input", "target")]
        weights = [
            safetensors_load((place.best / f"{role}.safetensors").read_bytes()) for role in ROLES
        ]
    except FileNotFoundError as error:
        raise CoevoError(
            f"{place.path}: no best pairing yet ({Path(error.filename).name} is missing); let "
            f"'{resume_command(place.path)}' finish the run"
        ) from error
    except Exception as error:
        raise CoevoError(f"{place.best}: damaged ({error}); finish or repeat the run") from error
    networks = network_pair(
        experiment, shapes[0], shapes[1], search=place.source_folders, trust=trust
    )
    with untouched_generator():
        modules = networks.encoder.build(), networks.decoder.build()
    for role, module, own in zip(ROLES, modules, weights, strict=True):
        try:
            module.to(getattr(torch, experiment.dtype)).load_state_dict(own)
        except RuntimeError as error:
            raise CoevoError(
                f"network.{role}: is not what {place.best} was made with; restore the experiment "
                f"file or the module of that time ({' '.join(str(error).split())})"
            ) from error
    return modules
