"""An orchestration's document as what a builder edits: parts with addresses, and the changes that can be made to them.

A document is changed by making another one; nothing here changes what it is given. A stage is `stage:provisioned`, a step
`step:it_ticket`, the second route of a stage `route:provisioned:1`; what belongs to the whole drawing begins with a colon: `:about`,
`:start`, `:data`. API names are unique among the stages, and among the steps, of a drawing, so that two people can edit different parts
and neither moves the other's place.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orchestration.errors import Conflict
from orchestration.flows.editing import free_name

Document = dict[str, Any]

ABOUT, START, DATA = ":about", ":start", ":data"

SETTINGS: Mapping[str, tuple[str, ...]] = {
    START: ("starts_on", "entry_condition", "changed_into", "start_field", "start_offset"),
    DATA: ("inputs", "variables"),
}
"""What belongs to the whole drawing: its address, and the keys of the document that it is about. `:about` is the orchestration itself."""


@dataclass(frozen=True)
class Part:
    """A stage, a step or a route where it stands: `about` is what the document says of it, `inside` the address of its stage."""

    address: str
    kind: str
    about: Mapping[str, Any]
    inside: str
    index: int
    count: int

    @property
    def name(self) -> str:
        """Its API name; of a route, its number."""
        return self.address.rpartition(":")[2]

    @property
    def label(self) -> str:
        """How people call it."""
        if self.kind == "route":
            return _("Route %(number)d") % {"number": self.index + 1}
        return str(self.about.get("label") or self.name)

    @property
    def is_first(self) -> bool:
        """Whether nothing stands before it."""
        return self.index == 0

    @property
    def is_last(self) -> bool:
        """Whether nothing stands after it."""
        return self.index == self.count - 1


def stage_address(name: str) -> str:
    """The address of the stage with this API name."""
    return f"stage:{name}"


def step_address(name: str) -> str:
    """The address of the step with this API name."""
    return f"step:{name}"


def parts(document: Mapping[str, Any]) -> Iterator[Part]:
    """Every stage, each followed by its steps and its routes."""
    stages = document["stages"]
    for at, stage in enumerate(stages):
        address = stage_address(stage["api_name"])
        yield Part(address, "stage", stage, "", at, len(stages))
        steps, routes = stage.get("steps", []), stage.get("routes", [])
        for number, step in enumerate(steps):
            yield Part(step_address(step["api_name"]), "step", step, address, number, len(steps))
        for number, route in enumerate(routes):
            yield Part(f"route:{stage['api_name']}:{number}", "route", route, address, number, len(routes))


def find(document: Mapping[str, Any], address: str) -> Part | None:
    """The part with this address."""
    return next((part for part in parts(document) if part.address == address), None)


def found(document: Mapping[str, Any], address: str) -> Part:
    """The part with this address. Raises Conflict when it is not there."""
    part = find(document, address)
    if part is None:
        name = address.partition(":")[2]
        raise Conflict(_("“%(name)s” is no longer there: somebody has taken it out, or named it anew.") % {"name": name})
    return part


def later(stage: Mapping[str, Any], name: str) -> set[str]:
    """The steps of a stage that come after one, directly or not."""
    found: set[str] = set()
    more = {name}
    while more:
        more = {step["api_name"] for step in stage["steps"] if set(step.get("after") or []) & more} - found
        found |= more
    return found


def names(document: Mapping[str, Any], kind: str) -> set[str]:
    """The API names that are taken among the stages, or among the steps."""
    return {part.name for part in parts(document) if part.kind == kind}


def said_of(document: Mapping[str, Any], address: str) -> Any:
    """What a document says of a part itself, without the parts in it; of a setting, its values; None when it is gone."""
    if address == ABOUT:
        return document["orchestration"]
    if address in SETTINGS:
        return {key: document.get(key) for key in SETTINGS[address]}
    part = find(document, address)
    return None if part is None else {key: value for key, value in part.about.items() if key not in ("steps", "routes")}


# Changes -------------------------------------------------------------------------------------------------------------


def with_settings(document: Mapping[str, Any], address: str, said: Mapping[str, Any]) -> Document:
    """The document with what belongs to the whole drawing saying what `said` says."""
    changed = _copy(document)
    if address == ABOUT:
        changed["orchestration"] = {**changed["orchestration"], **said}
    else:
        changed.update(said)
    return changed


def with_stage(document: Mapping[str, Any], about: Mapping[str, Any], index: int | None = None) -> Document:
    """The document with another stage at the end, or at `index`."""
    changed = _copy(document)
    stages = changed["stages"]
    stages.insert(len(stages) if index is None else index, {"steps": [], "routes": [], **about})
    return changed


def with_step(document: Mapping[str, Any], stage: str, about: Mapping[str, Any], index: int | None = None) -> Document:
    """The document with another step at the end of a stage, or at `index` of it."""
    changed = _copy(document)
    steps = _list_in(changed, stage, "steps")
    steps.insert(len(steps) if index is None else index, dict(about))
    return changed


def with_route(document: Mapping[str, Any], stage: str, about: Mapping[str, Any]) -> Document:
    """The document with another route at the end of those of a stage."""
    changed = _copy(document)
    _list_in(changed, stage, "routes").append(dict(about))
    return changed


def with_changed(document: Mapping[str, Any], address: str, said: Mapping[str, Any]) -> Document:
    """The document with a part saying what `said` says, and otherwise what it said before. A new API name is taken everywhere."""
    part = found(document, address)
    changed = _copy(document)
    siblings = _siblings(changed, part)
    siblings[part.index] = {**siblings[part.index], **said}
    if said.get("api_name", part.name) != part.name and part.kind != "route":
        changed = _renamed(changed, part, said["api_name"])
    return changed


def without(document: Mapping[str, Any], address: str) -> Document:
    """The document without a part, what it holds, and what named it: other steps no longer come after it, routes no longer lead to it."""
    part = found(document, address)
    changed = _copy(document)
    gone = {step["api_name"] for step in part.about.get("steps", [])} if part.kind == "stage" else {part.name}
    del _siblings(changed, part)[part.index]
    if part.kind == "route":
        return changed
    for stage in changed["stages"]:
        if part.kind == "stage":
            stage["routes"] = [route for route in stage.get("routes", []) if route.get("to") != part.name]
        for step in stage["steps"]:
            _forget(step, gone)
    return changed


def doubled(document: Mapping[str, Any], address: str) -> tuple[Document, str]:
    """The document with a copy of the part after it, and the copy's address. The copy has API names of its own, and uses them."""
    part = found(document, address)
    changed, made = _copy(document), copy.deepcopy(dict(part.about))
    steps = [made] if part.kind == "step" else made.get("steps", [])
    renamed = _new_names(steps, names(document, "step"))
    if part.kind == "stage":
        made["api_name"] = free_name(part.name, names(document, "stage"), fallback="stage")
        made["label"] = _("%(label)s (copy)") % {"label": part.label}
        made = _read_anew(made, "steps", renamed)
        for step in made["steps"]:
            _name_anew(step, renamed)
    elif part.kind == "step":
        made["api_name"] = renamed[part.name]
        made["label"] = _("%(label)s (copy)") % {"label": part.label}
    _siblings(changed, part).insert(part.index + 1, made)
    name = f"{part.inside.partition(':')[2]}:{part.index + 1}" if part.kind == "route" else made["api_name"]
    return changed, f"{part.kind}:{name}"


def moved(document: Mapping[str, Any], address: str, by: int) -> Document:
    """The document with the part further back (-1) or on (1) among its siblings; unchanged when it cannot go further."""
    part = found(document, address)
    return moved_to(document, address, part.inside, max(0, min(part.count - 1, part.index + by)))


def moved_to(document: Mapping[str, Any], address: str, stage: str, index: int | None = None) -> Document:
    """The document with the part at `index` (None: the end) of the parts of its kind in `stage`; a stage among the stages.

    A step that comes into another stage no longer comes after steps of its old one, nor do they after it; the same with their fault paths.
    """
    part = found(document, address)
    changed = _copy(document)
    taken = _siblings(changed, part).pop(part.index)
    target = changed["stages"] if part.kind == "stage" else _list_in(changed, stage, "steps" if part.kind == "step" else "routes")
    target.insert(len(target) if index is None else max(0, min(index, len(target))), taken)
    if part.kind == "step" and stage != part.inside:
        taken["after"], taken["fault_path"] = [], None
        for step in _list_in(changed, part.inside, "steps"):
            _forget(step, {part.name})
    return changed


def moved_across(document: Mapping[str, Any], address: str, by: int) -> Document:
    """The document with the step at the end of the stage before (-1) or after (1) its own; unchanged when there is none."""
    part = found(document, address)
    stages = [stage_address(stage["api_name"]) for stage in document["stages"]]
    to = stages.index(part.inside) + by if part.kind == "step" else -1
    return moved_to(document, address, stages[to]) if 0 <= to < len(stages) else _copy(document)


def new_stage(document: Mapping[str, Any], label: str) -> dict[str, Any]:
    """What a new stage says."""
    name = free_name(label, names(document, "stage"), fallback="stage")
    return {"api_name": name, "label": label, "steps": [], "routes": []}


def new_step(document: Mapping[str, Any], label: str, kind: str, **said: Any) -> dict[str, Any]:
    """What a new step says."""
    name = free_name(label, names(document, "step"), fallback="step")
    return {"api_name": name, "label": label, "kind": kind, "flow": "", **said}


# What is read by name ------------------------------------------------------------------------------------------------

READ = frozenset({"path", "other", "formula", "text"})
"""Keys under which a document keeps what is read."""


def _renamed(document: Document, part: Part, new: str) -> Document:
    """The document with every mention of a stage or a step by its old API name made one by its new."""
    document = _read_anew(document, f"{part.kind}s", {part.name: new})
    for stage in document["stages"]:
        if part.kind == "stage":
            for route in stage.get("routes", []):
                if route.get("to") == part.name:
                    route["to"] = new
        for step in stage["steps"] if part.kind == "step" else []:
            _name_anew(step, {part.name: new})
    return document


def _read_anew(value: Any, root: str, renamed: Mapping[str, str]) -> Any:
    """A piece of document in which paths through `root` have other names."""
    if not renamed:
        return value
    pattern = re.compile(rf"(?<![\w.])({root}\.)({'|'.join(map(re.escape, renamed))})(?!\w)")
    return _everywhere(value, lambda text: pattern.sub(lambda match: match[1] + renamed[match[2]], text))


def _everywhere(value: Any, change: Callable[[str], str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _everywhere(inner, change, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_everywhere(inner, change, key) for inner in value]
    return change(value) if isinstance(value, str) and key in READ else value


def _new_names(steps: list[dict[str, Any]], taken: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for step in steps:
        found[step["api_name"]] = free_name(step["api_name"], taken | set(found.values()), fallback="step")
    return found


def _name_anew(step: dict[str, Any], renamed: Mapping[str, str]) -> None:
    """The step with its own name, those that it comes after and its fault path by their new names."""
    step["api_name"] = renamed.get(step["api_name"], step["api_name"])
    if step.get("after"):
        step["after"] = [renamed.get(name, name) for name in step["after"]]
    if step.get("fault_path"):
        step["fault_path"] = renamed.get(step["fault_path"], step["fault_path"])


def _forget(step: dict[str, Any], gone: set[str]) -> None:
    """The step no longer comes after steps that are gone, nor do its faults go there."""
    if gone & set(step.get("after") or []):
        step["after"] = [name for name in step["after"] if name not in gone]
    if step.get("fault_path") in gone:
        step["fault_path"] = None


def _siblings(document: Document, part: Part) -> list[Any]:
    """The list in which the part stands, in the document itself."""
    if part.kind == "stage":
        listed: list[Any] = document["stages"]
        return listed
    return _list_in(document, part.inside, "steps" if part.kind == "step" else "routes")


def _list_in(document: Document, stage: str, key: str) -> list[Any]:
    """The steps, or the routes, of a stage, in the document itself. Raises Conflict when the stage is gone."""
    listed: list[Any] = document["stages"][found(document, stage).index].setdefault(key, [])
    return listed


def _copy(document: Mapping[str, Any]) -> Document:
    return copy.deepcopy(dict(document))
