// An application on another site that sends its authorization requests by POST: no browser sends our cookies with that form.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { journey, press, signIn, under, useServer } from "./harness.mjs";

const server = useServer();
let APP; // 127.0.0.1 is another site than localhost
const app = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://127.0.0.1");
  const fields = [...searchParams].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join("");
  const form = `<form method="post" action="${server().url}/oauth2/authorize">${fields}<button>Go</button></form>`;
  response.setHeader("content-type", "text/html");
  response.end(`<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><h1>App</h1>${pathname === "/form" ? form : "<p>Back</p>"}`);
});
before(() => new Promise((done) => app.listen(0, "127.0.0.1", () => ((APP = `http://127.0.0.1:${app.address().port}`), done()))));
after(() => new Promise((done) => (app.closeAllConnections(), app.close(done))));
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

journey("an authorization request by POST from another site", async ({ page, context }) => {
  const person = await server().person();
  const client = await server().cli(["client", "add"], {
    client_name: "Elsewhere",
    redirect_uris: [`${APP}/callback`],
    token_endpoint_auth_method: "none",
    application_type: "native",
    first_party: true,
  });
  const asked = (more = {}) => ({
    client_id: client.client_id,
    redirect_uri: `${APP}/callback`,
    response_type: "code",
    scope: "openid",
    state: "s",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...more,
  });
  const post = async (more) => {
    await page.goto(`${APP}/form?${new URLSearchParams(asked(more))}`);
    await press(page, page.getByRole("button", { name: "Go" }));
  };
  const answer = () => {
    assert.ok(page.url().startsWith(`${APP}/callback?`), page.url());
    return new URL(page.url()).searchParams;
  };

  // A journey waits in another tab while the application asks silently and then aloud.
  const tab = await context.newPage();
  await tab.goto(`${server().url}/oauth2/authorize?${new URLSearchParams(asked())}`);
  under(tab, "/login");
  await post({ prompt: "none" });
  assert.equal(answer().get("error"), "login_required");
  await post();
  under(page, "/login");
  await signIn(tab, person.email, person.password);
  assert.ok(tab.url().startsWith(`${APP}/callback?`) && new URL(tab.url()).searchParams.get("code"), `the other tab's journey goes on: ${tab.url()}`);

  // Signed in, nobody is asked again.
  await post();
  assert.ok(answer().get("code"), page.url());
  await post({ prompt: "none" });
  assert.ok(answer().get("code"), page.url());
  await page.goto(`${server().url}/account`);
  under(page, "/account");
});
