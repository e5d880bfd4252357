"""Minimizes a function by adaptive differential evolution, in many populations at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, TypeAlias

import torch
from torch import Tensor

from coevo.errors import CoevoError
from coevo.optimizers.differential_evolution.rules import Rules, preset_rules
from coevo.optimizers.differential_evolution.search import Budget, Search
from coevo.random import Key, uniform
from operators import Bounds

__all__ = ["Minimum", "Options", "Progress", "minimize"]

Function: TypeAlias = Callable[[Tensor], Tensor]
Ends: TypeAlias = "Sequence[tuple[float, float]] | Tensor"


@dataclass(frozen=True)
class Progress:
    """A search after a generation.

    Attributes:
        generation: generations of trials so far, 0 for the first members.
        evaluations: of each population so far.
        losses: ``[populations, members]`` float64, of the members now.
        genomes: ``[populations, members, genes]``, the members, which later change in place.
        successes: ``[populations]`` int64, trials of this generation that beat their parents.
        scale_memory: ``[populations, entries]`` float64, of F.
        crossover_memory: ``[populations, entries]`` float64, of CR; -1 is the terminal value.
    """

    generation: int
    evaluations: int
    losses: Tensor
    genomes: Tensor
    successes: Tensor
    scale_memory: Tensor
    crossover_memory: Tensor


@dataclass(frozen=True)
class Options:
    """How a search is done.

    Attributes:
        populations: independent ones, with seeds of their own; None for one, without a dimension
            for it.
        population_size: members of each at first; None for what the rules say.
        evaluations: calls of the function for each population, exactly; None for 1,000 a gene.
        seed: of the first population, >= 0; the next one has the next seed. A population finds
            the same alone and beside others.
        start: ``[genes]``, a first member of each population, ``[n, genes]``, several, or
            ``[populations, n, genes]``; the others are drawn within the bounds.
        target: stop when all populations have a loss as low as this; looking makes a GPU wait.
        dtype: of the genes, float32 or float64.
        device: where genomes are and the function is called.
        callback: called after each generation.
    """

    populations: int | None = None
    population_size: int | None = None
    evaluations: int | None = None
    seed: int = 0
    start: Tensor | None = None
    target: float | None = None
    dtype: torch.dtype = torch.float64
    device: torch.device | str = "cpu"
    callback: Callable[[Progress], object] | None = None


@dataclass(frozen=True)
class Minimum:
    """What a search found; names as in SciPy's `OptimizeResult`.

    Attributes:
        x: ``[populations, genes]``, the best genome of each population.
        fun: ``[populations]`` float64, its loss.
        nfev: evaluations of each population.
        nit: generations of trials.
        population: ``[populations, members, genes]``, the last members.
        population_energies: ``[populations, members]`` float64, their losses.
        history: ``[generations + 1, populations]`` float64, the lowest loss after each.
    """

    x: Tensor
    fun: Tensor
    nfev: int
    nit: int
    population: Tensor
    population_energies: Tensor
    history: Tensor


def minimize(
    function: Function,
    bounds: Ends,
    rules: str | Rules = "l-shade",
    options: Options | None = None,
    **given: Any,
) -> Minimum:
    """Minimize a function of bounded numbers.

    Args:
        function: from genomes ``[populations, n, genes]`` to losses ``[populations, n]``; without
            `Options.populations`, from ``[n, genes]`` to ``[n]``. NaN counts as infinite. It must
            not change what it is given.
        bounds: ``[genes, 2]``, the smallest and the largest value of each.
        rules: a preset of `coevo.optimizers.differential_evolution.PRESETS`, or rules.
        options: how; None for the defaults.
        given: fields of `Options` by name, instead of those in ``options``.

    Raises:
        CoevoError: there is no such preset or option, a value is out of range, or the function
            returns another shape.

    Examples:
        >>> found = minimize(lambda x: x.square().sum(-1), [(-5, 5)] * 3, evaluations=3000)
        >>> bool(found.fun < 1e-6), found.nfev
        (True, 3000)
    """
    chosen = _options(options, given)
    used = preset_rules(rules, "rules") if isinstance(rules, str) else rules
    with torch.no_grad():
        search, call = _search(function, bounds, used, chosen)
        history = _run(search, call, chosen)
    if chosen.populations is None:
        history = [lowest[0] for lowest in history]
    return _minimum(search, torch.stack(history), squeezed=chosen.populations is None)


def _run(search: Search, call: Function, chosen: Options) -> list[Tensor]:
    """Spend the budget; gives the lowest losses after each generation."""
    search.begin(call(search.genomes))
    history = [search.losses.amin(1)]
    _tell(search, chosen)
    while search.spent < search.budget.evaluations and not _reached(search, chosen.target):
        left = search.budget.evaluations - search.spent
        search.select(call(search.trials()[:, :left]))
        history.append(search.losses.amin(1))
        _tell(search, chosen)
    return history


def _search(
    function: Function, bounds: Ends, rules: Rules, chosen: Options
) -> tuple[Search, Function]:
    low, high = _ends(bounds, chosen)
    populations, genes = chosen.populations or 1, len(low)
    size = chosen.population_size or rules.population_size(genes)
    evaluations = chosen.evaluations or 1000 * genes
    _check_sizes(rules, size, evaluations)
    seeds = torch.arange(populations, device=chosen.device) + chosen.seed
    key = Key.for_worlds(seeds).of("differential evolution")
    genomes = _first(key, (populations, size), (low, high), chosen)
    budget = Budget(size, evaluations, rules.reduces, rules.smallest)
    search = Search(rules, key, Bounds(low, high, rules.bounds), genomes, budget)
    single = chosen.populations is None

    def call(genomes: Tensor) -> Tensor:
        losses: object = function(genomes[0] if single else genomes)
        wanted = genomes.shape[1:2] if single else genomes.shape[:2]
        if not isinstance(losses, Tensor) or losses.shape != wanted:
            found = list(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
            raise CoevoError(
                f"function: returns {found} for {list(genomes.shape[single:])}; "
                f"return a tensor {list(wanted)} of losses"
            )
        return losses.unsqueeze(0) if single else losses

    return search, call


def _first(
    key: Key, sizes: tuple[int, int], ends: tuple[Tensor, Tensor], chosen: Options
) -> Tensor:
    """The first members, ``[populations, size, genes]``."""
    (populations, size), (low, high) = sizes, ends
    members = replace(
        key,
        seeds=key.seeds.repeat_interleave(size),
        cells=torch.arange(size, device=low.device).repeat(populations),
    )
    genomes = uniform(members.of("first"), (len(low),), dtype=chosen.dtype)
    # Rounding may lead a little out of bounds.
    genomes = genomes.mul_(high - low).add_(low).clamp_(low, high).view(populations, size, -1)
    if chosen.start is not None:
        given = torch.as_tensor(chosen.start).to(genomes)
        given = given.view((1,) * (3 - given.dim()) + tuple(given.shape))
        fits = given.dim() == 3 and given.shape[1] <= size and given.shape[2] == len(low)
        if not fits or given.shape[0] not in (1, populations):
            raise CoevoError(
                f"start: {list(torch.as_tensor(chosen.start).shape)} does not fit {size} members of {len(low)} "
                "genes; give [genes], [n, genes] or [populations, n, genes]"
            )
        if bool(given.isnan().any()):
            raise CoevoError("start: nan is no value of a gene; give numbers")
        genomes[:, : given.shape[1]] = given.clamp(low, high)
    return genomes


def _reached(search: Search, target: float | None) -> bool:
    return target is not None and bool((search.losses.amin(1) <= target).all())


def _tell(search: Search, chosen: Options) -> None:
    if chosen.callback is not None:
        chosen.callback(
            Progress(
                search.generation,
                search.spent,
                search.losses,
                search.genomes,
                search.successes,
                search.known["scale_memory"],
                search.known["crossover_memory"],
            )
        )


def _minimum(search: Search, history: Tensor, *, squeezed: bool) -> Minimum:
    losses, genomes = search.losses, search.genomes
    best = losses.argmin(1)
    x = genomes[torch.arange(len(best), device=best.device), best]
    found = x, losses.amin(1), genomes, losses
    x, fun, genomes, losses = (part[0] for part in found) if squeezed else found
    return Minimum(x, fun, search.spent, search.generation, genomes, losses, history)


def _options(options: Options | None, given: dict[str, Any]) -> Options:
    known = list(Options.__dataclass_fields__)
    for name in given:
        if name not in known:
            raise CoevoError(f"{name}: is not an option of minimize; use {', '.join(known)}")
    chosen = replace(options or Options(), **given)
    least = {"populations": 1, "population_size": 1, "evaluations": 1, "seed": 0}
    for name, smallest in least.items():
        value = getattr(chosen, name)
        if value is not None and not (isinstance(value, Integral) and int(value) >= smallest):
            raise CoevoError(f"{name}: {value!r} will not do; give a whole number >= {smallest}")
    if chosen.dtype not in (torch.float32, torch.float64):
        raise CoevoError(f"dtype: {chosen.dtype} will not do; give torch.float32 or torch.float64")
    return chosen


def _ends(bounds: Ends, chosen: Options) -> tuple[Tensor, Tensor]:
    """The smallest and the largest value of each gene, ``[genes]``."""
    try:
        ends = torch.as_tensor(bounds, dtype=torch.float64, device=chosen.device)
    except (TypeError, ValueError) as error:
        raise CoevoError(f"bounds: {error}; give a low and a high end per gene") from error
    if ends.dim() != 2 or ends.shape[1] != 2 or not len(ends):
        raise CoevoError(f"bounds: got {list(ends.shape)}; give a low and a high end per gene")
    low, high = ends.to(chosen.dtype).unbind(1)
    sound = (low <= high) & (high - low).isfinite()
    if not bool(sound.all()):
        gene = sound.tolist().index(False)
        raise CoevoError(
            f"bounds: {ends[gene].tolist()} will not do for gene {gene}; give finite ends, the "
            f"low one first, whose distance {chosen.dtype} can hold"
        )
    return low, high


def _check_sizes(rules: Rules, size: int, evaluations: int) -> None:
    if size < rules.smallest:
        raise CoevoError(
            f"population_size: {size} is too small for these strategies; give at least "
            f"{rules.smallest}"
        )
    if evaluations < size:
        raise CoevoError(
            f"evaluations: {evaluations} is less than the {size} members; give more, or a smaller "
            "population_size"
        )
