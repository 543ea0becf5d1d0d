// The second step: setting it up, giving it, doing without it in a known browser, and losing the phone.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { at, button, check, field, journey, press, refused, signIn, signOut, submit, useServer } from "./harness.mjs";
import { wait } from "./server.mjs";

const server = useServer();
const strict = useServer({ settings: { VESTIBULE_SECOND_FACTOR__REQUIRED: "everyone" } });

/**
 * The code that an app with the secret of this page shows, some 30-second steps from now (RFC 6238). Each step's code works once, and the
 * server takes those of the neighbouring steps, so one journey can give three: -1, 0, 1.
 */
async function totp(secret, step) {
  if (Date.now() % 30_000 > 27_000) await wait(3100);
  let bits = "";
  for (const letter of secret.replace(/\s/g, "")) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

async function enter(page, person, to = server()) {
  await page.goto(`${to.url}/login`);
  await signIn(page, person.email, person.password);
}

const open = (page, path) => page.goto(server().url + path);

journey("an authenticator app, recovery codes, and a browser that is not asked", async ({ page, another }) => {
  const person = await server().person();
  await enter(page, person);
  await open(page, "/account/security");
  await check(page, "security off");

  await press(page, button(page, /add an app/i));
  await check(page, "totp set-up");
  const secret = await page.locator("#secret").innerText();
  assert.ok((await page.getByRole("link", { name: /open in an app/i }).getAttribute("href")).startsWith("otpauth://totp/"));
  await submit(page, { name: "My phone", code: "12" });
  await refused(page, "code");
  assert.equal(await field(page, "name").inputValue(), "My phone");
  assert.equal(await page.locator("#secret").innerText(), secret, "the app need not scan again");
  await check(page, "totp refused");
  await submit(page, { code: await totp(secret, -1) });
  at(page, "/account/security/recovery"); // with the first one
  await check(page, "recovery codes");
  const codes = await page.locator(".codes code").allInnerTexts();
  assert.equal(new Set(codes).size, 10);
  const arriving = page.waitForEvent("download");
  await button(page, /download/i).click();
  const file = await readFile(await (await arriving).path(), "utf8");
  for (const code of codes) assert.ok(file.includes(code), "the file has every code");
  await page.reload();
  assert.deepEqual(await page.locator(".codes code").allInnerTexts(), codes, "loaded again, it shows the same");
  await press(page, button(page, /i have kept them/i));
  at(page, "/account/security");
  assert.ok(await page.getByRole("heading", { name: "My phone" }).isVisible());
  await check(page, "security on");
  assert.match(await page.locator("main").innerText(), /\b10\b/);

  // The next sign-in asks for it, and then no more in this browser.
  await signOut(page);
  await enter(page, person);
  at(page, "/login/second");
  await check(page, "second factor app");
  await submit(page, { code: "000" });
  await refused(page, "code");
  await check(page, "second factor app refused");
  await field(page, "trust").check();
  await submit(page, { code: await totp(secret, 0) });
  at(page, "/account");
  await signOut(page);
  await enter(page, person);
  at(page, "/account");

  // What protects the account asks all the same.
  await open(page, "/account/security");
  at(page, "/login/second");
  assert.equal(await field(page, "trust").count(), 0);
  await check(page, "second factor step-up");
  await submit(page, { code: await totp(secret, 1) });
  at(page, "/account/security");
  await check(page, "security trusted browser");
  await press(page, button(page, /^ask again/i));
  assert.equal(await page.getByText("Browsers that skip").count(), 0);
  await signOut(page);
  await enter(page, person);
  at(page, "/login/second");

  // The phone is gone.
  await press(page, page.getByRole("link", { name: /recovery code/i }));
  await check(page, "second factor recovery code");
  await submit(page, { code: "not one of them" });
  await refused(page, "code");
  await submit(page, { code: codes[3].toLowerCase() });
  at(page, "/login/recovered");
  assert.match(await page.locator("main").innerText(), /\b9\b/, "how many are left");
  await check(page, "recovery code used");
  await press(page, page.getByRole("link", { name: /^continue/i }));
  at(page, "/account");
  const told = await server().mail(person.email, 15, (mail) => /recovery code/i.test(mail.subject));
  assert.ok(told.links.some((link) => link.includes("/wasnt-me")));
  const elsewhere = await another();
  await enter(elsewhere, person);
  await press(elsewhere, elsewhere.getByRole("link", { name: /recovery code/i }));
  await submit(elsewhere, { code: codes[3] });
  await refused(elsewhere, "code"); // it was used
});

journey("codes by SMS and mail as the second step", async ({ page, another }) => {
  const phone_number = server().number();
  const person = await server().person({ phone_number, phone_number_verified: true });
  await enter(page, person);
  await open(page, "/account/security");
  await press(page, button(page, /turn on: .*sms/i));
  at(page, "/account/security/recovery");
  await press(page, button(page, /i have kept them/i));
  at(page, "/login/second"); // from now on the page wants it too
  await press(page, button(page, /send the code/i));
  await submit(page, { code: (await server().sms(phone_number)).code });
  at(page, "/account/security");
  await press(page, button(page, /turn on: .*mail/i));
  await check(page, "security messages");
  const elsewhere = await another();
  await enter(elsewhere, person);
  at(elsewhere, "/login/second");
  await check(elsewhere, "second factor message");
  if (!/SMS/.test(await elsewhere.locator(".lead").innerText())) await press(elsewhere, elsewhere.getByRole("link", { name: /by SMS/i }));
  await press(elsewhere, button(elsewhere, /send the code/i));
  await check(elsewhere, "second factor message sent");
  await submit(elsewhere, { code: (await server().sms(phone_number)).code });
  at(elsewhere, "/account");

  const third = await another();
  await enter(third, person);
  if (!/We send a code to/.test(await third.locator(".lead").innerText())) await press(third, third.getByRole("link", { name: /by email/i }));
  await press(third, button(third, /send the code/i));
  await submit(third, { code: (await server().mail(person.email, 15, (mail) => mail.code && !mail.links.some((link) => link.includes("/wasnt-me")))).code });
  at(third, "/account");
});

journey("a mail is not enough to change the password: it is asked first", async ({ page }) => {
  const person = await server().person();
  await open(page, "/login");
  await field(page, "identifier").fill(person.email);
  await press(page, button(page, /email me a sign-in link/i));
  const { code } = await server().mail(person.email, 15, (mail) => mail.link?.includes("/login/link"));
  await submit(page, { code });
  at(page, "/account");
  await open(page, "/account/password");
  at(page, "/login");
  assert.equal(await page.locator("h1").innerText(), "Confirm it is you");
  await check(page, "step-up password");
  await submit(page, { password: "not the password" });
  await refused(page, "password");
  await submit(page, { password: person.password });
  at(page, "/account/password");
});

journey("a required second step is set up at sign-in", async ({ page }) => {
  const person = await strict().person();
  await enter(page, person, strict());
  at(page, "/login/enrol");
  await check(page, "enrol");
  const secret = await page.locator("#secret").innerText();
  await submit(page, { code: "12" });
  await refused(page, "code");
  await check(page, "enrol refused");
  await submit(page, { code: await totp(secret, -1) });
  assert.equal(await page.locator(".codes code").count(), 10);
  await check(page, "enrol recovery codes");
  await press(page, button(page, /i have kept them/i));
  at(page, "/account");
  await page.goto(`${strict().url}/account/security`);
  assert.ok(await page.getByText("It is required here").isVisible());
});
