"""Parts of a comparison of variants: statistics, groups of runs, tables.

`coevo.compare.compare` is the way in. The statistics are pure functions on numpy arrays; what
they mean and where they come from is in docs/compare.md.
"""

__all__ = []
