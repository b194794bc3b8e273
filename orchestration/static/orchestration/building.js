/* What the pages that build flows do beyond links and forms: proposals while an expression is typed, what it says in words, rows added
   and taken away, parts moved with the keyboard. Everything works without it; nothing here needs eval or inline script. */
(() => {
  "use strict";
  const CHECK_MS = 400, STANDING_MS = 10000;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const page = () => document.getElementById("orc-build");  // none in the stock admin's forms, which use our fields too

  /* ---- What can be read here: asked for once for each panel ---- */
  let known = null, knownOf = "";
  async function readable(form) {
    if (!form) return { readable: [], functions: [] };
    if (knownOf !== form.dataset.orcReadable) {
      knownOf = form.dataset.orcReadable;
      known = fetch(knownOf, { headers: { Accept: "application/json" } }).then((answer) => (answer.ok ? answer.json() : { readable: [], functions: [] }))
        .catch(() => ({ readable: [], functions: [] }));
    }
    return known;
  }

  /* ---- Proposals: a list box below an input that stays an input ---- */
  let box = null, boxOf = null, chosen = -1;
  const modeOf = (input) => {
    const kind = input.dataset.orcComplete;
    if (kind !== "source") return kind;
    const mode = input.closest("[data-orc-source]").querySelector("[name$='-mode']").value;
    return mode === "value" ? "" : mode;
  };

  /* The piece of path before the caret, and where it begins; null where no path can stand. */
  function typed(input) {
    const mode = modeOf(input), end = input.selectionStart;
    const before = input.value.slice(0, end);
    if (!mode) return null;
    if (mode === "path") return { start: 0, end: input.value.length, words: before.trim() };
    if (mode === "text") {
      const open = before.lastIndexOf("{{");
      if (open < 0 || before.lastIndexOf("}}") > open) return null;
      const words = before.slice(open + 2);
      return { start: open + 2 + words.length - words.trimStart().length, end, words: words.trim(), closes: !input.value.slice(end).trimStart().startsWith("}}") };
    }
    const words = /[A-Za-z_][\w.]*$/.exec(before)?.[0] ?? "";
    if ((before.match(/"/g) || []).length % 2) return null;
    return { start: end - words.length, end, words };
  }

  function close() {
    box?.remove();
    boxOf?.setAttribute("aria-expanded", "false");
    boxOf?.removeAttribute("aria-activedescendant");
    box = boxOf = null;
    chosen = -1;
  }

  async function propose(input, asked = false) {
    const at = typed(input);
    if (!at || (!asked && !at.words && modeOf(input) === "formula")) return close();
    const { readable: paths, functions } = await readable(input.closest("[data-orc-panel]"));
    if (document.activeElement !== input) return;
    const words = at.words.toLowerCase(), only = input.dataset.orcOnly;
    const fits = (one) => !only || one.type === only || one.type === "any" || (one.type === "record" && only !== "record");
    const rank = (one) => (one.path.toLowerCase().startsWith(words) ? 0 : one.path.toLowerCase().includes(words) ? 1 : one.label.toLowerCase().includes(words) ? 2 : 9);
    const found = paths.filter(fits).map((one) => [rank(one), one]).filter(([place]) => place < 9)
      .sort((a, b) => a[0] - b[0] || a[1].path.split(".").length - b[1].path.split(".").length).map(([, one]) => one);
    if (modeOf(input) === "formula" && words) found.push(...functions.filter((name) => name.startsWith(words)).map((name) => ({ path: `${name}(`, label: "", type: "function" })));
    if (!found.length || (found.length === 1 && found[0].path === at.words)) return close();
    show(input, found.slice(0, 60));
  }

  function show(input, found) {
    close();
    boxOf = input;
    box = document.createElement("ul");
    box.className = "orc-proposals";
    box.id = "orc-proposals";
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", input.getAttribute("aria-label") || input.labels?.[0]?.textContent || "…");
    found.forEach((one, number) => {
      const row = document.createElement("li");
      row.className = "orc-proposal";
      row.id = `orc-proposal-${number}`;
      row.setAttribute("role", "option");
      row.dataset.path = one.path;
      for (const [name, words] of [["path", one.path], ["type", one.type === "any" ? "" : one.type], ["label", one.label]]) {
        const cell = document.createElement("span");
        cell.className = `orc-proposal-${name}`;
        cell.textContent = words;
        row.append(cell);
      }
      row.addEventListener("pointerdown", (event) => { event.preventDefault(); take(number); });
      box.append(row);
    });
    const place = input.getBoundingClientRect(), frame = page().getBoundingClientRect();
    box.style.insetInlineStart = `${place.left - frame.left}px`;
    box.style.insetBlockStart = `${place.bottom - frame.top + 2}px`;
    page().append(box);
    if (box.getBoundingClientRect().right > innerWidth) box.style.insetInlineStart = `${Math.max(0, innerWidth - box.offsetWidth - 8 - frame.left)}px`;
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", box.id);
    choose(modeOf(input) === "path" || typed(input).words ? 0 : -1);
  }

  function choose(number) {
    const rows = all("[role=option]", box);
    chosen = number;
    rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === number)));
    if (number >= 0) {
      boxOf.setAttribute("aria-activedescendant", rows[number].id);
      rows[number].scrollIntoView({ block: "nearest" });
    } else boxOf.removeAttribute("aria-activedescendant");
  }

  function take(number) {
    const input = boxOf, at = typed(input), path = all("[role=option]", box)[number].dataset.path;
    const tail = at.closes ? " }}" : "", lead = modeOf(input) === "text" && input.value[at.start - 1] === "{" ? " " : "";
    input.setRangeText(lead + path + tail, at.start, at.end, "end");
    close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    close();
  }

  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.dataset?.orcComplete) return;
    if (!box && event.key === "ArrowDown" && modeOf(input) && input.tagName !== "TEXTAREA") { event.preventDefault(); return void propose(input, true); }
    if (!box && event.ctrlKey && event.key === " ") { event.preventDefault(); return void propose(input, true); }
    if (!box || boxOf !== input) return;
    const last = box.children.length - 1;
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen >= last ? 0 : chosen + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen <= 0 ? last : chosen - 1); }
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) { if (event.key === "Enter") event.preventDefault(); take(chosen); }
    else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(); }
  }, true);
  document.addEventListener("input", (event) => { if (event.target.dataset?.orcComplete && event.isTrusted) propose(event.target); });
  document.addEventListener("focusout", (event) => { if (event.target === boxOf) close(); });

  /* ---- What it says, and what is wrong with it: asked of the server while it is typed ---- */
  const timers = new Map();
  function ask(field) {
    const form = field.closest("[data-orc-panel]"), name = field.dataset.orcField;
    const said = document.getElementById(`id_${name}_said`);
    if (!form || !said || !field.querySelector("[data-orc-complete], [data-orc-condition]")) return;
    clearTimeout(timers.get(name));
    timers.set(name, setTimeout(async () => {
      const data = new URLSearchParams(new FormData(form));
      try {
        const answer = await fetch(`${form.dataset.orcCheck}&field=${encodeURIComponent(name)}`, { method: "POST", body: data, headers: { "HX-Request": "true" } });
        if (answer.ok && document.contains(said)) said.innerHTML = await answer.text();
      } catch { /* it will be checked when it is saved */ }
    }, CHECK_MS));
  }
  for (const happened of ["input", "change"]) {
    document.addEventListener(happened, (event) => {
      const field = event.target.closest?.("[data-orc-panel] [data-orc-field]");
      if (!field) return;
      field.closest("[data-orc-panel]").dataset.orcDirty = "";
      ask(field);
      follow(field.closest("[data-orc-panel]"));
    });
  }
  document.addEventListener("click", (event) => {
    const use = event.target.closest?.("[data-orc-use]");
    if (!use) return;
    const field = use.closest("[data-orc-field]"), wrong = /“([^”]+)”/.exec(use.closest("p").textContent)?.[1];
    const input = all("[data-orc-complete]", field).find((one) => one.value.includes(wrong));
    if (!input) return;
    input.value = input.value.replace(wrong, use.dataset.orcUse);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  });

  /* ---- A form follows its own choices: settings of one type of field, ways to wait ---- */
  function follow(form) {
    const type = form.querySelector("select[name=type]");
    const isOf = (one) => one.dataset.orcFor.split(" ").includes(type.value);
    if (type) for (const field of all("[data-orc-field][data-orc-for]", form)) field.hidden = !isOf(field);
    for (const fold of all(".orc-fold", form)) fold.hidden = all("[data-orc-field]", fold).every((field) => field.hidden);
    const how = form.querySelector("input[name=how]:checked");
    if (how) for (const field of all("[data-orc-field][data-orc-how]", form)) field.hidden = field.dataset.orcHow !== how.value;
  }
  document.addEventListener("change", (event) => {
    if (event.target.dataset?.orcRefresh === undefined) return;
    event.target.form.querySelector("button[name=refresh][value='1']")?.click();
  });

  /* ---- The operators that fit what is compared; a date is picked from a calendar ---- */
  async function fit(row) {
    const path = row.querySelector("input[name$='-path']"), select = row.querySelector("select[name$='-operator']");
    if (!path?.value || !select) return;
    const { readable: paths } = await readable(path.closest("[data-orc-panel]"));
    const type = paths.find((one) => one.path === path.value.trim())?.type || "any";
    for (const option of select.options) option.hidden = (option.dataset.orcUnfit || "").split(" ").includes(type);
    const against = row.querySelector("input[name$='-against']"), mode = row.querySelector("select[name$='-against-mode']");
    if (against) against.type = type === "date" && mode?.value === "value" && (!against.value || /^\d{4}-\d\d-\d\d$/.test(against.value)) ? "date" : "text";
  }
  document.addEventListener("change", (event) => {
    const row = event.target.closest?.("[data-orc-condition] [data-orc-row]");
    if (row) fit(row);
  });

  /* ---- Rows ---- */
  document.addEventListener("click", (event) => {
    const add = event.target.closest?.("[data-orc-add]"), remove = event.target.closest?.("[data-orc-remove]");
    if (add) {
      event.preventDefault();
      const rows = add.closest("[data-orc-rows]"), last = all(":scope > [data-orc-row]", rows).at(-1);
      const row = last.cloneNode(true);
      for (const input of all("input:not([type=hidden], [type=checkbox]), textarea", row)) { input.value = ""; input.removeAttribute("value"); }
      for (const box of all("input[type=checkbox]", row)) box.checked = false;
      for (const select of all("select", row)) select.selectedIndex = Math.max(0, [...select.options].findIndex((one) => one.defaultSelected));
      last.after(row);
      number(rows);
      row.querySelector("input:not([type=hidden]), select")?.focus();
    } else if (remove) {
      const rows = remove.closest("[data-orc-rows]"), row = remove.closest("[data-orc-row]");
      const field = rows.closest("[data-orc-field]"), next = row.nextElementSibling;
      if (all(":scope > [data-orc-row]", rows).length > 1) row.remove();
      else for (const input of all("input:not([type=hidden])", row)) input.value = "";
      number(rows);
      (next?.querySelector("[data-orc-remove]") || rows.querySelector("[data-orc-add]"))?.focus();
      if (field) { ask(field); field.closest("[data-orc-panel]").dataset.orcDirty = ""; }
    }
  });
  function number(rows) {
    const prefix = rows.dataset.orcRows, listed = all(":scope > [data-orc-row]", rows);
    rows.querySelector(":scope > input[type=hidden]").value = listed.length;
    listed.forEach((row, at) => {
      for (const one of all("*", row)) {
        for (const name of ["name", "id", "list"]) {
          const old = one.getAttribute(name);
          if (old) one.setAttribute(name, old.replace(new RegExp(`^((?:id_)?${prefix})-\\d+`), `$1-${at}`));
        }
        const label = one.getAttribute("aria-label");
        if (label) one.setAttribute("aria-label", label.replace(/\d+/, at + 1));
      }
    });
  }

  /* ---- Parts with the keyboard: Alt with the arrows moves the one that has the focus ---- */
  document.addEventListener("keydown", (event) => {
    const link = event.target.closest?.("[data-orc-piece]");
    if (!link || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    link.closest(".orc-piece-row").querySelector(`button[value=${event.key === "ArrowUp" ? "up" : "down"}]:not(:disabled)`)?.click();
  });

  /* ---- Nothing that was typed goes away without a word ---- */
  const dirty = () => document.querySelector("[data-orc-panel][data-orc-dirty]");
  document.addEventListener("submit", (event) => { if (event.target.matches?.("[data-orc-panel]")) delete event.target.dataset.orcDirty; }, true);
  addEventListener("beforeunload", (event) => { if (dirty()) event.preventDefault(); });
  document.addEventListener("htmx:confirm", (event) => {
    const form = dirty();
    if (!form || form.dataset.orcAutosave !== undefined || event.target === form || form.contains(event.target)) return;
    event.preventDefault();
    keep(form).then((kept) => { if (kept) event.detail.issueRequest(true); });
  });

  /* Saves what is typed before something else is opened; stays, with what is wrong, when it cannot be saved. */
  async function keep(form) {
    if (form.querySelector("fieldset[disabled].orc-fields")) return true;
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "HX-Request": "true" } });
    delete form.dataset.orcDirty;
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("input[name=basis]");
      if (fresh) for (const basis of all("input[name=basis]")) basis.value = fresh.value;
      return true;
    }
    form.querySelector(".orc-panel-actions button:not([name])").click();
    return false;
  }

  /* ---- Somebody else ---- */
  setInterval(async () => {
    const region = document.querySelector("[data-orc-standing]");
    if (!region || document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(region.dataset.orcStanding, { cache: "no-store" });
      if (answer.status === 200) { const said = await answer.text(); if (region.innerHTML.trim() !== said.trim()) region.innerHTML = said; }
    } catch { /* asked again */ }
  }, STANDING_MS);

  /* ---- Each time the page, or a part of it, has come ---- */
  function prepare() {
    const whole = page() || document.body;
    page()?.classList.add("is-scripted");
    for (const input of all("[data-orc-complete]", whole)) {
      if (input.tagName === "INPUT") { input.setAttribute("role", "combobox"); input.setAttribute("aria-autocomplete", "list"); input.setAttribute("aria-expanded", "false"); }
    }
    for (const remove of all("[data-orc-remove]", whole)) remove.hidden = false;
    for (const form of all("[data-orc-panel]", whole)) {
      follow(form);
      const wanted = form.dataset.orcFocused === undefined && form.dataset.orcFocusOn && document.getElementById(form.dataset.orcFocusOn);
      form.dataset.orcFocused = "";
      if (wanted) { wanted.closest("details")?.setAttribute("open", ""); (wanted.matches("input, select, textarea") ? wanted : wanted.querySelector("input:not([type=hidden]), select, textarea") || wanted).focus(); }
      for (const field of all("[data-orc-field]", form)) if (field.querySelector("[data-orc-condition]")) ask(field);
      for (const row of all("[data-orc-condition] [data-orc-row]", form)) fit(row);
    }
  }
  document.addEventListener("htmx:afterSettle", () => {
    prepare();
    const wanted = document.querySelector("[data-orc-focus]");
    if (!document.querySelector("[data-orc-focus-on]") && wanted) wanted.focus();
  });
  document.addEventListener("orc:reformed", prepare);
  document.addEventListener("htmx:beforeRequest", () => document.querySelector(".orc-bar")?.classList.add("is-on"));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", prepare);
  else prepare();
})();
