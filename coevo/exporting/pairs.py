"""The pairing that is exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from coevo.compaction import Compacted
from coevo.errors import CoevoError
from coevo.problems import first_line
from coevo.roles import RoleName

__all__ = ["ExportedPair", "called_for", "exported_pair", "not_exportable"]


@dataclass(frozen=True)
class ExportedPair:
    """An encoder and its decoder, with what is to be said of them.

    Attributes:
        modules: by role.
        examples: two rows of what each gets, ``[2, *shape]``.
        compact: whether they were made smaller.
        description: shapes, type and output, for those who read the files.
    """

    modules: Mapping[RoleName, nn.Module]
    examples: Mapping[RoleName, Tensor]
    compact: bool
    description: Mapping[str, Any]


def exported_pair(
    found: Compacted, described: Mapping[str, Any], rows: Tensor, *, compact: bool
) -> ExportedPair:
    """Put together what is exported.

    Args:
        found: the networks.
        described: what ``pairing.json`` says.
        rows: of inputs, at least one.
        compact: whether the networks were made smaller.
    """
    inputs = torch.cat([rows[:1], rows[-1:]])
    with torch.no_grad():
        codes: Tensor = found.encoder(inputs)
    shapes = {f"{kind}_shape": described[f"{kind}_shape"] for kind in ("input", "target")}
    return ExportedPair(
        modules={"encoder": found.encoder, "decoder": found.decoder},
        examples={"encoder": inputs, "decoder": codes},
        compact=compact,
        description={
            **shapes,
            "code_shape": list(codes.shape[1:]),
            "dtype": described["dtype"],
            "output": described["output"],
        },
    )


@contextmanager
def called_for(name: str) -> Iterator[None]:
    """Say of networks that fail when an export calls them that they do.

    Args:
        name: of the format.

    Raises:
        CoevoError: they failed in the block.
    """
    try:
        yield
    except (CoevoError, OSError):
        raise
    except Exception as error:
        raise CoevoError(
            f"--format {name}: the networks cannot be called as an export has to, with one row, "
            f"with many and with zeros ({first_line(error)}); change their modules"
        ) from error


def not_exportable(name: str, role: RoleName, error: Exception) -> CoevoError:
    """What to say of a module that a format cannot hold."""
    return CoevoError(
        f"--format {name}: the {role} cannot be exported ({first_line(error)}); change the module "
        "as that says, or use --format safetensors"
    )
