import assert from "node:assert/strict";
import { at, button, check, field, journey, press, refused, signIn, submit, under, useServer } from "./harness.mjs";
import { wait } from "./server.mjs";

const server = useServer();
const PASSWORD = "violet tram 42 harbour";

async function signUp(page) {
  const email = server().address();
  await page.goto(`${server().url}/signup`);
  await check(page, "sign up");
  await submit(page, { email, password: PASSWORD });
  under(page, "/verify");
  await check(page, "sign up, look into your mail");
  return email;
}

journey("sign up, and confirm by the mail's link", async ({ page }) => {
  const email = await signUp(page);
  const mail = await server().mail(email);
  assert.ok(mail.subject.includes(mail.code) || mail.code, "the subject starts with the code");
  assert.ok(mail.html && mail.text, "the mail has both parts");
  await page.goto(mail.link);
  await check(page, "confirm by link");
  await page.reload(); // opening it spends nothing
  await press(page, page.locator("main button[type=submit], main form button").first());
  await page.goto(`${server().url}/account`);
  under(page, "/account");
  await check(page, "account");
});

journey("sign up, and type the mail's code", async ({ page }) => {
  const email = await signUp(page);
  const { code } = await server().mail(email);
  const wrong = code === "000000" ? "000001" : "000000";
  await submit(page, { code: wrong });
  await refused(page, "code");
  assert.equal(await field(page, "code").inputValue(), wrong, "a wrong try keeps what was typed");
  await check(page, "sign up, wrong code");
  await submit(page, { code: `your code is ${code.slice(0, 3)} ${code.slice(3)}` });
  await page.goto(`${server().url}/account`);
  under(page, "/account");
});

journey("open the link in another browser, with the password", async ({ page, another }) => {
  const email = await signUp(page);
  const { link } = await server().mail(email);
  const elsewhere = await another();
  await elsewhere.goto(link);
  await check(elsewhere, "confirm by link in another browser");
  await submit(elsewhere, { password: "not the password" }); // a stranger who signed up with this address chose another one
  await refused(elsewhere, "password");
  await check(elsewhere, "confirm by link in another browser, refused");
  await submit(elsewhere, { password: PASSWORD });
  under(elsewhere, "/account");
  await page.goto(`${server().url}/login`);
  await signIn(page, email, PASSWORD);
  under(page, "/account");
});

journey("a code sent again leaves the first one good", async ({ page }) => {
  const email = await signUp(page);
  const first = await server().mail(email);
  await wait(1000); // flows.resend_seconds: the button is there when it may be pressed, without script when the page is looked at again
  if (await page.locator("a.unscripted").isVisible()) await press(page, page.locator("a.unscripted"));
  await press(page, button(page, /again|resend|new code/i));
  const second = await server().mail(email);
  assert.notEqual(first.code, second.code);
  await submit(page, { code: first.code });
  await page.goto(`${server().url}/account`);
  under(page, "/account");
});

journey("a form with mistakes keeps what was typed, except secrets", async ({ page }) => {
  await page.goto(`${server().url}/signup`);
  await field(page, "email").evaluate((input) => (input.form.noValidate = true));
  await submit(page, { email: "no-at-sign", password: "short" });
  await refused(page, "email");
  assert.equal(await field(page, "email").inputValue(), "no-at-sign");
  assert.equal(await field(page, "password").inputValue(), "");
  await check(page, "sign up, mistakes");
});

journey("an address that has an account looks the same", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${server().url}/signup`);
  await submit(page, { email: person.email, password: PASSWORD });
  under(page, "/verify");
  assert.ok(await field(page, "code").isVisible());
  assert.ok(await server().mail(person.email), "the mail carries the truth");
});
