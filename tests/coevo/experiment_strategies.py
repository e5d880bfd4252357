"""Random experiments that are valid, as nested mappings."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from coevo.catalog import (
    DATASET_KEYS,
    DE_PRESETS,
    DE_STRATEGIES,
    LOOKING_OPERATORS,
    OPERATOR_KEYS,
    REQUIRED_DATASET_KEYS,
    SCHEDULE_KEYS,
)
from tests.coevo.sweep_strategies import sweeps

__all__ = ["experiments", "pruning_entries", "scalars", "studies", "texts", "toml_values"]

LARGEST = 2**63 - 1

texts = st.text(max_size=20)
counts = st.integers(1, LARGEST)
naturals = st.integers(0, LARGEST)
scopes = st.sampled_from(["world", "cell"])
below_one = st.floats(0, 1, exclude_max=True)
sizes = st.lists(counts, max_size=3)
shares = st.floats(0, 1, exclude_min=True)
paths = st.text(min_size=1, max_size=20)
identifiers = st.sampled_from(["a", "my_networks", "Ünit", "_x1"])
dotted = st.lists(identifiers, min_size=1, max_size=3).map(".".join)
factories = st.tuples(dotted, dotted).map(":".join)
numbers = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(texts, st.booleans(), st.integers(-LARGEST, LARGEST), numbers)
toml_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
whole_offsets = st.integers(-LARGEST, LARGEST)
offsets = st.lists(st.lists(whole_offsets, min_size=2, max_size=2), max_size=4, unique_by=tuple)
activations = st.sampled_from(
    ["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "identity"]
)


def some(
    keys: dict[str, SearchStrategy[Any]], always: dict[str, SearchStrategy[Any]] | None = None
) -> SearchStrategy[dict[str, Any]]:
    """A table with any of some keys, and always with others."""
    return st.fixed_dictionaries(always or {}, optional=keys)


@st.composite
def grids(draw: st.DrawFn) -> dict[str, Any]:
    extents = some({"rows": st.integers(1, 10_000), "columns": st.integers(1, 10_000)})
    named = some(
        {"neighborhood": st.sampled_from(["von_neumann", "moore", "ring"]), "radius": naturals}
    )
    return draw(extents) | draw(named | some({}, {"neighborhood": offsets}))


@st.composite
def tasks_and_data(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["reconstruct", "denoise", "map"]))
    task = {"kind": kind, "dataset": draw(st.sampled_from(list(DATASET_KEYS)))}
    if kind == "denoise":
        noise = draw(st.sampled_from(["gaussian", "uniform", "masking"]))
        level = st.floats(0, 1 if noise == "masking" else 1e9, exclude_min=True, exclude_max=True)
        task |= {"noise": noise} | draw(some({"noise_level": level}))
    if kind == "map":
        task |= draw(some({"target": st.sampled_from(["dataset", "edges"])}))
    losses = some(
        {"loss": st.sampled_from(["mse", "l1"]), "output": st.sampled_from(["sigmoid", "identity"])}
    )
    task |= draw(losses | st.just({"loss": "bce"}))
    keys = {
        "directory": paths,
        "split_seed": naturals,
        "train_rows": counts,
        "subset": st.floats(0, 1, exclude_min=True),
        "subset_per": scopes,
        "order_per": scopes,
    }
    own = {
        "clusters": counts,
        "dimensions": counts,
        "rows_per_cluster": counts,
        "flip_probability": st.floats(0, 0.5, exclude_min=True),
        "validation_rows": counts,
        "test_rows": counts,
        "train_file": paths,
        "test_file": paths,
        "validation_share": st.floats(0, 1, exclude_min=True, exclude_max=True),
        "frame": st.sampled_from(["full", "normalized"]),
        "file": paths,
        "folder": paths,
        "image_size": st.lists(counts, min_size=2, max_size=2),
        "channels": st.sampled_from([1, 3]),
    }
    taken = DATASET_KEYS[task["dataset"]]
    required = REQUIRED_DATASET_KEYS.get(task["dataset"], ())
    keys |= {key: own[key] for key in taken if key not in required}
    return {"task": task, "data": draw(some(keys, {key: own[key] for key in required}))}


@st.composite
def networks(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["mlp", "conv", "custom"]))
    keys: dict[str, SearchStrategy[Any]] = {"latent": counts}
    if kind == "custom":
        keys |= {"kind": st.just(kind), "options": st.dictionaries(texts, toml_values, max_size=3)}
        return draw(some(keys, {"encoder": factories, "decoder": factories}))
    keys |= {"hidden": sizes, "activation": activations, "latent_activation": activations}
    if kind == "mlp":
        return draw(some({**keys, "kind": st.just(kind)}))
    return draw(some({**keys, "channels": sizes}, {"kind": st.just(kind)}))


@st.composite
def selections(draw: st.DrawFn) -> dict[str, Any]:
    concepts = st.sampled_from(["best", "mean", "worst"]) | factories
    keys = {
        "tournament": counts,
        "pairing": st.sampled_from(["together", "independent"]),
        "concept": concepts,
        "evaluation_batch_size": counts,
        "evaluation_batch_per": scopes,
    }
    replacement = draw(st.sampled_from(["always", "if_better"]))
    if replacement == "if_better":
        keys["validation_rows"] = counts
    return draw(some(keys, {"replacement": st.just(replacement)}))


@st.composite
def starts(draw: st.DrawFn, generations: int) -> dict[str, Any]:
    isolated = {"isolated_generations": st.integers(0, generations)}
    pairs = {"pairs": st.lists(paths, max_size=3)}
    ancestors = {"ancestor_generations": naturals}
    return draw(some(isolated | pairs) | some(isolated | ancestors))


@st.composite
def optimizers(draw: st.DrawFn) -> dict[str, Any]:
    algorithm = draw(st.sampled_from(["sgd", "sign_sgd", "adam", "adamw"]))
    rates = sorted(draw(st.lists(st.floats(1e-300, 1e300), min_size=3, max_size=3)))
    ends = ("learning_rate_minimum", "learning_rate", "learning_rate_maximum")
    keys: dict[str, SearchStrategy[Any]] = {
        "learning_rate_step": st.floats(0, 1e9),
        "batch_size": counts,
        "steps": counts,
        "pairings": st.sampled_from(["selected", "opponents", "opponents_trained", "all"]),
        "moments": st.sampled_from(["persist", "migrate", "reset"]),
        "learning_rate_spread": st.floats(1, 1e9),
    }
    spread = {"weight_decay_spread": st.floats(1, 1e9)}
    decays = some(spread, {"weight_decay": st.floats(1e-9, 1e9)})
    if algorithm == "sgd":
        keys["momentum"] = below_one
    if algorithm in ("adam", "adamw"):
        keys |= {"betas": st.lists(below_one, min_size=2, max_size=2)}
        keys |= {"epsilon": st.floats(0, 1, exclude_min=True)}
    decay = draw(decays | st.just({}))
    return (
        draw(some(keys)) | {"algorithm": algorithm, **decay} | dict(zip(ends, rates, strict=True))
    )


def _pruning_places(draw: st.DrawFn) -> dict[str, Any]:
    """Which weights an entry of ``[[pruning]]`` is about."""
    structure = draw(st.sampled_from(["weight", "unit"]))
    roles = draw(st.lists(st.sampled_from(["encoder", "decoder"]), min_size=1, unique=True))
    scopes = ["layer", "network"]
    scopes += ["unit", "tensor"] if structure == "weight" else []
    scopes += ["pair"] if len(roles) == 2 else []
    keys: dict[str, SearchStrategy[Any]] = {
        "layers": st.lists(texts, min_size=1, max_size=3, unique=True),
        "scope": st.sampled_from(scopes),
    }
    if structure == "weight":
        keys["bias"] = st.booleans()
    chosen = {"structure": st.just(structure), "roles": st.just(roles)}
    if roles == ["encoder", "decoder"]:  # the default: may be left out
        return draw(some({**keys, **chosen}))
    return draw(some(keys, chosen))


def _pruning_times(draw: st.DrawFn, generations: int) -> dict[str, Any]:
    """When an entry of ``[[pruning]]`` acts, and how much."""
    schedule = draw(st.sampled_from(list(SCHEDULE_KEYS)) | factories)
    own: dict[str, SearchStrategy[Any]] = {
        "steepness": st.floats(0, 1e9, exclude_min=True),
        "share": shares,
        "every": counts,
        "divisor": counts,
    }
    keys = {key: own[key] for key in SCHEDULE_KEYS.get(schedule, ())}
    if schedule not in SCHEDULE_KEYS:
        keys["schedule_options"] = st.dictionaries(texts, toml_values, max_size=3)
    begin = draw(st.integers(0, generations - 1))
    window = some({"end": st.integers(begin + 1, generations)}, {"begin": st.just(begin)})
    events = {
        "probability": st.floats(0, 1),
        "amount": shares,
        "scales": st.sampled_from(["probability", "amount"]),
    }
    target = {"sparsity": st.floats(0, 1, exclude_min=True, exclude_max=True)}
    amounts = some(events) | some({}, target)
    return draw(some(keys, {"schedule": st.just(schedule)})) | draw(window) | draw(amounts)


def _pruning_choices(
    draw: st.DrawFn, places: dict[str, Any], times: dict[str, Any]
) -> dict[str, Any]:
    """The operator of an entry of ``[[pruning]]``, its keys, and what becomes of weights."""
    operator = draw(st.sampled_from(list(OPERATOR_KEYS)) | factories)
    masks = draw(st.sampled_from(["hard", "soft"]))
    keys: dict[str, SearchStrategy[Any]] = {}
    kinds = ["none"]
    if masks == "hard" and "sparsity" not in times:
        kinds += ["gradient", "random"]
    regrow = draw(st.sampled_from(kinds))
    if places.get("structure") != "unit":
        keys["regrow"] = st.just(regrow)
    own: dict[str, SearchStrategy[Any]] = {
        "remove": st.sampled_from(["low", "high"]),
        "cases": st.sampled_from(["training", "test"] if masks == "soft" else ["training"]),
        "threshold": shares,
        "early_stop": st.booleans(),
    }
    keys |= {key: own[key] for key in OPERATOR_KEYS.get(operator, ())}
    if operator not in OPERATOR_KEYS:
        keys["operator_options"] = st.dictionaries(texts, toml_values, max_size=3)
    found = draw(some(keys, {"operator": st.just(operator), "masks": st.just(masks)}))
    looks = operator in LOOKING_OPERATORS or operator not in OPERATOR_KEYS
    if looks or found.get("regrow") == "gradient":
        found |= draw(some({"rows": counts}))
    if looks and operator != "saliency":
        found |= draw(some({"activations": st.sampled_from(["now", "training"])}))
    return found


@st.composite
def evolutions(draw: st.DrawFn) -> dict[str, Any]:
    pool = [name for name in DE_STRATEGIES if name != "soup"]  # an extra trial as it is
    names = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3, unique=True))
    each = st.floats(1e-3, 1e3)
    pools = some(
        {"shares": st.lists(each, min_size=len(names), max_size=len(names))},
        {"strategies": st.just(names)},
    )
    keys: dict[str, SearchStrategy[Any]] = {
        "preset": st.sampled_from(DE_PRESETS),
        "credit": st.sampled_from(["none", "success_rate", "gain", "beats_best"]),
        "learning_period": counts,
        "scale": st.sampled_from(["memory", "fixed", "normal", "ensemble_sinusoidal"]),
        "scale_start": shares,
        "sinusoid_phase": numbers,
        "crossover": st.sampled_from(["memory", "fixed", "median"]),
        "crossover_start": st.floats(0, 1),
        "memory": counts,
        "pbest": shares,
        "memory_scope": st.sampled_from(["cell", "neighborhood", "grid"]),
        "archive": naturals,
        "grain": st.sampled_from(["weight", "unit", "tensor"]),
        "rounds": st.just(1),  # steps may vary in a study
        "every": counts,
        "gate": st.floats(0, 1e9),
        "spread": st.floats(0, 1e9),
        "fallback": st.sampled_from(["keep", "gradient"]),
        "soup": naturals,
        "margin": st.floats(0, 1e9),
        "target": st.sampled_from(["center", "selected"]),
        "moments": st.sampled_from(["reset", "keep"]),
        "normalization": st.sampled_from(["recalibrate", "keep"]),
    }
    alone = some({"partners": naturals, "roles": st.just("each")})
    scored = draw(alone | st.just({"roles": "pair"}))
    return draw(some(keys)) | scored | draw(pools | st.just({}))


@st.composite
def improvements(draw: st.DrawFn) -> dict[str, Any]:
    """The tables of the cell optimizer."""
    optimizer = draw(optimizers())
    if not draw(st.booleans()):
        return {"optimizer": optimizer}
    evolution = draw(evolutions())
    return {"optimizer": optimizer | {"kind": "de"}, "de": evolution}


@st.composite
def pruning_entries(draw: st.DrawFn, generations: int) -> dict[str, Any]:
    places, times = _pruning_places(draw), _pruning_times(draw, generations)
    return places | times | _pruning_choices(draw, places, times)


@st.composite
def experiments(draw: st.DrawFn) -> dict[str, Any]:
    top = draw(
        some(
            {
                "seed": st.integers(0, 2**62),
                "generations": counts,
                "description": texts,
                "dtype": st.sampled_from(["float32", "float64"]),
            }
        )
    )
    entries = pruning_entries(top.get("generations", 60))
    rest = some(
        {
            "grid": grids(),
            "network": networks(),
            "start": starts(top.get("generations", 60)),
            "selection": selections(),
            "pruning": st.lists(entries, max_size=3),
            "evaluation": some({"every": counts}),
            "engine": some({"cells_per_chunk": naturals}),
            "checkpoint": some({"every": counts, "keep": counts}),
            "sweep": some({"replicates": st.integers(1, 10_000)}) | sweeps(entries),
        }
    )
    improved = draw(improvements() | st.just({}))
    return top | draw(rest) | improved | draw(tasks_and_data() | st.just({}))


@st.composite
def studies(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = draw(experiments())
    return found | {"sweep": draw(sweeps(pruning_entries(found.get("generations", 60))))}
