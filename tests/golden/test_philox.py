"""Philox against its published vectors, and our draws against values frozen for good."""

from __future__ import annotations

import json
import math
from hashlib import blake2s
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo import philox
from coevo import random as draws
from coevo.keys import WORLD, Key

GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("philox4x32_10.json").read_text(encoding="utf-8")
)
FROZEN = GOLDEN["frozen"]
VECTORS = GOLDEN["published"]["vectors"]

word = st.integers(0, 2**32 - 1)


def reference(counter: tuple[int, ...], key: tuple[int, ...]) -> list[int]:
    """Philox4x32-10 on Python's integers, round by round as the paper states it."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c0, 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [c0, c1, c2, c3]


def as_int64(low: int, high: int) -> int:
    return int.from_bytes((high << 32 | low).to_bytes(8, "little"), "little", signed=True)


def block(counter: tuple[int, ...], key: tuple[int, ...]) -> list[int]:
    seeds = torch.tensor([as_int64(key[0], key[1])])
    blocks = range(counter[0], counter[0] + 1)
    drawn = philox.words(seeds, torch.tensor([counter[1]]), (counter[2], counter[3]), blocks)
    return drawn[0].tolist()


def from_hexadecimal(words: str) -> tuple[int, ...]:
    return tuple(int(each, 16) for each in words.split())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["counter"])
def test_published_vectors(vector: dict[str, str]) -> None:
    counter, key = from_hexadecimal(vector["counter"]), from_hexadecimal(vector["key"])
    assert reference(counter, key) == list(from_hexadecimal(vector["words"]))
    assert block(counter, key) == list(from_hexadecimal(vector["words"]))


@given(st.tuples(word, word, word, word), st.tuples(word, word))
def test_any_block_is_that_of_the_reference(counter: tuple[int, ...], key: tuple[int, ...]) -> None:
    assert block(counter, key) == reference(counter, key)


@given(
    seeds=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=3),
    cell=st.integers(0, 2**32 - 2),
    generation=word,
    names=st.lists(st.text(max_size=5), max_size=3),
    start=st.integers(0, 2**34 - 9) | st.integers(0, 20),
)
def test_layout_of_key_and_counter(
    seeds: list[int], cell: int, generation: int, names: list[str], start: int
) -> None:
    key = Key.for_cells(torch.tensor(seeds), torch.full((len(seeds),), cell)).at(generation)
    for name in names:
        key = key.of(name)
    path = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
    purpose = int.from_bytes(blake2s(path.encode(), digest_size=4).digest(), "big")
    expected = [
        reference((position // 4, cell, generation, purpose), (seed % 2**32, seed // 2**32))[
            position % 4
        ]
        for seed in seeds
        for position in range(start, start + 9)
    ]
    assert draws.bits(key, (9,), start=start).flatten().tolist() == expected


@given(st.integers(0, 2**63 - 1))
def test_worlds_have_a_cell_of_their_own(seed: int) -> None:
    purpose = int.from_bytes(blake2s(b"", digest_size=4).digest(), "big")
    expected = reference((0, 0xFFFFFFFF, 0, purpose), (seed % 2**32, seed // 2**32))
    assert draws.bits(Key.for_worlds(torch.tensor([seed])), (4,)).tolist() == [expected]
    assert WORLD == 0xFFFFFFFF


def frozen_key() -> Key:
    key = Key.for_cells(torch.tensor(FROZEN["seeds"]), torch.tensor(FROZEN["cells"]))
    key = key.at(FROZEN["generation"])
    for name in FROZEN["purposes"]:
        key = key.of(name)
    return key


def frozen_draws(key: Key) -> dict[str, Any]:
    start, double = FROZEN["start"], torch.float64
    worlds = Key.for_worlds(key.seeds)
    return {
        "bits": draws.bits(key, (6,), start=start),
        "uniform_float32": draws.uniform(key, (6,), start=start),
        "uniform_float64": draws.uniform(key, (6,), dtype=double, start=start),
        "uniform_scaled": draws.uniform(key, (6,), low=-0.3, high=0.7, start=start),
        "normal_float32": draws.normal(key, (6,), start=start),
        "normal_float64": draws.normal(key, (6,), dtype=double, start=start),
        "normal_scaled": draws.normal(
            key, (6,), mean=0.1, standard_deviation=3.0, dtype=double, start=start
        ),
        "integers": draws.integers(key, (6,), 1000, low=-1000, start=start),
        "permutation": draws.permutation(key, 8),
        "choice": draws.choice(key, 1000, 4),
        "torch_seed": torch.tensor(draws.torch_seed(key)),
        "world": draws.bits(worlds, (4,)),
    }


def plain(value: Any) -> Any:
    """Frozen values as numbers: floats are written as float.hex, words as 8 digits."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        return float.fromhex(value) if "x" in value else int(value, 16)
    return value


@pytest.mark.parametrize("name", FROZEN["draws"])
def test_draws_never_change(name: str) -> None:
    assert frozen_draws(frozen_key())[name].tolist() == plain(FROZEN["draws"][name])


@pytest.mark.gpu
@pytest.mark.parametrize("name", FROZEN["draws"])
def test_draws_never_change_on_a_gpu(name: str) -> None:
    assert frozen_draws(frozen_key().to("cuda"))[name].tolist() == plain(FROZEN["draws"][name])


def box_muller(radius: int, angle: int) -> tuple[float, float]:
    """The pair from the functions of Python's mathematics library."""
    below, above = (radius + 0.5) / 2**32, (2**32 - radius - 0.5) / 2**32
    length = math.sqrt(-2 * (math.log(below) if radius < 2**31 else math.log1p(-above)))
    turn = ((angle % 2**30) + 0.5) / 2**30 * math.pi / 2
    across, along = length * math.cos(turn), length * math.sin(turn)
    return (-across if angle >> 30 & 1 else across, -along if angle >> 31 else along)


EXTREMES = st.sampled_from([0, 1, 2**29, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 2**32 - 1])


@given(st.lists(st.tuples(word | EXTREMES, word | EXTREMES), min_size=1, max_size=20))
def test_normals_are_those_of_box_and_muller(pairs: list[tuple[int, int]]) -> None:
    made = philox.normals(torch.tensor(pairs).view(1, -1))
    expected = [number for pair in pairs for number in box_muller(*pair)]
    torch.testing.assert_close(
        made, torch.tensor([expected], dtype=torch.float64), rtol=1e-13, atol=2e-15
    )


@given(
    streams=st.integers(0, 70_000),
    first=st.integers(0, 2**32 - 100_000),
    count=st.integers(0, 100_000),
)
def test_tiles_cover_every_block_of_every_stream_once(streams: int, first: int, count: int) -> None:
    blocks, limit = range(first, first + count), 2**15
    area, seen = 0, set()
    for rows, columns in philox.tiles(streams, blocks, torch.device("cpu")):
        height = len(range(streams)[rows])
        assert 0 < height * len(columns) <= limit
        assert blocks.start <= columns.start
        assert columns.stop <= blocks.stop
        assert (rows.start, columns.start) not in seen
        seen.add((rows.start, columns.start))
        area += height * len(columns)
    assert area == streams * count
