// Passkeys. A form with data-passkey carries what to ask the authenticator; the answer goes back in the form like anything typed.
"use strict";

{
  const FRESH = 240_000; // milliseconds; the server takes an answer for five minutes
  const supported = Boolean(window.PublicKeyCredential && navigator.credentials);

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => {
    const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  // The options as the browser wants them: bytes instead of base64url.
  const options = (form) => {
    const asked = JSON.parse(form.dataset.options);
    asked.challenge = bytes(asked.challenge);
    if (asked.user) asked.user.id = bytes(asked.user.id);
    for (const list of [asked.allowCredentials, asked.excludeCredentials]) {
      for (const credential of list ?? []) credential.id = bytes(credential.id);
    }
    return asked;
  };

  const answer = ({ id, rawId, type, response }, results) => {
    const fields = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) fields[name] = text(response[name]);
    }
    if (response.getTransports) fields.transports = response.getTransports();
    const { credProps } = results;
    return JSON.stringify({ id, rawId: text(rawId), type, response: fields, clientExtensionResults: credProps ? { credProps } : {} });
  };

  // One request at a time: browsers refuse a second one while autofill waits.
  let controller;
  let pending = Promise.resolve();
  const stop = () => controller?.abort();
  const ask = async (form, mediation) => {
    stop();
    await pending;
    controller = new AbortController();
    const request = { publicKey: options(form), signal: controller.signal, ...(mediation && { mediation }) };
    const asked = form.dataset.passkey === "create" ? navigator.credentials.create(request) : navigator.credentials.get(request);
    pending = asked.then(() => {}, () => {});
    return asked;
  };

  const send = (form, credential) => {
    form.elements.credential.value = answer(credential, credential.getClientExtensionResults());
    const remember = document.getElementById("remember");
    if (remember && form.elements.remember) form.elements.remember.value = remember.checked ? "true" : "";
    form.submit();
  };

  // A page that has been open for long gets another challenge, from where it came.
  const made = new Map();
  const refresh = async (form) => {
    if (Date.now() - made.get(form) < FRESH) return false;
    const page = new DOMParser().parseFromString(await (await fetch(form.dataset.again)).text(), "text/html");
    const fresh = page.querySelector(`form[action="${form.getAttribute("action")}"][data-passkey="${form.dataset.passkey}"]`);
    if (!fresh) return false;
    form.dataset.options = fresh.dataset.options;
    form.elements.state.value = fresh.elements.state.value;
    made.set(form, Date.now());
    return true;
  };

  // Before whatever is sent: nothing may ask any more on a page that is left.
  document.addEventListener("submit", stop, true);

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!supported) {
      form.hidden = true;
      continue;
    }
    form.classList.add("on");
    made.set(form, Date.now());
    const note = form.querySelector("[role=status]");
    form.addEventListener("submit", async (event) => {
      if (event.submitter?.name) return; // "not now" is an answer without a passkey
      event.preventDefault();
      note.textContent = "";
      try {
        await refresh(form);
        send(form, await ask(form));
      } catch (error) {
        // Who cancels knows it. The browser says no more about it either, so that pages cannot tell who has a passkey.
        if (error.name === "NotAllowedError" || error.name === "AbortError") return;
        note.textContent = error.name === "InvalidStateError" ? note.dataset.exists : note.dataset.failed;
      }
    });
  }
  for (const hint of document.querySelectorAll("[data-unsupported]")) hint.hidden = supported;
  for (const hint of document.querySelectorAll(".unscripted")) hint.hidden = true;

  const autofill = document.querySelector("form[data-autofill]");
  const field = document.querySelector("input[autocomplete~=webauthn]");
  if (supported && autofill && field) {
    const wait = () => ask(autofill, "conditional").then((credential) => credential && send(autofill, credential)).catch(() => {});
    PublicKeyCredential.isConditionalMediationAvailable?.().then((can) => {
      if (!can) return;
      wait();
      field.addEventListener("focus", () => refresh(autofill).then((fresh) => { if (fresh) wait(); }).catch(() => {}));
    });
  }

  // Whether it makes sense to offer a passkey after this sign-in.
  const able = document.querySelector("form[data-able]");
  if (supported && able) {
    PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().then((can) => {
      if (!can) return;
      const said = Object.assign(document.createElement("input"), { type: "hidden", name: "able", value: "passkey" });
      able.append(said);
    });
  }

  // What the browser's list of passkeys should know (WebAuthn Level 3 section 5.1.10).
  for (const { dataset } of document.querySelectorAll("[data-signal]")) {
    if (supported) PublicKeyCredential[dataset.signal]?.(JSON.parse(dataset.about)).catch(() => {});
  }
}
