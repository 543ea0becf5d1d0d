// Sites behind a proxy that asks /session/verify: from there to the sign-in page and back, in a browser that holds our pages to their policy.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, before } from "node:test";
import { check, journey, press, signIn, submit, under, useServer } from "./harness.mjs";
import { freePort } from "./server.mjs";

const port = await freePort();
// Cookies know no ports, so a browser gives both hosts of this machine what it gives their Vestibule, and only `localhost` is one.
const [site, blind] = [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
const server = useServer({
  command: "serve",
  settings: { VESTIBULE_SERVER__TRUSTED_PROXIES: "127.0.0.1" },
  config: `[[sites]]\nhost = "localhost:${port}"\npublic_paths = ["/public"]\n[[sites]]\nhost = "127.0.0.1:${port}"\n`,
});

/** A site and its proxy in one: asks as Traefik and Caddy do, with all the visitor's headers, and passes on what it is told. */
const proxied = createServer((visitor, response) => {
  const { host } = visitor.headers;
  const asked = { "x-forwarded-proto": "http", "x-forwarded-host": host, "x-forwarded-uri": visitor.url, "x-forwarded-method": visitor.method };
  const question = { host: "127.0.0.1", port: server().port, path: "/session/verify", headers: { ...visitor.headers, ...asked } };
  request(question, (answer) => {
    if (answer.statusCode !== 200) {
      response.writeHead(answer.statusCode, answer.headers.location ? { location: answer.headers.location } : {});
      return answer.pipe(response);
    }
    answer.resume();
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(`<!doctype html><html lang=en><title>Site</title><link rel=icon href="data:,"><p id=who>${answer.headers["x-auth-email"]}</p>`);
  }).on("error", (error) => response.writeHead(502).end(error.message)).end();
});
before(() => new Promise((done) => proxied.listen(port, "127.0.0.1", done)));
after(() => (proxied.closeAllConnections?.(), proxied.close()));

const who = (page) => page.locator("#who").innerText();

journey("from a site to the sign-in page and back", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${site}/orders?page=2`);
  under(page, "/login");
  await check(page, "sign in for a site");
  await signIn(page, person.email, "not the password");
  await signIn(page, person.email, person.password);
  assert.equal(page.url(), `${site}/orders?page=2`);
  assert.equal(await who(page), person.email);
  await page.goto(`${server().url}/logout`);
  await press(page, page.locator("main form button").first());
  await page.goto(`${site}/orders`);
  under(page, "/login");
  await page.goto(`${site}/public`);
  assert.equal(await who(page), "", "nobody");
});

journey("from a site to a new account and back", async ({ page }) => {
  const email = server().address();
  await page.goto(`${site}/welcome`);
  await press(page, page.getByRole("link", { name: /create|sign up/i }).first());
  await submit(page, { email, password: "correct horse battery" });
  under(page, "/verify");
  await submit(page, { code: (await server().mail(email)).code });
  assert.equal(page.url(), `${site}/welcome`);
  assert.equal(await who(page), email);
});

journey("a site that does not get the cookie", async ({ page }) => {
  const person = await server().person();
  await page.goto(`${blind}/orders`);
  under(page, "/login");
  await signIn(page, person.email, person.password);
  under(page, "/session/start");
  assert.match(await page.locator("main").innerText(), /cookie_domain/);
  await check(page, "a site that does not get the cookie");
  await press(page, page.locator("main a.button"));
  under(page, "/session/start");
});
