"""`make demo`: sets up what is missing, starts every process of a running Segue, says where it is, and stops all of it again."""

import fcntl
import hashlib
import http.client
import json
import logging
import os
import shutil
import socket
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from config import env, valkey
from config.supervisor import Child, Stopped, Supervisor, write_json
from demo.people import PEOPLE

# What the demo keeps in its folder, and what a reset takes away. Anything else there is not ours.
DATABASE_FILES = ("db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "seeding")
FILES = (*DATABASE_FILES, "static.stamp", "run.json", "secret_key", "valkey.sock")
FOLDERS = ("appendonlydir", "log", "mail", "static")
WORKERS = 2


class Command(BaseCommand):
    help = "Runs the whole demo until Ctrl-C: database, Valkey, workers, ticker and web server. PORT= chooses the port."
    requires_system_checks: list[str] = []  # the web server's own start makes them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="begin afresh: delete all that the demo has kept so far")

    def handle(self, *args: Any, **options: Any) -> None:
        self.began = time.monotonic()
        self.folder = Path(settings.DATA_DIR)
        self.url = ""
        self.ready = False
        self._take_folder()
        (self.folder / "run.json").unlink(missing_ok=True)  # left by one that was killed
        if options["reset"]:
            self._reset()
        listener = self._listen()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        os.environ["SITE_URL"] = self.url
        if sys.platform == "darwin":
            os.environ["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"  # else macOS ends forked workers that touch its frameworks
        self.supervisor = Supervisor(self.folder / "log", settings.BASE_DIR, self._say, self._write_run_file)
        try:
            self._set_up()
            self._start(listener)
            self._introduce()
            self.supervisor.run()
        except Stopped:
            pass
        except valkey.NoValkey as error:
            raise SystemExit(str(error)) from error
        finally:
            self._stop()

    def _take_folder(self) -> None:
        """One demo at a time in one folder. The lock goes with the process, however it ends."""
        self.lock = os.open(self.folder / "demo.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"Segue is already running{self._where()}. Stop that one first, with Ctrl-C in its terminal.") from None

    def _where(self) -> str:
        try:
            return f" at {json.loads((self.folder / 'run.json').read_text())['url']}"
        except (OSError, ValueError, KeyError):
            return f" in {self.folder}"

    def _reset(self) -> None:
        if os.environ.get("DATABASE_URL"):
            raise SystemExit("The demo's data is in the database of DATABASE_URL. Empty that one yourself, or unset DATABASE_URL.")
        for name in FILES:
            (self.folder / name).unlink(missing_ok=True)
        for name in FOLDERS:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self._say("Everything that the demo had kept is gone.")

    def _listen(self) -> socket.socket:
        """We open the port and hand it to the web server: it stays ours when that one is started again."""
        try:
            port = env.number("PORT", 8000, most=65_535)  # 0 takes any free one
        except env.BadSetting as error:
            raise SystemExit(str(error)) from error
        try:
            return _listening(port)
        except PermissionError:
            raise SystemExit(f"Port {port} needs an administrator. Choose one above 1023: make demo PORT=8000") from None
        except OSError:
            raise SystemExit(f"Port {port} is taken. Choose another one: make demo PORT={_free_port(port + 1)}") from None

    def _set_up(self) -> None:
        self._migrate()
        self._collect_static()
        if not os.environ.get("REDIS_URL"):
            self._start_valkey()
        self._seed()
        connections.close_all()

    def _migrate(self) -> None:
        if (self.folder / "seeding").exists() and not os.environ.get("DATABASE_URL"):
            self._say("The last set-up was cut off. Beginning again with an empty database.")
            for name in DATABASE_FILES:
                (self.folder / name).unlink(missing_ok=True)
        try:
            executor = MigrationExecutor(connection)
        except OperationalError as error:
            raise SystemExit(f"The database does not answer: {str(error).strip().splitlines()[0]}") from error
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._say("Making the database…")
            call_command("migrate", interactive=False, verbosity=0)

    def _collect_static(self) -> None:
        stamp, mark = self.folder / "static.stamp", _mark_of_static_files()
        if not stamp.exists() or stamp.read_text() != mark:
            self._say("Packing the static files…")
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            stamp.write_text(mark)

    def _start_valkey(self) -> None:
        descriptor = valkey.lock(self.folder)
        self.supervisor.start(Child("valkey", valkey.command(self.folder), grace=5, pass_fds=(descriptor,), quiet=True))
        if not self.supervisor.wait_until(lambda: valkey.answers(settings.REDIS_URL), patience=20):
            raise SystemExit(f"Valkey does not start. What it said is in {self.folder / 'log' / 'valkey.log'}.")

    def _seed(self) -> None:
        if get_user_model().objects.exists():
            return
        self._say("Inviting the people and letting their first weeks pass…")
        unfinished = self.folder / "seeding"
        unfinished.touch()
        logging.getLogger("orchestration").setLevel(logging.ERROR)  # some of their steps fail, as they should
        call_command("seed_demo", stdout=self.stdout, stderr=self.stderr)
        unfinished.unlink()

    def _start(self, listener: socket.socket) -> None:
        manage = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py")]
        port = listener.fileno()
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--bind", f"fd://{port}", "config.wsgi"]
        self._say("Starting the workers, the ticker and the web server…")
        self.supervisor.start(Child("ticker", [*manage, "ticker"], grace=5))
        for number in range(1, WORKERS + 1):
            self.supervisor.start(Child(f"worker-{number}", [*manage, "worker"], grace=settings.ORCHESTRATION_DRAIN_SECONDS + 5))
        self.supervisor.start(Child("web", gunicorn, grace=12, pass_fds=(port,)))
        if not self.supervisor.wait_until(lambda: _answers(self.url), patience=60):
            raise SystemExit(f"The demo does not start. What was said is above, and in {self.folder / 'log'}.")

    def _introduce(self) -> None:
        self.ready = True
        self._write_run_file()
        widths = [max(len(getattr(person, key)) for person in PEOPLE) for key in ("name", "username", "password")]
        self._say("Ready.")
        lines = [f"\n  Segue is at {self.url}\n\n  Sign in as"]
        for person in PEOPLE:
            cells = zip((person.name, person.username, person.password), widths, strict=True)
            lines.append("    " + "  ".join(f"{text:<{width}}" for text, width in cells) + f"  {person.role}")
        lines.append(f"\n  Ctrl-C stops it. Mails and logs are in {self.folder}.\n")
        self._write("\n".join(lines))

    def _stop(self) -> None:
        if self.supervisor.children:
            self._say("Stopping…")
        self.supervisor.stop()
        (self.folder / "run.json").unlink(missing_ok=True)
        self._say("Stopped.")

    def _write_run_file(self) -> None:
        facts = {"url": self.url, "ready": self.ready, "pid": os.getpid(), "children": self.supervisor.pids()}
        write_json(self.folder / "run.json", facts)

    def _say(self, line: str) -> None:
        self._write(f"[{time.monotonic() - self.began:5.1f} s] {line}")

    def _write(self, text: str) -> None:
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except OSError:  # the terminal was closed; its hang-up stops us in good order
            pass


def _listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=2048)


def _free_port(wish: int) -> int:
    for port in (wish, wish + 80, 0):
        try:
            with _listening(port) as found:
                return int(found.getsockname()[1])
        except (OSError, OverflowError):
            continue
    return wish


def _answers(url: str) -> bool:
    site = http.client.HTTPConnection(url.removeprefix("http://"), timeout=2)
    try:
        site.request("GET", "/")
        return site.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        site.close()


def _mark_of_static_files() -> str:
    """Changes when any static file does."""
    found = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = os.stat(storage.path(path))
            found.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return found.hexdigest()
