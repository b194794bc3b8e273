"""Where the works are measured: a fresh database and a queue server, for as long as a block lasts.

PostgreSQL is the server of DATABASE_URL, where the bench makes a database of its own and drops it again; SQLite is a file. The queue
server is the one of REDIS_URL, which nobody else should be using meanwhile, or an embedded Valkey.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from config import valkey

POSTGRESQL_URL = "postgres://postgres@127.0.0.1:5432/postgres"
PLACES = ("postgresql", "sqlite")
INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "VIRTUAL_ENV")  # nothing that would change what is measured

Environment = dict[str, str]


class NoPlace(Exception):
    """It cannot be measured here; the message says why."""


@contextmanager
def place(name: str, *, own_queue_server: bool = False) -> Iterator[Environment]:
    """The environment for processes that are to work there; `own_queue_server`: an embedded one also beside PostgreSQL. Raises NoPlace."""
    folder = Path(tempfile.mkdtemp(prefix="segue-bench-"))
    (folder / "static").mkdir()
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "SEGUE_DATA_DIR": str(folder),
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "HTTPS": "0",
        "EMAIL_URL": f"file://{folder / 'mail'}",
        "LOG_LEVEL": "ERROR",
    }
    try:
        if name == "postgresql":
            with (
                _database(os.environ.get("DATABASE_URL", POSTGRESQL_URL)) as url,
                _queue_server(folder, None if own_queue_server else os.environ.get("REDIS_URL")) as redis,
            ):
                yield environment | {"DATABASE_URL": url, "REDIS_URL": redis}
        else:
            with _queue_server(folder, None) as redis:
                yield environment | {"REDIS_URL": redis}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(server: str) -> Iterator[str]:
    """The URL of a new database on the server."""
    url = urlsplit(server)
    if url.scheme not in ("postgres", "postgresql"):
        raise NoPlace("DATABASE_URL names no PostgreSQL server.")
    name = f"segue_bench_{secrets.token_hex(4)}"
    _administer(server, f"CREATE DATABASE {name}")
    try:
        yield url._replace(path=f"/{name}").geturl()
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    try:
        with psycopg.connect(server, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement.encode())
    except psycopg.Error as error:
        raise NoPlace(f"PostgreSQL refused “{statement}” ({str(error).strip().splitlines()[0]}). DATABASE_URL names the server.") from error


@contextmanager
def _queue_server(folder: Path, url: str | None) -> Iterator[str]:
    """The URL of the queue server: the one given, or that of an embedded one."""
    if url:
        if not valkey.answers(url):
            raise NoPlace(f"No queue server answers at REDIS_URL, {url}.")
        yield url
        return
    descriptor = valkey.lock(folder)
    server = subprocess.Popen(valkey.command(folder), pass_fds=[descriptor], stdout=subprocess.DEVNULL)
    try:
        embedded = f"unix://{valkey.socket_path(folder)}"
        while not valkey.answers(embedded):
            if server.poll() is not None:
                raise NoPlace("The embedded Valkey does not start.")
            time.sleep(0.02)
        yield embedded
    finally:
        server.terminate()
        server.wait()
        os.close(descriptor)
