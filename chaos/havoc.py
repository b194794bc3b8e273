"""The run itself: victims at work, one thing after the other done to them, and the count at the end."""

import argparse
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from chaos.ledger import STEPS, Ledger
from chaos.nursery import Nursery
from chaos.victims import Victims

PATIENCE = 90.0
"""Seconds without any progress after which a run is given up."""

NO_FAULT = ("mails_sent_again", "attempts_lost", "attempts_failed")


def wreak(place: str, options: argparse.Namespace) -> tuple[dict[str, Any], str, bool]:
    """One run. What came of it, in figures and in a sentence, and whether all went well."""
    chance = random.Random(options.seed)
    ledger = Ledger(options.instances)
    connection.close()
    said = Path(settings.DATA_DIR) / "said"
    began = time.monotonic()
    with Nursery(dict(os.environ), said) as nursery:
        victims = Victims(nursery, options.workers, chance)
        _until_all_is_done(ledger, victims, _deeds(victims, options, chance))
        seconds = time.monotonic() - began
    count = ledger.reconcile()
    wrong = {name: number for name, number in count.items() if number and name not in NO_FAULT}
    result = {
        "place": place,
        "instances": options.instances,
        "steps": options.instances * STEPS,
        "workers": options.workers,
        "seconds": round(seconds, 1),
        **victims.done,
        "refused_too_late": nursery.said.count("this attempt was superseded"),
        **count,
        "seed": options.seed,
    }
    return result, _sentence(result, victims, wrong), not wrong


def _deeds(victims: Victims, options: argparse.Namespace, chance: random.Random) -> list[Callable[[], None]]:
    """What is to be done to them, in the order in which it will be."""
    deeds = [victims.kill] * options.kills + [victims.wipe] * options.wipes
    if connection.vendor == "postgresql":  # with one write lock for all, everybody waits for whoever is frozen over it
        deeds += [victims.cut] * options.cuts + [victims.freeze] * options.freezes
    chance.shuffle(deeds)
    return deeds


def _until_all_is_done(ledger: Ledger, victims: Victims, deeds: list[Callable[[], None]]) -> None:
    """The deeds are spread evenly over the work, not over time: none is spent on workers that have nothing left to do.

    Those that are still to be done when the last piece of work is finished are left out.
    """
    spread = ledger.asked / (len(deeds) + 1)
    did, done, progress = 0, 0, time.monotonic()
    while done < ledger.asked and time.monotonic() - progress < PATIENCE:
        victims.thaw()
        before, done = done, ledger.done()
        if done != before:
            progress = time.monotonic()
        while did < len(deeds) and done >= spread * (did + 1):
            deeds[did]()
            did += 1
        time.sleep(0.02)


def _sentence(result: dict[str, Any], victims: Victims, wrong: dict[str, int]) -> str:
    what = ", ".join(f"{name.replace('_', ' ')}: {number}" for name, number in victims.done.items())
    outcome = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in wrong.items()) or "nothing lost, nothing twice"
    head = f"{result['place']}: {result['instances']} instances of {STEPS} steps in {result['seconds']:g} s"
    return f"{head} ({what}): {outcome}."
