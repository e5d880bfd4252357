"""Judges a pruning operator by the laws of `operators.laws`, by the name that experiments use."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from coevo.errors import CoevoError
from coevo.plugins import plugin_names
from coevo.problems import complaint, not_listed, shown
from coevo.toml_text import parse_override
from coevo.user_code import Sources, load_named, origin
from operators import OPERATORS, MaskingOperator, ScoringOperator, as_operator

if TYPE_CHECKING:
    from operators.laws import Verdict

__all__ = ["check_operator", "operator_options"]

_Operator: TypeAlias = ScoringOperator | MaskingOperator


def check_operator(
    reference: str,
    *,
    examples: int = 200,
    options: Mapping[str, Any] | None = None,
    search: Iterable[Path] = (Path(),),
) -> list[Verdict]:
    """Judge a pruning operator by all laws; docs/laws.md says what each of them means.

    Args:
        reference: a built-in name, a name that an installed package registers, or
            ``module:name``, which is imported.
        examples: for each law, >= 1; the same ones every time.
        options: of the operator.
        search: folders that are searched for the module before the installed packages.

    Returns:
        One verdict for each law, with the smallest counterexample where it fails.

    Raises:
        CoevoError: there is no such operator, it cannot be imported, it does not take an option or
            its value, or Hypothesis is not installed.

    Examples:
        >>> [verdict.law for verdict in check_operator("movement") if verdict.outcome == "fails"]
        []
    """
    if examples < 1:
        raise CoevoError(f"--examples: {examples} is too small; use 1 or more")
    operator = _operator(reference, options or {}, Sources(tuple(search), trust=True))
    try:
        from operators import laws
    except ImportError as error:
        raise CoevoError(str(error)) from error
    with _storing_nothing(), _warning_once():
        if reference not in OPERATORS:
            _check_values(operator)
        return laws.check_operator(operator, examples=examples)


def operator_options(texts: Iterable[str]) -> dict[str, Any]:
    """Read options as the command line gives them.

    Args:
        texts: ``key=value`` each; values as in TOML, and what is not TOML counts as text.

    Raises:
        CoevoError: a text is of another form.

    Examples:
        >>> operator_options(["remove=high", "threshold=0.2"])
        {'remove': 'high', 'threshold': 0.2}
    """
    options = {}
    for text in texts:
        path, value = parse_override(text, flag="--option", example="threshold=0.2")
        if len(path) > 1:
            raise CoevoError(f"--option: {shown(text)} has a key with dots; write one name")
        options[path[0]] = value
    return options


def _operator(reference: str, options: Mapping[str, Any], sources: Sources) -> _Operator:
    if reference in OPERATORS:
        return _built_in(reference, options)
    if ":" not in reference and reference not in plugin_names("operators"):
        known = [*OPERATORS, *plugin_names("operators")]
        raise CoevoError(
            f"operator: {not_listed(reference, 'an operator', known, also='your own module:name')}"
        )
    found = load_named("operators", "operator", reference, sources)
    try:
        operator = as_operator(found)
    except ValueError as error:
        raise CoevoError(f"operator: {origin('operators', reference)}: {error}") from error
    return _bound(operator, options)


def _built_in(name: str, options: Mapping[str, Any]) -> _Operator:
    """One of ours, whose options have the same limits as in an experiment."""
    from pydantic import ValidationError

    from coevo.pruning_table import PruningTable
    from coevo.validation import value_problems

    bound = _bound(OPERATORS[name], options)
    try:
        PruningTable(operator=name, **options)
    except ValidationError as error:
        problems = value_problems(error, PruningTable)
        raise complaint(problems, lambda _: "--option: ") from error
    return bound


def _bound(operator: _Operator, options: Mapping[str, Any]) -> _Operator:
    try:
        return operator.bound(options)
    except ValueError as error:
        raise CoevoError(f"--option: {error}") from error


def _check_values(operator: _Operator) -> None:
    """Refuse values of options that the operator itself refuses, before the laws meet them."""
    from coevo.pruning.operator import refused_option

    refused = refused_option(operator)
    if refused:
        raise CoevoError(f"--option: {refused}")


@contextmanager
def _warning_once() -> Iterator[None]:
    """Show what one line of code warns of only once, however many examples come by."""
    with warnings.catch_warnings():
        show, seen = warnings.showwarning, set()

        def show_once(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            place = (category, filename, lineno)
            if place not in seen:
                seen.add(place)
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = show_once
        yield


@contextmanager
def _storing_nothing() -> Iterator[None]:
    """Keep Hypothesis from leaving a folder where the user happens to be."""
    from hypothesis.configuration import set_hypothesis_home_dir, storage_directory

    before = storage_directory(intent_to_write=False).home_directory
    set_hypothesis_home_dir(os.devnull)
    try:
        yield
    finally:
        set_hypothesis_home_dir(before)
