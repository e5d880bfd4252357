"""The third section of docs/generation.md in plain words: one network, one optimizer at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from coevo.random import Key, normal, uniform
from tests.equivalence.cases import Case

Batches = Sequence[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Moments:
    """What `torch.optim` keeps of one network: its state by parameter, and the steps so far."""

    state: dict[int, Any] = field(default_factory=dict)
    steps: int = 0


@dataclass(frozen=True)
class Network:
    """An ordinary module, the masks of its pruned parameters, and the moments it trains with.

    ``origins`` are the first weights that a pruning operator compares with.
    """

    module: nn.Module
    masks: dict[str, Tensor] = field(default_factory=dict)
    moments: Moments = field(default_factory=Moments)
    origins: dict[str, Tensor] = field(default_factory=dict)


class SignSGD(torch.optim.Optimizer):
    """Moves every weight by the learning rate against the sign of its gradient."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # takes no closure
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad + group["weight_decay"] * parameter
                parameter -= group["lr"] * torch.sign(gradient)


class Learner:
    """A copy of one network that takes gradient steps."""

    def __init__(self, case: Case, network: Network, learning_rate: float) -> None:
        self.case, self.learning_rate, self.before = case, learning_rate, network
        self.module = deepcopy(network.module)
        self.masks = network.masks
        self.parameters = list(self.module.parameters())
        self.optimizer = self._optimizer()
        self.steps = network.moments.steps
        whole = self.optimizer.state_dict()
        self.optimizer.load_state_dict({**whole, "state": deepcopy(network.moments.state)})
        self._drop_pruned()

    def step(self, gradients: Sequence[Tensor]) -> None:
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self._drop_pruned()
        self.optimizer.step()
        self.steps += 1
        self._drop_pruned()
        if self.case.moments == "reset":
            self.optimizer, self.steps = self._optimizer(), 0

    def network(self) -> Network:
        moments = Moments(self.optimizer.state_dict()["state"], self.steps)
        return replace(self.before, module=self.module, moments=moments)

    def _optimizer(self) -> torch.optim.Optimizer:
        case, rate, parameters = self.case, self.learning_rate, self.parameters
        if case.algorithm == "sgd":
            return torch.optim.SGD(
                parameters, rate, momentum=case.momentum, weight_decay=case.weight_decay
            )
        if case.algorithm == "sign_sgd":
            return SignSGD(parameters, rate, case.weight_decay)
        kind = torch.optim.Adam if case.algorithm == "adam" else torch.optim.AdamW
        return kind(parameters, rate, weight_decay=case.weight_decay)

    @torch.no_grad()
    def _drop_pruned(self) -> None:
        """Zero the weight, the gradient and the moments of every pruned connection."""
        for name, mask in self.masks.items():
            parameter = self.module.get_parameter(name)
            moments = self.optimizer.state.get(parameter, {}).values()
            shaped = [m for m in moments if m is not None and m.shape == mask.shape]
            for tensor in (parameter, parameter.grad, *shaped):
                if tensor is not None:
                    tensor[~mask] = 0.0


@dataclass(frozen=True)
class Cell:
    """What one cell trains with.

    ``own`` are the moments that the cell itself holds: those of its encoder and its decoder.
    """

    case: Case
    encoders: list[Network]
    decoders: list[Network]
    selected: tuple[int, int]
    own: tuple[Moments, Moments]
    learning_rate: float
    batches: Batches
    opponent_encoders: list[int]
    opponent_decoders: list[int]

    def clone(self, role: int, slot: int) -> Learner:
        """A clone of one slot's network, with the moments that the policy gives it."""
        network = (self.encoders, self.decoders)[role][slot]
        if self.case.moments == "persist":
            moments = self.own[role] if slot == self.selected[role] else Moments()
        else:
            moments = network.moments if self.case.moments == "migrate" else Moments()
        return Learner(self.case, replace(network, moments=moments), self.learning_rate)


class Clones(dict[int, Learner]):
    """The clones of one role by slot, each made when it is first asked for."""

    def __init__(self, cell: Cell, role: int) -> None:
        super().__init__()
        self.cell, self.role = cell, role

    def __missing__(self, slot: int) -> Learner:
        self[slot] = self.cell.clone(self.role, slot)
        return self[slot]


def corrupt(case: Case, inputs: Tensor, noise: Key, start: int = 0) -> Tensor:
    """Noisy inputs; ``start`` is the position of the first number of noise."""
    if case.noise is None:
        return inputs
    draw = normal if case.noise == "gaussian" else uniform
    drawn = draw(noise, tuple(inputs.shape), dtype=torch.float64, start=start)[0]
    if case.noise == "gaussian":
        return inputs + case.noise_level * drawn
    if case.noise == "uniform":
        return inputs + (-case.noise_level + 2 * case.noise_level * drawn)
    return torch.where(drawn < case.noise_level, 0.0, inputs)


def image(case: Case, outputs: Tensor) -> Tensor:
    return torch.sigmoid(outputs) if case.output == "sigmoid" else outputs


def loss_of(case: Case, outputs: Tensor, targets: Tensor, name: str | None = None) -> Tensor:
    """The mean over rows and output dimensions."""
    if (name or case.loss) == "mse":
        return functional.mse_loss(image(case, outputs), targets)
    if (name or case.loss) == "l1":
        return functional.l1_loss(image(case, outputs), targets)
    return functional.binary_cross_entropy(image(case, outputs), targets)


def pair_loss(
    case: Case, encoder: nn.Module, decoder: nn.Module, batch: tuple[Tensor, Tensor]
) -> Tensor:
    return loss_of(case, decoder(encoder(batch[0])), batch[1])


def descend(*losses: tuple[Tensor, Learner]) -> None:
    """Differentiate every learner's loss, then let all of them step."""
    gradients = [
        torch.autograd.grad(loss, learner.parameters, retain_graph=True) for loss, learner in losses
    ]
    for (_, learner), gradient in zip(losses, gradients, strict=True):
        learner.step(gradient)


def train(cell: Cell) -> tuple[Network, Network, float]:
    """Improve the selected pair; also the mean of the losses that were trained on."""
    encoders, decoders = Clones(cell, 0), Clones(cell, 1)
    regime = {
        "selected": _selected,
        "opponents": _opponents,
        "opponents_trained": _opponents_trained,
        "all": _all,
    }[cell.case.pairings]
    losses = [regime(cell, step, encoders, decoders) for step in range(cell.case.steps)]
    i, j = cell.selected
    return encoders[i].network(), decoders[j].network(), sum(losses) / len(losses)


def _selected(cell: Cell, step: int, encoders: Clones, decoders: Clones) -> float:
    encoder, decoder = encoders[cell.selected[0]], decoders[cell.selected[1]]
    loss = pair_loss(cell.case, encoder.module, decoder.module, cell.batches[step])
    descend((loss, encoder), (loss, decoder))
    return loss.item()


def _opponents(cell: Cell, step: int, encoders: Clones, decoders: Clones) -> float:
    encoder, decoder = encoders[cell.selected[0]], decoders[cell.selected[1]]
    rival_decoder = cell.decoders[cell.opponent_decoders[step]].module
    rival_encoder = cell.encoders[cell.opponent_encoders[step]].module
    batch = cell.batches[step]
    first = pair_loss(cell.case, encoder.module, rival_decoder, batch)
    second = pair_loss(cell.case, rival_encoder, decoder.module, batch)
    descend((first, encoder), (second, decoder))
    return (first.item() + second.item()) / 2


def _opponents_trained(cell: Cell, step: int, encoders: Clones, decoders: Clones) -> float:
    encoder, decoder = encoders[cell.selected[0]], decoders[cell.selected[1]]
    rival_decoder = decoders[cell.opponent_decoders[step]]
    rival_encoder = encoders[cell.opponent_encoders[step]]
    batch = cell.batches[step]
    first = pair_loss(cell.case, encoder.module, rival_decoder.module, batch)
    descend((first, encoder), (first, rival_decoder))
    second = pair_loss(cell.case, rival_encoder.module, decoder.module, batch)
    descend((second, rival_encoder), (second, decoder))
    return (first.item() + second.item()) / 2


def _all(cell: Cell, step: int, encoders: Clones, decoders: Clones) -> float:
    batch = cell.batches[step]
    k = len(cell.encoders)
    losses = [
        [pair_loss(cell.case, encoders[i].module, decoders[j].module, batch) for j in range(k)]
        for i in range(k)
    ]
    of_encoders = [(sum(losses[i][j] for j in range(k)) / k, encoders[i]) for i in range(k)]
    of_decoders = [(sum(losses[i][j] for i in range(k)) / k, decoders[j]) for j in range(k)]
    descend(*of_encoders, *of_decoders)  # type: ignore[arg-type]  # a sum of tensors is one
    return sum(loss.item() for row in losses for loss in row) / (k * k)
