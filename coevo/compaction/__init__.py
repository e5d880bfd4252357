"""Compaction: pruned pairings become smaller modules that compute the same."""

from coevo.compaction.account import compaction_account, failed_account
from coevo.compaction.agreement import largest_difference, outputs, tolerance
from coevo.compaction.gathering import PlaceOutputs, SelectInputs
from coevo.compaction.pairs import Compacted, compact
from coevo.compaction.reasons import first_line
from coevo.compaction.sizes import (
    PairingSize,
    pairing_size,
    state_tensors,
    stored_size,
    weight_bytes,
)

__all__ = [
    "Compacted",
    "PairingSize",
    "PlaceOutputs",
    "SelectInputs",
    "compact",
    "compaction_account",
    "failed_account",
    "first_line",
    "largest_difference",
    "outputs",
    "pairing_size",
    "state_tensors",
    "stored_size",
    "tolerance",
    "weight_bytes",
]
