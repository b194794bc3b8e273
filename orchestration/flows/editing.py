"""A flow's document as what a builder edits: an outline of parts, each with a name, and the changes that can be made to it.

A document is changed by making another one; nothing here changes what it is given. A part is named by its own name, which is
unique in the flow, so that two people can edit different parts of a flow and neither moves the other's place. A branch of a decision
has none of its own: `d:0` is the first branch of `d`, `d:otherwise` what is done when none holds. What belongs to the whole flow is
named with a colon: `:inputs`, `:outputs`, `:outcomes`.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from orchestration.errors import Conflict

Document = dict[str, Any]

CHILDREN = {"screen": "items", "section": "items", "group": "fields", "loop": "elements", "branch": "elements", "otherwise": "elements"}
"""Kinds of parts that hold parts, and under which key."""

HOLDING = ("items", "fields", "elements", "branches", "otherwise")
"""The keys under which parts hold parts."""

TOP = {"screen": "screens", "autolaunched": "elements"}
"""Kind of flow → the key of its outermost parts."""


@dataclass(frozen=True)
class Part:
    """One part of a document: `name` finds it again, `about` is what the document says of it, `inside` the part that it stands in ("" for
    none), `place` where, as in `screens.1.items.3`, and `parts` what stands in it.
    """

    name: str
    kind: str
    about: Mapping[str, Any]
    depth: int
    inside: str
    place: str
    index: int = 0
    count: int = 0
    parts: tuple["Part", ...] = field(default=())

    @property
    def label(self) -> str:
        """How people call it."""
        if self.kind == "otherwise":
            return _("Otherwise")
        about = self.about
        words = about.get("title") or about.get("label") or about.get("text") or about.get("name") or ""
        return str(words)[:80]

    @property
    def anchor(self) -> str:
        """Its name as an id of a page."""
        return self.name.replace(":", "--")

    @property
    def holds(self) -> bool:
        """Whether parts can be put into it."""
        return self.kind in CHILDREN

    @property
    def is_first(self) -> bool:
        """Whether nothing stands before it."""
        return self.index == 0

    @property
    def is_last(self) -> bool:
        """Whether nothing stands after it."""
        return self.index == self.count - 1

    def walk(self) -> Iterator["Part"]:
        """It and all parts in it, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()


def outline(kind: str, document: Mapping[str, Any]) -> list[Part]:
    """The outermost parts with all that is in them."""
    key = TOP.get(kind)
    return _parts(document.get(key) or [], "", key, 0) if key else []


def walk(kind: str, document: Mapping[str, Any]) -> Iterator[Part]:
    """Every part in order."""
    for part in outline(kind, document):
        yield from part.walk()


def find(kind: str, document: Mapping[str, Any], name: str) -> Part | None:
    """The part with this name."""
    return next((part for part in walk(kind, document) if part.name == name), None)


def names(kind: str, document: Mapping[str, Any]) -> set[str]:
    """Every name that is taken."""
    return {part.name for part in walk(kind, document)}


def is_name(text: str) -> bool:
    """Whether a part, an input or an output can be called this."""
    return len(text) <= 60 and re.fullmatch(r"[a-z][a-z0-9_]*", text) is not None


def free_name(label: str, taken: set[str], fallback: str = "part") -> str:
    """A name made from a label, with a number when it is taken."""
    name = re.sub(r"[^a-z0-9]+", "_", label.lower().encode("ascii", "ignore").decode()).strip("_")[:50]
    if not name or not name[0].isalpha():
        name = f"{fallback}_{name}".strip("_")
    if name not in taken:
        return name
    return next(f"{name}_{number}" for number in range(2, 10_000) if f"{name}_{number}" not in taken)


def with_part(kind: str, document: Mapping[str, Any], inside: str, about: Mapping[str, Any], index: int | None = None) -> Document:
    """The document with another part at the end of `inside` ("" is the outermost), or at `index` of it."""
    changed = _copy(document)
    siblings = _list(kind, changed, inside)
    siblings.insert(len(siblings) if index is None else index, dict(about))
    return changed


def with_changed(kind: str, document: Mapping[str, Any], name: str, about: Mapping[str, Any]) -> Document:
    """The document with the part `name` saying what `about` says, and keeping the parts that it holds."""
    changed = _copy(document)
    siblings, index = _at(kind, changed, name)
    old = siblings[index]
    kept = {key: old[key] for key in HOLDING if key in old and key not in about}
    siblings[index] = {**about, **kept}
    return changed


def with_value(document: Mapping[str, Any], key: str, value: Any) -> Document:
    """The document with something that belongs to the whole flow changed."""
    return {**_copy(document), key: value}


def without(kind: str, document: Mapping[str, Any], name: str) -> Document:
    """The document without a part and what it holds."""
    changed = _copy(document)
    siblings, index = _at(kind, changed, name)
    del siblings[index]
    return changed


def moved(kind: str, document: Mapping[str, Any], name: str, by: int) -> Document:
    """The document with the part further up (-1) or down (1) among its siblings; unchanged when it cannot go further."""
    changed = _copy(document)
    siblings, index = _at(kind, changed, name)
    to = max(0, min(len(siblings) - 1, index + by))
    siblings.insert(to, siblings.pop(index))
    return changed


def moved_into(kind: str, document: Mapping[str, Any], name: str, inside: str) -> Document:
    """The document with the part at the end of another part's."""
    part = find(kind, document, name)
    if part is None or any(inner.name == inside for inner in part.walk()):
        raise Conflict(_("A part cannot be moved into itself."))
    # It is put in first: the place is named by parts, and taking one away could take the place away.
    changed = _copy(document)
    siblings, index = _at(kind, changed, name)
    taken = siblings[index]
    target = _list(kind, changed, inside)
    del siblings[index]
    target.append(taken)
    return changed


def places_for(kind: str, document: Mapping[str, Any], part: Part) -> list[tuple[str, str]]:
    """Where else the part could stand: (name of the place, how people call it)."""
    own = {inner.name for inner in part.walk()}
    found = [] if part.inside == "" or kind == "screen" else [("", _("the top level"))]
    for other in walk(kind, document):
        if other.holds and other.name not in own and other.name != part.inside and may_hold(other.kind, part.kind):
            parent = find(kind, document, other.name.partition(":")[0])
            around = f"{parent.label} › " if parent and other.kind in ("branch", "otherwise") else ""
            found.append((other.name, f"{around}{other.label}"))
    return found


def may_hold(holder: str, kind: str) -> bool:
    """Whether a part of the kind may stand inside another one."""
    if holder in ("screen", "section"):
        return kind == "field" or kind == "text" or (holder == "screen" and kind in ("section", "group"))
    if holder == "group":
        return kind == "field"
    return kind not in ("screen", "field", "text", "section", "group", "branch", "otherwise")


def doubled(kind: str, document: Mapping[str, Any], name: str) -> tuple[Document, str]:
    """The document with a copy of the part after it, and the copy's name. All that is in it is named anew."""
    siblings, index = _at(kind, _copy(document), name)
    taken = names(kind, document)
    made = _renamed(copy.deepcopy(siblings[index]), taken)
    part = find(kind, document, name)
    inside = part.inside if part else ""
    if ":" in name:
        changed = _copy(document)
        _at(kind, changed, name)[0].insert(index + 1, made)
        return changed, f"{name.partition(':')[0]}:{index + 1}"
    return with_part(kind, document, inside, made, index + 1), made["name"]


def place_of(kind: str, document: Mapping[str, Any], place: str) -> str:
    """The name of the part in which a place such as `screens.1.items.3.label` lies; "" when it belongs to the whole flow."""
    best = ""
    length = -1
    for part in walk(kind, document):
        if (place == part.place or place.startswith(f"{part.place}.")) and len(part.place) > length:
            best, length = part.name, len(part.place)
    return best


def with_new_name(document: Mapping[str, Any], old: str, new: str) -> Document:
    """The document with every reading of a part by its old name made one by its new: in paths, formulas and texts."""
    reading = re.compile(rf"(?<![\w.])((?:answers|item|elements)\.){re.escape(old)}(?!\w)")

    def renamed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: renamed(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [renamed(inner, key) for inner in value]
        if isinstance(value, str) and key in READ:
            return reading.sub(lambda found: f"{found[1]}{new}", value)
        return value

    changed: Document = renamed(_copy(document))
    return changed


READ = frozenset({"path", "other", "formula", "text", "intro", "subject", "body", "message", "title", "file_name"})
"""Keys under which a document keeps what is read."""


def _parts(listed: Any, inside: str, place: str, depth: int) -> list[Part]:
    count = len(listed)
    return [_part(about, inside, f"{place}.{index}", depth, index, count) for index, about in enumerate(listed)]


def _part(about: Mapping[str, Any], inside: str, place: str, depth: int, index: int, count: int) -> Part:
    kind, name = str(about.get("kind") or "screen"), str(about.get("name"))
    inner: list[Part] = []
    if kind == "decide":
        branches = about.get("branches") or []
        for number, branch in enumerate(branches):
            at, called = f"{place}.branches.{number}", f"{name}:{number}"
            held = tuple(_parts(branch.get("elements") or [], called, f"{at}.elements", depth + 2))
            inner.append(Part(called, "branch", branch, depth + 1, name, at, number, len(branches), held))
        called = f"{name}:otherwise"
        held = tuple(_parts(about.get("otherwise") or [], called, f"{place}.otherwise", depth + 2))
        inner.append(Part(called, "otherwise", {}, depth + 1, name, f"{place}.otherwise", 0, 1, held))
    elif kind in CHILDREN:
        inner = _parts(about.get(CHILDREN[kind]) or [], name, f"{place}.{CHILDREN[kind]}", depth + 1)
    return Part(name, kind, about, depth, inside, place, index, count, tuple(inner))


def _list(kind: str, document: Document, inside: str) -> list[Any]:
    """The list, in the document itself, of the parts in `inside`."""
    if inside == "":
        listed: list[Any] = document.setdefault(TOP[kind], [])
        return listed
    holder, _colon, branch = inside.partition(":")
    siblings, index = _at(kind, document, holder)
    about = siblings[index]
    if branch == "otherwise":
        return about.setdefault("otherwise", [])  # type: ignore[no-any-return]
    if branch:
        return about["branches"][int(branch)].setdefault("elements", [])  # type: ignore[no-any-return]
    if about.get("kind") == "decide":
        return about.setdefault("branches", [])  # type: ignore[no-any-return]
    return about.setdefault(CHILDREN[about.get("kind") or "screen"], [])  # type: ignore[no-any-return]


def _at(kind: str, document: Document, name: str) -> tuple[list[Any], int]:
    """The list in which the part stands, in the document itself, and where. Raises Conflict when it is not there."""
    holder, _colon, branch = name.partition(":")
    part = find(kind, document, name)
    if part is None or part.kind == "otherwise":
        raise Conflict(_("“%(name)s” is no longer there: somebody has taken it out, or named it anew.") % {"name": name})
    if branch:
        siblings, index = _at(kind, document, holder)
        return siblings[index]["branches"], int(branch)
    return _list(kind, document, part.inside), part.index


def _renamed(about: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    if "name" in about:
        about["name"] = free_name(f"{about['name']}", taken)
        taken.add(about["name"])
    for key in HOLDING:
        for inner in about.get(key) or []:
            _renamed(inner, taken)
    return about


def _copy(document: Mapping[str, Any]) -> Document:
    return copy.deepcopy(dict(document))
