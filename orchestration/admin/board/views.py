"""The page on which an orchestration is built: board, outline and document are three views of one draft.

Thin: what changes a draft is a verb of `drafting`. Each change is a plain form that ends in a redirect; a script takes from the page that
then comes what has changed, and leaves the form alone in which somebody is typing.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orchestration import access, assignment, builder, drafting, editing, expressions, flow_builder, flows, soundness
from orchestration.admin.board import forms, readable
from orchestration.admin.board.board import Board
from orchestration.admin.board.pages import address, of_version, page, tab
from orchestration.admin.building import views as building
from orchestration.admin.numbers import whole_number
from orchestration.errors import Conflict, Invalid, Refused
from orchestration.flows import FlowKind, documents
from orchestration.flows.editing import free_name
from orchestration.models import Change, Instance, Queue, QueueMember, Version
from orchestration.models.definitions import Handles, StepKind
from orchestration.references import Problem, Site

VIEWS = ("board", "outline", "document")


class Builder:
    """A draft, or a version to read, as its page shows it."""

    def __init__(self, request: HttpRequest, version: Version) -> None:
        self.request, self.version = request, version
        self.orchestration = version.orchestration
        self.revision: Change | None = None if version.is_frozen else drafting.current(version)
        self.document: dict[str, Any] = self.revision.document if self.revision else dict(builder.dump(version))
        self.at = request.GET.get("at", "")
        view = request.GET.get("view", "board")
        self.view = view if view in VIEWS else "board"
        self.has_right = access.may_build(request.user, self.orchestration)
        self.may_build = self.has_right and not version.is_frozen

    @cached_property
    def site(self) -> Site:
        """What the draft can name."""
        return Site.around(self.document)

    @cached_property
    def problems(self) -> list[Problem]:
        """What keeps it from being activated, then what is worth a second look."""
        if self.version.is_frozen:
            return []
        return [*soundness.problems(self.document, self.site), *soundness.warnings(self.document)]

    @cached_property
    def board(self) -> Board:
        """The board."""
        return Board(self.document, self.problems, self.site, readable.everywhere(self.document, self.site.flows))

    @property
    def basis(self) -> int | None:
        """The revision that the person looks at, by what their form says."""
        return whole_number(self.request.POST.get("basis"))

    def here(self, **query: Any) -> str:
        """The address of this page, in the same view."""
        view = self.view if self.view != "board" else ""
        return address("builder", self.version, **{"view": view, **query})

    def place(self) -> forms.Place:
        """Where the part stands that the panel shows."""
        known = readable.at(self.document, self.at, self.site.flows)
        return forms.Place(self.document, self.at, known, self.site, self.version.orchestration.was_ever_active)

    def form(self, data: Any = None) -> forms.PanelForm | None:
        """The form of what the panel shows; None when it is gone, or nothing is asked for."""
        if not self.at or (not self.at.startswith(":") and editing.find(self.document, self.at) is None):
            return None
        return forms.form_for(self.place(), data)

    def link_to(self, problem: Problem) -> str:
        """The address that opens the right panel on the right field."""
        return self.here(at=problem.part, field=problem.field) if problem.part else self.here()

    def render(self, form: forms.PanelForm | None, status: int = 200, **context: Any) -> HttpResponse:
        """The page."""
        before, after = drafting.undoable(self.version, self.revision) if self.revision else ("", "")
        part = editing.find(self.document, self.at) if self.at else None
        told = [(problem, self.link_to(problem)) for problem in self.problems]
        return page(
            self.request,
            "builder",
            status,
            title=str(self.document["orchestration"]["label"]),
            editor=self,
            **tab(self.request, self.version, "builder"),
            form=form,
            part=part,
            hints=form.hints() if form else {},
            errors=[(problem, link) for problem, link in told if not problem.is_warning],
            warnings=[(problem, link) for problem, link in told if problem.is_warning],
            undoable=before,
            redoable=after,
            others=drafting.others_lately(self.version, self.request.user) if self.revision and self.may_build else [],
            settings=[self._setting(setting) for setting in forms.SETTINGS],
            stages=[(editing.stage_address(stage["api_name"]), stage["label"]) for stage in self.document["stages"]],
            text=json.dumps(self.document, indent=2, ensure_ascii=False) if self.view == "document" else "",
            may_add_flow=access.may(self.request.user, "orchestration.add_flow"),
            may_add_queue=access.may(self.request.user, "orchestration.add_queue"),
            may_add_group=access.may(self.request.user, "auth.add_group"),
            new_person=_page_for_a_new_person(self.request.user),
            live=self._live(),
            **context,
        )

    def _live(self) -> str:
        """How many instances are live, of all versions; empty when none is."""
        count = Instance.objects.live().filter(orchestration=self.orchestration).count()
        return ngettext("%(count)d live instance", "%(count)d live instances", count) % {"count": count} if count else ""

    def _setting(self, form: type[forms.PanelForm]) -> dict[str, Any]:
        said, when = "", ""
        if form.kind == editing.START:
            said, when = self.board.start_in_words(), self.board.in_words(self.document.get("entry_condition"))
        elif form.kind == editing.DATA:
            count = len(self.document.get("inputs") or {}) + len(self.document.get("variables") or {})
            said = str(count) if count else ""
        problems = self.board.problems_of(form.kind)
        return {"form": form, "says": said, "when": when, "problems": problems, "is_current": form.kind == self.at}


@of_version()
def show(request: HttpRequest, version: Version) -> HttpResponse:
    """The builder: GET shows it, POST saves the part that the address names."""
    editor = Builder(request, version)
    if request.method == "POST":
        if not editor.may_build:
            raise PermissionDenied
        return _save(editor)
    form = editor.form()
    if editor.at and form is None:
        messages.warning(request, _("That part is no longer there."))
        return HttpResponseRedirect(editor.here())
    field = request.GET.get("field", "")
    return editor.render(form, focus=form.show(field) if form and field else "")


def _save(editor: Builder) -> HttpResponse:
    """Save the fields that are valid; those that are not come back with what is wrong (422)."""
    request, version = editor.request, editor.version
    seen = version.revisions.filter(pk=editor.basis or 0).first() or editor.revision
    form = editor.form(request.POST)
    if form is None:
        messages.error(request, _("That part is no longer there: somebody has taken it out. Undo brings it back."))
        return HttpResponseRedirect(editor.here())
    if "refresh" in request.POST:
        form.leave_unchecked()  # shown again with other fields, and nothing checked yet
        return editor.render(form, is_unsaved=True)
    is_valid = form.is_valid()
    said, at = form.said(), editor.at
    try:
        drafting.change(
            version,
            lambda document: _changed(document, at, said),
            touching=[at],
            basis=editor.basis,
            by=request.user,
            says=_says(form, said),
        )
    except drafting.Overtaken as overtaken:
        return editor.render(form, 409, overtaken=str(overtaken), theirs=_differences(editor, seen, overtaken.revision))
    except Refused as refused:
        form.add_error(None, str(refused))
        return editor.render(form, 409 if isinstance(refused, Conflict) else 422)
    if not is_valid:
        saved = Builder(request, version)
        return saved.render(_still_wrong(saved, _renamed(at, said)), 422)
    return HttpResponseRedirect(editor.here(at=_renamed(at, said), saved=1))


def _still_wrong(saved: Builder, at: str) -> forms.PanelForm | None:
    """The form again, with what was typed and what is wrong with it, after the rest was saved."""
    saved.at = at
    form = saved.form(saved.request.POST)
    if form is not None:
        form.is_valid()
    return form


def _changed(document: Mapping[str, Any], at: str, said: Mapping[str, Any]) -> dict[str, Any]:
    if at.startswith(":"):
        return editing.with_settings(document, at, said)
    kept = editing.found(document, at).about
    return editing.with_changed(document, at, {key: value for key, value in said.items() if key in kept or not _is_nothing(value)})


def _is_nothing(value: Any) -> bool:
    return value in (None, "", [], {}, False)


def _renamed(at: str, said: Mapping[str, Any]) -> str:
    """The address of the part after it was saved."""
    kind = at.partition(":")[0]
    return f"{kind}:{said['api_name']}" if kind in ("stage", "step") and said.get("api_name") else at


def _says(form: forms.PanelForm, said: Mapping[str, Any]) -> str:
    """What the history says of it."""
    if form.kind.startswith(":"):
        return _("Change %(what)s") % {"what": str(form.called).lower()}
    return _("Change “%(label)s”") % {"label": said.get("label") or form.title()}


def _differences(editor: Builder, seen: Change | None, now: Change) -> list[tuple[str, str, str]]:
    """What somebody else changed in the part: the setting, what it said, what it says."""
    if seen is None or seen.document is None:
        return []
    old, new = (editing.said_of(revision.document, editor.at) for revision in (seen, now))
    return [
        (place, building.shown(before), building.shown(after)) for place, before, after in documents.changed_places(old or {}, new or {})
    ]


# Changes by menu, by drag, by key ------------------------------------------------------------------------------------


@require_POST
@of_version(access.may_build)
def edit(request: HttpRequest, version: Version) -> HttpResponse:
    """Add, move, duplicate or take out a part, undo or redo; then the builder again."""
    editor = Builder(request, version)
    action, name = request.POST.get("action", ""), request.POST.get("part", "")
    editor.at = request.POST.get("at", "")
    view = request.POST.get("view", "")
    editor.view = view if view in VIEWS else "board"
    told: dict[str, Any] = {"at": editor.at}
    if action not in _ACTIONS:
        raise Http404
    try:
        told = _ACTIONS[action](editor, name)
    except drafting.Overtaken as overtaken:
        messages.warning(request, str(overtaken))
    except Refused as refused:
        messages.error(request, str(refused))
    at = told.get("at", "")
    if at and not at.startswith(":") and editing.find(drafting.current(version).document, at) is None:
        told["at"] = ""
    return HttpResponseRedirect(editor.here(**told))


def _undo(editor: Builder, _name: str) -> dict[str, Any]:
    taken = drafting.undoable(editor.version)[0]
    drafting.undo(editor.version, basis=editor.basis, by=editor.request.user)
    messages.success(editor.request, _("Undone: %(says)s.") % {"says": taken})
    return {"at": editor.at}


def _redo(editor: Builder, _name: str) -> dict[str, Any]:
    again = drafting.undoable(editor.version)[1]
    drafting.redo(editor.version, basis=editor.basis, by=editor.request.user)
    messages.success(editor.request, _("Done again: %(says)s.") % {"says": again})
    return {"at": editor.at}


def _move(edit: Callable[[Mapping[str, Any], str], dict[str, Any]]) -> Callable[[Builder, str], dict[str, Any]]:
    """An action that puts a part elsewhere, and says where it is then."""

    def moved(editor: Builder, name: str) -> dict[str, Any]:
        label = _label(editor, name)
        made = _change(editor, lambda document: edit(document, name), [name], _("Move “%(label)s”") % {"label": label})
        messages.success(editor.request, _whereabouts(made.document, name))
        return {"at": editor.at, "menu": name}

    return moved


def _whereabouts(document: Mapping[str, Any], name: str) -> str:
    part = editing.found(document, name)
    stage = editing.find(document, part.inside)
    told = {"label": part.label, "place": part.index + 1, "count": part.count, "stage": stage.label if stage else ""}
    if stage is None:
        return _("“%(label)s” is now stage %(place)d of %(count)d.") % told
    return _("“%(label)s” is now %(place)d of %(count)d in “%(stage)s”.") % told


def _place(document: Mapping[str, Any], name: str, inside: str, after: str) -> dict[str, Any]:
    """Where a part was dropped: in a stage, after one of its parts (or before all)."""
    rest = [part.address for part in editing.parts(document) if part.inside == inside and part.address != name]
    kind = name.partition(":")[0]
    rest = [address for address in rest if address.partition(":")[0] == kind]
    return editing.moved_to(document, name, inside, rest.index(after) + 1 if after in rest else 0)


def _drop(editor: Builder, name: str) -> dict[str, Any]:
    inside, after = editor.request.POST.get("inside", ""), editor.request.POST.get("after", "")
    return _move(lambda document, name: _place(document, name, inside, after))(editor, name)


def _into(editor: Builder, name: str) -> dict[str, Any]:
    return _move(lambda document, name: editing.moved_to(document, name, editor.request.POST.get("stage", "")))(editor, name)


def _remove(editor: Builder, name: str) -> dict[str, Any]:
    label = _label(editor, name)
    _change(editor, lambda document: editing.without(document, name), [name], _("Take out “%(label)s”") % {"label": label})
    messages.success(editor.request, _("“%(label)s” was taken out. Undo brings it back.") % {"label": label})
    return {"at": "" if editor.at == name else editor.at}


def _duplicate(editor: Builder, name: str) -> dict[str, Any]:
    made: list[str] = []

    def doubled(document: Mapping[str, Any]) -> dict[str, Any]:
        document, copied = editing.doubled(document, name)
        made.append(copied)
        return document

    _change(editor, doubled, [name], _("Duplicate “%(label)s”") % {"label": _label(editor, name)})
    return {"at": made[-1], "field": "label"}


def _add_stage(editor: Builder, _name: str) -> dict[str, Any]:
    label = editor.request.POST.get("label", "").strip()[:100] or _("New stage")
    made: list[str] = []

    def added(document: Mapping[str, Any]) -> dict[str, Any]:
        stage = editing.new_stage(document, label)  # named among those that are there by now
        made.append(stage["api_name"])
        return editing.with_stage(document, stage)

    _change(editor, added, [], _("Add stage “%(label)s”") % {"label": label})
    return {"at": editing.stage_address(made[-1])}


def _add_step(editor: Builder, stage: str) -> dict[str, Any]:
    kind = editor.request.POST.get("kind", "")
    if kind not in StepKind.values:
        raise Invalid(_("Choose whether a person does the step, or it runs by itself."))
    label = editor.request.POST.get("label", "").strip()[:100] or _("New step")
    handles = {"handles": Handles.STAGE} if editor.request.POST.get("handles") else {}
    made: list[str] = []

    def added(document: Mapping[str, Any]) -> dict[str, Any]:
        step = editing.new_step(document, label, kind, **handles)
        made.append(step["api_name"])
        return editing.with_step(document, stage, step)

    _change(editor, added, [], _("Add step “%(label)s”") % {"label": label})
    return {"at": editing.step_address(made[-1]), "field": "flow"}


def _add_route(editor: Builder, stage: str) -> dict[str, Any]:
    about: dict[str, Any] = {"condition": {}, "to": None}
    made = _change(editor, lambda document: editing.with_route(document, stage, about), [stage], _("Add a route"))
    number = len(editing.found(made.document, stage).about["routes"]) - 1
    return {"at": f"route:{stage.partition(':')[2]}:{number}"}


def _new_flow(editor: Builder, step: str) -> dict[str, Any]:
    """A flow that is made in place: its first draft, and the step runs it."""
    user, label = editor.request.user, editor.request.POST.get("label", "").strip()[:120]
    if not access.may(user, "orchestration.add_flow"):
        raise PermissionDenied
    if not label:
        raise Invalid(_("Say what the new flow is called."))
    is_interactive = editing.found(editor.document, step).about["kind"] == StepKind.INTERACTIVE
    kind = FlowKind.SCREEN if is_interactive else FlowKind.AUTOLAUNCHED
    document = dict(flow_builder.BEGINNINGS[kind])
    if model := editor.document["orchestration"].get("record_model"):
        document["record_model"] = model
    taken = {key.partition(".")[2] for key in (*editor.site.flows, *editor.site.drafts) if key.startswith(f"{flows.BUILT}.")}
    with _making():
        made = flow_builder.new_flow(free_name(label, taken, fallback="flow"), label, kind, document=document, by=user)
        says = _("Make flow “%(label)s”") % {"label": label}
        _change(editor, lambda document: editing.with_changed(document, step, {"flow": made.flow.key, "inputs": {}}), [step], says)
    messages.success(
        editor.request, _("“%(label)s” is made, as a draft. Build and activate it, then the step can run it.") % {"label": label}
    )
    return {"at": step}


def _new_queue(editor: Builder, step: str) -> dict[str, Any]:
    """A queue that is made in place, with the members of a group; the step goes to it."""
    user, label = editor.request.user, editor.request.POST.get("label", "").strip()[:100]
    if not access.may(user, "orchestration.add_queue"):
        raise PermissionDenied
    if not label:
        raise Invalid(_("Say what the new queue is called."))
    with _making():
        name = free_name(label, set(Queue.objects.values_list("api_name", flat=True)), fallback="queue")
        queue = Queue.objects.create(api_name=name, label=label)
        if group := Group.objects.filter(name=editor.request.POST.get("group", "")).first():
            QueueMember.objects.create(queue=queue, group=group)
        says = _("Make queue “%(label)s”") % {"label": label}
        _change(editor, lambda document: editing.with_changed(document, step, {"assignee": {"queue": name}}), [step], says)
    messages.success(editor.request, _("The queue “%(label)s” is made, and gets the step.") % {"label": label})
    return {"at": step}


def _new_group(editor: Builder, step: str) -> dict[str, Any]:
    """A group that is made in place, with the people whose usernames were typed; the step goes to it."""
    user, name = editor.request.user, editor.request.POST.get("label", "").strip()[:150]
    if not access.may(user, "auth.add_group"):
        raise PermissionDenied
    if not name:
        raise Invalid(_("Say what the new group is called."))
    if Group.objects.filter(name=name).exists():
        raise Invalid(_("There is a group “%(name)s” already: choose it above.") % {"name": name})
    usernames = dict.fromkeys(word for word in re.split(r"[\s,;]+", editor.request.POST.get("members", "")) if word)
    found = {username: assignment.user_named(username) for username in usernames}
    if unknown := [username for username, person in found.items() if person is None]:
        raise Invalid(_("Nobody is called %(names)s.") % {"names": get_text_list([f"“{username}”" for username in unknown], _("or"))})
    with _making():
        group = Group.objects.create(name=name)
        for person in found.values():
            person.groups.add(group)
        says = _("Make group “%(name)s”") % {"name": name}
        _change(editor, lambda document: editing.with_changed(document, step, {"assignee": {"group": name}}), [step], says)
    messages.success(editor.request, _("The group “%(name)s” is made, and gets the step.") % {"name": name})
    return {"at": step}


@contextmanager
def _making() -> Iterator[None]:
    """All of it or nothing. Raises Conflict when somebody was quicker with the same name."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Conflict(_("Somebody has just made one of the same name. Look again.")) from error


_ACTIONS: Mapping[str, Callable[[Builder, str], dict[str, Any]]] = {
    "undo": _undo,
    "redo": _redo,
    "up": _move(lambda document, name: editing.moved(document, name, -1)),
    "down": _move(lambda document, name: editing.moved(document, name, 1)),
    "left": _move(lambda document, name: _across(document, name, -1)),
    "right": _move(lambda document, name: _across(document, name, 1)),
    "drop": _drop,
    "into": _into,
    "remove": _remove,
    "duplicate": _duplicate,
    "add-stage": _add_stage,
    "add-step": _add_step,
    "add-route": _add_route,
    "new-flow": _new_flow,
    "new-queue": _new_queue,
    "new-group": _new_group,
}
"""What a button of the board does; each gives the query of the page that comes then."""


def _across(document: Mapping[str, Any], name: str, by: int) -> dict[str, Any]:
    """A stage changes places with its neighbour, a step goes into the stage beside its own."""
    is_stage = name.startswith("stage:")
    return editing.moved(document, name, by) if is_stage else editing.moved_across(document, name, by)


def _change(editor: Builder, edit: drafting.Edit, touching: list[str], says: str) -> Change:
    return drafting.change(editor.version, edit, touching=touching, basis=editor.basis, by=editor.request.user, says=says)


def _label(editor: Builder, name: str) -> str:
    part = editing.find(editor.document, name)
    return part.label if part else name


# What can be read, and what is wrong while it is typed ---------------------------------------------------------------


@of_version(access.may_build)
def read(request: HttpRequest, version: Version) -> HttpResponse:
    """What can be read at a part, as JSON, or as a page for those without a script."""
    editor = Builder(request, version)
    found = editor.place().known.all()
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"readable": [building.as_json(one) for one in found], "functions": sorted(expressions.FUNCTIONS)})
    return page(
        request,
        "readable",
        title=_("What can be read here"),
        orchestration=version.orchestration,
        version=version,
        found=found,
        editor=editor,
    )


@require_POST
@of_version(access.may_build)
def check(request: HttpRequest, version: Version) -> HttpResponse:
    """What is wrong with one field as it is typed, and what it says in words: a fragment."""
    form = Builder(request, version).form(request.POST)
    name = request.GET.get("field", "")
    if form is None or name not in form.fields:
        raise Http404
    return building.checked(request, form, name)


def _page_for_a_new_person(user: Any) -> str:
    """The address at which people are added; empty where the site's admin has none, or this person may not."""
    meta = get_user_model()._meta
    if not access.may(user, f"{meta.app_label}.add_{meta.model_name}"):
        return ""
    try:
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_add")
    except NoReverseMatch:
        return ""


@of_version()
def standing(request: HttpRequest, version: Version) -> HttpResponse:
    """Whether somebody else has changed the draft since the revision that the page shows: 204, or a sentence to show."""
    newer = drafting.since(version, whole_number(request.GET.get("revision")), request.user)
    if newer is None:
        return HttpResponse(status=204)
    return TemplateResponse(request, "orchestration/board/_newer.html", {"newer": newer, "address": address("builder", version)})
