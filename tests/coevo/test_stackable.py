"""Which modules can be stacked, and what users read about the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from coevo.errors import CoevoError
from coevo.stackable import check_stackable

Build = Callable[[], nn.Module]
Forward = Callable[[nn.Module, Tensor], Tensor]

NAME = "network.encoder"
STATISTICS = (
    "computes statistics of the batch while training, which stacked networks cannot keep apart; "
    "use GroupNorm or LayerNorm, or call .eval() on it"
)
RANDOM = (
    "draws random numbers from torch's global state, so that runs would not repeat; remove it "
    "(task.kind = 'denoise' gives seeded noise)"
)
ROWS = "the module's rows depend on each other; a network must treat every row alone"


class Own(nn.Module):
    """A linear layer from 4 to 5 numbers, used as ``forward`` says."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 5)
        self.calls: Tensor
        self.register_buffer("calls", torch.ones(()))
        self.compute = forward

    def forward(self, inputs: Tensor) -> Tensor:
        return self.compute(self, inputs)


def own(forward: Forward) -> Build:
    return lambda: Own(forward)


def after_linear(*layers: Callable[[], nn.Module]) -> Build:
    return lambda: nn.Sequential(nn.Linear(4, 6), *(layer() for layer in layers))


def in_eval(build: Build) -> Build:
    return lambda: build().eval()


def message(build: Callable[[], object]) -> str:
    with pytest.raises(CoevoError) as raised:
        check_stackable(build, (4,), name=NAME)  # type: ignore[arg-type]  # some return no module
    return str(raised.value)


@pytest.mark.parametrize(
    ("build", "layer", "reason"),
    [
        (lambda: nn.BatchNorm1d(4), "BatchNorm1d", STATISTICS),
        (after_linear(lambda: nn.BatchNorm1d(6)), "layer '1' (BatchNorm1d)", STATISTICS),
        (
            after_linear(lambda: nn.BatchNorm1d(6, track_running_stats=False)),
            "layer '1' (BatchNorm1d)",
            STATISTICS,
        ),
        (
            after_linear(
                lambda: nn.Unflatten(1, (2, 3)),
                lambda: nn.InstanceNorm1d(2, track_running_stats=True),
            ),
            "layer '2' (InstanceNorm1d)",
            STATISTICS,
        ),
        (after_linear(nn.Dropout), "layer '1' (Dropout)", RANDOM),
        (after_linear(nn.ReLU, nn.AlphaDropout), "layer '2' (AlphaDropout)", RANDOM),
        (lambda: nn.LazyLinear(3), "LazyLinear", "has no sizes yet; use the layer with sizes"),
    ],
)
def test_layers_that_are_refused_by_their_kind(build: Build, layer: str, reason: str) -> None:
    assert message(build) == f"{NAME}: {layer} {reason}"


def branches_on_values(module: nn.Module, inputs: Tensor) -> Tensor:
    outputs: Tensor = module.get_submodule("linear")(inputs)
    return outputs if outputs.sum() > 0 else -outputs


def takes_an_item(module: nn.Module, inputs: Tensor) -> Tensor:
    outputs: Tensor = module.get_submodule("linear")(inputs)
    return outputs * outputs.sum().item()


def draws_noise(module: nn.Module, inputs: Tensor) -> Tensor:
    outputs: Tensor = module.get_submodule("linear")(inputs)
    return outputs + torch.rand_like(outputs)


def drops_out(module: nn.Module, inputs: Tensor) -> Tensor:
    return functional.dropout(module.get_submodule("linear")(inputs), 0.5)


@pytest.mark.parametrize(
    "forward", [branches_on_values, takes_an_item, draws_noise, drops_out], ids=lambda f: f.__name__
)
def test_forward_passes_that_cannot_be_batched(forward: Forward) -> None:
    found = message(own(forward))
    # What stands between is torch's, and changes with its version.
    assert found.startswith(f"{NAME}: the module cannot be stacked: RuntimeError: vmap: ")
    assert found.endswith(
        "; avoid branches on the values of tensors, .item(), random layers and layers that "
        "torch.func.vmap does not know"
    )
    assert "\n" not in found


def subtracts_the_mean(module: nn.Module, inputs: Tensor) -> Tensor:
    result: Tensor = module.get_submodule("linear")(inputs - inputs.mean(0))
    return result


def reverses_the_rows(module: nn.Module, inputs: Tensor) -> Tensor:
    result: Tensor = module.get_submodule("linear")(inputs.flip(0))
    return result


@pytest.mark.parametrize(
    "build",
    [
        own(subtracts_the_mean),
        own(reverses_the_rows),
        # Without statistics of its own it takes those of the batch, in evaluation mode too.
        in_eval(after_linear(lambda: nn.BatchNorm1d(6, track_running_stats=False))),
    ],
    ids=["subtracts the mean", "reverses the rows", "batch norm without statistics"],
)
def test_modules_whose_rows_depend_on_each_other(build: Build) -> None:
    assert message(build) == f"{NAME}: {ROWS}"


def counts_its_calls(module: nn.Module, inputs: Tensor) -> Tensor:
    module.get_buffer("calls").add_(1)
    result: Tensor = module.get_submodule("linear")(inputs)
    return result


def test_a_forward_pass_that_changes_a_buffer() -> None:
    assert message(own(counts_its_calls)) == (
        f"{NAME}: the module's forward pass changes its buffers, which stacked networks cannot "
        "do; keep no state in buffers"
    )


def failing() -> nn.Module:
    raise ValueError("no size 3\nand more lines")


def test_factories_that_give_no_network() -> None:
    assert message(failing) == f"{NAME}: the factory failed: ValueError: no size 3; mend it"
    for result, kind in ((None, "NoneType"), (nn.Linear, "type"), (3, "int")):
        assert message(lambda result=result: result) == (  # type: ignore[misc]  # no module
            f"{NAME}: the factory returned {kind}; return a torch.nn.Module"
        )
    assert message(nn.Tanh) == (
        f"{NAME}: the module has no trainable weights; there is nothing to train"
    )


@pytest.mark.parametrize(
    ("forward", "got"),
    [
        (lambda module, inputs: module.linear(inputs).sum(), "[]"),
        (lambda module, inputs: module.linear(inputs).sum(0), "[5]"),
        (lambda module, inputs: module.linear(inputs).repeat(2, 1), "[6, 5]"),
        (lambda module, inputs: (module.linear(inputs), inputs), "tuple"),
    ],
)
def test_outputs_without_a_row_per_input_row(forward: Forward, got: str) -> None:
    assert message(own(forward)) == (
        f"{NAME}: the module must return one tensor with a row per input row, [3, ...]; got {got}"
    )


def test_an_input_that_does_not_fit() -> None:
    found = message(lambda: nn.Linear(7, 2))
    start = f"{NAME}: the module cannot be called on inputs of shape [3, 4] (rows first): "
    assert found.startswith(start)


class DrawsAConstant(nn.Module):
    """Keeps a random tensor where no stack and no checkpoint sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 5)
        self.constant = torch.rand(4)

    def forward(self, inputs: Tensor) -> Tensor:
        result: Tensor = self.linear(inputs * self.constant)
        return result


@pytest.mark.parametrize(
    "build",
    [
        DrawsAConstant,
        lambda: parametrizations.weight_norm(nn.Linear(4, 5)),
        lambda: nn.Sequential(parametrizations.spectral_norm(nn.Linear(4, 5)), nn.Tanh()),
    ],
    ids=["random attribute", "weight norm", "spectral norm"],
)
def test_what_else_cannot_be_stacked_is_refused_in_words(build: Build) -> None:
    assert message(build).startswith(f"{NAME}: ")


def test_the_default_generator_stays_as_it_was() -> None:
    before = torch.random.get_rng_state()
    check_stackable(after_linear(nn.ReLU), (4,), name=NAME)
    assert torch.equal(torch.random.get_rng_state(), before)
