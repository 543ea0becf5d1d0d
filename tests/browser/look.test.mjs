// Every page that needs no session, the language switch, and the weight of the sign-in page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { check, field, journey, press, under, useServer } from "./harness.mjs";

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
  const german = page.getByRole("button", { name: /deutsch/i }).or(page.getByRole("link", { name: /deutsch/i })).first();
  await press(page, german);
  under(page, "/login");
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  assert.ok(await field(page, "identifier").isVisible());
  await check(page, "sign in, German");
  await page.goto(`${server().url}/signup`);
  assert.equal(await page.locator("html").getAttribute("lang"), "de", "the choice is remembered");
  await check(page, "sign up, German");
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
