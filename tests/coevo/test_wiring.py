"""Which units become which inputs: known answers, and what silence of units does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from coevo.layers import PrunableLayer, prunable_layers
from coevo.networks import build_stacked
from coevo.wiring import Link, links_between
from tests.coevo.chains import CHAINS, Residual, linear

Build = Callable[[], nn.Module]


def layers_of(*parts: tuple[Build, tuple[int, ...]]) -> list[tuple[PrunableLayer, ...]]:
    return [prunable_layers(build, shape) for build, shape in parts]


def links(build: Build, shape: tuple[int, ...]) -> list[Link | None]:
    """The links within one module."""
    return links_between([build()], layers_of((build, shape)))


@pytest.mark.parametrize("name", CHAINS)
def test_known_chains_across_encoder_and_decoder(name: str) -> None:
    chain = CHAINS[name]
    layers = layers_of((chain.encoder, chain.inputs), (chain.decoder, chain.code))
    assert tuple(links_between([chain.encoder(), chain.decoder()], layers)) == chain.links
    assert tuple(layer.uses for own in layers for layer in own) == chain.uses


@pytest.mark.parametrize("name", CHAINS)
def test_silent_units_are_inputs_that_are_not_read(name: str) -> None:
    """A channel whose units give 0 does what it does where its inputs have no weight."""
    chain = CHAINS[name]

    def together() -> nn.Module:
        return nn.Sequential(_quiet(chain.encoder()), _quiet(chain.decoder()))

    layers = prunable_layers(together, chain.inputs)
    module = together().double()
    weights = dict(build_stacked(together).initialize([1], dtype=torch.float64).weights)
    rows = torch.linspace(0.1, 2.0, 2 * torch.Size(chain.inputs).numel(), dtype=torch.float64)
    rows = rows.view(2, *chain.inputs)

    def outputs(changed: dict[str, Tensor]) -> Tensor:
        found: Tensor = functional_call(
            module, {n: t[0] for n, t in (weights | changed).items()}, (rows,)
        )
        return found

    for before, after, link in zip(layers[:-1], layers[1:], chain.links, strict=True):
        assert link is not None
        for channel in range(link.channels):
            units, inputs = (
                slice(channel * size, (channel + 1) * size)
                for size in (link.units_per_channel, link.inputs_per_channel)
            )
            silent = before.matrix(weights, bias=True).clone()
            silent[:, units] = 0.0
            unread = after.matrix(weights, bias=True).clone()
            unread[:, :, inputs] = 0.0
            found = outputs(before.tensors(silent, bias=True))
            torch.testing.assert_close(found, outputs(after.tensors(unread, bias=True)))
            assert not torch.allclose(found, outputs({}))


def _quiet(module: nn.Module) -> nn.Module:
    """With activations that leave 0 as it is."""
    assert isinstance(module, nn.Sequential)
    kept = (nn.Linear, nn.Flatten, nn.Unflatten, nn.Conv1d, nn.Conv2d)
    kept = (*kept, nn.ConvTranspose1d, nn.ConvTranspose2d)
    return nn.Sequential(
        *(
            _quiet(child)
            if isinstance(child, nn.Sequential)
            else child
            if isinstance(child, kept)
            else nn.Tanh()
            for child in module
        )
    )


class Doubled(nn.Linear):
    """A linear layer that mixes its outputs."""

    def forward(self, inputs: Tensor) -> Tensor:
        found = super().forward(inputs)
        return found + found.flip(-1)


class Mixing(nn.Identity):
    """No identity at all."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + inputs.flip(-1)


@pytest.mark.parametrize(
    ("build", "shape", "expected"),
    [
        (lambda: Residual(4), (4,), [None]),
        (
            lambda: nn.Sequential(nn.Linear(4, 4), Residual(4), nn.Linear(4, 4), nn.Linear(4, 2)),
            (4,),
            [None, None, None, Link(4, 1, 1)],
        ),
        (
            lambda: nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2)),
            (4,),
            [None],
        ),
        (
            lambda: nn.Sequential(nn.Linear(4, 4), nn.Softmax(-1), nn.Linear(4, 2)),
            (4,),
            [None],
        ),
        (
            lambda: nn.Sequential(nn.Conv1d(2, 4, 1), nn.MaxPool1d(2), nn.Conv1d(4, 2, 1)),
            (2, 4),
            [None],
        ),
        (lambda: nn.Sequential(nn.Linear(4, 4), Mixing(), nn.Linear(4, 2)), (4,), [None]),
        (
            lambda: nn.Sequential(Doubled(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)),
            (4,),
            [None, Link(4, 1, 1)],
        ),
        (
            lambda: nn.Sequential(nn.Conv2d(2, 4, 1), nn.Conv2d(4, 4, 1, groups=2)),
            (2, 3, 3),
            [None],
        ),
        (
            lambda: nn.Sequential(nn.Conv2d(2, 4, 1, groups=2), nn.Conv2d(4, 2, 1)),
            (2, 3, 3),
            [Link(4, 1, 1)],
        ),
    ],
)
def test_where_the_way_is_not_plain_there_is_no_link(
    build: Build, shape: tuple[int, ...], expected: list[Link | None]
) -> None:
    assert links(build, shape) == expected


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        # Every output of the first layer is at three places.
        (lambda: nn.Sequential(nn.Linear(4, 2), nn.Flatten(), nn.Linear(6, 2)), (3, 4)),
        # The second layer reads the last dimension: input c is made of units c and c + 3.
        (lambda: nn.Sequential(nn.Linear(4, 6), nn.Unflatten(1, (2, 3)), nn.Linear(3, 2)), (4,)),
        (lambda: nn.Sequential(nn.Conv1d(2, 3, 2), nn.Linear(3, 2)), (2, 4)),
        # Units of the first layer are spread over maps, or maps over channels.
        (
            lambda: nn.Sequential(
                nn.Conv1d(2, 4, 1), nn.Unflatten(1, (2, 2)), nn.Conv2d(2, 1, (2, 1))
            ),
            (2, 5),
        ),
        (
            lambda: nn.Sequential(
                nn.Conv2d(1, 4, 1), nn.Flatten(), nn.Unflatten(1, (8, 2)), nn.Conv1d(8, 1, 1)
            ),
            (1, 2, 2),
        ),
        (
            lambda: nn.Sequential(nn.Conv2d(1, 4, 1), nn.Flatten(1, 2), nn.Conv1d(8, 1, 1)),
            (1, 2, 3),
        ),
    ],
)
def test_reshapes_that_mix_units_give_no_link(build: Build, shape: tuple[int, ...]) -> None:
    assert links(build, shape) == [None]


@pytest.mark.parametrize(
    ("build", "shape", "expected"),
    [
        (
            lambda: nn.Sequential(nn.Linear(4, 6), nn.Unflatten(1, (3, 2)), nn.Conv1d(3, 1, 2)),
            (4,),
            Link(3, 2, 2),
        ),
        (
            lambda: nn.Sequential(
                nn.Linear(4, 6), nn.Unflatten(1, (2, 3)), nn.ReLU(), nn.Flatten(), nn.Linear(6, 1)
            ),
            (4,),
            Link(6, 1, 1),
        ),
        (
            lambda: nn.Sequential(nn.Conv2d(1, 4, 1), nn.Flatten(2), nn.Conv1d(4, 1, 3)),
            (1, 2, 2),
            Link(4, 1, 3),
        ),
    ],
)
def test_reshapes_that_keep_units_together_link(
    build: Build, shape: tuple[int, ...], expected: Link
) -> None:
    assert links(build, shape) == [expected]


def test_a_layer_that_is_called_twice_breaks_the_chain() -> None:
    def build() -> nn.Module:
        layer = nn.Linear(4, 4)
        return nn.Sequential(layer, nn.Tanh(), layer, nn.Linear(4, 4), nn.Linear(4, 4))

    assert links(build, (4,)) == [None, None]
    # Without it, as rules and gauges see a module, its neighbors are still not linked.
    module = build()
    known = [layer for layer in prunable_layers(lambda: module, (4,)) if layer.calls == 1]
    assert links_between([module], [known]) == [Link(4, 1, 1)]


def test_nothing_is_known_of_what_stands_in_a_module_of_its_own() -> None:
    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = linear(4, 5, 3)

        def forward(self, inputs: Tensor) -> Tensor:
            found: Tensor = self.body(inputs)
            return found

    layers = layers_of((Wrapped, (4,)), (lambda: linear(3, 2), (3,)))
    assert links_between([Wrapped(), linear(3, 2)], layers) == [None, None]


def test_modules_without_layers_have_no_links() -> None:
    assert links(lambda: nn.Sequential(nn.Tanh(), nn.LayerNorm(4)), (4,)) == []
    assert links(lambda: linear(4, 2), (4,)) == []
