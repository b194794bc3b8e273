"""Reads the environment strictly: a typed value, or one sentence that names the variable and what it should have been."""

import math
import os
import secrets
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

N = TypeVar("N", int, float)


class BadSetting(ImproperlyConfigured):
    """An environment variable has a value that Segue cannot run with. The message is the whole story; no traceback helps."""


# An empty variable counts as not set: that is what `FOO= make demo` and an empty line in an env file mean.


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def required(name: str, why: str) -> str:
    value = text(name)
    if not value:
        raise BadSetting(f"{name} is not set. {why}")
    return value


def flag(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    if value:
        raise BadSetting(f"{name} is {value!r}, which is neither yes nor no. Use 1 or 0.")
    return default


def number(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    value = text(name)
    try:
        found = int(value) if value else default
    except ValueError:
        raise BadSetting(f"{name} is {value!r}, which is not a whole number. Use one like {default}.") from None
    return _within(name, found, least, most)


def seconds(name: str, default: float, *, least: float = 0.0, most: float = 86_400.0) -> float:
    value = text(name)
    try:
        found = float(value) if value else float(default)
        if not math.isfinite(found):
            raise ValueError
    except ValueError:
        raise BadSetting(f"{name} is {value!r}, which is not a number of seconds. Use one like {default}.") from None
    return _within(name, found, least, most)


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or list(default)


def one_of(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in choices:
        raise BadSetting(f"{name} is {value!r}. Use one of {', '.join(choices)}.")
    return value


def folder(name: str, default: Path) -> Path:
    return Path(text(name, str(default))).expanduser().absolute()


def database(name: str, default: Path, *, lock: float, statement: float, idle: float, prepare: int) -> dict[str, Any]:
    """`postgres://user:password@host:port/name?sslmode=require` or `sqlite:////absolute/path`; a SQLite file when not set."""
    value = text(name)
    if not value:
        return _sqlite(str(default))
    url = _url(name, value)
    path = unquote(url.path)
    if url.scheme == "sqlite":
        if url.netloc or len(path) < 2:
            raise BadSetting(f"{name} names no SQLite file. Use sqlite:////absolute/path/db.sqlite3 (four slashes).")
        return _sqlite(path[1:])
    if url.scheme not in ("postgres", "postgresql"):
        raise BadSetting(f"{name} begins with {url.scheme!r}. Use postgres://user:password@host:5432/name or sqlite:////path.")
    if len(path) < 2:
        raise BadSetting(f"{name} names no database. Use postgres://user:password@host:5432/name.")
    limits = {"lock_timeout": lock, "statement_timeout": statement, "idle_in_transaction_session_timeout": idle}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": path[1:],
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": _port(name, url),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **dict(parse_qsl(url.query)),
            "prepare_threshold": prepare or None,
            "options": " ".join(f"-c {key}={int(value * 1000)}" for key, value in limits.items()),
        },
    }


def redis(name: str, default: str) -> str:
    value = text(name, default)
    url = _url(name, value)
    if url.scheme not in ("redis", "rediss", "unix"):
        raise BadSetting(f"{name} begins with {url.scheme!r}. Use redis://host:6379/0, rediss://… or unix:///path/to.sock.")
    _port(name, url)
    return value


def mail(name: str, default: str) -> dict[str, Any]:
    """`smtp://user:password@host:25`, `smtp+tls://…:587` (STARTTLS), `smtps://…:465`, `file:///folder` or `console:`, as settings."""
    url = _url(name, text(name, default))
    if url.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if url.scheme == "file":
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": unquote(url.path)}
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if url.scheme not in ports:
        raise BadSetting(f"{name} begins with {url.scheme!r}. Use smtp://, smtp+tls://, smtps://, file:///folder or console:.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname or "localhost",
        "EMAIL_PORT": _port(name, url) or ports[url.scheme],
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
        "EMAIL_USE_SSL": url.scheme == "smtps",
    }


def kept_secret(path: Path) -> str:
    """A secret made once and kept in a file that only its owner can read: for the demo and for development."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # of several processes that start together, one wins and all read what it wrote
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def private_folder(name: str, path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(f"{name} is {str(path)!r}, which cannot be made: {error.strerror}.") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise BadSetting(f"{name} is {str(path)!r}, which cannot be written to.")
    return path


def _sqlite(name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "OPTIONS": {
            # IMMEDIATE takes the write lock when a transaction begins. Without it, two that read before they write fail at once.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: a step that was said to be done stays done when the power goes.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def _within(name: str, found: N, least: N, most: N | None) -> N:
    if found < least:
        raise BadSetting(f"{name} is {found}, which is too small. The least is {least}.")
    if most is not None and found > most:
        raise BadSetting(f"{name} is {found}, which is too large. The most is {most}.")
    return found


def _url(name: str, value: str) -> SplitResult:
    try:
        url = urlsplit(value)
    except ValueError as error:
        raise BadSetting(f"{name} is not a URL: {error}.") from None
    if not url.scheme:
        raise BadSetting(f"{name} is not a URL: it has no scheme, such as postgres://, redis:// or smtp://.")
    return url


def _port(name: str, url: SplitResult) -> int | str:
    try:
        return url.port or ""
    except ValueError:
        raise BadSetting(f"{name} has a port that is not a number from 1 to 65535.") from None
