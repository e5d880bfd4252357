"""The report of a run or a study: one HTML file that opens anywhere, without a network."""

from __future__ import annotations

from pathlib import Path

from coevo.files import write_text
from coevo.reporting.findings import analyze
from coevo.reporting.page import page_of
from coevo.reporting.run_files import read_run
from coevo.study_directory import is_study
from coevo.study_reporting.study_files import read_study
from coevo.study_reporting.study_page import page_of_study

__all__ = ["report_page", "write_report"]


def write_report(directory: Path) -> Path:
    """Write ``report.html`` into the directory of a run or study, from nothing but the files there.

    What is not finished gets a report of what there is. The experiment's own code is never
    imported. The same files give the same bytes.

    Args:
        directory: of a run or study; holds at least ``experiment.toml``.

    Returns:
        The page: one file that loads nothing from elsewhere, below 6 MB for a run and below 15 MB
        for a study.

    Raises:
        CoevoError: the directory is not a run's or study's, one of its files is damaged, or the
            report cannot be written.
    """
    path = directory / "report.html"
    write_text(path, report_page(directory))
    return path


def report_page(directory: Path) -> str:
    """The page that `write_report` writes, as text; nothing is written.

    Raises:
        CoevoError: as for `write_report`.
    """
    if is_study(directory):
        return page_of_study(read_study(directory))
    run = read_run(directory)
    return page_of(run, analyze(run))
