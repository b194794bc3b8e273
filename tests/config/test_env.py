"""The environment is read strictly: each wrong value is refused with one sentence that names the variable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import env, valkey

ROOT = Path(__file__).parents[2]


def test_a_missing_or_empty_variable_means_the_default(monkeypatch):
    monkeypatch.delenv("SEGUE_X", raising=False)
    assert env.flag("SEGUE_X", default=True) is True
    monkeypatch.setenv("SEGUE_X", " ")
    assert env.number("SEGUE_X", 7) == 7


@pytest.mark.parametrize(("value", "meaning"), [("1", True), ("Yes", True), ("0", False), ("off", False)])
def test_yes_and_no_have_several_spellings(monkeypatch, value, meaning):
    monkeypatch.setenv("SEGUE_X", value)
    assert env.flag("SEGUE_X", default=not meaning) is meaning


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: env.flag("SEGUE_X"), "ture"),
        (lambda: env.number("SEGUE_X", 1), "1.5"),
        (lambda: env.number("SEGUE_X", 1, least=1), "0"),
        (lambda: env.seconds("SEGUE_X", 1), "nan"),
        (lambda: env.seconds("SEGUE_X", 1), "soon"),
        (lambda: env.seconds("SEGUE_X", 1, most=60), "61"),
        (lambda: env.one_of("SEGUE_X", "a", ("a", "b")), "c"),
        (lambda: env.redis("SEGUE_X", ""), "http://localhost"),
        (lambda: env.redis("SEGUE_X", ""), "localhost:6379"),
        (lambda: env.mail("SEGUE_X", ""), "imap://localhost"),
        (lambda: _database(), "mysql://localhost/x"),
        (lambda: _database(), "postgres://localhost"),
        (lambda: _database(), "postgres://localhost:port/x"),
        (lambda: _database(), "sqlite://relative.db"),
        (lambda: _database(), "db.sqlite3"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch, read, value):
    monkeypatch.setenv("SEGUE_X", value)
    with pytest.raises(env.BadSetting, match=r"^SEGUE_X .*\.$"):
        read()


def test_a_postgres_url_is_taken_apart(monkeypatch):
    monkeypatch.setenv("SEGUE_X", "postgres://ann:p%40ss@db.example.com:6432/segue?sslmode=require")
    found = _database()
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "ann",
        "p@ss",
        "db.example.com",
        6432,
        "segue",
    )
    assert found["OPTIONS"] == {
        "sslmode": "require",
        "prepare_threshold": 3,
        "options": "-c lock_timeout=5000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000",
    }


@pytest.mark.parametrize(
    ("url", "port", "starttls", "ssl"),
    [
        ("smtp://mail.example.com", 25, False, False),
        ("smtp+tls://ann:pw@mail.example.com", 587, True, False),
        ("smtps://mail.example.com:2465", 2465, False, True),
    ],
)
def test_a_mail_url_is_taken_apart(monkeypatch, url, port, starttls, ssl):
    monkeypatch.setenv("SEGUE_X", url)
    found = env.mail("SEGUE_X", "console:")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.com", port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (starttls, ssl)


def test_a_kept_secret_stays_the_same_and_private(tmp_path):
    first = env.kept_secret(tmp_path / "secret_key")
    assert len(first) >= 50
    assert env.kept_secret(tmp_path / "secret_key") == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "SECRET_KEY is not set"), ({"SECRET_KEY": "x" * 50}, "ALLOWED_HOSTS is not set"), ({"DEBUG": "maybe"}, "DEBUG is 'maybe'")],
)
def test_production_says_in_one_line_what_it_lacks(tmp_path, given, missing):
    result = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env={"PATH": os.environ["PATH"], **given}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"Segue cannot start: {missing}")
    assert result.stderr.count("\n") == 1


def test_a_socket_in_a_long_folder_gets_a_short_path():
    assert valkey.socket_path(Path("/srv/segue/var")) == Path("/srv/segue/var/valkey.sock")
    long = valkey.socket_path(Path("/srv") / ("x" * 120))
    assert len(str(long)) <= valkey.LONGEST_SOCKET_PATH
    assert long != valkey.socket_path(Path("/srv") / ("y" * 120))


def test_two_servers_never_share_a_folder(tmp_path):
    first = valkey.lock(tmp_path)
    with pytest.raises(valkey.NoValkey, match="Another Valkey is using"):
        valkey.lock(tmp_path)
    os.close(first)
    os.close(valkey.lock(tmp_path))


def _database():
    return env.database("SEGUE_X", Path("db.sqlite3"), lock=5, statement=30, idle=60, prepare=3)
