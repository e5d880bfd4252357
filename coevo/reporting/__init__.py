"""Parts of the report of a run: read its files, count, draw, and set the page.

`coevo.report.write_report` is the way in; nothing here is public by itself.
"""

__all__ = []
