"""Measure gradient steps alone against turns of gradient steps and differential evolution.

The preset ``clusters`` is a task on which Adam stalls. Each way spends the same number of
sample-forwards per cell (a gradient step counts three for each row), on the same seeds; the best
cell of every world is chosen on validation rows and told on test rows. A trial changes weights, and
with ``de.moments = "reset"`` Adam's moments begin anew for these. How much of a difference is due
to that alone, the control says in which moments are dropped every few generations, without trials:

    .venv/bin/python -m scripts.studies.de_on_clusters clusters.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from coevo import assemble, load_experiment
from coevo.assemble import Assembled
from coevo.optimizers.gradient import STEP_COST
from coevo.sizing import threads
from coevo.state import GridState
from scripts.studies.bests_of_worlds import told

__all__ = ["main"]

_EVERY = 5
_EVOLUTION = (f"de.every={_EVERY}", "optimizer.kind=de")
_WAYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "gradient steps": (),
        "gradient steps and trials, moments reset": _EVOLUTION,
        "gradient steps and trials, moments kept": (*_EVOLUTION, "de.moments=keep"),
        "gradient steps, moments dropped": (),
    }
)


def main(arguments: list[str] | None = None) -> int:
    """Go all ways, and write one JSON document."""
    parser = argparse.ArgumentParser(prog="de_on_clusters", description=__doc__)
    parser.add_argument("file", type=Path, help="where the document is to be")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--set", action="append", default=[], dest="changes")
    chosen = parser.parse_args(arguments)
    common = [f"sweep.replicates={chosen.seeds}", *chosen.changes]
    document: dict[str, Any] = {"changes": common}
    for name, changes in _WAYS.items():
        assembled = assemble(load_experiment("clusters", [*common, *changes]), "cpu")
        engine, experiment = assembled.engine, assembled.worlds[0].experiment
        each = STEP_COST * engine.order.steps * engine.order.batch_size
        with threads(assembled.threads):
            dropped = name == "gradient steps, moments dropped"
            document[name] = _course(assembled, experiment.generations * each, dropped=dropped)
        document[name]["cpu_seconds"] = time.process_time()
        chosen.file.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        print(name, document[name]["test_mean"], file=sys.stderr, flush=True)
    return 0


def _course(assembled: Assembled, budget: int, *, dropped: bool) -> dict[str, Any]:
    """Go on while the next generation is paid for."""
    engine = assembled.engine
    state, spent = engine.init(), 0
    while True:
        after, measures = engine.advance(state)
        spent += int(measures["sample_forwards"][0])
        if spent > budget:
            pairs = state.encoders, state.decoders
            return told(assembled, pairs) | {"generations": state.generation}
        state = after
        if dropped and state.generation % _EVERY == 0:
            state = _without_moments(state)


def _without_moments(state: GridState) -> GridState:
    """All moments anew, as after a generation in which trials changed all weights."""
    everywhere = [
        {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in one.weights.items()}
        for one in (state.encoders, state.decoders)
    ]
    return replace(state, optimizer=state.optimizer.without(*everywhere))


if __name__ == "__main__":
    sys.exit(main())
