"""The Work Guide: what goes on around a record, and who is to do what."""

import secrets
from dataclasses import dataclass

from django.db.models import Exists, Model, OuterRef, Q, Subquery
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from orchestration import access, dispatch, timeline
from orchestration.models import Instance, Version, WorkItem
from orchestration.models.records import model_label
from orchestration.states import VersionStatus
from orchestration.timeline import InstanceView, StageView, StepView
from workguide.live import live_attributes
from workguide.request import Request


@dataclass(frozen=True)
class Panel:
    """One instance, sorted by who is to act: the reader (`mine`), others, nobody yet (`coming`), or nobody any more."""

    view: InstanceView
    mine: list[StepView]
    others: list[StepView]
    coming: StageView | None
    done: list[StepView]


@dataclass(frozen=True)
class Offer:
    """An orchestration that the reader may start here: at one click, or by way of a form when it `asks` for something."""

    label: str
    url: str
    asks: bool
    key: str


def render(request: Request, record: Model) -> SafeString:
    """The whole panel, which follows the record and refreshes its content by itself."""
    keys = [f"record:{model_label(record)}:{record.pk}", *dispatch.keys_for_user(request.user)]
    return render_to_string("workguide/work_guide.html", {"live": live_attributes(keys), **_content(request, record)}, request)


def render_content(request: Request, record: Model) -> SafeString:
    """What is inside the panel: the part that is fetched again after a change."""
    return render_to_string("workguide/_work_guide.html", _content(request, record), request)


def _content(request: Request, record: Model) -> dict[str, object]:
    label = model_label(record)
    seen = access.instances_for(request.user)
    mine = set(WorkItem.objects.open().for_record(record).for_user(request.user).values_list("pk", flat=True))
    panels = [_panel(view, mine, request.user.pk) for view in timeline.for_record(record, seen)]  # type: ignore[arg-type]
    panels.sort(key=lambda panel: (not panel.view.instance.is_live, not panel.mine))
    return {
        "panels": [panel for panel in panels if panel.view.instance.is_live] or panels[:1],
        "earlier": [panel for panel in panels if not panel.view.instance.is_live][0 if _any_live(panels) else 1 :],
        "startable": _startable(request, record),
        "region": f"orc-guide-{label.replace('.', '-')}-{record.pk}",
        "url": reverse("workguide:work_guide", args=[label, record.pk]),
    }


def _startable(request: Request, record: Model) -> list[Offer]:
    """What the reader may start about the record, but for what is live already and may be so only once."""
    live = Instance.objects.live().for_record(record).filter(orchestration=OuterRef("pk"))
    found = access.startable_by(request.user, record).exclude(Q(one_live_per_record=True) & Exists(live))
    active = Version.objects.filter(orchestration=OuterRef("pk"), status=VersionStatus.ACTIVE)
    label = model_label(record)
    return [
        Offer(
            orchestration.label,
            reverse("workguide:record_start", args=[label, record.pk, orchestration.api_name]),
            asks=bool(orchestration.active_inputs),
            key=secrets.token_hex(16),
        )
        for orchestration in found.annotate(active_inputs=Subquery(active.values("inputs")[:1]))
    ]


def _any_live(panels: list[Panel]) -> bool:
    return any(panel.view.instance.is_live for panel in panels)


def _panel(view: InstanceView, mine: set[int], reader: int | None) -> Panel:
    sorted_steps: dict[str, list[StepView]] = {"mine": [], "others": [], "done": []}
    for stage in view.stages:
        for step in stage.steps:
            if step.item and step.item.is_open:
                is_mine = step.item.pk in mine and step.item.claimed_by_id in (None, reader)
                sorted_steps["mine" if is_mine else "others"].append(step)
            elif step.waiting_for:
                sorted_steps["others"].append(step)
            elif step.ended_at:
                sorted_steps["done"].append(step)
    coming = next((stage for stage in view.stages if stage.status == timeline.PLANNED), None)
    return Panel(view, coming=coming, **sorted_steps)
