"""The word for a run that was stopped on request, light enough for the command line."""

from __future__ import annotations

from pathlib import Path

__all__ = ["Interrupted", "Stopped"]


class Stopped(Exception):  # noqa: N818 - not an error: the user asked for it
    """Something ended because the user asked for it; the text says how to go on."""


class Interrupted(Stopped):
    """The run was asked to stop; a checkpoint of its last generation is written.

    Attributes:
        directory: give it to `coevo.resume`.
        generation: completed ones.
    """

    def __init__(self, directory: Path, generation: int) -> None:
        self.directory = directory
        self.generation = generation
        super().__init__(
            f"stopped after generation {generation}; go on with: coevo resume {directory}"
        )
