"""The go-live list: what to look at before a version is activated, beside the problems that its drawing has (§11).

Each point has a verdict and a sentence. Who can really do each step is found for records that there are, through the very pipeline that
assigns work items; what only a running instance knows is said to be decided then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, Q
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from orchestration import access, assignment, builder, drawing
from orchestration.errors import ExpressionError, Fault
from orchestration.flows import documents
from orchestration.models import Endpoint, Instance, Queue, Version, WorkGuidePlacement
from orchestration.models import placement as placements
from orchestration.models.definitions import StepKind
from orchestration.models.instances import name_of
from orchestration.models.records import model_named
from orchestration.references import Site

GOOD, DOUBTFUL, BAD = "good", "doubtful", "bad"

SAMPLES = 5
"""Records for which it is looked up who would get each step."""

SHOWN_PEOPLE = 8
"""Members who cannot do a step that are named one by one."""


@dataclass(frozen=True)
class Point:
    """One line of the list."""

    verdict: str
    message: str
    part: str = ""


@dataclass
class Who:
    """Who would get one step for one record, and why somebody cannot do it."""

    record: str
    assignee: str
    verdict: str
    able: int = 0
    told: list[str] = field(default_factory=list)


@dataclass
class StepCheck:
    """One interactive step with what was found for each sample record."""

    part: str
    label: str
    cases: list[Who]

    @property
    def verdict(self) -> str:
        """The worst of its cases."""
        found = {case.verdict for case in self.cases}
        return BAD if BAD in found else DOUBTFUL if DOUBTFUL in found else GOOD


def samples(version: Version, user: Any, keys: Iterable[str] = ()) -> list[Model]:
    """The newest records that the person may view, or those with these keys; none when it is about no record."""
    model = model_named(version.orchestration.record_model) if version.orchestration.record_model else None
    if model is None:
        return []
    visible = access.records_for(user, model)
    wanted = [Q(pk=key) for key in keys if key][:SAMPLES]  # each by itself: a number that is too large is then no record, and no error
    try:
        return list(visible.filter(reduce(or_, wanted)) if wanted else visible.order_by("-pk")[:SAMPLES])
    except (ValueError, ValidationError):
        return []


def who_can(version: Version, records: Sequence[Model], starter: Any) -> list[StepCheck]:
    """For each interactive step: who gets it, and whether they can do it."""
    document = builder.dump(version)
    steps = [step for step in drawing.steps_in(document) if step["kind"] == StepKind.INTERACTIVE and step["assignee"] and step["flow"]]
    cases: Sequence[Model | None] = records or [None]
    return [StepCheck(f"step:{step['api_name']}", step["label"], _alike(_case(step, one, starter) for one in cases)) for step in steps]


def _alike(cases: Iterable[Who]) -> list[Who]:
    """Records for which the very same was found are one line."""
    found: dict[tuple[Any, ...], Who] = {}
    for case in cases:
        key = (case.assignee, case.verdict, case.able, *case.told)
        if key in found:
            found[key].record = f"{found[key].record}, {case.record}"
        else:
            found[key] = case
    return list(found.values())


def _case(step: Mapping[str, Any], record: Model | None, starter: Any) -> Who:
    label = str(record) if record is not None else _("any record")
    source = step["assignee"]
    path = source.get("path", "") if isinstance(source, Mapping) else ""
    if path and path.partition(".")[0] not in ("record", "starter"):
        return Who(label, str(path), GOOD, told=[_("Decided when it runs.")])
    if path and record is None and path.startswith("record"):
        return Who(label, str(path), DOUBTFUL, told=[_("There is no record to try it with.")])
    try:
        meant = assignment.meant(source, {"record": record, "starter": starter})
    except (Fault, ExpressionError) as error:
        return Who(label, assignment.worded(source), BAD, told=[str(error)])
    if meant is None:
        told = _("It names nobody: the step would go to the fallback queue.")
        return Who(label, assignment.worded(source), BAD, told=[told])
    people = _people(meant)
    if not people:
        return Who(label, str(meant), BAD, told=[_("Nobody with an active account is in it.")])
    return _able(label, str(name_of(meant) if len(people) == 1 and people[0] == meant else meant), people, step["flow"], record)


def _people(meant: Any) -> list[Any]:
    users = get_user_model()._default_manager.filter(is_active=True).order_by("pk")
    if isinstance(meant, Group):
        return list(users.filter(groups=meant))
    if isinstance(meant, Queue):
        inside = Q(queue_memberships__queue=meant) | Q(groups__queue_memberships__queue=meant)
        return list(users.filter(inside).distinct())
    return [meant] if meant.is_active else []


def _able(label: str, assignee: str, people: list[Any], flow: str, record: Model | None) -> Who:
    lacking = {person: why for person in people if (why := access.why_not_able(person, flow, record))}
    able = len(people) - len(lacking)
    told = [f"{name_of(person)}: {why}" for person, why in list(lacking.items())[:SHOWN_PEOPLE]]
    if len(lacking) > SHOWN_PEOPLE:
        told.append(_("and %(count)d more who cannot.") % {"count": len(lacking) - SHOWN_PEOPLE})
    if able == 1 and len(people) == 1:
        told.append(_("Only this person can do it: when they are away, it waits."))
    verdict = BAD if able == 0 else DOUBTFUL if lacking or len(people) == 1 else GOOD
    return Who(label, assignee, verdict, able, told)


# The rest of the list ------------------------------------------------------------------------------------------------


def points(version: Version) -> Iterator[Point]:
    """Queues, mail, chat, the Work Guide, the debug run, and what runs already."""
    document = builder.dump(version)
    steps = drawing.steps_in(document)
    yield from _queues(steps)
    yield from _mail(steps)
    yield from _endpoints(steps)
    yield from _work_guide(version)
    yield _debugged(version, document)
    yield from _running(version)


def _queues(steps: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    if not any(step["kind"] == StepKind.INTERACTIVE for step in steps):
        return
    fallback = Queue.objects.filter(is_fallback=True).first()
    if fallback is None:
        yield Point(BAD, _("There is no fallback queue: what nobody can do would be assigned to nobody. Mark a queue as the fallback."))
    elif not fallback.has_active_member:
        yield Point(BAD, _("Nobody with an active account is in the fallback queue “%(queue)s”.") % {"queue": fallback})
    else:
        yield Point(GOOD, _("What nobody can do goes to “%(queue)s”.") % {"queue": fallback})


def _mail(steps: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    backend = settings.EMAIL_BACKEND.rsplit(".", 2)[-2]
    if backend == "smtp":
        host = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        yield Point(GOOD, _("Mail goes out by %(host)s, from %(sender)s.") % {"host": host, "sender": settings.DEFAULT_FROM_EMAIL})
    else:
        words = _("Mail does not leave this site: it goes to “%(backend)s”. Set EMAIL_URL when people are to get it.")
        yield Point(DOUBTFUL, words % {"backend": backend})


def _endpoints(steps: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    site = Site.around({"stages": [{"steps": steps}]})
    used = sorted({(name, step["label"]) for step in steps for name in _named_by(site.flows.get(step["flow"]))})
    known = set(Endpoint.objects.values_list("api_name", flat=True))
    for name, label in used:
        if name in known:
            yield Point(GOOD, _("“%(step)s” reaches the endpoint “%(name)s”.") % {"step": label, "name": name})
        else:
            yield Point(BAD, _("“%(step)s” calls the endpoint “%(name)s”, which is not there.") % {"step": label, "name": name})


def _named_by(flow: Any) -> set[str]:
    """The endpoints, of Slack and others, that a built flow names."""
    document = getattr(flow, "document", None)
    if not isinstance(document, documents.AutolaunchedDocument):
        return set()
    found = {getattr(element, "endpoint", "") for _place, element, _depth in documents.walk(document.elements)}
    return {name for name in found if name}


def _work_guide(version: Version) -> Iterator[Point]:
    label = version.orchestration.record_model
    model = model_named(label) if label else None
    if model is None:
        return
    told = {"places": get_text_list(places_of(label), _("and")), "model": model._meta.verbose_name}
    if told["places"]:
        yield Point(GOOD, _("The Work Guide is shown on %(places)s of each %(model)s.") % told)
    else:
        words = _("The Work Guide is on no page of this model (%(model)s): people find their work in the inbox alone. Switch it on.")
        yield Point(DOUBTFUL, words % told)


def places_of(label: str) -> list[str]:
    """On which pages of the model with this "app.model" the Work Guide is shown."""
    placement, model, found = WorkGuidePlacement.objects.of(label), model_named(label), []
    if placement.on_record_page and any(has(label) for has in placements.has_record_page):
        found.append(_("the record page"))
    own = admin.site._registry.get(model) if model else None
    if placement.on_admin_page and own is not None and own.change_form_template in (None, "admin/change_form.html"):
        found.append(_("the admin page"))
    return found


def _debugged(version: Version, document: Mapping[str, Any]) -> Point:
    if version.debugged_fingerprint and version.debugged_fingerprint == builder.fingerprint(document):
        told = {"name": version.debugged_by_label, "at": version.debugged_at}
        return Point(GOOD, _("%(name)s made a debug run of it as it is now, to the end.") % told)
    if version.debugged_fingerprint:
        return Point(DOUBTFUL, _("It has changed since its last debug run."))
    return Point(DOUBTFUL, _("No debug run of it has come to its end yet."))


def _running(version: Version) -> Iterator[Point]:
    live = Instance.objects.live().filter(orchestration=version.orchestration_id).exclude(version=version.pk)
    for number, count in live.values_list("version__number").annotate(count=Count("pk")).order_by("version__number"):
        told = {"count": count, "old": number, "new": version.number}
        yield Point(GOOD, _("%(count)d live instances stay on v%(old)d; what starts from now on runs v%(new)d.") % told)
