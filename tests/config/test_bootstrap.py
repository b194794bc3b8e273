"""`bootstrap.py` says in one sentence why it cannot go on, and does nothing when nothing has changed."""

import ast
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
import bootstrap  # noqa: E402


def test_an_old_python_can_read_it():
    ast.parse((ROOT / "bootstrap.py").read_text(), feature_version=(3, 4))


def test_an_old_python_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(platform, "python_version", lambda: "3.9.2")
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer, and this is 3\.9\.2\. .*make PYTHON=python3\.1\d"):
        bootstrap.check_platform()


@pytest.mark.parametrize(
    ("system", "libc", "sentence"),
    [
        ("win32", ("", ""), "runs on Linux and macOS"),
        ("linux", ("", ""), "musl"),
        ("linux", ("glibc", "2.17"), "needs glibc 2.28 or newer"),
    ],
)
def test_an_unsupported_platform_is_told_so(monkeypatch, system, libc, sentence):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    with pytest.raises(SystemExit, match=sentence):
        bootstrap.check_platform()


@pytest.mark.parametrize(("system", "libc"), [("linux", ("glibc", "2.28")), ("darwin", ("", ""))])
def test_a_supported_platform_is_not(monkeypatch, system, libc):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    bootstrap.check_platform()


def test_nothing_is_installed_twice(monkeypatch, tmp_path):
    (tmp_path / "requirements.txt").write_text("a==1\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    monkeypatch.setattr(bootstrap, "HERE", str(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(bootstrap, "PYTHON", str(tmp_path / ".venv" / "bin" / "python"))
    assert not bootstrap.installed("requirements.txt")
    Path(bootstrap.stamp("requirements.txt")).write_text(bootstrap.fingerprint("requirements.txt"))
    assert bootstrap.installed("requirements.txt")
    (tmp_path / "requirements.txt").write_text("a==2\n")
    assert not bootstrap.installed("requirements.txt")


def test_every_requirement_is_pinned_with_hashes():
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "http" not in text
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pins
        assert all("==" in line and line.endswith("\\") for line in pins)


def test_make_help_names_every_target():
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, env=dict(os.environ)).stdout
    assert all(f"make {target} " in told for target in ("demo", "demo-reset", "test", "run", "lint", "ci"))
