"""Which addresses may be called at all: written plainly, public, HTTPS on its own port. What the site trusts besides is a setting.

The text is judged when it is saved and when it is used; what its name resolves to is judged at each call, and that very address is
then connected to, so that a name cannot mean one thing when it is looked at and another when it is used.
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _

from orchestration import conf
from orchestration.errors import Fault, Unavailable

WRITTEN = re.compile(r"(https?)://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?((?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*)")
NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")
PORTS = {"https": 443, "http": 80}

FORBIDDEN = [
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24"),
        *("192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
]
"""What is special within the public ranges. Python's own `is_global` takes several of these for public."""

PUBLIC_6 = ipaddress.ip_network("2000::/3")
NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Address:
    """An address that may be asked for: where to, and below which path. `is_trusted` when the site's settings name its origin."""

    scheme: str
    host: str
    port: int
    path: str
    is_trusted: bool

    def target(self, path: str) -> str:
        """What is asked for when a flow gives `path`. Raises Fault when that would lead out of the base address."""
        if not PATH.fullmatch(path):
            raise Fault(_("“%(path).200s” is no path: spaces and special characters have to be encoded.") % {"path": path}, kind="address")
        before, _sign, query = path.partition("?")
        if any(unquote(unquote(part)).strip() in (".", "..") for part in before.split("/")):
            raise Fault(_("“%(path).200s” leads out of the endpoint's address.") % {"path": path}, kind="address")
        joined = f"{self.path.rstrip('/')}/{before.lstrip('/')}" if before else self.path or "/"
        return f"{joined}?{query}" if query else joined

    def resolved(self, seconds: float) -> Sequence[str]:
        """The numeric addresses of the host, each of which may be connected to.

        Raises Fault when any of them must not be, Unavailable when the name cannot be resolved in time.
        """
        found = _look_up(self.host.strip("[]"), self.port, seconds)
        if not self.is_trusted and (wrong := [number for number in found if not is_public(number)]):
            raise Fault(
                _("%(host)s leads to %(number)s, which is no public address.") % {"host": self.host, "number": wrong[0]}, kind="address"
            )
        return found


def address(url: str) -> Address:
    """The address that is written there. Raises Fault that says what is wrong with it."""
    match = WRITTEN.fullmatch(url)
    if match is None:
        raise Fault(
            _("“%(url).200s” is no address that can be called. Write it as https://helpdesk.example.com/api: no user, spaces, “#” or “?”.")
            % {"url": url},
            kind="address",
        )
    scheme, host, port_text, path = match.groups()
    port = int(port_text) if port_text else PORTS[scheme]
    Address(scheme, host, port, "", False).target(path)  # no “..”, however written
    if _origin(scheme, host, port) in {_origin_of(trusted) for trusted in conf.TRUSTED_ORIGINS}:
        return Address(scheme, host, port, path, True)
    if scheme != "https" or port != 443:
        raise Fault(_("Only HTTPS on its own port can be called: https://… without a port."), kind="address")
    if not NAME.fullmatch(host.lower()):
        raise Fault(
            _("“%(host)s” is no public host name. Numbers, and names of one's own network, are refused.") % {"host": host}, kind="address"
        )
    return Address(scheme, host.lower(), port, path, False)


def is_public(number: str) -> bool:
    """Whether a numeric address belongs to the public internet; of one that wraps another, whether the inner one does."""
    try:
        found = ipaddress.ip_address(number)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or (ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in NAT64 else None)
        if inner is not None:
            found = inner
        elif found not in PUBLIC_6:
            return False
    return found.is_global and not any(found in network for network in FORBIDDEN if network.version == found.version)


def is_origin(text: str) -> bool:
    """Whether it is a scheme, a host and perhaps a port, and nothing else."""
    match = WRITTEN.fullmatch(text.rstrip("/"))
    return match is not None and not match[4]


def _origin(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{host.lower()}:{port}"


def _origin_of(trusted: str) -> str:
    match = WRITTEN.fullmatch(trusted.rstrip("/"))
    if match is None or match[4]:
        return ""
    return _origin(match[1], match[2], int(match[3]) if match[3] else PORTS[match[1]])


def _look_up(host: str, port: int, seconds: float) -> Sequence[str]:
    """Resolve in a thread of its own: a name server that is silent would hold the caller up for as long as it likes."""
    answers: list[Any] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            answers.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    # Without the scope that a link-local address may carry. In their order, each once.
    found = list(dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in list(answers)))
    if not found:
        raise Unavailable(_("The name %(host)s cannot be resolved.") % {"host": host})
    return found
