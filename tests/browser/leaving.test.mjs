// From our forms to an application whose callback leads on: over three origins, and to a scheme of its own. Browsers hold every redirect
// after a form against the form's page, so each form ends on a page of ours that moves on by itself.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { check, field, journey, press, signIn, under, useServer } from "./harness.mjs";

const server = useServer({ command: "serve" });
const ports = [];
const SCHEME = "org.example.app:/done";

/** Three origins, each of which sends the browser on to the next; the last shows what has come, or leads to the app's own scheme. */
const asked = [];
const hops = [0, 1, 2].map((number) =>
  createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const url = new URL(request.url, "http://127.0.0.1");
      if (url.pathname === "/favicon.ico") return response.writeHead(404).end();
      asked.push(`${request.method} ${number}${url.pathname}`);
      const query = request.method === "POST" ? new URLSearchParams(Buffer.concat(parts).toString()) : url.searchParams;
      const last = number === 2;
      if (last && url.pathname !== "/app") {
        response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
        return response.end(`<!doctype html><html lang=en><title>App</title><link rel=icon href="data:,"><p id=code>${query.get("code") ?? query.get("error") ?? ""}</p>`);
      }
      const location = last ? `${SCHEME}?${query}` : `http://127.0.0.1:${ports[number + 1]}${url.pathname}?${query}`;
      response.writeHead(302, { location }).end();
    });
  }),
);
before(async () => {
  for (const hop of hops) {
    await new Promise((done) => hop.listen(0, "127.0.0.1", done));
    ports.push(hop.address().port);
  }
});
after(() => hops.forEach((hop) => (hop.closeAllConnections?.(), hop.close())));

async function client(uri, more = {}) {
  const metadata = { client_name: "Three Hops", redirect_uris: [uri], application_type: "native", token_endpoint_auth_method: "none", ...more };
  const { client_id } = await server().cli(["client", "add"], metadata);
  const query = new URLSearchParams({ client_id, response_type: "code", redirect_uri: uri, scope: "openid", nonce: "n", state: "s", code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" });
  return { id: client_id, ask: (extra = {}) => `${server().url}/oauth2/authorize?${new URLSearchParams([...query, ...Object.entries(extra)])}` };
}
const chain = (path = "/cb") => `http://127.0.0.1:${ports[0]}${path}`;
const allow = (page) => page.locator('button[value="allow"]').first();
const end = (page) => page.waitForURL(`http://127.0.0.1:${ports[2]}/**`);
const code = (page) => page.locator("#code").innerText();

/** Addresses of the app's own scheme that the browser set out for; it has no program for them. */
async function schemes(page) {
  const found = [];
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Page.enable");
  const note = (url) => url.startsWith("org.example.app:") && found.push(url);
  session.on("Network.requestWillBeSent", ({ request }) => note(request.url));
  session.on("Page.frameRequestedNavigation", ({ url }) => note(url));
  page.on("request", (request) => note(request.url()));
  return async () => {
    for (let tries = 0; tries < 100 && found.length === 0; tries++) await page.waitForTimeout(50);
    return found[0] ?? "";
  };
}

journey("sign-in and consent end behind three origins, and back and reload are no dead ends", async ({ page }) => {
  const person = await server().person();
  const { ask } = await client(chain());
  await page.goto(ask());
  await signIn(page, person.email, person.password);
  under(page, "/consent");
  await allow(page).click();
  await end(page);
  assert.match(await code(page), /^vst_cod_/);
  // Back: not to the page that moves on, but to the one before it.
  await page.goBack();
  await page.waitForLoadState("load");
  assert.ok(!(await page.locator("body").innerText()).includes("Going on to") || page.url().startsWith(server().url), page.url());
  // Signed in, nothing is asked where the app is known: one request of ours, one redirect.
  asked.length = 0;
  const ours = [];
  page.on("request", (request) => request.url().startsWith(server().url) && request.isNavigationRequest() && ours.push(request.url()));
  const known = await client(chain(), { application_type: "web", first_party: true });
  await page.goto(known.ask());
  await end(page);
  assert.equal(ours.length, 1, ours.join("\n"));
});

journey("a refusal, and the page on which it leaves", async ({ page }) => {
  const person = await server().person();
  const { ask } = await client(chain());
  await page.goto(ask());
  await signIn(page, person.email, person.password);
  await page.locator('button[value="deny"]').first().click();
  await end(page);
  assert.equal(await code(page), "access_denied");
});

journey("a form for the answer, whose callback leads on", async ({ page, script }) => {
  const person = await server().person();
  const { ask } = await client(chain());
  await page.goto(ask({ response_mode: "form_post" }));
  await signIn(page, person.email, person.password);
  await allow(page).click();
  if (script === "off") await press(page, page.locator("main form button").first());
  await end(page);
  assert.match(await code(page), /^vst_cod_/);
  assert.ok(asked.includes("POST 0/cb"), asked.join());
});

journey("an app's own scheme", async ({ page }) => {
  const person = await server().person();
  const own = await client("org.example.app:/done");
  const seen = await schemes(page);
  await page.goto(own.ask());
  await signIn(page, person.email, person.password);
  await allow(page).click();
  assert.match(await seen(), /^org\.example\.app:\/done\?code=vst_cod_/);
  // The page stays for whom the browser asks first, or has no such program.
  await page.locator("main a.button").waitFor();
  assert.match(await page.locator("main").innerText(), /You are signed in[^]*Going on to Three Hops/);
  assert.match(await page.locator("main a.button").getAttribute("href"), /^org\.example\.app:\/done\?code=/);
  await check(page, "leaving");
  const first = await page.locator("main a.button").getAttribute("href");
  // No gesture goes before a reload, so the browser starts nothing: the link is there for that.
  await page.reload();
  assert.notEqual(await page.locator("main a.button").getAttribute("href"), first, "another code");
});

// A journey of its own: where a browser has asked about a program, its page takes no more clicks.
journey("an app's own scheme behind three origins", async ({ page }) => {
  const person = await server().person();
  const far = await client(chain("/app"));
  await page.goto(far.ask());
  await signIn(page, person.email, person.password);
  asked.length = 0;
  await allow(page).click();
  for (let tries = 0; tries < 100 && asked.length < 3; tries++) await page.waitForTimeout(50);
  // What comes after the last one is up to the browser and its programs; a page's policy would have complained.
  assert.deepEqual(asked, ["GET 0/app", "GET 1/app", "GET 2/app"]);
});

journey("signing out leads back over three origins", async ({ page }) => {
  const person = await server().person();
  const { id, ask } = await client(chain(), { post_logout_redirect_uris: [chain("/out")] });
  await page.goto(ask());
  await signIn(page, person.email, person.password);
  await allow(page).click();
  await end(page);
  await page.goto(`${server().url}/oauth2/logout?${new URLSearchParams({ client_id: id, post_logout_redirect_uri: chain("/out"), state: "bye" })}`);
  await page.locator('button[value="here"]').click();
  await page.waitForURL(`http://127.0.0.1:${ports[2]}/out?state=bye`);
  await page.goto(`${server().url}/account`);
  under(page, "/login");
  assert.ok(await field(page, "identifier").isVisible());
});
