"""The real product for the tests that need it: `manage.py demo` with its web server, two workers, ticker and queue server.

It runs in a folder of its own, on a database of its own: SQLite with the embedded Valkey, or, when the tests themselves run with
DATABASE_URL and REDIS_URL, a fresh PostgreSQL database and a queue server that nobody but the test looks after.
"""

import html
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import psycopg
import redis
from django.conf import settings
from django.db import connections

from config import valkey
from demo.people import PASSWORD

ROOT = Path(__file__).resolve().parent.parent
INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL")  # nothing that the tests have set for themselves

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T], patience: float = 60) -> T:
    """Look again and again until there is something to see; what was seen."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {patience:g} s for {what}"
        time.sleep(0.02)
    return found


class Product:
    """A running Segue. `database` is the alias under which the test's own ORM reads (and, with care, writes) its rows."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.database = f"product-{secrets.token_hex(4)}"
        self._environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | environment
        self._environment |= {"SEGUE_DATA_DIR": str(folder), "PORT": "0"}
        self._postgresql = os.environ.get("DATABASE_URL", "") if settings.DATABASES["default"]["ENGINE"].endswith("postgresql") else ""
        self.queue_server: QueueServer = ExternalQueueServer(folder) if os.environ.get("REDIS_URL") else EmbeddedQueueServer(self)

    def start(self) -> None:
        """Start everything; returns when the site answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = str(self.folder / "db.sqlite3")
        if self._postgresql:
            name = self.database.replace("-", "_")
            self._administer(f"CREATE DATABASE {name}")
            self._environment["DATABASE_URL"] = urlsplit(self._postgresql)._replace(path=f"/{name}").geturl()
        connections.settings[self.database] = {**connections.settings["default"], "NAME": name}
        if isinstance(self.queue_server, ExternalQueueServer):
            self.queue_server.start()
            self._environment["REDIS_URL"] = self.queue_server.url
        with (self.folder / "supervisor.log").open("wb") as said:
            self._supervisor = subprocess.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for("the site to answer", self._is_ready, patience=180)

    def stop(self) -> None:
        """Stop everything, by asking the supervisor to, and take its database away."""
        self._supervisor.terminate()
        try:
            self._supervisor.wait(60)
        finally:
            self._supervisor.kill()
            connections[self.database].close()
            del connections[self.database]
            name = connections.settings.pop(self.database)["NAME"]
            if isinstance(self.queue_server, ExternalQueueServer):
                self.queue_server.kill()
            if self._postgresql:
                self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    @property
    def url(self) -> str:
        """Where the site is."""
        return str(self._run_file()["url"])

    @property
    def pids(self) -> dict[str, int]:
        """The children by name: worker-1, worker-2, ticker, web, and valkey when it is embedded."""
        return dict(self._run_file().get("children", {}))

    @property
    def said(self) -> str:
        """All that the supervisor wrote so far."""
        return (self.folder / "supervisor.log").read_text()

    @property
    def is_on_postgresql(self) -> bool:
        return bool(self._postgresql)

    def processes(self, *names: str) -> list[int]:
        """Of these children every process: the one that the supervisor knows, and what it has forked."""
        leaders = [self.pids[name] for name in names]
        return leaders + [pid for leader in leaders for pid in _session_of(leader) if pid != leader]

    def kill(self, *names: str, with_children: bool = True) -> list[int]:
        """kill -9 these children of the supervisor, which starts them again. Their own children die too, or are returned as orphans."""
        leaders = [self.pids[name] for name in names]
        orphans = [pid for pid in self.processes(*names) if pid not in leaders]
        for pid in leaders + (orphans if with_children else []):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for name, leader in zip(names, leaders, strict=True):
            wait_for(f"{name} to be started again", lambda name=name, leader=leader: self.pids.get(name, leader) != leader)
        return [] if with_children else orphans

    def answers(self) -> bool:
        """Whether the site does."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=5)
        try:
            connection.request("GET", "/accounts/login/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def visitor(self, username: str) -> "Visitor":
        """Somebody who is signed in, without a browser."""
        return Visitor(self.url, username)

    def mails_to(self, address: str) -> list[str]:
        """What the demo's mail folder has for an address."""
        written = [path.read_text() for path in (self.folder / "mail").glob("*.log")]
        messages = [message for text in written for message in text.split("-" * 79 + "\n")]
        return [message for message in messages if f"To: {address}\n" in message]

    def _is_ready(self) -> bool:
        assert self._supervisor.poll() is None, f"the demo ended:\n{self.said}"
        return bool(self._run_file().get("ready"))

    def _run_file(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
            return found
        except FileNotFoundError:
            return {}

    def _administer(self, statement: str) -> None:
        with psycopg.connect(urlsplit(self._postgresql)._replace(path="/postgres").geturl(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


class QueueServer:
    """The product's queue server, to be mistreated."""

    url: str

    @property
    def pid(self) -> int:
        raise NotImplementedError

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside the block it accepts connections and answers nothing: the worst way to be down."""
        pid = self.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def wipe(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.url) as connection:
            connection.flushall()

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)

    def start_again(self) -> None:
        """After `kill`; returns when it answers."""
        self.wait()  # the supervisor does it

    def wait(self) -> None:
        """Until it answers (again)."""
        wait_for("the queue server to answer", lambda: valkey.answers(self.url))


class EmbeddedQueueServer(QueueServer):
    """The one that the supervisor started."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self.url = f"unix://{valkey.socket_path(product.folder)}"

    @property
    def pid(self) -> int:
        return self._product.pids["valkey"]


class ExternalQueueServer(QueueServer):
    """A Redis (or Valkey) that runs beside the product, as REDIS_URL names one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "redis"
        self.url = f"unix://{valkey.socket_path(self._folder)}"

    @property
    def pid(self) -> int:
        return self._server.pid

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        command = valkey.command(self._folder)
        command[0] = shutil.which("redis-server") or command[0]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        self.wait()

    def start_again(self) -> None:
        self.start()

    def kill(self) -> None:
        super().kill()
        self._server.wait()


class Visitor:
    """Signs in and sends plain forms, as a browser without JavaScript does. A new connection for each request."""

    def __init__(self, url: str, username: str) -> None:
        self._host = urlsplit(url).netloc
        self._cookies: dict[str, str] = {}
        self.get("/accounts/login/")
        status, _text, _location = self.post("/accounts/login/", {"username": username, "password": PASSWORD})
        assert status == 302, f"{username} cannot sign in: {status}"

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, page and where it leads to."""
        return self._send("GET", path)

    def post(self, path: str, fields: Mapping[str, str | Sequence[str]]) -> tuple[int, str, str]:
        """The same, for a form."""
        if "csrftoken" not in self._cookies:
            self.get("/inbox/")
        body = urlencode({**fields, "csrfmiddlewaretoken": self._cookies.get("csrftoken", "")}, doseq=True)
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: str | None = None) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for header in answer.headers.get_all("Set-Cookie", []):
                self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
            return answer.status, html.unescape(answer.read().decode()), answer.headers.get("Location", "")
        finally:
            connection.close()


def words_of(page: str) -> str:
    """A page without its tags, for error messages of tests."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def _session_of(leader: int) -> list[int]:
    """All processes of the session that a child leads: a worker's forked horse is in a process group of its own."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            session = int((entry / "stat").read_text().rpartition(")")[2].split()[3]) if entry.name.isdecimal() else 0
        except OSError:  # it has just ended
            continue
        if session == leader:
            found.append(int(entry.name))
    return found
