"""Parts of the report of a study: gather its worlds, compare, draw, and set the page.

`coevo.report.write_report` is the way in; nothing here is public by itself.
"""

__all__ = []
