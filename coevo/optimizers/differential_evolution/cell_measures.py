"""What is recorded of trials in the cells of a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.optimizers.differential_evolution.attempts import Attempt
from coevo.optimizers.differential_evolution.cell_rules import CellRules
from coevo.optimizers.differential_evolution.company import Company
from coevo.optimizers.differential_evolution.rules import Rules
from operators.success_memory import TERMINAL

__all__ = ["counts", "standing"]

SOUP = "soup"


def counts(settings: CellRules, attempts: Sequence[Attempt], like: Tensor) -> dict[str, Tensor]:
    """How many trials there were, and how many won; each ``[n]`` int64.

    Args:
        settings: name the strategies.
        attempts: of a generation; none in a generation of gradient steps.
        like: ``[n]``, on the device.
    """
    zeros = torch.zeros_like(like, dtype=torch.int64)
    names = [*settings.rules.strategies, *([SOUP] if settings.soup else [])]
    found = {f"de_{kind}_{name}": zeros for kind in ("trials", "successes") for name in names}
    found["de_beats_best"] = zeros
    for attempt in attempts:
        strategy = attempt.chosen.strategy.squeeze(1)
        for place, name in enumerate(settings.rules.strategies):
            of = strategy == place
            _add(found, f"de_trials_{name}", attempt.made & of)
            _add(found, f"de_successes_{name}", attempt.success & of)
        if attempt.soup is not None:
            _add(found, f"de_trials_{SOUP}", attempt.made)
            _add(found, f"de_successes_{SOUP}", attempt.soup)
        _add(found, "de_beats_best", attempt.beats)
    return found


def standing(
    rules: Rules, known: CellTensors, companies: Mapping[str, Company]
) -> dict[str, Tensor]:
    """Means of the memories, and of what groups of roles have around them; each ``[n]`` float64.

    Args:
        rules: of a memory that they do not use, the mean is not known.
        known: the memories, ``[n, entries]``.
        companies: of each group; none where nothing is tried, and nobody was looked at.
    """
    rates, groups = known["crossover_memory"], list(companies.values())
    nothing = torch.full_like(rates[:, 0], torch.nan)
    scale = known["scale_memory"].mean(1) if rules.remembers_scale else nothing
    rate = torch.where(rates == TERMINAL, 0.0, rates).mean(1)
    return {
        "de_scale_memory": scale,
        "de_crossover_memory": rate if rules.remembers_crossover else nothing,
        "de_spread": torch.stack([one.spread for one in groups] or [nothing]).mean(0),
        "de_donors": torch.stack([one.donors.double() for one in groups] or [nothing]).mean(0),
    }


def _add(found: dict[str, Tensor], name: str, condition: Tensor) -> None:
    found[name] = found[name] + condition
