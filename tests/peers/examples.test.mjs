// The examples, as their readers run them: sign in through the real pages, reach the app, end the session at Vestibule, and the next
// request is stopped. And the configurations of docs/forward-auth.md, against visitors who invent headers.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { BINARY, freePort, startServer, wait } from "../browser/server.mjs";
import { around, documented, startCaddy, startNginx } from "./proxies.mjs";
import { Visitor } from "./visitor.mjs";

const example = (path) => new URL(`../../examples/${path}`, import.meta.url).pathname;

let server, person, site, app, shop;

before(async () => {
  [site, app, shop] = [await freePort(), await freePort(), await freePort()];
  server = await startServer({
    command: "serve",
    // What the settings of examples/nginx say, with the ports of this run.
    config: (await readFile(example("nginx/sites.toml"), "utf8")).replace("localhost:3000", `localhost:${site}`),
  });
  person = await server.person({ name: "Ana María Example" });
});
after(() => server?.stop());

/** Starts a program of the examples and waits until it answers. */
async function start(command, args, env, url) {
  const lines = [];
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => lines.push(String(data)));
  let exit;
  child.once("error", (error) => (exit = error.message));
  child.once("exit", (code, signal) => (exit = code ?? signal));
  for (const until = Date.now() + 15_000; ; await wait(50)) {
    if (exit !== undefined) throw new Error(`${command} ${args} ended with ${exit}:\n${lines.join("")}`);
    if ((await fetch(url).catch(() => null))?.status === 200) break;
    if (Date.now() > until) throw new Error(`${command} ${args} did not answer:\n${lines.join("")}`);
  }
  return {
    log: () => lines.join(""),
    async stop() {
      child.kill("SIGKILL");
      while (exit === undefined) await wait(10);
    },
  };
}

/** Runs `story` and stops everything in `parts`; a failure tells all that is known. */
async function telling(visitor, parts, story) {
  try {
    await story();
  } catch (error) {
    const logs = parts.map((part) => part.log().slice(-3000)).join("\n---\n");
    error.message += `\n--- trail\n${visitor.trail.join("\n")}\n--- the example\n${logs}\n--- Vestibule\n${server.log().slice(-3000)}`;
    throw error;
  } finally {
    for (const part of parts) await part.stop();
  }
}

async function signIn(visitor) {
  assert.ok(visitor.page.url.startsWith(`${server.url}/login?flow=`), `sent to sign in, not to ${visitor.page.url}`);
  await visitor.submit({ identifier: person.email, password: person.password });
}

/** Ends the visitor's session from another browser of the same person. */
async function endElsewhere() {
  const other = new Visitor();
  await other.goto(`${server.url}/login`);
  await other.submit({ identifier: person.email, password: person.password });
  await other.goto(`${server.url}/account/sessions`);
  await other.submit({}, /all others/i);
  assert.match(other.page.html, /signed out/i);
}

/** Reaches a page, and is stopped at the next request after the session has ended elsewhere. */
async function wholeVisit(visitor, url, hello) {
  await visitor.goto(url);
  await signIn(visitor);
  assert.equal(visitor.page.url, url, "carried back to where the visitor was");
  assert.match(visitor.page.html, hello);
  await visitor.goto(url);
  assert.deepEqual([visitor.page.url, visitor.page.status], [url, 200]);
  await endElsewhere();
  await visitor.goto(url);
  assert.ok(visitor.page.url.startsWith(`${server.url}/login?flow=`), `stopped, not at ${visitor.page.url}`);
}

test("nginx in front of an app", { timeout: 60_000 }, async () => {
  const origin = `http://localhost:${site}`;
  const config = (await readFile(example("nginx/nginx.conf"), "utf8"))
    .replaceAll(":8080", `:${server.port}`).replaceAll(":3000", `:${site}`).replaceAll(":3001", `:${app}`);
  const parts = [await start(process.execPath, [example("nginx/app.mjs")], { VESTIBULE: server.url, ORIGIN: origin, PORT: app }, `http://127.0.0.1:${app}/`)];
  parts.push(await startNginx(config, site));
  const visitor = new Visitor();
  await telling(visitor, parts, async () => {
    await wholeVisit(visitor, `${origin}/orders?page=2`, /^Hello Ana María Example\nAna María Example\n$/);
    await visitor.goto(`${origin}/public/style.css`);
    assert.deepEqual([visitor.page.status, visitor.page.html], [200, "Hello whoever you are\n"]);
  });
});

test("an Express app that asks for itself", { timeout: 60_000 }, async () => {
  const origin = `http://localhost:${site}`;
  const parts = [await start(process.execPath, [example("express/app.mjs")], { VESTIBULE: server.url, ORIGIN: origin, PORT: site }, `http://127.0.0.1:${site}/`)];
  const visitor = new Visitor();
  await telling(visitor, parts, async () => {
    await wholeVisit(visitor, `${origin}/private?x=y`, /^Hello Ana María Example, signed in by pwd\n$/);
    const script = await fetch(`${origin}/private`, { redirect: "manual" });
    assert.equal(script.status, 401, "a script is not redirected");
  });
});

test("a relying party in axum", { timeout: 60_000 }, async () => {
  const origin = `http://127.0.0.1:${shop}`;
  const { client_id } = await server.cli(["client", "add"], {
    client_name: "The axum example",
    redirect_uris: [`${origin}/callback`],
    token_endpoint_auth_method: "none",
    scope: "openid email",
    first_party: true,
  });
  const env = { ISSUER: server.url, CLIENT_ID: client_id, ORIGIN: origin, LISTEN: `127.0.0.1:${shop}` };
  const parts = [await start(join(dirname(BINARY), "examples/axum-relying-party"), [], env, `${origin}/`)];
  const visitor = new Visitor();
  await telling(visitor, parts, async () => {
    await wholeVisit(visitor, `${origin}/private`, new RegExp(`^Hello ${person.email}\n$`));
    // Another's answer does not sign anybody in.
    await visitor.goto(`${origin}/callback?code=x&state=y`);
    assert.equal(visitor.page.status, 400);
    await visitor.goto(`${origin}/callback?code=x&state=y`);
    assert.equal(visitor.page.status, 400);
  });
});

/** The documented configuration of a proxy, with the addresses of this run. */
async function configuration(language) {
  return (await documented("forward-auth.md", language))
    .replaceAll("https://app.example.org", `http://localhost:${site}`)
    .replace(/^app\.example\.org/m, `http://localhost:${site}`)
    .replaceAll("app.example.org", `localhost:${site}`)
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${server.port}`)
    .replaceAll(":3001", `:${app}`);
}

/** What visitors invent does not reach the app, and does not open a door. */
async function keepsInventionsOut(proxy) {
  const origin = `http://localhost:${site}`;
  // An app that shows what reaches it.
  const echo = createServer((request, response) => response.end(JSON.stringify({ url: request.url, headers: request.headers })));
  await new Promise((done) => echo.listen(app, "127.0.0.1", done));
  const parts = [{ log: () => "", stop: () => new Promise((done) => (echo.closeAllConnections?.(), echo.close(done))) }];
  const visitor = new Visitor();
  await telling(visitor, parts, async () => {
    parts.push(await proxy());
    const invented = Object.fromEntries(["User", "Email", "Name", "Groups", "Session", "Proof"].map((name) => [`X-Auth-${name}`, "root"]));
    Object.assign(invented, { X_Auth_User: "root", X_Auth_Proof: "root", "x-auth_user": "root" });
    const talk = {
      "X-Original-URL": `${origin}/public`, "X-Original-Method": "OPTIONS", "X-Forwarded-Uri": "/public", "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Proto": "https", "X-Forwarded-Method": "OPTIONS", "X-Forwarded-For": "10.9.9.9", "X-Rewrite-Url": "/public",
    };
    const told = (headers) => Object.fromEntries(Object.entries(headers).filter(([name, value]) => /^x.auth/.test(name) && value));
    /** The path exactly as it is: URL parsers tidy it up. */
    const raw = (path, headers = {}, host = false) => new Promise((done, fail) => {
      request({ host: "127.0.0.1", port: site, path, headers: { host: `localhost:${site}`, accept: "text/html", ...headers } }, async (answer) => {
        const text = (await answer.toArray()).join("");
        done(host ? /"host":"([^"]*)"/.exec(text)?.[1] : answer.statusCode); // what the app says it heard, if it was reached
      }).on("error", fail).end();
    });
    const get = async (path, headers = {}) => {
      await visitor.goto(`${origin}${path}`, { headers });
      return visitor.page;
    };
    // Nobody: sent to sign in, whatever they claim, and whatever way the path is written.
    const page = await get("/private", { ...invented, ...talk });
    assert.ok(page.url.startsWith(`${server.url}/login?flow=`), `led to ${page.url} (${page.status})`);
    for (const path of ["/public/../private", "/public/%2e%2e/private", "/public/%252e%252e/private", "/public/..%2fprivate", "/public/..;/private",
      "/public\\..\\private", "/publicity", "/private?/public", "/private#/public", "//private", `${origin}/public/../private`, "/public/%00"]) {
      for (const headers of [{}, talk]) {
        const status = await raw(path, headers);
        assert.ok([302, 400].includes(status), `${path}: ${status}`);
      }
    }
    for (const path of ["/public//x", "/public%2fx"]) assert.ok([302, 400].includes(await raw(path)), path);
    assert.equal(await raw("/public/x"), 200);
    // Another host does not get in by this door, and the app hears of none that was not judged.
    assert.notEqual(await raw("/public", { host: "localhost:1", ...talk }).catch(() => 400), 500);
    const hosts = await Promise.all(["/public/x", `${origin}/public/x`].map((path) => raw(path, { host: "evil.example" }, true)));
    for (const told of hosts) assert.ok([undefined, `localhost:${site}`].includes(told), `the app heard of ${told}`);
    // A script is told so.
    assert.equal((await get("/private", { "sec-fetch-mode": "cors", ...talk })).status, 401);
    // A public page: the app hears of nobody.
    const open = JSON.parse((await get("/public/x", invented)).html);
    assert.deepEqual([open.url, told(open.headers)], ["/public/x", {}]);
    // Somebody: the app hears of them, and of nobody else.
    await get("/private?a=b");
    await signIn(visitor);
    assert.equal(visitor.page.url, `${origin}/private?a=b`);
    const { url, headers } = JSON.parse((await get("/private", { ...invented, ...talk })).html);
    assert.equal(url, "/private");
    const heard = told(headers);
    assert.deepEqual(Object.keys(heard).sort(), ["x-auth-email", "x-auth-name", "x-auth-proof", "x-auth-session", "x-auth-user"]);
    assert.deepEqual([heard["x-auth-user"], heard["x-auth-email"], decodeURIComponent(heard["x-auth-name"])], [person.id, person.email, "Ana María Example"]);
    await endElsewhere();
    await get("/private");
    assert.ok(visitor.page.url.startsWith(`${server.url}/login?flow=`), "stopped");
  });
}

/** Long addresses, long names and raw UTF-8 come through, signed in or not. */
async function takesLongWords(proxy) {
  const origin = `http://localhost:${site}`;
  const echo = createServer((request, response) => response.end(JSON.stringify({ url: request.url, headers: request.headers })));
  await new Promise((done) => echo.listen(app, "127.0.0.1", done));
  const parts = [{ log: () => "", stop: () => new Promise((done) => (echo.closeAllConnections?.(), echo.close(done))) }];
  const [visitor, fox] = [new Visitor(), await server.person({ name: "🦊".repeat(200) })];
  await telling(visitor, parts, async () => {
    parts.push(await proxy());
    const get = async (path) => (await visitor.goto(`${origin}${path}`, { headers: { "sec-fetch-mode": "navigate" } }), visitor.page);
    const long = (length) => `/report?${"q=%C3%A4&".repeat(length / 9)}`.slice(0, length);
    // The bytes as they are: parsers of URLs encode them.
    const raw = (path) =>
      new Promise((done, fail) => {
        const parts = [];
        const socket = connect(site, "127.0.0.1", () => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost:${site}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`));
        socket.on("data", (part) => parts.push(part)).on("error", fail).on("end", () => {
          const text = Buffer.concat(parts).toString();
          done({ status: +text.split(" ")[1], location: /^location: (.*)\r$/im.exec(text)?.[1] });
        });
      });
    // Nobody is signed in: 3 KB are kept, 8 KB lead to the front page.
    for (const length of [3000, 4000]) {
      const page = await get(long(length));
      assert.ok(page.url.startsWith(`${server.url}/login?flow=`), `${length}: ${page.status} at ${page.url.slice(0, 100)}`);
      assert.doesNotMatch(page.html, /front page/);
    }
    const page = await get(long(8192));
    assert.ok(page.url.startsWith(`${server.url}/login?flow=`), `led to ${page.url.slice(0, 100)} (${page.status})`);
    assert.match(page.html, /front page/);
    for (const [path, spelt] of [["/grün/ü?q=ä", "/gr%C3%BCn/%C3%BC?q=%C3%A4"], ["/日本", "/%E6%97%A5%E6%9C%AC"]]) {
      const { status, location } = await raw(path);
      assert.equal(status, 302, path);
      assert.equal(new URL(location).searchParams.get("return_to"), `${origin}${spelt}`);
    }
    // The app is asked; that it is one in Node.js, which takes no raw UTF-8 (400), is its own affair.
    assert.ok([200, 400].includes((await raw("/public/grün")).status));
    await get(long(4000));
    await visitor.submit({ identifier: fox.email, password: fox.password });
    assert.equal(visitor.page.url, `${origin}${long(4000)}`, "carried back to where the visitor was");
    for (const length of [3000, 8192]) {
      const { html, status, url } = await get(long(length));
      assert.equal(status, 200, `${length}: ${url.slice(0, 100)}`);
      const heard = JSON.parse(html);
      assert.deepEqual([heard.url, decodeURIComponent(heard.headers["x-auth-name"])], [long(length), "🦊".repeat(64)]);
    }
  });
}

test("the documented nginx takes long addresses and names", { timeout: 60_000 }, () =>
  takesLongWords(async () => startNginx(around(await configuration("nginx"), site), site)));

test("the documented Caddy takes long addresses and names", { timeout: 60_000 }, () =>
  takesLongWords(async () => startCaddy(await configuration("caddyfile"), site)));

test("the documented nginx keeps inventions out", { timeout: 60_000 }, () =>
  keepsInventionsOut(async () => startNginx(around(await configuration("nginx"), site), site)));

test("the documented Caddy keeps inventions out", { timeout: 60_000 }, () =>
  keepsInventionsOut(async () => startCaddy(await configuration("caddyfile"), site)));

test("the example's nginx is the documented one", async () => {
  const tidy = (text) => text.replace(/\s+/g, " ").trim();
  const written = tidy((await documented("forward-auth.md", "nginx")).replaceAll("https://app.example.org", "http://localhost:3000").replaceAll("app.example.org", "localhost:3000"));
  assert.ok(tidy(await readFile(example("nginx/nginx.conf"), "utf8")).includes(written));
});
