"""What leaves the database: call-outs, chat, mail with files, documents; and what comes back."""

import base64
import datetime
import json
import re
import ssl
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core import mail

from demo.models import Building
from orchestration import clock, effects, engine, jobs, outside
from orchestration.errors import Failure, Fault, Unavailable
from orchestration.flows import Reply
from orchestration.models import Attachment, Effect, Endpoint, Instance, StepInstance
from orchestration.outside import pdf as documents
from orchestration.outside import slack
from orchestration.outside.addresses import Address
from orchestration.outside.http import send
from orchestration.states import EffectStatus
from tests import flows
from tests.cast import Cast
from tests.outside import Server, endpoint, says, serving, slack_endpoint
from tests.stories import active, background, built, drain, hire, later


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    flows.calls.clear()


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A helpdesk on this machine, which the site trusts."""
    with serving() as server:
        settings.ORCHESTRATION_TRUSTED_ORIGINS = [server.url]
        yield server


def trial(*steps: dict[str, Any], record: Any = None) -> Instance:
    """A live instance of an orchestration with one stage of these steps."""
    active(list(steps))
    return engine.start("trial", record=record)


def ran(*elements: dict[str, Any], record: Any = None, outputs: dict[str, Any] | None = None) -> StepInstance:
    """What became of a step whose flow has these elements."""
    built("elements", "autolaunched", {"elements": list(elements), "outputs": outputs or {}})
    instance = trial(background("step", "site.elements"), record=record)
    drain()
    return instance.step_instances.get()


# HTTP


@pytest.mark.django_db
def test_a_call_carries_json_headers_and_the_key(server: Server) -> None:
    endpoint(server, token="s3cret-token")
    reply = outside.call("helpdesk", "POST", "tickets?urgent=1", body={"subject": "Ü"}, key="step-7-ticket")
    (request,) = server.requests
    assert (request.method, request.path, request.json) == ("POST", "/api/tickets?urgent=1", {"subject": "Ü"})
    assert request.headers["Authorization"] == "Bearer s3cret-token"
    assert (request.headers["Idempotency-Key"], request.headers["Content-Type"]) == ("step-7-ticket", "application/json")
    assert (reply.status, reply.json(), reply.is_ok) == (200, {}, True)


@pytest.mark.django_db
def test_what_is_not_allowed_is_not_called(server: Server) -> None:
    endpoint(server)
    for name, method, message in (("nobody", "GET", "no HTTP endpoint “nobody”"), ("helpdesk", "DELETE", "allows GET, POST, not DELETE")):
        with pytest.raises(Fault, match=message):
            outside.call(name, method)
    assert server.requests == []


@pytest.mark.django_db
def test_a_reply_of_the_largest_size_is_taken_and_a_larger_one_is_a_fault(server: Server, settings: Any) -> None:  # R4.7
    settings.ORCHESTRATION_REPLY_BYTES = 100_000
    endpoint(server)
    server.will(says(200, b"x" * 100_000))
    assert len(outside.call("helpdesk", "GET").text) == 100_000
    server.will(says(200, b"x" * 100_001))
    with pytest.raises(Fault, match="more than 100000 bytes") as fault:
        outside.call("helpdesk", "GET")
    assert fault.value.kind == "limit"


@pytest.mark.django_db
def test_a_server_that_dribbles_is_cut_off(server: Server) -> None:
    def dribbling(handler: Any, _body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)  # the other side of the wire, which is slow

    server.will(dribbling)
    endpoint(server)
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"did not answer within 0\.4 seconds"):
        outside.call("helpdesk", "GET", timeout=0.4)
    assert time.monotonic() - began < 5


@pytest.mark.django_db
def test_nobody_there_is_worth_another_try(server: Server, settings: Any) -> None:
    made = endpoint(server)
    settings.ORCHESTRATION_TRUSTED_ORIGINS = ["http://127.0.0.1:1"]
    Endpoint.objects.filter(pk=made.pk).update(url="http://127.0.0.1:1/")
    with pytest.raises(Unavailable, match="could not be asked"):
        outside.call("helpdesk", "GET")


def test_the_host_of_the_address_is_verified_though_a_number_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # RELIABILITY S4
    certificate = certificate_for("helpdesk.example.com", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving_tls(certificate) as server:
        monkeypatch.setattr(Address, "resolved", lambda self, seconds: ["127.0.0.1"])
        right = Address("https", "helpdesk.example.com", server.port, "", True)
        assert send(right, "GET", "/x", headers={}, body=None, seconds=5).status == 200
        assert server.requests[0].headers["Host"] == f"helpdesk.example.com:{server.port}"
        other = Address("https", "other.example.com", server.port, "", True)
        with pytest.raises(Unavailable, match=r"other\.example\.com could not be asked.*(CERTIFICATE_VERIFY_FAILED|doesn't match)"):
            send(other, "GET", "/x", headers={}, body=None, seconds=5)
    assert len(server.requests) == 1


def certificate_for(host: str, folder: Path) -> Path:
    """A file with a key and a certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def serving_tls(certificate: Path) -> Any:
    """The same server behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return serving(tls=context)


# Call-outs of flows in code


def test_a_flow_in_code_asks_the_network_first_and_writes_then(cast: Cast, server: Server) -> None:  # R4.3
    endpoint(server)
    server.will(says(201, {"ticket": {"id": "T-7"}}))
    step = trial(background("step", "tests.open_ticket", inputs={"subject": {"value": "Laptop"}})).step_instances.get()
    drain()
    step.refresh_from_db()
    assert (step.status, step.outputs) == ("completed", {"ticket": "T-7", "building": "T-7"})
    assert [(request.method, request.path, request.json) for request in server.requests] == [
        ("POST", "/api/tickets", {"subject": "Laptop"})
    ]
    assert step.usage["calls"] == 1


def test_each_attempt_calls_under_the_same_key(cast: Cast, server: Server) -> None:  # R4.3
    endpoint(server)
    server.will(says(503), says(201, {"ticket": {"id": "T-8"}}))
    trial(background("step", "tests.open_ticket", inputs={"subject": {"value": "Laptop"}}))
    drain()
    with later(minutes=5):
        drain()
    assert StepInstance.objects.get().status == "completed"
    keys = {request.headers["Idempotency-Key"] for request in server.requests}
    assert (len(server.requests), len(keys)) == (2, 1)


@pytest.mark.django_db(transaction=True)  # as in a worker, where none is open
def test_the_network_part_writes_nothing(cast: Cast, server: Server) -> None:  # R4.3
    before = Building.objects.count()
    trial(background("step", "tests.write_while_asking"))
    drain()
    step = StepInstance.objects.get()
    assert (step.status, step.error["type"]) == ("error", "network")
    assert "writes to the database while it talks to the network" in step.error["message"]
    assert Building.objects.count() == before


def test_where_a_transaction_is_open_no_network_can_be_asked(cast: Cast, server: Server) -> None:  # R4.3
    endpoint(server)
    trial(background("step", "tests.ask_while_writing", max_attempts=1))
    drain()
    assert "No network can be asked here" in StepInstance.objects.get().error["message"]
    assert server.requests == []


@pytest.mark.parametrize(("number", "status"), [(20, "completed"), (21, "error")])
def test_call_outs_are_limited(cast: Cast, server: Server, number: int, status: str) -> None:  # R4.7
    endpoint(server)
    trial(background("step", "tests.call_often", inputs={"number": {"value": number}}))
    drain()
    step = StepInstance.objects.get()
    assert (step.status, len(server.requests)) == (status, 20)
    if status == "error":
        assert step.error["message"] == "“Call often” passed the limit of 20 call-outs: it came to 21."
        assert not Building.objects.filter(name="Left behind?").exists()


# Built flows


CALL = {
    "kind": "call",
    "name": "ticket",
    "endpoint": "helpdesk",
    "path": "tickets/{{ record.name }}",
    "body": {"subject": {"text": "Laptop for {{ record.name }}"}},
    "outputs": {"id": {"reply": "ticket.id", "type": "text"}},
}


def test_a_built_flow_calls_out_and_maps_the_reply(cast: Cast, server: Server) -> None:
    endpoint(server, token="s3cret-token")
    server.will(says(201, {"ticket": {"id": "T-9"}}))
    step = ran(CALL, record=hire(cast, "Sam Lee/../x"), outputs={"id": {"path": "elements.ticket.id"}})
    assert (step.status, step.outputs) == ("completed", {"id": "T-9"})
    (request,) = server.requests
    assert request.path == "/api/tickets/Sam%20Lee%2F..%2Fx"
    assert request.json == {"subject": "Laptop for Sam Lee/../x"}
    assert request.headers["Idempotency-Key"] == f"step-{step.pk}-ticket"


def test_when_the_other_side_asks_for_patience_the_next_attempt_waits_for_so_long(cast: Cast, server: Server) -> None:
    endpoint(server)
    server.will(says(429, retry_after="600"), says(200, {"ticket": {"id": "T-1"}}))
    step = ran(CALL, record=hire(cast))
    assert (step.status, step.attempt) == ("in_progress", 1)
    assert step.ready_at is not None
    assert 590 < (step.ready_at - clock.now()).total_seconds() <= 600
    with later(minutes=11):
        drain()
    step.refresh_from_db()
    assert (step.status, len(server.requests)) == ("completed", 2)


def test_a_document_is_made_attached_and_mailed(cast: Cast) -> None:
    employee = hire(cast, "Ana <b>Smith</b>")
    step = ran(
        {
            "kind": "document",
            "name": "pdf",
            "title": "Offer for {{ record.name }}",
            "body": "# Terms\n\nDear **{{ record.name }}**,\n\n| Job | Start |\n| {{ record.job_title }} | {{ record.start_date }} |",
            "file_name": "Offer {{ record.name }}",
            "attach_to": {"path": "record"},
        },
        {
            "kind": "mail",
            "name": "m",
            "to": {"path": "record.email"},
            "subject": "Your offer, {{ record.name }}",
            "body": "Hello {{ record.name }}",
            "attach": {"path": "elements.pdf.file"},
        },
        record=employee,
        outputs={"file": {"path": "elements.pdf.file"}},
    )
    assert step.status == "completed", step.error
    kept = Attachment.objects.for_record(employee).get()
    assert (kept.name, kept.content_type) == ("b>.pdf", "application/pdf")  # what stands before a “/” would be a folder
    assert kept.instance == step.instance
    assert step.outputs["file"] == {"attachment": str(kept.key), "name": kept.name, "size": kept.size}
    assert kept.read().startswith(b"%PDF-1.")
    words = words_in(kept.read())
    assert "Offer for Ana <b>Smith</b>" in words
    assert "Engineer" in words
    (sent,) = [message for message in mail.outbox if message.to == ["sam.lee@segue.example"] and message.attachments]
    assert (sent.subject, sent.body) == ("Your offer, Ana <b>Smith</b>", "Hello Ana <b>Smith</b>")
    name, content, kind = sent.attachments[0]
    assert (name, bytes(content), kind) == (kept.name, kept.read(), "application/pdf")


def test_a_file_of_another_record_is_not_mailed(cast: Cast) -> None:
    other = Attachment.objects.keep(
        b"%PDF-", name="Secret.pdf", content_type="application/pdf", record=hire(cast, "Other", email="o@x.org")
    )
    send_it = {
        "kind": "mail",
        "name": "m",
        "to": {"value": "a@b.example"},
        "subject": "x",
        "body": "x",
        "attach": {"value": str(other.key)},
    }
    step = ran(send_it, record=hire(cast))
    assert step.status == "error"
    assert "not one of this record or this instance" in step.error["message"]
    assert not [message for message in mail.outbox if message.to == ["a@b.example"]]


def test_nothing_of_a_document_is_left_when_its_step_fails(cast: Cast) -> None:  # R4.1
    made = {"kind": "document", "name": "pdf", "title": "T", "body": "B", "file_name": "t.pdf", "attach_to": {"path": "record"}}
    step = ran(made, {"kind": "fail", "name": "no", "message": "No."}, record=hire(cast))
    assert step.status == "in_progress"
    assert not Attachment.objects.exists()


# Chat


@pytest.fixture
def chat(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Slack, on this machine."""
    monkeypatch.setattr(slack, "API", f"{server.url}/api/")
    server.will(says(200, {"ok": True}))
    return server


def test_a_message_is_posted_by_the_bot_with_its_values_escaped(cast: Cast, chat: Server) -> None:  # RELIABILITY TP
    slack_endpoint("xoxb-1234567890")
    text = "<https://example.com|Offer> for {{ record.name }}"
    step = ran({"kind": "slack", "name": "s", "endpoint": "sales", "text": text}, record=hire(cast, "<!channel> <http://x|y> & co"))
    assert step.status == "completed", step.error
    (request,) = chat.requests
    assert request.path == "/api/chat.postMessage"
    assert request.headers["Authorization"] == "Bearer xoxb-1234567890"
    assert sent_text(request.body) == "<https://example.com|Offer> for &lt;!channel&gt; &lt;http://x|y&gt; &amp; co"


def test_a_message_is_posted_to_a_webhook(cast: Cast, chat: Server) -> None:
    slack_endpoint(f"{chat.url}/hooks/T0/B0/abcdef", channel="")
    ran({"kind": "slack", "name": "s", "endpoint": "sales", "text": "Hello *all*"}, record=hire(cast))
    (request,) = chat.requests
    assert (request.path, request.json) == ("/hooks/T0/B0/abcdef", {"text": "Hello *all*"})


@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_when_slack_asks_for_patience_it_is_waited_for_and_sent_once(cast: Cast, chat: Server, way: str) -> None:
    slack_endpoint("xoxb-1234567890" if way == "bot" else f"{chat.url}/hooks/x/abcdef")
    chat.will(says(429, {"ok": False, "error": "ratelimited"}, retry_after="120"), says(200, {"ok": True}))
    ran({"kind": "slack", "name": "s", "endpoint": "sales", "text": "Hello"}, record=hire(cast))
    effect = Effect.objects.get(kind="slack")
    assert (effect.status, effect.attempt) == ("pending", 1)
    assert 110 < (effect.due_at - clock.now()).total_seconds() <= 121
    with later(minutes=3):
        drain()
        drain()
    effect.refresh_from_db()
    assert (effect.status, len(chat.requests)) == ("delivered", 2)


@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_what_slack_refuses_is_given_up_at_once_with_its_reason(cast: Cast, chat: Server, way: str) -> None:
    slack_endpoint("xoxb-1234567890" if way == "bot" else f"{chat.url}/hooks/x/abcdef")
    chat.will(says(200, {"ok": False, "error": "channel_not_found"}) if way == "bot" else says(404, b"no_service"))
    ran({"kind": "slack", "name": "s", "endpoint": "sales", "text": "Hello"}, record=hire(cast))
    effect = Effect.objects.get(kind="slack")
    assert (effect.status, effect.attempt) == (EffectStatus.FAILED, 1)
    assert ("channel_not_found" if way == "bot" else "no_service") in effect.error


def test_a_flow_in_code_posts_plain_text(cast: Cast, chat: Server) -> None:
    slack_endpoint("xoxb-1234567890")
    trial(background("step", "tests.tell_everybody", inputs={"text": {"value": "<!everyone> & *you*"}}))
    drain()
    assert sent_text(chat.requests[0].body) == "&lt;!everyone&gt; &amp; *you*"


def sent_text(body: bytes) -> str:
    """The text of a message to Slack's API."""
    return str(json.loads(body)["text"])


# Mail


def test_a_flow_that_mails_before_and_after_it_waited_sends_both(cast: Cast) -> None:  # R4.4
    trial(background("step", "tests.mail_wait_mail"))
    drain()
    with later(hours=2):
        drain()
    assert [message.subject for message in mail.outbox if message.to == ["partner@example.com"]] == ["Before", "After"]
    assert StepInstance.objects.get().status == "completed"


def test_one_mail_goes_to_several_people(cast: Cast) -> None:
    ran({"kind": "mail", "name": "m", "to": {"value": ["a@b.example", "c@d.example"]}, "subject": "x", "body": "y"}, record=hire(cast))
    assert ["a@b.example", "c@d.example"] in [message.to for message in mail.outbox]


def test_an_effect_that_fails_is_tried_again_and_then_given_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: Any, fail_silently: bool = False) -> int:
        raise ConnectionRefusedError("nobody there")

    trial(background("step", "tests.mail_somebody", inputs={"to": {"value": "a@b.example"}}))
    monkeypatch.setattr("django.core.mail.EmailMessage.send", away)
    drain()
    effect = Effect.objects.get()
    assert (effect.status, effect.attempt, effect.error) == ("pending", 1, "ConnectionRefusedError: nobody there")
    Effect.objects.update(attempt=effects.MAX_ATTEMPTS - 1, due_at=clock.now())
    jobs.drain()
    effect.refresh_from_db()
    assert effect.status == EffectStatus.FAILED


# Documents


def test_a_document_holds_its_values_and_takes_none_of_them_for_markup() -> None:
    value = documents.literal("**bold** <b>x</b> | & # not\n# a heading")
    body = f"# Terms\n\nSee {value}.\n\n- one\n- two\n\n| Item | Price |\n|---|---|\n| {documents.literal('A | B')} | 12.50 € |\n\n---\nEnd"
    words = words_in(documents.pdf("Größe & Maß", body))
    for expected in ("Größe & Maß", "Terms", "**bold** <b>x</b> | & # not", "# a heading", "one", "A | B", "12.50 €", "End", "Page 1"):
        assert expected in words, expected


def test_a_document_grows_over_as_many_pages_as_it_needs() -> None:
    made = documents.pdf("Long", "\n\n".join(f"Paragraph {number}" for number in range(200)))
    assert "Page 4" in words_in(made)


def test_characters_that_no_font_has_are_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "WIDE_FONTS", ())
    with pytest.raises(Fault, match="No font at hand can write 漢"):
        documents.pdf("漢", "x")
    settings.ORCHESTRATION_PDF_FONT = "/nowhere/font.ttf"
    with pytest.raises(Fault, match="cannot be read"):
        documents.pdf("漢", "x")


def test_other_alphabets_are_written_with_the_font_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "WIDE_FONTS", ())
    assert documents.pdf("Łódka", "x").startswith(b"%PDF-1.")  # the one that the library brings


def words_in(made: bytes) -> str:
    """What a PDF with built-in fonts shows: its streams unpacked, and the strings in them read."""
    assert made.rstrip().endswith(b"%%EOF")
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\n?endstream", made, re.DOTALL):
        try:
            content = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))
        except (zlib.error, ValueError):
            continue
        pieces = re.findall(rb"\(((?:\\.|[^\\()])*)\)\s*Tj|(T\*|\bET\b)", content)
        found += ["\n" if end else _string(text) for text, end in pieces]
    return "".join(found)


def _string(text: bytes) -> str:
    plain = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), text)
    return re.sub(rb"\\(.)", rb"\1", plain).decode("cp1252")


# The rest


def test_a_note_of_a_flow_is_one_line_of_the_log(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="orchestration.flows.context")
    trial(background("step", "tests.take_a_note", inputs={"text": {"value": "two\nlines"}}))
    drain()
    step = StepInstance.objects.get()
    assert f"step-{step.pk}, attempt 1: two lines" in caplog.messages


def test_an_unknown_reply_is_a_failure() -> None:
    with pytest.raises(Failure, match="no JSON"):
        Reply(200, {}, "<html>").json()
