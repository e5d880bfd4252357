"""What a reader can move and choose in the report of a study."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.opened import WAIT, Opened

Open = Callable[..., Opened]

PANELS = (
    "torus-loss",
    "torus-sparsity-encoder",
    "torus-founder-encoder",
    "torus-founder-decoder",
)

# Both at once, so that the torus cannot reach its end in between.
CLICK_TWICE = """
() => {
  const play = document.getElementById("torus-play");
  return [0, 1].map(() => { play.click(); return play.textContent; });
}
"""
CLICK_AND_READ = """
() => {
  document.getElementById("torus-play").click();
  return document.getElementById("torus-generation").textContent;
}
"""


def check_names(report: Opened) -> None:
    """Names in plots are what they are, and no markup."""
    ticks = report.page.locator("#matrix-plot .ytick text").all_text_contents()
    assert "<i>uniform" in ticks
    for plot in ("learning-plot", "pareto-plot"):
        names = report.page.locator(f"#{plot} .legendtext").all_text_contents()
        assert "<i>uniform-cubic" in names


def check_play(report: Opened) -> None:
    """The button moves the torus, stops it, stops at the end, and begins anew from there."""
    play, slider = report.page.locator("#torus-play"), report.page.locator("#torus-slider")
    assert report.page.evaluate(CLICK_TWICE) == ["Pause", "Play"]
    still = report.text("torus-generation")
    report.page.wait_for_timeout(700)
    assert report.text("torus-generation") == still
    slider.fill("10")
    play.click()
    expect(play).to_have_text("Play", timeout=WAIT)
    assert report.text("torus-generation") == "12"
    assert report.page.evaluate(CLICK_AND_READ) == "1"
    slider.fill("10")
    expect(play).to_have_text("Play", timeout=WAIT)


def test_names_are_no_markup_and_the_torus_moves_by_slider_and_by_itself(opened: Open) -> None:
    report = opened("study-not-finished")
    check_names(report)
    before = {panel: report.values(panel) for panel in PANELS}
    story = report.text("torus-story-encoder")
    assert report.text("torus-generation") == "12"
    report.page.locator("#torus-slider").fill("1")
    assert report.text("torus-title").endswith("generation 2")
    assert report.text("torus-story-encoder") != story
    assert all(report.values(panel) != before[panel] for panel in PANELS)
    check_play(report)

    loss, title = report.values("torus-loss"), report.text("torus-title")
    options = report.page.locator("#torus-world option").all_inner_texts()
    report.page.select_option("#torus-world", label=next(one for one in options if "none" in one))
    assert report.values("torus-loss") != loss
    assert report.text("torus-title") != title


def test_measures_variants_and_values_can_be_chosen(opened: Open) -> None:
    report = opened("study-of-many-variants")
    assert len(report.names("learning-plot")) == 8
    before, title = report.values("learning-plot"), report.text("learning-title")
    report.page.select_option("#learning-measure", index=1)
    assert report.values("learning-plot") != before
    assert report.text("learning-title") != title
    report.page.click("#learning-variants summary")
    report.page.click("#learning-variants button[value=all]")
    assert len(report.names("learning-plot")) == 19
    assert report.text("learning-count") == "19 of 19 shown"
    report.page.click("#learning-variants button[value=none]")
    assert report.names("learning-plot") == []
    report.page.locator("#learning-variants label").nth(3).click()
    assert len(report.names("learning-plot")) == 1
    report.page.click("#learning-variants button[value=first]")
    assert len(report.names("learning-plot")) == 8

    before = report.values("matrix-plot")
    report.page.select_option("#matrix-value", index=1)
    assert report.values("matrix-plot") != before
    assert report.text("matrix-title").startswith("True sparsity")
    assert not report.page.locator("#matrix-rows").is_visible()
