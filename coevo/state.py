"""Everything that the next generation depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from coevo.cells import CellTensors
from coevo.optimizers.types import OptimizerState
from coevo.population import Population

__all__ = ["GridState"]


@dataclass(frozen=True)
class GridState:
    """The populations and all that goes with them. Saving it is the checkpoint.

    Attributes:
        generation: number of completed generations.
        encoders: one encoder per cell.
        decoders: one decoder per cell.
        optimizer: what the cell optimizer keeps.
        running: ``[cells]`` bool, False in worlds that stopped because a number was not finite.
    """

    generation: int
    encoders: Population
    decoders: Population
    optimizer: OptimizerState
    running: Tensor

    def merge(self, condition: Tensor, otherwise: GridState) -> GridState:
        """Keep a cell's state where ``condition`` (``[cells]`` bool) holds, else the other's.

        Generation and ``running`` are this state's.
        """
        return replace(
            self,
            encoders=self.encoders.merge(condition, otherwise.encoders),
            decoders=self.decoders.merge(condition, otherwise.decoders),
            optimizer=self.optimizer.merge(condition, otherwise.optimizer),
        )

    def shards(self) -> dict[str, dict[str, Tensor]]:
        """All tensors, by shard and name: what a checkpoint stores beside the generation."""
        optimizer = {"cell": self.optimizer.cell}
        optimizer |= {"encoder": self.optimizer.encoder, "decoder": self.optimizer.decoder}
        return {
            "encoders": self.encoders.tensors(),
            "decoders": self.decoders.tensors(),
            "optimizer": {
                f"{p}/{n}": t for p, named in optimizer.items() for n, t in named.items()
            },
            "grid": {"running": self.running},
        }

    @staticmethod
    def from_shards(generation: int, shards: dict[str, dict[str, Tensor]]) -> GridState:
        """Rebuild what `shards` flattened."""
        return GridState(
            generation,
            Population.from_tensors(shards["encoders"]),
            Population.from_tensors(shards["decoders"]),
            _optimizer_state(shards["optimizer"]),
            shards["grid"]["running"],
        )

    def to(self, device: str) -> GridState:
        """The same state on another device."""
        moved = {
            shard: {name: tensor.to(device) for name, tensor in tensors.items()}
            for shard, tensors in self.shards().items()
        }
        return GridState.from_shards(self.generation, moved)


def _optimizer_state(tensors: CellTensors) -> OptimizerState:
    parts: dict[str, dict[str, Tensor]] = {"cell": {}, "encoder": {}, "decoder": {}}
    for path, tensor in tensors.items():
        part, name = path.split("/", 1)
        parts[part][name] = tensor
    return OptimizerState(**parts)
