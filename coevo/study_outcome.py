"""The end of a study: what its stacks came to, in one document."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from coevo.files import write_json
from coevo.outcome import Outcome
from coevo.stored_files import stored_object
from coevo.study_directory import StudyDirectory
from coevo.tasks import METRICS

__all__ = ["conclude_study"]


def conclude_study(place: StudyDirectory) -> Outcome:
    """Gather the results of all stacks into ``result.json`` of the study.

    The best pairing is the one with the lowest validation loss of all variants, where these
    minimize the same loss.

    Args:
        place: of the study.

    Returns:
        What the file holds.
    """
    stacks = place.needed()
    results = {
        stack.path.name: stored_object(stack.run.result_file) for stack in stacks if stack.finished
    }
    plan = place.plan()
    seeds = set(plan["seeds"])
    names = {str(variant["name"]) for variant in plan["variants"]}
    worlds = [
        world for world in _worlds(results) if world["variant"] in names and world["seed"] in seeds
    ]
    losses = {result["loss"] for result in results.values()}
    failed = [stack for stack in stacks if stack.failure is not None]
    outcome: Outcome = {
        "status": _status(worlds, failed=bool(failed)),
        "loss": losses.pop() if len(losses) == 1 else None,
        "generations": max((int(r["generations"]) for r in results.values()), default=0),
        "seconds": round(sum(result["seconds"] for result in results.values()), 3),
        "cpu_seconds": round(sum(result["cpu_seconds"] for result in results.values()), 3),
        "variants": [_variant(v, worlds) for v in plan["variants"]],
        "worlds": worlds,
        "failures": {stack.path.name: stack.failure for stack in failed},
        "best": None,
    }
    if outcome["loss"] is not None:
        outcome["best"] = _best(worlds, outcome["loss"])
    write_json(place.run.result_file, outcome)
    return outcome


def _worlds(results: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """All worlds, with the figures of their best cells only."""
    kept = ("world", "seed", "variant", "status", "stopped_at", "best")
    for stack, result in results.items():
        for world in result["worlds"]:
            yield {"stack": stack, **{key: world[key] for key in kept}}


def _variant(variant: Mapping[str, Any], worlds: list[dict[str, Any]]) -> dict[str, Any]:
    own = [world for world in worlds if world["variant"] == variant["name"]]
    best = [world["best"] for world in own if world["best"] is not None]
    return {
        **variant,
        "worlds": len(own),
        "stopped": sum(world["status"] != "complete" for world in own),
        "median": {
            split: {name: _median([one[split][name] for one in best]) for name in METRICS}
            for split in ("validation", "test")
        }
        if best
        else None,
    }


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known and len(known) == len(values) else None


def _best(worlds: list[dict[str, Any]], loss: str) -> dict[str, Any] | None:
    known = [w for w in worlds if w["best"] is not None]
    if not known:
        return None
    best = min(known, key=lambda world: world["best"]["validation"][loss])
    return {**{key: best[key] for key in ("stack", "world", "variant", "seed")}, **best["best"]}


def _status(worlds: list[dict[str, Any]], *, failed: bool) -> str:
    if not any(world["best"] is not None for world in worlds):
        return "failed"
    return "incomplete" if failed else "complete"
