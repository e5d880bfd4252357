"""Many networks of one architecture, called as one.

Networks are ordinary `torch.nn.Module` objects. They are stacked along a leading cells
dimension and called with ``vmap(functional_call)``; plain chains of linear layers and
activations take a shorter way that computes the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from coevo.cells import CellTensors
from coevo.chain import chain_forward
from coevo.dense import DenseLayer, dense_layers
from coevo.normalization import Calibrate, calibration
from coevo.population import Population

__all__ = ["Forward", "NetworkPair", "StackedNetwork", "build_stacked", "untouched_generator"]

Forward = Callable[[CellTensors, CellTensors, Tensor], Tensor]


@dataclass(frozen=True)
class StackedNetwork:
    """One architecture for all cells.

    Attributes:
        build: makes one network, with weights drawn from torch's default generator.
        forward: ``(weights, buffers, inputs) -> outputs`` for stacked networks: inputs
            ``[cells, batch, *shape]``, outputs ``[cells, batch, *shape]``. Differentiable in the
            weights and the inputs.
        dense: the layers, where the architecture is nothing but dense layers.
        calibrate: takes the running statistics of BatchNorm anew; None where there are none.
        transposed: names of weights of transposed convolutions, which are stored by inputs.
    """

    build: Callable[[], nn.Module]
    forward: Forward
    dense: tuple[DenseLayer, ...] | None = None
    calibrate: Calibrate | None = None
    transposed: frozenset[str] = frozenset()

    def __call__(self, population: Population, inputs: Tensor) -> Tensor:
        """Call every network on its own rows.

        Args:
            population: the networks.
            inputs: ``[cells, batch, *shape]``.

        Returns:
            ``[cells, batch, *shape]``.
        """
        return self.forward(population.weights, population.buffers, inputs)

    def calibrated(self, population: Population, inputs: Tensor) -> Population:
        """The same networks with running statistics of their own rows.

        Args:
            population: the networks.
            inputs: ``[cells, batch, *shape]``. A single row says nothing of a variance, and
                changes nothing.
        """
        if self.calibrate is None or inputs.shape[1] < 2:
            return population
        buffers = self.calibrate(population.weights, population.buffers, inputs)
        return replace(population, buffers=buffers)

    def initialize(self, seeds: Sequence[int], *, dtype: torch.dtype = torch.float32) -> Population:
        """Draw the first weights as the modules themselves do, each from a seed of its own.

        Modules draw from torch's default generator, because their initialization takes no
        other; it is seeded for each and put back as it was.

        Args:
            seeds: one per cell, in ``[0, 2**63)``.
            dtype: float type of the weights.

        Returns:
            A population on the CPU, so that a GPU starts from the same bits.
        """
        modules = []
        with untouched_generator() as generator:
            for seed in seeds:
                generator.manual_seed(seed)
                modules.append(self.build())
        weights, buffers = stack_module_state(modules)
        return Population(
            {name: weight.detach().to(dtype) for name, weight in weights.items()},
            {name: _as_float(buffer.detach(), dtype) for name, buffer in buffers.items()},
        )

    def module(self, population: Population, cell: int) -> nn.Module:
        """Take one network out as an ordinary module on the CPU.

        Args:
            population: the networks.
            cell: which one.

        Returns:
            A module with that cell's weights, in the mode in which the factory returned it.
        """
        with untouched_generator():
            module = self.build()
        state = {**population.weights, **population.buffers}
        module.to(next(iter(population.weights.values())).dtype)
        # Not load_state_dict, which leaves out buffers that are not persistent.
        with torch.no_grad():
            for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
                tensor.copy_(state[name][cell])
        return module


@dataclass(frozen=True)
class NetworkPair:
    """The architectures of both roles.

    Attributes:
        encoder: ``[batch, *input_shape]`` to a code of any shape.
        decoder: a code to raw outputs ``[batch, *target_shape]``.
        description: what a run's files say about the architecture.
    """

    encoder: StackedNetwork
    decoder: StackedNetwork
    description: dict[str, object] = field(default_factory=dict)

    def shape(self, of: Literal["input", "code", "target"]) -> tuple[int, ...]:
        """Shape of one row of inputs, codes or targets, as the description says."""
        numbers = cast(list[int], self.description[f"{of}_shape"])
        return tuple(numbers)

    @property
    def dense(self) -> bool:
        """Whether both are nothing but dense layers."""
        return self.encoder.dense is not None and self.decoder.dense is not None

    @property
    def calibrates(self) -> bool:
        """Whether one of them has running statistics."""
        return self.encoder.calibrate is not None or self.decoder.calibrate is not None

    def __call__(self, encoders: Population, decoders: Population, inputs: Tensor) -> Tensor:
        """Call pairings: encoder i with decoder i on inputs ``[pairings, batch, *shape]``."""
        return self.decoder(decoders, self.encoder(encoders, inputs))


@contextmanager
def untouched_generator() -> Iterator[torch.Generator]:
    """Put torch's default generator back as it was: building a module draws from it."""
    generator = torch.default_generator
    before = generator.get_state()
    try:
        yield generator
    finally:
        generator.set_state(before)


def build_stacked(build: Callable[[], nn.Module]) -> StackedNetwork:
    """Stack an architecture.

    Args:
        build: makes one network; called once here and once per cell in `initialize`.

    Returns:
        The stacked architecture. Whether it can be stacked soundly is for
        `coevo.stackable.check_stackable` to say.
    """
    with untouched_generator():
        prototype = build()
    dense = dense_layers(prototype)
    calibrate = calibration(prototype)
    forward = chain_forward(prototype) or _vmapped_forward(prototype)
    transposed = frozenset(
        f"{name}.weight" if name else "weight"
        for name, module in prototype.named_modules()
        if isinstance(module, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
    )
    return StackedNetwork(build, forward, dense, calibrate, transposed)


def _vmapped_forward(prototype: nn.Module) -> Forward:
    skeleton = prototype.to("meta")

    def call_one(weights: dict[str, Tensor], buffers: dict[str, Tensor], inputs: Tensor) -> Tensor:
        result: Tensor = functional_call(skeleton, (weights, buffers), (inputs,))
        return result

    def forward(weights: CellTensors, buffers: CellTensors, inputs: Tensor) -> Tensor:
        outputs: Tensor = vmap(call_one)(dict(weights), dict(buffers), inputs)
        return outputs

    return forward


def _as_float(buffer: Tensor, dtype: torch.dtype) -> Tensor:
    return buffer.to(dtype) if buffer.is_floating_point() else buffer
