"""Where nothing differs, hardly anything is found: the rate of false alarms is as promised."""

from __future__ import annotations

import numpy as np
import pytest

from coevo.comparison.contrasts import against, all_pairs, corrected, not_worse_than_best
from coevo.comparison.groups import Block
from coevo.comparison.intervals import Bootstrap
from coevo.comparison.measure import Measure
from tests.coevo.comparison.invented_groups import block, group

STUDIES = 1000
MEASURE, FEW = Measure("test_mse"), Bootstrap(resamples=1)


def null_study(generator: np.random.Generator, *, variants: int, seeds: int, paired: bool) -> Block:
    """Variants that are all alike; what a seed does to all of them counts more than chance."""
    of_seed = generator.lognormal(sigma=0.5, size=seeds)
    groups = []
    for place in range(variants):
        values = of_seed * generator.lognormal(sigma=0.3, size=seeds)
        if not paired:
            values = generator.lognormal(sigma=0.5, size=seeds)
        first = 1 if paired else 1 + place * seeds
        groups.append(group(f"v{place}", values.tolist(), first_seed=first))
    return block(*groups)


def alarms(*, variants: int, seeds: int, paired: bool, pairs: bool = False) -> float:
    """The share of studies in which any difference is called significant."""
    generator = np.random.default_rng(2025)
    found = 0
    for _ in range(STUDIES):
        study = null_study(generator, variants=variants, seeds=seeds, paired=paired)
        contrasts = all_pairs(study, MEASURE, FEW) if pairs else against(study, "v0", MEASURE, FEW)
        assert all((contrast.pairs is not None) == paired for contrast in contrasts)
        [after] = corrected([contrasts])
        found += min(contrast.p_holm for contrast in after) < 0.05
    return found / STUDIES


@pytest.mark.slow
@pytest.mark.parametrize("paired", [True, False])
def test_false_alarms_of_a_thousand_studies_are_at_most_6_percent(paired: bool) -> None:
    rate = alarms(variants=5, seeds=12, paired=paired)
    assert 0.01 <= rate <= 0.06


@pytest.mark.slow
def test_false_alarms_of_all_pairs_are_at_most_6_percent() -> None:
    assert alarms(variants=4, seeds=12, paired=True, pairs=True) <= 0.06


@pytest.mark.slow
def test_hardly_any_variant_is_called_worse_than_the_best() -> None:
    generator = np.random.default_rng(11)
    found = 0
    for _ in range(STUDIES):
        study = null_study(generator, variants=5, seeds=12, paired=True)
        found += not all(not_worse_than_best(study, MEASURE).values())
    assert found / STUDIES <= 0.06


def test_without_correction_there_would_be_more() -> None:
    generator = np.random.default_rng(7)
    raw = holm = 0
    for _ in range(200):
        study = null_study(generator, variants=7, seeds=10, paired=True)
        [after] = corrected([against(study, "v0", MEASURE, FEW)])
        raw += min(contrast.verdict.p for contrast in after) < 0.05
        holm += min(contrast.p_holm for contrast in after) < 0.05
    assert holm / 200 <= 0.06
    assert raw / 200 > 0.12


def test_a_difference_that_is_there_is_found() -> None:
    generator = np.random.default_rng(7)
    found = tied = 0
    for _ in range(50):
        study = null_study(generator, variants=3, seeds=12, paired=True)
        worse = group("worse", (study.groups[0].values * 2).tolist())
        study = block(*study.groups, worse)
        [after] = corrected([against(study, "v0", MEASURE, FEW)])
        found += after[-1].p_holm < 0.05
        tied += not_worse_than_best(study, MEASURE)["worse"]
    assert found == 50
    assert tied <= 5
