"""The site behind gunicorn, as in production, and how the works ask it."""

import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import local
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

CSRF = secrets.token_hex(16)


@contextmanager
def running() -> Iterator[int]:
    """The site for as long as the block lasts. Its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # gunicorn sets it too late for whoever is there before it is
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--bind", f"fd://{listener.fileno()}", "config.wsgi"]
    server = subprocess.Popen(command, cwd=settings.BASE_DIR, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
    try:
        yield listener.getsockname()[1]
    finally:
        server.terminate()
        server.wait(30)
        listener.close()


def signed_in(person: Any) -> str:
    """The cookies of somebody who is signed in."""
    client = Client()
    client.force_login(person)
    return f"sessionid={client.cookies['sessionid'].value}; csrftoken={CSRF}"


class Asking:
    """Asks the site, each thread by a connection that it keeps."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._own = local()

    def hello(self, _number: int) -> None:
        """The least page that the site has."""
        self.get("/hello")

    def get(self, path: str, cookies: str = "") -> str:
        """The text of a page."""
        return self._ask("GET", path, 200, {"Cookie": cookies})[0]

    def post(self, path: str, fields: Mapping[str, str], cookies: str) -> str:
        """Send a form; the address that the browser is sent to."""
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, 302, headers, urlencode({**fields, "csrfmiddlewaretoken": CSRF}))[1]

    def _ask(self, method: str, path: str, expected: int, headers: dict[str, str], body: str | None = None) -> tuple[str, str]:
        if not hasattr(self._own, "connection"):
            self._own.connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        self._own.connection.request(method, path, body, headers)
        answer = self._own.connection.getresponse()
        text = answer.read().decode()
        assert answer.status == expected, f"{method} {path}: {answer.status}"
        return text, answer.headers.get("Location", "")
