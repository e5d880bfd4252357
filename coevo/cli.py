"""The command line: thin calls of the library. Heavy imports wait until a command runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coevo.errors import CoevoError

if TYPE_CHECKING:
    from coevo.run import Run

__all__ = ["app", "main"]

app = typer.Typer(
    name="coevo",
    help="Spatial coevolution of encoder and decoder populations on a torus.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_ADVICE = "try a lower optimizer.learning_rate or learning_rate_maximum"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda; by default a GPU if there is one.")]
Trust = Annotated[
    bool, typer.Option("--trust", help="Import modules that the run's experiment names.")
]
Compact = Annotated[
    bool, typer.Option("--compact", help="Leave out what has no effect after pruning.")
]
Directory = Annotated[Path, typer.Argument(help="A run directory.")]


@app.command()
def run(
    experiment: Annotated[str, typer.Argument(help="A TOML file, or a preset's name.")],
    out: Annotated[Path | None, typer.Option(help="Directory to make.")] = None,
    device: Device = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key: key=value. May be repeated.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Run an experiment."""
    from coevo.console import Console
    from coevo.run import run as run_experiment

    with Console(quiet=as_json) as console:
        finished = run_experiment(
            experiment, out, device=device, overrides=changes or (), hooks=console.hooks
        )
    _finish(finished, as_json=as_json)


@app.command()
def resume(
    directory: Directory,
    generations: Annotated[int | None, typer.Option(help="Another number to end with.")] = None,
    device: Device = None,
    trust: Trust = False,  # noqa: FBT002 - a flag of the command line
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Go on with an interrupted run, exactly as if it had never stopped."""
    from coevo.console import Console
    from coevo.run import resume as resume_run

    with Console(quiet=as_json) as console:
        finished = resume_run(
            directory, generations=generations, device=device, trust=trust, hooks=console.hooks
        )
    _finish(finished, as_json=as_json)


@app.command()
def report(
    directory: Directory,
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Write report.html of a run, also of one that is not finished."""
    from coevo.report import write_report

    path = write_report(directory)
    _print(str(path), {"report": str(path)}, as_json=as_json)


@app.command()
def export(
    directory: Directory,
    format: Annotated[str, typer.Option(help="safetensors, torch-export or onnx.")],  # noqa: A002 - a flag of the command line
    compact: Compact = False,  # noqa: FBT002 - a flag of the command line
    out: Annotated[Path | None, typer.Option(help="Directory to make.")] = None,
    trust: Trust = False,  # noqa: FBT002 - a flag of the command line
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Write the best pairing of a run for other programs, and check that it computes the same."""
    from coevo.export import export as export_pairing

    written = export_pairing(directory, format, compact=compact, out=out, trust=trust)
    _print(written.summary, written.document, as_json=as_json)


@app.command("list")
def list_names(
    kind: Annotated[str | None, typer.Argument(help="One list only.")] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """List what an experiment can name, that of installed packages included."""
    from coevo.listing import KINDS, listing

    found = {name: listing(name) for name in ([kind] if kind else KINDS)}
    lines = []
    for name, entries in found.items():
        width = max(map(len, entries))
        lines += [name, *(f"  {entry:<{width}}  {text}" for entry, text in entries.items())]
    _print("\n".join(lines), found, as_json=as_json)


@app.command("check-operator")
def check_operator(
    reference: Annotated[str, typer.Argument(help="A name, or module:name of your own.")],
    examples: Annotated[int, typer.Option(help="How many are tried for each law.")] = 200,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", help="Of the operator: key=value. May be repeated."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Judge a pruning operator by the laws of operators; code 1 if it breaks one."""
    from dataclasses import asdict

    from coevo.operator_check import check_operator, operator_options

    verdicts = check_operator(reference, examples=examples, options=operator_options(options or ()))
    lines = []
    for verdict in verdicts:
        outcome = "FAILS" if verdict.outcome == "fails" else verdict.outcome
        reason = f": {verdict.message}" if verdict.message else ""
        lines.append(f"{outcome:<14}  {verdict.law}{reason}")
        lines += [f"{'':<16}{line}" for line in verdict.counterexample.splitlines()]
    document = {"operator": reference, "examples": examples, "laws": list(map(asdict, verdicts))}
    _print("\n".join(lines), document, as_json=as_json)
    if any(verdict.outcome == "fails" for verdict in verdicts):
        sys.exit(1)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors are one line each and end with code 2."""
    from coevo.interruption import Interrupted, Stopped

    try:
        app(args=arguments)
    except CoevoError as error:
        typer.echo(f"coevo: {error}", err=True)
        sys.exit(2)
    except (Interrupted, Stopped) as stopped:
        typer.echo(f"\ncoevo: {stopped}", err=True)
        sys.exit(130)


def _finish(finished: Run, *, as_json: bool) -> None:
    outcome = finished.outcome
    document = {"directory": str(finished.directory), **outcome}
    lines = [f"coevo: {finished.directory / 'report.html'}"]
    if outcome["best"] is not None:
        figures = "  ".join(f"{name} {value:.5f}" for name, value in finished.test.items())
        best = outcome["best"]
        place = f"row {best['row']}, column {best['column']}"
        if len(outcome["worlds"]) > 1:
            place += f" of the world with seed {best['seed']}"
        lines.insert(
            0, f"best pairing (chosen on validation rows): {place}; on test rows {figures}"
        )
    _print("\n".join(lines), document, as_json=as_json)
    stopped = [world for world in outcome["worlds"] if world["status"] == "stopped"]
    for world in stopped:
        typer.echo(
            f"coevo: the world with seed {world['seed']} stopped in generation "
            f"{world['stopped_at']}: a loss or a weight was not finite; its last good state "
            f"is kept ({_ADVICE})",
            err=True,
        )
    if outcome["status"] == "failed":
        if not stopped:
            typer.echo(f"coevo: no loss on validation rows is finite ({_ADVICE})", err=True)
        sys.exit(1)


def _print(text: str, document: dict[str, Any], *, as_json: bool) -> None:
    typer.echo(json.dumps(document, indent=2) if as_json else text)
