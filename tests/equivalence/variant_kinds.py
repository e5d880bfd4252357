"""Variants of many kinds whose worlds can be stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from coevo.experiment import experiment_from_dict
from coevo.stacks import World
from tests.equivalence.entries import BUILT_IN, OWN, Entry
from tests.equivalence.test_pruning_combinations import any_entry

GENERATIONS = 3
CELLS = 4
SHARED: dict[str, Any] = {
    "generations": GENERATIONS,
    "dtype": "float64",
    "grid": {"rows": 2, "columns": 2},
    "task": {"kind": "denoise", "dataset": "binary_clustering", "noise_level": 0.2},
    "data": {
        "clusters": 2,
        "dimensions": 10,
        "rows_per_cluster": 4,
        "validation_rows": 3,
        "test_rows": 4,
    },
    "network": {"hidden": [5], "latent": 3},
    "selection": {"evaluation_batch_size": 3},
    "optimizer": {"algorithm": "adam", "batch_size": 3, "steps": 1},
}


@dataclass(frozen=True)
class Kind:
    """What a variant has for itself."""

    pruning: tuple[Entry, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)

    def worlds(self, name: str, shared: Mapping[str, Any], seeds: Sequence[int]) -> list[World]:
        document = {key: table for key, table in shared.items() if key != "pruning"}
        document["optimizer"] = {**shared["optimizer"], **self.rates}
        document["pruning"] = [entry.table() for entry in self.pruning]
        experiment = experiment_from_dict(document)
        return [World(name, experiment, seed) for seed in seeds]


def rates(**given: float) -> dict[str, float]:
    """Keys of an experiment about learning rates; ``start`` is the first one."""
    return {
        f"learning_rate_{name}" if name != "start" else "learning_rate": v
        for name, v in given.items()
    }


EVENTS = Entry(probability=0.6, amount=0.3)
KINDS: Mapping[str, Kind] = {
    "none": Kind(),
    "fast": Kind(rates=rates(start=0.04)),
    "walking": Kind(rates=rates(step=0.01, minimum=9e-4)),
    "spread": Kind(rates=rates(spread=5.0, step=0.001, maximum=3e-3)),
    "clipped": Kind(rates=rates(step=0.01, maximum=1.5e-3)),
    "decaying": Kind(rates=rates(start=0.02, decay=0.5, decay_every=2)),
    "decaying always": Kind(rates=rates(start=0.02, step=0.001, decay=0.7, decay_every=1)),
    **{name.removeprefix(OWN): Kind((replace(EVENTS, operator=name),)) for name in BUILT_IN},
    **{
        name: Kind((replace(EVENTS, operator=f"{OWN}:{name}"),), rates(start=start))
        for name, start in (("blend", 0.01), ("drop_last", 0.02), ("careful", 0.03), ("refuses_nan", 0.04))
    },
    "soft": Kind((replace(EVENTS, operator="magnitude", masks="soft", bias=True),)),
    "soft on test rows": Kind((replace(EVENTS, operator="conjunctive", masks="soft", cases="test"),)),
    "encoder only": Kind((replace(EVENTS, roles=("encoder",), scope="network"),)),
    "decoder only": Kind((replace(EVENTS, operator="wanda", roles=("decoder",), scope="unit"),)),
    "one layer": Kind((replace(EVENTS, layers=("0",), bias=True, scope="tensor"),)),
    "pairs": Kind((Entry("magnitude", sparsity=0.7, schedule="cubic", scope="pair"),)),
    "units": Kind((Entry("variance", structure="unit", sparsity=0.4, schedule="one_shot", begin=1),)),
    "training": Kind((replace(EVENTS, operator="variance", activations="training"),)),
    "zigzag": Kind((Entry("uniform", schedule=f"{OWN}:zigzag", scales="amount", amount=0.4),)),
    "early": Kind((Entry("movement", sparsity=0.5, schedule="increase", end=2),)),
    "regrowing": Kind(
        (
            Entry("uniform", amount=0.4, end=1),
            replace(EVENTS, operator="magnitude", regrow="gradient"),
        )
    ),
    "two entries": Kind(
        (
            Entry("uniform", amount=0.2, roles=("decoder",)),
            Entry("uniform", amount=0.2, regrow="random"),
        )
    ),
}  # fmt: skip


def with_tables(changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What all worlds of a stack share, with some keys changed."""
    changed = {name: {**SHARED.get(name, {}), **table} for name, table in changes.items()}
    return {**SHARED, **changed}


SHARED_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "optimizer.algorithm": ("sgd", "adam", "adamw"),
    "optimizer.moments": ("persist", "migrate", "reset"),
    "optimizer.pairings": ("selected", "selected", "opponents", "opponents_trained", "all"),
    "selection.replacement": ("always", "if_better"),
    "selection.pairing": ("together", "independent"),
    "selection.evaluation_batch_per": ("world", "cell"),
    "data.order_per": ("world", "cell"),
    "engine.cells_per_chunk": (3, 7, 1000),
    "start.ancestor_generations": (0, 0, 2),
    "start.isolated_generations": (0, 0, 1),
    "network.activation": ("relu", "tanh"),
}
RATES: Mapping[str, tuple[float, ...]] = {
    "learning_rate": (0.003, 0.03),
    "learning_rate_step": (0.0, 0.002),
    "learning_rate_decay": (1.0, 0.6),
    "learning_rate_decay_every": (1, 2, 100),
    "learning_rate_minimum": (1e-9, 0.0025),
    "learning_rate_maximum": (10.0, 0.031),
    "learning_rate_spread": (1.0, 4.0),
}
EVOLUTION: Mapping[str, tuple[Any, ...]] = {
    "gate": (5.0,),
    "memory_scope": ("cell", "neighborhood", "grid"),
    "roles": ("each", "pair"),
    "target": ("center", "selected"),
    "every": (1, 2),
    "fallback": ("keep", "gradient"),
    "credit": ("none", "beats_best"),
    "learning_period": (1,),
}


@st.composite
def any_shared(draw: st.DrawFn) -> dict[str, Any]:
    changes: dict[str, dict[str, Any]] = {}
    for key, values in SHARED_CHOICES.items():
        table, _, name = key.partition(".")
        changes.setdefault(table, {})[name] = draw(st.sampled_from(values))
    if draw(st.sampled_from([False, False, True])):
        changes["optimizer"]["kind"] = "de"
        changes["grid"] = {"neighborhood": "moore"}
        changes["de"] = {key: draw(st.sampled_from(values)) for key, values in EVOLUTION.items()}
    return with_tables(changes)


@st.composite
def any_kind(draw: st.DrawFn) -> Kind:
    pruning = draw(st.lists(any_entry(), max_size=2).map(tuple))
    own = {name: draw(st.sampled_from(values)) for name, values in RATES.items()}
    if own["learning_rate_decay"] == 1:
        del own["learning_rate_decay_every"]
    return Kind(pruning, own)


@st.composite
def any_groups(draw: st.DrawFn) -> list[list[World]]:
    shared = draw(any_shared())
    kinds = draw(st.lists(any_kind(), min_size=2, max_size=3))
    seeds = st.sampled_from([(1,), (1, 2), (9, 1 << 60)])
    return [kind.worlds(f"v{at}", shared, draw(seeds)) for at, kind in enumerate(kinds)]
