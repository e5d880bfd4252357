"""Real inputs of a run, to check exports on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load as safetensors_load
from torch import Tensor

from coevo.assemble import held_out_rows, task_of
from coevo.compaction import MOST_ROWS
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.experiment_data import experiment_data

__all__ = ["real_rows"]


def real_rows(experiment: Experiment, best: Path, input_shape: Sequence[int]) -> tuple[Tensor, str]:
    """Validation rows of the experiment, or the samples of the run where the data are not there.

    Args:
        experiment: of the run.
        best: directory of its best pairing.
        input_shape: of one row that its networks take.

    Returns:
        ``[rows, *input_shape]``, at most 1,000, in the type of the networks; and what they are:
        ``validation``, or ``samples`` (of test rows).

    Raises:
        CoevoError: neither are there, or the samples are damaged.
    """
    dtype = getattr(torch, experiment.dtype)
    rows = _validation(experiment, dtype)
    if rows is not None and list(rows.shape[1:]) == list(input_shape):
        return rows[:MOST_ROWS], "validation"
    try:
        samples = safetensors_load((best / "samples.safetensors").read_bytes())["inputs"]
    except Exception as error:
        raise CoevoError(
            f"{best}: damaged (samples.safetensors: {error}); finish or repeat the run"
        ) from error
    if len(samples) == 0 or list(samples.shape[1:]) != list(input_shape):
        raise CoevoError(
            f"{best}: damaged (samples.safetensors: inputs of shape {list(samples.shape)}, not "
            f"{['rows', *input_shape]}); finish or repeat the run"
        )
    return samples.to(dtype), "samples"


def _validation(experiment: Experiment, dtype: torch.dtype) -> Tensor | None:
    try:
        dataset = experiment_data(experiment).to("cpu", dtype)
    except CoevoError:
        return None
    return held_out_rows(experiment, dataset, task_of(experiment))["validation"].inputs
