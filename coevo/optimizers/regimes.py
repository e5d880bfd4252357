"""Which pairings of a neighborhood train: the four training regimes of docs/generation.md.

Each takes the problem and the networks in training, consumes the batches, and returns the mean
over steps of the losses trained on, ``[n]``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from coevo.dense_gradient import DenseGradient, DenseRole
from coevo.optimizers.dense_steps import fits, train_dense
from coevo.optimizers.trainee import Trainee, gradients
from coevo.optimizers.types import CellProblem
from coevo.population import Population
from coevo.random import integers
from coevo.stream import Batch

__all__ = ["all_pairings", "is_dense", "opponents", "opponents_trained", "selected"]


def selected(problem: CellProblem, encoders: Trainee, decoders: Trainee) -> Tensor:
    """The selected encoder and decoder train together."""
    if is_dense(problem) and fits(problem, encoders, decoders):
        return train_dense(problem, encoders, decoders)
    total = _zeros(problem)
    dense = _dense_gradient(problem, encoders, decoders)
    for batch in problem.batches:
        if dense is None:
            losses = _losses(problem, encoders.population(), decoders.population(), batch)
            _descend(losses.sum(), encoders, decoders)
        else:
            losses = dense(batch)
            encoders.step()
            decoders.step()
        total += losses.detach()
    return total / problem.steps


def opponents(problem: CellProblem, encoders: Trainee, decoders: Trainee) -> Tensor:
    """Each selected network trains against a random neighbor's network, which stays as it is."""
    total = _zeros(problem)
    encoder_slots, decoder_slots = _opponent_slots(problem)
    for step, batch in enumerate(problem.batches):
        rivals = problem.decoders.select(_drawn(problem, decoder_slots[:, step]))
        losses = _losses(problem, encoders.population(), rivals, batch)
        encoders.step(gradients(losses.sum(), encoders.leaves))
        total += losses.detach() / 2
        rivals = problem.encoders.select(_drawn(problem, encoder_slots[:, step]))
        losses = _losses(problem, rivals, decoders.population(), batch)
        decoders.step(gradients(losses.sum(), decoders.leaves))
        total += losses.detach() / 2
    return total / problem.steps


def opponents_trained(problem: CellProblem, encoders: Trainee, decoders: Trainee) -> Tensor:
    """Each selected network trains with a random clone of a neighbor's, which learns too."""
    total = _zeros(problem)
    encoder_slots, decoder_slots = _opponent_slots(problem)
    first = torch.arange(len(problem.cells), device=total.device) * problem.neighbors.shape[1]
    own_encoders = first + problem.selected_encoders
    own_decoders = first + problem.selected_decoders
    for step, batch in enumerate(problem.batches):
        lanes = first + decoder_slots[:, step]
        total += _train_lanes(problem, encoders, own_encoders, decoders, lanes, batch) / 2
        lanes = first + encoder_slots[:, step]
        total += _train_lanes(problem, encoders, lanes, decoders, own_decoders, batch) / 2
    return total / problem.steps


def all_pairings(problem: CellProblem, encoders: Trainee, decoders: Trainee) -> Tensor:
    """Clones of the whole neighborhood train, each with all its partners."""
    total = _zeros(problem)
    cells, k = problem.neighbors.shape
    for batch in problem.batches:
        inputs = batch.inputs.repeat_interleave(k, 0)
        codes = problem.networks.encoder(encoders.population(), inputs)
        rows = codes.shape[1]
        # Every decoder gets the codes of all encoders of its neighborhood, one after the other.
        shared = codes.reshape(cells, 1, k * rows, *codes.shape[2:])
        shared = shared.expand(cells, k, *shared.shape[2:]).flatten(0, 1)
        outputs = problem.networks.decoder(decoders.population(), shared)
        outputs = outputs.reshape(cells, k * k * rows, *outputs.shape[2:])
        targets = batch.targets.repeat(1, k * k, *[1] * (batch.targets.dim() - 2))
        losses = problem.task.losses(outputs, targets)
        # k * k pairings, and each network's loss is the mean over its k partners.
        _descend(losses.sum() * k, encoders, decoders)
        total += losses.detach()
    return total / problem.steps


def _train_lanes(
    problem: CellProblem,
    encoders: Trainee,
    encoder_lanes: Tensor,
    decoders: Trainee,
    decoder_lanes: Tensor,
    batch: Batch,
) -> Tensor:
    encoder_part, decoder_part = encoders.part(encoder_lanes), decoders.part(decoder_lanes)
    losses = _losses(problem, encoder_part.population(), decoder_part.population(), batch)
    _descend(losses.sum(), encoder_part, decoder_part)
    encoders.put_back(encoder_lanes, encoder_part)
    decoders.put_back(decoder_lanes, decoder_part)
    return losses.detach()


def _losses(
    problem: CellProblem, encoders: Population, decoders: Population, batch: Batch
) -> Tensor:
    outputs = problem.networks(encoders, decoders, batch.inputs)
    return problem.task.losses(outputs, batch.targets)


def _descend(loss: Tensor, encoders: Trainee, decoders: Trainee) -> None:
    found = gradients(loss, [*encoders.leaves, *decoders.leaves])
    encoders.step(found[: len(encoders.leaves)])
    decoders.step(found[len(encoders.leaves) :])


def is_dense(problem: CellProblem) -> bool:
    """Whether `selected` can differentiate without autograd; networks in training are then flat."""
    return problem.networks.dense and problem.task.fused


def _dense_gradient(
    problem: CellProblem, encoders: Trainee, decoders: Trainee
) -> DenseGradient | None:
    """The short way for dense pairings; None where autograd has to do it."""
    encoder, decoder = problem.networks.encoder.dense, problem.networks.decoder.dense
    if encoder is None or decoder is None or not is_dense(problem):
        return None
    roles = [
        DenseRole(layers, trainee.finished().weights, trainee.gradients())
        for layers, trainee in ((encoder, encoders), (decoder, decoders))
    ]
    return DenseGradient(roles[0], roles[1], problem.task)


def _opponent_slots(problem: CellProblem) -> tuple[Tensor, Tensor]:
    """A random slot per cell and step for each role: ``[n, steps]`` int64."""
    shape, k = (problem.steps,), problem.neighbors.shape[1]
    encoder_slots = integers(problem.key.of("opponent.encoder"), shape, k)
    return encoder_slots, integers(problem.key.of("opponent.decoder"), shape, k)


def _drawn(problem: CellProblem, slots: Tensor) -> Tensor:
    return problem.neighbors.gather(1, slots.unsqueeze(1)).squeeze(1)


def _zeros(problem: CellProblem) -> Tensor:
    weight = next(iter(problem.encoders.weights.values()))
    return weight.new_zeros(len(problem.cells))
