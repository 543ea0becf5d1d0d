// Apache's mod_auth_openidc, a certified relying party: sign in, read the claims, sign out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../browser/server.mjs";
import { planApache, startApache } from "./apache.mjs";
import { Visitor } from "./visitor.mjs";

let server, person;

before(async () => {
  server = await startServer({ command: "serve" });
  person = await server.person({ name: "Ana María Example" });
});
after(() => server?.stop());

const id = (html, name) => new RegExp(`id=${name}>([^<]*)<`).exec(html)?.[1];

async function wholeVisit({ auth, alg, first_party }) {
  const plan = await planApache();
  const client = await server.cli(["client", "add"], {
    client_name: `Apache ${auth} ${alg}`,
    redirect_uris: [plan.redirectUri],
    post_logout_redirect_uris: [plan.afterLogout],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: auth,
    id_token_signed_response_alg: alg,
    scope: "openid email profile",
    ...(first_party ? { first_party } : {}),
  });
  assert.ok(client.client_id && client.client_secret, "the registration answers with an id and a secret");
  const apache = await startApache(plan, {
    issuer: server.url,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    extra: `OIDCProviderTokenEndpointAuth ${auth}\nOIDCIDTokenSignedResponseAlg ${alg}`,
  });
  const visitor = new Visitor();
  try {
    await visitor.goto(`${plan.url}/protected/`);
    assert.ok(visitor.page.url.startsWith(`${server.url}/login`), "sent to sign in");
    if (visitor.has("identifier", "password")) await visitor.submit({ identifier: person.email, password: person.password });
    else {
      await visitor.submit({ identifier: person.email });
      await visitor.submit({ password: person.password });
    }
    if (!first_party) {
      assert.ok(visitor.page.url.startsWith(`${server.url}/consent`), "asked for consent");
      await visitor.submit({}, /allow|continue|accept/i);
    }
    assert.equal(visitor.page.status, 200);
    assert.ok(visitor.page.url.startsWith(`${plan.url}/protected/`), "carried back");
    const { html } = visitor.page;
    assert.equal(id(html, "email"), person.email);
    assert.match(id(html, "verified"), /^(1|true)$/);
    assert.ok(id(html, "user").startsWith(person.email));
    assert.equal(id(html, "issuer"), server.url);
    assert.ok(id(html, "sub"));
    assert.match(id(html, "name"), /Ana/);

    await visitor.goto(`${plan.url}/protected/callback?logout=${encodeURIComponent(plan.afterLogout)}`);
    if (visitor.page.url.startsWith(server.url)) await visitor.submit({}, /sign out|log out|yes|continue/i);
    assert.ok(visitor.page.url.startsWith(plan.afterLogout), `back after signing out, not at ${visitor.page.url}`);
    await visitor.goto(`${plan.url}/protected/`);
    assert.ok(visitor.page.url.startsWith(`${server.url}/login`), "both sessions ended");
  } catch (error) {
    error.message += `\n--- trail\n${visitor.trail.join("\n")}\n--- Apache\n${(await apache.log()).slice(-4000)}\n--- Vestibule\n${server.log().slice(-4000)}`;
    throw error;
  } finally {
    await apache.stop();
  }
}

test("client_secret_basic, RS256, with consent", { timeout: 60_000 }, () => wholeVisit({ auth: "client_secret_basic", alg: "RS256" }));
test("client_secret_post, ES256, first party", { timeout: 60_000 }, () => wholeVisit({ auth: "client_secret_post", alg: "ES256", first_party: true }));
