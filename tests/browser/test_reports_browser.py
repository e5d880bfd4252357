"""Reports in a real browser: everything is drawn, on a phone, on a screen and on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DIRECTORIES
from tests.browser.opened import WAIT, Opened

Open = Callable[..., Opened]

PHONE, DESKTOP, PAPER = 390, 1200, 720
LARGEST = "study-of-many-variants"


def check(report: Opened) -> None:
    """Every plot is there, none is empty, and nothing is cut off or wider than the screen."""
    plots = report.drawn()
    assert plots
    for identity, plot in plots.items():
        assert plot["surface"] >= 1, identity
        assert plot["traces"] >= 1, identity
        assert plot["points"] >= 1, identity
        assert all(plot["titles"]), identity
        assert min(plot["box"]) > 30, identity
    assert report.cut() == []
    assert report.too_wide() == []


@pytest.mark.parametrize("name", DIRECTORIES)
def test_everything_is_seen_on_every_medium(name: str, opened: Open, artifacts: Path) -> None:
    report = opened(name, PHONE)
    check(report)
    if name == LARGEST:
        report.keep(artifacts / f"{name}-phone.png")
    report.resize(DESKTOP)
    check(report)
    report.keep(artifacts / f"{name}-desktop.png")
    titles = report.page.locator("h2").all_inner_texts()
    report.resize(PAPER)
    report.page.emulate_media(media="print")
    expect(report.page.locator("body")).to_have_class(re.compile("printing"), timeout=WAIT)
    check(report)
    assert report.page.locator("h2:visible").all_inner_texts() == titles
    assert report.page.locator("figure:visible").count() == report.page.locator("figure").count()
    assert report.page.locator("details:not(.variants):not([open])").count() == 0
    assert report.page.locator(".controls:visible, nav:visible, .modebar:visible").count() == 0
    assert max(plot["box"][0] for plot in report.drawn().values()) <= 660
    if name == LARGEST:
        report.keep(artifacts / f"{name}-paper.png")


def test_success_rates_are_of_all_worlds_or_of_one(opened: Open) -> None:
    report = opened("evolved-run")
    shown = """() => document.getElementById('success-plot').data
        .filter((trace) => trace.visible !== false).map((trace) => trace.meta.world)"""
    strategies = ["all"] * 4
    assert report.page.evaluate(shown) == strategies
    report.page.select_option("#success-plot-world", "1")
    assert report.page.evaluate(shown) == [1] * 4
    assert report.drawn()["success-plot"]["traces"] == 4
    report.page.select_option("#success-plot-world", "all")
    assert report.page.evaluate(shown) == strategies


def test_the_torus_of_a_run_moves_and_a_world_can_be_chosen(opened: Open) -> None:
    report = opened("run")
    maps = ("torus-loss", "torus-founder-encoder", "torus-founder-decoder")
    before, shown = [report.values(one) for one in maps], report.text("torus-generation")
    report.page.locator("#torus-slider").fill("2")
    assert report.text("torus-generation") == "3" != shown
    assert all(report.values(one) != was for one, was in zip(maps, before, strict=True))
    report.page.locator("#torus-play").click()
    expect(report.page.locator("#torus-generation")).to_have_text("12", timeout=WAIT)
    expect(report.page.locator("#torus-play")).to_have_text("Play", timeout=WAIT)
    report.page.locator("#torus-slider").fill("0")  # where losses are high
    scale = "document.getElementById('torus-loss').data[0].zmin"
    common = report.page.evaluate(scale)
    report.page.locator("#torus-stretch").check()
    assert report.page.evaluate(scale) > common
    report.page.select_option("#torus-world", index=1)
    assert "World" in report.text("torus-title")
    before = report.values("learning-plot")
    report.page.select_option("#learning-plot-world", "3")
    assert report.values("learning-plot") != before
