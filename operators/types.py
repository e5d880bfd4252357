"""What a pruning operator sees and what it is: the plug-in point of pruning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from torch import Tensor

__all__ = ["NEEDS", "Draws", "Layer", "Need", "PruningOperator"]

Need: TypeAlias = Literal["outputs", "input_rms", "gradients", "origins"]
"""Something of a layer that is computed only for operators that ask for it."""

NEEDS: tuple[Need, ...] = ("outputs", "input_rms", "gradients", "origins")


class Draws(Protocol):
    """Random numbers of some cells, a stream of its own for each."""

    def __call__(self, purpose: str, shape: Sequence[int]) -> Tensor:
        """Draw uniformly from [0, 1).

        Args:
            purpose: names the stream; the same purpose gives the same numbers again.
            shape: of what each cell draws.

        Returns:
            ``[cells, *shape]`` float. A cell draws the same whatever other cells there are.
        """
        ...


@dataclass(frozen=True)
class Layer:
    """One prunable layer of many cells, in the same form whatever kind of layer it is.

    A unit is one output of the layer: a neuron, or a feature map. An input is what a unit has a
    weight for: a neuron before it, one position of the kernel on one feature map, or the
    constant 1 that biases are weights of (the last input, where biases are prunable).

    Attributes:
        weights: ``[cells, units, inputs]`` float. What stands where a weight was removed has no
            meaning.
        masks: ``[cells, units, inputs]`` bool, True = kept.
        draws: random numbers.
        outputs: ``[cells, cases, units, positions]`` float, the units' outputs (behind the
            activation that follows the layer) on training rows, at each position of a feature
            map; 1 position in dense layers.
        input_rms: ``[cells, 1 or units, inputs]`` float >= 0, root mean square of each input
            over the same rows and positions.
        gradients: ``[cells, units, inputs]`` float, derivative of the pairing's loss.
        origins: ``[cells, units, inputs]`` float, the weights that the network began with.
    """

    weights: Tensor
    masks: Tensor
    draws: Draws
    outputs: Tensor | None = None
    input_rms: Tensor | None = None
    gradients: Tensor | None = None
    origins: Tensor | None = None

    def need(self, name: Need) -> Tensor:
        """Something that is there only for operators that declare their need of it.

        Raises:
            ValueError: it is not there.
        """
        found: Tensor | None = getattr(self, name)
        if found is None:
            raise ValueError(
                f"layer.{name}: not computed; declare it, as in @scoring(needs=[{name!r}])"
            )
        return found

    def inputs(self, part: slice) -> Layer:
        """The same layer as if it had some of its inputs only."""
        return replace(
            self,
            weights=self.weights[..., part],
            masks=self.masks[..., part],
            input_rms=None if self.input_rms is None else self.input_rms[..., part],
            gradients=None if self.gradients is None else self.gradients[..., part],
            origins=None if self.origins is None else self.origins[..., part],
        )


class PruningOperator(Protocol):
    """Decides which weights of a layer go.

    A pure function, batched over cells. Its laws (`operators.laws` tests them): the result is a
    subset of the masks; exactly the quota goes, or all that is kept where that is less; the
    same layer gives the same result; what stands under a removed weight does not matter; cells
    are treated alike: operating on a selection of cells selects from the result; arguments are
    left alone.
    """

    @property
    def needs(self) -> frozenset[Need]:
        """What of a `Layer` the operator reads beside weights, masks and draws."""
        ...

    @property
    def exact(self) -> bool:
        """Whether exactly the quota goes. Otherwise it is at most the quota."""
        ...

    def __call__(self, layer: Layer, quota: Tensor) -> Tensor:
        """Remove weights.

        Args:
            layer: read-only.
            quota: ``[cells]`` int64 >= 0, how many kept weights each cell is to lose.

        Returns:
            ``[cells, units, inputs]`` bool, the masks that remain.

        Raises:
            ValueError: something that the operator reads is not a number.
        """
        ...
