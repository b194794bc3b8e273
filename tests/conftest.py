"""What all tests share: a queue server, a browser when there is one, and CI's demand that nothing is skipped."""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.plugin import blocking_manager_key

from config import valkey
from orchestration import claiming, dispatch, triggers
from tests.cast import Cast
from tests.processes import Product

# Playwright runs an event loop in the thread of the test, and Django would refuse to touch the database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# No network of its own, no sandbox (which root and containers do not have).
QUIET = [
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proof: takes minutes; left out of the everyday `make test`, part of `make proofs` and of CI")
    config.addinivalue_line("markers", "once: a proof that no database makes a difference to; left out when CI tests on the second one")
    config.addinivalue_line("markers", "postgresql: shows what SQLite, with its one write lock, cannot; left out there and not skipped")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests for PostgreSQL alone are not part of a run on SQLite, so that CI can demand of both runs that nothing is skipped."""
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return
    elsewhere = [item for item in items if item.get_closest_marker("postgresql")]
    items[:] = [item for item in items if item not in elsewhere]
    config.hook.pytest_deselected(items=elsewhere)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """SEGUE_REQUIRE_ALL=1, as in CI: a skipped test is a failed run."""
    report = session.config.pluginmanager.get_plugin("terminalreporter")
    if report and report.stats.get("skipped") and os.environ.get("SEGUE_REQUIRE_ALL") == "1":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was skipped, in one line for each reason."""
    reasons = Counter(skip.longrepr[2].removeprefix("Skipped: ") for skip in terminalreporter.stats.get("skipped", []))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} tests skipped: {reason}", yellow=True)
    if reasons and os.environ.get("SEGUE_REQUIRE_ALL") == "1":
        terminalreporter.write_line("SEGUE_REQUIRE_ALL=1: a skipped test is a failed run.", red=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """A database with the people of the stories in it: to make them anew for each test took a third of the time."""
    _move_in(django_db_blocker)


def _move_in(django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        Cast()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A test with transactions of its own leaves an empty database to those after it: everybody moves in again."""
    yield
    if nextitem is None:  # the database is gone by now
        return
    marker = item.get_closest_marker("django_db")
    if "transactional_db" in getattr(item, "fixturenames", ()) or (marker and marker.kwargs.get("transaction")):
        _move_in(item.config.stash[blocking_manager_key])


@pytest.fixture(autouse=True)
def _no_memory_of_a_dead_queue_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test in which there was none must not keep the next one from asking."""
    monkeypatch.setattr(dispatch, "_quiet_until", 0.0)


@pytest.fixture(autouse=True)
def _no_memory_of_what_another_test_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's rows are rolled back without a signal. Within a test no time passes, however slow the machine is."""
    monkeypatch.setattr(triggers, "KNOWN_FOR", 3600.0)
    triggers.watched.forget()


@pytest.fixture(autouse=True)
def _no_memory_of_whose_turn_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker goes round for a moment among the orchestrations that it found with ready steps: those of another test are gone."""
    monkeypatch.setattr(claiming, "_turns", claiming.Turns())


@pytest.fixture(scope="session")
def queue_server() -> Iterator[str]:
    """The URL of a queue server: REDIS_URL's, or an embedded Valkey for as long as the tests run."""
    if os.environ.get("REDIS_URL"):
        yield settings.REDIS_URL
        return
    folder = Path(settings.DATA_DIR)
    descriptor = valkey.lock(folder)
    server = subprocess.Popen(valkey.command(folder), pass_fds=[descriptor], stdout=subprocess.DEVNULL)
    try:
        while not valkey.answers(settings.REDIS_URL):
            assert server.poll() is None, "the embedded Valkey does not start"
            time.sleep(0.01)
        yield settings.REDIS_URL
    finally:
        server.terminate()
        server.wait()
        os.close(descriptor)


@pytest.fixture
def wiped_queue_server(queue_server: str) -> redis.Redis:
    """The same, with nothing in it."""
    connection = redis.Redis.from_url(queue_server)
    connection.flushdb()
    return connection


@pytest.fixture(scope="session")
def running_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The real processes, once for all tests that only look and work, and break nothing."""
    product = Product(tmp_path_factory.mktemp("product"))
    product.start()
    yield product
    product.stop()


@pytest.fixture
def product(running_product: Product, django_db_blocker: Any) -> Iterator[Product]:
    """The same, with leave to read its database."""
    with django_db_blocker.unblock():
        yield running_product


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, or Chrome, without a window; tests that need it are skipped where there is none."""
    if not CHROMIUM:
        pytest.skip("no chromium or google-chrome on PATH")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context()
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
