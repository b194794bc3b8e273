"""Makes the file: each orchestration with what it needs, in a fixed order and without what has its default, so that changes can be read."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from django.contrib.auth.models import Group

import orchestration.portable.shape as shape
from orchestration import builder, drawing, flow_builder, flows, soundness
from orchestration.models import Flow, FlowVersion, Queue, Version
from orchestration.states import VersionStatus


def export(versions: Iterable[Version]) -> dict[str, Any]:
    """The file of these versions, with the flows, queues and groups that they name."""
    documents = sorted((dict(builder.dump(version)) for version in versions), key=lambda document: document["orchestration"]["api_name"])
    steps = [step for document in documents for step in drawing.steps_in(document)]
    assignees = [step["assignee"] for step in steps if step["assignee"]]
    queues = Queue.objects.filter(api_name__in=[one["queue"] for one in assignees if "queue" in one]).prefetch_related(
        "members__group", "members__user"
    )
    groups = Group.objects.filter(name__in=[one["group"] for one in assignees if "group" in one])
    told = {
        "segue": shape.FORMAT,
        "orchestrations": [_orchestration(document) for document in documents],
        "flows": [_flow(version) for version in _flows_of(documents)],
        "queues": [_queue(queue) for queue in queues.order_by("api_name")],
        "groups": sorted(groups.values_list("name", flat=True)),
    }
    return {name: value for name, value in told.items() if value}


def write(file: Mapping[str, Any], how: str) -> str:
    """The file as text, "json" or "yaml"; the same for the same definitions."""
    if how == "yaml":
        return yaml.dump(dict(file), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, default_flow_style=False)
    return json.dumps(file, indent=2, ensure_ascii=False) + "\n"


class _Dumper(yaml.SafeDumper):
    """Writes everything out: nothing stands for something further up."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Texts of several lines stand as blocks."""
        style = "|" if "\n" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


def _orchestration(document: dict[str, Any]) -> dict[str, Any]:
    print_of_it = builder.fingerprint(document)
    written = shape.Orchestration.model_validate(document).model_dump(exclude_defaults=True)
    return {"orchestration": written.pop("orchestration"), "fingerprint": print_of_it, **written}


def _flow(version: FlowVersion) -> dict[str, Any]:
    flow = version.flow
    told = {"key": flow.key, "label": flow.label, "kind": flow.kind, "description": flow.description, "document": version.document}
    return {name: value for name, value in told.items() if value != ""}


def _queue(queue: Queue) -> dict[str, Any]:
    members = list(queue.members.all())
    groups = sorted(member.group.name for member in members if member.group)
    users = sorted(member.user.get_username() for member in members if member.user)
    told = {"api_name": queue.api_name, "label": queue.label, "groups": groups, "users": users}
    return {name: value for name, value in told.items() if value}


def _flows_of(documents: Iterable[Mapping[str, Any]]) -> list[FlowVersion]:
    """The built flows that the documents name, and those that these run or ask; the active version of each, else the newest."""
    wanted = {step["flow"] for document in documents for step in drawing.steps_in(document)}
    wanted |= {condition["flow"] for document in documents for _spot, condition in soundness.conditions(document) if "flow" in condition}
    found: dict[str, FlowVersion] = {}
    while missing := sorted(key for key in wanted - found.keys() if key.startswith(f"{flows.BUILT}.")):
        for key in missing:
            version = _version_of(key)
            wanted.discard(key)
            if version is not None:
                found[key] = version
                wanted |= {named for _place, named in flow_builder.named_in(version)}
        wanted -= found.keys()
    return [found[key] for key in sorted(found)]


def _version_of(key: str) -> FlowVersion | None:
    flow = Flow.objects.filter(key=key, is_built=True).first()
    if flow is None:
        return None
    versions = flow.versions.select_related("flow")
    return versions.filter(status=VersionStatus.ACTIVE).first() or versions.order_by("-number").first()
