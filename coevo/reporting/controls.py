"""What a reader chooses with."""

from __future__ import annotations

from collections.abc import Sequence

from coevo.reporting.markup import Html, tag

__all__ = ["select"]


def select(identity: str, name: str, options: Sequence[str], chosen: int) -> Html:
    """One of several options, by its position.

    Args:
        identity: of the element.
        name: before it.
        options: to choose from.
        chosen: the one at first.
    """
    found = [
        tag(
            "option",
            option,
            value=f"{place}",
            **({"selected": ""} if place == chosen else {}),
        )
        for place, option in enumerate(options)
    ]
    return tag("label", name, tag("select", *found, id=identity, autocomplete="off"))
