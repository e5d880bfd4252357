"""What operators score: one layer of one network, in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log, nan, sqrt

from tests.equivalence.entries import OWN
from tests.equivalence.scene import Layer, Matrix, NearTieError, Place, Scene

__all__ = ["MASKING", "is_exact", "unit_scores", "weight_scores"]

OF_UNITS = ("variance", "conjunctive", "conjunctive_score")
NOISE = 1e-13
MASKING = (f"{OWN}:drop_last", f"{OWN}:refuses_nan")


def is_exact(operator: str) -> bool:
    """Whether an operator meets its amounts."""
    return operator not in ("variance_probability", "conjunctive")


def weight_scores(scene: Scene, layer: Layer) -> Matrix:
    """The score of every weight."""
    operator = scene.entry.operator
    if operator in OF_UNITS:
        return [[score] * len(u) for u, score in zip(layer.units, _own(scene, layer), strict=True)]
    if operator == "uniform":
        return scene.drawn(layer, "uniform")
    if operator in ("variance_probability", "variance_sampled"):
        chances, drawn = _probabilities(scene, layer), scene.drawn(layer, "variance")
        return [[_drawn(operator, p, d) for d in ds] for p, ds in zip(chances, drawn, strict=True)]
    if operator == "wanda":
        roots = scene.root_mean_squares(layer)
        return [
            [abs(scene.weight(place)) * root for place, root in zip(unit, row, strict=True)]
            for unit, row in zip(layer.units, roots, strict=True)
        ]
    if operator == f"{OWN}:blend":
        return _blend(scene, layer)
    of_one: Callable[[Place], float] = {
        "magnitude": lambda place: abs(scene.weight(place)),
        "saliency": lambda place: abs(scene.weight(place) * scene.gradient(place)),
        "movement": lambda place: (scene.weight(place) ** 2 - scene.origin(place) ** 2) / 2,
    }[operator]
    return [[of_one(place) for place in unit] for unit in layer.units]


def _blend(scene: Scene, layer: Layer) -> Matrix:
    share = float(scene.entry.operator_options.get("share", 0.5))
    roots, loud = scene.root_mean_squares(layer), _loudness(scene, layer)
    scores: Matrix = []
    for unit, places in enumerate(layer.units):
        scores.append([])
        for place, root in zip(places, roots[unit], strict=True):
            weight = scene.weight(place)
            moved = abs(weight - scene.origin(place))
            score = share * abs(weight) * root + loud[unit] + abs(scene.gradient(place)) + moved
            scores[-1].append(score)
    return scores


def unit_scores(scene: Scene, layer: Layer) -> list[float]:
    """The score of every unit."""
    operator = scene.entry.operator
    if operator in OF_UNITS:
        return _own(scene, layer)
    if operator == "uniform":
        return scene.draws(layer, "uniform units", len(layer.units))
    if operator in ("variance_probability", "variance_sampled"):
        chances = _probabilities(scene, layer)
        drawn = scene.draws(layer, "variance units", len(layer.units))
        return [_drawn(operator, p, d) for p, d in zip(chances, drawn, strict=True)]
    scores = weight_scores(scene, layer)
    return [
        sum(score for score, place in zip(row, unit, strict=True) if scene.kept(place))
        for row, unit in zip(scores, layer.units, strict=True)
    ]


def _own(scene: Scene, layer: Layer) -> list[float]:
    if scene.entry.operator == "variance":
        sign = 1 if scene.entry.remove == "low" else -1
        return [sign * deviation for deviation in _deviations(scene, layer)]
    levels = _levels(scene, layer)
    loudest = [max(case[unit] for case in levels) for unit in range(len(layer.units))]
    if scene.entry.operator == "conjunctive_score":
        return loudest
    quiet = _quiet(scene, levels)
    return [score if unit in quiet else inf for unit, score in enumerate(loudest)]


def _deviations(scene: Scene, layer: Layer) -> list[float]:
    """Standard deviation of every unit."""
    cases = scene.cases(layer)
    found = []
    for unit in range(len(layer.units)):
        values = [value for case in cases for value in case[unit]]
        # Shifted first, so that what is constant deviates by nothing at all.
        shifted = [value - values[0] for value in values]
        mean = sum(shifted) / len(shifted)
        deviation = sqrt(sum((value - mean) ** 2 for value in shifted) / len(shifted))
        if deviation < NOISE and any(values) and any(map(scene.weight, layer.units[unit])):
            # Constant but for rounding: near to the other such units, and equal to none.
            deviation = NOISE * (unit + 1) / (len(layer.units) + 1)
        found.append(deviation)
    return found


def _probabilities(scene: Scene, layer: Layer) -> list[float]:
    """Of removal; not a number where all units vary equally."""
    deviations = _deviations(scene, layer)
    low, high = min(deviations), max(deviations)
    if 0 < high < NOISE:
        raise NearTieError
    shares = [(d - low) / (high - low) if high > low else nan for d in deviations]
    return shares if scene.entry.remove == "high" else [1 - share for share in shares]


def _drawn(operator: str, probability: float, drawn: float) -> float:
    if operator == "variance_probability":
        return drawn - probability if drawn < probability else inf
    chance = 0.0 if probability != probability else probability
    return -log(1 - drawn) / (chance + 1e-6)


def _levels(scene: Scene, layer: Layer) -> Matrix:
    """How loud each unit is on each case, between the lowest and the highest of the layer."""
    levels = []
    for case in scene.cases(layer):
        loudest = [max(positions) for positions in case]
        low, high = min(min(positions) for positions in case), max(loudest)
        levels.append([(x - low) / (high - low) if high > low else 1.0 for x in loudest])
    return levels


def _quiet(scene: Scene, levels: Matrix) -> set[int]:
    """The units that are quiet on every case, or on every case until one unit is left."""
    units = set(range(len(levels[0])))
    for case in levels:
        units = {unit for unit in units if case[unit] < scene.entry.threshold}
        if scene.entry.early_stop and len(units) <= 1:
            break
    return units


def _loudness(scene: Scene, layer: Layer) -> list[float]:
    """The mean magnitude of every unit's outputs."""
    cases = scene.cases(layer)
    found = []
    for unit in range(len(layer.units)):
        values = [abs(value) for case in cases for value in case[unit]]
        found.append(sum(values) / len(values))
    return found
