"""The catalogue of flows: the small things that steps run, registered by a decorator in any app's `flows.py`."""

from orchestration.flows.catalogue import (
    BUILT,
    TYPE_OF,
    Flow,
    FlowKind,
    Shelf,
    add_shelf,
    all_flows,
    autolaunched_flow,
    evaluate,
    evaluation_flow,
    get,
    in_code,
    look,
    pinned,
    screen_flow,
)
from orchestration.flows.context import Context, Http, Mail, Message, Reply, Wait, escaped_for_slack
from orchestration.flows.screens import Screen

__all__ = [
    "BUILT",
    "TYPE_OF",
    "Context",
    "Flow",
    "FlowKind",
    "Http",
    "Mail",
    "Message",
    "Reply",
    "Screen",
    "Shelf",
    "Wait",
    "add_shelf",
    "all_flows",
    "autolaunched_flow",
    "escaped_for_slack",
    "evaluate",
    "evaluation_flow",
    "get",
    "in_code",
    "look",
    "pinned",
    "screen_flow",
]
