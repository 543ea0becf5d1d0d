// Through other providers: there and back, whatever is still missing then, and the identities that an account is connected with.
// The providers are the five that `vestibule dev` stands in for.
import assert from "node:assert/strict";
import { at, button, check, field, journey, press, refused, signIn, signOut, submit, under, useServer } from "./harness.mjs";

const server = useServer();
const PASSWORD = "violet tram 42 harbour";
const PROVIDERS = [["google", "Google"], ["github", "GitHub"], ["facebook", "Facebook"], ["twitter", "Twitter"], ["discord", "Discord"]];
const NARROW = { width: 320, height: 640 };

const open = (page, path, to = server()) => page.goto(to.url + path);
const main = (page) => page.locator("main").innerText();
const notice = (page) => page.locator("main [role=status]:not(form *)").first();
const continueWith = (page, name) => page.getByRole("button", { name: new RegExp(`^(continue|weiter) (with|mit) ${name}`, "i") });
const isThere = (page, id) => new URL(page.url()).pathname.startsWith(`/${id}/`);

/** Presses a button that leads to a provider: there is a page of ours between, which goes on by itself. */
async function leave(page, pressed, id, key = "") {
  const there = page.waitForURL((url) => url.pathname.startsWith(`/${id}/`));
  await (key ? pressed.press(key) : pressed.click());
  await there;
  await page.waitForLoadState("load");
}

/** To the provider of this name, from a page of ours with its button. */
const goTo = (page, name) => leave(page, continueWith(page, name), PROVIDERS.find(([, other]) => other === name)[0]);

/** At the provider: somebody who is known there by this address, and what goes otherwise. Ends on our page. */
async function be(page, email, quirk = "none") {
  await field(page, "person").selectOption("somebody");
  await field(page, "email").fill(email);
  await field(page, "quirk").selectOption(quirk);
  await press(page, button(page, /^(continue|weiter)$/i));
}

async function giveUp(page) {
  await press(page, button(page, /^(cancel|abbrechen)$/i));
}

/** The address page, and the code that follows. */
async function proveAddress(page, email, to = server()) {
  at(page, "/login/address");
  await submit(page, { email });
  at(page, "/verify");
  await submit(page, { code: (await to.mail(email)).code });
}

const identities = async (page) => {
  await open(page, "/account/identities");
  return page.locator(".items > li h2").allInnerTexts();
};

for (const [id, name] of PROVIDERS) {
  for (const path of ["/signup", "/login"]) {
    journey(`continue with ${name} from ${path}, and once more`, async ({ page }) => {
      const email = server().address();
      await open(page, path);
      assert.equal(await continueWith(page, name).locator("svg").getAttribute("aria-hidden"), "true");
      await goTo(page, name);
      await check(page, `stand-in ${id}`);
      await be(page, email);
      // Google vouches for addresses that it hosts, Facebook for none.
      if (id === "google" || id === "facebook") {
        await check(page, `address ${id}`);
        assert.equal(await field(page, "email").inputValue(), email, "typed once is enough");
        await proveAddress(page, email);
      }
      at(page, "/account");
      assert.ok((await main(page)).includes(email));
      assert.deepEqual(await identities(page), [name]);

      await signOut(page);
      await open(page, path);
      const used = page.locator(".provider").filter({ hasText: /last used/i });
      assert.match(await used.innerText(), new RegExp(`continue with ${name}\\s+\\(?last used`, "i"));
      assert.equal(await used.count(), 1);
      assert.deepEqual(await page.locator(".provider > span").evaluateAll((all) => all.map((one) => one.firstChild.data.trim())), PROVIDERS.map(([, each]) => `Continue with ${each}`), "the order is stable");
      await check(page, `${path} used ${id}`);
      await goTo(page, name);
      await be(page, email);
      at(page, "/account");
    });
  }
}

journey("the page on the way has a link, should the browser not go on by itself", async ({ page }) => {
  await page.route(/\/twitter\//, (route) => route.fulfill({ status: 204 })); // the browser stays where it is
  await open(page, "/login");
  await press(page, continueWith(page, "Twitter"));
  at(page, "/connect/twitter");
  await check(page, "on the way");
  await page.unroute(/\/twitter\//);
  await press(page, page.getByRole("link", { name: /twitter/i }));
  assert.ok(isThere(page, "twitter"), page.url());
  await open(page, "/connect/twitter");
  at(page, "/login");
});

for (const [id, name] of PROVIDERS) {
  journey(`cancelled at ${name}: back, and another way works`, async ({ page }) => {
    const person = await server().person();
    await open(page, "/login");
    await field(page, "identifier").fill(person.email);
    await goTo(page, name);
    await giveUp(page);
    at(page, "/login");
    assert.ok((await notice(page).innerText()).includes(name));
    assert.equal(await field(page, "identifier").inputValue(), person.email, "typed once is enough");
    await check(page, `cancelled ${id}`);
    await submit(page, { password: person.password });
    at(page, "/account");
  });
}

for (const [quirk, name, words] of [["down", "GitHub", /does not answer/i], ["slow", "Discord", /does not answer/i], ["html", "Facebook", /could not be used/i], ["expired", "Google", /could not be used/i], ["mix_up", "GitHub", /could not be used/i]]) {
  journey(`${name} is of no use: ${quirk}`, async ({ page, context }) => {
    context.setDefaultTimeout(30_000); // as long as people wait for a slow answer
    await open(page, "/login");
    await goTo(page, name);
    await be(page, server().address(), quirk);
    at(page, "/login");
    assert.match(await notice(page).innerText(), words);
    await check(page, `of no use ${quirk}`);
    await goTo(page, name);
    await be(page, `${server().address().split("@")[0]}@workspace.example`);
    if (name === "Facebook") return at(page, "/login/address");
    at(page, "/account");
  });
}

journey("an address that the provider does not vouch for, or does not have", async ({ page }) => {
  await open(page, "/signup");
  await goTo(page, "Twitter");
  await be(page, server().address(), "no_email");
  at(page, "/login/address");
  assert.equal(await field(page, "email").inputValue(), "");
  await check(page, "address empty");
  await submit(page, { email: "ana@" });
  await refused(page, "email");
  assert.equal(await field(page, "email").inputValue(), "ana@");
  await check(page, "address refused");
  const email = server().address();
  await submit(page, { email });
  at(page, "/verify");
  await check(page, "address code");
  await submit(page, { code: "000" });
  await refused(page, "code");
  await submit(page, { code: (await server().mail(email)).code });
  at(page, "/account");
  assert.deepEqual(await identities(page), ["Twitter"]);
});

const toDemo = async (page) => {
  await page.goto(server().demo);
  await press(page, page.getByRole("link", { name: /sign in/i }).or(page.getByRole("button", { name: /sign in/i })).first());
};

journey("through a provider to the application, after one was given up", async ({ page }) => {
  await toDemo(page);
  await goTo(page, "Discord");
  await giveUp(page);
  assert.match(await main(page), /Demo application/, "the way is kept");
  await check(page, "cancelled for the demo");
  const email = server().address();
  await goTo(page, "GitHub");
  await be(page, email);
  under(page, "/consent");
  await check(page, "consent after a provider");
  await press(page, button(page, /allow|continue/i));
  assert.ok(page.url().startsWith("http://127.0.0.1"), page.url());
  assert.ok((await page.locator("body").innerText()).includes(email));
});

journey("through a provider and the address page to the application", async ({ page }) => {
  await toDemo(page);
  await press(page, page.getByRole("link", { name: /create an account/i }));
  const email = server().address();
  await goTo(page, "Facebook");
  await be(page, email);
  await check(page, "address for the demo");
  await proveAddress(page, email);
  under(page, "/consent");
  await press(page, button(page, /allow|continue/i));
  assert.ok((await page.locator("body").innerText()).includes(email));
});
