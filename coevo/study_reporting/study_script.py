"""The script of the page of a study."""

from __future__ import annotations

from coevo.reporting.script_parts import script_of
from coevo.reporting.torus_script import TORUS
from coevo.study_reporting.course_script import COURSES
from coevo.study_reporting.matrix_script import MATRIX

__all__ = ["SCRIPT"]

_START = """
  function fit() {
    Object.keys(page.plots).forEach(fitPlot);
    Object.keys(page.courses).forEach((id) => fitPlot(id + "-plot"));
    if (page.matrix) showMatrix();
    if (page.torus) showTorus();
  }

  for (const id in page.plots) {
    draw(id, page.plots[id], "hover");
    fitPlot(id);
  }
  Object.keys(page.courses).forEach(startCourse);
  if (page.matrix) startMatrix();
  if (page.torus) startTorus();
  fitAlways(fit);
"""

SCRIPT = script_of(COURSES + MATRIX + TORUS + _START)
