// Through other providers: there and back, whatever is still missing then, and the identities that an account is connected with.
// The providers are the five that `vestibule dev` stands in for.
import assert from "node:assert/strict";
import { at, button, check, field, journey, language, press, refused, signIn, signOut, submit, under, useServer } from "./harness.mjs";

const server = useServer();
const lax = useServer({ settings: { VESTIBULE_SIGNUP__VERIFY_EMAIL: "false" } });
const own = (id, name) => `[[providers]]\nid = "${id}"\nname = "${name}"\nclient_id = "c"\nclient_secret = "s"\nissuer = "https://${id}.example"\n`;
const many = useServer({ config: ["Acme", "Bolt", "Cork"].map((name) => own(name.toLowerCase(), name)).join("") });
const mobile = useServer({ settings: { VESTIBULE_SIGN_IN__WAYS: '["sms"]' } });
const PASSWORD = "violet tram 42 harbour";
const PROVIDERS = [["google", "Google"], ["github", "GitHub"], ["facebook", "Facebook"], ["twitter", "Twitter"], ["discord", "Discord"]];

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

/** An address nobody has used, which Google hosts and so vouches for. */
const hosted = () => server().address().replace(/@.*/, "@workspace.example");

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

const identities = async (page, to = server()) => {
  await open(page, "/account/identities", to);
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
      assert.deepEqual(await page.locator(".provider[formaction] > span").evaluateAll((all) => all.map((one) => one.firstChild.data.trim())), PROVIDERS.map(([, each]) => `Continue with ${each}`), "the order is stable");
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
  await continueWith(page, "Twitter").click(); // not press(): that waits until the page has moved on
  await page.getByRole("link", { name: /twitter/i }).waitFor();
  assert.match(await page.locator("h1").innerText(), /on the way to twitter/i);
  await check(page, "on the way");
  await page.unroute(/\/twitter\//);
  await press(page, page.getByRole("link", { name: /twitter/i }));
  assert.ok(isThere(page, "twitter"), page.url());
  await open(page, "/connect/twitter");
  at(page, "/login");
});

for (const [id, name] of PROVIDERS.filter(([id]) => ["github", "facebook"].includes(id))) {
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
    await be(page, hosted());
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
  await field(page, "email").evaluate((input) => (input.form.noValidate = true));
  await submit(page, { email: "ana@" });
  await refused(page, "email");
  assert.equal(await field(page, "email").inputValue(), "ana@");
  await check(page, "address refused");
  const email = server().address();
  await field(page, "email").fill(email);
  await press(page, language(page, "Deutsch"));
  at(page, "/login/address");
  assert.ok(!page.url().includes("example"), page.url());
  assert.equal(await field(page, "email").inputValue(), email, "typed once is enough");
  await press(page, language(page, "English"));
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

/** An application's request for a new proof of who one is. */
const again = (to = server()) =>
  `${to.url}/oauth2/authorize?client_id=demo&response_type=code&scope=openid&prompt=login&state=s&nonce=n&code_challenge_method=S256` +
  `&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&redirect_uri=${encodeURIComponent(`${to.demo}/callback`)}`;

const enter = async (page, person, to = server()) => {
  await open(page, "/login", to);
  await signIn(page, person.email, person.password);
  at(page, "/account");
};

const connect = (page, name, id) => leave(page, button(page, new RegExp(`^connect ${name}`, "i")), id);

journey("a provider that vouches for the address of an account leads into it", async ({ page, another }) => {
  const person = await server().person({ email: hosted() });
  await open(page, "/login");
  await goTo(page, "Google");
  await be(page, person.email);
  at(page, "/account");
  assert.ok((await main(page)).includes(person.email));
  const told = await server().mail(person.email, 15, (mail) => /google/i.test(mail.subject));
  assert.ok(told.links.some((link) => link.includes("/wasnt-me")));
  assert.deepEqual(await identities(page), ["Google"]);
  await check(page, "identities one");
  const elsewhere = await another();
  await enter(elsewhere, person);
});

journey("one that does not vouch for it does not, and its owner is told", async ({ page, another }) => {
  const person = await server().person();
  await open(page, "/login");
  await goTo(page, "Discord");
  await be(page, person.email, "unverified_email");
  at(page, "/login/address");
  await submit(page, { email: person.email });
  at(page, "/verify"); // as for an address that nobody has
  const told = await server().mail(person.email);
  assert.equal(told.code, undefined, "nobody comes in by this mail's code");
  await press(page, page.getByRole("link", { name: /another address/i }));
  const other = server().address();
  await proveAddress(page, other);
  at(page, "/account");
  assert.deepEqual(await identities(page), ["Discord"]);
  const owner = await another();
  await enter(owner, person);
  assert.deepEqual(await identities(owner), []);
});

journey("an account with a second step is entered as before, then connected; the step is asked after a provider, too", async ({ page }) => {
  const phone_number = server().number();
  const person = await server().person({ phone_number, phone_number_verified: true });
  const code = async () => (await server().sms(phone_number)).code;
  const second = async () => {
    at(page, "/login/second");
    await press(page, button(page, /send the code/i));
    await submit(page, { code: await code() });
  };
  await enter(page, person);
  await open(page, "/account/security");
  await press(page, button(page, /turn on: .*sms/i));
  at(page, "/account/security/recovery");
  await press(page, button(page, /i have kept them/i));
  await second();
  await signOut(page);

  await open(page, "/login");
  await goTo(page, "GitHub");
  await be(page, person.email);
  at(page, "/login/join");
  assert.equal(await button(page, /new account/i).count(), 0, "its address is proved");
  await check(page, "join");
  await press(page, button(page, /sign in to that account/i));
  at(page, "/login");
  assert.equal(await field(page, "identifier").inputValue(), person.email);
  await submit(page, { password: person.password });
  await second();
  at(page, "/login/connect");
  await check(page, "connect");
  await press(page, button(page, /^connect$/i));
  at(page, "/account");
  assert.deepEqual(await identities(page), ["GitHub"]);

  await signOut(page);
  await open(page, "/login");
  await goTo(page, "GitHub");
  await be(page, person.email);
  await second();
  at(page, "/account");
});

async function squatted(page, another, name) {
  const email = lax().address();
  const stranger = await another();
  await open(stranger, "/signup", lax());
  await submit(stranger, { email, password: PASSWORD });
  at(stranger, "/account");
  await open(page, "/login", lax());
  await goTo(page, name);
  await be(page, email);
  at(page, "/login/join");
  return email;
}

journey("an account with the same, unproved address is another's: a new one", async ({ page, another }) => {
  const email = await squatted(page, another, "GitHub");
  await check(page, "join unproved");
  await press(page, button(page, /new account/i));
  at(page, "/account");
  assert.ok((await main(page)).includes(email));
  assert.deepEqual(await identities(page, lax()), ["GitHub"]);
  const stranger = await another();
  await open(stranger, "/login", lax());
  await signIn(stranger, email, PASSWORD);
  await refused(stranger, "identifier");
});

journey("an account with the same, unproved address is one's own: not now, and then connected", async ({ page, another }) => {
  const email = await squatted(page, another, "Discord");
  const mine = async () => {
    await press(page, button(page, /sign in to that account/i));
    await submit(page, { password: PASSWORD });
    at(page, "/login/connect");
  };
  await mine();
  await press(page, button(page, /not now/i));
  at(page, "/account");
  assert.deepEqual(await identities(page, lax()), []);
  await signOut(page);
  await open(page, "/login", lax());
  await goTo(page, "Discord");
  await be(page, email);
  await mine();
  await press(page, button(page, /^connect$/i));
  at(page, "/account");
  assert.deepEqual(await identities(page, lax()), ["Discord"]);
});

journey("connect, connect another of the same provider, disconnect", async ({ page, another }) => {
  const person = await server().person();
  await enter(page, person);
  await press(page, page.getByRole("link", { name: "Sign-in services" }));
  at(page, "/account/identities");
  await check(page, "identities none");
  await connect(page, "Google", "google");
  await giveUp(page);
  at(page, "/account/identities");
  assert.equal(await notice(page).innerText(), "Nothing was connected. You cancelled at Google.");
  await check(page, "identities cancelled");

  const [first, second] = [server().address(), server().address()];
  for (const email of [first, second]) {
    await connect(page, "Google", "google");
    await be(page, email);
    at(page, "/account/identities");
  }
  assert.match(await notice(page).innerText(), /google account is connected/i);
  assert.deepEqual(await page.locator(".items > li h2").allInnerTexts(), ["Google", "Google"]);
  await check(page, "identities two");
  await connect(page, "Google", "google");
  await be(page, second);
  assert.match(await notice(page).innerText(), /already/i);

  const other = await another();
  await enter(other, await server().person());
  await open(other, "/account/identities");
  await connect(other, "Google", "google");
  await be(other, second);
  at(other, "/account/identities");
  assert.match(await notice(other).innerText(), /another account/i);
  await check(other, "identities of another");

  await press(page, page.getByRole("button", { name: new RegExp(`disconnect google .*${first}`, "i") }));
  assert.match(await notice(page).innerText(), /disconnected/i);
  assert.deepEqual(await page.locator(".items > li p:not(.hint)").allInnerTexts(), [second]);
  await signOut(page);
  await open(page, "/login");
  await goTo(page, "Google");
  await be(page, first);
  at(page, "/login/address"); // nobody's any more
});

journey("the last way in cannot be disconnected", async ({ page }) => {
  await open(page, "/login", mobile());
  await check(page, "sign in sms and providers");
  await goTo(page, "GitHub");
  const email = mobile().address();
  await be(page, email);
  at(page, "/account");
  await open(page, "/account/identities", mobile());
  await press(page, button(page, /disconnect/i));
  await refused(page);
  await check(page, "identities last");
  assert.deepEqual(await identities(page, mobile()), ["GitHub"]);
  // Asked anew who they are, they have nothing but that provider.
  await page.goto(again(mobile()));
  at(page, "/login");
  await check(page, "sign in again at the provider only");
  assert.equal(await field(page, "password").count(), 0, "they have none");
  await goTo(page, "GitHub");
  await be(page, email);
  under(page, "/consent");
});

journey("who only ever came through a provider has no password, and can set one", async ({ page, another }) => {
  const email = hosted();
  await open(page, "/login");
  await goTo(page, "Google");
  await be(page, email);
  at(page, "/account");

  const guess = await another();
  await open(guess, "/login");
  await signIn(guess, email, PASSWORD);
  await refused(guess, "identifier");

  // Google does not say when it asked them, so a mail proves that it is still them.
  await page.goto(again());
  at(page, "/login");
  await check(page, "sign in again without a password");
  assert.equal(await page.locator(".provider[formaction]").count(), 0);
  assert.equal(await field(page, "password").count(), 0);
  await press(page, button(page, /email me a sign-in link/i));
  await submit(page, { code: (await server().mail(email)).code });
  under(page, "/consent");

  await open(page, "/account/password");
  await check(page, "password none yet");
  await submit(page, { password: PASSWORD });
  at(page, "/account/password");
  assert.match(await notice(page).innerText(), /password/i);
  await open(guess, "/login");
  await signIn(guess, email, PASSWORD);
  at(guess, "/account");
});

journey("by keyboard alone", async ({ page }) => {
  const reach = async (wanted) => {
    for (let step = 0; step < 40; step++) {
      if (await wanted.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`the keyboard does not reach ${wanted}`);
  };
  await open(page, "/login");
  const way = continueWith(page, "GitHub");
  await reach(way);
  assert.notEqual(await way.evaluate((element) => getComputedStyle(element).outlineStyle), "none");
  await leave(page, way, "github", "Enter");
  await reach(field(page, "person"));
  await page.keyboard.type("Somebody");
  await page.keyboard.press("Tab");
  const email = server().address();
  await page.keyboard.type(email);
  const on = button(page, /^continue$/i);
  await reach(on);
  const loaded = page.waitForURL(/\/account/);
  await page.keyboard.press("Enter");
  await loaded;
  assert.ok((await main(page)).includes(email));
});

journey("the back button, a second tab, an answer twice", async ({ page, context }) => {
  const email = hosted();
  await open(page, "/login");
  await goTo(page, "Twitter");
  await page.goBack();
  at(page, "/login"); // not the page on the way, which would lead there again
  const tab = await context.newPage();
  await open(tab, "/login");
  await goTo(tab, "Google");
  await goTo(page, "Twitter");
  await be(page, email);
  at(page, "/account");
  // Google's word for the address is worth more than Twitter's: that it is the same person is asked, in this tab as in any.
  await be(tab, email);
  at(tab, "/login/join");
  assert.deepEqual(await identities(tab), ["Twitter"]);

  // Back at the provider, where everything is still filled in.
  await page.goBack();
  assert.ok(isThere(page, "twitter"), page.url());
  await press(page, button(page, /^continue$/i));
  assert.ok((await main(page)).trim(), "an answer that came before");
  await check(page, "an answer twice");
  await open(page, "/account");
  at(page, "/account");
});

journey("in German", async ({ another }) => {
  const page = await another({ locale: "de-AT" });
  await open(page, "/login");
  await check(page, "sign in five German");
  await goTo(page, "Facebook");
  await check(page, "stand-in German");
  await giveUp(page);
  assert.match(await notice(page).innerText(), /abgebrochen/);
  await check(page, "cancelled German");
  const email = server().address();
  await goTo(page, "Facebook");
  await be(page, email);
  await check(page, "address German");
  await proveAddress(page, email);
  at(page, "/account");
  await open(page, "/account/identities");
  await check(page, "identities German");
});

journey("many providers: seven and more are folded, and every button begins at the same place", async ({ page }) => {
  for (const path of ["/login", "/signup"]) {
    await open(page, path, many());
    const folded = page.locator("details.more > .provider");
    assert.equal(await folded.count(), 2);
    assert.equal(await folded.first().isVisible(), false);
    assert.equal(await page.locator(".provider[formaction]:visible").count(), 6);
    await check(page, `${path} many folded`);
    await page.locator("details.more > summary").press("Enter");
    assert.ok(await folded.first().isVisible());
    const starts = await page.locator(".provider[formaction] > span").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
    assert.equal(new Set(starts).size, 1, starts.join());
    assert.equal(await button(page, /^continue with acme$/i).count(), 1, "the initial is for the eye only");
    await check(page, `${path} many`);
  }
});

journey("on a narrow phone no button is cut off or too small for a finger", async ({ another }) => {
  const page = await another({ viewport: { width: 320, height: 640 }, hasTouch: true });
  for (const path of ["/login", "/signup"]) {
    await open(page, path);
    for (const way of await page.locator(".provider[formaction]").all()) {
      assert.ok((await way.boundingBox()).height >= 44);
      assert.ok(await way.evaluate((element) => element.scrollWidth <= element.clientWidth), await way.innerText());
    }
  }
});
