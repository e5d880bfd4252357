"""How a run ends when somebody asks it to, light enough for the command line."""

from __future__ import annotations

import shlex
from pathlib import Path

__all__ = ["Interrupted", "Stopped", "resume_command"]


class Stopped(BaseException):
    """The user insists, wherever the program happens to be; the text says how to go on.

    Like `KeyboardInterrupt` no `Exception`, so that nobody who tries out a user's module takes
    it for a fault of the module.
    """


class Interrupted(Exception):  # noqa: N818 - not an error: the user asked for it
    """The run was asked to stop; a checkpoint of its last generation is written.

    Attributes:
        directory: give it to `coevo.resume`.
        generation: completed ones.
    """

    def __init__(self, directory: Path, generation: int) -> None:
        self.directory = directory
        self.generation = generation
        super().__init__(
            f"stopped after generation {generation}; go on with: {resume_command(directory)}"
        )


def resume_command(directory: Path) -> str:
    """What to type in order to go on with a run.

    Examples:
        >>> resume_command(Path("runs/my digits"))
        "coevo resume 'runs/my digits'"
    """
    return f"coevo resume {shlex.quote(str(directory))}"
