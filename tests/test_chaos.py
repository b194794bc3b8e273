"""A small run of `make chaos`, so that CI sees it too; the large one's figures are in docs/reliability.md."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a worker in Linux's /proc"),
]

ROOT = Path(__file__).resolve().parent.parent


def test_60_instances_outlive_25_kills_and_a_wiped_queue_server() -> None:  # R4.2 R4.3 R4.6
    is_postgresql = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    place = "postgresql" if is_postgresql else "sqlite"
    asked = {"instances": 60, "kills": 25, "wipes": 1, "cuts": 3, "freezes": 3, "seed": 4, "places": place}
    command = [sys.executable, "-m", "chaos", *(argument for name, value in asked.items() for argument in (f"--{name}", str(value)))]
    environment = {name: value for name, value in os.environ.items() if name != "SEGUE_DATA_DIR"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["kills_with_children"] + result["kills_of_parent_only"] + result["ticker_kills"] >= 20  # the last ones may come too late
    assert result["wipes"] == 1
    assert not is_postgresql or (result["cuts"] and result["freezes"])
    assert result["steps"] == 180
    assert "nothing lost, nothing twice" in done.stderr
