"""Named places where tests let a process die, fail or freeze; in production each costs a look at an empty mapping.

A place is armed by the environment, for processes that a test starts (`SEGUE_FAILPOINTS="claim.committed=kill@3"`: the third time), or
by `armed`, in the test's own process. Nothing that anybody can send over a network arms one. What a place can do: `kill` and `stop`
send the process SIGKILL and SIGSTOP, `raise` raises Injected.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

PLACES = frozenset(
    {
        "start.before_commit",  # the instance of a start request is made, not committed
        "start.committed",  # committed; nobody was told yet
        "claim.before_commit",  # a step is claimed, not committed
        "claim.committed",  # committed; its flow has not begun
        "flow.done",  # the flow has written what it writes; its step is not finished
        "finish.locked",  # the instance's row is locked
        "finish.step_done",  # the step is completed; what follows from it is not
        "finish.settled",  # everything is written, not committed
        "finish.committed",  # committed; nobody was told yet
        "item.before_commit",  # a work item is completed, not committed
        "item.committed",  # committed; nobody was told yet
        "effect.claimed",  # an effect is taken; nothing was sent
        "effect.sent",  # sent, and not yet noted as sent
        "tick.rescued",  # in the middle of what the ticker takes up again
    }
)


class Injected(Exception):
    """What an armed place raises; its message is the place."""


def _read(text: str) -> dict[str, Callable[[], None]]:
    armed = {}
    for part in filter(None, text.split(",")):
        place, _equals, action = part.partition("=")
        action, _at, times = action.partition("@")
        armed[_known(place)] = _after(int(times or 1), partial(_ACTIONS[action], place))
    return armed


def _known(place: str) -> str:
    if place not in PLACES:
        raise ValueError(f"There is no failpoint “{place}”. Known: {', '.join(sorted(PLACES))}.")
    return place


def _after(times: int, act: Callable[[], None]) -> Callable[[], None]:
    """Act at the `times`-th pass, once."""
    passes = iter(range(1, times + 1))

    def pass_by() -> None:
        if next(passes, None) == times:
            act()

    return pass_by


def _raise(place: str) -> None:
    raise Injected(place)


_ACTIONS: dict[str, Callable[[str], None]] = {
    "kill": lambda _place: os.kill(os.getpid(), signal.SIGKILL),
    "raise": _raise,
    "stop": lambda _place: os.kill(os.getpid(), signal.SIGSTOP),
}

_armed: dict[str, Callable[[], None]] = _read(os.environ.get("SEGUE_FAILPOINTS", ""))


def reach(place: str) -> None:
    """The process comes by `place`; nothing happens unless a test has armed it."""
    if _armed and (act := _armed.get(_known(place))):
        act()


@contextmanager
def armed(place: str, act: Callable[[], None], *, times: int = 1) -> Iterator[None]:
    """Inside the block, the `times`-th pass of `place` calls `act`, once."""
    _armed[_known(place)] = _after(times, act)
    try:
        yield
    finally:
        del _armed[place]


def arm(text: str) -> None:
    """Arm places for the rest of this process, as SEGUE_FAILPOINTS would have."""
    _armed.update(_read(text))
