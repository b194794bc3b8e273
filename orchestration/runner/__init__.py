"""Runs a flow: checks what goes in, calls it, checks what comes out."""

from orchestration.runner.code import Result, run_autolaunched, run_screens

__all__ = ["Result", "run_autolaunched", "run_screens"]
