// Every way in but the password and the passkey: links and codes by mail, codes by SMS, signing up with a number.
import assert from "node:assert/strict";
import { at, button, check, field, journey, press, refused, signIn, signOut, submit, under, useServer } from "./harness.mjs";

const server = useServer();
const PASSWORD = "violet tram 42 harbour";

/** Types who one is, and presses the button of another way. */
async function ask(page, identifier, way) {
  await page.goto(`${server().url}/login`);
  await field(page, "identifier").fill(identifier);
  await press(page, button(page, way));
  at(page, "/login/code");
}

const byMail = (page, email) => ask(page, email, /email me a sign-in link/i);
const signInMail = (email) => server().mail(email, 15, (mail) => mail.link?.includes("/login/link"));
const isSignedIn = async (page) => {
  await page.goto(`${server().url}/account`);
  return new URL(page.url()).pathname === "/account";
};

journey("sign in by a mail's link; the next time that way comes first", async ({ page }) => {
  const person = await server().person();
  await byMail(page, person.email);
  await check(page, "sign in code by mail");
  const { link } = await signInMail(person.email);
  await page.goto(link);
  await check(page, "sign in link");
  await page.reload(); // looking spends nothing
  await press(page, button(page, /^sign in$/i));
  at(page, "/account");

  await signOut(page);
  await page.goto(`${server().url}/login`);
  assert.equal(await page.locator("main form button[type=submit]:not(.second)").first().innerText(), "Email me a sign-in link");
  assert.equal(await field(page, "password").count(), 0);
  await check(page, "sign in mail first");
  await field(page, "identifier").fill(person.email);
  await press(page, button(page, /use a password/i));
  assert.equal(await field(page, "identifier").inputValue(), person.email, "typed once is enough");
  await submit(page, { password: person.password });
  at(page, "/account");
});

journey("open the link in another browser, with the number of the first", async ({ page, another }) => {
  const person = await server().person();
  await byMail(page, person.email);
  const number = (await page.locator(".number").innerText()).trim();
  const { link } = await signInMail(person.email);
  const elsewhere = await another();
  await elsewhere.goto(link);
  await check(elsewhere, "sign in link elsewhere");
  await submit(elsewhere, { number: number === "100" ? "101" : "100" });
  await refused(elsewhere, "number");
  await check(elsewhere, "sign in link elsewhere refused");
  assert.equal(await isSignedIn(page), false);
  await elsewhere.goto(link);
  await submit(elsewhere, { number });
  at(elsewhere, "/account");
  assert.equal(await isSignedIn(page), false, "only where the number was entered");
});

journey("sign in by a mail's code", async ({ page }) => {
  const person = await server().person();
  await byMail(page, person.email);
  const { code, subject } = await signInMail(person.email);
  assert.ok(subject.startsWith(code) || subject.replace(/\s/g, "").startsWith(code), subject);
  const wrong = code === "000000" ? "000001" : "000000";
  await submit(page, { code: wrong });
  await refused(page, "code");
  assert.equal(await field(page, "code").inputValue(), wrong);
  await check(page, "sign in code refused");
  await submit(page, { code: `your code is ${code.slice(0, 3)} ${code.slice(3)}` });
  at(page, "/account");
});

journey("an address without an account looks the same", async ({ page }) => {
  await byMail(page, server().address());
  assert.ok(await field(page, "code").isVisible() && await page.locator(".number").isVisible());
});

journey("sign in by a text's code", async ({ page }) => {
  const phone_number = server().number();
  await server().person({ phone_number, phone_number_verified: true });
  await ask(page, phone_number, /text me a code/i);
  await check(page, "sign in code by SMS");
  const { text, code } = await server().sms(phone_number);
  assert.equal(text.trim().split("\n").at(-1), `@localhost #${code}`, "browsers fill it in here and nowhere else");
  await submit(page, { code });
  at(page, "/account");
  await page.goto(`${server().url}/dev/sms`);
  await check(page, "texts");
});

for (const password of [PASSWORD, ""]) {
  journey(`sign up by phone ${password ? "with" : "without"} a password`, async ({ page, another }) => {
    const number = server().number();
    await page.goto(`${server().url}/signup`);
    await press(page, page.getByRole("link", { name: /phone number instead/i }));
    await check(page, "sign up phone");
    await submit(page, { phone: "12", password });
    await refused(page, "phone");
    assert.equal(await field(page, "phone").inputValue(), "12");
    await check(page, "sign up phone refused");
    await submit(page, { phone: number, name: "Ana Example", password });
    at(page, "/verify");
    await check(page, "sign up phone code");
    await submit(page, { code: (await server().sms(number)).code });
    at(page, "/account");

    const elsewhere = await another();
    if (password) {
      await elsewhere.goto(`${server().url}/login`);
      await signIn(elsewhere, number, password);
    } else {
      await ask(elsewhere, number, /text me a code/i);
      await submit(elsewhere, { code: (await server().sms(number)).code });
    }
    at(elsewhere, "/account");
  });
}

journey("change the number: the old one stays until the new one is confirmed", async ({ page, another }) => {
  const [before, after] = [server().number(), server().number()];
  const person = await server().person({ phone_number: before, phone_number_verified: true });
  await page.goto(`${server().url}/login`);
  await signIn(page, person.email, person.password);
  await page.goto(`${server().url}/account/phone`);
  await check(page, "account phone");
  await submit(page, { phone: "not a number" });
  await refused(page, "phone");
  await submit(page, { phone: after });
  await check(page, "account phone pending");
  const { code } = await server().sms(after);
  const elsewhere = await another();
  await elsewhere.goto(`${server().url}/login`);
  await signIn(elsewhere, before, person.password);
  at(elsewhere, "/account");
  await submit(page, { code });
  at(page, "/account/phone");
  await check(page, "account phone changed");
  const owner = await another();
  await owner.goto(`${server().url}/login`);
  await signIn(owner, after, person.password);
  at(owner, "/account");
});

journey("the buttons of other ways carry what was typed", async ({ page }) => {
  const email = server().address();
  await page.goto(`${server().url}/login`);
  await field(page, "identifier").fill(email);
  await press(page, button(page, /text me a code/i)); // to an address no text can go
  await refused(page, "identifier");
  assert.equal(await field(page, "identifier").inputValue(), email);
  await check(page, "sign in phone refused");
  await press(page, button(page, /email me a sign-in link/i));
  at(page, "/login/code");
  assert.ok((await page.locator("main").innerText()).includes(email));
  await press(page, page.getByRole("link", { name: /another way/i }));
  under(page, "/login");
  assert.equal(await field(page, "identifier").inputValue(), email, "typed once is enough");
});
