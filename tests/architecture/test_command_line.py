"""The commands and flags that users type: a change here changes scripts of theirs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from coevo.cli import app

COMMANDS = {
    "run": {
        *("EXPERIMENT", "--out VALUE", "--device VALUE", "--set VALUE ...", "--dry-run", "--json"),
    },
    "resume": {
        *("DIRECTORY", "--generations VALUE", "--set VALUE ...", "--device VALUE", "--trust"),
        "--json",
    },
    "report": {"DIRECTORY", "--json"},
    "compare": {
        *("DIRECTORIES", "--metric VALUE", "--by VALUE", "--control VALUE", "--over VALUE"),
        *("--generation VALUE", "--all-pairs", "--higher-is-better", "--seed VALUE"),
        *("--format VALUE", "--out VALUE", "--json"),
    },
    "watch": {
        *("DIRECTORY", "--serve", "--port VALUE", "--every VALUE", "--once", "--world VALUE"),
        *("--variant VALUE", "--json"),
    },
    "export": {
        *(
            "DIRECTORY",
            "--format VALUE",
            "--variant VALUE",
            "--compact",
            "--out VALUE",
            "--trust",
            "--json",
        ),
    },
    "list": {"[KIND]", "--json"},
    "check-operator": {"REFERENCE", "--examples VALUE", "--option VALUE ...", "--json"},
}


def surface(application: typer.Typer) -> dict[str, set[str]]:
    """What can be typed: arguments, and flags, with a value or without."""
    group = typer.main.get_command(application)
    commands: dict[str, Any] = getattr(group, "commands", {})
    return {name: _parameters(command) for name, command in commands.items()}


def _parameters(command: Any) -> set[str]:
    found = set()
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = str(parameter.name).upper()
            found.add(name if parameter.required else f"[{name}]")
        else:
            flags = "/".join([*parameter.opts, *parameter.secondary_opts])
            value = "" if parameter.is_flag else " VALUE"
            found.add(f"{flags}{value}{' ...' if parameter.multiple else ''}")
    return found


def test_commands_and_flags_are_frozen() -> None:
    assert surface(app) == COMMANDS


def test_help_is_on_both_flags() -> None:
    assert app.info.context_settings == {"help_option_names": ["-h", "--help"]}


def test_a_change_is_seen() -> None:
    other = typer.Typer()

    @other.command()
    def run(
        experiment: str,
        depth: Annotated[int, typer.Option("--depth", "-d")] = 1,
        names: Annotated[list[str] | None, typer.Option("--name")] = None,
        loud: Annotated[bool, typer.Option("--loud/--quiet")] = False,
    ) -> None: ...

    @other.command("list")
    def names(kind: Annotated[str | None, typer.Argument()] = None) -> None: ...

    assert surface(other) == {
        "run": {"EXPERIMENT", "--depth/-d VALUE", "--name VALUE ...", "--loud/--quiet"},
        "list": {"[KIND]"},
    }
