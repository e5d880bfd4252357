"""Two small modules for compact pairings: one takes the inputs that are read, one adds constants."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["PlaceOutputs", "SelectInputs", "placing_pays", "selecting_pays"]

# Measured with networks for rows of 784 numbers: what it costs, in multiply-adds of dense layers,
# to move a number, which counts where many rows come at once, and to call the module at all, which
# counts where they come one by one.
_SELECTION_COST, _SELECTION_CALL = 8, 10240
_PLACING_COST, _PLACING_CALL = 64, 32768


class SelectInputs(nn.Module):
    """Flattens rows and takes some of their numbers.

    Args:
        index: ``[selected]`` int64, which ones, in the order in which they are given on.

    Examples:
        >>> SelectInputs(torch.tensor([3, 0]))(torch.tensor([[[5.0, 6.0], [7.0, 8.0]]]))
        tensor([[8., 5.]])
    """

    index: Tensor

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.register_buffer("index", index)

    def forward(self, inputs: Tensor) -> Tensor:
        """From ``[batch, *shape]`` to ``[batch, selected]``."""
        return inputs.flatten(1).index_select(1, self.index)


class PlaceOutputs(nn.Module):
    """Puts numbers that were computed in their places among constants.

    Args:
        positions: ``[outputs]`` int64, for every output where it is found in the computed numbers
            with the constants behind them.
        constants: ``[constants]`` float.

    Examples:
        >>> PlaceOutputs(torch.tensor([1, 0]), torch.tensor([9.0]))(torch.tensor([[5.0], [6.0]]))
        tensor([[9., 5.],
                [9., 6.]])
    """

    positions: Tensor
    constants: Tensor

    def __init__(self, positions: Tensor, constants: Tensor) -> None:
        super().__init__()
        self.register_buffer("positions", positions)
        self.register_buffer("constants", constants)

    def forward(self, computed: Tensor) -> Tensor:
        """From ``[batch, computed]`` to ``[batch, outputs]``."""
        constants = self.constants.expand(computed.shape[0], -1)
        return torch.cat([computed, constants], 1).index_select(1, self.positions)


def selecting_pays(inputs: int, selected: int, units: int) -> bool:
    """Whether it is faster to select inputs first than to multiply the others with zeros.

    Args:
        inputs: of a row.
        selected: those of them that are read.
        units: of the layer that reads them.

    Examples:
        >>> selecting_pays(784, 453, units=46), selecting_pays(64, 50, units=48)
        (True, False)
    """
    return (inputs - selected) * units >= _SELECTION_COST * selected + _SELECTION_CALL


def placing_pays(outputs: int, computed: int, inputs: int) -> bool:
    """Whether it is faster to place outputs among constants than to compute the constants.

    Args:
        outputs: of a row.
        computed: those of them that are not constant.
        inputs: of the layer that computes them.

    Examples:
        >>> placing_pays(784, 627, inputs=59), placing_pays(784, 100, inputs=128)
        (False, True)
    """
    return (outputs - computed) * inputs >= _PLACING_COST * outputs + _PLACING_CALL
