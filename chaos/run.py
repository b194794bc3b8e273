"""One run at one place, in a process whose environment names it: `python -m chaos.run sqlite '{"instances": 500, …}'`."""

import argparse
import json
import sys
from importlib import import_module

import django
from django.core.management import call_command


def main(place: str, options: argparse.Namespace) -> None:
    """Make the tables, wreak havoc, and say what came of it; exit code 1 when anything was lost or came twice."""
    django.setup()
    call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
    result, sentence, went_well = import_module("chaos.havoc").wreak(place, options)
    print(json.dumps(result), flush=True)
    print(sentence, file=sys.stderr)
    raise SystemExit(not went_well)


if __name__ == "__main__":
    main(sys.argv[1], argparse.Namespace(**json.loads(sys.argv[2])))
