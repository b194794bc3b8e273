"""Changes to drafts: of orchestrations, and of flows that are built without code. Each is a stored revision, can be undone, and loses
nobody's work.

    def edit(document):
        return editing.without(document, "step:terms")

    drafting.change(version, edit, touching=["step:terms"], basis=41, by=petra, says="Take out “Terms”")

`basis` is the revision that the person was looking at. If somebody was quicker the change is made all the same, unless both touched the
same part: then it is refused, and says who.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from orchestration import builder, clock, editing
from orchestration.errors import Conflict, Invalid
from orchestration.flows import documents
from orchestration.flows import editing as flow_editing
from orchestration.models import Change, FlowVersion, Version
from orchestration.models.instances import name_of

KEPT = 200
"""Revisions of one draft whose documents are kept, to be gone back to."""

LATELY = timedelta(minutes=5)
"""Who changed a draft within this time counts as editing it."""

Document = dict[str, Any]
Edit = Callable[[Document], Document]
Draft = FlowVersion | Version


class Overtaken(Conflict):
    """Somebody changed the same part meanwhile. `revision` is how the draft is now."""

    def __init__(self, message: object, revision: Change) -> None:
        super().__init__(message)
        self.revision = revision


@dataclass(frozen=True)
class Found:
    """Something that keeps a draft from being activated: the part it is in (":…" or "" for the whole flow), the place in it, the words."""

    part: str
    label: str
    place: str
    message: str


def current(version: Draft) -> Change:
    """How the draft is now. The first one is made when somebody first asks."""
    revision: Change | None = version.revisions.standing().order_by("-number").first()
    if revision is not None:
        return revision
    begin = {"document": document_of(version), "says": _("As it was made"), "at": version.created_at}
    made, _is_new = version.revisions.get_or_create(number=0, defaults=begin)
    return made


def document_of(version: Draft) -> Document:
    """What a version says, by its rows."""
    return dict(builder.dump(version)) if isinstance(version, Version) else version.document


@transaction.atomic
def change(version: Draft, edit: Edit, *, touching: Iterable[str], basis: int | None, by: Any, says: str) -> Change:
    """Make a change; the new revision, or the standing one when nothing is different.

    `touching` names the parts that it is about (see `editing`). Raises Overtaken when somebody changed one of them since `basis`, Conflict
    when the version is no draft any more or a part is gone, Invalid when the document is beyond what can be kept.
    """
    version, now = _locked(version)
    _refuse_overtaken(version, now, touching, basis, by)
    document = edit(now.document)
    if document == now.document:
        return now
    documents.refuse_what_cannot_be_kept(document, most_bytes=MOST_BYTES[type(version)])
    version.revisions.filter(is_undone=True).delete()
    changes = [list(changed) for changed in documents.changed_places(now.document, document)]
    made: Change = version.revisions.create(
        number=now.number + 1, document=document, changes=changes, says=says, by=by, by_label=name_of(by), at=clock.now()
    )
    version.revisions.filter(number__lt=made.number - KEPT, document__isnull=False).update(document=None)
    _write(version, document)
    return made


@transaction.atomic
def undo(version: Draft, *, basis: int | None, by: Any) -> Change:
    """Take the newest change back; the revision that stands then. Raises Conflict when there is none, or not the one that was seen."""
    version, now = _locked(version)
    before: Change | None = version.revisions.standing().filter(number__lt=now.number).order_by("-number").first()
    if before is None:
        raise Conflict(_("There is nothing to undo."))
    _refuse_newer(now, basis)
    now.is_undone = True
    now.save(update_fields=["is_undone"])
    _write(version, before.document)
    return before


@transaction.atomic
def redo(version: Draft, *, basis: int | None, by: Any) -> Change:
    """Make the change again that was undone last. Raises Conflict when there is none, or the draft was changed meanwhile."""
    version, now = _locked(version)
    after: Change | None = version.revisions.filter(is_undone=True, number__gt=now.number).order_by("number").first()
    if after is None:
        raise Conflict(_("There is nothing to redo."))
    _refuse_newer(now, basis)
    after.is_undone = False
    after.save(update_fields=["is_undone"])
    _write(version, after.document)
    return after


def undoable(version: Draft, now: Change | None = None) -> tuple[str, str]:
    """What undo would take back and what redo would make again, in words; empty when nothing. `now`: the current revision, when known."""
    now = now or current(version)
    after = version.revisions.filter(is_undone=True, number__gt=now.number).order_by("number").first()
    has_before = version.revisions.standing().filter(number__lt=now.number).exists()
    return now.says if has_before else "", after.says if after else ""


def others_lately(version: Draft, user: Any) -> list[tuple[str, Any]]:
    """Who else changed the draft in the last minutes, and when."""
    changes = version.revisions.filter(at__gte=clock.now() - LATELY).exclude(by=user).exclude(by=None).order_by("at")
    return list(dict(changes.values_list("by_label", "at")).items())


def since(version: Draft, basis: int | None, user: Any) -> Change | None:
    """The newest change that somebody else made after the revision that was seen; None when there is none."""
    if basis is None:
        return None
    return version.revisions.standing().filter(pk__gt=basis).exclude(by=user).order_by("-number").first()


def problems(kind: str, document: Mapping[str, Any], around: documents.Surroundings | None = None) -> list[Found]:
    """Everything that keeps the document from being activated, each with the part that it is in."""
    try:
        parsed = documents.parse(kind, document)
    except Invalid as refused:
        told = [(place, message) for place, messages in refused.errors.items() for message in messages]
    else:
        told = [(problem.place, problem.message) for problem in documents.problems(parsed, around)]
    return [found(kind, document, place, message) for place, message in told]


def found(kind: str, document: Mapping[str, Any], place: str, message: str) -> Found:
    """A problem with the part that its place lies in."""
    name = flow_editing.place_of(kind, document, place)
    if not name:
        key = place.partition(".")[0]
        setting = {"as_system": "writes"}.get(key, key)
        return Found("" if key in ("", "screens", "elements") else f":{setting.replace('record_model', 'about')}", "", place, message)
    part = flow_editing.find(kind, document, name)
    assert part is not None
    return Found(name, part.label or name, place.removeprefix(part.place).lstrip("."), message)


def said_of(version: Draft, document: Mapping[str, Any], name: str) -> Any:
    """What a document says of a part itself, without the parts in it; of the whole (`:key`), its value; None when it is gone."""
    if isinstance(version, Version):
        return editing.said_of(document, name)
    if name.startswith(":"):
        keys = {":about": ("record_model",), ":writes": ("writes", "as_system")}.get(name, (name[1:],))
        return [document.get(key) for key in keys]
    part = flow_editing.find(version.flow.kind, document, name)
    if part is None:
        return None
    return {key: value for key, value in part.about.items() if key not in flow_editing.HOLDING}


MOST_BYTES: Mapping[type, int] = {FlowVersion: documents.MOST_BYTES, Version: 1024 * 1024}
"""How large a draft's document may be."""


def _locked(version: Draft) -> tuple[Draft, Change]:
    locked: Draft = type(version)._default_manager.select_for_update().get(pk=version.pk)
    if locked.is_frozen:
        raise Conflict(_("%(version)s has been active and cannot be changed. Make a new draft of it instead.") % {"version": locked})
    return locked, current(locked)


def _refuse_overtaken(version: Draft, now: Change, touching: Iterable[str], basis: int | None, by: Any) -> None:
    seen = version.revisions.filter(pk=basis).first() if basis is not None else now
    if basis is None or now.pk == basis:
        return
    if (
        seen is None
        or seen.document is None
        or any(said_of(version, seen.document, name) != said_of(version, now.document, name) for name in touching)
    ):
        newest = since(version, basis, by) or now
        raise Overtaken(
            _("%(name)s has changed this since you opened it: “%(says)s”. What you typed is still here.")
            % {"name": newest.by_label or _("Somebody"), "says": newest.says},
            now,
        )


def _refuse_newer(now: Change, basis: int | None) -> None:
    if basis is not None and now.pk != basis:
        raise Overtaken(
            _("%(name)s has changed the draft since you opened it: “%(says)s”. Look at it first.")
            % {"name": now.by_label or _("Somebody"), "says": now.says},
            now,
        )


def _write(version: Draft, document: Document) -> None:
    if isinstance(version, Version):
        builder.write(version, document)
        return
    version.document = document
    version.save(update_fields=["document"])
