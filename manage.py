#!/usr/bin/env python
"""Segue's commands: `manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ.setdefault("SEGUE_DEMO", "1")  # before the settings are read, which ask whether this is the demo
    try:
        from django.core.management import execute_from_command_line

        from config.env import BadSetting
    except ImportError:
        sys.exit("Django is not installed for this Python. Run `make` once, then use .venv/bin/python manage.py …")
    try:
        execute_from_command_line(sys.argv)
    except BadSetting as error:
        sys.exit(f"Segue cannot start: {error}")


if __name__ == "__main__":
    main()
