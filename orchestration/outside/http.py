"""Calls a named endpoint: no redirects, no proxies, one time-out for the whole call, and a reply of limited size."""

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

import orchestration.outside.capture as capture
from orchestration import clock, conf, secrecy
from orchestration.errors import Fault, Unavailable
from orchestration.flows import Reply
from orchestration.models import Endpoint
from orchestration.models.outside import EndpointKind
from orchestration.outside.addresses import Address, address

CHUNK = 64 * 1024
SHORTEST = 0.05
"""Seconds below which a call is not begun at all."""


def call(
    endpoint: str,
    method: str,
    path: str = "",
    *,
    body: Any = None,
    key: str = "",
    timeout: float | None = None,
) -> Reply:
    """Ask an endpoint and return its reply, whatever its status.

    Args:
        endpoint: the API name of an HTTP endpoint.
        method: one that the endpoint allows.
        path: added to the endpoint's base address, with its query, encoded.
        body: sent as JSON; None sends none.
        key: the idempotency key, the same for each attempt.
        timeout: seconds for the whole call, at most the endpoint's own.

    Raises:
        Fault: there is no such endpoint or method, its address may not be called, a secret is missing, the reply is too large.
        Unavailable: nobody answered in time. Trying again may help.
    """
    found = Endpoint.objects.filter(api_name=endpoint, kind=EndpointKind.HTTP).first()
    if found is None:
        raise Fault(_("There is no HTTP endpoint “%(name)s”.") % {"name": endpoint}, kind="endpoint")
    if method not in found.methods:
        allowed = ", ".join(found.methods) or _("nothing")
        raise Fault(
            _("“%(name)s” allows %(allowed)s, not %(method)s.") % {"name": found, "allowed": allowed, "method": method}, kind="endpoint"
        )
    if (answer := capture.instead()) is not None:
        reply: Reply = answer(endpoint, method, path, body=body)
        return reply
    where = address(found.url)
    headers = found.revealed_headers() | ({"Idempotency-Key": key} if key else {})
    return send(where, method, where.target(path), headers=headers, body=body, seconds=min(timeout or found.timeout, found.timeout))


def send(where: Address, method: str, target: str, *, headers: Mapping[str, str], body: Any, seconds: float) -> Reply:
    """Ask an address that was looked at. Raises as `call` does."""
    until = time.monotonic() + seconds
    content = None if body is None else json.dumps(body, cls=DjangoJSONEncoder, allow_nan=False).encode()
    about = {
        "Host": where.host if where.port in (80, 443) else f"{where.host}:{where.port}",
        "User-Agent": "Segue",
        "Accept": "application/json",
    }
    # Plainly as it is: what unpacks on arrival could be a thousand times larger than what was sent.
    about |= {"Accept-Encoding": "identity"} | ({"Content-Type": "application/json"} if content is not None else {}) | dict(headers)
    try:
        with _connected(where, until) as connection:
            connection.request(method, target, body=content, headers=about, preload_content=False, decode_content=False)
            response = connection.getresponse()
            text = _read(response, where)
            return Reply(response.status, {name.lower(): secrecy.blotted(value) for name, value in response.headers.items()}, text)
    except (HTTPError, OSError, ValueError) as error:
        if time.monotonic() >= until:
            raise Unavailable(_("%(host)s did not answer within %(seconds)g seconds.") % {"host": where.host, "seconds": seconds}) from None
        said = {"host": where.host, "error": secrecy.blotted(f"{type(error).__name__}: {error}")[:300]}
        raise Unavailable(_("%(host)s could not be asked: %(error)s") % said) from None


def wait_wanted(reply: Reply) -> float | None:
    """The seconds that a reply asks us to wait (Retry-After), at most an hour; None when it does not say."""
    wanted = reply.headers.get("retry-after", "").strip()
    if wanted.isascii() and wanted.isdigit():
        return min(3600.0, float(wanted[:6]))
    with suppress(ValueError, TypeError):
        return min(3600.0, max(0.0, (parsedate_to_datetime(wanted) - clock.now()).total_seconds()))
    return None


@contextmanager
def _connected(where: Address, until: float) -> Iterator[HTTPConnection]:
    """A connection to one of the addresses that were looked at, and to no other; cut when the time is over."""
    numbers = where.resolved(max(SHORTEST, until - time.monotonic()))
    connection: HTTPConnection | None = None
    for number in numbers[:3]:
        connection = _connection(where, number, max(SHORTEST, until - time.monotonic()))
        try:
            connection.connect()
            break
        except (HTTPError, OSError):
            connection.close()
            if number == numbers[:3][-1] or time.monotonic() >= until:
                raise
    assert connection is not None
    # Each read has the whole time-out anew: one byte every nine seconds would go on for ever.
    cut = threading.Timer(max(SHORTEST, until - time.monotonic()), _cut, [connection])
    cut.daemon = True
    cut.start()
    try:
        yield connection
    finally:
        cut.cancel()
        connection.close()


def _connection(where: Address, number: str, seconds: float) -> HTTPConnection:
    if where.scheme == "http":
        return HTTPConnection(number, where.port, timeout=seconds)
    host = where.host.strip("[]")
    trust = ssl.create_default_context()
    return HTTPSConnection(number, where.port, timeout=seconds, server_hostname=host, assert_hostname=host, ssl_context=trust)


def _cut(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(2)


def _read(response: Any, where: Address) -> str:
    """The reply as text, of at most REPLY_BYTES; without any secret that the other side has sent back."""
    found = bytearray()
    while chunk := response.read(CHUNK, decode_content=False):
        found += chunk
        if len(found) > conf.REPLY_BYTES:
            about = {"host": where.host, "most": conf.REPLY_BYTES}
            raise Fault(_("%(host)s answered with more than %(most)d bytes.") % about, kind="limit")
    return secrecy.blotted(found.decode("utf-8", "replace"))
