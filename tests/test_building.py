"""Flows are built in a browser, without code and without JSON: by mouse, by keyboard, without JavaScript; tried alone, put into an
orchestration, and run to the end by those who work with it."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator

from demo.models import Employee
from orchestration.models import Endpoint, Flow, FlowVersion, Instance, StepInstance
from tests.browsing import Person, patiently
from tests.processes import Product, wait_for
from tests.test_accessibility import problems

pytestmark = pytest.mark.proof


class HelpDesk(http.server.BaseHTTPRequestHandler):
    """The other side of the call-out: opens a ticket for whatever it is sent."""

    asked: list[tuple[str, Any]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body))
        answer = json.dumps({"ticket": {"id": f"T-{len(self.asked)}"}}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def a_help_desk() -> Iterator[str]:
    """Its address, while it answers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), HelpDesk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


@pytest.fixture(scope="module")
def building_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Product, str]]:
    """A product that trusts the help desk of these tests."""
    with a_help_desk() as address:
        product = Product(tmp_path_factory.mktemp("building"), ORCHESTRATION_TRUSTED_ORIGINS=address)
        product.start()
        yield product, address
        product.stop()


@pytest.fixture
def product(building_product: tuple[Product, str], django_db_blocker: Any) -> Iterator[Product]:
    with django_db_blocker.unblock():
        yield building_product[0]


class Builder(Person):
    """Somebody in front of the pages that build flows."""

    def new_flow(self, kind: str, label: str, record: str = "Employee") -> None:
        page = self.page
        self.open("/admin/orchestration/flow/")
        page.get_by_role("link", name="New flow").click()
        page.get_by_label(kind).check()
        page.get_by_label("Label").fill(label)
        page.get_by_label("The record is").select_option(label=record)
        page.get_by_role("button", name="Make flow").click()
        patiently(page.get_by_role("heading", name=label, level=1)).to_be_visible()

    @property
    def panel(self) -> Locator:
        return self.page.locator("#orc-panel")

    def choose(self, label: str) -> None:
        """Open a part, or a setting of the whole flow, in the panel."""
        self.page.locator(".orc-outline a.orc-piece").filter(has=self.page.get_by_text(label, exact=True)).first.click()
        patiently(self.panel.locator("#orc-panel-title")).to_have_text(label)

    def add(self, what: str, to: str = "") -> Locator:
        """Open the form of a new part."""
        outline = self.page.locator(".orc-outline")
        menus = outline.locator("details.orc-add-menu")
        if to:
            link = outline.get_by_role("link", name=f"Add {what.lower()} to “{to}”")
            if link.count():
                link.click()
            else:
                menu = menus.filter(has=self.page.locator("summary", has_text=f"to “{to}”"))
                menu.locator("summary").click()
                menu.get_by_role("link", name=what, exact=True).click()
        elif (link := outline.get_by_role("link", name=f"Add {what.lower()}", exact=True)).count():
            link.click()
        else:
            menu = outline.locator(".orc-card-foot details.orc-add-menu")
            menu.locator("summary").click()
            menu.get_by_role("link", name=what, exact=True).click()
        patiently(self.panel.locator("#orc-panel-title")).to_have_text(f"Add {what.lower()}")
        return self.panel

    def save(self, title: str = "") -> None:
        """Press the panel's button, and see that it is saved."""
        self.panel.locator(".orc-panel-actions button.is-primary").click()
        patiently(self.panel.locator("#orc-saved")).to_contain_text("Saved")
        if title:
            patiently(self.panel.locator("#orc-panel-title")).to_have_text(title)

    def activate(self) -> None:
        self.page.get_by_role("link", name="Activate v1…").first.click()
        self.page.get_by_role("button", name="Activate v1").click()
        patiently(self.page.locator(".orc-notes")).to_contain_text("is active")

    def see_no_problems(self) -> None:
        patiently(self.page.locator(".orc-problems")).to_contain_text("None: it can be tested and activated.")


@pytest.fixture
def alex(product: Product, browser: Browser) -> Iterator[Builder]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Builder(product, context, "admin")
    context.close()


def build_the_form(alex: Builder, label: str) -> None:
    """Three screens, a field that is shown when another is ticked, a repeating group, a decision."""
    alex.new_flow("Screen flow", label)
    alex.choose("First screen")
    alex.panel.get_by_label("Title").fill("Equipment")
    alex.save("Equipment")
    field = alex.add("Field", "Equipment")
    field.get_by_label("Label", exact=True).fill("Needs a developer laptop")
    field.get_by_label("Type", exact=True).select_option("checkbox")
    alex.save("Needs a developer laptop")
    field = alex.add("Field", "Equipment")
    field.get_by_label("Label", exact=True).fill("What for?")
    field.get_by_label("An answer is required").check()
    field.get_by_label("Shown: when").select_option("rows")
    value = field.get_by_label("Value, row 1", exact=True)
    value.press_sequentially("laptop")
    patiently(alex.page.locator("#orc-proposals [role=option]").first).to_contain_text("answers.needs_a_developer_laptop")
    value.press("Enter")
    field.get_by_label("Compared with, row 1", exact=True).fill("yes")
    patiently(field.locator("#id_show_when_said")).to_have_text("When Needs a developer laptop is yes.")
    alex.save("What for?")
    patiently(alex.page.locator(".orc-outline")).to_contain_text("shown when Needs a developer laptop is yes")

    screen = alex.add("Screen")
    screen.get_by_label("Title").fill("Extras")
    alex.save("Extras")
    group = alex.add("Repeating group", "Extras")
    group.get_by_label("What one row is called").fill("Extra")
    alex.save("Extra")
    for name, kind in (("Thing", "text"), ("How many", "number")):
        field = alex.add("Field", "Extra")
        field.get_by_label("Label", exact=True).fill(name)
        field.get_by_label("Type", exact=True).select_option(kind)
        alex.save(name)

    screen = alex.add("Screen")
    screen.get_by_label("Title").fill("Confirm")
    screen.get_by_label("Introduction").fill("The first day of {{ record.name }}")
    alex.save("Confirm")
    field = alex.add("Field", "Confirm")
    field.get_by_label("Label", exact=True).fill("Day")
    field.get_by_label("Type", exact=True).select_option("date")
    field.get_by_label("Filled in beforehand with: how the value is given").select_option("path")
    field.get_by_label("Filled in beforehand with", exact=False).last.fill("record.start_date")
    alex.save("Day")

    alex.choose("Saves to the record")
    alex.panel.get_by_label("Equipment: how the value is given").select_option("formula")
    alex.panel.locator("#id_writes-equipment").fill("'developer' if answers.needs_a_developer_laptop else 'standard'")
    alex.panel.get_by_label("Written by the system").check()
    alex.save()
    alex.see_no_problems()


def build_the_automation(alex: Builder, label: str) -> None:
    """A decision, a record update in one of its branches, a call-out whose reply becomes an output."""
    alex.new_flow("Autolaunched flow", label)
    element = alex.add("Decision")
    element.get_by_label("Label", exact=False).first.fill("Developer?")
    element.get_by_label("First branch").fill("Developer")
    element.get_by_label("Taken: when").select_option("rows")
    element.get_by_label("Value, row 1", exact=True).fill("record.equipment")
    element.get_by_label("Compared with, row 1", exact=True).fill("Developer laptop, 32 GB")
    patiently(element.locator("#id_first_condition_said")).to_have_text("When Equipment is “Developer laptop, 32 GB”.")
    alex.save("Developer?")
    element = alex.add("Update records", "Developer")
    element.get_by_label("Label", exact=False).first.fill("Mark as ready")
    element.get_by_label("Ready for the first day: how the value is given").select_option("value")
    element.locator("#id_values-is_ready").fill("yes")
    alex.save("Mark as ready")
    element = alex.add("Call out (HTTP)")
    element.get_by_label("Label", exact=False).first.fill("Open a ticket")
    element.get_by_label("Endpoint").select_option("helpdesk")
    element.get_by_label("Path", exact=False).first.fill("tickets")
    element.get_by_label("Name, row 1").fill("ticket.subject")
    element.get_by_label("Value, row 1: how the value is given").select_option("text")
    element.get_by_label("Value, row 1", exact=True).fill("Laptop for {{ record.name }}")
    element.get_by_label("Output, row 1").fill("ticket")
    element.get_by_label("In the reply, row 1").fill("ticket.id")
    alex.save("Open a ticket")
    alex.choose("Outputs")
    alex.panel.get_by_label("Name, row 1").fill("ticket")
    alex.panel.get_by_label("Value, row 1: how the value is given").select_option("path")
    alex.panel.get_by_label("Value, row 1", exact=True).fill("elements.open_a_ticket.ticket")
    alex.save("Outputs")
    alex.see_no_problems()


def try_the_form(alex: Builder) -> None:
    page = alex.page
    page.get_by_role("link", name="Test", exact=True).click()
    patiently(page.get_by_role("heading", name="Try it with")).to_be_visible()
    page.get_by_label("Needs a developer laptop").check()
    page.get_by_role("button", name="Update").click()
    patiently(page.get_by_label("What for?")).to_be_visible()
    page.get_by_label("What for?").fill("Compilers")
    page.get_by_role("button", name="Add Extra").click()
    page.get_by_label("Thing").fill("Headset")
    page.get_by_label("How many").fill("2")
    page.get_by_role("button", name="Run the test").click()
    patiently(page.locator("#orc-result-card")).to_contain_text("It came to its end.")
    patiently(page.locator("#orc-result-card")).to_contain_text("Compilers")


def try_the_automation(alex: Builder) -> None:
    page = alex.page
    page.get_by_role("link", name="Test", exact=True).click()
    patiently(page.get_by_role("heading", name="Try it with")).to_be_visible()
    page.get_by_label("ticket.id").fill("T-42")
    page.get_by_role("button", name="Run the test").click()
    result = page.locator("#orc-result-card")
    patiently(result).to_contain_text("It came to its end.")
    patiently(result).to_contain_text("Would have called helpdesk: POST /tickets")
    patiently(result.locator("table").first.locator("tbody tr")).to_have_text("ticketT-42")
    patiently(result).to_contain_text("1 of 20 call-outs")


def draw_the_orchestration(alex: Builder, form: str, automation: str, label: str) -> None:
    """On the board: one stage with the form and, after it, the automation; started when an employee is saved."""
    page = alex.page
    alex.open("/admin/orchestration/orchestration/add/?start=record")
    page.get_by_label("Label").fill(label)
    page.get_by_label("The record is").select_option("demo.employee")
    alex.press("Make orchestration")
    page.get_by_label("Outcome of the new stage").fill("Prepared")
    page.get_by_role("button", name="Add stage").click()
    patiently(page.locator("#orc-panel-title")).to_have_text("Prepared")
    for name, flow, kind in (("Fill in the form", form, "By a person"), ("Tell", automation, "By itself")):
        adding = page.locator(".orc-column").first.locator("details.orc-adding")
        adding.locator("summary").click()
        adding.get_by_label("What is done?").fill(name)
        adding.get_by_role("button", name=kind).click()
        patiently(page.locator("#orc-panel-title")).to_have_text(name)
        chosen = page.locator("#id_flow")
        chosen.select_option(label=next(text.strip() for text in chosen.locator("option").all_inner_texts() if text.startswith(flow)))
        if kind == "By a person":
            page.locator("[name=assignee-kind]").select_option("queue")
            page.locator("[name=assignee-queue]").select_option("hr")
        else:
            page.get_by_label("Fill in the form").check()
        patiently(page.locator("form[data-orc-dirty]")).to_have_count(0)
    page.get_by_role("link", name="Activate v1…").click()
    page.get_by_role("button", name="Activate v1").click()
    patiently(page.locator(".orc-notes")).to_contain_text("is active")


def test_two_flows_are_built_tried_put_together_and_run_to_the_end(
    building_product: tuple[Product, str], product: Product, browser: Browser, alex: Builder
) -> None:
    Endpoint.objects.using(product.database).create(
        api_name="helpdesk", label="Help desk", url=f"{building_product[1]}/api", methods=["POST"]
    )
    build_the_form(alex, "First day form")
    try_the_form(alex)
    alex.activate()
    alex.page.get_by_label("HR", exact=True).check()
    alex.page.get_by_role("button", name="Save who may run it").click()
    patiently(alex.page.locator(".orc-notes")).to_contain_text("is run by: HR.")
    build_the_automation(alex, "Tell the help desk")
    try_the_automation(alex)
    alex.activate()
    draw_the_orchestration(alex, "First day form", "Tell the help desk", "First day")

    hanna = Person(product, browser.new_context(viewport={"width": 1280, "height": 900}), "hanna")
    hanna.open("/records/demo.employee/add/")
    page = hanna.page
    for name, value in (
        ("Name", "Grace Hopper"),
        ("E-mail", "grace@segue.example"),
        ("Job title", "Admiral"),
        ("Department", "Engineering"),
    ):
        page.get_by_label(name).fill(value)
    page.get_by_label("Hiring manager").select_option(index=1)
    page.get_by_label("Building").select_option(index=1)
    page.get_by_label("Start date").fill("2027-01-04")
    hanna.press("Add employee")
    employee = Employee.objects.using(product.database).get(name="Grace Hopper")
    instances = Instance.objects.using(product.database).filter(orchestration__label="First day", record_id=str(employee.pk))
    wait_for("the instance", instances.exists)
    item = wait_for("the work item", lambda: instances.get().work_items.using(product.database).first())
    hanna.open(f"/work-items/{item.pk}/")
    page.get_by_label("Needs a developer laptop").check()
    page.get_by_label("What for?").fill("Compilers")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Add Extra").click()
    page.get_by_label("Thing").fill("Headset")
    page.get_by_label("How many").fill("2")
    page.get_by_role("button", name="Continue").click()
    patiently(page.get_by_text("The first day of Grace Hopper")).to_be_visible()
    patiently(page.get_by_label("Day")).to_have_value("2027-01-04")
    page.get_by_role("button", name="Continue").click()
    hanna.press("Complete item")

    wait_for("the end", lambda: instances.get().status != "in_progress")
    steps = StepInstance.objects.using(product.database).filter(instance=instances.get()).values_list("step__api_name", "status", "error")
    assert instances.get().status == "completed", list(steps)
    employee.refresh_from_db()
    assert (employee.equipment, employee.is_ready) == ("developer", True)
    assert HelpDesk.asked[-1] == ("/api/tickets", {"ticket": {"subject": "Laptop for Grace Hopper"}})
    step = StepInstance.objects.using(product.database).get(instance=instances.get(), step__api_name="tell")
    assert step.outputs["ticket"] == f"T-{len(HelpDesk.asked)}"
    hanna.context.close()


def test_a_flow_is_built_with_the_keyboard_alone(product: Product, alex: Builder) -> None:
    page = alex.page
    alex.open("/admin/orchestration/flow/add/")
    press = page.keyboard.press

    def tab_to(locator: Locator) -> None:
        """Go on with Tab until something has the focus."""
        for _step in range(80):
            if locator.evaluate("element => element === document.activeElement"):
                return
            press("Tab")
        raise AssertionError(f"Tab does not come to {locator}")

    tab_to(page.locator("#id_kind_0"))
    press("ArrowDown")
    tab_to(page.get_by_label("Label"))
    page.keyboard.type("Greet by keyboard")
    tab_to(page.get_by_label("The record is"))
    page.keyboard.type("Employee")
    tab_to(page.get_by_role("button", name="Make flow"))
    press("Enter")
    patiently(page.get_by_role("heading", name="Greet by keyboard", level=1)).to_be_visible()

    for number, (what, typed) in enumerate((("Fail", "First"), ("Fail", "Second"))):
        menu = page.locator(".orc-card-foot details.orc-add-menu summary")
        tab_to(menu)
        press("Enter")
        tab_to(page.locator(".orc-card-foot .orc-menu-item", has_text=what))
        press("Enter")
        patiently(page.locator("#orc-panel-title")).to_be_focused()
        tab_to(alex.panel.locator("#id_label"))
        page.keyboard.type(typed)
        tab_to(alex.panel.locator("#id_message"))
        page.keyboard.type("Not for {{ record.na")
        patiently(page.locator("#orc-proposals")).to_be_visible()
        press("Enter")  # takes the first proposal
        patiently(alex.panel.locator("#id_message")).to_have_value("Not for {{ record.name }}")
        tab_to(alex.panel.locator(".orc-panel-actions button.is-primary"))
        press("Enter")
        patiently(page.locator(".orc-pieces > li")).to_have_count(number + 1)
        patiently(alex.panel.locator("#orc-saved")).to_contain_text("Saved")

    second = page.locator("[data-orc-piece=second]")
    tab_to(second)
    press("Alt+ArrowUp")
    patiently(page.locator(".orc-notes")).to_contain_text("“Second” is now 1 of 2.")
    patiently(page.locator(".orc-pieces > li").first).to_contain_text("Second")
    undo = page.get_by_role("button", name="Undo")
    tab_to(undo)
    press("Enter")
    patiently(page.locator(".orc-pieces > li").first).to_contain_text("First")


def test_a_flow_is_built_without_javascript(product: Product, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    alex = Builder(product, context, "admin")
    page = alex.page
    alex.new_flow("Screen flow", "Without a script")
    alex.choose("First screen")
    alex.panel.get_by_label("Title").fill("Terms")
    alex.save("Terms")
    field = alex.add("Field", "Terms")
    field.get_by_label("Label", exact=True).fill("Size")
    field.get_by_label("Type", exact=True).select_option("radio")
    field.get_by_label("Choice, row 1").fill("Small")
    field.get_by_label("Choice, row 2").fill("Large")
    field.get_by_role("button", name="Add choice").click()
    field.get_by_label("Choice, row 3").fill("Huge")
    alex.save("Size")
    field = alex.add("Field", "Terms")
    field.get_by_label("Label", exact=True).fill("Why so large?")
    field.get_by_label("Shown: when").select_option("formula")
    field.get_by_label("Formula", exact=True).fill("answers.sise == 'huge'")
    alex.panel.get_by_role("button", name="Add field").click()
    patiently(alex.panel.locator(".orc-summary")).to_contain_text("Did you mean “answers.size”?")
    alex.panel.get_by_label("Formula", exact=True).fill("answers.size == 'huge'")
    alex.save("Why so large?")
    patiently(page.locator(".orc-outline")).to_contain_text("shown when Size is “Huge”")
    page.locator("#part-size summary").click()
    page.locator("#part-size").get_by_role("button", name="Move down").click()
    patiently(page.locator(".orc-problems")).to_contain_text("answers.size")
    page.get_by_role("button", name="Undo").click()
    alex.see_no_problems()
    page.get_by_role("link", name="Test", exact=True).click()
    page.get_by_label("Huge").check()
    page.get_by_role("button", name="Update").click()
    page.get_by_label("Why so large?").fill("It grows")
    page.get_by_role("button", name="Run the test").click()
    patiently(page.locator("#orc-result-card")).to_contain_text("It grows")
    alex.activate()
    context.close()


LOOKED_AT = {
    "catalogue": "/admin/orchestration/flow/",
    "nothing found": "/admin/orchestration/flow/?q=xyzzy",
    "new flow": "/admin/orchestration/flow/add/",
    "code flow": "/admin/orchestration/flow/{code}/change/",
    "flow": "/admin/orchestration/flow/{screen}/change/",
    "empty draft": "/admin/orchestration/flow/{empty}/versions/1/",
    "draft": "/admin/orchestration/flow/{screen}/versions/1/",
    "field": "/admin/orchestration/flow/{screen}/versions/1/?at=why",
    "group": "/admin/orchestration/flow/{screen}/versions/1/?at=lines",
    "new field": "/admin/orchestration/flow/{screen}/versions/1/?add=field&inside=first",
    "writes": "/admin/orchestration/flow/{screen}/versions/1/?at=:writes",
    "inputs": "/admin/orchestration/flow/{elements}/versions/1/?at=:inputs",
    "elements with problems": "/admin/orchestration/flow/{elements}/versions/1/?at=desk",
    "branch": "/admin/orchestration/flow/{elements}/versions/1/?at=d:0",
    "what can be read": "/admin/orchestration/flow/{screen}/versions/1/readable/?at=why",
    "preview": "/admin/orchestration/flow/{screen}/versions/1/preview/",
    "test of screens": "/admin/orchestration/flow/{screen}/versions/1/test/",
    "test of elements": "/admin/orchestration/flow/{elements}/versions/1/test/",
    "changes": "/admin/orchestration/flow/{screen}/versions/1/history/",
    "document": "/admin/orchestration/flow/{screen}/versions/1/document/",
    "activation": "/admin/orchestration/flow/{screen}/versions/1/activation/",
    "refused activation": "/admin/orchestration/flow/{elements}/versions/1/activation/",
}


@pytest.fixture
def drawn(product: Product) -> dict[str, int]:
    """Flows in every state, to look at."""
    flows, versions = Flow.objects.using(product.database), FlowVersion.objects.using(product.database)
    made = {"code": flows.get(key="demo.collect_preferences").pk}
    for name, kind, document in (
        ("empty", "autolaunched", {"elements": []}),
        ("screen", "screen", SCREENS),
        ("elements", "autolaunched", ELEMENTS),
    ):
        flow, is_new = flows.get_or_create(key=f"site.look_{name}", defaults={"label": f"Look at {name}", "kind": kind, "is_built": True})
        if is_new:
            versions.create(flow=flow, number=1, document=document)
        made[name] = flow.pk
    return made


SCREENS: dict[str, Any] = {
    "record_model": "demo.employee",
    "screens": [
        {
            "name": "first",
            "title": "Terms",
            "items": [
                {"kind": "field", "name": "custom", "type": "checkbox", "label": "Custom terms", "required": True},
                {
                    "kind": "field",
                    "name": "why",
                    "type": "radio",
                    "label": "Why?",
                    "choices": [{"value": "a", "label": "Asked for"}, {"value": "b", "label": "Better"}],
                    "show_when": {"rows": [{"path": "answers.custom", "operator": "equals", "value": True}], "logic": "all"},
                },
                {"kind": "text", "name": "hint", "text": "For {{ record.name }}"},
                {
                    "kind": "group",
                    "name": "lines",
                    "label": "Line",
                    "fields": [{"kind": "field", "name": "what", "type": "text", "label": "What"}],
                },
            ],
        }
    ],
    "outcomes": [{"value": "yes", "label": "Approve", "tone": "primary"}, {"value": "no", "label": "Reject", "comment": "required"}],
}

ELEMENTS: dict[str, Any] = {
    "record_model": "demo.employee",
    "inputs": {"amount": {"type": "number", "label": "Amount"}, "day": {"type": "date", "label": "Day"}},
    "elements": [
        {
            "kind": "decide",
            "name": "d",
            "branches": [{"label": "Large", "condition": {"formula": "inputs.amount > 1000"}, "elements": []}],
            "otherwise": [{"kind": "fail", "name": "no", "message": "Not for {{ record.nmae }}"}],
        },
        {
            "kind": "call",
            "name": "desk",
            "label": "Open a ticket",
            "endpoint": "nowhere",
            "body": {"subject": {"text": "For {{ record.name }}"}},
            "outputs": {"ticket": {"reply": "ticket.id"}},
        },
    ],
}


@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_no_page_that_builds_flows_keeps_anybody_out(
    product: Product, browser: Browser, drawn: dict[str, int], width: int, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    alex, wrong = Builder(product, context, "admin"), []
    for name, address in LOOKED_AT.items():
        alex.open(address.format(**drawn))
        if "preview" in name or name in ("draft", "field"):
            patiently(alex.page.locator("#orc-preview-shown form")).to_be_visible()
        wrong += [f"{name}: {problem}" for problem in problems(alex.page)]
    context.close()
    assert wrong == []
