"""Flows that are built without code: what the document of each kind looks like, and what is wrong with one.

    document = documents.parse("autolaunched", {"elements": [{"kind": "fail", "name": "stop", "message": "No."}]})
    documents.problems(document)

`parse` looks at the shape alone and raises Invalid with a place for each message. `problems` looks at what the document speaks of: names
that cannot be read there, models and fields that flows may not write. `readable` is what can be read at a place, for those who type.
"""

from orchestration.flows.documents.elements import AutolaunchedDocument, sources_in, walk
from orchestration.flows.documents.problems import Problem, Surroundings, problems, why_not_write, why_not_write_any
from orchestration.flows.documents.reading import Names, Use, answer_word, outputs_of, paths, readable, uses, why_no_field
from orchestration.flows.documents.screens import ScreenDocument, items_of
from orchestration.flows.documents.shape import (
    KINDS,
    MOST_BYTES,
    AnyDocument,
    EvaluationDocument,
    changed_places,
    dump,
    outputs_of_flow,
    parse,
    refuse_what_cannot_be_kept,
)

__all__ = [
    "KINDS",
    "MOST_BYTES",
    "AnyDocument",
    "AutolaunchedDocument",
    "EvaluationDocument",
    "Names",
    "Problem",
    "ScreenDocument",
    "Surroundings",
    "Use",
    "answer_word",
    "changed_places",
    "dump",
    "items_of",
    "outputs_of",
    "outputs_of_flow",
    "parse",
    "paths",
    "problems",
    "readable",
    "refuse_what_cannot_be_kept",
    "sources_in",
    "uses",
    "walk",
    "why_no_field",
    "why_not_write",
    "why_not_write_any",
]
