/* What the pages gain where scripts run: keys, drafts, and picking from what htmx brought.
   Every page works without this file. */
(() => {
  "use strict";

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const dialog = one("#keys");
  const ROWS = "main tbody th a, main .rows li > a:first-child, main .lane-title";
  const OFF = "nomaybe:keys-off";

  /* Keys. A list is moved in by moving the focus, so that Enter opens as it does anywhere. */
  const here = () => document.activeElement.closest("tr, li, .lane-card");
  const linkOf = (row) => row && one("th a, a", row);

  function move(step) {
    const links = all(ROWS).filter((link) => link.offsetParent);
    const at = links.indexOf(linkOf(here()));
    const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  }

  function focus(element, how) {
    element?.focus(how);
    return Boolean(element);
  }

  const rowOfAsk = () => {
    const link = linkOf(here());
    return link && link.pathname.startsWith("/asks/") ? link : null;
  };

  function open(part) {
    const link = rowOfAsk();
    if (link) location.assign(link.pathname + part);
  }

  function tick() {
    const box = here() && one('[name="ask_id"]', here());
    if (box) box.checked = !box.checked;
  }

  function triage() {
    const many = one("#bulk select");
    if (!many) {
      if (!focus(one("#triage select"))) open("#triage");
      return;
    }
    if (!one('[name="ask_id"]:checked')) tick();
    focus(many);
  }

  const answer = (how) =>
    focus(one('#answer [name="kind"]:checked') || one('#answer [name="kind"]'), how);

  const KEYS = {
    n: () => one("[data-key=n]")?.click(),
    "/": () => focus(one("#top-q")),
    j: () => move(1),
    k: () => move(-1),
    x: tick,
    a: () => answer() || open("#answer"),
    t: triage,
    "?": () => dialog.showModal(),
  };

  function typing(element) {
    return element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, dialog");
  }

  document.addEventListener("keydown", (event) => {
    const deed = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
    const chord = event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
    if (!deed || chord || typing(event.target) || localStorage.getItem(OFF)) return;
    event.preventDefault();
    deed();
  });

  if (dialog) {
    const box = one("#keys-on", dialog);
    box.checked = !localStorage.getItem(OFF);
    box.addEventListener("change", () => {
      if (box.checked) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "yes");
    });
    const button = one("[data-keys]");
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }

  // Not before the browser itself has gone to the fragment, which takes the focus away.
  addEventListener("load", () => {
    if (location.hash === "#answer") answer({ preventScroll: true });
    if (location.hash === "#triage") focus(one("#triage select"), { preventScroll: true });
  });

  /* The draft of an ask lives in this tab only, and goes with the ask or with whoever signs out. */
  const DRAFT = "nomaybe:draft:";
  const form = one("form[data-draft]");
  let deal = "";
  const forget = () => {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(DRAFT)) sessionStorage.removeItem(key);
    }
  };

  if (new URLSearchParams(location.search).get("notice") === "logged") forget();
  one('form[action="/sign-out"]')?.addEventListener("submit", forget);

  function restore(kept) {
    let wanted = false;
    for (const [name, value] of kept) {
      if (name === "opportunity_id") {
        deal = value; // chosen once it is offered
        continue;
      }
      const field = form.elements.namedItem(name);
      if (field && field.value !== value) {
        field.value = value;
        wanted = true;
      }
    }
    return wanted;
  }

  if (form) {
    const key = DRAFT + form.dataset.draft;
    const kept = sessionStorage.getItem(key);
    const fresh = !location.search && form.dataset.fresh === "yes";
    if (kept && fresh && restore(JSON.parse(kept))) {
      const note = one("[data-draft-note]");
      note.hidden = false;
      one("button", note).addEventListener("click", () => {
        forget();
        location.reload();
      });
    }
    form.addEventListener("input", () => {
      sessionStorage.setItem(key, JSON.stringify([...new FormData(form)]));
    });
    // htmx listens from DOMContentLoaded on, and its listener was there before this one.
    document.addEventListener("DOMContentLoaded", () => {
      for (const field of all("#account, #title", form)) {
        const known = field.id === "account" && field.value === field.defaultValue;
        if (field.value && !known) field.dispatchEvent(new CustomEvent("filled", { bubbles: true }));
      }
    });
  }

  /* A feature among the similar ones is picked into the field that is sent. */
  function pick(button) {
    const select = one("#feature_id");
    const chosen = select.value === button.dataset.pick ? "" : button.dataset.pick;
    if (chosen && !all("option", select).some((option) => option.value === chosen)) {
      select.add(new Option(button.dataset.title, chosen));
    }
    select.value = chosen;
    select.dispatchEvent(new Event("input", { bubbles: true }));
    press();
  }

  function press() {
    const chosen = one("#feature_id")?.value;
    for (const each of all("[data-pick]")) {
      each.setAttribute("aria-pressed", String(each.dataset.pick === chosen));
    }
  }

  /* The straight wording replaces the phrase where it stands; places count code points. What it
     leaves to be said, such as <date>, is selected, so that one goes on by typing it. */
  function straighten(button) {
    const field = one(`#${button.closest("[data-reads]").dataset.reads}`);
    const text = [...field.value];
    const phrase = [...button.dataset.phrase];
    const start = Number(button.dataset.start);
    if (text.slice(start, start + phrase.length).join("") !== button.dataset.phrase) return;
    text.splice(start, phrase.length, button.dataset.straight);
    field.value = text.join("");
    field.focus();
    const blank = /<[a-z ]+>/.exec(button.dataset.straight);
    if (blank) {
      const from = text.slice(0, start).join("").length + blank.index;
      field.setSelectionRange(from, from + blank[0].length);
    }
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* The words of the guide follow the reason, as long as nobody has changed them. */
  function follow(select) {
    const field = one(select.id === "basis-yes" ? "#message_yes" : "#message_no");
    const known = all("p", one("#wordings").content);
    const words = (each) => each?.textContent ?? "";
    if (field.value && !known.some((each) => words(each) === field.value)) return;
    field.value = words(known.find((each) => each.dataset.basis === select.value));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* What was wrong with the answer is said until one begins to mend it. */
  function mended(field) {
    one("[data-until=input]", field.form)?.remove();
    field.closest(".field")?.querySelector(".fault")?.remove();
    field.removeAttribute("aria-invalid");
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.pick) pick(button);
    if (button?.dataset.straight !== undefined) straighten(button);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "feature_id") press();
    if (event.target.matches("#answer select[name=basis]")) follow(event.target);
  });
  one("#answer")?.addEventListener("input", (event) => mended(event.target));

  /* Browsers let pages copy over a safe connection alone. */
  for (const button of all("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    });
  }

  /* Of a session that ended, the door must not be shown within a form. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const from = new URL(event.detail.xhr.responseURL || location.href);
    if (from.pathname.startsWith("/sign-in")) event.detail.shouldSwap = false;
    deal = one("#opportunity_id")?.value || deal;
  });
  document.addEventListener("htmx:afterSwap", () => {
    press();
    const deals = one("#opportunity_id");
    if (deal && all("option", deals).some((option) => option.value === deal)) {
      deals.value = deal;
      deal = "";
    }
  });
})();
