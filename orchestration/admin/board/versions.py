"""The catalogue of orchestrations, and one orchestration's page: its versions, its gate, who may do what with it, and who changed what."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from orchestration import access, builder, editing, expressions, golive
from orchestration.admin.board import readable
from orchestration.admin.board.forms import FORMS
from orchestration.admin.board.pages import address, of_orchestration, of_version, page, tab
from orchestration.admin.building import fields
from orchestration.admin.building.views import shown
from orchestration.admin.numbers import whole_number
from orchestration.errors import ExpressionError, Refused
from orchestration.expressions.readable import Readable, Readables
from orchestration.models import DrawingRevision, Orchestration, StartRequest, Version, WorkGuidePlacement
from orchestration.models.definitions import Rollout, StartType
from orchestration.references import Site
from orchestration.states import LIVE, IllegalMove, InstanceStatus, StartOutcome, VersionStatus

# The catalogue -------------------------------------------------------------------------------------------------------


def catalogue(request: HttpRequest) -> HttpResponse:
    """Every orchestration that the person may look at."""
    visible = access.definitions_for(request.user)
    if not access.may_see_definition(request.user) and not visible.exists():
        raise PermissionDenied
    words, start_type = (request.GET.get(name, "").strip() for name in ("q", "start"))
    rows = visible.annotate(
        live=Count("instances", filter=Q(instances__status__in=LIVE)),
        failed=Count("instances", filter=Q(instances__status=InstanceStatus.ERROR)),
    ).prefetch_related(Prefetch("versions", Version.objects.exclude(status=VersionStatus.INACTIVE)))
    if words:
        rows = rows.filter(Q(label__icontains=words) | Q(api_name__icontains=words))
    if start_type in StartType.values:
        rows = rows.filter(start_type=start_type)
    return page(
        request,
        "catalogue",
        title=_("Orchestrations"),
        rows=rows,
        q=words,
        start=start_type,
        starts=StartType.choices,
        is_filtered=bool(words or start_type),
        may_add=access.may(request.user, "orchestration.add_orchestration"),
    )


# One orchestration ---------------------------------------------------------------------------------------------------


class GateForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which starts come through: changed without a deploy, and without a new version (R1.5)."""

    use_required_attribute = False

    class Meta:
        model = Orchestration
        fields = ("rollout", "rollout_percentage", "rollout_condition")

    rollout = forms.ChoiceField(label=gettext_lazy("It starts"), choices=Rollout.choices, widget=forms.RadioSelect)
    rollout_percentage = forms.IntegerField(
        label=gettext_lazy("Share"), min_value=0, max_value=100, help_text=gettext_lazy("In percent, for “a share of the records”.")
    )
    rollout_condition = fields.ConditionField(
        label=gettext_lazy("Condition"), always=gettext_lazy("None"), help_text=gettext_lazy("For “when a condition on the record holds”.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = self.instance.record_model
        known = Readables([Readable("record", _("The record"), "record" if model else "", model)])
        condition: Any = self.fields["rollout_condition"]
        condition.known, condition.widget.says = known, str(condition.label)
        for field in self.fields.values():
            field.is_wanted = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A gate that opens by a condition has one."""
        cleaned = super().clean() or {}
        if cleaned.get("rollout") == Rollout.CONDITION and not cleaned.get("rollout_condition") and "rollout_condition" not in self.errors:
            self.add_error("rollout_condition", _("Say on what condition it starts."))
        return cleaned


RIGHTS = {
    "view": gettext_lazy("Look"),
    "change": gettext_lazy("Build"),
    "debug": gettext_lazy("Debug"),
    "activate": gettext_lazy("Activate"),
    "start": gettext_lazy("Start by hand"),
    "operate": gettext_lazy("Operate"),
}
"""What can be given to a group for one orchestration: separate rights."""


@of_orchestration()
def detail(request: HttpRequest, orchestration: Orchestration) -> HttpResponse:
    """One orchestration."""
    return _detail(request, orchestration, GateForm(instance=orchestration))


def _detail(request: HttpRequest, orchestration: Orchestration, gate: GateForm, status: int = 200) -> HttpResponse:
    live = Count("instances", filter=Q(instances__status__in=LIVE))
    versions = list(orchestration.versions.annotate(live=live).order_by("-number"))
    for version in versions:
        version.orchestration = orchestration
    user = request.user
    return page(
        request,
        "orchestration",
        status,
        title=orchestration.label,
        orchestration=orchestration,
        versions=versions,
        draft=next((version for version in versions if version.status == VersionStatus.DRAFT), None),
        active=next((version for version in versions if version.status == VersionStatus.ACTIVE), None),
        gate=gate,
        is_stopped=orchestration.rollout == Rollout.OFF,
        refused=StartRequest.objects.filter(orchestration=orchestration, outcome__in=[StartOutcome.REFUSED, StartOutcome.SKIPPED]).order_by(
            "-pk"
        )[:5],
        placement=WorkGuidePlacement.objects.of(orchestration.record_model) if orchestration.record_model else None,
        rights=RIGHTS.items(),
        groups=_groups_with_rights(orchestration),
        may_build=access.may_build(user, orchestration),
        may_activate=access.may_activate(user, orchestration),
        may_delete=access.may(user, "orchestration.delete_orchestration") and not orchestration.was_ever_active,
        may_share=access.may_share(user, orchestration),
    )


def _groups_with_rights(orchestration: Orchestration) -> list[tuple[Group, list[tuple[str, str, bool]]]]:
    given = access.rights_on(orchestration)
    return [
        (group, [(right, str(words), right in given.get(group, ())) for right, words in RIGHTS.items()])
        for group in Group.objects.order_by("name")
    ]


@require_POST
@of_orchestration(access.may_share)
def share(request: HttpRequest, orchestration: Orchestration) -> HttpResponse:
    """Say what each group may do with this orchestration."""
    for group in Group.objects.all():
        access.set_rights(group, orchestration, set(request.POST.getlist(f"group-{group.pk}")) & RIGHTS.keys(), RIGHTS)
    messages.success(request, _("Who may do what with “%(label)s” is saved.") % {"label": orchestration})
    return HttpResponseRedirect(address("change", orchestration))


@require_POST
@of_orchestration(access.may_activate)
def gate(request: HttpRequest, orchestration: Orchestration) -> HttpResponse:
    """Open, close or narrow the gate; `stop` and `go` are the kill switch."""
    if request.POST.get("switch") in ("stop", "go"):
        is_stop = request.POST["switch"] == "stop"
        orchestration.rollout = Rollout.OFF if is_stop else Rollout.EVERYONE
        orchestration.save(update_fields=["rollout"])
        told = _("Nothing new starts any more. What runs goes on.") if is_stop else _("It starts again, for everyone.")
        messages.success(request, told)
        return HttpResponseRedirect(address("change", orchestration))
    form = GateForm(request.POST, instance=orchestration)
    if not form.is_valid():
        return _detail(request, Orchestration.objects.get(pk=orchestration.pk), form, 422)
    form.save()
    messages.success(request, _("It now starts %(rollout)s.") % {"rollout": orchestration.get_rollout_display()})
    return HttpResponseRedirect(address("change", orchestration))


@require_POST
@of_orchestration(access.may_build)
def template(request: HttpRequest, orchestration: Orchestration) -> HttpResponse:
    """Offer it as a template, or no longer."""
    orchestration.is_template = "offer" in request.POST
    orchestration.save(update_fields=["is_template"])
    offered, withdrawn = _("“%(label)s” is offered under “New orchestration”."), _("“%(label)s” is no longer offered as a template.")
    messages.success(request, (offered if orchestration.is_template else withdrawn) % {"label": orchestration})
    return HttpResponseRedirect(address("change", orchestration))


@require_POST
@of_orchestration(access.may_build)
def placement(request: HttpRequest, orchestration: Orchestration) -> HttpResponse:
    """Switch the Work Guide on or off on the pages of the orchestration's model."""
    if not orchestration.record_model:
        raise Http404
    on = {name: name in request.POST for name in ("on_record_page", "on_admin_page")}
    WorkGuidePlacement.objects.update_or_create(record_model=orchestration.record_model, defaults=on)
    places = get_text_list(golive.places_of(orchestration.record_model), _("and")) or _("no page")
    messages.success(request, _("The Work Guide is now shown on %(places)s.") % {"places": places})
    return HttpResponseRedirect(address("change", orchestration))


@require_POST
@of_orchestration()
def delete(request: HttpRequest, orchestration: Orchestration) -> HttpResponse:
    """Delete an orchestration that has never been active, with its drafts."""
    if not access.may(request.user, "orchestration.delete_orchestration"):
        raise PermissionDenied
    try:
        builder.delete(orchestration)
    except Refused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(address("change", orchestration))
    messages.success(request, _("“%(label)s” was deleted.") % {"label": orchestration})
    return HttpResponseRedirect("../../")


# Versions ------------------------------------------------------------------------------------------------------------


@require_POST
@of_version(access.may_build)
def copy(request: HttpRequest, version: Version) -> HttpResponse:
    """A new draft that is a copy of the version."""
    made = builder.new_version(version, by=request.user)
    messages.success(request, _("Draft v%(new)d is a copy of v%(old)d.") % {"new": made.number, "old": version.number})
    return HttpResponseRedirect(address("builder", made))


@require_POST
@of_version(access.may_activate)
def deactivate(request: HttpRequest, version: Version) -> HttpResponse:
    """Stop new starts of the active version; running instances go on."""
    try:
        builder.deactivate(version)
    except IllegalMove:
        messages.error(request, _("%(version)s is not active.") % {"version": version})
    else:
        messages.success(request, _("%(version)s is inactive: nothing new starts. What runs goes on.") % {"version": version})
    return HttpResponseRedirect(address("change", version.orchestration))


@of_orchestration()
def compare(request: HttpRequest, orchestration: Orchestration) -> HttpResponse:
    """Two versions side by side: each stage and step that differs, old → new."""
    versions = {version.number: version for version in orchestration.versions.order_by("number")}
    numbers = sorted(versions)
    if not numbers:
        raise Http404
    new = _asked(request, "new", versions) or numbers[-1]
    active = orchestration.active_version
    before = [number for number in numbers if number < new]
    old = _asked(request, "old", versions) or (active.number if active and active.number != new else before[-1] if before else new)
    documents_of = [dict(builder.dump(versions[number])) for number in (old, new)]
    return page(
        request,
        "compare",
        title=_("Compare versions"),
        orchestration=orchestration,
        numbers=numbers,
        old=versions[old],
        new=versions[new],
        parts=list(differences(*documents_of)),
        may_build=access.may_build(request.user, orchestration),
    )


def _asked(request: HttpRequest, name: str, versions: Mapping[int, Version]) -> int | None:
    asked = whole_number(request.GET.get(name))
    return asked if asked in versions else None


class Difference:
    """One part that differs: what it is, whether it came, went or moved, and each setting old → new in words."""

    def __init__(self, title: Any, kind: Any, what: str, rows: list[tuple[str, str, str]]) -> None:
        self.title, self.kind, self.what, self.rows = title, kind, what, rows


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """Where two documents differ, part by part."""
    words = [_Words(old), _Words(new)]
    for setting in (editing.ABOUT, editing.START, editing.DATA):
        if rows := list(_rows(editing.said_of(old, setting), editing.said_of(new, setting), words)):
            yield Difference(SETTING_NAMES[setting], _("Setting"), "changed", rows)
    before, after = ({part.address: part for part in editing.parts(document)} for document in (old, new))
    for where in [*after, *(where for where in before if where not in after)]:
        was, now = before.get(where), after.get(where)
        part = now or was
        assert part is not None
        holder = editing.find(new if now else old, part.inside)
        title = f"{holder.label} › {part.label}" if holder else part.label
        what = "changed" if was and now else "added" if now else "removed"
        rows = list(_rows(editing.said_of(old, where) or {}, editing.said_of(new, where) or {}, words))
        if was and now and (moved := _whereabouts(was, now, before, after)):
            rows.append((_("Place"), *moved))
        if rows or not (was and now):
            yield Difference(title, KINDS[part.kind], what, rows)


SETTING_NAMES = {editing.ABOUT: gettext_lazy("About"), editing.START: gettext_lazy("Start"), editing.DATA: gettext_lazy("Data")}
KINDS = {"stage": gettext_lazy("Stage"), "step": gettext_lazy("Step"), "route": gettext_lazy("Route")}


def _whereabouts(was: editing.Part, now: editing.Part, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str] | None:
    """Where a part stood and where it stands, if it changed places with others that are in both."""
    if was.inside != now.inside:
        return tuple(side[part.inside].label if part.inside in side else "–" for part, side in ((was, before), (now, after)))  # type: ignore[return-value]
    ranks = [
        sorted((part.index, where) for where, part in side.items() if part.kind == was.kind and part.inside == was.inside)
        for side in (before, after)
    ]
    common = {where for _index, where in ranks[0]} & {where for _index, where in ranks[1]}
    orders = [[where for _index, where in rank if where in common] for rank in ranks]
    places = [order.index(was.address) for order in orders if was.address in order]
    return (str(places[0] + 1), str(places[1] + 1)) if len(places) == 2 and places[0] != places[1] else None


class _Words:
    """How one of the two documents says what its settings hold."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.site = Site.around(document)
        self.known = readable.everywhere(document, self.site.flows)
        self.labels = {part.name: part.label for part in editing.parts(document)}

    def of(self, key: str, value: Any) -> str:
        """A setting in words."""
        if key in CONDITIONS:
            try:
                return expressions.in_words(value, self.known) or _("always")
            except ExpressionError:
                return shown(value)
        if key == "flow":
            return str(self.site.flows[value].label) if value in self.site.flows else value or "–"
        if key == "after":
            return ", ".join(self.labels.get(name, name) for name in value) or "–"
        if key in ("to", "fault_path"):
            return self.labels.get(value, value) or "–"
        if isinstance(value, str) and (label := dict(getattr(SETTINGS.get(key), "choices", ())).get(value)):
            return str(label)
        if key == "inputs" and isinstance(value, Mapping) and all(isinstance(one, Mapping) and len(one) == 1 for one in value.values()):
            return "; ".join(f"{name}: {shown(source)}" for name, source in value.items()) or "–"
        if key == "assignee" and isinstance(value, Mapping):
            return ", ".join(f"{kind} {name}" for kind, name in value.items()) or "–"
        return shown(value) or "–"


CONDITIONS = frozenset({"entry_condition", "exit_condition", "condition", "wait_until", "only_if", "complete_when"})


def _rows(old: Mapping[str, Any], new: Mapping[str, Any], words: list[_Words]) -> Iterator[tuple[str, str, str]]:
    for key in [*new, *(key for key in old if key not in new)]:
        was, now = old.get(key), new.get(key)
        if was != now and not (_is_nothing(was) and _is_nothing(now)) and key != "api_name":
            yield called(key), words[0].of(key, was), words[1].of(key, now)


def _is_nothing(value: Any) -> bool:
    return value in (None, "", [], {}, False)


SETTINGS: Mapping[str, Any] = {name: field for form in FORMS.values() for name, field in form.base_fields.items()}
"""The fields of the panels, by what they set."""

NAMES: Mapping[str, Any] = {
    "inputs": gettext_lazy("Inputs"),
    "variables": gettext_lazy("Variables"),
    "start_offset": gettext_lazy("After that time"),
    "kind": gettext_lazy("Kind"),
}
"""Settings that are in no panel under their own name."""


def called(key: str) -> str:
    """What people call a setting: as its field in the panel is called."""
    return str(SETTINGS[key].label if key in SETTINGS else NAMES.get(key, key.replace("_", " ")))


# Who changed what ----------------------------------------------------------------------------------------------------

ON_A_PAGE = 30


@of_version()
def history(request: HttpRequest, version: Version) -> HttpResponse:
    """Every change of the draft: who, when, what, old → new."""
    found = DrawingRevision.objects.filter(version=version).exclude(number=0).defer("document").order_by("-number")
    who = request.GET.get("by", "")
    if who:
        found = found.filter(by_label=who)
    shown_page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    people = (
        DrawingRevision.objects.filter(version=version)
        .exclude(by_label="")
        .order_by("by_label")
        .values_list("by_label", flat=True)
        .distinct()
    )
    return page(
        request,
        "history",
        title=str(version.orchestration.label),
        **tab(request, version, "history"),
        changes=[(change, [(_path(place), shown(old), shown(new)) for place, old, new in change.changes]) for change in shown_page],
        pages=shown_page,
        people=people.distinct(),
        who=who,
    )


def _path(place: str) -> str:
    """A place such as `stages.provisioned.steps.it_ticket.label` as people read it."""
    return " › ".join(called(name) for name in place.split(".") if name not in ("stages", "steps"))
