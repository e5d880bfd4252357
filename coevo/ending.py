"""What the command line says when a run or study has ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from coevo.problems import shown
from coevo.tasks import METRICS

if TYPE_CHECKING:
    from coevo.run import Run

__all__ = ["final_lines", "warnings_of"]

_ADVICE = "try a lower optimizer.learning_rate or learning_rate_maximum"
_MOST_WORLDS = 10


def final_lines(finished: Run) -> list[str]:
    """What came out, and where it is."""
    lines: list[str] = []
    best = finished.outcome["best"]
    if "variants" in finished.outcome:
        lines += _variants(finished.outcome)
        lines.append(f"compare them: coevo compare {finished.directory}")
    if best is not None:
        figures = "  ".join(f"{name} {finished.test[name]:.5f}" for name in METRICS)
        place = f"row {best['row']}, column {best['column']}"
        if len(finished.outcome["worlds"]) > 1:
            place += f" of the world with seed {best['seed']}"
        if "variant" in best:
            place += f", variant {best['variant']}"
        lines.append(f"best pairing (chosen on validation rows): {place}; on test rows {figures}")
    return [*lines, f"coevo: {finished.directory / 'report.html'}"]


def _variants(outcome: Mapping[str, Any]) -> Iterator[str]:
    """Medians over worlds of the best pairings' losses on test rows."""
    loss = outcome["loss"] or "mse"
    width = max(len("variant"), *(len(variant["name"]) for variant in outcome["variants"]))
    yield f"{'variant':<{width}}  worlds  median test {loss} of the best pairing"
    for variant in outcome["variants"]:
        value = None if variant["median"] is None else variant["median"]["test"][loss]
        text = "-" if value is None else f"{value:.5f}"
        stopped = f"  ({variant['stopped']} stopped)" if variant["stopped"] else ""
        yield f"{variant['name']:<{width}}  {variant['worlds']:>6}  {text}{stopped}"


def warnings_of(outcome: Mapping[str, Any]) -> list[str]:
    """What did not end well, a line for each."""
    stopped = [world for world in outcome["worlds"] if world["status"] == "stopped"]
    lines = []
    for world in stopped[:_MOST_WORLDS]:
        name = f" of variant {shown(world['variant'])}" if "variant" in world else ""
        lines.append(
            f"the world with seed {world['seed']}{name} stopped in generation "
            f"{world['stopped_at']}: a loss or a weight was not finite; its last good state "
            f"is kept ({_ADVICE})"
        )
    if len(stopped) > _MOST_WORLDS:
        lines.append(f"and {len(stopped) - _MOST_WORLDS} more worlds stopped; see the report")
    for stack, reason in outcome.get("failures", {}).items():
        lines.append(f"stack {stack} failed: {reason}; mend it and resume")
    if outcome["status"] == "failed" and not lines:
        lines.append(f"no loss on validation rows is finite ({_ADVICE})")
    return lines
