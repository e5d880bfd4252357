"""Checkers for names that have no place in the packages: randomness, pickles, output."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import Finding
from tests.architecture.syntax import Use, uses

# Draw from torch's default generator unless they are given another.
_TORCH_DRAWS = re.compile(
    r"torch\.(rand|randn|randint|randperm|normal|bernoulli|multinomial|poisson|binomial)(_like)?"
    r"|torch\.(rand|randn|randint)_like"
    r"|\.(uniform|normal|random|bernoulli|exponential|geometric|cauchy|log_normal)_"
)
# Read or change a global generator, whatever they are given.
_GLOBAL_STATE = re.compile(
    r"torch\.(manual_seed|seed|initial_seed|(get|set)_rng_state|default_generator)"
    r"|torch\.random(\..*)?|torch\.cuda\.(.*seed.*|.*rng_state.*|default_generators)"
    r"|torch\.nn\.init\..*|torch\.nn\.functional\.(.*dropout.*|gumbel_softmax|rrelu)"
    r"|(random|secrets)(\..*)?|os\.urandom"
)
# Start from the seed that they are given, and from the operating system's without one.
_SEEDED = {f"numpy.random.{name}" for name in ("Generator", "Philox", "SeedSequence")}
_NUMPY = re.compile(r"numpy\.random(\..*)?")
_CODE_IN_DATA = re.compile(
    r"(pickle|_pickle|cPickle|dill|cloudpickle|joblib|shelve|marshal)(\..*)?"
    r"|torch\.(load|save)|yaml\.(unsafe_|full_)?load|(numpy|pandas)\.read_pickle"
    r"|eval|exec|__import__"
)
_OUTPUT = re.compile(r"print|pprint\..*|breakpoint|sys\.(stdout|stderr)(\..*)?")


def global_randomness(source: str) -> Iterator[Finding]:
    """Numbers that depend on what was drawn before: global generators, or the clock's seed."""
    for use in uses(source):
        drawn = _TORCH_DRAWS.fullmatch(use.name) and "generator" not in use.keywords
        if drawn or _GLOBAL_STATE.fullmatch(use.name) or _is_numpys(use):
            yield use.line, use.name


def own_generators(source: str) -> Iterator[Finding]:
    """Generators with a state of their own, whose numbers depend on the order of the draws."""
    for use in uses(source):
        if use.call and use.name in ("torch.Generator", ".manual_seed"):
            yield use.line, use.name


def code_in_data(source: str) -> Iterator[Finding]:
    """Ways to read or write files that can make Python execute what is in them."""
    for use in uses(source):
        allowed = use.keywords.get("allow_pickle")
        if allowed is not None and not (isinstance(allowed, ast.Constant) and not allowed.value):
            yield use.line, f"{use.name} with allow_pickle"
        elif _CODE_IN_DATA.fullmatch(use.name):
            yield use.line, use.name


def output(source: str) -> Iterator[Finding]:
    """Text that appears whether or not the caller wants any."""
    for use in uses(source):
        if _OUTPUT.fullmatch(use.name):
            yield use.line, use.name


def _is_numpys(use: Use) -> bool:
    if not _NUMPY.fullmatch(use.name):
        return False
    without_seed = use.call is not None and not use.call.args and not use.keywords
    return use.name not in _SEEDED or without_seed
