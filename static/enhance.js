// Small conveniences; every page works without them.
"use strict";

const svg = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12z"/><circle cx="12" cy="12" r="3"/><path class="lid" d="M4 20 20 4"/></svg>';

// An element that screen readers announce when its text changes.
const status = (className) => {
  const element = document.createElement("p");
  element.className = className;
  element.setAttribute("role", "status");
  return element;
};

for (const input of document.querySelectorAll("input[data-show]")) {
  const { show, hide, shown, hidden, caps } = input.dataset;
  const field = input.closest(".field");

  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = svg;
  const said = status("away");
  const reveal = (open) => {
    input.type = open ? "text" : "password";
    button.setAttribute("aria-label", open ? hide : show);
    button.title = open ? hide : show;
    button.classList.toggle("open", open);
  };
  reveal(false);
  button.addEventListener("click", () => {
    const open = input.type === "password";
    reveal(open);
    said.textContent = open ? shown : hidden;
  });
  input.after(button, said);
  // Browsers only remember and fill real password fields.
  input.form?.addEventListener("submit", () => reveal(false));

  const note = status("caps");
  field.append(note);
  const look = (event) => {
    const on = event.getModifierState?.("CapsLock") ? caps : "";
    if (note.textContent !== on) note.textContent = on;
  };
  input.addEventListener("keydown", look);
  input.addEventListener("keyup", look);
  input.addEventListener("blur", () => { note.textContent = ""; });
}

// An answer to a form takes the place of the page that the form was on: whoever reloads it or comes back to it sees that page, and is not asked
// by the browser whether to send everything again.
if ("posted" in document.documentElement.dataset && document.referrer.startsWith(`${location.origin}/`)) {
  history.replaceState(null, "", document.referrer);
}

// What is pressed twice, or pressed while it goes by itself, goes once: of two answers the browser keeps the second, and
// the second time a code is spent. A page that history brings back starts anew, and so does one that got no answer.
const going = new Set();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method") !== "post" || event.defaultPrevented) return;
  if (going.has(form)) return event.preventDefault();
  going.add(form);
  setTimeout(() => going.delete(form), 5000);
});
addEventListener("pageshow", () => going.clear());

for (const input of document.querySelectorAll("input[data-busy]")) {
  // A code that was corrected, or comes back after a mistake, is sent by the person.
  let touched = input.value !== "";
  const note = status("away");
  input.after(note);
  input.addEventListener("input", (event) => {
    const digits = input.value.replace(/\D/g, "");
    touched ||= event.inputType?.startsWith("delete") ?? false;
    if (touched || digits.length !== 6) return;
    const value = input.value;
    note.textContent = input.dataset.busy;
    // Long enough for the announcement, and to notice a slip.
    setTimeout(() => {
      if (input.value === value) input.form.requestSubmit();
    }, 600);
  });
}

// "In 30 seconds" is true for that long; then there is a button.
for (const hint of document.querySelectorAll("[data-wait]")) {
  setTimeout(() => {
    hint.hidden = true;
    hint.closest("form").querySelector("button[hidden]").hidden = false;
  }, hint.dataset.wait * 1000);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const note = status("away");
  button.after(note);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    note.textContent = button.textContent = button.dataset.done;
  });
}

document.querySelector("[data-print]")?.addEventListener("click", () => print());

// An answer on its way to an application (OAuth form_post).
document.querySelector("form[data-submit]")?.requestSubmit();
