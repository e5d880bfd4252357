"""A server for the page of one run, on this machine alone.

It listens on 127.0.0.1 and answers requests that name it so: a page from elsewhere that makes
its own name point here (DNS rebinding) names itself in ``Host`` and is refused.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from coevo.errors import CoevoError
from coevo.watching.page_maker import Made, PageMaker
from coevo.watching.served_page import live_page

__all__ = ["PORT", "PageServer", "listen"]

PORT = 8765
"""Where the server listens, if that is free."""

_ADDRESS = "127.0.0.1"
_NAMES = (_ADDRESS, "localhost", "[::1]")
_PATIENCE = 60.0  # seconds that a browser waits for the first page
_HTML = "text/html; charset=utf-8"
_HEADERS = {
    # Kept, but never used without asking whether there is a newer one.
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


class PageServer(ThreadingTCPServer):
    """Listens for browsers; every request has a thread of its own."""

    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that has gone, and all of anything else."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as they came

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """What to open."""
        return f"http://{_ADDRESS}:{self.port}/"


def listen(maker: PageMaker, port: int | None, every: float) -> PageServer:
    """Begin to listen; `PageServer.serve_forever` then answers.

    Args:
        maker: of the page.
        port: where to listen; None takes `PORT`, or a free one where that is taken.
        every: seconds between two looks of the page for a newer one.

    Raises:
        CoevoError: the port cannot be had.
    """
    handler = partial(_Handler, maker=maker, every=every)
    if port is not None and not 1 <= port <= 65535:
        raise CoevoError(f"--port: {port} is not a port; give 1 to 65535, or leave it out")
    try:
        return PageServer((_ADDRESS, port or PORT), handler)
    except OSError as error:
        if port is not None:
            raise CoevoError(
                f"--port: {port} cannot be used ({error.strerror or error}); choose another one, or "
                "leave it out"
            ) from error
        return PageServer((_ADDRESS, 0), handler)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server_version = "coevo"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60.0

    def __init__(self, *details: Any, maker: PageMaker, every: float) -> None:
        self._maker = maker
        self._every = every
        super().__init__(*details)

    def do_GET(self) -> None:
        """Answer with the page or the state."""
        if not self._is_for_here():
            self._refuse(
                HTTPStatus.MISDIRECTED_REQUEST, "This server answers to its own name only."
            )
            return
        place = self.path.partition("?")[0]
        if place == "/":
            self._page()
        elif place == "/state":
            version, words = self._maker.state()
            text = json.dumps({"version": version, "text": words})
            self._answer(HTTPStatus.OK, text, "application/json")
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def _only_read(self) -> None:
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "There is nothing to change.")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _only_read  # noqa: N815 - as above

    def log_message(self, *details: object) -> None:
        """Say nothing: the terminal belongs to the command."""

    def _is_for_here(self) -> bool:
        port = self.connection.getsockname()[1]
        known = {f"{name}:{port}" for name in _NAMES} | set(_NAMES if port == 80 else ())
        named = self.headers.get_all("Host") or []
        return len(named) == 1 and named[0].strip().lower() in known

    def _page(self) -> None:
        made = self._maker.page(_PATIENCE)
        if made is None:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "The page is still being made; reload it.")
        elif self.headers.get("If-None-Match") == _tag(made):
            self._answer(HTTPStatus.NOT_MODIFIED, "", _HTML, {"ETag": _tag(made)})
        else:
            text = live_page(made.text, made.version, self._every)
            self._answer(HTTPStatus.OK, text, _HTML, {"ETag": _tag(made)})

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        # What a refused request still sends is not read as another one.
        self.close_connection = True
        more = {"Connection": "close"}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            more["Allow"] = "GET, HEAD"
        self._answer(status, f"{text}\n", "text/plain; charset=utf-8", more)

    def _answer(
        self, status: HTTPStatus, text: str, kind: str, more: dict[str, str] | None = None
    ) -> None:
        body = text.encode("utf-8")
        headers = {
            **_HEADERS,
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **(more or {}),
        }
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _tag(made: Made) -> str:
    return f'"{made.version}"'
