"""One generation as docs/generation.md tells it: a loop over worlds, cells and single networks.

Nothing here is stacked, and of the package only `coevo.random` is used, one stream at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite, nan

import torch
from torch import Tensor, nn

from coevo.random import Key, choice, integers, normal, permutation
from tests.equivalence.cases import SPLIT_SEED, Case
from tests.equivalence.learners import (
    Batches,
    Cell,
    Network,
    corrupt,
    loss_of,
    pair_loss,
    train,
)
from tests.equivalence.pruner import Moment, prune, sparsities

Record = dict[str, float]


@dataclass(frozen=True)
class Center:
    """What one cell owns."""

    encoder: Network
    decoder: Network
    learning_rate: float


@dataclass(frozen=True)
class World:
    """One grid with one seed."""

    seed: int
    centers: list[Center]
    running: bool = True


def key(seed: int, cell: int | None, generation: int, purpose: str) -> Key:
    """One stream: of a cell, or of the world where there is no cell."""
    seeds = torch.tensor([seed])
    of = Key.for_worlds(seeds) if cell is None else Key.for_cells(seeds, torch.tensor([cell]))
    return of.at(generation).of(purpose)


def neighbors(case: Case, cell: int) -> list[int]:
    """The cells of a neighborhood, itself first, each once."""
    row, column = divmod(cell, case.columns)
    found = [cell]
    for down, right in _offsets(case):
        other = (row + down) % case.rows * case.columns + (column + right) % case.columns
        if other not in found:
            found.append(other)
    return found


def _offsets(case: Case) -> Sequence[tuple[int, int]]:
    if not isinstance(case.neighborhood, str):
        return case.neighborhood
    reach = range(-case.radius, case.radius + 1)
    if case.neighborhood == "ring":
        return [(0, side * step) for step in reach if step > 0 for side in (1, -1)]

    def distance(offset: tuple[int, int]) -> int:
        down, right = map(abs, offset)
        return down + right if case.neighborhood == "von_neumann" else max(down, right)

    square = [(down, right) for down in reach for right in reach]
    return sorted((o for o in square if distance(o) <= case.radius), key=distance)


def evaluation_batch(case: Case, seed: int, cell: int, generation: int) -> tuple[Tensor, Tensor]:
    owner = cell if case.evaluation_batch_per == "cell" else None
    draws = key(seed, owner, generation, "evaluation")
    drawn = integers(draws, (case.evaluation_rows,), case.training_rows)[0]
    inputs, targets = (part[drawn] for part in case.training)
    return corrupt(case, inputs, key(seed, None, generation, "evaluation_noise")), targets


def training_batches(case: Case, seed: int, cell: int, generation: int) -> Batches:
    own_rows = torch.arange(case.training_rows)
    if case.kept_rows < case.training_rows:
        owner = cell if case.subset_per == "cell" else None
        own_rows = choice(key(seed, owner, 0, "subset"), case.training_rows, case.kept_rows)[0]
    first = generation * case.steps * case.batch_size
    result = []
    for step in range(case.steps):
        places = range(first + step * case.batch_size, first + (step + 1) * case.batch_size)
        rows = [int(own_rows[ordered(case, seed, cell, place)]) for place in places]
        inputs, targets = (part[rows] for part in case.training)
        noise = key(seed, None, generation, "noise")
        result.append((corrupt(case, inputs, noise, step * inputs.numel()), targets))
    return result


def ordered(case: Case, seed: int, cell: int, place: int) -> int:
    """What stands at a place of the endless sequence of permutations."""
    epoch, within = divmod(place, case.kept_rows)
    owner = cell if case.order_per == "cell" else None
    return _permutation(seed, owner, epoch, case.kept_rows)[within]


@lru_cache(maxsize=1000)
def _permutation(seed: int, owner: int | None, epoch: int, rows: int) -> list[int]:
    drawn: list[int] = permutation(key(seed, owner, epoch, "order"), rows)[0].tolist()
    return drawn


def tournament(case: Case, values: list[float], draws: Key) -> int:
    entrants = integers(draws, (case.tournament,), len(values))[0].tolist()
    return int(min(entrants, key=lambda slot: values[slot]))


def concept(case: Case, losses: list[float]) -> float:
    if case.user_concept is not None:
        return float(case.user_concept(torch.tensor(losses, dtype=torch.float64)))
    if case.concept == "mean":
        return sum(losses) / len(losses)
    return min(losses) if case.concept == "best" else max(losses)


def select(
    case: Case, losses: list[list[float]], seed: int, cell: int, generation: int
) -> tuple[int, int]:
    """The slots of the selected encoder and the selected decoder."""
    encoders = [concept(case, row) for row in losses]
    if case.pairing == "together":
        slot = tournament(case, encoders, key(seed, cell, generation, "tournament"))
        return slot, slot
    decoders = [concept(case, [row[j] for row in losses]) for j in range(len(losses))]
    return (
        tournament(case, encoders, key(seed, cell, generation, "tournament.encoder")),
        tournament(case, decoders, key(seed, cell, generation, "tournament.decoder")),
    )


@torch.no_grad()
def validation_loss(case: Case, pair: tuple[nn.Module, nn.Module], name: str, rows: int) -> float:
    """A loss on the first rows of the validation split."""
    inputs, targets = case.validation
    split = Key.for_worlds(torch.tensor([SPLIT_SEED]))
    outputs = pair[1](pair[0](corrupt(case, inputs, split)[:rows]))
    return loss_of(case, outputs, targets[:rows], name).item()


def advance(case: Case, world: World, generation: int) -> tuple[World, list[Record]]:
    """One generation of one world, and the record of each of its cells."""
    after, records, sound = [], [], True
    for cell in range(len(world.centers)):
        center, record, fine = advance_cell(case, world, cell, generation)
        after.append(center)
        records.append(record)
        sound = sound and fine
    weights = [p for c in after for n in (c.encoder, c.decoder) for p in n.module.parameters()]
    finite = all(isfinite(r["train_loss"]) for r in records) and all(
        bool(weight.isfinite().all()) for weight in weights
    )
    if not (world.running and finite and sound):
        return replace(world, running=False), records
    return World(world.seed, after), records


def advance_cell(
    case: Case, world: World, cell: int, generation: int
) -> tuple[Center, Record, bool]:
    """The new center, its record, and whether all that pruning looked at were numbers."""
    own, seed, table = world.centers[cell], world.seed, neighbors(case, cell)
    batch = evaluation_batch(case, seed, cell, generation)
    losses = [[evaluate(case, world, (e, d), batch) for d in table] for e in table]
    i, j = select(case, losses, seed, cell, generation)
    encoder, decoder, train_loss = train(training_cell(case, world, cell, generation, (i, j)))
    center, replaced = replacement(case, own, encoder, decoder)
    before = (world.centers[table[i]], world.centers[table[j]]) if replaced else (own, own)
    pruned = prune(
        case,
        {"encoder": center.encoder, "decoder": center.decoder},
        {"encoder": before[0].encoder, "decoder": before[1].decoder},
        Moment(seed, cell, generation, len(table)),
    )
    encoder, decoder = pruned.pair["encoder"], pruned.pair["decoder"]
    center = replace(center, encoder=encoder, decoder=decoder)
    move = normal(key(seed, cell, generation, "learning_rate"), (), dtype=torch.float64).item()
    walked = own.learning_rate + case.walk * move
    if (generation + 1) % case.decay_every == 0:
        walked *= case.decay
    walked = min(max(walked, case.minimum), case.maximum)
    record = {
        "selection_loss": losses[i][j],
        "encoder_from": table[i],
        "decoder_from": table[j],
        "replaced": replaced,
        "train_loss": train_loss,
        "learning_rate": own.learning_rate,
        "sample_forwards": 3 * case.steps * case.batch_size * pairings_of(case, len(table)),
        **measures(case, center, generation + 1),
    }
    if case.pruning:
        record |= {"pruning_events": pruned.events, **sparsities(case, pruned.pair)}
    return replace(center, learning_rate=walked), record, pruned.sound


def pairings_of(case: Case, slots: int) -> int:
    """How many pairings a cell trains in a step."""
    return {"selected": 1, "opponents": 2, "opponents_trained": 2, "all": slots**2}[case.pairings]


@torch.no_grad()
def evaluate(
    case: Case, world: World, pairing: tuple[int, int], batch: tuple[Tensor, Tensor]
) -> float:
    """The loss of one cell's encoder with one cell's decoder."""
    encoder, decoder = world.centers[pairing[0]].encoder, world.centers[pairing[1]].decoder
    return pair_loss(case, encoder.module, decoder.module, batch).item()


def training_cell(
    case: Case, world: World, cell: int, generation: int, selected: tuple[int, int]
) -> Cell:
    """What a cell trains with, once it has selected."""
    own, table = world.centers[cell], neighbors(case, cell)
    opponents = [
        integers(key(world.seed, cell, generation, purpose), (case.steps,), len(table))[0].tolist()
        for purpose in ("opponent.encoder", "opponent.decoder")
    ]
    return Cell(
        case,
        [world.centers[n].encoder for n in table],
        [world.centers[n].decoder for n in table],
        selected,
        (own.encoder.moments, own.decoder.moments),
        own.learning_rate,
        training_batches(case, world.seed, cell, generation),
        *opponents,
    )


def replacement(case: Case, own: Center, encoder: Network, decoder: Network) -> tuple[Center, bool]:
    """The new center, and whether it is the improved pair."""
    improved = Center(encoder, decoder, own.learning_rate)
    if case.replacement == "always":
        return improved, True
    rows = len(case.validation[0]) if case.replacement_rows is None else case.replacement_rows
    before = validation_loss(case, (own.encoder.module, own.decoder.module), case.loss, rows)
    after = validation_loss(case, (encoder.module, decoder.module), case.loss, rows)
    if after < before:
        return improved, True
    if case.moments == "persist":
        kept = replace(own.encoder, moments=encoder.moments)
        own = replace(own, encoder=kept, decoder=replace(own.decoder, moments=decoder.moments))
    return own, False


def measures(case: Case, center: Center, completed: int) -> Record:
    rows, pair = len(case.validation[0]), (center.encoder.module, center.decoder.module)
    wanted = completed % case.measure_every == 0
    return {
        f"validation_{name}": validation_loss(case, pair, name, rows) if wanted else nan
        for name in ("mse", "l1", "bce")
    }
