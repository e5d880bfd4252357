"""What remains of pruned networks: dead units, parameters, multiply-adds and sparsities by hand."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from coevo.layers import PrunableLayer
from coevo.roles import ROLES, RoleName
from coevo.wiring import links_between
from tests.coevo.chains import CHAINS, Chain, Residual, linear
from tests.coevo.pruning.gauged import dense, gauge_of, masked, positive


def test_dead_units_by_hand() -> None:
    chain = dense(2, 3, 2, 2, code=2)
    pair = positive(chain, 1)
    # Unit 0 reads nothing; unit 1 is not read; unit 2 carries all, through code 1 alone.
    first = torch.tensor([[[False, False], [True, True], [True, False]]])
    second = torch.tensor([[[True, False, False], [True, False, True]]])
    third = torch.tensor([[[True, True], [True, False]]])
    masks: dict[RoleName, dict[str, Tensor]] = {
        "encoder": {"0.weight": first, "2.weight": second},
        "decoder": {"0.weight": third},
    }
    found = gauge_of(chain).measures(masked(pair, masks))
    assert {name: values.tolist() for name, values in found.items()} == {
        # 3 of 6 and 3 of 6 are gone; 1 of 4.
        "encoder_sparsity": [6 / 12],
        "encoder_sparsity.0": [3 / 6],
        "encoder_sparsity.2": [3 / 6],
        # Units 0 and 1, and code 0, which is constant.
        "encoder_dead_units": [3],
        # One weight into unit 2 and its bias, one weight into code 1 and its bias.
        "encoder_parameters": [4],
        "encoder_multiply_adds": [2],
        "decoder_sparsity": [1 / 4],
        "decoder_sparsity.0": [1 / 4],
        # Output 1 reads a constant, and is one.
        "decoder_dead_units": [1],
        # One weight; the biases of the outputs stay.
        "decoder_parameters": [3],
        "decoder_multiply_adds": [1],
    }


def test_nothing_removed_is_everything_there() -> None:
    for chain in CHAINS.values():
        gauge, pair = gauge_of(chain), positive(chain, 2)
        found = gauge.measures(pair)
        products = {
            role: sum(layer.units * layer.inputs * layer.uses for layer in gauge.layers[role])
            for role in ROLES
        }
        for role in ROLES:
            assert found[f"{role}_sparsity"].tolist() == [0.0, 0.0]
            assert found[f"{role}_dead_units"].tolist() == [0, 0]
            assert found[f"{role}_parameters"].tolist() == [gauge.parameters[role]] * 2
            assert found[f"{role}_multiply_adds"].tolist() == [products[role]] * 2
            assert found[f"{role}_parameters"].dtype == torch.int64


def test_multiply_adds_of_convolutions_by_hand() -> None:
    chain = CHAINS["convolutions"]
    found = gauge_of(chain).measures(positive(chain, 1))
    # 3 maps of 1 x 3 x 3 at 16 places, 2 of 3 x 2 x 2 at 4, 3 of 8.
    assert found["encoder_multiply_adds"].tolist() == [27 * 16 + 24 * 4 + 24]
    # 8 of 3; 2 x 3 x 2 x 2 from each of 4 places; 1 of 3 at 16.
    assert found["decoder_multiply_adds"].tolist() == [24 + 24 * 4 + 3 * 16]


# sparsities


def test_sparsities_are_shares_of_what_rules_can_prune() -> None:
    chain = dense(4, 2, 4, code=1)
    pair = positive(chain, 2)
    weight = torch.tensor([[[True, False, False, False]] * 2, [[True] * 4] * 2])
    bias = torch.tensor([[True, False], [False, False]])
    masks: dict[RoleName, dict[str, Tensor]] = {"encoder": {"0.weight": weight, "0.bias": bias}}
    pruned = masked(pair, masks)
    without = gauge_of(chain, roles=("encoder",)).measures(pruned)
    assert without["encoder_sparsity"].tolist() == [6 / 8, 0.0]
    assert not any(name.startswith("decoder_sparsity") for name in without)
    assert {"decoder_dead_units", "decoder_parameters", "decoder_multiply_adds"} <= without.keys()
    together = gauge_of(chain, bias=True).measures(pruned)
    assert together["encoder_sparsity"].tolist() == [7 / 10, 2 / 10]
    assert together["encoder_sparsity.0"].dtype == torch.float64


def test_zeros_count_where_there_is_no_mask() -> None:
    chain = dense(2, 2, 2, code=1)
    pair = positive(chain, 1)
    weights = dict(pair["encoder"].weights)
    weights["0.weight"] = torch.tensor([[[0.0, 3.0], [0.0, -0.0]]], dtype=torch.float64)
    soft = {**pair, "encoder": replace(pair["encoder"], weights=weights)}
    found = gauge_of(chain).measures(soft)
    assert found["encoder_sparsity"].tolist() == [0.75]
    assert found["encoder_dead_units"].tolist() == [1]
    # A mask goes before zeros: a weight that is kept can be zero for a moment.
    masks = {"0.weight": torch.tensor([[[True, True], [False, True]]])}
    hard = {**pair, "encoder": replace(pair["encoder"], weights=weights, masks=masks)}
    assert gauge_of(chain).measures(hard)["encoder_sparsity"].tolist() == [0.25]
    # Both count where hard and soft masks meet.
    assert gauge_of(chain, soft=True).measures(hard)["encoder_sparsity"].tolist() == [0.75]


# where the way is not plain


def test_without_a_link_every_layer_is_looked_at_by_itself() -> None:
    chain = Chain(lambda: Residual(2), lambda: linear(2, 2), (2,), (2,), (), ())
    gauge, pair = gauge_of(chain), positive(chain, 1)
    nothing = {"inside.weight": torch.zeros(1, 2, 2, dtype=torch.bool)}
    found = gauge.measures(masked(pair, {"encoder": nothing}))
    # The layer outside is fed around the dead one.
    assert found["encoder_dead_units"].tolist() == [2]
    assert found["encoder_multiply_adds"].tolist() == [4]
    nothing = {"outside.weight": torch.zeros(1, 2, 2, dtype=torch.bool)}
    found = gauge.measures(masked(pair, {"encoder": nothing}))
    assert found["encoder_dead_units"].tolist() == [2]
    assert found["encoder_multiply_adds"].tolist() == [4]
    assert found["decoder_dead_units"].tolist() == [0]


def test_parameters_of_other_layers_always_remain() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 2))

    chain = Chain(build, lambda: linear(2, 3), (3,), (2,), (), ())
    pair = positive(chain, 1)
    masks = {name: torch.zeros_like(w).bool() for name, w in pair["encoder"].weights.items()}
    masks = {name: mask for name, mask in masks.items() if not name.startswith("1.")}
    found = gauge_of(chain).measures(masked(pair, {"encoder": masks}))
    assert found["encoder_parameters"].tolist() == [4]
    assert found["encoder_multiply_adds"].tolist() == [0]


def test_cells_are_counted_each_by_itself() -> None:
    chain = CHAINS["dense"]
    pair = positive(chain, 5)
    generator = torch.Generator().manual_seed(3)
    masks: dict[RoleName, dict[str, Tensor]] = {
        role: {n: torch.rand(w.shape, generator=generator) < 0.4 for n, w in p.weights.items()}
        for role, p in pair.items()
    }
    pruned, ids = masked(pair, masks), torch.tensor([3, 0, 3])
    gauge = gauge_of(chain, bias=True)
    found = gauge.measures(pruned)
    some = gauge.measures({role: p.select(ids) for role, p in pruned.items()})
    assert found.keys() == some.keys()
    for name, values in found.items():
        assert torch.equal(values[ids], some[name])


def test_layers_are_named_in_order() -> None:
    chain = CHAINS["dense"]
    names = list(gauge_of(chain).measures(positive(chain, 1)))
    assert [name for name in names if "sparsity" in name] == [
        "encoder_sparsity",
        "encoder_sparsity.0",
        "encoder_sparsity.2",
        "decoder_sparsity",
        "decoder_sparsity.0",
        "decoder_sparsity.2",
    ]


def test_layers_used_twice_are_left_out_of_the_count_but_not_of_the_parameters() -> None:
    def tied() -> nn.Module:
        layer = nn.Linear(2, 2)
        return nn.Sequential(layer, nn.Tanh(), layer, nn.Linear(2, 2))

    def single(layer: PrunableLayer) -> bool:
        return layer.calls == 1

    chain = Chain(tied, lambda: linear(2, 2), (2,), (2,), (), ())
    gauge = gauge_of(chain)
    layers = {role: tuple(filter(single, gauge.layers[role])) for role in ROLES}
    modules = [chain.encoder(), chain.decoder()]
    links = links_between(modules, [layers[role] for role in ROLES])
    found = replace(gauge, layers=layers, links=links).measures(positive(chain, 1))
    assert found["encoder_parameters"].tolist() == [12]
    assert found["encoder_multiply_adds"].tolist() == [4]
