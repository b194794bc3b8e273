"""`python -m bench`: what Segue costs, on PostgreSQL and on SQLite. JSON lines on stdout, a table on stderr."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from bench import figures, measure, places

ROOT = Path(__file__).resolve().parent.parent
LOAD = {"waiting": 10_000, "ready": 100_000}
WORK = {"instances": 300, "rounds": 2, "alone": 20, "saves": 500, "people": 20, "completions": 200, "pages": 50}
QUICK = {**WORK, **LOAD, "seconds": 60}
FULL = {
    **QUICK,
    "instances": 1000,
    "rounds": 3,
    "alone": 100,
    "saves": 2000,
    "people": 50,
    "completions": 1000,
    "pages": 300,
    "seconds": 600,
}

USUAL = ["w1", "w2", "w3", "w4"]

FAULTS = ("lost", "doubled", "out_of_order", "broken_invariants", "left_open")
"""Figures that must be 0."""


def main() -> None:
    """Measure the asked works at the asked places."""
    options = _parsed()
    lines = []
    for name in options.places:
        try:
            with places.place(name) as environment:
                command = [sys.executable, "-m", "bench.measure", name, json.dumps(vars(options))]
                with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
                    for line in process.stdout or ():
                        print(line, end="", flush=True)
                        lines.append(json.loads(line))
        except places.NoPlace as reason:
            raise SystemExit(f"{name}: {reason} `python -m bench --places sqlite` needs no server.") from reason
        if process.returncode:
            raise SystemExit(process.returncode)
    print(f"\n{figures.table(lines)}", file=sys.stderr)
    if wrong := [f"{fault} {line[fault]}" for line in lines for fault in FAULTS if line.get(fault)]:
        raise SystemExit(f"What was measured did not do its work right: {', '.join(wrong)}.")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="as many instances, saves and people as the published figures have")
    parser.add_argument("--works", nargs="+", choices=measure.WORKS, default=USUAL, help="load fills a database first: only when asked for")
    parser.add_argument("--places", nargs="+", choices=places.PLACES, default=list(places.PLACES))
    for name, few in QUICK.items():
        parser.add_argument(f"--{name}", type=int, help=f"{few}, and {FULL[name]} with --full")
    options = parser.parse_args()
    for name, usual in (FULL if options.full else QUICK).items():
        if getattr(options, name) is None:
            setattr(options, name, usual)
    return options


if __name__ == "__main__":
    main()
