"""Another number of generations for a run that has begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from coevo.de_choice import evolution_rules, trial_generations
from coevo.errors import CoevoError
from coevo.experiment import Experiment, PruningTable
from operators import ANY_HORIZON

__all__ = ["with_horizon"]


def with_horizon(experiment: Experiment, generations: int, completed: int) -> Experiment:
    """The same experiment with another number of generations.

    Schedules must say of the generations so far what they said when these were computed.

    Args:
        experiment: of a run.
        generations: to end with.
        completed: generations that are computed already.

    Raises:
        CoevoError: more are computed already, or a schedule would not be the same; a line for
            each reason.
    """
    if generations < max(completed, 1):
        raise CoevoError(
            f"generations: {generations} is less than the {completed} completed; give more"
        )
    problems = [
        f"pruning[{number}].{problem}"
        for number, entry in enumerate(experiment.pruning)
        for problem in _problems(entry, f"pruning[{number}]", experiment.generations, generations)
    ]
    isolated = experiment.start.isolated_generations
    if isolated > generations:
        problems.append(
            f"start.isolated_generations: {isolated} is more than {generations} generations; "
            f"give {isolated} or more"
        )
    longer = experiment.model_copy(update={"generations": generations})
    if completed > isolated:
        problems += _evolution_problems(experiment, longer)
    if problems and generations != experiment.generations:
        raise CoevoError("\n".join(problems))
    return longer


def _evolution_problems(before: Experiment, after: Experiment) -> Iterator[str]:
    """What is in the way where trials have been made already."""
    table = before.de
    if before.optimizer.kind != "de" or trial_generations(before) == trial_generations(after):
        return
    # Neighborhoods never shrink.
    if replace(evolution_rules(table), reduces=False).needs_budget:
        key = "scale" if table.scale == "ensemble_sinusoidal" else "preset"
        yield (
            f"de.{key}: {getattr(table, key)!r} goes by the share of the {before.generations} "
            f"generations that is over, and {after.generations} would change what it was so far; "
            f"begin a new run with generations = {after.generations}"
        )


def _problems(entry: PruningTable, key: str, before: int, after: int) -> Iterator[str]:
    """What is in the way of another number of generations, behind the key of the entry."""
    if entry.end is not None and entry.end > after:
        yield f"end: {entry.end} is after the last of {after} generations; give {entry.end} or more"
    elif entry.begin >= after:
        yield f"begin: {entry.begin} is not before the end of the run at {after}; give more"
    elif entry.end is None and entry.schedule not in ANY_HORIZON:
        yield (
            f"schedule: {entry.schedule!r} is stretched over the {before} generations of the run, "
            f"and {after} would change what it was so far; give {key}.end = {before} in "
            "experiment.toml, and it ends there"
        )
