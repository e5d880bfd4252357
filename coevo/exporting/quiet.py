"""Silences the exporters of torch, whose warnings are about themselves."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet"]

_LOGGER = "torch.onnx"


@contextmanager
def quiet() -> Iterator[None]:
    """Let no warning of an exporter through; what it makes is checked."""
    logger = logging.getLogger(_LOGGER)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
