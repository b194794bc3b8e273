"""Which addresses may be called: those of the public internet, over HTTPS, and what the site trusts besides (RELIABILITY S4, S5)."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestration import outside
from orchestration.admin.outside import EndpointForm
from orchestration.checks import check_trusted_origins
from orchestration.errors import Fault, Unavailable
from orchestration.models import Endpoint
from orchestration.outside.addresses import address, is_public
from tests.outside import Server, says, serving

TABLE = {
    # Loopback, private, link-local, shared: however they are written or wrapped.
    **dict.fromkeys(["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255"], False),
    **dict.fromkeys(["192.168.0.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "::1", "::", "fe80::1", "fc00::1"], False),
    **dict.fromkeys(["fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"], False),
    **dict.fromkeys(["2002:7f00:1::", "2002:808:808::", "2001::1", "2001:db8::1", "fec0::1", "ff02::1", "3fff::1", "5f00::1"], False),
    # Set aside: documentation, measuring, multicast, the future.
    **dict.fromkeys(["192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1"], False),
    **dict.fromkeys(["239.255.255.250", "240.0.0.1", "255.255.255.255", "64:ff9b:1::1"], False),
    # The public internet.
    **dict.fromkeys(["8.8.8.8", "1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111"], True),
    **dict.fromkeys(["2a00:1450:4001:80e::200e", "::ffff:8.8.8.8", "64:ff9b::808:808"], True),
}


def test_the_table_has_what_is_wanted() -> None:
    assert len(TABLE) >= 45


@pytest.mark.parametrize(("number", "public"), TABLE.items())
def test_public_addresses_are_told_from_all_others(number: str, public: bool) -> None:  # RELIABILITY S5
    assert is_public(number) is public


@pytest.mark.parametrize("number", ["", "localhost", "127.1", "2130706433", "0x7f000001", "①②⑦.⓪.⓪.①", "8.8.8.8.8"])
def test_what_is_no_address_is_not_public(number: str) -> None:
    assert is_public(number) is False


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on loopback. Whatever address is connected to in this test, it is this server that is reached."""
    with serving() as server:
        connect = socket.socket.connect
        server.reached = []  # type: ignore[attr-defined]

        def astray(self: socket.socket, address: Any) -> None:
            server.reached.append(address)  # type: ignore[attr-defined]
            connect(self, ("127.0.0.1", server.port) if self.family == socket.AF_INET else address)

        monkeypatch.setattr(socket.socket, "connect", astray)
        yield server


Names = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """`names(evil_example=["10.0.0.1"])`: what the name server answers. Everything else is resolved as it would be."""
    known: dict[str, list[str]] = {}
    ask = socket.getaddrinfo

    def answer(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host not in known:
            return ask(host, port, *arguments, **options)
        return [(socket.AF_INET6 if ":" in number else socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return lambda **hosts: known.update({name.replace("_", "."): numbers for name, numbers in hosts.items()})


REFUSED_WHEN_SAVED = [
    *(
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "data:text/plain,x",
    ),
    *(
        "example.com/hook",
        "https://",
        "https://user:pass@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com\\@127.0.0.1/",
    ),
    *("https://127.0.0.1#@example.com/", "https://127.0.0.1\t.example.com/", "https://example.com/\r\nX: y", "https://127%2e0%2e0%2e1/"),
    *("https://localhost./", "https://example.com:22/", "https://example.com:99999/", "https://127.0.0.1/", "https://127.1/"),
    *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://0/", "https://localhost/", "https://[::1]/"),
    *(
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[::127.0.0.1]/",
        "https://①②⑦.⓪.⓪.①/",
    ),
    *("https://127。0。0。1/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/"),
    *("https://100.64.0.1/", "https://224.0.0.1/"),
]


def test_the_corpus_has_what_is_wanted() -> None:
    assert len(REFUSED_WHEN_SAVED) + 3 >= 40


@pytest.mark.django_db
@pytest.mark.parametrize("url", REFUSED_WHEN_SAVED, ids=ascii)
def test_an_endpoint_with_such_an_address_is_neither_saved_nor_called(canary: Server, url: str) -> None:  # RELIABILITY WU
    form = EndpointForm({"label": "Evil", "api_name": "evil", "kind": "http", "url": url, "methods": ["GET"], "timeout": 5})
    assert not form.is_valid()
    assert form.errors["url"]
    assert not Endpoint.objects.exists()
    Endpoint.objects.create(api_name="evil", label="Evil", url=url, methods=["GET"])  # as if somebody had gone round the form
    with pytest.raises(Fault):
        outside.call("evil", "GET")
    assert (canary.requests, canary.reached) == ([], [])  # type: ignore[attr-defined]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "numbers",
    [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"], ["::ffff:169.254.169.254"], ["2606:4700::1111", "fd00::1"]],
    ids=str,
)
def test_a_public_name_that_leads_inside_is_not_called(canary: Server, names: Names, numbers: list[str]) -> None:  # RELIABILITY WU
    names(hooks_example_com=numbers)
    Endpoint.objects.create(api_name="evil", label="Evil", url="https://hooks.example.com/x", methods=["GET"])
    with pytest.raises(Fault, match=r"hooks\.example\.com leads to .*, which is no public address"):
        outside.call("evil", "GET")
    assert (canary.requests, canary.reached) == ([], [])  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_name_is_asked_for_once_and_that_very_address_is_connected_to(
    canary: Server, monkeypatch: pytest.MonkeyPatch
) -> None:  # RELIABILITY S4
    answers = iter([["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]])

    def rebinding(host: str, port: int, *_arguments: Any, **_options: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in next(answers)]

    def resolve_numbers_only(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        if host == "rebind.example.com":
            return rebinding(host, port)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve_numbers_only)
    Endpoint.objects.create(api_name="rebinding", label="R", url="https://rebind.example.com/", methods=["GET"], timeout=2)
    with pytest.raises(Unavailable):  # the canary speaks no TLS
        outside.call("rebinding", "GET")
    assert canary.reached == [("93.184.215.14", 443)]  # type: ignore[attr-defined]
    assert canary.requests == []


@pytest.mark.django_db
def test_a_redirect_is_not_followed(canary: Server, settings: Any) -> None:  # RELIABILITY WU
    with serving(says(302, location=f"{canary.url}/secret")) as front:
        settings.ORCHESTRATION_TRUSTED_ORIGINS = [f"http://127.0.0.1:{front.port}"]
        Endpoint.objects.create(api_name="front", label="Front", url=front.url, methods=["GET"])
        canary.port, port = front.port, canary.port  # the way to the front leads to the front
        reply = outside.call("front", "GET")
        canary.port = port
    assert (reply.status, len(front.requests), canary.requests) == (302, 1, [])


@pytest.mark.parametrize(
    "path", ["../admin", "a/../../b", "%2e%2e/b", "a/%2E%2e/b", "..%20/x", ".", "a b", "a\r\nb", "ä", "a#b", "%252e%252e/x"]
)
def test_a_path_cannot_lead_out_of_the_endpoint(path: str) -> None:
    with pytest.raises(Fault):
        address("https://example.com/api/v2").target(path)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/api/v2"),
        ("tickets", "/api/v2/tickets"),
        ("/tickets/7", "/api/v2/tickets/7"),
        ("tickets?q=a%20b&x=..", "/api/v2/tickets?q=a%20b&x=.."),
        ("a..b", "/api/v2/a..b"),
    ],
)
def test_a_path_is_added_to_the_endpoint(path: str, target: str) -> None:
    assert address("https://example.com/api/v2").target(path) == target


def test_an_origin_that_the_site_trusts_may_be_private_and_have_a_port(settings: Any) -> None:
    settings.ORCHESTRATION_TRUSTED_ORIGINS = ["http://helpdesk.intranet:8080", "https://10.0.0.5/"]
    assert address("http://helpdesk.intranet:8080/api").is_trusted
    assert address("https://10.0.0.5/api").is_trusted
    for other in ("http://helpdesk.intranet/api", "https://helpdesk.intranet:8080/", "http://10.0.0.5/", "https://10.0.0.6/"):
        with pytest.raises(Fault):
            address(other)


def test_a_name_server_that_is_silent_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: [over.wait(20)][1:])
    with pytest.raises(Unavailable, match="cannot be resolved"):
        address("https://slow.example.com/").resolved(0.05)
    over.set()


def test_an_origin_that_cannot_be_read_is_named_before_the_deploy(settings: Any) -> None:
    settings.ORCHESTRATION_TRUSTED_ORIGINS = ["http://helpdesk.intranet:8080", "https://10.0.0.5/", "helpdesk.intranet", "https://a.b/path"]
    assert [error.msg for error in check_trusted_origins()] == [
        "ORCHESTRATION_TRUSTED_ORIGINS has “helpdesk.intranet”, which is no origin.",
        "ORCHESTRATION_TRUSTED_ORIGINS has “https://a.b/path”, which is no origin.",
    ]
    with pytest.raises(Fault):
        address("https://a.b/path")
