"""An orchestration as a Mermaid diagram: text that wikis, code hosts and chats draw."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from orchestration import expressions
from orchestration.errors import ExpressionError
from orchestration.expressions import Readables


def mermaid(document: Mapping[str, Any], known: Readables | None = None) -> str:
    """The diagram of a drawing; conditions in the words of `known`, else as they are written."""
    return "\n".join(["flowchart LR", *_lines(document, known)]) + "\n"


def _lines(document: Mapping[str, Any], known: Readables | None) -> Iterator[str]:
    stages = document["stages"]
    places = {stage["api_name"]: f"s{number}" for number, stage in enumerate(stages)}
    yield f"  begin([{_text(_('Start'))}])"
    yield f"  finish([{_text(_('End'))}])"
    for stage in stages:
        yield f"  subgraph {places[stage['api_name']]}[{_text(stage['label'])}]"
        steps = {step["api_name"]: f"{places[stage['api_name']]}_{number}" for number, step in enumerate(stage["steps"])}
        for step in stage["steps"]:
            opened, closed = ("([", "])") if step["kind"] == "interactive" else ("[", "]")
            yield f"    {steps[step['api_name']]}{opened}{_text(step['label'])}{closed}"
        for step in stage["steps"]:
            yield from (f"    {steps[name]} --> {steps[step['api_name']]}" for name in step.get("after", []) if name in steps)
            if step.get("fault_path") in steps:
                yield f"    {steps[step['api_name']]} -. {_text(_('on fault'))} .-> {steps[step['fault_path']]}"
        yield "  end"
    yield f"  begin --> {next(iter(places.values()), 'finish')}"
    for number, stage in enumerate(stages):
        following = places[stages[number + 1]["api_name"]] if number + 1 < len(stages) else "finish"
        is_left = False
        for route in stage.get("routes", []):
            words = _words(route.get("condition"), known)
            to = places.get(route.get("to") or "", "finish")
            yield f"  {places[stage['api_name']]} -- {_text(words or _('always'))} --> {to}"
            is_left = is_left or not words
        if not is_left:
            yield f"  {places[stage['api_name']]} --> {following}"


def _words(condition: Any, known: Readables | None) -> str:
    if not condition:
        return ""
    try:
        return expressions.in_words(condition, known) if known is not None else str(expressions.condition(condition))
    except ExpressionError:
        return "…"


def _text(words: Any) -> str:
    """Words in quotation marks, with nothing in them that the diagram would take for its own."""
    safe = "".join(sign if sign.isalnum() or sign in " .,:;!?()/-–›’“”%+€&" else f"#{ord(sign)};" for sign in str(words)[:120])
    return f'"{safe}"'
