"""Runs a flow: checks what goes in, calls it, checks what comes out."""

from orchestration.runner import actions
from orchestration.runner.code import Result, ask_network, call_out, run_autolaunched, run_screens
from orchestration.runner.interpreter import CallOut, Pause, perform, why_not_run_inside
from orchestration.runner.limits import Usage, alarm

__all__ = [
    "CallOut",
    "Pause",
    "Result",
    "Usage",
    "actions",
    "alarm",
    "ask_network",
    "call_out",
    "perform",
    "run_autolaunched",
    "run_screens",
    "why_not_run_inside",
]
