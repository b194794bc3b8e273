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
from orchestration.models.outside import Attachment, Endpoint, EndpointHeader, Secret
from orchestration.models.people import Queue, QueueMember
from orchestration.models.placement import WorkGuidePlacement
from orchestration.models.revisions import Change, DrawingRevision, Revision

__all__ = [
    "Attachment",
    "Change",
    "Draft",
    "DrawingRevision",
    "Effect",
    "Endpoint",
    "EndpointHeader",
    "Flow",
    "FlowVersion",
    "Instance",
    "Milestone",
    "Orchestration",
    "Queue",
    "QueueMember",
    "Revision",
    "Route",
    "Secret",
    "Signal",
    "Stage",
    "StageInstance",
    "StartRequest",
    "Step",
    "StepInstance",
    "Submission",
    "Version",
    "WorkGuidePlacement",
    "WorkItem",
]
