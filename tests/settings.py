"""The settings that the tests run under: production's, with a folder of their own and a database whose name no other run has.

DATABASE_URL and REDIS_URL choose PostgreSQL and another queue server, as everywhere. Where several processes test at once, each has a
folder, a database, and on a queue server that is not its own another number.
"""

import atexit
import os
import shutil
import tempfile


def _own_folder() -> str:
    folder, owner = tempfile.mkdtemp(prefix="segue-tests-"), os.getpid()

    def clear() -> None:
        if os.getpid() == owner:  # and not a forked child that ends
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(clear)
    return folder


_process = os.environ.get("PYTEST_XDIST_WORKER", "")
if "SEGUE_DATA_DIR" not in os.environ or os.environ.get("SEGUE_TESTS_OF", "") != _process:
    os.environ["SEGUE_DATA_DIR"], os.environ["SEGUE_TESTS_OF"] = _own_folder(), _process
    _server, _, _number = os.environ.get("REDIS_URL", "").rpartition("/")
    if _process and _number.isdigit():
        os.environ["REDIS_URL"] = f"{_server}/{int(_number) - int(_process.removeprefix('gw'))}"
os.environ.setdefault("SECRET_KEY", "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz")
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
os.environ.setdefault("HTTPS", "0")
os.environ.setdefault("EMAIL_URL", "console:")
os.environ.setdefault("LOG_LEVEL", "WARNING")

from config.settings import *  # noqa: E402, F403
from config.settings import DATA_DIR, DATABASES, STORAGES  # noqa: E402

# A file also on SQLite, and not memory: threads and other processes take part in the tests.
_database = DATABASES["default"]
_sqlite = _database["ENGINE"].endswith("sqlite3")
_database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3") if _sqlite else f"test_{_database['NAME']}_{os.getpid()}"}

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
