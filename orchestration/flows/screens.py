"""A screen of a screen flow: a Django form with a title, filled beforehand from the context."""

from typing import Any

from django import forms
from django.utils.functional import Promise

from orchestration.flows.context import Context


class Screen(forms.Form):
    """One screen. Subclass it as any form; set `title`, and `intro` where a sentence helps.

    `context` is the flow's Context: use it in `initial_answers`, or in `__init__` to narrow choices.
    """

    title: str | Promise = ""
    intro: str | Promise = ""
    use_required_attribute = False  # errors come from one place, the server, in one wording

    def __init__(self, *args: Any, context: Context, **kwargs: Any) -> None:
        self.context = context
        kwargs["initial"] = {**self.initial_answers(context), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def initial_answers(self, context: Context) -> dict[str, Any]:
        """Values that the fields show before anybody has answered."""
        return {}
