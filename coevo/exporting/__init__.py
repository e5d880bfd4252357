"""Exports: the best pairing of a run in formats that need no Coevo."""

from coevo.exporting.check import check_written
from coevo.exporting.formats import FORMATS, ExportFormat
from coevo.exporting.pairs import ExportedPair, called_for, exported_pair
from coevo.exporting.rows import real_rows
from coevo.exporting.safetensors_files import load_export

__all__ = [
    "FORMATS",
    "ExportFormat",
    "ExportedPair",
    "called_for",
    "check_written",
    "exported_pair",
    "load_export",
    "real_rows",
]
