"""Reads a file that anybody may have written: refuses whatever is not plainly its shape, with the place and the mend."""

import json
import re
from collections.abc import Iterable
from typing import Any

import yaml
from django.utils.translation import gettext as _
from pydantic import ValidationError

from orchestration.errors import Invalid
from orchestration.flows import documents
from orchestration.portable.shape import Bundle

MOST_BYTES = 1024 * 1024
DEEPEST = 60


def read(data: bytes | str) -> Bundle:
    """The bundle in a file, JSON or YAML. Raises Invalid, whose `errors` map places to messages."""
    text = _text(data)
    try:
        told = _json(text) if text.lstrip()[:1] in ("{", "[", '"') else _yaml(text)
    except (ValueError, RecursionError) as error:
        raise _refused(_("The file cannot be read: %(error)s") % {"error": str(error)[:300] or type(error).__name__}) from None
    if not isinstance(told, dict):
        raise _refused(_("The file is no definition: it begins with “segue: 1” and lists “orchestrations”."))
    documents.refuse_what_cannot_be_kept(told, most_bytes=2 * MOST_BYTES)
    try:
        return Bundle.model_validate(told)
    except ValidationError as error:
        found: dict[str, list[str]] = {}
        for one in error.errors(include_url=False)[:50]:
            found.setdefault(".".join(map(str, one["loc"])), []).append(str(one["msg"]))
        words = "; ".join(f"{place}: {messages[0]}" for place, messages in list(found.items())[:5])
        raise Invalid(_("The file has not the shape of definitions. %(words)s") % {"words": words}, errors=found) from None


def _text(data: bytes | str) -> str:
    size = len(data if isinstance(data, bytes) else data.encode(errors="replace"))
    if size > MOST_BYTES:
        raise _refused(_("The file has %(size)d bytes; the limit is %(limit)d.") % {"size": size, "limit": MOST_BYTES})
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(_("The file is not written in UTF-8. Save it so, and try again.")) from None


def _refused(message: str) -> Invalid:
    return Invalid(message, errors={"": [message]})


def _json(text: str) -> Any:
    def pairs(listed: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in listed:
            if name in found:
                raise ValueError(_("“%(name)s” stands there twice.") % {"name": name})
            found[name] = value
        return found

    def no_number(word: str) -> Any:
        raise ValueError(_("%(word)s is no number.") % {"word": word})

    return json.loads(text, object_pairs_hook=pairs, parse_constant=no_number)


class _Loader(yaml.CSafeLoader):
    """YAML as it is written in files like these: `no` and `1:30` are texts, dates too; only true, false, null and numbers are not."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are texts that stand there once."""
        found = set()
        for key, _value in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str):
                raise ValueError(_("“%(name)s” is no name.") % {"name": str(name)[:60]})
            if name in found:
                raise ValueError(_("“%(name)s” stands there twice.") % {"name": name})
            found.add(name)
        made: dict[Any, Any] = super().construct_mapping(node, deep=True)
        return made

    def flatten_mapping(self, node: Any) -> None:
        """`<<` is a name like any other."""


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]{0,30})$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]{0,30})\.[0-9]{1,30}$", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _yaml(text: str) -> Any:
    try:
        _refuse_tricks(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a loader of plain values
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = _(" (line %(line)d)") % {"line": mark.line + 1} if mark else ""
        raise ValueError(f"{getattr(error, 'problem', '') or type(error).__name__}{where}") from None


def _refuse_tricks(text: str) -> None:
    """No aliases, which can stand for a billion things; no tags, which name types; not too deep; one document."""
    depth = found = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ValueError(_("Aliases (& and *) are not taken. Write it out."))
        if getattr(event, "tag", None) not in (None, "!"):
            raise ValueError(_("Tags (!) are not taken."))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        found += isinstance(event, yaml.DocumentStartEvent)
        if depth > DEEPEST:
            raise ValueError(_("It is nested too deeply."))
        if found > 1:
            raise ValueError(_("It holds more than one document."))
