"""Layers that work in networks but are no plain layers, as the text of a module."""

from __future__ import annotations

__all__ = ["UNUSUAL_LAYERS"]

UNUSUAL_LAYERS = """
import threading
from torch import nn

class Split(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(16, 4), nn.Linear(16, 4)

    def forward(self, rows):
        return self.first(rows), self.second(rows)

class Join(nn.Module):
    def forward(self, given):
        return given[0] * given[1]

class Locked(nn.Linear):
    def __init__(self, latent):
        super().__init__(latent, latent)
        self.lock = threading.Lock()
"""
