"""The trial of cell optimizers finds cells that depend on those beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
import torch

from coevo.engine import Engine
from coevo.optimizers import CellProblem, Improved, OptimizerState
from coevo.population import Population
from coevo.random import normal
from coevo.stream import Batch
from tests.coevo.test_optimizer_trial import DTYPES, Still, engines_in, fault, nothing, try_it


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Engine]:
    return engines_in(tmp_path_factory.mktemp("data"))


def averaged(improved: Improved, problem: CellProblem) -> Improved:
    weights = {name: w + 0.1 * w.mean(0) for name, w in improved.decoders.weights.items()}
    return replace(improved, decoders=replace(improved.decoders, weights=weights).masked())


def chance(improved: Improved, problem: CellProblem) -> Improved:
    return replace(improved, measures={"train_loss": torch.rand(len(problem.cells))})


def one_stream(improved: Improved, problem: CellProblem) -> Improved:
    drawn = normal(problem.key.select(slice(1)), (len(problem.cells),))[0]
    return replace(improved, state=OptimizerState({"steps": drawn}))


def own_stream(improved: Improved, problem: CellProblem) -> Improved:
    drawn = normal(problem.key.of("steps"), ())
    return replace(improved, state=OptimizerState({"steps": drawn}))


def in_order(improved: Improved, problem: CellProblem) -> Improved:
    before = problem.state.cell["steps"][: len(problem.cells)]
    drawn = normal(problem.key.of("steps"), ())
    return replace(improved, state=OptimizerState({"steps": before + drawn}))


def by_number(improved: Improved, problem: CellProblem) -> Improved:
    before = problem.state.cell["steps"].index_select(0, problem.cells.sort().values)
    drawn = normal(problem.key.of("steps"), ())
    return replace(improved, state=OptimizerState({"steps": before + drawn}))


def more_for_many(improved: Improved, problem: CellProblem) -> Improved:
    extra = {"spread": improved.measures["train_loss"]} if len(problem.cells) > 1 else {}
    return replace(improved, measures={**improved.measures, **extra})


def only(*cells: int) -> Callable[[CellProblem], None]:
    """Fails for another number of cells."""

    def check(problem: CellProblem) -> None:
        if len(problem.cells) not in cells:
            raise IndexError(f"{len(problem.cells)} cells")

    return check


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (averaged, "weights/0.weight of the decoder"),
        (chance, "train_loss of the measures"),
        (one_stream, "steps of the cell's state"),
        (in_order, "steps of the cell's state"),
        (by_number, "steps of the cell's state"),
        (more_for_many, "spread of the measures"),
    ],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_cell_that_depends_on_those_beside_it_is_refused(
    after: Callable[[Improved, CellProblem], Improved],
    what: str,
    dtype: str,
    engines: dict[str, Engine],
) -> None:
    assert fault(Still(after=after), engines[dtype]) == (
        f"{what} of a cell depends on the cells beside it; compute every cell from its own rows, "
        "and draw from problem.key"
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_of_cells_has_to_do(dtype: str, engines: dict[str, Engine]) -> None:
    for sound, cells in (((2, 3), 1), ((1, 2), 3), ((1, 3), 2)):
        expected = f"this one fails in step: IndexError: {cells} cells; mend it"
        assert fault(Still(before=only(*sound)), engines[dtype]) == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_random_numbers_of_the_cell_pass(dtype: str, engines: dict[str, Engine]) -> None:
    try_it(Still(after=own_stream), engines[dtype])


@dataclass(frozen=True)
class Single:
    """Computes in float32 whatever it is given."""

    before: Callable[[CellProblem], object] = nothing

    def init(self, encoders: Population, decoders: Population) -> OptimizerState:
        return Still().init(encoders, decoders)

    def step(self, problem: CellProblem) -> Improved:
        def single() -> Iterator[Batch]:
            for batch in problem.batches:
                yield Batch(batch.inputs.float() @ torch.ones(4), batch.targets)

        improved = Still(before=self.before).step(replace(problem, batches=single()))
        weights = {name: weight.float() for name, weight in improved.encoders.weights.items()}
        return replace(improved, encoders=replace(improved.encoders, weights=weights))


def test_what_computes_in_the_experiments_type_only_passes(engines: dict[str, Engine]) -> None:
    try_it(Single(), engines["float32"])
    assert fault(Single(), engines["float64"]).startswith(
        "the encoder's weights/1.weight is torch.float32 [2, 6, 16], and should be torch.float64"
    )
    expected = "this one fails in step: IndexError: 1 cells; mend it"
    assert fault(Single(before=only(2, 3)), engines["float32"]) == expected
