"""What the sources of data can be told, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from coevo.errors import CoevoError

__all__ = ["DataOptions", "FrameName"]

FrameName: TypeAlias = Literal["full", "normalized"]

_COUNTS = ("clusters", "dimensions", "rows_per_cluster", "validation_rows", "test_rows")


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Options of all sources; each source reads its own.

    Attributes:
        directory: folder that holds the files; None means the one that the environment
            variable ``COEVO_DATA`` names. Read by all but ``digits`` and
            ``binary_clustering``.
        split_seed: whole number >= 0: decides the splits wherever they are drawn, and the
            rows of ``binary_clustering``.
        validation_share: ``idx``: share of the training file held out, in (0, 1).
        clusters: ``binary_clustering``: number of centroids, >= 1.
        dimensions: ``binary_clustering``: bits of a row, >= 1.
        rows_per_cluster: ``binary_clustering``: training rows of each centroid, >= 1.
        flip_probability: ``binary_clustering``: chance of each bit to differ from the
            centroid's, in (0, 0.5].
        validation_rows: ``binary_clustering``: >= 1.
        test_rows: ``binary_clustering``: >= 1.
        frame: ``omniglot``: ``full`` keeps the whole drawing; ``normalized`` fits the ink into
            20 x 20 pixels around its center of mass, as in MNIST.
        train_file: ``idx``: relative to the directory, or absolute.
        test_file: ``idx``: relative to the directory, or absolute.
        file: ``npz``: relative to the directory, or absolute.
        folder: ``folder``: relative to the directory, or absolute.
        image_size: ``folder``: (height, width) in pixels to resize to; None keeps the size.
        channels: ``folder``: 1 for gray, 3 for red, green, blue.

    Raises:
        CoevoError: a value is out of its range.

    Examples:
        >>> DataOptions(frame="normalized").clusters
        10
    """

    directory: Path | None = None
    split_seed: int = 0
    validation_share: float = 0.1
    clusters: int = 10
    dimensions: int = 1000
    rows_per_cluster: int = 100
    flip_probability: float = 0.05
    validation_rows: int = 500
    test_rows: int = 1000
    frame: FrameName = "full"
    train_file: str | Path | None = None
    test_file: str | Path | None = None
    file: str | Path | None = None
    folder: str | Path | None = None
    image_size: tuple[int, int] | None = None
    channels: Literal[1, 3] = 1

    def __post_init__(self) -> None:
        _require(self.split_seed >= 0, "split_seed", self.split_seed, "a whole number >= 0")
        for key in _COUNTS:
            _require(getattr(self, key) >= 1, key, getattr(self, key), "a whole number >= 1")
        inside = 0.0 < self.validation_share < 1.0
        _require(inside, "validation_share", self.validation_share, "a number inside (0, 1)")
        flips = 0.0 < self.flip_probability <= 0.5
        _require(flips, "flip_probability", self.flip_probability, "a number above 0, at most 0.5")
        _require(self.frame in {"full", "normalized"}, "frame", self.frame, "full or normalized")
        _require(self.channels in {1, 3}, "channels", self.channels, "1 (gray) or 3 (color)")
        sizes = self.image_size is None or (
            len(self.image_size) == 2 and all(size >= 1 for size in self.image_size)
        )
        _require(sizes, "image_size", self.image_size, "(height, width), both >= 1")


def _require(holds: bool, key: str, value: object, want: str) -> None:  # noqa: FBT001 - the claim itself
    if not holds:
        raise CoevoError(f"{key}: {value!r} is not possible; give {want}")
