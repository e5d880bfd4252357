"""The style sheet of the page."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root {
  color-scheme: light;
  --ink: #1f2933; --soft: #52606d; --line: #dde3ea; --wash: #f5f7fa; --accent: #0072b2;
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: #fff; color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main, header, footer, nav { max-width: 61rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1 { margin: 0 0 .6rem; font-size: clamp(1.5rem, 4.5vw, 2.1rem); line-height: 1.2; font-weight: 650;
  letter-spacing: -.015em; overflow-wrap: anywhere; text-wrap: balance; }
h2 { margin: 3rem 0 .4rem; font-size: 1.3rem; line-height: 1.3; font-weight: 650; letter-spacing: -.01em;
  scroll-margin-top: 1rem; }
h3, h4 { margin: 0 0 .2rem; font-size: .92rem; font-weight: 600; }
h4 { font-size: .85rem; }
figure > h3 { margin-top: .6rem; }
p { margin: .4rem 0 .9rem; max-width: 46rem; }
.kind { margin: 0 0 .5rem; color: var(--accent); font-size: .8rem; font-weight: 650;
  letter-spacing: .07em; text-transform: uppercase; }
.lead { color: var(--soft); margin: 0; }
.status { display: inline-block; margin-right: .6rem; padding: .08rem .6rem; border-radius: 1rem;
  border: 1px solid currentColor; font-size: .85rem; font-weight: 600; }
.status.complete { color: #00664a; background: #e8f6f1; }
.status.open { color: #8a5a00; background: #fdf5e2; }
.status.failed { color: #a33f00; background: #fcefe7; }
nav { margin-top: 1.4rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: 0; padding: .55rem 0; list-style: none;
  border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); font-size: .9rem; }
a { color: var(--accent); text-underline-offset: .2em; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.warning { margin: 1rem 0; padding: .7rem 1rem; border-left: 4px solid #d55e00; background: #fcf3ed; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .9rem;
  margin: 1.1rem 0; }
.card { padding: .9rem 1.1rem; border: 1px solid var(--line); border-radius: .6rem; }
.card.main { border-color: var(--accent); background: #f2f8fc; }
.card dt { color: var(--soft); font-size: .85rem; }
.card dd { margin: 0; }
.card .value { font-size: 1.9rem; line-height: 1.25; font-weight: 650; letter-spacing: -.02em; }
.card.pair .value { font-size: 1.35rem; line-height: 1.75; }
.more { color: var(--soft); font-size: .85rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr));
  gap: .7rem 1.5rem; margin: 1.2rem 0 0; }
.facts dt { color: var(--soft); font-size: .82rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: .9rem 0 0; }
body { counter-reset: figure; }
figcaption { counter-increment: figure; margin-top: .5rem; color: var(--soft); font-size: .9rem; max-width: 46rem; }
figcaption::before { content: "Figure " counter(figure) ". "; font-weight: 600; color: var(--ink); }
.plot { width: 100%; min-height: 12rem; }
.maps figcaption::before { content: "Figure " counter(figure) ". "; font-weight: 600; color: var(--ink); }
.plot { min-height: 0; }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.4rem; margin: .8rem 0;
  font-size: .92rem; }
.controls label { display: flex; align-items: center; gap: .5rem; }
.controls select { font: inherit; padding: .2rem .4rem; border: 1px solid #9aa5b1; border-radius: .35rem;
  background: #fff; color: inherit; max-width: 100%; }
.slider { flex: 1 1 18rem; }
.slider input { flex: 1; min-width: 4rem; accent-color: var(--accent); }
.slider output { min-width: 3rem; }
.maps { display: grid; gap: 1.2rem 1.4rem; grid-template-columns: repeat(auto-fit, minmax(15.5rem, 1fr)); }
.maps > div { min-width: 0; max-width: 30rem; }
.maps > div:only-child { max-width: 22rem; }
.scroll { overflow-x: auto; margin: .9rem 0; }
table { border-collapse: collapse; font-size: .875rem; min-width: 100%; }
th, td { padding: .38rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
thead th { color: var(--soft); white-space: normal; border-bottom: 1px solid #9aa5b1; vertical-align: bottom; }
thead .group { text-align: center; }
th.text, td.text { text-align: left; }
.of { color: var(--soft); font-weight: 400; }
tr.whole > * { font-weight: 600; }
section > h3 { margin: 2rem 0 .3rem; font-size: 1rem; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .92em; }
pre code { font-size: inherit; }
.rules { max-width: 46rem; margin: .4rem 0 .9rem; padding-left: 1.5rem; }
.rules li { margin: .3rem 0; }
tr.best > * { background: #f2f8fc; font-weight: 600; }
td.long { white-space: normal; overflow-wrap: anywhere; min-width: 14rem; }
.samples { display: grid; gap: 1.1rem 1.6rem; grid-template-columns: repeat(auto-fill, minmax(var(--sample), 1fr)); }
.sample { display: flex; gap: .4rem; flex-wrap: wrap; }
.sample div { flex: 1 1 4.5rem; min-width: 0; font-size: .74rem; color: var(--soft); line-height: 1.3; }
.sample img { display: block; width: 100%; height: auto; image-rendering: pixelated;
  border: 1px solid var(--line); background: repeating-conic-gradient(#e4e8ed 0 25%, #fff 0 50%) 0 0/10px 10px; }
.sample p { flex: 1 0 100%; margin: 0; font-size: .78rem; color: var(--soft); }
.controls button, .buttons button { font: inherit; padding: .2rem .8rem; border: 1px solid #9aa5b1;
  border-radius: .35rem; background: #fff; color: inherit; cursor: pointer; }
.controls button { min-width: 4.6rem; }
.controls label { max-width: 100%; }
.controls select { min-width: 0; }
.variants { margin: .4rem 0; font-size: .92rem; }
.chips { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; padding: .4rem 0; }
.chips label { display: flex; align-items: center; gap: .4rem; overflow-wrap: anywhere; }
.chips svg { flex: none; }
.buttons { display: flex; gap: .5rem; flex: 1 0 100%; }
.story p { margin: .5rem 0 0; font-size: .92rem; max-width: none; }
.strips { display: grid; gap: .9rem; }
.strip h3 .more { font-weight: 400; margin-left: .5rem; }
.images { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: .4rem; max-width: 46rem; }
.images img { display: block; width: 100%; height: auto; image-rendering: pixelated;
  border: 1px solid var(--line); background: repeating-conic-gradient(#e4e8ed 0 25%, #fff 0 50%) 0 0/10px 10px; }
pre { margin: .6rem 0; padding: .8rem 1rem; overflow-x: auto; background: var(--wash);
  border: 1px solid var(--line); border-radius: .5rem;
  font: .84rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }
footer { margin-top: 3rem; padding-top: 1rem; padding-bottom: 2.5rem; color: var(--soft); font-size: .85rem; }
.under { display: block; color: var(--soft); font-size: .72rem; font-weight: 400; }
table.wide { font-size: .8rem; }
table.wide .more { font-size: inherit; font-weight: 400; }
table.wide th, table.wide td { padding-left: .4rem; padding-right: .4rem; }
@media (max-width: 36rem) {
  table.wide th:first-child { position: sticky; left: 0; background: #fff; box-shadow: 1px 0 var(--line); }
  main, header, footer, nav { padding-left: 1rem; padding-right: 1rem; }
  header { padding-top: 1.6rem; }
  .card .value { font-size: 1.6rem; }
  .card.pair .value { font-size: 1.35rem; }
  td .of, td .part { display: block; }
  th, td { padding-left: .35rem; padding-right: .35rem; }
  tbody th { white-space: normal; }
}
body.printing > * { max-width: 660px; padding-left: 0; padding-right: 0; }
body.printing .maps, body.printing .samples { grid-template-columns: repeat(3, 1fr); gap: .9rem; }
body.printing .cards { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; }
body.printing .card { padding: .6rem .7rem; }
body.printing .card .value { font-size: 1.4rem; }
body.printing .card.pair .value { font-size: 1.05rem; line-height: 1.9; }
body.printing table { font-size: .72rem; }
body.printing th, body.printing td { padding: .25rem .35rem; white-space: normal; }
body.printing table.wide .under { font-size: .56rem; }
body.printing table.wide { font-size: .64rem; }
body.printing table.wide th, body.printing table.wide td { padding: .2rem; overflow-wrap: break-word; }
@page { margin: 1.6cm; }
@media print {
  body { font-size: 10.5pt; }
  nav, .controls, .variants, .modebar-container { display: none !important; }
  h2 { break-after: avoid; margin-top: 1.6rem; }
  section > h3 { break-after: avoid; margin-top: 1.1rem; }
  figure, .cards, .facts, tr, .sample, .strip, .maps > div { break-inside: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .scroll { overflow: visible; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""
