// Relying parties' libraries as they come, with the registration of the README, which names no authentication method: all of these send
// the secret in the form unless told otherwise.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { betterAuth } from "better-auth";
import { genericOAuth } from "better-auth/plugins";
import * as client from "openid-client";
import { BINARY, freePort, startServer } from "../browser/server.mjs";
import { Visitor } from "./visitor.mjs";

let server, person, readme;

before(async () => {
  server = await startServer({ command: "serve" });
  person = await server.person({ name: "Ana María Example" });
  const text = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  readme = JSON.parse(/echo '(\{[^']*\})' \|/.exec(text)[1]);
});
after(() => server?.stop());

const register = (redirect_uri, changed = {}) => server.cli(["client", "add"], { ...readme, redirect_uris: [redirect_uri], ...changed });

/** Signs in and allows, as far as asked. */
async function allow(visitor) {
  if (visitor.page.url.startsWith(`${server.url}/login`)) await visitor.submit({ identifier: person.email, password: person.password });
  if (visitor.page.url.startsWith(`${server.url}/consent`)) await visitor.submit({}, /allow/i);
}

async function telling(visitor, story) {
  try {
    return await story();
  } catch (error) {
    error.message += `\n--- trail\n${visitor.trail.join("\n")}\n--- Vestibule\n${server.log().slice(-3000)}`;
    throw error;
  }
}

/** A server on a port of its own for as long as `story` takes. */
async function serving(port, handler, story) {
  const listener = createServer(handler);
  await new Promise((done) => listener.listen(port, "127.0.0.1", done));
  try {
    return await story();
  } finally {
    listener.closeAllConnections();
    await new Promise((done) => listener.close(done));
  }
}

/** Through the whole of openid-client: discovery, code with PKCE, ID token, userinfo, refresh, introspection, revocation. */
async function openidClient(method, changed = {}) {
  const port = await freePort();
  const redirect_uri = `http://localhost:${port}/callback`;
  const { client_id, client_secret, token_endpoint_auth_method } = await register(redirect_uri, changed);
  if (!changed.token_endpoint_auth_method) assert.equal(token_endpoint_auth_method, "client_secret_basic", "RFC 7591 section 2");
  const options = { execute: [client.allowInsecureRequests] };
  const config = await client.discovery(new URL(server.url), client_id, client_secret, method?.(client_secret), options);
  const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
  const start = client.buildAuthorizationUrl(config, {
    redirect_uri, scope: "openid email profile", state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const visitor = new Visitor();
  return telling(visitor, () =>
    serving(port, (_, answer) => answer.end("here"), async () => {
      await visitor.goto(start.href);
      await allow(visitor);
      assert.ok(visitor.page.url.startsWith(redirect_uri), `carried back, not at ${visitor.page.url}`);
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      const tokens = await client.authorizationCodeGrant(config, new URL(visitor.page.url), checks);
      const told = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
      assert.equal(told.email, person.email);
      const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
      assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, true);
      await client.tokenRevocation(config, refreshed.refresh_token);
      assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, false);
      return tokens.claims();
    }),
  );
}

test("openid-client 6, as it comes", { timeout: 60_000 }, async () => {
  const claims = await openidClient();
  assert.equal(claims.email, undefined, "the scopes' claims are at the userinfo endpoint");
});
test("openid-client 6, told to use Basic", { timeout: 60_000 }, () => openidClient(client.ClientSecretBasic));
test("openid-client 6, Basic where post is registered", { timeout: 60_000 }, () =>
  openidClient(client.ClientSecretBasic, { token_endpoint_auth_method: "client_secret_post" }));
test("openid-client 6, claims in the ID token", { timeout: 60_000 }, async () => {
  const claims = await openidClient(undefined, { id_token_claims: "scopes" });
  assert.deepEqual([claims.email, claims.email_verified, claims.name], [person.email, true, "Ana María Example"]);
});
test("openid-client 6 is told when only Basic is registered", { timeout: 60_000 }, async () => {
  const refused = await openidClient(undefined, { token_endpoint_auth_method: "client_secret_basic" }).then(() => null, (error) => error);
  // A 401 has a challenge (RFC 9110 section 15.5.2), and then the library leaves the body to whoever catches.
  assert.equal(refused?.status, 401, String(refused));
  const { error, error_description } = await refused.response.json();
  assert.equal(error, "invalid_client");
  assert.match(error_description, /client_secret_basic.*client_secret_post/);
});

test("better-auth, as it comes", { timeout: 60_000 }, async () => {
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const { client_id, client_secret } = await register(`${base}/api/auth/callback/vestibule`);
  const auth = betterAuth({
    baseURL: base,
    secret: "a-secret-of-this-test-a-secret-of-this-test",
    telemetry: { enabled: false },
    plugins: [
      genericOAuth({
        config: [{
          providerId: "vestibule", clientId: client_id, clientSecret: client_secret, discoveryUrl: `${server.url}/.well-known/openid-configuration`,
          scopes: ["openid", "email", "profile"],
        }],
      }),
    ],
  });
  const handler = async (request, answer) => {
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
    const got = request.url === "/" ? new Response("home") : await auth.handler(new Request(base + request.url, { method: request.method, headers }));
    answer.statusCode = got.status;
    for (const [name, value] of got.headers) if (name !== "set-cookie") answer.setHeader(name, value);
    answer.setHeader("set-cookie", got.headers.getSetCookie());
    answer.end(Buffer.from(await got.arrayBuffer()));
  };
  const visitor = new Visitor();
  await telling(visitor, () =>
    serving(port, handler, async () => {
      const begun = await auth.api.signInSocial({ body: { provider: "vestibule", callbackURL: "/" }, asResponse: true });
      const jar = begun.headers.getSetCookie().map((line) => /^([^=]+)=([^;]*)/.exec(line)).map(([, name, value]) => [name, value]);
      visitor.jars.set("localhost", new Map(jar));
      await visitor.goto((await begun.json()).url);
      await allow(visitor);
      assert.equal(visitor.page.url, `${base}/`, "signed in, and back at the app");
      const cookie = [...visitor.jars.get("localhost")].map((pair) => pair.join("=")).join("; ");
      const session = await auth.api.getSession({ headers: new Headers({ cookie }) });
      assert.deepEqual([session?.user.email, session?.user.emailVerified, session?.user.name], [person.email, true, "Ana María Example"]);
    }),
  );
});

test("what a registration does not keep is named, and the answer stays JSON", async () => {
  const given = { ...readme, tos_uri: "https://app.example/tos", require_pushed_authorization_requests: true };
  const { stdout, stderr } = await new Promise((done, fail) => {
    const run = execFile(BINARY, ["client", "add", "--json"], { cwd: server.dir, env: { PATH: process.env.PATH, VESTIBULE_DATA__DIR: server.dir } }, (error, stdout, stderr) =>
      error ? fail(error) : done({ stdout, stderr }));
    run.stdin.end(JSON.stringify(given));
  });
  assert.equal(JSON.parse(stdout).tos_uri, undefined);
  assert.match(stderr, /not kept.*require_pushed_authorization_requests.*tos_uri/);
});
