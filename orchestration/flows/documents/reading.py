"""What can be read at each place of a document, and where something is read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext as _

from orchestration import expressions
from orchestration.flows.documents.elements import (
    Assign,
    AutolaunchedDocument,
    Call,
    Create,
    Decide,
    Fail,
    Find,
    Loop,
    MakeDocument,
    Run,
    SendMail,
    Slack,
    Start,
    Update,
    Wait,
    inner_elements,
    sources_in,
)
from orchestration.flows.documents.parts import installed_model, join
from orchestration.flows.documents.screens import (
    NUMBERS,
    TIMES,
    DisplayText,
    Field,
    Group,
    Screen,
    ScreenDocument,
    items_of,
)
from orchestration.flows.documents.shape import AnyDocument

Names = Mapping[str, Any]
"""What can be read at a place: each name with a mapping of what it holds, or with its type in a word (`record:app.model` for a record
whose model is known, `open` where nobody knows what is below)."""


@dataclass(frozen=True)
class Use:
    """One place of a document at which something is read: a `condition`, a `source` or a `text`."""

    place: str
    kind: Literal["condition", "source", "text"]
    what: Any
    names: Names

    @property
    def reads(self) -> frozenset[str]:
        """The paths that are read."""
        if self.kind == "condition":
            return expressions.condition(self.what).reads
        if self.kind == "text":
            return frozenset(path for path, _position in expressions.text(self.what).reads)
        return expressions.source(self.what).reads


def readable(document: AnyDocument, place: str) -> Names:
    """What can be read at a place, such as `elements.2.values.discount`; of the nearest part when nothing is read there yet."""
    found: Names = names_everywhere(document)
    for at, names in _places(document):
        if place == at or place.startswith(f"{at}."):
            found = names
    return found


def paths(names: Names, before: str = "") -> Iterator[tuple[str, str]]:
    """Each path in `names` with its type, for those who choose from a list."""
    for name, below in names.items():
        path = join(before, name)
        if isinstance(below, Mapping):
            yield from paths(below, path)
        else:
            yield path, below


def uses(document: AnyDocument) -> Iterator[Use]:
    """Every place of the document at which something is read, in order, with what can be read there."""
    if isinstance(document, ScreenDocument):
        yield from _uses_of_screens(document)
    elif isinstance(document, AutolaunchedDocument):
        for place, names in _places(document):
            yield from _uses_of_element(_at(document, place), place, names)
        end = _end_names(document)
        yield from (Use(f"outputs.{name}", "source", source, end) for name, source in document.outputs.items())
    else:
        yield Use("condition", "condition", document.condition, names_everywhere(document))


def _places(document: AnyDocument) -> Iterator[tuple[str, Names]]:
    """The parts of a document in order, each with what can be read in it."""
    if isinstance(document, AutolaunchedDocument):
        yield from _places_of_elements(document.elements, "elements", {**names_everywhere(document), "elements": {}})
        yield "outputs", _end_names(document)
    elif isinstance(document, ScreenDocument):
        yield from _places_of_screens(document)


def names_everywhere(document: AnyDocument) -> dict[str, Any]:
    """What can be read everywhere in the document."""
    names: dict[str, Any] = {
        "record": f"record:{document.record_model}" if document.record_model else "record",
        "user": "record:auth.user",
        "inputs": {name: _type_word(about) for name, about in document.inputs.items()},
        "now": "datetime",
        "today": "date",
    }
    if isinstance(document, AutolaunchedDocument):
        names["vars"] = {name: _type_word(about) for name, about in document.variables.items()}
        names |= {"callback_url": "text", "key": "text"}
    return names


def _type_word(about: Mapping[str, Any]) -> str:
    return f"record:{about['model']}" if about["type"] == "record" else str(about["type"])


def _places_of_elements(elements: Sequence[Any], place: str, names: Names) -> Iterator[tuple[str, Names]]:
    """Walks as the interpreter does; `names["elements"]` is filled on the way, so that each element sees those before it."""
    for number, element in enumerate(elements):
        here = f"{place}.{number}"
        yield here, {**names, "elements": dict(names["elements"])}
        for inner, name in inner_elements(element):
            within = {**names, element.each: _each_word(element, names)} if isinstance(element, Loop) else names
            yield from _places_of_elements(inner, f"{here}.{name}", within)
        names["elements"][element.name] = outputs_of(element)


def _end_names(document: AutolaunchedDocument) -> Names:
    names = {**names_everywhere(document), "elements": {}}
    for _place in _places_of_elements(document.elements, "elements", names):
        pass
    return names


def _each_word(loop: Loop, names: Names) -> str:
    match loop.over:
        case {"path": str(path)}:
            below: Any = names
            for name in path.split("."):
                below = below.get(name, "open") if isinstance(below, Mapping) else "open"
            if isinstance(below, str) and below.startswith("records:"):
                return f"record:{below.removeprefix('records:')}"
    return "open"


def outputs_of(element: Any) -> Names | str:
    """What later elements can read of an element: names with their types; `open` when only its flow knows."""
    match element:
        case Create():
            return {"record": f"record:{element.model}", "id": "open"}
        case Update() | Loop():
            return {"count": "number"}
        case Find():
            return {"records": f"records:{element.model}", "first": f"record:{element.model}", "count": "number"}
        case Decide():
            return {"branch": "text"}
        case Call():
            return {"status": "number", **{name: reply.type for name, reply in element.outputs.items()}}
        case MakeDocument():
            return {"file": "file"}
        case Wait() if element.callback:
            return {"body": "open"}
        case Start():
            return {"request": "number"}
        case Run():
            return "open"
    return {}


def _at(document: AnyDocument, place: str) -> Any:
    part: Any = document
    for name in place.split("."):
        part = part[int(name)] if isinstance(part, list) else getattr(part, name, None)
    return part


def _uses_of_element(element: Any, place: str, names: Names) -> Iterator[Use]:
    if element is None or isinstance(element, dict):
        return

    def source(name: str, what: Any) -> Use:
        return Use(f"{place}.{name}", "source", what, names)

    def text(name: str) -> Use:
        return Use(f"{place}.{name}", "text", getattr(element, name), names)

    match element:
        case Assign():
            yield from (source(f"set.{name}", what) for name, what in element.set.items())
        case Create():
            yield from (source(f"values.{name}", what) for name, what in element.values.items())
        case Update():
            yield source("records", element.records)
            yield from (source(f"values.{name}", what) for name, what in element.values.items())
        case Find():
            yield from (source(f"where.{n}.source", row.source) for n, row in enumerate(element.where) if row.source is not None)
        case Decide():
            yield from (
                Use(f"{place}.branches.{number}.condition", "condition", branch.condition, names)
                for number, branch in enumerate(element.branches)
            )
        case Loop():
            yield source("over", element.over)
        case SendMail():
            yield source("to", element.to)
            yield from (text("subject"), text("body"))
            if element.attach is not None:
                yield source("attach", element.attach)
        case Slack():
            yield text("text")
        case Call():
            yield text("path")
            yield from (source(join("body", at), what) for at, what in sources_in(element.body))
        case MakeDocument():
            yield from (text("title"), text("body"), text("file_name"))
            if element.attach_to is not None:
                yield source("attach_to", element.attach_to)
        case Wait():
            if element.until is not None:
                yield source("until", element.until)
            if element.seconds is not None:
                yield source("for", element.seconds)
        case Start() | Run():
            if element.record is not None:
                yield source("record", element.record)
            yield from (source(f"inputs.{name}", what) for name, what in element.inputs.items())
        case Fail():
            yield text("message")


def _places_of_screens(document: ScreenDocument) -> Iterator[tuple[str, Names]]:
    """A screen, and each item of it, can read what is answered before it."""
    answers: dict[str, Any] = {}
    for number, screen in enumerate(document.screens):
        here = f"screens.{number}"
        yield here, {**names_everywhere(document), "answers": dict(answers)}
        for place, item in items_of(screen.items, f"{here}.items"):
            if _is_in_a_group(place):
                continue
            yield place, {**names_everywhere(document), "answers": dict(answers)}
            if isinstance(item, Field):
                answers[item.name] = answer_word(item)
            elif isinstance(item, Group):
                yield from _places_of_group(document, item, place, answers)
                answers[item.name] = "list"
    whole = {**names_everywhere(document), "answers": dict(answers), "outcome": "text", "comment": "text"}
    yield "writes", whole
    yield "outputs", whole


def _is_in_a_group(place: str) -> bool:
    return ".fields." in place


def _places_of_group(document: ScreenDocument, group: Group, place: str, answers: Names) -> Iterator[tuple[str, Names]]:
    row: dict[str, Any] = {}
    for number, field in enumerate(group.fields):
        yield f"{place}.fields.{number}", {**names_everywhere(document), "answers": dict(answers), "item": dict(row)}
        row[field.name] = answer_word(field)


def answer_word(field: Field) -> str:
    """The type of a field's answer, in a word."""
    if field.type in NUMBERS:
        return "number"
    if field.type in TIMES:
        return field.type
    if field.type == "record":
        return f"record:{field.model}"
    return {"checkbox": "yes_no", "multiple_choice": "list", "user": "record:auth.user", "file": "file"}.get(field.type, "text")


def _uses_of_screens(document: ScreenDocument) -> Iterator[Use]:
    for place, names in _places_of_screens(document):
        part = _at(document, place)
        if isinstance(part, dict):
            yield from (Use(f"{place}.{name}", "source", source, names) for name, source in part.items())
            continue
        if part.show_when:
            yield Use(f"{place}.show_when", "condition", part.show_when, names)
        if isinstance(part, Screen):
            yield Use(f"{place}.intro", "text", part.intro, names)
        elif isinstance(part, DisplayText):
            yield Use(f"{place}.text", "text", part.text, names)
        elif isinstance(part, Field):
            yield from _uses_of_field(document, part, place, names)


def _uses_of_field(document: ScreenDocument, field: Field, place: str, names: Names) -> Iterator[Use]:
    if field.default is not None:
        yield Use(f"{place}.default", "source", field.default, names)
    if field.check is not None:
        row = "item" if "item" in names else "answers"
        itself = {**names, row: {**names[row], field.name: answer_word(field)}}
        yield Use(f"{place}.check.formula", "source", {"formula": field.check.formula}, itself)


def why_not_read(path: str, names: Names) -> str:
    """Why the path cannot be read where `names` can; "" when it can, as far as can be known before it happens."""
    below: Any = names
    parts = path.split(".")
    for number, name in enumerate(parts):
        if isinstance(below, str):
            return _why_not_below(path, below, parts[number:])
        if name not in below:
            known = ", ".join(sorted(below)) or "–"
            return _("“%(path)s”: there is no “%(name)s” here. Known: %(known)s.") % {"path": path, "name": name, "known": known}
        below = below[name]
    return ""


def _why_not_below(path: str, word: str, rest: Sequence[str]) -> str:
    kind, _colon, label = word.partition(":")
    if kind in ("open", "file") or (kind == "record" and not label):
        return ""
    if kind != "record":
        return _("“%(path)s”: a %(kind)s has no fields.") % {"path": path, "kind": kind}
    model = installed_model(label)
    return "" if model is None else why_no_field(path, model, rest)


def why_no_field(path: str, model: type[Model], names: Sequence[str]) -> str:
    """Why `names` are no fields that can be followed from `model`; "" when they are."""
    at: type[Model] | None = model
    for name in names:
        if name == "pk":
            at = None
            continue
        if at is None:
            return _("“%(path)s”: there is no field “%(name)s”.") % {"path": path, "name": name}
        try:
            field = at._meta.get_field(name)
        except FieldDoesNotExist:
            return _("“%(path)s”: there is no field “%(name)s”.") % {"path": path, "name": name}
        if not field.concrete or field.many_to_many or name in expressions.NEVER_READ:
            return _("“%(path)s”: the field “%(name)s” cannot be read.") % {"path": path, "name": name}
        at = field.related_model if field.is_relation else None
    return ""
