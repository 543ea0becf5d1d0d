// Every page that needs no session, the language switch, and the weight of the sign-in page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { at, check, field, journey, language, press, under, useServer } from "./harness.mjs";

const server = useServer();
const BUDGET = 14_336; // bytes: the first flight of a TCP connection

for (const path of ["/login", "/signup", "/reset", "/verify", "/logout", "/wasnt-me", "/nowhere", "/oauth2/authorize?client_id=unknown", "/dev", "/dev/mail", "/dev/sms"]) {
  journey(`the page at ${path}`, async ({ page }) => {
    await page.goto(server().url + path);
    await check(page, `page ${path}`);
  });
}

journey("the language can be switched, and what was typed in the address survives", async ({ page }) => {
  await page.goto(`${server().url}/login`);
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await press(page, language(page, "Deutsch"));
  under(page, "/login");
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  assert.ok(await field(page, "identifier").isVisible());
  await check(page, "sign in, German");
  await page.goto(`${server().url}/signup`);
  assert.equal(await page.locator("html").getAttribute("lang"), "de", "the choice is remembered");
  await check(page, "sign up, German");
});

journey("what was typed survives the switch, and stays out of the address", async ({ page }) => {
  for (const [path, typed] of [["/login", { identifier: "keep@me.example" }], ["/signup", { email: "keep@me.example", name: "Ana" }], ["/reset", { identifier: "keep@me.example" }]]) {
    await page.goto(`${server().url}${path}?lang=en`);
    for (const [name, value] of Object.entries(typed)) await field(page, name).fill(value);
    if (path === "/login") await field(page, "remember").uncheck();
    await press(page, language(page, "Deutsch"));
    at(page, path);
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
    for (const [name, value] of Object.entries(typed)) assert.equal(await field(page, name).inputValue(), value, path);
    if (path === "/login") assert.equal(await field(page, "remember").isChecked(), false);
    assert.ok(!page.url().includes("keep"), page.url());
    await check(page, `${path} switched`);
    await press(page, language(page, "English"));
    for (const [name, value] of Object.entries(typed)) assert.equal(await field(page, name).inputValue(), value, path);
  }
});

journey("the browser's language is respected", async ({ another }) => {
  const page = await another({ locale: "de-AT" });
  await page.goto(`${server().url}/login`);
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
});

test("HTML and CSS of the sign-in page fit the first flight", async () => {
  const html = await (await fetch(`${server().url}/login`)).text();
  const sheets = [...html.matchAll(/<link[^>]+rel="?stylesheet"?[^>]*>/g)].map(([tag]) => /href="?([^"\s>]+)/.exec(tag)[1]);
  let all = [html];
  for (const href of sheets) all.push(await (await fetch(new URL(href, server().url))).text());
  const sum = (compress) => all.reduce((total, text) => total + compress(text).length, 0);
  const [gzip, brotli] = [sum(gzipSync), sum(brotliCompressSync)];
  console.log(`sign-in page: ${gzip} bytes gzip, ${brotli} bytes brotli, budget ${BUDGET}`);
  assert.ok(Math.min(gzip, brotli) <= BUDGET, `${gzip} gzip, ${brotli} brotli`);
});
