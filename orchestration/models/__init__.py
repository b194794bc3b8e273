"""The rows: what a builder draws, what runs, what is still to be done, and the people."""

from orchestration.models.definitions import Orchestration, Route, Stage, Step, Version
from orchestration.models.flows import Flow, FlowVersion
from orchestration.models.instances import (
    Draft,
    Instance,
    Milestone,
    StageInstance,
    StepInstance,
    Submission,
    WorkItem,
)
from orchestration.models.outbox import Effect, Signal, StartRequest
from orchestration.models.people import Queue, QueueMember

__all__ = [
    "Draft",
    "Effect",
    "Flow",
    "FlowVersion",
    "Instance",
    "Milestone",
    "Orchestration",
    "Queue",
    "QueueMember",
    "Route",
    "Signal",
    "Stage",
    "StageInstance",
    "StartRequest",
    "Step",
    "StepInstance",
    "Submission",
    "Version",
    "WorkItem",
]
