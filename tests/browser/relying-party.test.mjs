// The demo relying party of `vestibule dev`: consent, refusal, what is remembered, and signing out from there.
import assert from "node:assert/strict";
import { check, journey, press, signIn, under, useServer } from "./harness.mjs";

const server = useServer();
const start = async (page) => {
  await page.goto(server().demo);
  await press(page, page.getByRole("link", { name: /sign in|log in/i }).or(page.getByRole("button", { name: /sign in|log in/i })).first());
};
const answer = (page, name) => press(page, page.locator("main").getByRole("button", { name }).first());
const ALLOW = /allow|continue|accept/i;
const DENY = /deny|don.t|no\b|cancel/i;

async function toConsent(page) {
  const person = await server().person();
  await start(page);
  under(page, "/login");
  await check(page, "sign in for the demo");
  await signIn(page, person.email, person.password);
  under(page, "/consent");
  await check(page, "consent");
  return person;
}

journey("allow, and be remembered", async ({ page, another }) => {
  const person = await toConsent(page);
  await answer(page, ALLOW);
  assert.ok(page.url().startsWith("http://127.0.0.1"), page.url());
  assert.ok((await page.locator("body").innerText()).includes(person.email), "the demo shows the e-mail claim");
  await check(page, "demo signed in");
  await page.context().clearCookies({ domain: "127.0.0.1" });
  await start(page);
  assert.ok((await page.locator("body").innerText()).includes(person.email), "no second question");
  const elsewhere = await another();
  await start(elsewhere);
  await signIn(elsewhere, person.email, person.password);
  assert.ok(elsewhere.url().startsWith("http://127.0.0.1"), "remembered for the person, not the browser");
});

journey("deny", async ({ page }) => {
  await toConsent(page);
  await answer(page, DENY);
  assert.ok(page.url().startsWith("http://127.0.0.1"), page.url());
  assert.match(await page.locator("body").innerText(), /access_denied|denied|not allow/i);
});

journey("revoke, and be asked again", async ({ page }) => {
  await toConsent(page);
  await answer(page, ALLOW);
  await page.goto(`${server().url}/account/apps`);
  await check(page, "account apps");
  await press(page, page.locator("main form button").first());
  await page.context().clearCookies({ domain: "127.0.0.1" });
  await start(page);
  under(page, "/consent");
});

journey("sign out from the application", async ({ page }) => {
  await toConsent(page);
  await answer(page, ALLOW);
  await press(page, page.getByRole("link", { name: /sign out|log out/i }).or(page.getByRole("button", { name: /sign out|log out/i })).first());
  if (page.url().startsWith(server().url)) {
    await check(page, "sign out asked by the demo");
    await press(page, page.locator("main form button").first());
  }
  assert.ok(page.url().startsWith("http://127.0.0.1"), "back at the application");
  await page.goto(`${server().url}/account`);
  under(page, "/login");
});
