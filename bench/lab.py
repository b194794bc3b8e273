"""`python -m bench.lab http://127.0.0.1:8010`: what a browser makes of the builder on a slow device, told by the browser itself.

It needs a running demo and Chromium (or Chrome), and brings a draft of 30 steps into that demo. It opens it afresh, as with a quarter
of this processor, 1.6 Mbit/s, and 150 ms there and back; then it opens a step, types, and opens a menu. One line of JSON, the median of
the rounds: when the largest thing on the page was there (LCP), how far things jumped (CLS), and the longest that a click or a key waited
for its picture (INP).
"""

import argparse
import json
import shutil
from typing import Any

from playwright.sync_api import Page, sync_playwright

NAME = "thirty_steps"
STEPS = 30
IN_A_STAGE = 10
SLOWDOWN = 4
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

WATCH = """
window.lab = { lcp: 0, cls: 0, wait: 0 };
const watch = (type, look) =>
    new PerformanceObserver(list => list.getEntries().forEach(look)).observe({ type, durationThreshold: 16, buffered: true });
watch("largest-contentful-paint", one => { lab.lcp = one.startTime; });
watch("layout-shift", one => { if (!one.hadRecentInput) lab.cls += one.value; });
watch("event", one => { if (one.interactionId) lab.wait = Math.max(lab.wait, one.duration); });
"""


def main() -> None:
    """Measure the demo that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.lab", description=__doc__)
    parser.add_argument("demo", help="the address of a running demo")
    parser.add_argument("--rounds", type=int, default=5, help="how often the page is opened afresh (5)")
    options = parser.parse_args()
    browser_at = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser_at:
        raise SystemExit(f"None of {', '.join(BROWSERS)} is on PATH. Install Chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_at, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(f"{options.demo}/accounts/login/")
        page.locator("button[name=username][value=admin]").click()
        page.wait_for_url(f"{options.demo}/")
        board = _bring(page, options.demo)
        signed_in = context.storage_state()
        rounds = []
        for _round in range(options.rounds):
            cold = browser.new_context(viewport={"width": 1280, "height": 900}, storage_state=signed_in)
            rounds.append(_measured(cold.new_page(), board))
            cold.close()
        browser.close()
    print(json.dumps({name: sorted(one[name] for one in rounds)[len(rounds) // 2] for name in rounds[0]}))


def document() -> dict[str, Any]:
    """A file with one orchestration of 30 steps, half of them by people, of the demo's flows."""
    by_people = {"kind": "interactive", "flow": "demo.confirm_readiness", "assignee": {"queue": "hr"}}
    by_itself = {"kind": "background", "flow": "demo.give_building_access"}
    drawn = [{"api_name": f"s{number}", "label": f"Step {number}", **(by_people if number % 2 else by_itself)} for number in range(STEPS)]
    stages = [
        {"api_name": f"stage_{number}", "label": f"Stage {number}", "steps": drawn[number : number + IN_A_STAGE]}
        for number in range(0, STEPS, IN_A_STAGE)
    ]
    known = {"api_name": NAME, "label": "Thirty steps", "start_type": "autolaunched", "record_model": "demo.employee"}
    return {"segue": 1, "orchestrations": [{"orchestration": known, "stages": stages}]}


def _bring(page: Page, demo: str) -> str:
    """The address of a draft with these steps in the demo, as an admin imports it."""
    page.goto(f"{demo}/admin/orchestration/orchestration/import/")
    page.locator("textarea[name=text]").fill(json.dumps(document()))
    page.get_by_role("button", name="Look at what it would do").click()
    if page.get_by_role("button", name="Make the drafts").count():  # not so when an earlier run has brought it
        page.get_by_role("button", name="Make the drafts").click()
    page.goto(f"{demo}/admin/orchestration/orchestration/")
    page.get_by_role("link", name="Thirty steps", exact=True).click()
    page.get_by_role("link", name="Edit draft v1").click()
    page.wait_for_load_state("networkidle")
    return page.url


def _measured(page: Page, board: str) -> dict[str, float]:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.add_init_script(WATCH)
    page.goto(board)
    page.wait_for_load_state("networkidle")
    opened = page.evaluate("({ lcp: lab.lcp, cls: lab.cls })")
    page.get_by_role("link", name="Step 5", exact=False).first.click()
    page.locator("#orc-panel-title").wait_for()
    label = page.locator("#orc-panel").get_by_label("Label", exact=True)
    label.click()
    page.keyboard.type(" again")
    page.keyboard.press("Tab")
    page.locator("#orc-saved", has_text="Saved ").wait_for()
    page.locator("[data-orc-part='step:s7'] .orc-part-menu summary").click()
    page.keyboard.press("Escape")
    page.wait_for_load_state("networkidle")
    return {"lcp_ms": opened["lcp"], "cls": opened["cls"], "inp_ms": page.evaluate("lab.wait")}


if __name__ == "__main__":
    main()
