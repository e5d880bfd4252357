"""Compaction: pruned pairings become smaller modules that compute the same."""

from coevo.compaction.account import compaction_account, failed_account
from coevo.compaction.agreement import MOST_ROWS, largest_difference, outputs, tolerance
from coevo.compaction.gathering import PlaceOutputs, SelectInputs
from coevo.compaction.pairs import Compacted, compact
from coevo.compaction.sizes import (
    PairingSize,
    pairing_size,
    state_tensors,
    stored_size,
    weight_bytes,
)

__all__ = [
    "MOST_ROWS",
    "Compacted",
    "PairingSize",
    "PlaceOutputs",
    "SelectInputs",
    "compact",
    "compaction_account",
    "failed_account",
    "largest_difference",
    "outputs",
    "pairing_size",
    "state_tensors",
    "stored_size",
    "tolerance",
    "weight_bytes",
]
