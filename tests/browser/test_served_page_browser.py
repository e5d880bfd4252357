"""The page that is served while a run goes on: it makes itself anew and keeps what was chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from coevo.report import report_page
from coevo.watching.server import PageServer
from tests.browser.opened import WAIT
from tests.coevo.report_runs import InventedRun
from tests.coevo.watching.serving import served


@pytest.fixture
def going(tmp_path: Path) -> Path:
    """A link to the directory of a run, so that a later state can take its place at once."""
    (tmp_path / "now").symlink_to(state(tmp_path, 6))
    return tmp_path / "now"


@pytest.fixture
def server(going: Path) -> Iterator[PageServer]:
    with served(going, report_page) as found:
        yield found


def state(directory: Path, generations: int) -> Path:
    """The run after some generations."""
    run = InventedRun(worlds=3, generations=generations, planned=40, result=None)
    return run.write(directory / str(generations))


def go_on(going: Path, generations: int) -> None:
    later = going.with_name("later")
    later.symlink_to(state(going.parent, generations))
    later.replace(going)


def watched(browser: Browser, server: PageServer, complaints: list[str]) -> Page:
    page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((server.url, "data:", "blob:"))
            else complaints.append(request.url)
        ),
    )
    page.goto(server.url)
    return page


def test_it_follows_the_run_and_keeps_what_was_chosen(
    browser: Browser, server: PageServer, going: Path, artifacts: Path
) -> None:
    complaints: list[str] = []
    page = watched(browser, server, complaints)
    status = page.locator("#coevo-watch")
    expect(status).to_contain_text("6 of 40", timeout=WAIT)
    expect(page.locator("#torus-slider")).to_have_attribute("max", "5", timeout=WAIT)
    page.select_option("#learning-plot-world", "2")
    page.select_option("#torus-world", index=1)
    page.locator("#torus-slider").fill("2")
    page.evaluate("window.scrollTo(0, 500)")
    title = page.inner_text("#torus-title")

    go_on(going, 9)
    expect(page.locator("#torus-slider")).to_have_attribute("max", "8", timeout=WAIT)
    expect(status).to_contain_text("9 of 40", timeout=WAIT)
    expect(page.locator("#learning-plot-world")).to_have_value("2", timeout=WAIT)
    expect(page.locator("#torus-title")).to_have_text(title, timeout=WAIT)
    expect(page.locator("#torus-generation")).to_have_text("3", timeout=WAIT)
    expect(page.locator("h1")).not_to_be_in_viewport(timeout=WAIT)
    page.screenshot(path=artifacts / "served-page.png", timeout=WAIT)
    page.context.close()
    assert complaints == []


def test_what_was_not_chosen_stays_the_newest(
    browser: Browser, server: PageServer, going: Path
) -> None:
    page = watched(browser, server, [])
    expect(page.locator("#torus-slider")).to_have_attribute("max", "5", timeout=WAIT)
    expect(page.locator("#torus-generation")).to_have_text("6", timeout=WAIT)
    go_on(going, 9)
    expect(page.locator("#torus-slider")).to_have_attribute("max", "8", timeout=WAIT)
    expect(page.locator("#torus-generation")).to_have_text("9", timeout=WAIT)
    page.context.close()
