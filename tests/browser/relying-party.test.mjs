// The demo relying party of `vestibule dev`: consent, refusal, what is remembered, and signing out from there.
import assert from "node:assert/strict";
import { check, field, journey, language, press, refused, signIn, submit, under, useServer } from "./harness.mjs";

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

journey("sign up on the way to the application, with a slip in the address", async ({ page, script }) => {
  await start(page);
  await press(page, language(page, "Deutsch"));
  await press(page, language(page, "English"));
  await press(page, page.getByRole("link", { name: /create an account/i }));
  assert.match(await page.locator("main").innerText(), /Demo application/, "the way is kept over language and page");
  await submit(page, { email: server().address(), password: "harbour" });
  await press(page, language(page, "Deutsch")); // from a refused form, too
  await press(page, language(page, "English"));
  await submit(page, { email: server().address(), password: "violet tram 42 harbour" });
  await submit(page, { code: "wrong" });
  await press(page, language(page, "Deutsch"));
  await press(page, language(page, "English"));
  under(page, "/verify");
  await press(page, page.getByRole("link", { name: /another address/i }));
  const email = server().address();
  await submit(page, { email, password: "violet tram 42 harbour" });
  const { code } = await server().mail(email);
  if (script === "on") {
    const loaded = page.waitForURL(/consent/);
    await field(page, "code").pressSequentially(code); // the sixth digit sends it
    await loaded;
  } else await submit(page, { code });
  under(page, "/consent");
  await answer(page, ALLOW);
  assert.ok((await page.locator("body").innerText()).includes(email));
});

const request = (more) =>
  `${server().url}/oauth2/authorize?client_id=demo&response_type=code&scope=openid&state=s&nonce=n&code_challenge_method=S256` +
  `&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&redirect_uri=${encodeURIComponent(`${server().demo}/callback`)}&${more}`;

journey("prompt=login asks for the password again, and says when it is wrong", async ({ page }) => {
  const person = await toConsent(page);
  await answer(page, ALLOW);
  await page.goto(request("prompt=login"));
  await check(page, "sign in again");
  await submit(page, { password: "not the password" });
  await refused(page, "password");
  assert.ok(!(await field(page, "identifier").evaluate((input) => input.checkVisibility({ opacityProperty: true }))), "the person is not asked who they are");
  await check(page, "sign in again, refused");
  await submit(page, { password: person.password });
  assert.ok(page.url().startsWith(server().demo), page.url());
});

journey("response_mode=form_post", async ({ page, script }) => {
  await toConsent(page);
  await answer(page, ALLOW);
  if (script === "on") {
    const posted = page.waitForRequest((call) => call.method() === "POST" && call.url() === `${server().demo}/callback`);
    await page.goto(request("response_mode=form_post")).catch(() => {}); // the page leaves before it has loaded
    assert.match((await posted).postData(), /(^|&)code=.+&state=s&iss=/);
    return;
  }
  await page.goto(request("response_mode=form_post"));
  await check(page, "form post");
  await press(page, page.locator("main form button").first());
  assert.equal(page.url(), `${server().demo}/callback`);
});

journey("the cookies are lost on the way to the application", async ({ page, context }) => {
  const person = await server().person();
  await start(page);
  await context.clearCookies();
  await signIn(page, person.email, person.password);
  under(page, "/account");
  assert.match(await page.locator("[role=status]").first().innerText(), /go back to the application/i);
  await check(page, "account, the way is lost");
  await start(page);
  under(page, "/consent");
});
