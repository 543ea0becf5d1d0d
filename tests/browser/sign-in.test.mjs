import assert from "node:assert/strict";
import { at, check, field, journey, press, signIn, refused, submit, under, useServer } from "./harness.mjs";

const server = useServer();

const signedIn = async (page) => {
  await page.goto(`${server().url}/account`);
  return new URL(page.url()).pathname.startsWith("/account");
};

journey("sign in, first with a wrong password", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await check(page, "sign in");
  await signIn(page, person.email, "not the password");
  assert.match(await page.title(), /^Error:/);
  assert.equal(await field(page, "password").inputValue(), "", "a secret is not kept");
  await check(page, "sign in, refused");
  await submit(page, { password: person.password });
  under(page, "/account");
  await check(page, "account after sign in");
});

journey("sign in by username", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await signIn(page, person.username, person.password);
  under(page, "/account");
});

journey("an unknown address is refused with the same sentence as a wrong password", async ({ page, another }) => {
  const person = await server().person();
  const other = await another();
  const said = [];
  for (const [tab, name] of [[page, person.email], [other, server().address()]]) {
    await tab.goto(`${server().url}/login`);
    await signIn(tab, name, "not the password");
    said.push((await tab.locator("main").innerText()).replaceAll(name, "NAME").replace(/\b[A-Za-z0-9_-]{12,}\b/g, "ID"));
  }
  assert.equal(said[0], said[1]);
});

async function askForReset(page, email) {
  await page.goto(`${server().url}/login`);
  await field(page, "identifier").fill(email);
  await page.goto(`${server().url}/reset`);
  await check(page, "reset");
  await submit(page, { identifier: email });
  await check(page, "reset, look into your mail");
  return server().mail(email);
}

journey("reset the password by the mail's link", async ({ page }) => {
  const person = await server().person();
  const mail = await askForReset(page, person.email);
  await page.goto(mail.link);
  await check(page, "reset by link");
  if (!(await field(page, "password").isVisible())) await press(page, page.locator("main form button").first());
  await submit(page, { password: "another tram 17 quay" });
  assert.ok(!/^Error:/.test(await page.title()));
  await page.context().clearCookies();
  await page.goto(`${server().url}/login`);
  await signIn(page, person.email, "another tram 17 quay");
  under(page, "/account");
});

journey("reset the password by the mail's code", async ({ page }) => {
  const person = await server().person();
  const { code } = await askForReset(page, person.email);
  await submit(page, { code });
  await check(page, "reset, new password");
  await submit(page, { password: "another tram 17 quay" });
  await page.context().clearCookies();
  await page.goto(`${server().url}/login`);
  await signIn(page, person.email, person.password);
  assert.match(await page.title(), /^Error:/, "the old password is gone");
});

journey("a reset for an unknown address looks the same", async ({ page }) => {
  await page.goto(`${server().url}/reset`);
  await submit(page, { identifier: server().address() });
  assert.ok(await field(page, "code").isVisible());
});

journey("sign in with the keyboard alone", async ({ page, script }) => {
  const person = await server().person();
  const { keyboard } = page;
  await page.goto(`${server().url}/login`);
  await keyboard.press("Tab");
  await keyboard.type(person.email);
  await keyboard.press("Tab");
  await keyboard.type(person.password);
  if (script === "on") {
    const reveal = page.getByRole("button", { name: "Show password" });
    await keyboard.press("Tab");
    assert.ok(await reveal.evaluate((button) => button === document.activeElement));
    await keyboard.press("Space");
    assert.equal(await field(page, "password").getAttribute("type"), "text");
    assert.ok(await page.getByRole("button", { name: "Hide password" }).isVisible());
    await field(page, "password").focus();
  }
  const loaded = page.waitForURL(/account/);
  await keyboard.press("Enter");
  await loaded;
});

journey("Caps Lock is mentioned", async ({ page }) => {
  await page.goto(`${server().url}/login`);
  const type = (on) => field(page, "password").evaluate((input, on) => input.dispatchEvent(new KeyboardEvent("keydown", { key: "a", modifierCapsLock: on })), on);
  await type(true);
  assert.equal(await page.locator(".caps").innerText(), "Caps Lock is on");
  await check(page, "sign in, Caps Lock");
  await type(false);
  assert.equal(await page.locator(".caps").innerText(), "");
}, { scripts: ["on"] });

journey("sign out", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await signIn(page, person.email, person.password);
  await page.goto(`${server().url}/logout`);
  await check(page, "sign out");
  await press(page, page.locator("main form button").first());
  await check(page, "signed out");
  assert.equal(await signedIn(page), false);
});
