"""HTML that is safe by construction: text is escaped unless it already is `Html`."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Child", "Html", "NOTHING", "join", "tag"]

_VOID = frozenset({"img", "input", "link", "meta"})


@dataclass(frozen=True)
class Html:
    """Markup that is ready to stand in a page.

    Attributes:
        text: the markup.
    """

    text: str


Child: TypeAlias = str | Html

NOTHING = Html("")


def join(*children: Child) -> Html:
    """The children one after the other, text escaped.

    Examples:
        >>> join("a < b", Html("<hr>")).text
        'a &lt; b<hr>'
    """
    return Html(
        "".join(child.text if isinstance(child, Html) else html.escape(child) for child in children)
    )


def tag(name: str, *children: Child, **attributes: str) -> Html:
    """One element.

    Args:
        name: of the element.
        *children: its content; text is escaped.
        **attributes: values are escaped; a trailing underscore is dropped and other
            underscores become hyphens, so ``class_`` and ``aria_label`` can be written.

    Examples:
        >>> tag("p", "1 < 2", class_="note").text
        '<p class="note">1 &lt; 2</p>'
        >>> tag("img", src="data:,", alt='a "digit"').text
        '<img src="data:," alt="a &quot;digit&quot;">'
    """
    pairs = [
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
    ]
    opening = f"<{name}{''.join(pairs)}>"
    if name in _VOID:
        return Html(opening)
    return Html(f"{opening}{join(*children).text}</{name}>")
