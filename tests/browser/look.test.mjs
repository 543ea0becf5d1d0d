// Every page that needs no session, the language switch, and the weight of the sign-in page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { get } from "node:http";
import { gunzipSync } from "node:zlib";
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

/** An answer as it is sent to a browser, with its head: how many bytes, and what they mean. */
const sent = (url) =>
  new Promise((done, fail) => {
    get(url, { headers: { "accept-encoding": "gzip, deflate, br, zstd" } }, async (answer) => {
      const body = Buffer.concat(await answer.toArray());
      const head = answer.rawHeaders.reduce((sum, text) => sum + text.length + 2, "HTTP/1.1 200 OK\r\n\r\n".length);
      const packed = answer.headers["content-encoding"];
      done({ bytes: head + body.length, packed, text: String(packed === "gzip" ? gunzipSync(body) : body) });
    }).on("error", fail);
  });

test("the sign-in page with its style and scripts fits the first flight, as it is sent", async () => {
  const page = await sent(`${server().url}/login`);
  const named = [...page.text.matchAll(/(?:href|src)="?(\/static\/[^"\s>]+\.(?:css|js))/g)].map(([, path]) => path);
  assert.ok(named.some((path) => path.endsWith(".css")) && named.some((path) => path.endsWith(".js")), `${named}`);
  const all = [page, ...(await Promise.all(named.map((path) => sent(server().url + path))))];
  const bytes = all.map((one) => one.bytes);
  console.log(`sign-in page, ${named.join(", ")}: ${bytes.join(" + ")} bytes, budget ${BUDGET}`);
  for (const one of all) assert.equal(one.packed, "gzip");
  assert.ok(bytes.reduce((a, b) => a + b) <= BUDGET, `${bytes}`);
});
