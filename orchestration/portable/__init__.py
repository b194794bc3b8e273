"""Definitions as one file: taken from a sandbox to production, kept under version control, looked at before they are taken in.

text = portable.write(portable.export([version]), "yaml")
plan = portable.plan(portable.read(data))
plan.items, plan.problems
portable.carry_out(plan, by=petra)
"""

from orchestration.portable.diagrams import mermaid
from orchestration.portable.exporting import export, write
from orchestration.portable.importing import Item, Plan, carry_out, plan
from orchestration.portable.reading import read
from orchestration.portable.shape import Bundle, json_schema

__all__ = ["Bundle", "Item", "Plan", "carry_out", "export", "json_schema", "mermaid", "plan", "read", "write"]
