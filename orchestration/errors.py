"""What we refuse, worded for the person refused: who, what, now what."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from orchestration import secrecy


class Refused(Exception):
    """A request that was understood and turned down. `str()` of it is a sentence for the person who asked."""

    @property
    def message(self) -> str:
        """The sentence."""
        return str(self.args[0])


class Conflict(Refused):
    """The facts have moved on since the person looked: somebody was quicker, or the thing has ended (409)."""


class Busy(Conflict):
    """Somebody else is moving the instance, and takes longer over it than one waits. Trying again helps."""


class NotAllowed(Refused):
    """The person may not do this (403)."""


class Invalid(Refused):
    """What was sent cannot be taken as it is (422).

    `screen` is the index of the first screen with errors, `errors` maps field names to messages.
    """

    def __init__(self, message: object, *, screen: int = 0, errors: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.screen = screen
        self.errors = errors or {}


class Fault(Exception):
    """Something in a definition or a flow that cannot be carried out; becomes the fault of a step.

    `kind` is a stable word for handlers and filters, the message is for an operator.
    """

    kind = "fault"

    def __init__(self, message: object, *, kind: str = "") -> None:
        super().__init__(message)
        if kind:
            self.kind = kind


class FlowMissing(Fault):
    """A step names a flow that no installed app has."""

    kind = "flow_missing"

    def __init__(self, key: str) -> None:
        super().__init__(_("No installed app has a flow named “%(key)s”. Bring it back, or move the step to another flow.") % {"key": key})


class FlowNotActive(FlowMissing):
    """A step names a built flow that has no active version, or one whose document cannot be read any more."""

    def __init__(self, label: str, why: str = "") -> None:
        Fault.__init__(
            self, _("The flow “%(label)s” has no version that can be used. Activate one. %(why)s") % {"label": label, "why": why}
        )


class ExpressionError(Fault):
    """An expression that cannot be evaluated; the message names the place."""

    kind = "expression"


class Failure(Exception):
    """Raised by a flow to say that it could not do its work. Uses up one attempt, like any other exception."""


class Unavailable(Failure):
    """Something outside did not answer, or asked for patience. Trying again may help; `after` is how many seconds it wants to wait."""

    def __init__(self, message: object, *, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class Stale(Exception):
    """An attempt came back after its step had been given to somebody else. Its transaction rolls back; nobody is told."""


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as the data that a step and its milestone keep: `type` and `message`, without any secret."""
    kind = error.kind if isinstance(error, Fault) else type(error).__name__
    patience = {"after": error.after} if isinstance(error, Unavailable) and error.after else {}
    return {**patience, "type": kind, "message": secrecy.blotted(" ".join(str(error).split()))[:2000] or kind}
