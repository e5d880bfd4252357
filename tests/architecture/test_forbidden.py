"""No global randomness, no code in data, no output from the library."""

from __future__ import annotations

import pytest

from tests.architecture.forbidden import (
    code_in_data,
    global_randomness,
    output,
    own_generators,
)
from tests.architecture.sources import CODE, PACKAGES, python_files, report

# Modules draw their first weights from torch's default generator and take no other, so
# coevo/networks.py seeds it for each and puts it back as it was.
THE_DEFAULT_GENERATOR = "coevo/networks.py"
# These seed that generator within `untouched_generator`, which puts it back.
SEEDS_AND_PUTS_BACK = (THE_DEFAULT_GENERATOR, "coevo/stackable.py")
# What talks to a person at a terminal.
THE_COMMAND_LINE = ("coevo/cli.py:", "coevo/console.py:")


def findings(check: object, *folders: str) -> list[str]:
    return report(check, python_files(*folders))  # type: ignore[arg-type]  # any checker


def test_no_global_randomness() -> None:
    found = findings(global_randomness, *CODE)
    excepted = [f for f in found if f.startswith(f"{THE_DEFAULT_GENERATOR}:")]
    assert [f.split(": ")[1] for f in excepted] == ["torch.default_generator"]
    assert [f for f in found if f not in excepted] == []


def test_generators_of_their_own_only_in_benchmarks() -> None:
    found = findings(own_generators, *CODE)
    allowed = ("scripts/benchmarks/", *(f"{name}:" for name in SEEDS_AND_PUTS_BACK))
    assert [f for f in found if not f.startswith(allowed)] == []


def test_no_code_in_data() -> None:
    assert findings(code_in_data, *CODE) == []


def test_no_output_from_the_packages() -> None:
    found = findings(output, *PACKAGES)
    assert [f for f in found if not f.startswith(THE_COMMAND_LINE)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.rand(3)",
        "import torch\ndraw = torch.rand",
        "import torch as t\nt.randn_like(x)",
        "from torch import randperm\nrandperm(4)",
        "import torch\ntorch.manual_seed(1)",
        "import torch\ntorch.random.fork_rng()",
        "import torch\ntorch.cuda.manual_seed_all(1)",
        "from torch import nn\nnn.init.normal_(w)",
        "from torch.nn import functional\nfunctional.dropout(x)",
        "x.normal_()",
        "import numpy as np\nnp.random.rand(3)",
        "import numpy as np\nnp.random.default_rng(3)",
        "import numpy as np\nnp.random.Philox()",
        "from numpy import random\nrandom.shuffle(x)",
        "from numpy.random import rand",
        "import random",
        "from random import choice",
        "import os\nos.urandom(8)",
    ],
)
def test_global_randomness_is_found(source: str) -> None:
    assert list(global_randomness(source))


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.rand(3, generator=torch.Generator().manual_seed(1))",
        "import numpy as np\nnp.random.Generator(np.random.Philox(7)).random(3)",
        "import numpy as np\nnp.random.SeedSequence(7, spawn_key=(1,))",
        "from coevo.random import normal\nnormal(key, (3,))",
        "from coevo import random\nrandom.normal(key, (3,))",
        "'torch.rand(3)'",
        "weights.mul_(2)",
    ],
)
def test_keyed_randomness_is_let_through(source: str) -> None:
    assert list(global_randomness(source)) == []


def test_own_generators_are_found() -> None:
    source = "import torch\nfirst = torch.Generator()\nfirst.manual_seed(1)\n"
    assert list(own_generators(source)) == [(2, "torch.Generator"), (3, ".manual_seed")]
    assert list(own_generators("import torch\ndef draw(own: torch.Generator): ...")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib",
        "import torch\ntorch.load('a')",
        "import torch\ntorch.save(x, 'a')",
        "from torch import load\nload('a')",
        "import numpy as np\nnp.load('a', allow_pickle=True)",
        "import numpy as np\nnp.load('a', allow_pickle=trusted)",
        "import numpy as np\nnp.lib.format.read_array(f, allow_pickle=1)",
        "eval('1')",
        "exec('x = 1')",
        "__import__('os')",
    ],
)
def test_code_in_data_is_found(source: str) -> None:
    assert list(code_in_data(source))


def test_plain_data_are_let_through() -> None:
    source = "import numpy as np\nimport json\nnp.load('a', allow_pickle=False)\njson.load(f)\n"
    assert list(code_in_data(source)) == []
    assert list(code_in_data("import re\nre.compile('a')\nmodel.eval()")) == []


@pytest.mark.parametrize(
    "source", ["print('a')", "import sys\nsys.stdout.write('a')", "breakpoint()"]
)
def test_output_is_found(source: str) -> None:
    assert list(output(source))
    assert list(output("console.print('a')")) == []
