"""The report of a run: one HTML file that opens anywhere, without a network."""

from __future__ import annotations

from pathlib import Path

from coevo.files import write_text
from coevo.reporting.findings import analyze
from coevo.reporting.page import page_of
from coevo.reporting.run_files import read_run

__all__ = ["write_report"]


def write_report(directory: Path) -> Path:
    """Write ``report.html`` into a run directory, from nothing but the files there.

    A run that is not finished gets a report of what there is. The experiment's own code is
    never imported. The same files give the same bytes.

    Args:
        directory: of a run; holds at least ``experiment.toml``.

    Returns:
        The page: one file below 6 MB that loads nothing from elsewhere.

    Raises:
        CoevoError: the directory is not a run's, one of its files is damaged, or the report
            cannot be written.
    """
    run = read_run(directory)
    path = directory / "report.html"
    write_text(path, page_of(run, analyze(run)))
    return path
