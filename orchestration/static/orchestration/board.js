/* What the board does beyond links and forms: it saves while somebody types, moves parts by drag and by key. Everything works without it.
   The form in which somebody types is never replaced: the page that an answer brings is taken apart, and only what stands around the form
   is put in its place. */
(() => {
  "use strict";
  const SAVE_MS = 600, AGAIN_MS = 5000;
  const AROUND = ["orc-toolbar", "orc-settings", "orc-board", "orc-problems", "orc-newer", "orc-panel-told"];
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const say = (words) => { const live = document.getElementById("orc-live"); if (live) live.textContent = words; };

  /* ---- Saved as it is typed ---- */
  let timer = 0, saving = null, edits = 0, isOfAnotherShape = false;  // the last: another flow was chosen, and its fields are not there yet
  document.addEventListener("input", (event) => { if (event.target.closest?.("[data-orc-autosave]")) edits += 1; });
  const panel = () => document.querySelector("[data-orc-autosave]");
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("[data-orc-autosave]");
    if (!form || form.querySelector("fieldset[disabled].orc-fields")) return;
    edits += 1;
    isOfAnotherShape ||= event.target.dataset.orcReshape !== undefined;
    later(form, isOfAnotherShape || /-mode$|-kind$/.test(event.target.name || "") ? 0 : SAVE_MS);
  });
  document.addEventListener("click", (event) => {
    const form = event.target.closest?.("[data-orc-remove]")?.closest("[data-orc-autosave]");
    if (form) later(form, SAVE_MS);
  });
  function later(form, wait) {
    clearTimeout(timer);
    timer = setTimeout(() => save(form), wait);
  }

  /* One save at a time; each sends what the form says when its turn comes. Whether all of it was taken. */
  async function save(form) {
    clearTimeout(timer);
    while (saving) await saving;
    if (!document.contains(form)) return true;
    saving = send(form);
    const ok = await saving;
    saving = null;
    return ok;
  }

  async function send(form) {
    const saved = document.getElementById("orc-saved"), seen = edits;
    let answer, fresh;
    try {
      answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "HX-Request": "true" } });
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!fresh.getElementById("orc-builder")) throw new Error(String(answer.status));
    } catch {
      if (saved) saved.textContent = saved.dataset.orcOffline;
      later(form, AGAIN_MS);
      return false;
    }
    if (document.contains(form)) take(form, fresh, answer, seen);
    return answer.ok;
  }

  function take(form, fresh, answer, seen) {
    const their = fresh.querySelector("[data-orc-autosave]"), used = using(".orc-builder-main"), at = (one) => new URL(one.getAttribute("action"), location.href).searchParams.get("at");
    for (const id of AROUND) {
      const old = document.getElementById(id), now = fresh.getElementById(id);
      if (old && now) old.replaceWith(document.adoptNode(now));
    }
    goOn(used, at(form), their ? at(their) : "");
    if (their) {
      const basis = their.querySelector("input[name=basis]").value;
      if (answer.status === 409) form.dataset.orcTheirs = basis;  // “Save” puts mine in its place; by itself nothing does
      else for (const one of all("input[name=basis]")) one.value = basis;
      form.setAttribute("action", their.getAttribute("action"));
      for (const name of ["orcCheck", "orcReadable"]) form.dataset[name] = their.dataset[name];
      told(form, their);
      if (isOfAnotherShape && edits === seen) reform(form, their);
      else if (isOfAnotherShape) later(form, 0);  // something was typed meanwhile: it is saved first
    }
    if (answer.ok) {
      if (edits === seen) delete form.dataset.orcDirty;
      const at = new URL(answer.url).searchParams.get("at"), here = new URL(location.href);
      if (at && here.searchParams.get("at") !== at) { here.searchParams.set("at", at); history.replaceState(history.state, "", here); }
    }
    const saved = document.getElementById("orc-saved"), words = fresh.getElementById("orc-saved");
    if (saved && words) saved.textContent = answer.ok ? words.textContent : saved.dataset.orcPartly;
    prepare();
  }

  /* What takes the place of something that somebody is using goes on where they are: open menus, begun names, the focus and the caret. */
  const address = (one) => (one.closest("[id^='part-']")?.id || "part-").slice("part-".length);
  const sign = (one) => [address(one), one.tagName, one.className, one.name, one.matches("button") ? one.value : "", one.getAttribute("href")].join(" ");
  const inputs = (box) => all("input:not([type=hidden])", box);
  const caret = (one) => (typeof one.selectionStart === "number" ? [one.selectionStart, one.selectionEnd] : null);
  function focus(one, at) {
    one?.focus({ preventScroll: true });
    if (at) one?.setSelectionRange(...at);
  }
  function using(places) {
    const on = document.activeElement;
    return {
      open: all(".orc-board details[open]").map((box) => [sign(box), inputs(box).map((one) => [one.value, one.checked])]),
      focused: on?.closest(places) ? sign(on) : "", caret: caret(on),
    };
  }
  function goOn(used, was = "", is = "") {
    const now = (text) => (was === is ? text : text.replace(new RegExp(`(^|at=)${was}(?=[ &]|$)`, "g"), `$1${is}`));
    const found = (kind, text) => all(`.orc-builder-main ${kind}`).find((one) => sign(one) === now(text));
    for (const [text, typed] of used.open) {
      const box = found("details", text);
      if (!box) continue;
      if (!box.open) { box.dataset.orcReopened = ""; box.open = true; }
      inputs(box).forEach((one, index) => { if (typed[index]) [one.value, one.checked] = typed[index]; });
    }
    if (used.focused) focus(found("*", used.focused), used.caret);
  }

  /* What is wrong with a field, and what is to be thought of, beside it. */
  function told(form, their) {
    for (const field of all("[data-orc-field]", form)) {
      const other = their.querySelector(`[data-orc-field="${field.dataset.orcField}"]`);
      for (const kind of [".orc-error", ".orc-hint"]) {
        field.querySelector(`:scope > ${kind}, :scope > fieldset > ${kind}`)?.remove();
        const now = other?.querySelector(`:scope > ${kind}, :scope > fieldset > ${kind}`);
        if (now) field.querySelector(":scope > .orc-said")?.before(document.adoptNode(now));
      }
      field.classList.toggle("has-error", Boolean(field.querySelector(".orc-error")));
    }
    const title = document.getElementById("orc-panel-title"), now = their.closest("#orc-panel")?.querySelector("#orc-panel-title");
    if (title && now) title.textContent = now.textContent;
    const name = form.querySelector("input[name=api_name]"), theirs = their.querySelector("input[name=api_name]");
    if (name && theirs && document.activeElement !== name) name.value = theirs.value;
  }

  /* Another flow has other inputs: the fields are taken anew, and the focus goes back to where it was. */
  function reform(form, their) {
    isOfAnotherShape = false;
    const { id } = document.activeElement, place = caret(document.activeElement);
    form.querySelector("fieldset.orc-fields").replaceWith(document.adoptNode(their.querySelector("fieldset.orc-fields")));
    if (id) focus(document.getElementById(id), place);
    document.dispatchEvent(new CustomEvent("orc:reformed"));
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches?.("[data-orc-autosave]")) return;
    clearTimeout(timer);
    if (form.dataset.orcTheirs) form.elements.basis.value = form.dataset.orcTheirs;
  }, true);

  /* Nothing else is opened before what is typed is saved. */
  document.addEventListener("htmx:confirm", (event) => {
    const form = panel();
    if (!form || form.dataset.orcDirty === undefined || event.target === form || form.contains(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const all_saved = async () => { let ok = true; while (ok && document.contains(form) && form.dataset.orcDirty !== undefined) ok = await save(form); return ok; };
    all_saved().then((ok) => { if (ok || !document.contains(form)) { delete form.dataset.orcDirty; event.detail.issueRequest(true); } else form.querySelector(".orc-error")?.scrollIntoView({ block: "center" }); });
  }, true);

  /* ---- Moved by drag ---- */
  function prepare() {
    if (!window.Sortable) return;
    for (const list of all("[data-orc-sort]")) {
      if (list.dataset.orcSortable !== undefined) continue;
      list.dataset.orcSortable = "";
      const isStages = list.dataset.orcSort === "";
      new window.Sortable(list, {
        group: isStages ? "stages" : "steps", handle: "[data-orc-grip]", draggable: "[data-orc-part]", animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
        ghostClass: "is-ghost", filter: ".is-adding", onEnd: (event) => dropped(event, list),
      });
    }
  }
  function dropped({ item, to, from, newIndex, oldIndex }) {
    if (to === from && newIndex === oldIndex) return;
    const form = document.getElementById("orc-drop");
    let before = item.previousElementSibling;
    while (before && !before.dataset.orcPart) before = before.previousElementSibling;
    form.elements.part.value = item.dataset.orcPart;
    form.elements.inside.value = to.dataset.orcSort;
    form.elements.after.value = before?.dataset.orcPart || "";
    form.requestSubmit();
  }

  /* ---- Moved by key: Alt with the arrows; undo and redo ---- */
  document.addEventListener("keydown", (event) => {
    const card = event.target.closest?.("[data-orc-card], .orc-part-menu > summary");
    if (card && event.altKey && event.key.startsWith("Arrow")) {
      const holder = card.closest(".orc-column-head, .orc-step, .orc-routes li"), isStage = holder?.matches(".orc-column-head");
      const way = { ArrowUp: isStage ? "left" : "up", ArrowDown: isStage ? "right" : "down", ArrowLeft: "left", ArrowRight: "right" }[event.key];
      event.preventDefault();
      holder?.querySelector(`.orc-part-menu button[value="${way}"]:not(:disabled)`)?.click();
      return;
    }
    if (card && event.key === "Delete") {
      const menu = card.closest(".orc-column-head, .orc-step, .orc-routes li")?.querySelector(".orc-part-menu");
      if (menu) { event.preventDefault(); menu.open = true; menu.querySelector("button[value=remove]").focus(); }
      return;
    }
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches?.("input, textarea, select")) return;
    const button = document.querySelector(event.shiftKey ? "[data-orc-redo]" : "[data-orc-undo]");
    if (button && !button.disabled) { event.preventDefault(); button.click(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const menu = document.querySelector(".orc-board details[open], .orc-panel .orc-adding[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
    if (event.target.dataset?.orcComplete !== undefined) return;  // Escape is for its proposals, which may just be on their way
    if (document.querySelector("#orc-panel")?.contains(event.target)) document.querySelector("[data-orc-close]")?.click();
  });

  /* ---- One menu at a time; a new part's name can be typed at once ---- */
  document.addEventListener("toggle", (event) => {
    const box = event.target;
    if (!box.open || !box.matches?.(".orc-builder details.orc-menu, .orc-builder details.orc-adding")) return;
    for (const other of all(".orc-builder details.orc-menu[open], .orc-builder details.orc-adding[open]")) if (other !== box && !other.contains(box)) other.open = false;
    if (box.dataset.orcReopened !== undefined) delete box.dataset.orcReopened;
    else if (box.matches(".orc-adding")) box.querySelector("input[type=text]")?.focus();
  }, true);
  document.addEventListener("click", (event) => {
    for (const menu of all(".orc-part-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  let used = null;
  document.addEventListener("htmx:beforeSwap", (event) => { used = event.detail.requestConfig.verb === "get" ? using("details[open]") : null; });
  document.addEventListener("htmx:afterSettle", () => {
    prepare();
    if (used) goOn(used);
    used = null;
    const note = document.querySelector(".orc-notes .orc-note");
    if (note) say(note.textContent.trim());
    if (matchMedia("(min-width: 64rem)").matches) document.querySelector(".orc-board .is-current")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", prepare);
  else prepare();
})();
