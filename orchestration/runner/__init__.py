"""Runs a flow: checks what goes in, calls it, checks what comes out."""

from orchestration.runner.code import Result, run_autolaunched, run_screens
from orchestration.runner.interpreter import CallOut, Pause, answered, perform, why_not_run_inside

__all__ = ["CallOut", "Pause", "Result", "answered", "perform", "run_autolaunched", "run_screens", "why_not_run_inside"]
