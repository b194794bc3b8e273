"""Orchestrations are built in a browser, without code: by mouse, by keyboard alone, without JavaScript, on a phone, by two at once."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Route

from demo.flows.onboarding import ONBOARDING
from orchestration import builder
from orchestration.models import Orchestration, Version, WorkItem
from tests.browsing import Person, patiently
from tests.processes import Product, wait_for
from tests.test_accessibility import problems

pytestmark = pytest.mark.proof

STAGES: Any = ONBOARDING["stages"]


class Drawer(Person):
    """Somebody in front of the board."""

    @property
    def panel(self) -> Locator:
        return self.page.locator("#orc-panel")

    @property
    def board(self) -> Locator:
        return self.page.locator("#orc-board")

    def new(self, label: str, tile: str = "Record-triggered", record: str = "Employee") -> None:
        self.open("/admin/orchestration/orchestration/")
        self.page.get_by_role("link", name="New orchestration").click()
        self.page.get_by_role("link", name=tile).click()
        self.page.get_by_label("Label").fill(label)
        self.page.get_by_label("The record is").select_option(label=record)
        self.page.get_by_role("button", name="Make orchestration").click()
        patiently(self.page.get_by_role("heading", name=label, level=1)).to_be_visible()

    def column(self, stage: str) -> Locator:
        return self.board.locator(".orc-column").filter(has=self.page.locator("h2", has_text=stage))

    def add_stage(self, label: str) -> None:
        adding = self.board.locator("details.orc-adding").filter(has=self.page.get_by_label("Outcome of the new stage"))
        if adding.get_attribute("open") is None:
            adding.locator("summary").click()
        adding.get_by_label("Outcome of the new stage").fill(label)
        adding.get_by_role("button", name="Add stage").click()
        patiently(self.page.locator("#orc-panel-title")).to_have_text(label)

    def add_step(self, stage: str, label: str, kind: str) -> None:
        adding = self.column(stage).locator("details.orc-adding")
        adding.locator("summary").click()
        adding.get_by_label("What is done?").fill(label)
        adding.get_by_role("button", name="By a person" if kind == "interactive" else "By itself").click()
        patiently(self.page.locator("#orc-panel-title")).to_have_text(label)

    def saved(self) -> None:
        """What was typed last is saved by itself, as soon as the field lets go."""
        self.panel.locator("#orc-panel-title").click()
        patiently(self.panel.locator("form[data-orc-dirty]")).to_have_count(0)
        patiently(self.panel.locator("#orc-saved")).to_contain_text("Saved")


@pytest.fixture
def alex(product: Product, browser: Browser) -> Iterator[Drawer]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Drawer(product, context, "admin")
    context.close()


def fill_in(alex: Drawer, step: dict[str, Any]) -> None:
    """What the demo's definition says of a step, chosen in the panel."""
    panel = alex.panel
    with alex.page.expect_response(lambda answer: answer.request.method == "POST" and "at=step" in answer.url):
        panel.get_by_label("Flow", exact=True).select_option(step["flow"])
    for name, source in step.get("inputs", {}).items():
        patiently(panel.locator(f"[name=inputs-{name}-mode]")).to_be_visible()
        panel.locator(f"[name=inputs-{name}-mode]").select_option("path")
        panel.locator(f"[name=inputs-{name}]").fill(source["path"])
    match step.get("assignee"):
        case {"queue": name}:
            panel.locator("[name=assignee-kind]").select_option("queue")
            panel.locator("[name=assignee-queue]").select_option(name)
        case {"path": path}:
            panel.locator("[name=assignee-kind]").select_option("path")
            panel.locator("[name=assignee-path]").fill(path)
    alex.saved()


def test_onboarding_is_built_from_nothing_by_mouse_activated_and_runs(product: Product, alex: Drawer) -> None:
    alex.new("Newcomers by mouse")
    for stage in STAGES:
        alex.add_stage(stage["label"])
        for step in stage["steps"]:
            alex.add_step(stage["label"], step["label"], step["kind"])
            fill_in(alex, step)
    patiently(alex.page.locator("#orc-problems")).to_contain_text("None: it can be tried and activated.")
    drawn = builder.dump(Version.objects.using(product.database).get(orchestration__label="Newcomers by mouse"))
    assert like(drawn) == like(ONBOARDING)
    runs_when_activated(alex, product, "Newcomers by mouse")


def like(document: Any) -> Any:
    """What matters of a definition: the stages, their steps, what these run, with what, and who does them."""
    return [
        (
            stage["label"],
            [(step["label"], step["kind"], step["flow"], step.get("inputs", {}), step.get("assignee", {})) for step in stage["steps"]],
        )
        for stage in document["stages"]
    ]


def runs_when_activated(alex: Drawer, product: Product, label: str) -> None:
    page = alex.page
    page.get_by_role("link", name="Activate v1…").click()
    patiently(page.get_by_role("heading", name="Who can really do each step")).to_be_visible()
    page.get_by_role("button", name="Activate v1").click()
    patiently(page.locator(".orc-notes")).to_contain_text("is active")
    alex.open("/records/demo.employee/add/")
    for name, value in (
        ("Name", f"Hired for {label}"),
        ("E-mail", "new@segue.example"),
        ("Job title", "Engineer"),
        ("Department", "Sales"),
    ):
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_label("Hiring manager").select_option(index=1)
    page.get_by_label("Building").select_option(index=1)
    page.get_by_label("Start date").fill("2027-03-01")
    alex.press("Add employee")
    items = WorkItem.objects.using(product.database).filter(instance__orchestration__label=label)
    wait_for("the first work item", lambda: items.filter(label="Collect preferences", queue__api_name="hr").exists())
    Orchestration.objects.using(product.database).filter(label=label).update(rollout="off")  # it starts for nobody else's employees


def test_onboarding_is_built_with_the_keyboard_alone(product: Product, alex: Drawer) -> None:
    page, press, type_ = alex.page, alex.page.keyboard.press, alex.page.keyboard.type
    alex.open("/admin/orchestration/orchestration/add/")

    def tab_to(locator: Locator) -> None:
        """Go on with Tab until something has the focus."""
        for _step in range(160):
            if locator.evaluate("element => element === document.activeElement"):
                return
            press("Tab")
        raise AssertionError(f"Tab does not come to {locator}")

    def choose(select: Locator, value: str) -> None:
        """An option of a list, with the arrows."""
        tab_to(select)
        for _step in range(80):
            if select.input_value() == value:
                return
            press("ArrowDown")
        raise AssertionError(f"{value} is not to be had in {select}")

    tab_to(page.get_by_role("link", name="Record-triggered"))
    press("Enter")
    patiently(page.get_by_label("Label")).to_be_visible()
    tab_to(page.get_by_label("Label"))
    type_("Newcomers by keyboard")
    choose(page.get_by_label("The record is"), "demo.employee")
    tab_to(page.get_by_role("button", name="Make orchestration"))
    press("Enter")
    patiently(page.get_by_role("heading", name="Newcomers by keyboard", level=1)).to_be_visible()
    for stage in STAGES:
        adding = alex.board.locator("details.orc-adding").filter(has=page.get_by_label("Outcome of the new stage"))
        if adding.get_attribute("open") is None:
            tab_to(adding.locator("summary"))
            press("Enter")
        tab_to(adding.get_by_label("Outcome of the new stage"))
        type_(stage["label"])
        press("Enter")
        patiently(page.locator("#orc-panel-title")).to_have_text(stage["label"])
        for step in stage["steps"]:
            adding = alex.column(stage["label"]).locator("details.orc-adding")
            tab_to(adding.locator("summary"))
            press("Enter")
            patiently(adding.get_by_label("What is done?")).to_be_focused()
            type_(step["label"])
            tab_to(adding.get_by_role("button", name="By a person" if step["kind"] == "interactive" else "By itself"))
            press("Enter")
            patiently(page.locator("#orc-panel-title")).to_have_text(step["label"])
            panel = alex.panel
            choose(panel.locator("#id_flow"), step["flow"])
            patiently(
                alex.page.locator(f"#part-step\\:{_name(step)} .orc-mark-problem" if step.get("inputs") else "#orc-panel")
            ).to_be_visible()
            for name, source in step.get("inputs", {}).items():
                patiently(panel.locator(f"[name=inputs-{name}-mode]")).to_be_visible()
                choose(panel.locator(f"[name=inputs-{name}-mode]"), "path")
                tab_to(panel.locator(f"[name=inputs-{name}]"))
                type_(source["path"])
                press("Escape")  # the proposals
            match step.get("assignee"):
                case {"queue": name}:
                    choose(panel.locator("[name=assignee-kind]"), "queue")
                    choose(panel.locator("[name=assignee-queue]"), name)
                case {"path": path}:
                    choose(panel.locator("[name=assignee-kind]"), "path")
                    tab_to(panel.locator("[name=assignee-path]"))
                    type_(path)
                    press("Escape")
            press("Tab")
            patiently(panel.locator("form[data-orc-dirty]")).to_have_count(0)
    drawn = builder.dump(Version.objects.using(product.database).get(orchestration__label="Newcomers by keyboard"))
    assert like(drawn) == like(ONBOARDING)

    ticket = page.locator("[data-orc-card='step:create_it_ticket']")
    ticket.focus()
    press("Alt+ArrowDown")
    patiently(page.locator(".orc-notes")).to_contain_text("“Create IT ticket” is now 2 of 3 in “Provisioned”.")
    patiently(page.locator("#part-step\\:create_it_ticket .orc-part-menu > summary")).to_be_focused()
    press("Alt+ArrowRight")
    patiently(page.locator(".orc-notes")).to_contain_text("“Create IT ticket” is now 2 of 2 in “Readiness confirmed”.")
    for _undone in range(2):
        press("Control+z")
        patiently(page.locator(".orc-notes")).to_contain_text("Undone: Move “Create IT ticket”.")
    patiently(alex.column("Provisioned").locator(".orc-step").first).to_contain_text("Create IT ticket")
    tab_to(page.get_by_role("link", name="Activate v1…"))
    runs_when_activated(alex, product, "Newcomers by keyboard")


def _name(step: dict[str, Any]) -> str:
    return str(step["label"]).lower().replace(" ", "_")


def test_two_stages_are_built_and_activated_without_javascript(product: Product, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    alex = Drawer(product, context, "admin")
    page = alex.page
    alex.new("Without a script", "Autolaunched")
    for stage, step, kind, flow in (
        ("Preferences known", "Ask", "interactive", "demo.collect_preferences"),
        ("Told", "Invite", "background", "demo.invite_to_chat"),
    ):
        alex.add_stage(stage)
        alex.add_step(stage, step, kind)
        alex.panel.get_by_label("Flow", exact=True).select_option(flow)
        alex.panel.get_by_role("button", name="Save").click()
        patiently(alex.panel.locator("#orc-saved" if kind == "background" else ".orc-panel-form")).to_be_visible()
        if kind == "interactive":
            alex.panel.locator("[name=assignee-kind]").select_option("queue")
            alex.panel.locator("[name=assignee-queue]").select_option("hr")
            alex.panel.get_by_role("button", name="Save").click()
    patiently(page.locator("#orc-problems")).to_contain_text("None: it can be tried and activated.")
    alex.column("Told").locator(".orc-column-head .orc-part-menu > summary").click()
    alex.column("Told").locator(".orc-column-head").get_by_role("button", name="Move back").click()
    patiently(page.locator(".orc-notes")).to_contain_text("“Told” is now stage 1 of 2.")
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Activate v1…").click()
    page.get_by_role("button", name="Activate v1").click()
    patiently(page.locator(".orc-notes")).to_contain_text("is active")
    drawn = builder.dump(Version.objects.using(product.database).get(orchestration__label="Without a script", status="active"))
    assert [stage["label"] for stage in drawn["stages"]] == ["Preferences known", "Told"]
    context.close()


def a_draft(alex: Drawer) -> str:
    """The address of a new draft that says what the demo's onboarding says."""
    alex.open("/admin/orchestration/orchestration/1/change/")
    alex.page.get_by_role("button", name="Copy as draft v1", exact=True).click()
    patiently(alex.page.locator(".orc-notes")).to_contain_text("is a copy of v1")
    return alex.page.url.removeprefix(alex.product.url)


def test_two_people_edit_at_once_and_nobodys_text_is_lost(product: Product, browser: Browser, alex: Drawer) -> None:
    where = a_draft(alex)
    other = Drawer(product, browser.new_context(viewport={"width": 1280, "height": 900}), "admin")
    for person in (alex, other):
        person.open(f"{where}?at=step:it_ticket")
    alex.panel.get_by_label("Label", exact=True).fill("His ticket")
    alex.saved()
    other.panel.get_by_label("Label", exact=True).fill("Her ticket")
    other.panel.locator("#orc-panel-title").click()
    patiently(other.panel.locator("#orc-panel-told")).to_contain_text("has changed this since you opened it")
    patiently(other.panel.locator("#orc-panel-told ins")).to_have_text("His ticket")
    patiently(other.panel.get_by_label("Label", exact=True)).to_have_value("Her ticket")
    other.panel.get_by_role("button", name="Save").click()
    patiently(other.board).to_contain_text("Her ticket")
    other.context.close()


def test_a_step_is_dragged_to_another_stage(product: Product, alex: Drawer) -> None:
    alex.open(a_draft(alex))
    card = alex.page.locator("[data-orc-part='step:chat_invitation']")
    grip, target = (
        card.locator("[data-orc-grip]").bounding_box(),
        alex.page.locator("[data-orc-part='step:confirm_readiness']").bounding_box(),
    )
    assert grip is not None
    assert target is not None
    mouse = alex.page.mouse
    mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    mouse.down()
    mouse.move(target["x"] + 60, target["y"] + target["height"] + 4, steps=12)
    mouse.up()
    patiently(alex.page.locator(".orc-notes")).to_contain_text("“Invite to chat” is now 2 of 2 in “Readiness confirmed”.")
    patiently(alex.column("Readiness confirmed")).to_contain_text("Invite to chat")


def test_on_a_phone_the_outline_is_worked_with(product: Product, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 740}, has_touch=True, is_mobile=True)
    alex = Drawer(product, context, "admin")
    alex.open(a_draft(alex))
    assert not alex.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    alex.page.get_by_role("link", name="Create IT ticket").tap()
    patiently(alex.page.locator("#orc-panel-title")).to_be_in_viewport()
    alex.panel.get_by_label("Label", exact=True).fill("Ticket")
    alex.saved()
    alex.page.locator("[data-orc-close]").tap()
    menu = alex.page.locator("[data-orc-part='step:it_ticket'] .orc-part-menu, [data-orc-part='step:ticket'] .orc-part-menu")
    menu.locator("summary").tap()
    menu.get_by_role("button", name="Move down").tap()
    patiently(alex.page.locator(".orc-notes")).to_contain_text("“Ticket” is now 2 of 3")
    context.close()


@pytest.mark.once
def test_the_board_asks_for_few_files(alex: Drawer) -> None:
    alex.open("/admin/orchestration/orchestration/1/versions/1/")
    alex.page.wait_for_load_state("networkidle")
    asked = alex.page.evaluate("performance.getEntriesByType('resource').map(one => one.name).filter(name => !name.includes('favicon'))")
    assert len(asked) <= 7, "\n".join(asked)


class SlowSaves:
    """Saves of a step's panel that wait until the test lets them go on."""

    def __init__(self, alex: Drawer, step: str) -> None:
        self._page, self._saves, self._held = alex.page, re.compile(rf"/versions/\d+/\?at=step:{step}$"), list[Route]()
        self._page.route(self._saves, lambda route: self._held.append(route) if route.request.method == "POST" else route.continue_())

    def asked(self) -> Any:
        """A block in which the next save is asked for."""
        return self._page.expect_request(lambda asked: asked.method == "POST" and self._saves.search(asked.url) is not None)

    def answer(self) -> None:
        while not self._held:
            self._page.evaluate("0")  # it is asked for, and is handed over with the next word from the browser
        self._held.pop(0).continue_()

    def end(self) -> None:
        self._page.unroute(self._saves)


def test_a_name_begun_on_the_board_outlives_the_save_of_the_panel(alex: Drawer) -> None:
    """The panel's save puts a fresh board on the page: under somebody who has gone on to the next step's name."""
    alex.open(a_draft(alex))
    alex.page.get_by_role("link", name="Create IT ticket").click()
    saves = SlowSaves(alex, "it_ticket")
    alex.panel.get_by_label("Label", exact=True).fill("Ticket")
    with saves.asked():
        alex.column("Provisioned").locator("details.orc-adding summary").click()
    name = alex.column("Provisioned").get_by_label("What is done?")
    name.fill("Choose a")
    saves.answer()
    patiently(alex.board).to_contain_text("Ticket")
    patiently(alex.column("Provisioned").locator("details.orc-adding")).to_have_attribute("open", "")
    patiently(name).to_be_focused()
    saves.end()
    alex.page.keyboard.type(" desk")
    alex.page.get_by_role("button", name="By a person").locator("visible=true").click()
    patiently(alex.page.locator("#orc-panel-title")).to_have_text("Choose a desk")


def test_the_focus_and_the_caret_stay_where_they_are_while_saves_are_answered(alex: Drawer) -> None:
    alex.open(f"{a_draft(alex)}?at=step:building_access")
    saves, label, keyboard = SlowSaves(alex, "building_access"), alex.panel.get_by_label("Label", exact=True), alex.page.keyboard
    with saves.asked():
        alex.panel.get_by_label("Flow", exact=True).select_option("demo.create_it_ticket")
    label.fill("Ba")
    with saves.asked():
        saves.answer()  # it knows nothing of what was typed meanwhile: that is saved before the other flow's fields come
    saves.answer()
    patiently(alex.panel.locator("[name^=inputs-]")).to_have_count(6)
    keyboard.type("dge")
    patiently(label).to_have_value("Badge")
    with saves.asked():
        alex.page.locator("[data-orc-card='step:chat_invitation']").focus()
    saves.answer()
    patiently(alex.board).to_contain_text("Badge")
    patiently(alex.page.locator("[data-orc-card='step:chat_invitation']")).to_be_focused()
    saves.end()
    keyboard.press("Alt+ArrowDown")
    patiently(alex.page.locator(".orc-notes")).to_contain_text("“Invite to chat” is now 3 of 3")


def test_what_could_not_be_saved_is_saved_again_by_itself(alex: Drawer) -> None:
    alex.open(f"{a_draft(alex)}?at=step:it_ticket")
    alex.page.clock.install()
    alex.context.set_offline(True)
    alex.panel.get_by_label("Label", exact=True).fill("Ticket")
    alex.panel.locator("#orc-panel-title").click()
    alex.page.clock.run_for(1000)
    patiently(alex.panel.locator("#orc-saved")).to_contain_text("It is tried again")
    alex.context.set_offline(False)
    alex.page.clock.run_for(6000)
    patiently(alex.board).to_contain_text("Ticket")
    patiently(alex.panel.locator("form[data-orc-dirty]")).to_have_count(0)


@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_no_page_that_builds_orchestrations_keeps_anybody_out(product: Product, browser: Browser, width: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    alex, wrong = Drawer(product, context, "admin"), []
    where = a_draft(alex)
    one = where.partition("versions/")[0]
    pages = {
        "catalogue": "/admin/orchestration/orchestration/",
        "new": "/admin/orchestration/orchestration/add/?people=1&waits=no&steps=no",
        "new one": "/admin/orchestration/orchestration/add/?start=record",
        "orchestration": f"{one}change/",
        "board": where,
        "outline": f"{where}?view=outline",
        "document": f"{where}?view=document",
        "step": f"{where}?at=step:it_ticket",
        "interactive step": f"{where}?at=step:collect_preferences&field=assignee",
        "stage": f"{where}?at=stage:provisioned",
        "start": f"{where}?at=:start",
        "data": f"{where}?at=:data",
        "about": f"{where}?at=:about",
        "readable": f"{where}readable/?at=step:it_ticket",
        "history": f"{where}history/",
        "import": "/admin/orchestration/orchestration/import/",
        "debug": f"{where}debug/",
        "activation": f"{where}activation/",
        "frozen": "/admin/orchestration/orchestration/1/versions/1/",
        "compare": f"{one}compare/",
    }
    for name, address in pages.items():
        assert alex.open(address) == 200, name
        wrong += [f"{name}: {problem}" for problem in problems(alex.page)]
    alex.open(f"{where}debug/")
    alex.page.get_by_label("Record", exact=True).select_option(index=1)
    alex.page.get_by_role("button", name="Run to the next stop").click()
    patiently(alex.page.get_by_text("Dry run: nothing was saved")).to_be_visible()
    wrong += [f"debug run: {problem}" for problem in problems(alex.page)]
    context.close()
    assert wrong == []
