"""One process of a contestant: `python -m bench.contestant bench.floor`. Says when it is ready, begins when it is told to, and reports."""

import json
import resource
import sys
from importlib import import_module

import django


def main(module: str) -> None:
    """Work until nothing is left; one JSON object about it on stdout."""
    django.setup()
    work = import_module(module).work
    print("ready", flush=True)
    sys.stdin.readline()
    before = _cpu_seconds()
    figures = work()
    print(json.dumps({**figures, "cpu_seconds": _cpu_seconds() - before, "peak_memory_mb": _peak_memory_mb()}), flush=True)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_memory_mb() -> float:
    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024


if __name__ == "__main__":
    main(sys.argv[1])
