"""Bad texts and bad mail: each is refused when its flow is activated, fails its step, or is sent as the harmless text that it is."""

from typing import Any

import pytest
from django.core import mail

from demo.models import Employee
from orchestration import engine
from orchestration.errors import Invalid
from orchestration.models import Attachment, Effect, FlowVersion, StepInstance
from orchestration.outside import pdf as documents
from tests.cast import Cast
from tests.outside import slack_endpoint
from tests.stories import active, background, built, drain, hire, later

MAIL = {"kind": "mail", "name": "m", "to": {"value": "a@b.example"}, "subject": "Hello", "body": "Hello"}


def sent(element: dict[str, Any], record: Employee) -> StepInstance:
    """What became of the step that sends it, after all attempts."""
    built("message", "autolaunched", {"elements": [element]})
    active([background("step", "site.message")])
    engine.start("trial", record=record)
    for hours in range(4):
        with later(hours=hours):
            drain()
    return StepInstance.objects.get(instance__orchestration__api_name="trial")


def outbox() -> list[Any]:
    return [message for message in mail.outbox if message.to == ["a@b.example"]]


@pytest.mark.parametrize("place", ["subject", "body"])
@pytest.mark.parametrize(
    "text",
    [
        "{{user.password}}",
        "{{ record.owner.password }}",
        "{{ x.y }}",
        "{% debug %}",
        "{% include 'admin/base.html' %}",
        "{% load static %}",
        "{{ record.name|center:20000000 }}",
        "{{ secret }}",
        "{{ record.name",
    ],
)
def test_a_text_that_asks_for_too_much_is_never_activated(cast: Cast, place: str, text: str) -> None:  # RELIABILITY TP
    with pytest.raises(Invalid) as refused:
        built("message", "autolaunched", {"elements": [MAIL | {place: text}]})
    assert place in str(refused.value)
    assert not FlowVersion.objects.filter(status="active").exists()


@pytest.mark.parametrize("text", ["{0.__class__}", "%s %(x)s", "${x}"])
def test_what_other_languages_would_expand_is_plain_text(cast: Cast, text: str) -> None:  # RELIABILITY TP
    assert sent(MAIL | {"subject": text, "body": text}, hire(cast)).status == "completed"
    (message,) = outbox()
    assert (message.subject, message.body) == (text, text)


def test_a_value_is_not_expanded_again(cast: Cast) -> None:  # RELIABILITY TP
    name = "{{ user.password }} {% debug %}"
    assert sent(MAIL | {"body": "Hello {{ record.name }}"}, hire(cast, name)).status == "completed"
    assert outbox()[0].body == f"Hello {name}"


@pytest.mark.parametrize("subject", ["Hello\nthere", "Hello\r\nBcc: everybody@example.com", "x" * 1001])
def test_a_subject_of_more_than_a_line_is_refused_when_it_is_saved(cast: Cast, subject: str) -> None:  # RELIABILITY TP
    with pytest.raises(Invalid):
        built("message", "autolaunched", {"elements": [MAIL | {"subject": subject}]})


@pytest.mark.parametrize("name", ["Sam\nBcc: everybody@example.com", "Sam\r\nX: y", "Sam\rLee", "x" * 201])
def test_nor_can_a_value_make_one(cast: Cast, name: str) -> None:  # RELIABILITY TP
    step = sent_with(cast, name)
    assert step.status == "error"
    assert "one line of at most 200 characters" in step.error["message"]
    assert outbox() == []


def sent_with(cast: Cast, name: str) -> StepInstance:
    """The same, with a value that comes in as an input."""
    document = {"inputs": {"name": {"type": "text"}}, "elements": [MAIL | {"subject": "{{ inputs.name }}"}]}
    built("message", "autolaunched", document)
    active([background("step", "site.message", inputs={"name": {"value": name}}, max_attempts=1)])
    engine.start("trial", record=hire(cast))
    drain()
    return StepInstance.objects.get(instance__orchestration__api_name="trial")


@pytest.mark.parametrize(
    "to",
    [
        "a@b.example, c@d.example",
        "a@b.example;c@d.example",
        '"a\nb"@x.example',
        "a@b.example\nBcc: c@d.example",
        "nobody",
        "@b.example",
        "",
        "Sam <a@b.example>",
        [f"p{number}@b.example" for number in range(51)],
        [],
        [["a@b.example"]],
        7,
    ],
    ids=ascii,
)
def test_what_is_not_one_address_gets_no_mail(cast: Cast, to: Any) -> None:  # RELIABILITY TP
    step = sent(MAIL | {"to": {"value": to}}, hire(cast))
    assert step.status == "error"
    assert not Effect.objects.filter(step_instance=step).exists()


@pytest.mark.parametrize("to", ["anna@bücher.example", [f"p{number}@b.example" for number in range(50)]], ids=["international", "fifty"])
def test_these_get_it(cast: Cast, to: Any) -> None:  # RELIABILITY TP
    assert sent(MAIL | {"to": {"value": to}}, hire(cast)).status == "completed"
    assert Effect.objects.get(step_instance__step__flow="site.message").status == "delivered"


def test_html_in_a_value_is_text_wherever_it_goes(cast: Cast) -> None:  # RELIABILITY TP
    name = '<script>alert("x")</script>'
    assert sent(MAIL | {"body": "Hello {{ record.name }}"}, hire(cast, name)).status == "completed"
    (message,) = outbox()
    assert (message.content_subtype, message.body) == ("plain", f"Hello {name}")
    made = documents.pdf(documents.literal(name), documents.literal("<b>x</b>"), compress=False)
    assert made.startswith(b"%PDF-1.")


@pytest.mark.parametrize("name", ["<!channel>", "<!here>", "<http://evil.example|click>", "<@U123>", "a & b"])
def test_a_value_is_no_markup_of_slack(cast: Cast, name: str) -> None:  # RELIABILITY TP
    slack_endpoint("xoxb-none")
    built("message", "autolaunched", {"elements": [{"kind": "slack", "name": "s", "endpoint": "sales", "text": "*{{ record.name }}*"}]})
    active([background("step", "site.message")])
    instance = engine.start("trial", record=hire(cast, name))
    claim = engine.claim_step()
    while claim is not None and claim.instance_id != instance.pk:
        claim = engine.claim_step()
    assert claim is not None
    engine.run_step(claim)
    text = Effect.objects.get(kind="slack").payload["text"]
    assert text == "*" + name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "*"


def test_none_of_it_left_a_file_behind(cast: Cast) -> None:
    made = {"kind": "document", "name": "d", "title": "{{ record.name }}", "body": "x", "file_name": "../../{{ record.name }}.exe"}
    assert sent(made | {"attach_to": {"path": "record"}}, hire(cast, "..\\x")).status == "completed"
    assert Attachment.objects.get().name == "x.exe.pdf"
