"""The entries of ``[[pruning]]`` in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from coevo.catalog import GENERATIONS, LOOKING_OPERATORS
from coevo.pruning_keys import ENTRY_DEFAULTS
from coevo.reporting.numbers import percent, short

__all__ = ["RuleInWords", "gone", "reads_test_rows", "rules_in_words"]

_WEIGHTS = MappingProxyType(
    {
        "uniform": "random weights",
        "magnitude": "the weights nearest to zero",
        "variance": "weights into the units whose activation varies {extent}",
        "variance_probability": "weights by chance, the more likely the {trend} their unit varies",
        "variance_sampled": "weights by lot, the more likely the {trend} their unit varies",
        "conjunctive": "weights into units that are quiet on every case, below {threshold} of the "
        "range of their layer",
        "conjunctive_score": "weights into the units that are quietest on the case on which they are "
        "loudest",
        "wanda": "weights with the smallest product of size and typical input",
        "saliency": "weights with the smallest product of value and gradient",
        "movement": "the weights that moved most towards zero since the start",
    }
)
_UNITS = MappingProxyType(
    {
        "uniform": "random whole units",
        "magnitude": "the whole units with the smallest weights",
        "variance": "the whole units whose activation varies {extent}",
        "variance_probability": "whole units by chance, the more likely the {trend} they vary",
        "variance_sampled": "whole units by lot, the more likely the {trend} they vary",
        "conjunctive": "whole units that are quiet on every case, below {threshold} of the range of "
        "their layer",
        "conjunctive_score": "the whole units that are quietest on the case on which they are loudest",
        "wanda": "the whole units with the smallest products of weights and typical inputs",
        "saliency": "the whole units with the smallest products of weights and gradients",
        "movement": "the whole units whose weights moved most towards zero since the start",
    }
)
_AT_MOST = frozenset({"variance_probability", "conjunctive"})
_SCOPES = MappingProxyType(
    {
        "unit": "unit by unit",
        "tensor": "tensor by tensor",
        "layer": "layer by layer",
        "network": "network by network",
        "pair": "over both networks together",
    }
)
_COURSES = MappingProxyType(
    {
        "increase": "rising in a straight line",
        "decrease": "falling in a straight line",
        "decrease_published": "falling from 1, as published",
        "exponential": "rising fast at first",
        "final_n": "in the last {share} of its generations",
        "population": "rising in a straight line, divided by {divisor}",
        "prune_after": "in its last generation alone",
        "one_shot": "in its first generation alone",
        "periodic": "every {every} generations",
        "cosine": "rising, slowly at both ends",
        "cosine_decay": "falling, slowly at both ends",
        "cubic": "rising fast at first",
    }
)
# A target is the largest intensity so far, so that these reach it in their first generation.
_AT_ONCE = frozenset({"fixed", "one_shot", "decrease", "decrease_published", "cosine_decay"})
_REGROWTH = MappingProxyType(
    {
        "gradient": "As many weights grow back where the gradient on {rows} is largest.",
        "random": "As many weights grow back at random places.",
    }
)


@dataclass(frozen=True)
class RuleInWords:
    """One entry.

    Attributes:
        operator: its name.
        text: the rest of the sentence that begins with that name, and what becomes of the weights.
        soft: whether what is removed may come back at any time.
        reads_test: whether the operator looks at test rows.
    """

    operator: str
    text: str
    soft: bool
    reads_test: bool


def rules_in_words(experiment: Mapping[str, Any]) -> list[RuleInWords]:
    """Every entry, in the order in which they act.

    Args:
        experiment: the file, parsed. Keys that are not written have their defaults.

    Examples:
        >>> [rule] = rules_in_words({"generations": 60, "pruning": [{"operator": "uniform"}]})
        >>> rule.operator, rule.text.partition(":")[0]
        ('uniform', 'removes random weights, layer by layer, from encoder and decoder')
    """
    entries = experiment.get("pruning")
    if not isinstance(entries, list):
        return []
    length = experiment.get("generations", GENERATIONS)
    found = [{**ENTRY_DEFAULTS, **entry} for entry in entries if isinstance(entry, Mapping)]
    return [_rule(entry, length) for entry in found]


def gone(rules: Sequence[RuleInWords]) -> str:
    """What has become of pruned weights, as an adjective.

    Args:
        rules: at least one.
    """
    kinds = {rule.soft for rule in rules}
    if kinds == {True}:
        return "zero"
    return "removed" if kinds == {False} else "removed or zero"


def reads_test_rows(experiment: Mapping[str, Any]) -> bool:
    """Whether some operator looks at test rows.

    Args:
        experiment: the file, parsed.
    """
    return any(rule.reads_test for rule in rules_in_words(experiment))


def _rule(entry: Mapping[str, Any], length: int) -> RuleInWords:
    soft = entry["masks"] == "soft"
    scope = _SCOPES.get(entry["scope"], str(entry["scope"]))
    parts = [f"removes {_what(entry)}, {scope}, from {_where(entry)}", _judged(entry)]
    text = f"{''.join(parts)}: {_much(entry, length)}. {_fate(entry)}"
    return RuleInWords(str(entry["operator"]), text, soft, entry["cases"] == "test")


def _what(entry: Mapping[str, Any]) -> str:
    texts = _UNITS if entry["structure"] == "unit" else _WEIGHTS
    high = entry["remove"] == "high"
    words = {"extent": "most" if high else "least", "trend": "more" if high else "less"}
    own = "whole units" if entry["structure"] == "unit" else "weights"
    text = texts.get(entry["operator"], f"{own} that it ranks lowest")
    return text.format(threshold=short(entry["threshold"]), **words)


def _where(entry: Mapping[str, Any]) -> str:
    roles, layers = entry["roles"], entry["layers"]
    networks = " and ".join(roles) if len(roles) > 1 else f"the {roles[0]}"
    if layers:
        networks = f"{'layers' if len(layers) > 1 else 'layer'} {', '.join(layers)} of {networks}"
    return f"{networks}, biases included" if entry["bias"] else networks


def _judged(entry: Mapping[str, Any]) -> str:
    """The rows that the operator looks at."""
    if entry["operator"] not in LOOKING_OPERATORS:
        return ""
    return f", judged on {entry['rows']:,} {entry['cases']} rows"


def _much(entry: Mapping[str, Any], length: int) -> str:
    """How much goes, and when."""
    first, last = entry["begin"] + 1, entry["end"] or length
    if entry["sparsity"] is None:
        return _events(entry, first, last)
    bound = "at most " if entry["operator"] in _AT_MOST else ""
    target = f"to a sparsity of {bound}{percent(entry['sparsity'])}"
    if entry["schedule"] in _AT_ONCE or first == last:
        return f"{target} at once, in generation {first}"
    if entry["schedule"] == "prune_after":
        return f"{target} at once, in generation {last}"
    return f"{target} on {_schedule(entry)}, in generations {first} to {last}"


def _events(entry: Mapping[str, Any], first: int, last: int) -> str:
    kept = "" if entry["masks"] == "soft" else "kept "
    noun = "units" if entry["structure"] == "unit" else "weights"
    scaled = entry["scales"] == "amount" and entry["schedule"] != "fixed"
    bound = "at most " if scaled or entry["operator"] in _AT_MOST else ""
    amount = f"{bound}{percent(entry['amount'])} of the {kept}{noun}"
    fixed = entry["schedule"] == "fixed"
    course = "" if fixed else f", on {_schedule(entry)}"
    if entry["probability"] == 1 and (scaled or fixed):
        whole = f"in every generation from {first} to {last}"
        return f"{amount} {f'in generation {first}' if first == last else whole}{course}"
    chance = f"probability {short(entry['probability'])} per cell and generation"
    window = f"in generation {first}" if first == last else f"in generations {first} to {last}"
    return f"{amount} in events of {chance}, {window}{course}"


def _schedule(entry: Mapping[str, Any]) -> str:
    name = str(entry["schedule"])
    divisor = entry["divisor"] or "the size of a neighborhood"
    course = _COURSES.get(name, "").format(
        share=percent(entry["share"]), every=entry["every"], divisor=divisor
    )
    return f"the {name} schedule" + (f" ({course})" if course else "")


def _fate(entry: Mapping[str, Any]) -> str:
    """What becomes of the weights that were removed."""
    if entry["masks"] == "soft":
        return "Soft masks: what is removed is set to zero once, and training may move it again."
    if entry["regrow"] in _REGROWTH:
        text = "Hard masks: what is removed stays exactly zero until it grows back."
        back = _REGROWTH[entry["regrow"]].format(rows=f"{entry['rows']:,} {entry['cases']} rows")
        return f"{text} {back}"
    return "Hard masks: what is removed stays exactly zero."
