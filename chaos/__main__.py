"""`python -m chaos`: instances under workers that are killed, frozen and cut off. A JSON line for each place; on stderr a sentence."""

import argparse
import json
import random
import subprocess
import sys

from bench import places
from chaos.nursery import ROOT

SETTINGS = {"DJANGO_SETTINGS_MODULE": "chaos.settings", "LOG_LEVEL": "WARNING"}


def main() -> None:
    """Do it at the asked places; fail when anything was lost or came twice."""
    options = _parsed()
    failed = False
    for name in options.places:
        try:
            with places.place(name, own_queue_server=True) as environment:
                command = [sys.executable, "-m", "chaos.run", name, json.dumps(vars(options))]
                done = subprocess.run(command, cwd=ROOT, env=environment | SETTINGS, stdout=subprocess.PIPE, text=True, check=False)
        except places.NoPlace as reason:
            raise SystemExit(f"{name}: {reason} `python -m chaos --places sqlite` needs no server.") from reason
        print(done.stdout, end="", flush=True)
        failed = failed or done.returncode != 0
    raise SystemExit(failed)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--instances", type=int, default=500, help="each of three steps, each of which sends a mail (default: 500)")
    parser.add_argument("--kills", type=int, default=200, help="kill -9 of a worker, every other time without its children (default: 200)")
    parser.add_argument("--wipes", type=int, default=5, help="the queue server forgets everything (default: 5)")
    parser.add_argument("--cuts", type=int, default=20, help="PostgreSQL ends a session of a worker (default: 20)")
    parser.add_argument("--freezes", type=int, default=20, help="a worker stands still for longer than its lease; PostgreSQL (default: 20)")
    parser.add_argument("--workers", type=int, default=4, help="(default: 4)")
    parser.add_argument("--places", nargs="+", choices=places.PLACES, default=list(places.PLACES))
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the order in which it all happens")
    return parser.parse_args()


if __name__ == "__main__":
    main()
