// Back button, reload, second tab, lost cookie, expired flow: each ends in a working form.
import assert from "node:assert/strict";
import { check, field, journey, press, signIn, submit, under, useServer } from "./harness.mjs";

const server = useServer();

journey("back and reload after a refused sign-in", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await signIn(page, person.email, "not the password");
  await page.goBack();
  await page.reload();
  await signIn(page, person.email, person.password);
  under(page, "/account");
});

journey("a form that was refused is a form when it is loaded again or gone back to", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  for (const password of ["not the password", "nor this"]) await signIn(page, person.email, password);
  const again = await page.reload();
  assert.equal(again.status(), 200, "asked for, and not sent once more");
  await signIn(page, person.email, "not the password");
  await page.goto(`${server().url}/signup`);
  await page.goBack();
  await signIn(page, person.email, person.password);
  under(page, "/account");
  await page.goBack();
  under(page, "/account");
}, { scripts: ["on"] });

journey("back after a sign-in", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await signIn(page, person.email, person.password);
  await page.goBack();
  await page.reload();
  await page.goto(`${server().url}/`);
  under(page, "/account");
});

journey("a code that is sent twice by an impatient finger counts", async ({ page }) => {
  const email = server().address();
  await page.goto(`${server().url}/signup`);
  await submit(page, { email, password: "violet tram 42 harbour" });
  const { code } = await server().mail(email);
  await page.evaluate((code) => {
    const input = document.querySelector("input[name=code]");
    input.value = code;
    input.form.requestSubmit();
    for (const pause of [5, 20, 40, 80]) setTimeout(() => input.form.requestSubmit(), pause);
  }, code);
  await page.waitForURL(/account/);
}, { scripts: ["on"] });

journey("two tabs with the sign-in form", async ({ page, context }) => {
  const person = await server().person();
  const second = await context.newPage();
  await page.goto(`${server().url}/login`);
  await second.goto(`${server().url}/login`);
  await signIn(page, person.email, person.password);
  under(page, "/account");
  await signIn(second, person.email, person.password);
  under(second, "/account");
});

journey("the cookies are lost while the form is open", async ({ page, context }) => {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await context.clearCookies();
  await signIn(page, person.email, person.password);
  if (!new URL(page.url()).pathname.startsWith("/account")) {
    await check(page, "sign in, cookies lost");
    await signIn(page, person.email, person.password);
  }
  under(page, "/account");
});

journey("the flow expires while the form is open", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${server().url}/login`);
  await server().expireFlows();
  await signIn(page, person.email, person.password);
  if (!new URL(page.url()).pathname.startsWith("/account")) {
    await check(page, "sign in, flow expired");
    await signIn(page, person.email, person.password);
  }
  under(page, "/account");
});

journey("an expired link offers a new one without typing the address", async ({ page }) => {
  const email = server().address();
  await page.goto(`${server().url}/signup`);
  await submit(page, { email, password: "violet tram 42 harbour" });
  const old = await server().mail(email);
  await server().expireFlows();
  await page.goto(old.link);
  await check(page, "expired link");
  await press(page, page.locator("main form button").first());
  if (!/^Error:/.test(await page.title()) && (await server().mail(email, 2).catch(() => null))) return;
  await press(page, page.locator("main form button").first());
  assert.ok((await server().mail(email)).code);
});
