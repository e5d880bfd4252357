"""A generation is one batched program: as many operations for many cells as for few.

The checks of test_waiting.py read the code; these watch it run. Whatever waits for the device
(``item``, ``bool``, ``float``, indexing with a mask, a branch on a tensor) dispatches one of a
few operations, on the CPU as on a GPU.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from coevo.engine import Engine
from coevo.state import GridState
from tests.equivalence.cases import Case, engine_of
from tests.equivalence.entries import BUILT_IN, OWN, Entry

WAITS = {
    "aten::_local_scalar_dense",
    "aten::nonzero",
    "aten::masked_select",
    "aten::_unique2",
    "aten::unique_dim",
    "aten::unique_consecutive",
    "aten::equal",
    "aten::is_nonzero",
}

CASES: dict[str, Case] = {
    "selected": Case(always_accepted=True),
    "migrating": Case(moments="migrate", pairing="independent", weight_decay=0.1),
    "opponents": Case(pairings="opponents", order_per="world", noise="gaussian", noise_level=0.2),
    "opponents trained": Case(pairings="opponents_trained", moments="reset"),
    "all": Case(pairings="all", evaluation_batch_per="cell", kept_rows=7, subset_per="cell"),
    "if better": Case(replacement="if_better", replacement_rows=3, algorithm="sgd", momentum=0.9),
    "convolutions": Case(architecture="conv", noise="masking", noise_level=0.3),
}
# With probability 1, so that there are as many chunks of events whatever the cells draw.
PRUNING: dict[str, tuple[Entry, ...]] = {
    "every operator": tuple(Entry(operator, amount=0.05, bias=True) for operator in BUILT_IN),
    "your own": (Entry(f"{OWN}:blend"), Entry(f"{OWN}:drop_last", scope="tensor", bias=True)),
    "targets": (
        Entry("magnitude", sparsity=0.9, schedule="increase", scope="pair"),
        Entry("conjunctive", sparsity=0.95, schedule="cubic"),
        Entry("wanda", sparsity=0.8, schedule="increase", scope="unit"),
    ),
    "regrowth": (
        Entry("magnitude", amount=0.3, regrow="gradient", scope="network"),
        Entry("uniform", amount=0.3, regrow="random"),
    ),
    "units": tuple(
        Entry(operator, structure="unit", scope=scope, amount=0.2)
        for operator, scope in (("uniform", "layer"), ("variance", "network"), ("wanda", "pair"))
    ),
    "soft": (Entry("saliency", masks="soft", amount=0.3), Entry("movement", masks="soft")),
    "through training": (Entry("variance", activations="training", rows=12),),
}
CASES |= {
    f"pruning: {name}": Case(pruning=entries, noise="gaussian", noise_level=0.1)
    for name, entries in PRUNING.items()
}
CASES["pruning of convolutions"] = Case(
    architecture="conv",
    replacement="if_better",
    pruning=(Entry("wanda", amount=0.1), Entry("variance", structure="unit", amount=0.3)),
)
cases = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch declares no types here
    """Counts operations by name, and notes those that wait."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # likewise
        self.counts: Counter[str] = Counter()
        self.waits: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        name = func._schema.name
        self.counts[name] += 1
        if name in WAITS or (name.startswith("aten::index") and _has_mask(args)):
            self.waits.add(name)
        return func(*args, **(kwargs or {}))


def _has_mask(arguments: Sequence[Any]) -> bool:
    """Whether an operation indexes with a bool tensor, which it has to count on the host."""
    indices = [tensor for part in arguments if isinstance(part, list) for tensor in part]
    return any(tensor is not None and tensor.dtype == torch.bool for tensor in indices)


def watched(case: Case, **changes: Any) -> Watch:
    """What the second generation of a case dispatches; the first makes what is made once."""
    engine = engine_of(case, **changes)
    state, _ = engine.advance(engine.init())
    watch = Watch()
    with watch:
        engine.advance(state)
    return watch


@cases
def test_a_generation_never_waits(case: Case) -> None:
    assert watched(case).waits == set()


def test_events_that_happen_in_some_cells_do_not_wait() -> None:
    sometimes = tuple(Entry(operator, probability=0.5) for operator in BUILT_IN)
    assert watched(Case(pruning=sometimes, cells_per_chunk=2)).waits == set()


@cases
def test_more_cells_or_worlds_take_no_more_operations(case: Case) -> None:
    few = watched(replace(case, rows=1, columns=4, seeds=(5,)))
    many = watched(replace(case, rows=3, columns=7, seeds=(5, 8, 1, 30)))
    assert few.counts.total() > 100
    assert many.counts == few.counts


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x[0].item(),
        lambda x: float(x.sum()),
        lambda x: x[x > 0],
        lambda x: x.clone().__setitem__(x > 0, x),
        lambda x: 1 if x.any() else 2,
        lambda x: torch.where(x > 0),
        lambda x: x.unique(),
        lambda x: torch.equal(x, x),
    ],
)
def test_a_wait_is_seen(wait: Callable[[Tensor], object]) -> None:
    values, watch = torch.ones(3), Watch()
    with watch:
        wait(values)
    assert watch.waits


def test_other_operations_are_no_waits() -> None:
    values, ids, watch = torch.ones(3), torch.tensor([2, 0]), Watch()
    with watch:
        torch.where(values[ids] > 0, values[ids], values[:2].sum())
    assert not watch.waits


def test_a_loop_over_cells_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    advance = Engine.advance

    def one_by_one(engine: Engine, state: GridState) -> Any:
        for cell in range(engine.grid.cells):
            state.encoders.weights[next(iter(state.encoders.weights))][cell].add(1)
        return advance(engine, state)

    monkeypatch.setattr(Engine, "advance", one_by_one)
    counts = [watched(Case(columns=columns, seeds=(1,))).counts for columns in (4, 5)]
    assert counts[0] != counts[1]
