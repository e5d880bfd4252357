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

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda; by default a GPU if there is one.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="Change a key: key=value. May be repeated.")
]
PlanOnly = Annotated[
    bool, typer.Option("--dry-run", help="Show stacks, memory and time; compute nothing.")
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Import modules that the run's experiment names.")
]
Compact = Annotated[
    bool, typer.Option("--compact", help="Leave out what has no effect after pruning.")
]
Serve = Annotated[
    bool, typer.Option("--serve", help="Serve the report, refreshing, to this machine alone.")
]
AllPairs = Annotated[
    bool, typer.Option("--all-pairs", help="Compare all variants with each other.")
]
HigherIsBetter = Annotated[
    bool, typer.Option("--higher-is-better", help="For metrics that are no losses.")
]
Directory = Annotated[Path, typer.Argument(help="A run directory.")]


@app.command()
def run(
    experiment: Annotated[str, typer.Argument(help="A TOML file, or a preset's name.")],
    out: Annotated[Path | None, typer.Option(help="Directory to make.")] = None,
    device: Device = None,
    changes: Changes = None,
    plan_only: PlanOnly = False,  # noqa: FBT002 - a flag of the command line
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Run an experiment or a study."""
    from coevo.console import Console
    from coevo.run import run as run_experiment

    if plan_only:
        from coevo.dry_run import dry_run

        foreseen = dry_run(experiment, device=device, overrides=changes or ())
        _print(foreseen.text, foreseen.document, as_json=as_json)
        return
    with Console(quiet=as_json) as console:
        finished = run_experiment(
            experiment, out, device=device, overrides=changes or (), hooks=console.hooks
        )
    _finish(finished, as_json=as_json)


@app.command()
def resume(
    directory: Directory,
    generations: Annotated[int | None, typer.Option(help="Another number to end with.")] = None,
    changes: Changes = None,
    device: Device = None,
    trust: Trust = False,  # noqa: FBT002 - a flag of the command line
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Go on with an interrupted run, exactly as if it had never stopped, or extend a study."""
    from coevo.console import Console
    from coevo.run import resume as resume_run

    with Console(quiet=as_json) as console:
        finished = resume_run(
            directory,
            generations=generations,
            overrides=changes or (),
            device=device,
            trust=trust,
            hooks=console.hooks,
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
def watch(  # noqa: PLR0913 - one for each flag of the command line
    directory: Annotated[Path, typer.Argument(help="Of a run or study; may not be there yet.")],
    as_page: Serve = False,  # noqa: FBT002 - a flag of the command line
    port: Annotated[int | None, typer.Option(help="Where to serve it.")] = None,
    every: Annotated[float | None, typer.Option(help="Seconds between two looks.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Print one frame and end.")] = False,  # noqa: FBT002 - a flag of the command line
    world: Annotated[int | None, typer.Option(help="Whose torus to show, from 0.")] = None,
    variant: Annotated[str | None, typer.Option(help="Whose worlds to show.")] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Watch a run or study while it goes on; Ctrl-C ends the watching alone."""
    from coevo.watch import look, serve
    from coevo.watch import watch as watch_directory

    frames = {"--once": once, "--json": as_json, "--world": world, "--variant": variant}
    for flag, value in frames.items() if as_page else [("--port", port)]:
        if value is not None and value is not False:
            which = "does not go" if as_page else "goes only"
            raise CoevoError(f"{flag}: {which} with --serve; leave it out")
    options: dict[str, Any] = {} if every is None else {"every": every}
    if as_page:
        serve(directory, port=port, say=typer.echo, **options)
    elif as_json:
        _print("", look(directory, world=world, variant=variant), as_json=True)
    else:
        watch_directory(directory, once=once, world=world, variant=variant, **options)


@app.command()
def compare(  # noqa: PLR0913 - one for each flag of the command line
    directories: Annotated[list[Path], typer.Argument(help="Of studies and runs.")],
    metric: Annotated[
        str | None, typer.Option(help="test_mse, validation_l1, ... or a column of the records.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Keys that name the groups: key,key,...")] = None,
    control: Annotated[
        str | None, typer.Option(help="Name of what others are tested with.")
    ] = None,
    over: Annotated[str, typer.Option(help="Cells of a run: best, mean or median.")] = "best",
    generation: Annotated[int | None, typer.Option(help="Of recorded numbers.")] = None,
    all_pairs: AllPairs = False,  # noqa: FBT002 - a flag of the command line
    higher_is_better: HigherIsBetter = False,  # noqa: FBT002 - a flag of the command line
    seed: Annotated[int, typer.Option(help="Of the bootstrap intervals.")] = 0,
    format: Annotated[str, typer.Option(help="text, csv, json or latex.")] = "text",  # noqa: A002 - a flag of the command line
    out: Annotated[Path | None, typer.Option(help="File to write instead of printing.")] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Compare the variants of studies, and runs, by statistics that can be published."""
    from coevo.compare import CompareOptions, check_format
    from coevo.compare import compare as compare_directories
    from coevo.files import write_text

    check_format(format)
    comparison = compare_directories(
        directories,
        metric,
        by=by or (),
        control=control,
        over=over,
        options=CompareOptions(generation, higher_is_better, all_pairs, seed),
    )
    text = comparison.written(format).removesuffix("\n")
    if out is not None:
        write_text(out, f"{text}\n")
        text = str(out)
    _print(text, comparison.document if as_json else {}, as_json=as_json)


@app.command()
def export(  # noqa: PLR0913 - a parameter for each flag
    directory: Directory,
    format: Annotated[str, typer.Option(help="safetensors, torch-export or onnx.")],  # noqa: A002 - a flag of the command line
    variant: Annotated[str | None, typer.Option(help="Of a study; by default the best.")] = None,
    compact: Compact = False,  # noqa: FBT002 - a flag of the command line
    out: Annotated[Path | None, typer.Option(help="Directory to make.")] = None,
    trust: Trust = False,  # noqa: FBT002 - a flag of the command line
    as_json: Json = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Write the best pairing of a run for other programs, and check that it computes the same."""
    from coevo.export import export as export_pairing

    written = export_pairing(
        directory, format, variant=variant, compact=compact, out=out, trust=trust
    )
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
    from coevo.ending import final_lines, warnings_of

    outcome = finished.outcome
    document = {"directory": str(finished.directory), **outcome}
    _print("\n".join(final_lines(finished)), document, as_json=as_json)
    for warning in warnings_of(outcome):
        typer.echo(f"coevo: {warning}", err=True)
    if outcome["status"] != "complete":
        sys.exit(1)


def _print(text: str, document: dict[str, Any], *, as_json: bool) -> None:
    typer.echo(json.dumps(document, indent=2) if as_json else text)
