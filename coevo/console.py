"""What a person sees and presses while a run is going."""

from __future__ import annotations

import math
import signal
import sys
from types import FrameType, TracebackType

from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from coevo.interruption import Stopped, resume_command
from coevo.loop import Hooks, Progress

__all__ = ["Console"]


class Console:
    """A progress bar on the terminal, and Ctrl-C that first finishes the generation.

    Quiet where standard error is no terminal, except for what a user should know.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        """Prepare; nothing is shown before the first generation."""
        self._terminal = Terminal(stderr=True)
        self._shown = self._terminal.is_terminal and not quiet
        self._quiet = quiet
        self._stop = False
        self._where: Progress | None = None
        self._bar = Bar(
            TextColumn("{task.fields[stack]}generation"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("best validation loss {task.fields[loss]}"),
            TextColumn("{task.fields[stopped]}"),
            TimeRemainingColumn(),
            console=self._terminal,
            disable=not self._shown,
        )
        self.hooks = Hooks(watch=self._watch, stop=lambda: self._stop, say=self._say)

    def __enter__(self) -> Console:
        """Take over Ctrl-C and termination."""
        self._before = {
            number: signal.signal(number, self._asked) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give Ctrl-C back."""
        del kind, error, trace
        self._bar.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _watch(self, progress: Progress) -> None:
        if self._where is None and self._shown:
            self._bar.start()
            self._bar.add_task("", total=progress.generations, stack="", loss="", stopped="")
        self._where = progress
        if not self._shown:
            return
        loss = "-" if math.isnan(progress.best_loss) else f"{progress.best_loss:.5f}"
        stopped = f"{progress.stopped_worlds} stopped" if progress.stopped_worlds else ""
        stack = f"stack {progress.stack}/{progress.stacks}, " if progress.stacks > 1 else ""
        self._bar.update(
            self._bar.task_ids[0],
            total=progress.generations,
            completed=progress.generation,
            stack=stack,
            loss=loss,
            stopped=stopped,
        )

    def _say(self, text: str) -> None:
        if self._shown or not self._quiet:
            # Names of files may hold what looks like markup or an emoji's code.
            self._terminal.print(
                f"coevo: {text}", highlight=False, soft_wrap=True, markup=False, emoji=False
            )

    def _asked(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._stop or self._where is None:
            raise Stopped(self._farewell())
        self._stop = True
        # Not through rich: a signal handler may run while rich holds its lock.
        sys.stderr.write(
            "\ncoevo: stopping after this generation; press Ctrl-C again to stop at once\n"
        )

    def _farewell(self) -> str:
        if self._where is None:
            return "stopped at once, before a generation was complete"
        command = resume_command(self._where.directory)
        return f"stopped at once; go on from the last checkpoint with: {command}"
