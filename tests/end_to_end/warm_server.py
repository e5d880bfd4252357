"""A process with everything imported that runs command lines in forked children.

Importing torch takes seconds, a fork takes milliseconds. A child is a process of its own: it
can be killed or interrupted at any instant, and can be given a terminal.

Reads one order per line from standard input, a JSON object, and answers each with two lines:
the child's process number at once, and its wait status when it has ended.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
import traceback
from typing import Any

from tests.end_to_end.traps import arm

PRELOADED = (
    "coevo.cli",
    "coevo.console",
    "coevo.report",
    "coevo.run",
    "coevo.datasets.registry",
    "PIL.Image",
    "plotly.offline",
    "plotly.graph_objects",
    "polars",
    "pyarrow.parquet",
    "safetensors.numpy",
    "sklearn.datasets",
)
_LONGEST = 120.0  # seconds until a child that hangs shows where, and ends


def serve() -> None:
    """Carry out orders until there are no more."""
    for name in PRELOADED:
        importlib.import_module(name)
    _tell("ready")
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os._exit(_obey(order))
        _tell(pid)
        _, status = os.waitpid(pid, 0)
        _tell(status)


def _tell(answer: object) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


def _obey(order: dict[str, Any]) -> int:
    _redirect(order)
    os.chdir(order["directory"])
    os.environ.update(order["environment"])
    sys.argv = ["coevo", *order["arguments"]]
    faulthandler.dump_traceback_later(_LONGEST, exit=True)
    disarm = arm(order["trap"], order["count"])
    code = _called(order["arguments"])
    disarm()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _redirect(order: dict[str, Any]) -> None:
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, order["stdout"], os.O_RDWR | os.O_CREAT),
        (2, order["stderr"], os.O_RDWR | os.O_CREAT),
    ):
        descriptor = os.open(path, flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)


def _called(arguments: list[str]) -> int:
    from coevo.cli import main

    try:
        main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter ends on what nobody caught
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve()
