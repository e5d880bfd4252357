"""A view as one JSON document, for programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from coevo.reporting.curves import evenly
from coevo.watching.choice import Curve, Shown, best_of, curves_of, lowest_so_far
from coevo.watching.recorded import TorusCells
from coevo.watching.state import StackState, View

__all__ = ["document_of"]

_MOST_POINTS = 200


def document_of(view: View, torus: tuple[Shown, TorusCells] | None) -> dict[str, Any]:
    """Everything that a frame shows.

    Args:
        view: a run or study at one moment.
        torus: a world and its cells, where there is one to show.

    Returns:
        Plain values; None for what is not known. Curves have at most 200 points, and those of a
        study are of all variants, the best first.
    """
    best, plan = best_of(view), view.plan
    curves = curves_of(view, len(plan.variants) if plan and plan.study else 2)
    return {
        "directory": str(view.directory),
        "kind": None if plan is None else "study" if plan.study else "run",
        "description": plan.description if plan else None,
        "status": view.status,
        "process": view.working,
        "time": view.now,
        "seconds": view.seconds,
        "seconds_left": view.left,
        "variants": list(plan.variants) if plan and plan.study else [],
        "seeds": list(plan.seeds) if plan else [],
        "metric": view.metric,
        "best": _world(best) if best else None,
        "lowest": lowest_so_far(view),
        "stopped": [entry for stack in view.stacks for entry in _stopped(stack)],
        "stacks": [_stack(stack) for stack in view.stacks],
        "curves": [_curve(curve) for curve in curves],
        "torus": _torus(*torus) if torus else None,
    }


def _world(shown: Shown) -> dict[str, Any]:
    return {
        "variant": shown.variant or None,
        "seed": shown.seed,
        "generation": shown.generation,
        "loss": _number(shown.loss),
    }


def _stopped(state: StackState) -> list[dict[str, Any]]:
    return [
        {"variant": variant or None, "seed": seed, "generation": int(at)}
        for (variant, seed), at in zip(state.stack.worlds, state.recorded.stopped_at, strict=True)
        if at
    ]


def _stack(state: StackState) -> dict[str, Any]:
    told = state.progress or {}
    return {
        "directory": str(state.stack.path),
        "status": state.status,
        "worlds": len(state.stack.worlds),
        "cells": state.stack.cells,
        "generation": state.generation,
        "generations": state.stack.generations,
        "recorded": state.recorded.last,
        "seconds": state.seconds,
        "seconds_per_generation": state.pace.seconds if state.pace else None,
        "best_loss": told.get("best_loss"),
        "failure": state.failure,
        "sparsity": {
            role: [_number(value) for value in values.tolist()]
            for role, values in state.recorded.sparsity.items()
        },
    }


def _curve(curve: Curve) -> dict[str, Any]:
    chosen = evenly(len(curve.generations), _MOST_POINTS)
    return {
        "name": curve.name,
        "seeds": curve.seeds,
        "generations": curve.generations[chosen].tolist(),
        "losses": curve.losses[chosen].tolist(),
    }


def _torus(shown: Shown, cells: TorusCells) -> dict[str, Any]:
    losses = np.where(np.isfinite(cells.losses), cells.losses, np.nan).tolist()
    rows = [[_number(value) for value in row] for row in losses]
    return {**_world(shown), "generation": cells.generation, "losses": rows}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
