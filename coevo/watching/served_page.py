"""The report page as it is served: with one more script that makes it anew when it is outdated.

The script is let through by its digest, like those of the page, and may ask the server that
the page is from; nothing else about the page's policy changes. What a reader has scrolled to,
chosen and opened is kept.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

__all__ = ["live_page", "waiting_page"]

_SCRIPT = """
"use strict";
(function () {
  const own = document.currentScript.dataset, memory = "coevo-watch";
  const controls = Array.from(document.querySelectorAll("select, input, details"));
  const name = (control, index) => control.id || control.tagName + index;
  let touched = 0;

  function value(control) {
    if (control.tagName === "DETAILS") return control.open;
    // What stands there: values may be places in lists, whose order changes as a run goes on.
    if (control.tagName === "SELECT") return (control.selectedOptions[0] || {}).text;
    return control.type === "checkbox" || control.type === "radio" ? control.checked : control.value;
  }

  function choose(control, wanted) {
    if (control.tagName === "DETAILS") {
      control.open = wanted;
      return;
    }
    if (control.tagName === "SELECT") {
      const place = Array.from(control.options).findIndex((option) => option.text === wanted);
      if (place < 0) return;
      control.selectedIndex = place;
    } else if (typeof wanted === "boolean") control.checked = wanted;
    else control.value = wanted;
    for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
  }

  // What the page starts with is not kept: the newest generation is to stay the newest.
  const first = controls.map(value);

  function save() {
    const changed = {};
    controls.forEach(function (control, index) {
      if (value(control) !== first[index]) changed[name(control, index)] = value(control);
    });
    const place = { x: window.scrollX, y: window.scrollY, changed: changed };
    sessionStorage.setItem(memory, JSON.stringify(place));
  }

  function restore() {
    const place = JSON.parse(sessionStorage.getItem(memory) || "null");
    sessionStorage.removeItem(memory);
    if (place === null) return;
    history.scrollRestoration = "manual";
    controls.forEach(function (control, index) {
      const key = name(control, index);
      if (Object.hasOwn(place.changed, key)) choose(control, place.changed[key]);
    });
    window.scrollTo(place.x, place.y);
    requestAnimationFrame(() => window.scrollTo(place.x, place.y));
  }

  const status = document.createElement("div");
  status.id = "coevo-watch";
  status.setAttribute("role", "status");
  status.style.cssText = "position:fixed;right:8px;bottom:8px;padding:4px 10px;font-size:13px;" +
    "background:#1f2933;color:#fff;border-radius:4px;opacity:.9;z-index:9";
  document.body.append(status);

  function free() {
    return !document.hidden && Date.now() - touched > 2000 && String(getSelection()) === "";
  }

  async function ask() {
    try {
      const answer = await (await fetch("/state", { cache: "no-store" })).json();
      status.textContent = answer.text;
      if (answer.version !== own.version && free()) {
        save();
        location.reload();
        return;
      }
    } catch (error) {
      status.textContent = "coevo watch does not answer any more";
    }
    setTimeout(ask, 1000 * Number(own.every));
  }

  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchmove"])
    window.addEventListener(kind, () => (touched = Date.now()), { passive: true });
  window.addEventListener("beforeprint", () => (status.hidden = true));
  window.addEventListener("afterprint", () => (status.hidden = false));
  restore();
  ask();
})();
"""

_DIGEST = base64.b64encode(hashlib.sha256(_SCRIPT.encode("utf-8")).digest()).decode("ascii")
_POLICY = "script-src "
_END = "</body>"


def live_page(page: str, version: str, every: float) -> str:
    """A page that looks whether there is a newer one.

    Args:
        page: a report, with its policy.
        version: of the page, without special characters; the server tells the newest.
        every: seconds between two looks.
    """
    allowed = f"connect-src 'self'; {_POLICY}'sha256-{_DIGEST}' "
    before, policy, after = page.partition(_POLICY)
    content, end, rest = after.rpartition(_END)
    script = f'<script data-version="{version}" data-every="{every:g}">{_SCRIPT}</script>'
    return "".join([before, allowed if policy else "", content, script, end, rest])


def waiting_page(text: str) -> str:
    """A page for the time before there is a report.

    Args:
        text: why there is none.
    """
    policy = f"default-src 'none'; {_POLICY}; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,"><title>coevo watch</title></head>'
        '<body style="font-family:system-ui,sans-serif;margin:2em">'
        f"<p>{escape(text)}</p></body></html>\n"
    )
