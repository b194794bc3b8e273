"""The pages that build flows: the catalogue, a flow, the editor of its draft, preview, comparison. Thin: what changes a draft is a verb of
`drafting`, what activates a version one of `flow_versions`.

Everything is a plain page and a plain form; htmx swaps the editor for the one that the answer brings.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from orchestration import access, drafting, expressions, flow_builder, flows
from orchestration.admin.building import fields, site, trying
from orchestration.admin.building.forms import FIELD_TYPES, FORMS, SETTINGS, PartForm, Place, SettingForm, addable
from orchestration.admin.numbers import whole_number
from orchestration.errors import Conflict, ExpressionError, FlowMissing, Invalid, Refused
from orchestration.expressions.readable import Readable, Readables
from orchestration.flows import documents, editing, reading
from orchestration.models import Change, Flow, FlowVersion
from orchestration.models.records import model_label, model_named
from orchestration.states import IllegalMove, VersionStatus

View = Callable[..., HttpResponse]


def may_see(user: Any) -> bool:
    """Whether the person may look at flows."""
    return access.may(user, "orchestration.view_flow") or access.may(user, "orchestration.change_flow")


def may_build(user: Any, flow: Flow | None = None) -> bool:
    """Whether the person may change what a flow does."""
    return access.may(user, "orchestration.change_flow", flow)


def page(request: HttpRequest, name: str, status: int = 200, **context: Any) -> TemplateResponse:
    """A page inside the admin."""
    own: AdminSite = admin.site
    whole = {
        **own.each_context(request),
        "is_nav_sidebar_enabled": False,
        **context,
    }
    return TemplateResponse(request, f"orchestration/building/{name}.html", whole, status=status)


def of_version(*, builds: bool = False) -> Callable[[View], View]:
    """Hand a view the version that the address names, if the person may see it; with `builds`, may change it."""

    def decorated(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, pk: int, number: int, **more: Any) -> HttpResponse:
            if not may_see(request.user):
                raise PermissionDenied
            version = get_object_or_404(FlowVersion.objects.select_related("flow"), flow=pk, number=number)
            if builds and not may_build(request.user, version.flow):
                raise PermissionDenied
            return view(request, version, **more)

        return checked

    return decorated


def address(name: str, version: FlowVersion, **query: str) -> str:
    """The address of a page about a version."""
    told = "&".join(f"{key}={value}" for key, value in query.items() if value)
    return reverse(f"admin:orchestration_flow_{name}", args=[version.flow_id, version.number]) + (f"?{told}" if told else "")


# The catalogue ---------------------------------------------------------------------------------------------------------


def catalogue(request: HttpRequest) -> HttpResponse:
    """Every flow, built or in code."""
    if not may_see(request.user):
        raise PermissionDenied
    words, kind, made = (request.GET.get(name, "").strip() for name in ("q", "kind", "made"))
    rows = Flow.objects.prefetch_related("versions").order_by("label")
    if words:
        rows = rows.filter(label__icontains=words) | rows.filter(key__icontains=words)
    if kind in flows.FlowKind.values:
        rows = rows.filter(kind=kind)
    if made in ("built", "code"):
        rows = rows.filter(is_built=made == "built")
    in_code = {flow.key for flow in flows.in_code()}
    listed = [
        {
            "flow": row,
            "active": next((version for version in row.versions.all() if version.status == VersionStatus.ACTIVE), None),
            "draft": next((version for version in row.versions.all() if version.status == VersionStatus.DRAFT), None),
            "is_missing": not row.is_built and row.key not in in_code,
        }
        for row in rows
    ]
    return page(
        request,
        "catalogue",
        title=_("Flows"),
        rows=listed,
        kinds=flows.FlowKind.choices,
        q=words,
        kind=kind,
        made=made,
        is_filtered=bool(words or kind or made),
        may_add=access.may(request.user, "orchestration.add_flow"),
    )


class NewFlow(forms.Form):
    """What a flow is called, and of which kind it is."""

    use_required_attribute = False

    kind = forms.ChoiceField(label=gettext_lazy("What it does"), widget=forms.RadioSelect)
    label = forms.CharField(label=gettext_lazy("Label"), max_length=120, help_text=gettext_lazy("What people call it: Approve a discount"))
    record_model = forms.ChoiceField(
        label=gettext_lazy("The record is"),
        required=False,
        help_text=gettext_lazy("Then its fields are offered wherever a value can be chosen. It can be changed later."),
    )
    api_name = forms.RegexField(
        r"^[a-z][a-z0-9_]*\Z",
        label=gettext_lazy("API name"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Steps and code call it site.<name>. It cannot be changed later. Made from the label when left empty."),
        error_messages={"invalid": gettext_lazy("Use small letters, digits and underscores, beginning with a letter.")},
    )

    KINDS = (
        ("screen", gettext_lazy("Screen flow: a person answers questions on one or more screens")),
        ("autolaunched", gettext_lazy("Autolaunched flow: elements that run by themselves, in the background")),
        ("evaluation", gettext_lazy("Evaluation flow: one condition with a name, that says yes or no")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = self.KINDS  # type: ignore[attr-defined]
        self.fields["record_model"].choices = [("", _("Any record, or none")), *site.models()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "api_name" in self.errors or "label" in self.errors:
            return cleaned
        name = cleaned.get("api_name") or editing.free_name(cleaned["label"], set(), fallback="flow")
        cleaned["api_name"] = name
        if Flow.objects.filter(key=f"{flows.BUILT}.{name}").exists():
            self.add_error("api_name", _("There is a flow “%(name)s” already. Choose another name.") % {"name": name})
        return cleaned


def new(request: HttpRequest) -> HttpResponse:
    """The form that makes a flow and its first draft."""
    if not access.may(request.user, "orchestration.add_flow"):
        raise PermissionDenied
    form = NewFlow(request.POST or None, initial={"kind": request.GET.get("kind", "screen")})
    if request.method == "POST" and form.is_valid():
        version = _made(form.cleaned_data, request.user)
        return HttpResponseRedirect(address("draft", version))
    return page(request, "new", status=422 if form.errors else 200, title=_("New flow"), form=form)


@transaction.atomic
def _made(said: Mapping[str, Any], user: Any) -> FlowVersion:
    document = dict(flow_builder.BEGINNINGS[said["kind"]])
    if said["record_model"]:
        document["record_model"] = said["record_model"]
    return flow_builder.new_flow(said["api_name"], said["label"], said["kind"], document=document, by=user)


# A flow ----------------------------------------------------------------------------------------------------------------


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A flow: its versions, what it takes and gives, and where it is used."""
    if not may_see(request.user):
        raise PermissionDenied
    flow = get_object_or_404(Flow, pk=pk)
    versions = list(flow.versions.select_related("created_by").order_by("-number"))
    try:
        found = flows.get(flow.key)
    except FlowMissing:
        found = None
    usages = flow_builder.used_by(flow.key)
    run_by = access.groups_that_run(flow)
    return page(
        request,
        "flow",
        title=flow.label,
        flow=flow,
        found=found,
        versions=versions,
        draft=next((version for version in versions if version.status == VersionStatus.DRAFT), None),
        usages=usages,
        used_by=[str(usage) for usage in usages if usage.is_live],
        runners=[(group, group in run_by) for group in Group.objects.order_by("name")],
        may_build=may_build(request.user, flow),
        may_delete=flow.is_built and access.may(request.user, "orchestration.delete_flow"),
        may_run=access.may_run(request.user, flow.key),
    )


@require_POST
def runners(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which groups may run the flow."""
    flow = get_object_or_404(Flow, pk=pk)
    if not may_build(request.user, flow):
        raise PermissionDenied
    keys = [key for key in map(whole_number, request.POST.getlist("group")) if key is not None]
    groups = Group.objects.filter(pk__in=keys)
    access.let_run(flow, groups)
    names = ", ".join(group.name for group in groups) or _("nobody but those who may run every flow")
    messages.success(request, _("“%(flow)s” is run by: %(names)s.") % {"flow": flow, "names": names})
    return HttpResponseRedirect(reverse("admin:orchestration_flow_change", args=[pk]))


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a built flow that nothing live uses, with all its versions."""
    flow = get_object_or_404(Flow, pk=pk, is_built=True)
    if not access.may(request.user, "orchestration.delete_flow"):
        raise PermissionDenied
    try:
        with transaction.atomic():
            flow.delete()
    except ProtectedError as used:
        messages.error(request, str(used.args[0]))
        return HttpResponseRedirect(reverse("admin:orchestration_flow_change", args=[pk]))
    messages.success(request, _("“%(label)s” was deleted.") % {"label": flow.label})
    return HttpResponseRedirect(reverse("admin:orchestration_flow_changelist"))


# The editor ------------------------------------------------------------------------------------------------------------


class Row:
    """One part in the outline: what it is, what it says, what is wrong with it, and what can be put into it."""

    def __init__(self, part: editing.Part, editor: "Editor") -> None:
        form = FORMS.get(part.kind)
        self.part, self.form = part, form
        self.icon = form.icon if form else "arrow-right"
        self.kind = form.called if form else ""
        if part.kind == "field":
            self.kind = FIELD_TYPES.get(str(part.about.get("type")), self.kind)
        self.is_current = part.name == editor.at
        self.problems = [problem for problem in editor.problems if problem.part == part.name]
        self.when = editor.sentence(part)
        self.rows = [Row(inner, editor) for inner in part.parts]
        self.adds = addable(editor.version.flow.kind, part) if editor.may_build and (part.holds or part.kind == "decide") else []
        self.is_adding = bool(editor.adding) and editor.inside == part.name
        self.label = part.label or str(self.kind)

    @property
    def can_move(self) -> bool:
        return self.part.kind != "otherwise" and self.part.count > 1


class Editor:
    """The draft of a flow, or a frozen version to read, as its page shows it."""

    def __init__(self, request: HttpRequest, version: FlowVersion) -> None:
        self.request, self.version, self.flow = request, version, version.flow
        self.kind = version.flow.kind
        self.revision: Change | None = None if version.is_frozen else drafting.current(version)
        self.document: dict[str, Any] = self.revision.document if self.revision else version.document
        self.at, self.adding, self.inside = (request.GET.get(name, "") for name in ("at", "add", "inside"))
        self.may_build = not version.is_frozen and may_build(request.user, version.flow)
        self.problems = drafting.problems(self.kind, self.document, site.surroundings(self.flow)) if not version.is_frozen else []
        self._readable: Readables | None = None

    @property
    def basis(self) -> int | None:
        """The revision that the person looks at, by what their form says."""
        return whole_number(self.request.POST.get("basis"))

    def sentence(self, part: editing.Part) -> str:
        """When the part is shown or taken, in words; empty when always."""
        document = part.about.get("show_when") or (part.about.get("condition") if part.kind == "branch" else None)
        return self.in_words(document)

    def in_words(self, document: Any) -> str:
        """A condition in the words of this flow, its labels marked."""
        if not document:
            return ""
        self._readable = self._readable or reading.everywhere(self.kind, self.document)
        try:
            return expressions.in_words(document, self._readable, marked=True)
        except ExpressionError:
            return ""

    def place(self, around: Any = None) -> Place:
        """Where the part stands that is edited or added."""
        if self.adding:
            known = reading.at_new_part(self.kind, self.document, self.inside) if self.kind in editing.TOP else Readables()
        else:
            known = reading.at_part(self.kind, self.document, self.at)
        return Place(self.kind, self.document, "" if self.adding else self.at, self.inside, known, around or site.around(self.flow))

    def form(self, data: Any = None) -> PartForm | None:
        """The form of what is edited or added; None when nothing is, or it is gone."""
        if self.adding:
            if self.adding not in {form.kind for form in addable(self.kind, self.holder())} or not self.holds_more():
                return None
            return FORMS[self.adding](self.place(), None, data)
        if self.at.startswith(":"):
            form = next((form for form in SETTINGS[self.kind] if form.kind == self.at), None)
            return form(self.place(), {}, data) if form else None
        part = editing.find(self.kind, self.document, self.at) if self.at else None
        if part is None or part.kind not in FORMS:
            return None
        if not self.inside:
            self.inside = part.inside
        return FORMS[part.kind](self.place(), part.about, data)

    def holder(self) -> editing.Part | None:
        """The part that something is added to."""
        return editing.find(self.kind, self.document, self.inside) if self.inside else None

    def holds_more(self) -> bool:
        return self.kind in editing.TOP and (not self.inside or self.holder() is not None)

    def render(self, form: PartForm | None, status: int = 200, **context: Any) -> HttpResponse:
        """The page."""
        before, after = drafting.undoable(self.version) if self.revision else ("", "")
        part = editing.find(self.kind, self.document, self.at) if self.at else None
        return page(
            self.request,
            "editor",
            status,
            title=str(self.flow.label),
            editor=self,
            flow=self.flow,
            version=self.version,
            form=form,
            part=part,
            rows=[Row(outer, self) for outer in editing.outline(self.kind, self.document)],
            adds=addable(self.kind, None) if self.may_build and self.kind in editing.TOP else [],
            settings=[self._setting(setting) for setting in SETTINGS[self.kind]],
            problems=[(problem, self.link_to(problem)) for problem in self.problems],
            undoable=before,
            redoable=after,
            others=drafting.others_lately(self.version, self.request.user) if self.revision else [],
            places=editing.places_for(self.kind, self.document, part) if part and part.kind not in ("branch", "otherwise") else [],
            preview=previewed(self, self._screen_of(part))
            if self.kind == "screen" and self.may_build and self.document.get("screens")
            else None,
            tab="draft",
            **context,
        )

    def _screen_of(self, part: editing.Part | None) -> int:
        """The number of the screen that a part stands on, or is added to."""
        about = part or self.holder()
        return int(about.place.split(".")[1]) if about is not None else 0

    def _setting(self, form: type[SettingForm]) -> dict[str, Any]:
        value = self.document.get(form.key)
        problems = [problem for problem in self.problems if problem.part == form.kind]
        says = ""
        if form.kind == ":about":
            says = dict(site.models()).get(value, value) if value else _("any record")
        elif form.kind == ":condition":
            says = ""
        elif value:
            says = str(len(value))
        when = self.in_words(value) if form.kind == ":condition" else ""
        return {"form": form, "says": says, "when": when, "problems": problems, "is_current": form.kind == self.at}

    def link_to(self, problem: drafting.Found) -> str:
        """The address that opens the right panel on the right field."""
        if not problem.part:
            return address("draft", self.version)
        field = problem.place.replace(".", "-") or ""
        return address("draft", self.version, at=problem.part, field=field)


@of_version()
def draft(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """The editor: GET shows it, POST saves the part that the address names."""
    editor = Editor(request, version)
    if request.method == "POST":
        if not editor.may_build:
            raise PermissionDenied
        return _save(editor)
    form = editor.form() if editor.at or editor.adding else None
    if form is None and editor.at and not editor.at.endswith(":otherwise"):
        messages.warning(request, _("That part is no longer there."))
        return HttpResponseRedirect(address("draft", version))
    return editor.render(form, focus=form.show(request.GET["field"].replace("-", ".")) if form and request.GET.get("field") else "")


def _save(editor: Editor) -> HttpResponse:
    request, version = editor.request, editor.version
    seen = version.revisions.filter(pk=editor.basis or 0).first() or editor.revision
    form = editor.form(request.POST)
    if form is None:
        messages.error(request, _("That part is no longer there: somebody has taken it out. Undo brings it back."))
        return HttpResponseRedirect(address("draft", version))
    if "refresh" in request.POST:
        form.leave_unchecked()  # shown again with other fields, and nothing checked yet
        return editor.render(form, is_unsaved=True)
    if not form.is_valid():
        return editor.render(form, 422)
    edit, name, says = _edit(editor, form)
    try:
        made = drafting.change(version, edit, touching=[editor.at] if editor.at else [], basis=editor.basis, by=request.user, says=says)
    except drafting.Overtaken as overtaken:
        theirs = _differences(editor, seen, overtaken.revision)
        return editor.render(form, 409, overtaken=str(overtaken), theirs=theirs)
    except Refused as refused:
        form.add_error(None, str(refused))
        return editor.render(form, 409 if isinstance(refused, Conflict) else 422)
    if seen is not None and made.number > seen.number + 1:
        others = [
            revision.by_label
            for revision in version.revisions.filter(number__gt=seen.number, number__lt=made.number).exclude(by=request.user.pk)
        ]
        if others:
            messages.info(request, _("Saved. %(name)s has changed other parts meanwhile; both are kept.") % {"name": others[-1]})
    more = {"add": editor.adding, "inside": editor.inside} if "another" in request.POST else {"at": name}
    return HttpResponseRedirect(address("draft", version, **more, saved="1"))


def _edit(editor: Editor, form: PartForm) -> tuple[drafting.Edit, str, str]:
    """What saving the form does to a document, the name of the part afterwards, and how the history says it."""
    kind, at = editor.kind, editor.at
    if isinstance(form, SettingForm):
        told = form.to_values()

        def set_values(document: editing.Document) -> editing.Document:
            for key, value in told.items():
                document = editing.with_value(document, key, value)
            return document

        return set_values, at, _("%(what)s") % {"what": form.called}
    about = form.to_document()
    words = about.get("label") or about.get("title") or form.called
    if editor.adding:
        name = about.get("name") or f"{editor.inside}:{len((editor.holder().about if editor.holder() else {}).get('branches') or [])}"  # type: ignore[union-attr]
        return (
            lambda document: editing.with_part(kind, document, editor.inside, about),
            str(name),
            _("Add %(kind)s “%(label)s”") % {"kind": str(form.called).lower(), "label": words},
        )
    name = about.get("name") or at

    def changed(document: editing.Document) -> editing.Document:
        document = editing.with_changed(kind, document, at, about)
        return editing.with_new_name(document, at, str(name)) if name != at else document

    return changed, str(name), _("Change %(kind)s “%(label)s”") % {"kind": str(form.called).lower(), "label": words}


def _differences(editor: Editor, seen: Change | None, now: Change) -> list[tuple[str, str, str]]:
    """What somebody else changed in the part: the setting, what it said, what it says."""
    if seen is None:
        return []
    old, new = (drafting.said_of(editor.version, revision.document, editor.at) for revision in (seen, now))
    return [(place, shown(before), shown(after)) for place, before, after in documents.changed_places(old or {}, new or {})]


def shown(value: Any) -> str:
    """A piece of a document as people read it in a comparison."""
    if value is None:
        return "–"
    if isinstance(value, Mapping) and len(value) == 1:
        mode, inner = next(iter(value.items()))
        if mode in ("value", "path", "formula", "text"):
            return fields.typed_text(inner) if mode == "value" else f"{inner}"
    if isinstance(value, Mapping) and {"model", "id", "label"} <= value.keys():
        return str(value["label"])
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "label" in one and "model" in one for one in value):
        more = len(value) - 5
        listed = "; ".join(str(one["label"]) for one in value[:5])
        return listed if more <= 0 else _("%(listed)s and %(more)d more") % {"listed": listed, "more": more}
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)[:400]
    return fields.typed_text(value)


@require_POST
@of_version(builds=True)
def change(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """Undo, redo, move, duplicate or take out; then the editor again."""
    editor = Editor(request, version)
    kind, action, name = editor.kind, request.POST.get("action", ""), request.POST.get("part", "")
    at = request.POST.get("at", "")
    part = editing.find(kind, editor.document, name)
    label = part.label if part else name
    told: dict[str, str] = {"at": at}
    try:
        match action.split("=", 1):
            case ["undo"]:
                taken = drafting.undoable(version)[0]
                drafting.undo(version, basis=editor.basis, by=request.user)
                messages.success(request, _("Undone: %(says)s.") % {"says": taken})
            case ["redo"]:
                again = drafting.undoable(version)[1]
                drafting.redo(version, basis=editor.basis, by=request.user)
                messages.success(request, _("Done again: %(says)s.") % {"says": again})
            case ["up" | "down" as way]:
                by = -1 if way == "up" else 1
                _change(editor, lambda document: editing.moved(kind, document, name, by), [name], _("Move “%(label)s”") % {"label": label})
                messages.success(request, _moved(version, kind, name))
                told = {"at": at or name, "menu": name}
            case ["remove"]:
                _change(
                    editor, lambda document: editing.without(kind, document, name), [name], _("Take out “%(label)s”") % {"label": label}
                )
                messages.success(request, _("“%(label)s” was taken out. Undo brings it back.") % {"label": label})
                gone = {inner.name for inner in part.walk()} if part else {name}
                told = {"at": "" if at in gone else at}
            case ["duplicate"]:
                made: list[str] = []

                def doubled(document: editing.Document) -> editing.Document:
                    document, copied = editing.doubled(kind, document, name)
                    made.append(copied)
                    return document

                _change(editor, doubled, [name], _("Duplicate “%(label)s”") % {"label": label})
                told = {"at": made[-1]}
            case ["into", target]:
                _change(
                    editor,
                    lambda document: editing.moved_into(kind, document, name, target),
                    [name],
                    _("Move “%(label)s”") % {"label": label},
                )
                messages.success(request, _("“%(label)s” was moved.") % {"label": label})
                told = {"at": name}
            case _:
                raise Http404
    except drafting.Overtaken as overtaken:
        messages.warning(request, str(overtaken))
    except Refused as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(address("draft", version, **{key: value for key, value in told.items() if _is_there(version, key, value)}))


def _change(editor: Editor, edit: drafting.Edit, touching: list[str], says: str) -> None:
    drafting.change(editor.version, edit, touching=touching, basis=editor.basis, by=editor.request.user, says=says)


def _moved(version: FlowVersion, kind: str, name: str) -> str:
    part = editing.find(kind, drafting.current(version).document, name)
    if part is None:
        return ""
    return _("“%(label)s” is now %(place)d of %(count)d.") % {"label": part.label, "place": part.index + 1, "count": part.count}


def _is_there(version: FlowVersion, key: str, value: str) -> bool:
    return key != "at" or value.startswith(":") or editing.find(version.flow.kind, drafting.current(version).document, value) is not None


# What can be read, and what is wrong while it is typed -------------------------------------------------------------------


@of_version(builds=True)
def readable(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """What can be read at a part, as JSON, or as a page for those without a script."""
    editor = Editor(request, version)
    if (editor.adding and not editor.holds_more()) or not (editor.adding or editor.at):
        raise Http404
    found = [*editor.place().known.all()]
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"readable": [as_json(one) for one in found], "functions": sorted(expressions.FUNCTIONS)})
    return page(request, "readable", title=_("What can be read here"), flow=version.flow, version=version, found=found, editor=editor)


def as_json(one: Readable) -> dict[str, Any]:
    """A readable value for the script that proposes it."""
    told: dict[str, Any] = {"path": one.path, "label": one.label, "type": one.type or "any"}
    if one.of or one.model:
        told["model"] = one.of or one.model
    return told


@require_POST
@of_version(builds=True)
def check(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """What is wrong with one field as it is typed, and what it says in words: a fragment."""
    editor = Editor(request, version)
    form = editor.form(request.POST)
    name = request.GET.get("field", "")
    if form is None or name not in form.fields:
        raise Http404
    return checked(request, form, name)


def checked(request: HttpRequest, form: forms.Form, name: str) -> HttpResponse:
    """What is wrong with one field of a form, or what it says in words: a fragment."""
    field = form.fields[name]
    told: dict[str, Any] = {}
    try:
        value = field.clean(field.widget.value_from_datadict(request.POST, request.FILES, form.add_prefix(name)))
    except forms.ValidationError as error:
        first = error.error_list[0]
        told = {"message": first.messages[0], **{key: (first.params or {}).get(key) for key in ("position", "nearest")}}
    else:
        if isinstance(field, fields.ConditionField):
            known = field.known or Readables()
            told = {"when": expressions.in_words(value, known, marked=True), "is_condition": True, "always": field.widget.always}
        elif isinstance(value, Mapping) and "path" in value and isinstance(field, fields.Known) and field.known:
            found = field.known.find(value["path"])
            told = {"reads": found}
    return TemplateResponse(request, "orchestration/building/_said.html", told)


@of_version()
def standing(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """Whether somebody else has changed the draft since the revision that the page shows: 204, or a sentence to show."""
    newer = drafting.since(version, whole_number(request.GET.get("revision")), request.user)
    if newer is None:
        return HttpResponse(status=204)
    return TemplateResponse(request, "orchestration/building/_newer.html", {"newer": newer, "version": version})


@of_version()
def document(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """The document as it is kept, to read; with `?download`, as a file."""
    told = drafting.current(version).document if not version.is_frozen else version.document
    if "download" in request.GET:
        answer = JsonResponse(told, json_dumps_params={"indent": 2, "ensure_ascii": False})
        answer["Content-Disposition"] = f'attachment; filename="{version.flow.key}-v{version.number}.json"'
        return answer
    text = json.dumps(told, indent=2, ensure_ascii=False)
    return page(request, "document", title=str(version.flow.label), flow=version.flow, version=version, text=text, tab="document")


@of_version()
def history(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """Every kept change of the draft: who, when, what."""
    revisions = version.revisions.select_related("by").order_by("-number")
    return page(request, "history", title=str(version.flow.label), flow=version.flow, version=version, revisions=revisions, tab="history")


# Versions ----------------------------------------------------------------------------------------------------------------


def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Two versions side by side: every place that differs, old → new."""
    if not may_see(request.user):
        raise PermissionDenied
    flow = get_object_or_404(Flow, pk=pk)
    versions = {version.number: version for version in flow.versions.order_by("number")}
    numbers = sorted(versions)
    if not numbers:
        raise Http404
    asked = [whole_number(request.GET.get(name)) for name in ("old", "new")]
    old, new = (number if number in versions else default for number, default in zip(asked, (numbers[-2:] * 2)[:2], strict=True))
    changes = [
        Difference(place, before, after, versions[new].document, versions[old].document, flow.kind)
        for place, before, after in flow_builder.differences(versions[old], versions[new])
    ]
    return page(
        request, "compare", title=str(flow.label), flow=flow, numbers=numbers, old=versions[old], new=versions[new], changes=changes
    )


class Difference:
    """One difference between two documents, in words."""

    def __init__(self, place: str, before: Any, after: Any, new: Mapping[str, Any], old: Mapping[str, Any], kind: str) -> None:
        self.place, self.before, self.after = place, before, after
        self.what = "added" if before is None else "removed" if after is None else "changed"
        said = {part.name: part.label for document in (old, new) for part in editing.walk(kind, document)}
        self.path = [
            said.get(name) or name.replace("_", " ") for name in place.split(".") if name not in editing.HOLDING and name != "screens"
        ]
        self.old, self.new = _told(before), _told(after)


def _told(value: Any) -> str:
    if isinstance(value, Mapping) and (value.get("label") or value.get("title")):
        return str(value.get("label") or value.get("title"))
    return shown(value)


@of_version(builds=True)
def activation(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """What would keep it from being activated and what would change; POST activates it."""
    editor = Editor(request, version)
    found = [drafting.found(editor.kind, editor.document, problem.place, problem.message) for problem in flow_builder.problems(version)]
    if request.method == "POST" and not found:
        note = request.POST.get("note", "").strip()[:200]
        try:
            flow_builder.activate(version)
        except (Refused, IllegalMove) as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(address("activation", version))
        if note:
            version.note = note
            version.save(update_fields=["note"])
        messages.success(request, _("%(version)s is active: steps that begin from now on run it.") % {"version": version})
        return HttpResponseRedirect(reverse("admin:orchestration_flow_change", args=[version.flow_id]))
    active = version.flow.active_version
    return page(
        request,
        "activation",
        422 if request.method == "POST" else 200,
        title=str(version.flow.label),
        flow=version.flow,
        version=version,
        problems=[(problem, editor.link_to(problem)) for problem in found],
        active=active,
        usages=[usage for usage in flow_builder.used_by(version.flow.key) if usage.is_live],
    )


@require_POST
@of_version(builds=True)
def deactivation(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """Take the active version away."""
    try:
        flow_builder.deactivate(version)
    except IllegalMove:
        messages.error(request, _("%(version)s is not active.") % {"version": version})
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(version)s is inactive: steps that have begun go on with it.") % {"version": version})
    return HttpResponseRedirect(reverse("admin:orchestration_flow_change", args=[version.flow_id]))


@require_POST
@of_version(builds=True)
def copy(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """Make a new draft of it, and go there."""
    made = flow_builder.copy(version, by=request.user)
    messages.success(request, _("v%(number)d is a draft that says what v%(old)d says.") % {"number": made.number, "old": version.number})
    return HttpResponseRedirect(address("draft", made))


# Preview and test --------------------------------------------------------------------------------------------------------


def previewed(editor: Editor, place: int = 0) -> dict[str, Any]:
    """What the preview is asked for: the document, the screen, and records to show it with."""
    model = model_named(str(editor.document.get("record_model") or ""))
    found = access.records_for(editor.request.user, model).order_by("-pk")[:20] if model is not None else []
    records = [(f"{model_label(record)}:{record.pk}", str(record)) for record in found]
    return {"document": json.dumps(editor.document), "place": place, "records": records}


@of_version(builds=True)
def preview(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """The screens as people will see them."""
    if version.flow.kind != flows.FlowKind.SCREEN:
        raise Http404
    editor = Editor(request, version)
    return page(
        request, "preview", title=str(version.flow.label), flow=version.flow, version=version, preview=previewed(editor), tab="preview"
    )


@of_version()
def test(request: HttpRequest, version: FlowVersion) -> HttpResponse:
    """Try this version alone; for those who may run the flow."""
    editor = Editor(request, version)
    try:
        flow = version.as_flow()
    except Invalid:
        unfinished = [(problem, editor.link_to(problem)) for problem in editor.problems]
        return page(request, "test", title=str(version.flow.label), flow=version.flow, version=version, unfinished=unfinished, tab="test")
    return _test(request, flow, version.flow, version)


def test_code(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for a flow in code."""
    if not may_see(request.user):
        raise PermissionDenied
    row = get_object_or_404(Flow, pk=pk)
    try:
        return _test(request, flows.get(row.key), row, None)
    except FlowMissing:
        raise Http404 from None


def _test(request: HttpRequest, flow: flows.Flow, row: Flow, version: FlowVersion | None) -> HttpResponse:
    if not access.may_run(request.user, flow.key):
        raise PermissionDenied(_("You may not run this flow, and so not test it. Ask an administrator for “Can run flow”."))
    data = request.POST if request.method == "POST" else None
    sample = trying.Sample(flow, request.user, data, may_be_system=may_build(request.user, row))
    is_tried = data is not None and "try" in data and sample.is_valid()
    if data is not None and "try" not in data:
        sample.leave_unchecked()
    sent = dict(data.lists()) if data is not None else {}
    screens = trying.Screens(sample, sent, is_tried=is_tried) if flow.kind == flows.FlowKind.SCREEN else None
    trial = trying.tried(sample, screens.answers if screens else {}) if is_tried else None
    known = reading.everywhere(row.kind, version.document) if version else Readables()
    return page(
        request,
        "test",
        422 if sample.errors else 200,
        title=str(row.label),
        flow=row,
        version=version,
        sample=sample,
        screens=screens,
        trial=trial,
        outputs=[(name, shown(value)) for name, value in ((trial.outputs if trial else None) or {}).items()],
        elements=[_result(done) for done in (trial.elements if trial else [])],
        calls=[(call, json.dumps(call.body, indent=2, ensure_ascii=False) if call.body else "") for call in (trial.calls if trial else [])],
        facts=[(trying.said(fact, known), fact) for fact in (trial.facts if trial else [])],
        tab="test",
    )


def _result(done: Any) -> dict[str, Any]:
    """What became of one element, for the page."""
    form = FORMS.get(done.kind)
    return {
        "done": done,
        "kind": form.called if form else done.kind,
        "outputs": [(name, shown(value)) for name, value in done.outputs.items()],
        "ms": round(done.seconds * 1000),
    }
