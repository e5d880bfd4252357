"""What is said against experiments that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict, load_experiment

__all__ = ["refused", "refused_file"]


def refused(mapping: object) -> str:
    with pytest.raises(CoevoError) as caught:
        experiment_from_dict(mapping)  # type: ignore[arg-type]  # wrong on purpose
    return str(caught.value)


def refused_file(source: str | Path, overrides: list[str] | None = None) -> str:
    with pytest.raises(CoevoError) as caught:
        load_experiment(source, overrides or [])
    return str(caught.value)
