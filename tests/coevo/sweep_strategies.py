"""Random sweeps that any experiment can have, with all keys dotted."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = ["sweeps"]

VALUES: dict[str, SearchStrategy[Any]] = {
    "dtype": st.sampled_from(["float32", "float64"]),
    "grid.rows": st.integers(1, 10_000),
    "grid.columns": st.integers(1, 10_000),
    "task.output": st.just("sigmoid"),
    "data.split_seed": st.integers(0, 2**63 - 1),
    "data.order_per": st.sampled_from(["world", "cell"]),
    "network.latent": st.integers(1, 2**63 - 1),
    "selection.pairing": st.sampled_from(["together", "independent"]),
    "selection.concept": st.sampled_from(["best", "mean", "worst", "mine:median"]),
    "optimizer.steps": st.integers(1, 2**63 - 1),
    "optimizer.weight_decay": st.floats(0, 1e9, exclude_min=True),  # whatever its spread is
    "optimizer.pairings": st.sampled_from(["selected", "opponents", "all"]),
}
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.=+-]{0,9}", fullmatch=True)
OWN_KEY = "optimizer.learning_rate_step"
"""A key that explicit variants alone set, each to a value of its own."""


def lists(values: SearchStrategy[Any], size: int | None = None) -> SearchStrategy[list[Any]]:
    return st.lists(values, min_size=size or 1, max_size=size or 3, unique=True)


def names(size: int) -> SearchStrategy[list[str]]:
    return st.lists(NAMES, min_size=size, max_size=size, unique_by=str.casefold)


@st.composite
def zips(draw: st.DrawFn, keys: list[str], entries: SearchStrategy[Any]) -> dict[str, Any]:
    """An axis of some keys, the first with values that differ, or one of lists of entries."""
    if not keys:
        found = draw(st.lists(st.lists(entries, max_size=2), min_size=1, max_size=2, unique_by=str))
        return {"name": draw(names(len(found))), "pruning": found}
    first, *rest = keys
    values = draw(lists(VALUES[first]))
    same = {key: st.lists(VALUES[key], min_size=len(values), max_size=len(values)) for key in rest}
    named = draw(st.fixed_dictionaries({}, optional={"name": names(len(values))}))
    return {first: values} | draw(st.fixed_dictionaries(same)) | named


@st.composite
def sweeps(draw: st.DrawFn, entries: SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A sweep of valid variants.

    Args:
        draw: draws.
        entries: of ``[[pruning]]``.
    """
    keys = draw(st.lists(st.sampled_from(list(VALUES)), unique=True, max_size=3))
    single = draw(st.integers(0, len(keys)))
    axes = {key: draw(lists(VALUES[key])) for key in keys[:single]}
    zipped = [draw(zips(keys[single:], entries))] if keys[single:] or draw(st.booleans()) else []
    explicit = [
        {"name": f"explicit-{number}", OWN_KEY: 2e9 + number}
        | draw(st.fixed_dictionaries({}, optional={"network.latent": VALUES["network.latent"]}))
        for number in range(draw(st.integers(0, 2)))
    ]
    long = {key: values for key, values in axes.items() if len(values) > 1}
    exclude = [
        {key: draw(st.sampled_from(values))} for key, values in list(long.items())[:1]
    ] * draw(st.integers(0, 1))
    lists_ = {"zip": zipped, "variants": explicit, "exclude": exclude}
    replicates = draw(st.fixed_dictionaries({}, optional={"replicates": st.integers(1, 99)}))
    return replicates | axes | {key: tables for key, tables in lists_.items() if tables}
