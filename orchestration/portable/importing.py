"""Takes a file in: first a plan, what is new, the same or changed and what does not resolve here; then drafts, and nothing but drafts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

import orchestration.portable.shape as shape
from orchestration import builder, flow_builder, soundness
from orchestration.errors import Invalid
from orchestration.flows import documents
from orchestration.flows.documents.problems import CLOSED_APPS
from orchestration.models import Flow, Orchestration, Queue, QueueMember
from orchestration.models.flows import flow_of
from orchestration.models.people import Person
from orchestration.models.records import model_named
from orchestration.references import Site
from orchestration.states import VersionStatus

NEW, SAME, CHANGED, MISSING = "new", "same", "changed", "missing"


@dataclass(frozen=True)
class Item:
    """One thing in the file, and what this site has of it. `changes` are (place, here, in the file)."""

    kind: str
    name: str
    label: str
    verdict: str
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What taking the file in would do, and what of it does not resolve here."""

    bundle: shape.Bundle
    items: list[Item]
    problems: list[tuple[str, str]]

    @property
    def changes_something(self) -> bool:
        """Whether drafts would be made."""
        return any(item.verdict in (NEW, CHANGED) for item in self.items)

    @property
    def lacks_something(self) -> bool:
        """Whether it names queues or groups that are not here."""
        return any(item.verdict == MISSING for item in self.items)


def plan(bundle: shape.Bundle) -> Plan:
    """Look at a file, and change nothing."""
    items = [*_groups(bundle), *_queues(bundle), *_flows(bundle), *_orchestrations(bundle)]
    return Plan(bundle, items, list(_problems(bundle)))


@transaction.atomic
def carry_out(plan: Plan, *, by: Person | None, make_missing: bool = False, anyway: bool = False) -> list[str]:
    """Make the drafts of a plan; what was made, in words. Nothing is activated, and no queue or group that is there is touched.

    `make_missing` makes queues and (empty) groups that are not there. Raises Invalid when something does not resolve, unless `anyway`:
    then the drafts have problems that keep them from being activated.
    """
    made = _make_missing(plan) if make_missing else []
    left = list(_problems(plan.bundle)) if make_missing else plan.problems
    if left and not anyway:
        words = "; ".join(f"{place}: {message}" for place, message in left[:5])
        raise Invalid(_("Nothing was taken in: %(count)d things do not resolve. %(words)s") % {"count": len(left), "words": words})
    verdicts = {(item.kind, item.name): item.verdict for item in plan.items}
    for flow in plan.bundle.flows:
        if verdicts["flow", flow.key] == NEW:
            name = flow.key.partition(".")[2]
            version = flow_builder.new_flow(name, flow.label, flow.kind, document=flow.document, description=flow.description, by=by)
            made.append(_("Flow %(version)s") % {"version": version})
        elif verdicts["flow", flow.key] == CHANGED:
            row = Flow.objects.get(key=flow.key)
            made.append(_("Flow %(version)s") % {"version": flow_builder.new_draft(row, flow.document, by=by, note=_("Imported"))})
    for drawn in plan.bundle.orchestrations:
        if verdicts["orchestration", drawn.orchestration.api_name] in (NEW, CHANGED):
            made.append(_("Orchestration %(version)s") % {"version": builder.load(drawn.document(), by=by, note=_("Imported"))})
    return made


def _make_missing(plan: Plan) -> list[str]:
    made = []
    for item in plan.items:
        if item.kind == "group" and item.verdict == MISSING:
            Group.objects.create(name=item.name)
            made.append(_("Group %(name)s, empty") % {"name": item.name})
    for queue in plan.bundle.queues:
        if Queue.objects.filter(api_name=queue.api_name).exists():
            continue
        row = Queue.objects.create(api_name=queue.api_name, label=queue.label)
        for group in Group.objects.filter(name__in=queue.groups):
            QueueMember.objects.create(queue=row, group=group)
        users = get_user_model()
        for user in users._default_manager.filter(**{f"{users.USERNAME_FIELD}__in": queue.users}):
            QueueMember.objects.create(queue=row, user=user)
        made.append(_("Queue %(name)s") % {"name": queue.label})
    return made


# What there is -------------------------------------------------------------------------------------------------------


def _groups(bundle: shape.Bundle) -> Iterator[Item]:
    named = {*bundle.groups, *(name for queue in bundle.queues for name in queue.groups)}
    known = set(Group.objects.filter(name__in=named).values_list("name", flat=True))
    yield from (Item("group", name, name, SAME if name in known else MISSING) for name in sorted(named))


def _queues(bundle: shape.Bundle) -> Iterator[Item]:
    known = set(Queue.objects.values_list("api_name", flat=True))
    for queue in bundle.queues:
        yield Item("queue", queue.api_name, queue.label, SAME if queue.api_name in known else MISSING)


def _flows(bundle: shape.Bundle) -> Iterator[Item]:
    for flow in bundle.flows:
        row = Flow.objects.filter(key=flow.key).first()
        if row is None:
            yield Item("flow", flow.key, flow.label, NEW)
            continue
        versions = list(row.versions.order_by("-number"))
        active = next((version for version in versions if version.status == VersionStatus.ACTIVE), None)
        if any(version.document == flow.document for version in (active, *versions[:1]) if version is not None):
            yield Item("flow", flow.key, flow.label, SAME)
        else:
            here = (active or versions[0]).document if versions else {}
            yield Item("flow", flow.key, flow.label, CHANGED, list(documents.changed_places(here, flow.document)))


def _orchestrations(bundle: shape.Bundle) -> Iterator[Item]:
    for drawn in bundle.orchestrations:
        head = drawn.orchestration
        row = Orchestration.objects.filter(api_name=head.api_name).first()
        if row is None:
            yield Item("orchestration", head.api_name, head.label, NEW)
            continue
        document = drawn.document()
        versions = [version for version in (row.versions.order_by("-number").first(), row.active_version) if version is not None]
        dumped = [dict(builder.dump(version)) for version in versions]
        if any(builder.fingerprint(one) == builder.fingerprint(document) for one in dumped):
            yield Item("orchestration", head.api_name, head.label, SAME)
        else:
            changes = list(documents.changed_places(dumped[-1] if dumped else {}, document))
            yield Item("orchestration", head.api_name, head.label, CHANGED, changes)


# What does not resolve -----------------------------------------------------------------------------------------------


def _problems(bundle: shape.Bundle) -> Iterator[tuple[str, str]]:
    yield from _doubled(bundle)
    carried, parsed = {}, []
    for flow in bundle.flows:
        try:
            document = documents.parse(flow.kind, flow.document)
        except Invalid as invalid:
            yield from ((f"{flow.label} › {place}", message) for place, messages in invalid.errors.items() for message in messages)
            continue
        carried[flow.key] = flow_of(flow.key, flow.kind, flow.label, document)
        parsed.append((flow, document))
    for flow, document in parsed:
        yield from _problems_of_flow(flow, document, carried)
    kinds = dict(Flow.objects.filter(key__in=carried).values_list("key", "kind"))
    for key, flow_here in carried.items():
        if kinds.get(key, flow_here.kind) != flow_here.kind:
            yield str(flow_here.label), _("There is a flow of another kind with this key.")
    for drawn in bundle.orchestrations:
        yield from _problems_of_orchestration(drawn, carried)


def _doubled(bundle: shape.Bundle) -> Iterator[tuple[str, str]]:
    keys = [flow.key for flow in bundle.flows] + [drawn.orchestration.api_name for drawn in bundle.orchestrations]
    yield from ((key, _("It stands in the file twice.")) for key in sorted({key for key in keys if keys.count(key) > 1}))


def _problems_of_flow(flow: shape.Flow, document: Any, carried: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    around = flow_builder.surroundings(flow.key)

    def why_not_run(element: Any) -> str:
        return "" if element.flow in carried and element.flow != flow.key else _asked(around.why_not_run, element)

    def why_not_evaluate(condition: Mapping[str, Any]) -> str:
        return "" if condition.get("flow") in carried and condition.get("flow") != flow.key else _asked(around.why_not_evaluate, condition)

    mixed = replace(around, why_not_run=why_not_run, why_not_evaluate=why_not_evaluate)
    for problem in documents.problems(document, mixed):
        yield f"{flow.label} › {problem.place}", problem.message


def _asked(why_not: Callable[[Any], str] | None, what: Any) -> str:
    return why_not(what) if why_not is not None else ""


def _problems_of_orchestration(drawn: shape.Orchestration, carried: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    head, document = drawn.orchestration, drawn.document()
    if drawn.fingerprint and drawn.fingerprint != builder.fingerprint(document):
        yield head.label, _("Its fingerprint is that of something else. If it was changed by hand, take the fingerprint out.")
    if head.record_model:
        model = model_named(head.record_model)
        if model is None:
            yield head.label, _("No installed app has the model “%(model)s”.") % {"model": head.record_model}
        elif model._meta.app_label in CLOSED_APPS:
            yield head.label, _("No orchestration is about records of “%(model)s”.") % {"model": head.record_model}
    elif head.start_type == "record":
        yield head.label, _("A record-triggered orchestration names the model that it watches.")
    row = Orchestration.objects.filter(api_name=head.api_name).first()
    if row is not None and row.was_ever_active and (row.start_type, row.record_model) != (head.start_type, head.record_model):
        yield head.label, _("Here “%(label)s” starts otherwise, or watches another model, and has been active.") % {"label": row.label}
    try:
        builder.refuse_what_no_rows_can_say(document)
    except Invalid as invalid:
        yield head.label, str(invalid)
        return
    site = Site.around(document)
    site = replace(site, flows={**site.flows, **carried})
    yield from ((problem.place, problem.message) for problem in soundness.problems(document, site))
