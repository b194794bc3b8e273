"""Runs a flow: checks what goes in, calls it, checks what comes out."""

from orchestration.runner import actions
from orchestration.runner.code import Result, ask_network, run_autolaunched, run_screens
from orchestration.runner.interpreter import CallOut, Pause, answered, perform, why_not_run_inside
from orchestration.runner.limits import Usage, alarm

__all__ = [
    "actions",
    "CallOut",
    "Pause",
    "Result",
    "Usage",
    "alarm",
    "answered",
    "ask_network",
    "perform",
    "run_autolaunched",
    "run_screens",
    "why_not_run_inside",
]
