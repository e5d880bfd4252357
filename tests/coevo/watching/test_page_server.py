"""The server of the report page: who may ask it what, and what is made anew when."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from coevo.errors import CoevoError
from coevo.report import report_page
from coevo.watch import serve
from coevo.watching import server as serving
from coevo.watching.served_page import live_page
from coevo.watching.server import PageServer
from tests.coevo.report_runs import InventedRun
from tests.coevo.watching.serving import served
from tests.coevo.watching.watched import Watched, tell

PAGE = "<html><head><meta content=\"script-src 'sha256-x'\"></head><body>{}</body></html>"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PageServer]:
    with served(Watched().write(tmp_path / "run"), lambda _: PAGE.format("a page")) as found:
        yield found


def ask(
    server: PageServer, path: str = "/", method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    """One request; names of headers with ``_`` for ``-``."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": f"127.0.0.1:{server.port}", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode("utf-8")
    connection.close()
    return answer, text


def state(server: PageServer) -> dict[str, str]:
    found = json.loads(ask(server, "/state")[1])
    assert isinstance(found, dict)
    return found


def test_it_listens_to_this_machine_alone(server: PageServer) -> None:
    assert server.server_address == ("127.0.0.1", server.port)
    assert server.url == f"http://127.0.0.1:{server.port}/"
    own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in sorted({str(one) for one in own} - {"127.0.0.1"}):
        with pytest.raises(OSError):  # noqa: PT011 - refused or unreachable, as it likes
            socket.create_connection((address, server.port), timeout=1)


def test_the_page_is_there_and_may_be_kept_but_not_believed(server: PageServer) -> None:
    answer, text = ask(server)
    assert answer.status == 200
    assert "a page" in text
    assert answer.getheader("Content-Type") == "text/html; charset=utf-8"
    assert answer.getheader("Cache-Control") == "no-cache"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("X-Frame-Options") == "DENY"
    assert answer.getheader("Access-Control-Allow-Origin") is None
    tag = answer.getheader("ETag")
    assert tag is not None
    again, nothing = ask(server, If_None_Match=tag)
    assert (again.status, nothing) == (304, "")
    assert ask(server, If_None_Match='"other"')[0].status == 200
    head, nothing = ask(server, method="HEAD")
    assert (head.status, nothing) == (200, "")
    assert head.getheader("Content-Length") == answer.getheader("Content-Length")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST:{port}", 200),
        ("[::1]:{port}", 200),
        ("127.0.0.1", 421),
        ("127.0.0.1:1", 421),
        ("evil.example:{port}", 421),
        ("localhost.evil.example:{port}", 421),
        ("evil.example", 421),
        ("", 421),
    ],
)
def test_who_calls_it_by_another_name_is_refused(
    host: str, status: int, server: PageServer
) -> None:
    for path in ("/", "/state"):
        answer, text = ask(server, path, Host=host.format(port=server.port))
        assert answer.status == status
        assert ("a page" in text) == (status == 200 and path == "/")


def test_no_name_and_two_names_are_refused(server: PageServer) -> None:
    own = f"Host: 127.0.0.1:{server.port}\r\n"
    for names in ("", own * 2, f"{own}Host: evil.example\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(f"GET / HTTP/1.1\r\n{names}\r\n".encode())
            assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_there_is_nothing_to_change(method: str, server: PageServer) -> None:
    answer, text = ask(server, method=method)
    assert answer.status == 405
    assert answer.getheader("Allow") == "GET, HEAD"
    assert "a page" not in text


@pytest.mark.parametrize(
    "path",
    [
        *("/report.html", "/experiment.toml", "/../run/experiment.toml", "/%2e%2e/", "/state/"),
        *("http://127.0.0.1/", "/records", "/favicon.ico"),
    ],
)
def test_no_other_path_leads_anywhere(path: str, server: PageServer) -> None:
    answer, text = ask(server, path)
    assert (answer.status, text) == (404, "There is nothing here.\n")


def test_the_page_is_made_anew_when_its_files_change_and_only_then(tmp_path: Path) -> None:
    run, made = Watched(), []

    def make(directory: Path) -> str:
        made.append(directory)
        return PAGE.format(f"page with {len(list((directory / 'records').glob('*')))} parts")

    directory = run.write(tmp_path / "run")
    run.record(directory, 1, 10)
    with served(directory, make) as server:
        assert "page with 1 parts" in ask(server)[1]
        before = state(server)
        assert before["text"] == "interrupted · generation 10 of 60 · 16 %"
        run.record(directory, 11, 20)
        while (now := state(server)) == before or now["version"] == before["version"]:
            pass
        assert now["text"] == "interrupted · generation 20 of 60 · 33 %"
        answer, text = ask(server)
        assert "page with 2 parts" in text
        assert answer.getheader("ETag") == f'"{now["version"]}"'
        # What changes all the time is told, but makes no new page.
        for generation in (25, 26):
            tell(directory, generation)
            while f"generation {generation} of 60" not in state(server)["text"]:
                pass
    assert len(made) == 2


def test_a_page_that_takes_long_blocks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()

    def make(directory: Path) -> str:
        assert may_end.wait(20)
        return PAGE.format("at last")

    with served(Watched().write(tmp_path / "run"), make) as server:
        monkeypatch.setattr(serving, "_PATIENCE", 0.1)
        assert ask(server)[0].status == 503
        assert state(server)["version"] == ""
        may_end.set()
        monkeypatch.setattr(serving, "_PATIENCE", 20.0)
        assert "at last" in ask(server)[1]


def test_before_there_is_a_run_the_page_says_so_and_goes_on_to_the_report(tmp_path: Path) -> None:
    directory = tmp_path / "a&b"
    with served(directory, report_page) as server:
        first = ask(server)[1]
        assert "a&amp;b: not started</p>" in first
        version = state(server)["version"]
        InventedRun(result=None).write(directory)
        while state(server)["version"] == version:
            pass
        assert "Digits, denoised on a small torus" in ask(server)[1]


def test_a_report_that_cannot_be_made_for_a_moment_stays_the_last_one(tmp_path: Path) -> None:
    broken = threading.Event()
    tries = []

    def make(directory: Path) -> str:
        tries.append(directory)
        if broken.is_set():
            raise CoevoError("part-1: damaged")
        return PAGE.format("the report")

    run = Watched()
    directory = run.write(tmp_path / "run")
    with served(directory, make) as server:
        assert "the report" in ask(server)[1]
        broken.set()
        run.record(directory, 1, 10)
        while len(tries) < 3:
            state(server)
        assert "the report" in ask(server)[1]


def test_the_script_is_let_through_by_its_digest_and_nothing_else_is(tmp_path: Path) -> None:
    page = report_page(InventedRun().write(tmp_path / "run"))
    live = live_page(page, "0123", 2.0)
    policies = re.findall(r'Content-Security-Policy" content="([^"]*)"', live)
    assert len(policies) == 1
    directives = dict(part.strip().partition(" ")[::2] for part in unescape(policies[0]).split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["connect-src"] == "'self'"
    found = re.search(r'<script data-version="0123" data-every="2">(.*?)</script>', live, re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    allowed = directives["script-src"].split()
    assert allowed[0] == f"'sha256-{digest}'"
    assert len(allowed) == 3
    # What is added is all that differs.
    added = f"connect-src 'self'; script-src {allowed[0]} "
    assert live.replace(found[0], "").replace(added, "script-src ") == page


def test_a_port_that_is_asked_for_is_had_or_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(CoevoError) as caught:
            serve(tmp_path, port=taken)
        assert str(caught.value) == (
            f"--port: {taken} cannot be used (Address already in use); choose another one, or "
            "leave it out"
        )
    for port in (0, -1, 65536):
        with pytest.raises(CoevoError, match=rf"--port: {port} is not a port; give 1 to 65535"):
            serve(tmp_path, port=port)


def test_without_a_port_a_free_one_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(serving, "PORT", other.getsockname()[1])
        with served(tmp_path, lambda _: "") as server:
            assert server.port != serving.PORT
            assert ask(server, "/state")[0].status == 200
