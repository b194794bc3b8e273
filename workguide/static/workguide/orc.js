/* What Segue's pages do beyond links and forms. Everything works without it; nothing here needs eval or inline script. */
(() => {
  "use strict";
  const own = document.currentScript;
  const LIVE_FIRST_MS = 500, LIVE_MS = 2000, LIVE_MAX_MS = 10000, DRAFT_MS = 3000, FOLLOW_MS = 350;
  const all = (selector, root = document) => root.querySelectorAll(selector);

  /* Say something to people who do not see the change (and, of trouble, to all). */
  function say(text, id = "orc-live") {
    const region = document.getElementById(id);
    if (region) region.textContent = text || "";
  }

  /* Live: ask for the version of what this page shows; when it has changed, the regions that listen fetch themselves.
     Soon after a page was made, or has changed, more is likely to happen: then it asks sooner. */
  function follow(element) {
    let version = element.dataset.orcVersion, wait = LIVE_FIRST_MS, failures = 0;
    const next = () => setTimeout(look, wait);
    async function look() {
      if (document.visibilityState !== "visible") return next();
      try {
        const answer = await fetch(`${element.dataset.orcLive}?v=${encodeURIComponent(version)}`, { cache: "no-store" });
        if (!answer.ok) throw new Error(answer.status);
        if (failures > 1) say("", "orc-paused");
        failures = 0;
        wait = Math.min(wait * 2, LIVE_MS);
        if (answer.status === 200) {
          wait = LIVE_FIRST_MS;
          version = (await answer.json()).v;
          if (window.htmx) htmx.trigger(document.body, "orc-changed");
        }
      } catch {
        wait = Math.min(Math.max(wait, LIVE_MS) * 1.6, LIVE_MAX_MS);
        if (++failures === 2) say(element.dataset.orcPaused, "orc-paused");
      }
      next();
    }
    next();
  }

  /* Times: "3 days ago", in the reader's language, kept true while the page is open; the full time is the tooltip. */
  const language = document.documentElement.lang || undefined;
  const ago = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  const full = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  function tell(root = document) {
    for (const time of all("time[data-orc-ago]", root)) {
      const at = new Date(time.dateTime), seconds = (at - Date.now()) / 1000;
      const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) || ["second", 1];
      time.textContent = unit === "second" ? time.dataset.orcAgo : ago.format(Math.trunc(seconds / size), unit);
      time.title = full.format(at);
    }
  }

  /* What a form holds, without files: those are uploaded when they are chosen. */
  function typed(form) {
    const data = new FormData(form);
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    return data;
  }

  /* Drafts: what is typed is saved three seconds after the last change, and when the page goes away. */
  function keepDraft(form) {
    const told = document.getElementById("orc-saved");
    let timer = 0, sending = false;
    async function save() {
      clearTimeout(timer);
      if (!timer || sending) return;
      timer = 0;
      try {
        const answer = await fetch(form.dataset.orcDraft, {
          method: "POST", body: new URLSearchParams(typed(form)), keepalive: true, headers: { "HX-Request": "true" },
        });
        if (told) told.textContent = await answer.text();
      } catch {
        timer = setTimeout(save, LIVE_MAX_MS);
      }
    }
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, DRAFT_MS); });
    form.addEventListener("submit", () => { sending = true; clearTimeout(timer); });
    addEventListener("pageshow", () => { sending = false; });
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
  }

  /* Screens that follow their answers: the server says which parts there are now, and only parts that differ are exchanged. What is
     typed, and where the caret stands, stays. Buttons that change the screen (a row more, a search, a file) work the same way. */
  function followAnswers(form) {
    const told = document.getElementById("orc-saved");
    let timer = 0, latest = null, busy = false, waiting = null;
    async function ask(data) {
      latest?.abort();
      latest = new AbortController();
      const answer = await fetch(form.dataset.orcScreen, { method: "POST", body: data, headers: { "HX-Request": "true" }, signal: latest.signal });
      const text = await answer.text(), fresh = answer.ok && new DOMParser().parseFromString(text, "text/html").getElementById("orc-parts");
      if (!fresh) { if (told) told.textContent = answer.ok ? "" : text; return null; }
      return fresh;
    }
    async function follow() {
      const before = all(".orc-part", form).length;
      let fresh = null;
      try { fresh = await ask(typed(form)); } catch { return; }
      if (!fresh) return;
      exchange(fresh);
      const now = all(".orc-part", form).length;
      if (now !== before) say(now > before ? form.dataset.orcMore : form.dataset.orcFewer);
    }
    async function act(button, file) {
      if (busy) return;
      clearTimeout(timer);
      busy = true;
      const data = typed(form), part = button.closest(".orc-part").id, group = button.closest(".orc-part:has(> fieldset > .orc-parts)");
      data.append(button.name, button.value);
      if (file) data.append(file.name, file.files[0]);
      button.setAttribute("aria-disabled", "true");
      try {
        const fresh = await ask(data);
        if (!fresh) return;
        exchange(fresh);
        const now = document.getElementById(part);
        if (button.name === "orc-add") [...all(":scope > fieldset > .orc-parts > .orc-part", now)].pop()?.querySelector(CONTROLS)?.focus();
        else if (button.name === "orc-remove") (group?.isConnected ? group : document.getElementById(`orc-part-${button.value.split("-")[0]}`))?.querySelector("button[name=orc-add], button[name=orc-remove]")?.focus();
        else now?.querySelector(button.name === "orc-find" ? "input[type=search]" : "input[type=file]")?.focus();
        say(now?.querySelector("[data-orc-say]")?.textContent.trim());
      } catch {
        if (told) told.textContent = form.dataset.orcFailed;
      } finally {
        button.removeAttribute("aria-disabled");
        busy = false;
        if (waiting) { const submitter = waiting; waiting = null; form.requestSubmit(submitter); }
      }
    }
    const exchange = (fresh) => exchangeParts(form.querySelector("#orc-parts"), fresh);
    form.addEventListener("input", (event) => {
      if (!event.target.closest("[data-orc-controls]")) return;
      clearTimeout(timer);
      timer = setTimeout(follow, /^(checkbox|radio|select-one)$/.test(event.target.type) ? 30 : FOLLOW_MS);
    });
    form.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-orc-act]");
      if (button) { event.preventDefault(); act(button); }
    });
    form.addEventListener("keydown", (event) => {
      const find = event.key === "Enter" && event.target.dataset.orcFind;
      if (find) { event.preventDefault(); act(document.getElementById(find)); }
    });
    form.addEventListener("change", (event) => {
      const input = event.target, box = input.closest(".orc-upload");
      if (!box || input.type !== "file" || !input.files.length) return;
      if (told) told.textContent = box.dataset.orcUploading.replace("%s", size(input.files[0].size));
      act(box.querySelector("button[name=orc-upload]"), input).then(() => { if (told) told.textContent = ""; });
    });
    form.addEventListener("submit", (event) => {
      clearTimeout(timer);
      if (busy) { event.preventDefault(); waiting = event.submitter; }
    });
  }
  function followForms(root = document) {
    for (const form of all("form[data-orc-screen]:not([data-orc-followed])", root)) { form.dataset.orcFollowed = "yes"; followAnswers(form); }
  }
  const CONTROLS = "input:not([type=hidden]), select, textarea";
  const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

  function exchangeParts(old, fresh) {
    const parts = (root) => [...root.children].filter((child) => child.classList.contains("orc-part"));
    const known = new Map(parts(old).map((part) => [part.id, part]));
    let place = null;
    for (const part of parts(fresh)) {
      const before = known.get(part.id);
      known.delete(part.id);
      if (before && before.dataset.orcState === part.dataset.orcState) {
        const [inner, outer] = [before, part].map((one) => one.querySelector(":scope > fieldset > .orc-parts"));
        if (inner && outer) exchangeParts(inner, outer);
        place = before;
      } else {
        const now = document.importNode(part, true);
        if (before) replacePart(before, now);
        else if (place) place.after(now);
        else old.prepend(now);
        place = now;
      }
    }
    for (const gone of known.values()) gone.remove();
    const [shown, told] = [old, fresh].map((root) => root.querySelector(":scope > input[name=orc-shown]"));
    if (shown && told) shown.value = told.value;
  }

  /* What was typed since the server was asked goes over to the new part, and so do focus and caret. */
  function replacePart(before, now) {
    const focus = before.contains(document.activeElement) ? document.activeElement : null;
    const caret = focus && "selectionStart" in focus ? [focus.selectionStart, focus.selectionEnd] : null;
    for (const field of all("input[id]:not([type=hidden], [type=file], [type=radio], [type=checkbox]), textarea[id]", before)) {
      const same = now.querySelector(`#${CSS.escape(field.id)}`);
      if (same) same.value = field.value;
    }
    before.replaceWith(now);
    const again = focus?.id && document.getElementById(focus.id);
    if (!again) return;
    again.focus();
    try { if (caret && caret[0] !== null) again.setSelectionRange(...caret); } catch { /* a field without a caret */ }
  }

  /* A form is sent once, however often its button is pressed. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.closest(".orc") || event.defaultPrevented) return;
    if (form.dataset.orcSent) return event.preventDefault();
    if (form.method !== "post") return;
    form.dataset.orcSent = "yes";
    event.submitter?.setAttribute("aria-disabled", "true");
    document.querySelector(".orc-bar")?.classList.add("is-on");
  });
  addEventListener("pageshow", () => {
    for (const form of all("form[data-orc-sent]")) delete form.dataset.orcSent;
    for (const button of all(".orc-button[aria-disabled]")) button.removeAttribute("aria-disabled");
    document.querySelector(".orc-bar")?.classList.remove("is-on");
  });

  /* A menu closes on Escape and on a click elsewhere. */
  document.addEventListener("click", (event) => {
    for (const menu of all("details.orc-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.orc-menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  /* A host page without htmx gets ours. Coming late, it may have missed the moment at which it reads its settings and the page. */
  function bringHtmx(address) {
    const config = { allowEval: false, allowScriptTags: false, selfRequestsOnly: true, includeIndicatorStyles: false, historyCacheSize: 0 };
    const meta = Object.assign(document.createElement("meta"), { name: "htmx-config", content: JSON.stringify(config) });
    const script = Object.assign(document.createElement("script"), { src: address });
    script.addEventListener("load", () => { Object.assign(htmx.config, config); htmx.process(document.body); });
    document.head.append(meta, script);
  }

  function begin() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax`;
    for (const element of all("[data-orc-live]")) follow(element);
    for (const form of all("form[data-orc-draft]")) keepDraft(form);
    followForms();
    document.querySelector("[data-orc-focus]")?.focus();
    tell();
    setInterval(tell, 60000);
    if (!window.htmx && own?.dataset.htmx) bringHtmx(own.dataset.htmx);

    /* Whatever htmx a host page runs: in our regions a refusal is shown too, and what arrives is announced. */
    document.addEventListener("htmx:beforeSwap", (event) => {
      if (event.target.closest?.(".orc") && [403, 404, 409, 410, 422].includes(event.detail.xhr.status)) event.detail.shouldSwap = true;
    });
    let newest = Number(document.getElementById("orc-count")?.dataset.newest || 0);
    document.addEventListener("htmx:load", (event) => {
      tell(event.target);
      followForms(event.target.parentElement || document);
      const count = document.getElementById("orc-count");
      if (count && Number(count.dataset.newest) > newest) { newest = Number(count.dataset.newest); say(count.dataset.say); }
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
