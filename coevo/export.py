"""Exports the best pairing of a run in formats that need no Coevo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coevo.compaction import Compacted
from coevo.compaction import compact as compact_pair
from coevo.errors import CoevoError
from coevo.exporting import FORMATS, called_for, check_written, exported_pair, real_rows
from coevo.files import canonical_json, whole_directory
from coevo.pairing_files import load_pairing
from coevo.pairing_place import pairing_place
from coevo.problems import not_listed

__all__ = ["Export", "export"]

_DOCUMENT = "export.json"
_SPLITS = {"validation": "validation rows", "samples": "samples of test rows"}


@dataclass(frozen=True)
class Export:
    """A pairing that was written, read back and found to compute the same.

    Attributes:
        directory: with the files.
        document: what ``export.json`` in it holds; docs/export.md describes it.
    """

    directory: Path
    document: dict[str, Any] = field(repr=False)

    @property
    def summary(self) -> str:
        """What a person wants to know, in two or three lines."""
        found = self.document
        before, after = found["before"], found["after"]
        lines = [
            f"coevo: {self.directory}",
            f"agrees with the run's networks to {found['largest_difference']:.1e} "
            f"(on {found['rows']} {_SPLITS[found['split']]})",
        ]
        if found["compact"]:
            lines.append(
                f"compact: {after['parameters']} of {before['parameters']} parameters, "
                f"{after['microseconds_per_row']:.2f} in place of "
                f"{before['microseconds_per_row']:.2f} microseconds per row"
            )
        elif found["reason"] is not None:
            lines.append(f"not compact: {found['reason']}")
        return "\n".join(lines)


def export(
    directory: str | Path,
    format: str,  # noqa: A002 - named as the flag is
    *,
    variant: str | None = None,
    compact: bool = False,
    out: str | Path | None = None,
    trust: bool = False,
) -> Export:
    """Write the best pairing of a run as modules, programs or models of another format.

    What is written is read back and compared with the run's own networks, on up to 1,000
    validation rows; if their outputs differ by more than 1e-5, it is refused and nothing is left.

    Args:
        directory: of a finished run or study.
        format: ``safetensors``, ``torch-export`` or ``onnx``.
        variant: of a study; None for the one whose best pairing has the lowest validation loss.
        compact: without the units and inputs that have no effect, as `coevo.compact` does it.
        out: directory to make; by default ``export/FORMAT`` or ``export/FORMAT-compact`` in the
            run; in a study, ``export/VARIANT/FORMAT``. An earlier export there is replaced, anything else is left alone.
        trust: whether modules that the experiment names may be imported.

    Raises:
        CoevoError: there is no such format, no best pairing, or something else at that place;
            a package is missing; the run's files are damaged; the networks cannot be exported,
            or not without ``trust``.
    """
    if format not in FORMATS:
        raise CoevoError(f"--format: {not_listed(format, 'a format', list(FORMATS))}")
    FORMATS[format].check()
    place = pairing_place(directory, variant)
    experiment, described = place.experiment, _description(place.best)
    masked = load_pairing(place.path, variant=variant, trust=trust)
    name = f"{format}-compact" if compact else format
    target = Path(out) if out is not None else place.exports / name
    _check_place(target)
    rows, split = real_rows(experiment, place.best, described["input_shape"])
    with called_for(format):
        found = compact_pair(*masked, rows.shape[1:]) if compact else Compacted(*masked, None)
        pair = exported_pair(found, described, rows, compact=compact and found.reason is None)
    with _no_traces(target), whole_directory(target) as folder:
        FORMATS[format].write(pair, folder)
        document = {
            "format": format,
            "compact": pair.compact,
            "reason": found.reason,
            "split": split,
            **check_written(format, pair, masked, rows, folder),
        }
        (folder / _DOCUMENT).write_text(canonical_json(document), "utf-8")
    return Export(target, document)


def _description(best: Path) -> dict[str, Any]:
    """What ``pairing.json`` says; nothing where it is missing, of which `load_pairing` tells.

    Raises:
        CoevoError: it is damaged.
    """
    try:
        document: object = json.loads((best / "pairing.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(best, error) from error
    if not isinstance(document, dict):
        raise _damaged(best, "not a JSON object")
    for name in ("input_shape", "target_shape"):
        if not _is_shape(document.get(name)):
            raise _damaged(best, f"'{name}' is {document.get(name)!r}")
    for name in ("dtype", "output"):
        if not isinstance(document.get(name), str):
            raise _damaged(best, f"'{name}' is {document.get(name)!r}")
    return document


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and all(type(size) is int and size > 0 for size in value)


def _damaged(best: Path, reason: object) -> CoevoError:
    return CoevoError(f"{best}: damaged (pairing.json: {reason}); finish or repeat the run")


def _check_place(target: Path) -> None:
    """Make sure that nothing but an earlier export is replaced.

    Raises:
        CoevoError: there is something else.
    """
    known = {_DOCUMENT, *(name for entry in FORMATS.values() for name in entry.files)}
    try:
        names = {path.name for path in target.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise CoevoError(
            f"{target}: cannot be used ({error.strerror or error}); choose another directory with "
            "--out"
        ) from error
    if names and (_DOCUMENT not in names or names - known):
        raise CoevoError(
            f"{target}: exists already, and holds more than an export; choose another directory "
            "with --out"
        )


@contextmanager
def _no_traces(target: Path) -> Iterator[None]:
    """Where the block fails, remove the empty directories that it has made above the target."""
    made = [folder for folder in target.parents if not folder.exists()]
    try:
        yield
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise
