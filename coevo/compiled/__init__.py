"""Loops that numba compiles for the CPU. Loading any of its modules but `conventions` loads numba."""

__all__ = []
