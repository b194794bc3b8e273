"""The catalogue of flows: the small things that steps run, registered by a decorator in any app's `flows.py`."""

from orchestration.flows.catalogue import Flow, FlowKind, all_flows, autolaunched_flow, get, screen_flow
from orchestration.flows.context import Context, Http, Mail, Message, Reply, Wait, escaped_for_slack
from orchestration.flows.screens import Screen

__all__ = [
    "Context",
    "Flow",
    "FlowKind",
    "Http",
    "Mail",
    "Message",
    "Reply",
    "Screen",
    "Wait",
    "all_flows",
    "autolaunched_flow",
    "escaped_for_slack",
    "get",
    "screen_flow",
]
