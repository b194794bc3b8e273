"""What a flow is given: the record, its inputs, who it runs for, and the ways in which it may reach outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from orchestration import clock
from orchestration.errors import Failure


@dataclass(frozen=True)
class Mail:
    """One message to one address, to be sent after the step has been committed."""

    to: str
    subject: str
    body: str

    def __post_init__(self) -> None:
        """Refuse what could reach anybody but the one address that is meant (a list, a header, a line break)."""
        try:
            validate_email(self.to)
        except ValidationError as error:
            raise Failure(_("“%(to)s” is not one e-mail address.") % {"to": self.to}) from error
        if len(self.subject) > 200 or any(sign in self.subject for sign in "\r\n"):
            raise Failure(_("A mail's subject is one line of at most 200 characters."))


@dataclass(frozen=True)
class Wait:
    """What a flow returns to be called again instead of being finished; what it wrote and sent until then is kept (R4.4).

    `until` is when; None means after the callback.
    """

    until: datetime | None


@dataclass
class Context:
    """Everything that a flow may use. It has no database handle of its own: a flow uses Django's models as any code does.

    `record` is the business object (None for an instance without one), `inputs` the step's mapped values, `user` who acts
    (None for a background step without one), `key` the idempotency key of the step, the same for each attempt,
    `attempt` this attempt's number, from 1. `fault` is what a handler of faults is called for. `callback_url` is where the outside
    calls back, and `callback` what it sent, None before it did.
    """

    record: Any = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    user: Any = None
    key: str = ""
    attempt: int = 1
    fault: Mapping[str, Any] | None = None
    callback_url: str = ""
    callback: Any = None
    mails: list[Mail] = field(default_factory=list)

    def mail(self, to: str, subject: str, body: str) -> None:
        """Send a plain-text mail to one address once this step is committed; nothing leaves if the step fails.

        Raises Failure when `to` is not one address or `subject` not one line.
        """
        self.mails.append(Mail(to, subject, body))

    def inside(self, name: str, *, record: Any, inputs: Mapping[str, Any]) -> "Context":
        """The context of a flow that this one runs; what that sends, this sends."""
        return replace(self, record=record, inputs=inputs, key=f"{self.key}-{name}", callback=None, fault=None)

    def try_again_in(self, **time: float) -> Wait:
        """`return context.try_again_in(minutes=5)`: call the flow again later, without using up an attempt."""
        return Wait(clock.now() + timedelta(**time))

    def wait_until(self, at: datetime) -> Wait:
        """`return context.wait_until(at)`: call the flow again at that time (an aware datetime)."""
        return Wait(at)

    def wait_for_callback(self) -> Wait:
        """`return context.wait_for_callback()`: call the flow again once somebody has called `callback_url`.

        The first call's JSON body is then `context.callback`; further calls change nothing.
        """
        return Wait(None)
