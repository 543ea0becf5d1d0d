// Passkeys, with Chromium's virtual authenticator (https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/).
import assert from "node:assert/strict";
import { at, button, check, field, journey, press, signIn, submit, under, useServer } from "./harness.mjs";
import { wait } from "./server.mjs";

const server = useServer();
const strict = useServer({ settings: { VESTIBULE_SECOND_FACTOR__REQUIRED: "everyone" } });

/** An authenticator in the browser of `page`; nobody touches it until told. */
async function authenticator(page, options = {}) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: false, ...options },
  });
  const touch = (enabled) => devtools.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
  return {
    touch,
    keys: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    put: (credential) => devtools.send("WebAuthn.addCredential", { authenticatorId, credential }),
    remove: () => devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }),
    /** Somebody uses it while `deed` is done. */
    async used(deed) {
      await touch(true);
      await deed();
      await touch(false);
    },
  };
}

/** Somebody signed in with a password; the offer of a passkey is put off if it comes. */
async function enter(page, path = "/account/passkeys") {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await signIn(page, person.email, person.password);
  await page.goto(server().url + path);
  under(page, path);
  return person;
}

const signOut = async (page) => {
  await page.context().clearCookies();
  await page.goto(`${server().url}/account`);
  at(page, "/login");
};

const add = (page, device, name = /add a passkey/i) => device.used(() => press(page, button(page, name)));

journey("a passkey is added, named by its provider, renamed and removed", async ({ page }) => {
  const device = await authenticator(page);
  await enter(page);
  await check(page, "passkeys none");
  await add(page, device);
  at(page, "/account/passkeys");
  assert.equal((await device.keys()).length, 1);
  await check(page, "passkeys one");
  const name = await page.locator(".items h2").innerText();
  assert.match(name, /\w/);
  await page.locator(".items summary").click();
  await submit(page, { name: "Kitchen tablet" });
  assert.equal(await page.locator(".items h2").innerText(), "Kitchen tablet");
  // The device has one already, and the browser says so.
  await device.touch(true);
  await button(page, /add a passkey/i).click();
  await page.getByText("on this device already").waitFor();
  await device.touch(false);
  await press(page, button(page, /^remove/i));
  assert.equal(await page.locator(".items h2").count(), 0);
  await check(page, "passkeys removed");
}, { scripts: ["on"] });

journey("the button signs in, and cancelling is no error", async ({ page }) => {
  const device = await authenticator(page);
  await enter(page);
  await add(page, device);
  await signOut(page);
  await check(page, "sign in with passkey");
  await device.used(() => press(page, button(page, /with a passkey/i)));
  under(page, "/account");

  // Somebody who dismisses the browser's window stays, with every other way in place.
  await signOut(page);
  await page.evaluate(() => {
    navigator.credentials.get = () => Promise.reject(new DOMException("dismissed", "NotAllowedError"));
  });
  await button(page, /with a passkey/i).click();
  await wait(200);
  at(page, "/login");
  assert.equal((await page.locator("form[data-passkey] [role=status]").innerText()).trim(), "");
  assert.ok(await field(page, "password").isVisible());
}, { scripts: ["on"] });

journey("autofill signs in", async ({ page }) => {
  const device = await authenticator(page);
  await enter(page);
  await add(page, device);
  await signOut(page);
  assert.equal(await field(page, "identifier").getAttribute("autocomplete"), "username webauthn");
  await device.touch(true); // the person picks the passkey that autofill shows
  await page.goto(`${server().url}/login`);
  await page.waitForURL((url) => url.pathname.startsWith("/account"));
  await device.touch(false);
}, { scripts: ["on"] });

journey("one request at a time: autofill gives way to the button", async ({ page }) => {
  const device = await authenticator(page);
  await page.addInitScript(() => {
    window.__asked = [];
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (request) => {
      const note = { mediation: request.mediation ?? "modal", over: false };
      window.__asked.push({ ...note, others: window.__asked.filter((other) => !other.over).length });
      const entry = window.__asked.at(-1);
      const answer = get(request);
      answer.then(() => (entry.over = true), () => (entry.over = true));
      return answer;
    };
  });
  await page.goto(`${server().url}/login`);
  await page.waitForFunction(() => window.__asked.length === 1);
  await button(page, /with a passkey/i).click();
  await page.waitForFunction(() => window.__asked.length === 2);
  const asked = await page.evaluate(() => window.__asked);
  assert.deepEqual(asked.map(({ mediation, others }) => [mediation, others]), [["conditional", 0], ["modal", 0]]);
  // Nothing asks any more when a form is sent.
  await page.evaluate(() => {
    const form = document.querySelector("form[data-able]");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.noValidate = true;
    form.requestSubmit();
  });
  await page.waitForFunction(() => window.__asked.every(({ over }) => over));
  await device.remove();
}, { scripts: ["on"] });

journey("a passkey that was removed is refused plainly", async ({ page }) => {
  const device = await authenticator(page);
  await enter(page);
  await add(page, device);
  const [kept] = await device.keys();
  await press(page, button(page, /^remove/i));
  await signOut(page);
  if ((await device.keys()).length === 0) await device.put(kept); // another browser, that was not told
  await page.addInitScript(() => {
    window.__signals = [];
    if (window.PublicKeyCredential) PublicKeyCredential.signalUnknownCredential = async (about) => void window.__signals.push(about);
  });
  await device.used(() => press(page, button(page, /with a passkey/i)));
  at(page, "/login");
  await page.locator(".summary").waitFor();
  await page.waitForLoadState("load");
  assert.match(await page.title(), /^Error:/);
  assert.match(await page.locator(".summary").innerText(), /No account here has this passkey any more/);
  assert.ok(await field(page, "password").isVisible());
  const [signal] = await page.evaluate(() => window.__signals);
  assert.equal(signal.rpId, "localhost");
  await check(page, "sign in passkey unknown");
}, { scripts: ["on"] });

journey("a passkey is offered after the password, once", async ({ page }) => {
  const device = await authenticator(page);
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await page.locator("input[name=able]").waitFor({ state: "attached" });
  await signIn(page, person.email, person.password);
  at(page, "/account/passkeys/offer");
  await check(page, "passkey offer");
  await press(page, button(page, /not now/i));
  at(page, "/account");
  await signOut(page);
  await page.locator("input[name=able]").waitFor({ state: "attached" });
  await signIn(page, person.email, person.password);
  at(page, "/account");
  await page.goto(`${server().url}/account/passkeys/offer`);
  await add(page, device);
  at(page, "/account");
  assert.equal((await device.keys()).length, 1);
}, { scripts: ["on"] });

journey("a security key is added, and asked after the password", async ({ page, another }) => {
  const device = await authenticator(page, { transport: "usb", hasResidentKey: false, hasUserVerification: false, isUserVerified: false });
  const person = await enter(page);
  await add(page, device, /add a security key/i);
  at(page, "/account/security/recovery"); // a second factor, and so the codes for the day it is lost
  await press(page, button(page, /i have kept them/i));
  assert.equal(await page.locator("section .items h3").count(), 1);
  await check(page, "passkeys security key");
  await signOut(page);
  await signIn(page, person.email, person.password);
  at(page, "/login/second");
  await check(page, "second factor security key");
  await device.used(() => press(page, button(page, /continue/i)));
  under(page, "/account");
  const unscripted = await another({ javaScriptEnabled: false });
  await unscripted.goto(`${server().url}/login`);
  await signIn(unscripted, person.email, person.password);
  at(unscripted, "/login/second");
  assert.ok(await unscripted.getByText("needs JavaScript").isVisible());
  assert.equal(await button(unscripted, /continue/i).count(), 0);
}, { scripts: ["on"] });

journey("a page that was open for long still works", async ({ page }) => {
  const device = await authenticator(page);
  await enter(page);
  await add(page, device);
  await signOut(page);
  const before = await page.locator("form[data-passkey] [name=state]").inputValue();
  await page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 280_000;
  });
  await field(page, "identifier").blur();
  await field(page, "identifier").focus();
  await page.waitForFunction((before) => document.querySelector("form[data-passkey] [name=state]").value !== before, before);
  await device.used(() => press(page, button(page, /with a passkey/i)));
  under(page, "/account");
}, { scripts: ["on"] });

journey("without script the other ways stand there", async ({ page }) => {
  await page.goto(`${server().url}/login`);
  assert.equal(await button(page, /with a passkey/i).count(), 0);
  assert.ok(await field(page, "password").isVisible());
  await enter(page);
  await check(page, "passkeys without script");
  assert.equal(await button(page, /add a passkey/i).count(), 0);
  assert.ok(await page.getByText("needs JavaScript").isVisible());
}, { scripts: ["off"] });

journey("a browser without passkeys says so", async ({ page }) => {
  await page.addInitScript(() => {
    delete window.PublicKeyCredential;
  });
  await page.goto(`${server().url}/login`);
  assert.ok(!(await page.locator("form[data-passkey]").isVisible()));
  await enter(page);
  assert.ok(await page.getByText("cannot make passkeys").isVisible());
  assert.ok(!(await button(page, /add a passkey/i).isVisible()));
}, { scripts: ["on"] });

for (const [name, pressed, options] of [
  ["passkey", /add a passkey/i, {}],
  ["security key", /add a security key/i, { transport: "usb", hasResidentKey: false, hasUserVerification: false, isUserVerified: false }],
]) {
  journey(`a required second step is set up with a ${name}`, async ({ page }) => {
    const device = await authenticator(page, options);
    const person = await strict().person();
    const enter = async () => {
      await page.goto(`${strict().url}/login`);
      await signIn(page, person.email, person.password);
    };
    await enter();
    at(page, "/login/enrol");
    await check(page, "enrol with keys");
    await add(page, device, pressed);
    assert.equal(await page.locator(".codes code").count(), 10);
    await press(page, button(page, /i have kept them/i));
    at(page, "/account");
    await page.context().clearCookies();
    await enter();
    at(page, "/login/second");
    await device.used(() => press(page, button(page, /continue/i)));
    at(page, "/account");
  }, { scripts: ["on"] });
}
