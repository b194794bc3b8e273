"""What can be read at a part of a flow that is being built, with the labels that its builder gave: for proposals, checks and sentences.

`documents.readable` says what can be read; here a draft that has gaps is read too, and names get their words.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from orchestration.errors import Invalid
from orchestration.expressions.readable import Readable, Readables
from orchestration.flows import documents, editing
from orchestration.flows.documents.reading import names_everywhere
from orchestration.flows.documents.screens import Field

STUB = "new_part_to_be"
"""The name of what stands in for parts that are not there yet."""

STUBS: Mapping[str, Mapping[str, Any]] = {
    "screens": {"name": STUB, "title": "–"},
    "items": {"kind": "text", "name": STUB, "text": "–"},
    "fields": {"kind": "field", "name": STUB, "type": "text", "label": "–"},
    "elements": {"kind": "fail", "name": STUB, "message": "–"},
    "branches": {"label": "–", "condition": {"formula": "false"}},
}


def at_part(kind: str, document: Mapping[str, Any], name: str) -> Readables:
    """What the part can read. For what belongs to the whole flow (`:outputs`) that is everything, at its end."""
    if name.startswith(":"):
        return _read(kind, _filled(kind, document), "outputs" if name in (":outputs", ":writes") else name[1:], document)
    whole = _filled(kind, document)
    part = editing.find(kind, whole, name)
    if part is None:
        return Readables()
    # A branch reads what its decision reads.
    holder = editing.find(kind, whole, name.partition(":")[0]) or part
    found = _read(kind, whole, holder.place, document)
    if part.kind == "field":
        row = "item" if ".fields." in part.place else "answers"
        found += [Readable(f"{row}.{part.name}", part.label, *_word(documents_word(part.about)))]
    return found


def at_new_part(kind: str, document: Mapping[str, Any], inside: str) -> Readables:
    """What a part can read that is put at the end of `inside`."""
    holder = editing.find(kind, document, inside)
    if inside and holder is None:
        return Readables()
    key = editing.TOP[kind] if holder is None else "branches" if holder.kind == "decide" else editing.CHILDREN[holder.kind]
    if key == "branches":
        return at_part(kind, document, inside)
    whole = editing.with_part(kind, document, inside, STUBS[key])
    whole = _filled(kind, whole)
    part = next((part for part in editing.walk(kind, whole) if part.name == STUB and part.inside == inside), None)
    return _read(kind, whole, part.place, document) if part else Readables()


def everywhere(kind: str, document: Mapping[str, Any]) -> Readables:
    """All that can be read in some place of the flow: for sentences, which need the labels and not the order."""
    found = at_part(kind, document, ":outputs" if kind in editing.TOP else ":condition")
    for part in editing.walk(kind, document):
        if part.kind == "field" and ".fields." in part.place:
            found += [Readable(f"item.{part.name}", part.label, *_word(documents_word(part.about)))]
        elif part.kind == "loop":
            over = found.find(str((part.about.get("over") or {}).get("path", "")))
            name = str(part.about.get("as"))
            found += [Readable(name, capfirst(name.replace("_", " ")), "record" if over and over.of else "", over.of if over else "")]
    return found


def labels(kind: str, document: Mapping[str, Any]) -> dict[str, str]:
    """Path → how its builder called what stands there."""
    said = {"record": _("The record"), "user": _("The person"), "now": _("now"), "today": _("today"), "outcome": _("The decision")}
    said |= {"comment": _("The comment"), "callback_url": _("Callback address"), "key": _("Idempotency key")}
    for group in ("inputs", "variables"):
        path = "vars" if group == "variables" else group
        for name, about in (document.get(group) or {}).items():
            said[f"{path}.{name}"] = str(about.get("label") or capfirst(name.replace("_", " ")))
    for part in editing.walk(kind, document):
        if part.kind in ("field", "group"):
            said[f"answers.{part.name}"] = said[f"item.{part.name}"] = part.label
        elif part.kind not in ("branch", "otherwise", "screen", "section", "text"):
            said[f"elements.{part.name}"] = part.label
        if part.kind == "loop":
            name = str(part.about.get("as"))
            said[name] = capfirst(name.replace("_", " "))
    return said


def documents_word(about: Mapping[str, Any]) -> str:
    """The type of a field's answer, in a word; of one that is not whole yet too."""
    try:
        return documents.answer_word(Field.model_validate(dict(about)))
    except ValueError:
        return "open"


def _filled(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with stand-ins where a draft still has nothing and must have something."""
    whole = copy.deepcopy(dict(document))
    if key := editing.TOP.get(kind):
        whole[key] = _with_stubs(whole.get(key) or [dict(STUBS[key])])
    return whole


def _with_stubs(parts: list[Any]) -> list[Any]:
    for part in parts:
        needed = {"group": "fields", "decide": "branches"}.get(part.get("kind"))
        if needed and not part.get(needed):
            part[needed] = [{**STUBS[needed], **({"name": f"{part['name']}_{STUB}"} if needed == "fields" else {})}]
        for key in ("items", "elements", "otherwise", "branches"):
            if part.get(key):
                _with_stubs(part[key])
    return parts


def _read(kind: str, whole: Mapping[str, Any], place: str, document: Mapping[str, Any]) -> Readables:
    try:
        parsed = documents.parse(kind, whole)
    except Invalid:
        parsed = documents.KINDS[kind].model_construct(record_model=document.get("record_model", ""), inputs=document.get("inputs") or {})
        return Readables(_readables(names_everywhere(parsed), labels(kind, document), {}))
    return Readables(_readables(documents.readable(parsed, place), labels(kind, document), dict(choices_of(kind, document))))


def _readables(names: Mapping[str, Any], said: Mapping[str, str], choices: Mapping[str, Any]) -> Iterable[Readable]:
    for path, word in documents.paths(names):
        if STUB in path:
            continue
        kind, model = _word(word)
        of = word.partition(":")[2] if word.startswith("records:") else ""
        yield Readable(path, _label(path, said), kind, model, choices.get(path, ()), of)


def _label(path: str, said: Mapping[str, str]) -> str:
    if path in said:
        return said[path]
    above, _dot, name = path.rpartition(".")
    words = capfirst(name.replace("_", " "))
    return f"{said[above]} › {words}" if above in said else words


def _word(word: str) -> tuple[str, str]:
    """The type, and the model of a record."""
    kind, _colon, model = word.partition(":")
    if kind == "record":
        return ("record", model) if model else ("", "")
    return {"records": "list", "open": ""}.get(kind, kind), ""


def choices_of(kind: str, document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Path → the choices of the answer that stands there."""
    for part in editing.walk(kind, document):
        if part.kind == "field" and part.about.get("choices"):
            yield f"answers.{part.name}", tuple((str(c["value"]), str(c["label"])) for c in part.about["choices"])
