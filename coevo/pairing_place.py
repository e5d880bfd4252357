"""Where the best pairing of a run, or of a variant of a study, lies."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coevo.errors import CoevoError
from coevo.experiment import Experiment, experiment_from_dict
from coevo.interruption import resume_command
from coevo.problems import not_listed
from coevo.run_directory import RunDirectory
from coevo.stored_files import stored_object
from coevo.study_directory import StackDirectory, StudyDirectory, is_study

__all__ = ["PairingPlace", "best_folder", "pairing_place"]


@dataclass(frozen=True)
class PairingPlace:
    """What is needed to load a best pairing.

    Attributes:
        path: of the run or study.
        experiment: of the run, or of the variant.
        best: directory of the pairing.
        exports: directory for the same pairing in other formats.
        source_folders: where modules that the experiment names are looked for.
    """

    path: Path
    experiment: Experiment
    best: Path
    exports: Path
    source_folders: tuple[Path, ...]


def pairing_place(directory: str | Path, variant: str | None = None) -> PairingPlace:
    """Find the best pairing.

    Args:
        directory: of a run or study.
        variant: of a study; None for the one whose best pairing has the lowest validation loss.

    Raises:
        CoevoError: there is no such variant, or none of its worlds has ended well.
    """
    place = RunDirectory(Path(directory))
    if is_study(place.path):
        return _of_study(StudyDirectory(place.path), variant)
    if variant is not None:
        raise _no_study(place.path, variant)
    return PairingPlace(
        place.path, place.experiment(), place.best, place.exports, place.source_folders()
    )


def best_folder(directory: Path, variant: str | None = None) -> Path:
    """The folder of the best pairing alone, for which no experiment has to be read.

    Args:
        directory: of a run or study.
        variant: of a study; None for the one whose best pairing has the lowest validation loss.

    Raises:
        CoevoError: as for `pairing_place`.
    """
    if is_study(directory):
        stack, name = _best_of_study(StudyDirectory(directory), variant)
        return stack.run.best / name
    if variant is not None:
        raise _no_study(directory, variant)
    return RunDirectory(directory).best


def _no_study(directory: Path, variant: str) -> CoevoError:
    return CoevoError(f"--variant: {variant!r} is for studies, and {directory} is a run")


def _of_study(study: StudyDirectory, variant: str | None) -> PairingPlace:
    stack, name = _best_of_study(study, variant)
    experiment = experiment_from_dict(tomllib.loads(stack.experiments()[name]))
    return PairingPlace(
        study.path,
        experiment,
        stack.run.best / name,
        study.run.exports / name,
        study.run.source_folders(),
    )


def _best_of_study(study: StudyDirectory, variant: str | None) -> tuple[StackDirectory, str]:
    """The stack of the best pairing, and its variant."""
    names = [str(one["name"]) for one in study.plan()["variants"]]
    if variant is not None and variant not in names:
        raise CoevoError(f"--variant: {not_listed(variant, 'a variant', names)}")
    found = list(_ended(study, names if variant is None else [variant]))
    if not found:
        raise CoevoError(f"{study.path}: no best pairing{_why_none(study, variant)}")
    losses = {loss for loss, _, _, _ in found}
    if len(losses) > 1:
        raise CoevoError(
            f"--variant: missing, and variants that minimize {' and '.join(sorted(losses))} "
            f"cannot be compared; give one of {', '.join(names)}"
        )
    _, _, stack, name = min(found, key=lambda one: one[1])
    return stack, name


def _ended(
    study: StudyDirectory, names: list[str]
) -> Iterator[tuple[str, float, StackDirectory, str]]:
    """The loss's name and value of the best pairing of every variant in every stack."""
    seeds = study.plan()["seeds"]
    for stack in study.needed():
        if not stack.finished:
            continue
        result = stored_object(stack.run.result_file)
        for name, ended in result["variants"].items():
            best = ended["best"]
            if name not in names or best is None:
                continue
            if best["seed"] not in seeds:
                raise CoevoError(
                    f"{stack.run.best / name}: is of seed {best['seed']}, which the study has no "
                    f"longer; let '{resume_command(study.path)} --set replicates=N' take it back"
                )
            loss = result["loss"]
            yield loss, best["validation"][loss], stack, name


def _why_none(study: StudyDirectory, variant: str | None) -> str:
    """And what to do about it."""
    if all(stack.finished for stack in study.needed()):
        return " of this variant: all its worlds stopped" if variant else ": all worlds stopped"
    return f" yet; let '{resume_command(study.path)}' finish the study"
