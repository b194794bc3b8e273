"""What a flow is given: the record, its inputs, who it runs for, and the ways in which it may reach outside."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from orchestration import clock
from orchestration.errors import Failure

MOST_RECIPIENTS = 50
LONGEST_BODY = 200_000
LONGEST_NOTE = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mail:
    """One mail, to be sent after the step has been committed. `attachments` are the keys of kept files."""

    to: Sequence[str]
    subject: str
    body: str
    attachments: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse what could reach anybody but the addresses that are meant (a list in one, a header, a line break)."""
        if isinstance(self.to, str):
            object.__setattr__(self, "to", (self.to,))
        if not 0 < len(self.to) <= MOST_RECIPIENTS:
            raise Failure(_("A mail goes to one to %(most)d addresses.") % {"most": MOST_RECIPIENTS})
        for address in self.to:
            try:
                validate_email(address)
            except ValidationError as error:
                raise Failure(_("“%(to)s” is not one e-mail address.") % {"to": address}) from error
        if len(self.subject) > 200 or any(sign in self.subject for sign in "\r\n\0"):
            raise Failure(_("A mail's subject is one line of at most 200 characters."))
        if len(self.body) > LONGEST_BODY or "\0" in self.body:
            raise Failure(_("A mail's text has at most %(most)d characters.") % {"most": LONGEST_BODY})


@dataclass(frozen=True)
class Message:
    """One message to a named Slack endpoint, to be posted after the step has been committed. `text` is in Slack's markup."""

    endpoint: str
    text: str


@dataclass(frozen=True)
class Reply:
    """What an endpoint answered. Names of `headers` are in lower case; `text` is at most as long as the site allows."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def is_ok(self) -> bool:
        """Whether the status says that it worked."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The reply as JSON. Raises Failure when it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise Failure(_("The reply is no JSON: %(text).100s") % {"text": self.text}) from error


def escaped_for_slack(value: str) -> str:
    """A value that Slack shows as it is: no link, no mention, no call to the whole channel."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _no_network(*_arguments: Any, **_options: Any) -> NoReturn:
    raise Failure(_("No network can be asked here, where a transaction is open. Do it in the network part: @autolaunched_flow(network=…)."))


@dataclass(frozen=True)
class Http:
    """Calls named endpoints: `context.http.post("helpdesk", "tickets", {"subject": "…"})` is a Reply, whatever its status.

    Each takes the endpoint's API name, a path below its address, a body to be sent as JSON (but for `get`), and a time-out in seconds
    for the whole call. Raises Fault when it may not be called, Unavailable when nobody answered in time.
    """

    call: Callable[..., Reply] = _no_network

    def get(self, endpoint: str, path: str = "", *, timeout: float | None = None) -> Reply:
        """Read something."""
        return self.call(endpoint, "GET", path, timeout=timeout)

    def post(self, endpoint: str, path: str = "", body: Any = None, *, timeout: float | None = None) -> Reply:
        """Hand something in."""
        return self.call(endpoint, "POST", path, body=body, timeout=timeout)

    def put(self, endpoint: str, path: str = "", body: Any = None, *, timeout: float | None = None) -> Reply:
        """Put something in its place."""
        return self.call(endpoint, "PUT", path, body=body, timeout=timeout)

    def patch(self, endpoint: str, path: str = "", body: Any = None, *, timeout: float | None = None) -> Reply:
        """Change a part of something."""
        return self.call(endpoint, "PATCH", path, body=body, timeout=timeout)

    def delete(self, endpoint: str, path: str = "", *, timeout: float | None = None) -> Reply:
        """Take something away."""
        return self.call(endpoint, "DELETE", path, timeout=timeout)


@dataclass(frozen=True)
class Wait:
    """What a flow returns to be called again instead of being finished; what it wrote and sent until then is kept (R4.4).

    `until` is when; None means after the callback.
    """

    until: datetime | None


@dataclass
class Context:
    """Everything that a flow may use. It has no database handle of its own: a flow uses Django's models as any code does.

    `record` is the business object (None for an instance without one), which a background step's flow reads from the database by looking at
    it; `record_id` is its key, as text, without asking. `inputs` the step's mapped values, `user` who acts
    (None for a background step without one), `key` the idempotency key of the step, the same for each attempt,
    `attempt` this attempt's number, from 1. `fault` is what a handler of faults is called for. `callback_url` is where the outside
    calls back, and `callback` what it sent, None before it did. `http` asks endpoints, in the network part of a flow alone; what that
    part returned is `reply`. `reach` is what somebody who fills in a form can pick from. `count` is told what is used, and stops the flow
    past a limit.
    """

    record: Any = None
    record_id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    user: Any = None
    key: str = ""
    attempt: int = 1
    fault: Mapping[str, Any] | None = None
    address_of_callback: Callable[[], str] = str
    callback: Any = None
    reach: Any = None
    http: Http = Http()
    reply: Any = None
    count: Callable[[str], None] = lambda _name: None
    outbox: list[Mail | Message] = field(default_factory=list)

    @property
    def callback_url(self) -> str:
        """Where the outside calls back; signed when it is asked for."""
        return self.address_of_callback()

    def mail(self, to: str | Sequence[str], subject: str, body: str, *, attachments: Sequence[Any] = ()) -> None:
        """Send a plain-text mail once this step is committed; nothing leaves if the step fails.

        Args:
            to: one address, or up to 50.
            subject: one line of at most 200 characters.
            body: plain text.
            attachments: kept files (Attachment), or their keys.

        Raises Failure when an address is none, or the subject not one line.
        """
        keys = tuple(str(getattr(attachment, "key", attachment)) for attachment in attachments)
        self.send(Mail((to,) if isinstance(to, str) else tuple(to), subject, body, keys))

    def slack(self, endpoint: str, text: str) -> None:
        """Post a plain text to a Slack endpoint once this step is committed; nothing leaves if the step fails."""
        self.send(Message(endpoint, escaped_for_slack(text)))

    def send(self, message: Mail | Message) -> None:
        """Send what has been put together already."""
        self.count("mails")
        self.outbox.append(message)

    def log(self, note: str) -> None:
        """Write a line to the log, with the step's key before it."""
        log.info("%s, attempt %d: %s", self.key or "a trial", self.attempt, " ".join(str(note).split())[:LONGEST_NOTE])

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
