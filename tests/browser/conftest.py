"""A headless Chromium without a network, and pages of reports opened in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from coevo.report import write_report
from tests.browser.opened import Opened
from tests.coevo.evolved_runs import EvolvedRun
from tests.coevo.pruned_runs import PrunedRun
from tests.coevo.report_runs import InventedRun
from tests.coevo.study_runs import InventedStudy

ROOT = Path(__file__).resolve().parents[2]
DIRECTORIES: dict[str, PrunedRun | EvolvedRun | InventedStudy] = {
    "run": PrunedRun(
        InventedRun(worlds=4, rows=2, columns=4, stopped={1: 5}, rates_walk=True),
        training_rows=True,
    ),
    "evolved-run": EvolvedRun(
        InventedRun(worlds=3, rows=2, columns=4, generations=40, stopped={1: 15}), every=2
    ),
    "study-not-finished": InventedStudy(
        operators=("<i>uniform", "magnitude"),
        stacks=3,
        states=("finished", "running", "failed", "finished"),
        stopped={("<i>uniform-cubic", 2): 5},
    ),
    "study-of-many-variants": InventedStudy(
        operators=("uniform", "variance", "conjunctive"),
        schedules=("fixed", "increase", "decrease", "exponential", "final_n", "population"),
        seeds=3,
        rows=1,
        columns=10,
        generations=70,
        every=10,
        samples=(1000,),
    ),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian packages it; without it tests are skipped, but not where CI is set."""
    program = shutil.which("chromium")
    if program is None:
        reason = "no Chromium: install Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page of one of the directories above, written once."""
    written: dict[str, Path] = {}

    def page(name: str) -> Path:
        if name not in written:
            directory = DIRECTORIES[name].write(tmp_path_factory.mktemp(name))
            written[name] = write_report(directory)
        return written[name]

    return page


@pytest.fixture
def opened(browser: Browser, report_of: Callable[[str], Path]) -> Iterator[Callable[..., Opened]]:
    """Opens the page of a directory; afterwards nothing may have gone wrong in it."""
    with ExitStack() as contexts:
        pages: list[Opened] = []

        def open_page(name: str, width: int = 1200) -> Opened:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, offline=True, accept_downloads=False
            )
            contexts.callback(context.close)
            page = Opened(context.new_page(), report_of(name))
            pages.append(page)
            return page

        yield open_page
        for page in pages:
            assert page.complaints == []


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots are kept."""
    folder = Path(os.environ.get("COEVO_ARTIFACTS", ROOT / "build" / "artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
