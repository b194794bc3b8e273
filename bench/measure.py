"""Measures the works at one place, in a process whose environment names it. One JSON line for each on stdout."""

import argparse
import json
import os
import sys
from importlib import import_module

import django
from django.core.management import call_command

from bench.figures import rounded

WORKS = {"w1": "bench.background", "w2": "bench.people", "w3": "bench.saving", "w4": "bench.drawing", "load": "bench.load"}


def main(place: str, options: argparse.Namespace) -> None:
    """Make the tables, then measure one work after the other."""
    django.setup()
    call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
    for work in options.works:
        for line in import_module(WORKS[work]).measure(options):
            head = {"work": line.pop("work"), "place": place, "load": os.getloadavg()[0]}
            print(json.dumps(rounded(head | line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], argparse.Namespace(**json.loads(sys.argv[2])))
