"""Reads a document from JSON values, and writes it again; refuses what has not its shape, in words and with the place."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from pydantic import ValidationError

from orchestration import values
from orchestration.errors import Invalid
from orchestration.flows.documents.elements import AutolaunchedDocument, Element, walk
from orchestration.flows.documents.parts import Condition, Document, join
from orchestration.flows.documents.screens import Field, ScreenDocument, items_of

MOST_BYTES = 200 * 1024
DEEPEST_JSON = 60
DEEPEST_ELEMENTS = 12
MOST = {"element": 200, "field": 200, "part": 300}
MOST_WORDS = {"element": _lazy("elements"), "field": _lazy("fields"), "part": _lazy("screens, sections, texts and groups")}
LARGEST_NUMBER = 10**24


class EvaluationDocument(Document):
    """One condition, under a name of its own."""

    condition: Condition


AnyDocument = ScreenDocument | AutolaunchedDocument | EvaluationDocument

KINDS: Mapping[str, type[AnyDocument]] = {"screen": ScreenDocument, "autolaunched": AutolaunchedDocument, "evaluation": EvaluationDocument}


def parse(kind: str, data: Any) -> Any:
    """The document of this kind in `data`. Raises Invalid, whose `errors` map a place such as `screens.1.items.3.label` to messages."""
    refuse_what_cannot_be_kept(data)
    try:
        document = KINDS[kind].model_validate(data)
    except ValidationError as error:
        raise _invalid(_in_words(error, data)) from None
    except RecursionError:
        raise _invalid({"": [_("The document is nested too deeply.")]}) from None
    if found := _misshapen(document):
        raise _invalid(found)
    return document


def dump(document: AnyDocument) -> dict[str, Any]:
    """The document as JSON values, in the shape that `parse` takes; what has its default is left out."""
    dumped: dict[str, Any] = document.model_dump(by_alias=True, exclude_unset=True)
    return dumped


def outputs_of_flow(document: AnyDocument) -> frozenset[str]:
    """The names of the outputs of a flow with this document."""
    if isinstance(document, ScreenDocument):
        decided = {"outcome", "comment"} if document.outcomes else set()
        return frozenset({field.name for field in document.fields()} | decided | document.outputs.keys())
    if isinstance(document, AutolaunchedDocument):
        return frozenset(document.outputs)
    return frozenset()


def _invalid(errors: dict[str, list[str]]) -> Invalid:
    said = " ".join(f"{place or '–'}: {' '.join(messages)}" for place, messages in list(errors.items())[:20])
    return Invalid(said, errors=errors)


def refuse_what_cannot_be_kept(data: Any, *, most_bytes: int = MOST_BYTES) -> None:
    """Raise Invalid for what is too large or too deep, or holds what JSON or PostgreSQL cannot keep. An unfinished draft passes."""
    waiting: list[tuple[Any, str, int]] = [(data, "", 1)]  # and no recursion: it may be nested however deeply
    while waiting:
        value, place, depth = waiting.pop()
        if depth > DEEPEST_JSON:
            raise _invalid({place: [_("The document is nested too deeply.")]})
        if isinstance(value, str):
            _refuse_characters(value, place)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if not isinstance(name, str):
                    raise _invalid({place: [_("“%(name)s” is no name.") % {"name": name}]})
                _refuse_characters(name, place)
                waiting.append((inner, join(place, name), depth + 1))
        elif isinstance(value, list):
            waiting.extend((inner, join(place, number), depth + 1) for number, inner in enumerate(value))
        elif isinstance(value, float):
            if not math.isfinite(value) or abs(value) > LARGEST_NUMBER:
                raise _invalid({place: [_("The number is too large.")]})
        elif isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise _invalid({place: [_("The number is too large.")]})
        elif not (value is None or isinstance(value, int)):
            raise _invalid({place: [_("This is no JSON value.")]})
    if (size := len(json.dumps(data).encode())) > most_bytes:
        raise _invalid({"": [_("The document has %(size)d bytes; the limit is %(limit)d.") % {"size": size, "limit": most_bytes}]})


def _refuse_characters(value: str, place: str) -> None:
    if not values.is_storable(value):
        raise _invalid({place: [_("The text holds a character that cannot be stored.")]})


def _in_words(error: ValidationError, data: Any) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for found in error.errors(include_url=False):
        messages = told.setdefault(_place_of(found["loc"], data), [])
        if (message := _message_of(found)) not in messages:
            messages.append(message)
    return told


def _place_of(location: Sequence[int | str], data: Any) -> str:
    """The place without the names of kinds, which pydantic puts after the number of an item."""
    place = ""
    before: int | str = ""
    for part in location:
        if isinstance(before, int) and isinstance(data, dict) and part == data.get("kind"):
            before = part
            continue
        place = join(place, part)
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
        before = part
    return place


def _message_of(found: Mapping[str, Any]) -> str:
    about = found.get("ctx", {})
    match found["type"]:
        case "missing" | "union_tag_not_found":
            return _("A value is missing.")
        case "extra_forbidden":
            return _("There is no such setting here.")
        case "literal_error":
            return _("Choose one of %(known)s.") % {"known": about["expected"]}
        case "union_tag_invalid":
            return _("Choose as kind one of %(known)s.") % {"known": about["expected_tags"]}
        case "string_type" | "string_sub_type":
            return _("This is no text.")
        case "string_too_long":
            return _("The text is longer than %(most)d characters.") % {"most": about["max_length"]}
        case "string_too_short":
            return _("A text is missing.")
        case "string_pattern_mismatch" if about["pattern"] == r"^[^\r\n]*$":
            return _("This is one line.")
        case "string_pattern_mismatch":
            return _("“%(value).60s” cannot stand here. Use small letters, digits and underscores, beginning with a letter.") % {
                "value": found["input"]
            }
        case "too_short":
            return _("At least %(least)d is needed.") % {"least": about["min_length"]}
        case "too_long":
            return _("There are more than %(most)d.") % {"most": about["max_length"]}
        case "dict_type" | "model_type" | "model_attributes_type" | "list_type":
            return _("This has not the shape that belongs here.")
        case "bool_type":
            return _("This is neither yes nor no.")
        case "int_type" | "float_type" | "int_from_float":
            return _("This is no number.")
        case "greater_than_equal":
            return _("The least is %(least)s.") % {"least": about["ge"]}
        case "less_than_equal":
            return _("The most is %(most)s.") % {"most": about["le"]}
    return str(found["msg"])


def _misshapen(document: AnyDocument) -> dict[str, list[str]]:
    """What no single part can see: names that are there twice, too many parts, elements too deep."""
    told: dict[str, list[str]] = {}
    known: set[str] = set()
    counted = {"element": 0, "field": 0, "part": 0}
    for place, part, depth in _parts(document):
        if part.name in known:
            told[join(place, "name")] = [_("The name “%(name)s” is given twice.") % {"name": part.name}]
        known.add(part.name)
        counted["element" if isinstance(part, Element) else "field" if isinstance(part, Field) else "part"] += 1
        if depth > DEEPEST_ELEMENTS:
            told[place] = [_("Elements stand in each other more than %(most)d deep.") % {"most": DEEPEST_ELEMENTS}]
    for what, count in counted.items():
        if count > MOST[what]:
            names = {"count": count, "what": MOST_WORDS[what], "most": MOST[what]}
            told[""] = [_("There are %(count)d %(what)s; the limit is %(most)d.") % names]
    return told


def _parts(document: AnyDocument) -> Iterator[tuple[str, Any, int]]:
    """Every part that has a name, with its place and its depth."""
    if isinstance(document, AutolaunchedDocument):
        yield from walk(document.elements)
    elif isinstance(document, ScreenDocument):
        for number, screen in enumerate(document.screens):
            yield f"screens.{number}", screen, 1
            yield from ((place, item, 1) for place, item in items_of(screen.items, f"screens.{number}.items"))


def changed_places(old: Any, new: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two documents differ: place, old value, new value; None for what is not there. Parts that have a name are told apart by it."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from changed_places(old.get(name), new.get(name), join(place, name))
    elif isinstance(old, list) and isinstance(new, list) and _have_names(old) and _have_names(new):
        before, after = ({_name_of(part): part for part in parts} for parts in (old, new))
        for name in [*before, *(name for name in after if name not in before)]:
            yield from changed_places(before.get(name), after.get(name), join(place, name))
        kept_before = [name for name in before if name in after]
        kept_after = [name for name in after if name in before]
        if kept_before != kept_after:
            yield join(place, _("(order)")), kept_before, kept_after
    elif old != new:
        yield place, old, new


def _have_names(parts: list[Any]) -> bool:
    names = {_name_of(part) if isinstance(part, dict) else None for part in parts}
    return None not in names and len(names) == len(parts)


def _name_of(part: dict[str, Any]) -> Any:
    return part.get("name", part.get("api_name"))
