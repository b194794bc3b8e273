"""The rows: what a builder draws, what runs, what is still to be done, and the people."""

from orchestration.models.definitions import Orchestration, Stage, Step, Version
from orchestration.models.flows import Flow
from orchestration.models.instances import (
    Draft,
    Instance,
    Milestone,
    StageInstance,
    StepInstance,
    Submission,
    WorkItem,
)
from orchestration.models.outbox import Effect, StartRequest
from orchestration.models.people import Queue, QueueMember

__all__ = [
    "Draft",
    "Effect",
    "Flow",
    "Instance",
    "Milestone",
    "Orchestration",
    "Queue",
    "QueueMember",
    "Stage",
    "StageInstance",
    "StartRequest",
    "Step",
    "StepInstance",
    "Submission",
    "Version",
    "WorkItem",
]
