"""Requirements as data and formulas as text: both become one tree, with one evaluator that also explains itself.

    condition = expressions.condition({"rows": [{"path": "record.discount", "operator": "greater", "value": 15}]})
    condition = expressions.condition({"formula": "record.discount > 15 and not is_empty(record.owner)"})
    verdict = condition.look({"record": quote})
    verdict.met, verdict.facts

Nothing that anybody types is ever executed: a formula is parsed, every node of it must be on a short list, and the tree is walked
by `tree.evaluate`.
"""

from orchestration.expressions.conditions import ALWAYS, OPERATORS, Condition, Verdict, condition
from orchestration.expressions.formula import formula
from orchestration.expressions.paths import NEVER_READ, Known, Scope, read
from orchestration.expressions.readable import Readable, Readables
from orchestration.expressions.sources import SOURCE_KINDS, Source, source, value_of
from orchestration.expressions.texts import Text, text
from orchestration.expressions.tree import FUNCTIONS, Fact, comparisons_in, evaluate_flows_by
from orchestration.expressions.wording import Mistake, check, check_condition, in_words

__all__ = [
    "ALWAYS",
    "FUNCTIONS",
    "NEVER_READ",
    "OPERATORS",
    "SOURCE_KINDS",
    "Condition",
    "Fact",
    "Known",
    "Mistake",
    "Readable",
    "Readables",
    "Scope",
    "Source",
    "Text",
    "Verdict",
    "check",
    "check_condition",
    "comparisons_in",
    "condition",
    "evaluate_flows_by",
    "formula",
    "in_words",
    "read",
    "source",
    "text",
    "value_of",
]
