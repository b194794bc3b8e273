"""Runs a flow: checks what goes in, calls it, checks what comes out."""

from orchestration.runner.code import Result, ask_network, run_autolaunched, run_screens
from orchestration.runner.limits import Usage, alarm

__all__ = ["Result", "Usage", "alarm", "ask_network", "run_autolaunched", "run_screens"]
