"""The tables of an experiment file and their keys: types, ranges, defaults and meanings.

A ``title`` is what errors call a value; a ``description`` is for documentation. How keys
depend on each other is in `coevo.rules`; what they mean exactly is in docs/generation.md.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from coevo.values import (
    Activation,
    BelowOne,
    Channels,
    Concept,
    Count,
    DatasetName,
    Extent,
    Factor,
    Factory,
    FileName,
    ImageSize,
    Natural,
    Neighborhood,
    NotNegative,
    OptimizerName,
    Options,
    Pair,
    Positive,
    Share,
    Sharing,
    Sizes,
)

__all__ = [
    "CheckpointTable",
    "DataTable",
    "EngineTable",
    "EvaluationTable",
    "GridTable",
    "NetworkTable",
    "OptimizerTable",
    "SelectionTable",
    "Table",
    "TaskTable",
]


class Table(BaseModel):
    """What all tables share: no other keys, no other types, no change."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class GridTable(Table):
    """The torus of a world and who sees whom on it."""

    rows: Extent = Field(default=3, description="rows of the torus")
    columns: Extent = Field(default=3, description="columns of the torus")
    neighborhood: Neighborhood = Field(
        default="von_neumann",
        description="which cells a cell sees: a name, or [row, column] offsets",
    )
    radius: Natural = Field(default=1, description="how far a named neighborhood reaches")


class TaskTable(Table):
    """What networks are asked to do, and how they are judged."""

    kind: Literal["reconstruct", "denoise", "map"] = Field(
        default="reconstruct",
        title="a task",
        description="what the output shall be, given the input",
    )
    dataset: DatasetName = Field(default="digits", description="where rows come from")
    noise: Literal["gaussian", "uniform", "masking"] = Field(
        default="gaussian", title="a noise", description="how inputs are corrupted for denoising"
    )
    noise_level: Positive = Field(
        default=0.3, description="standard deviation, half-width, or probability of masking"
    )
    target: Literal["dataset", "edges"] = Field(
        default="dataset", title="a target", description="what inputs are mapped to"
    )
    loss: Literal["mse", "bce", "l1"] = Field(
        default="mse", title="a loss", description="what training minimizes and selection compares"
    )
    output: Literal["sigmoid", "identity"] = Field(
        default="sigmoid",
        title="an output",
        description="turns the decoder's raw output into an image",
    )


class DataTable(Table):
    """Which rows are used, and in which order; the later keys belong to one data set each."""

    directory: FileName | None = Field(default=None, description="folder that holds the files")
    split_seed: Natural = Field(default=0, description="decides splits and held-out noise")
    train_rows: Count | None = Field(default=None, description="use only the first training rows")
    subset: float = Field(
        default=1.0, gt=0, le=1, description="share of the training rows to train on"
    )
    subset_per: Sharing = Field(default="world", description="who has a subset")
    order_per: Sharing = Field(default="cell", description="who has a data order")
    clusters: Count = Field(default=10, description="number of centroids")
    dimensions: Count = Field(default=1000, description="bits of a row")
    rows_per_cluster: Count = Field(default=100, description="training rows of each centroid")
    flip_probability: float = Field(
        default=0.05, gt=0, le=0.5, description="chance of a bit to differ from its centroid's"
    )
    validation_rows: Count = Field(default=500, description="number of validation rows")
    test_rows: Count = Field(default=1000, description="number of test rows")
    train_file: FileName | None = Field(default=None, description="IDX file of training rows")
    test_file: FileName | None = Field(default=None, description="IDX file of test rows")
    validation_share: float = Field(
        default=0.1, gt=0, lt=1, description="share of the training file that is held out"
    )
    frame: Literal["full", "normalized"] = Field(
        default="full",
        title="a frame",
        description="the whole drawing, or its ink centered as in MNIST",
    )
    file: FileName | None = Field(default=None, description="NumPy archive (.npz) to read")
    folder: FileName | None = Field(default=None, description="folder of image files")
    image_size: ImageSize | None = Field(
        default=None, description="[height, width] to resize images to"
    )
    channels: Channels = Field(default=1, description="1 for gray, 3 for color")
    options: Options = Field(default={}, description="of a data set of another package")


class NetworkTable(Table):
    """The architecture of encoders and decoders."""

    kind: Literal["mlp", "conv", "custom"] = Field(
        default="mlp", title="a network", description="custom is implied by encoder and decoder"
    )
    hidden: Sizes = Field(
        default=(48,), description="widths of the encoder's dense layers; of conv, none by default"
    )
    channels: Sizes = Field(
        default=(16, 32), description="feature maps; each layer halves the image"
    )
    latent: Count = Field(default=16, description="width of the code")
    activation: Activation = Field(default="relu", description="after each hidden layer")
    latent_activation: Activation = Field(default="identity", description="after the code")
    encoder: Factory | None = Field(default=None, description="factory of your own, as module:name")
    decoder: Factory | None = Field(default=None, description="factory of your own, as module:name")
    options: Options = Field(default={}, description="passed to both factories")

    @model_validator(mode="after")
    def _imply(self) -> NetworkTable:
        """Fill in the defaults that depend on other keys, as defaults, not as given."""
        if "kind" not in self.model_fields_set and (self.encoder or self.decoder):
            object.__setattr__(self, "kind", "custom")
        if "hidden" not in self.model_fields_set and self.kind == "conv":
            object.__setattr__(self, "hidden", ())
        return self


class SelectionTable(Table):
    """How a cell chooses from its neighborhood, and what replaces its center."""

    tournament: Count = Field(default=2, description="slots drawn per tournament")
    pairing: Literal["together", "independent"] = Field(
        default="together", title="a pairing", description="one tournament, or one per role"
    )
    concept: Concept = Field(
        default="best", description="what becomes of a network's losses with its partners"
    )
    replacement: Literal["always", "if_better"] = Field(
        default="always", title="a replacement", description="when the result becomes the center"
    )
    evaluation_batch_size: Count = Field(
        default=64, description="training rows that selection looks at"
    )
    evaluation_batch_per: Sharing = Field(
        default="world", description="who has an evaluation batch"
    )
    validation_rows: Count | None = Field(
        default=None, description="validation rows that if_better compares on; all by default"
    )


class OptimizerTable(Table):
    """How a cell improves the pairing that it selected."""

    kind: OptimizerName = Field(default="gradient", description="the cell optimizer")
    options: Options = Field(default={}, description="of an optimizer of another package")
    algorithm: Literal["sgd", "sign_sgd", "adam", "adamw"] = Field(
        default="adam", title="an algorithm", description="how a gradient becomes a step"
    )
    learning_rate: Positive = Field(default=1e-3, description="of every cell at the start")
    learning_rate_spread: Factor = Field(
        default=1.0, description="factor by which cells may start above it, or below"
    )
    learning_rate_step: NotNegative = Field(
        default=0.0, description="standard deviation of its Gaussian walk, per generation"
    )
    learning_rate_decay: Share = Field(
        default=1.0, description="factor of every learning rate at the end of a period"
    )
    learning_rate_decay_every: Count = Field(default=100, description="generations of that period")
    learning_rate_minimum: NotNegative = Field(default=1e-9, description="the walk goes no lower")
    learning_rate_maximum: Positive = Field(default=10.0, description="the walk goes no higher")
    batch_size: Count = Field(default=32, description="rows of a step")
    steps: Count = Field(default=40, description="gradient steps per cell and generation")
    pairings: Literal["selected", "opponents", "opponents_trained", "all"] = Field(
        default="selected", title="a set of pairings", description="which pairings train"
    )
    moments: Literal["persist", "migrate", "reset"] = Field(
        default="persist", title="a moments policy", description="where moments stay"
    )
    momentum: BelowOne = Field(default=0.0, description="of sgd")
    betas: Pair = Field(
        default=(0.9, 0.999), description="decay of the two moments of adam and adamw"
    )
    epsilon: Positive = Field(default=1e-8, description="of adam and adamw")
    weight_decay: NotNegative = Field(
        default=0.0, description="added to the gradient; decoupled in adamw"
    )
    weight_decay_spread: Factor = Field(
        default=1.0, description="factor by which cells may be above it, or below"
    )


class EvaluationTable(Table):
    """When held-out rows are looked at."""

    every: Count = Field(default=1, description="generations between two measurements")
    training_rows: Natural = Field(
        default=0, description="training rows that are measured too, the first ones"
    )


class EngineTable(Table):
    """How the work is cut up; without effect on results."""

    cells_per_chunk: Natural = Field(
        default=0, description="cells computed at once; 0 is automatic"
    )
    threads: Natural = Field(default=0, description="CPU threads; 0 is automatic")
    memory: NotNegative = Field(
        default=0.0, description="GiB that a stack of a study may take; 0 is automatic"
    )


class CheckpointTable(Table):
    """What is kept for going on later."""

    every: Count = Field(default=10, description="generations between two checkpoints")
    keep: Count = Field(default=3, description="number of checkpoints to keep")
