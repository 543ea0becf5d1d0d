// Pages that arrive in pieces, as over a slow line or in a busy browser: what is shown already stays where it is.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, before } from "node:test";
import { at, journey, press, button, submit, useServer } from "./harness.mjs";

const server = useServer();
const PASSWORD = "violet tram 42 harbour";

/** Stands before the server and hands HTML on tag by tag, with a pause that lets the browser paint in between. */
let slow;
before(async () => {
  slow = createServer((asked, answer) => {
    const target = new URL(server().url);
    const headers = { ...asked.headers, "accept-encoding": "identity" };
    const on = request({ host: "127.0.0.1", port: target.port, path: asked.url, method: asked.method, headers }, async (found) => {
      const chunks = [];
      for await (const chunk of found) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const { "content-length": _, ...kept } = found.headers;
      answer.writeHead(found.statusCode, kept);
      const html = body.toString("utf8");
      if (!found.headers["content-type"]?.startsWith("text/html")) return answer.end(body);
      const [head, rest] = html.split(/(?<=<body[^>]*>)/);
      answer.write(head);
      for (const piece of rest.split(/(?=<)/)) {
        answer.write(piece);
        await new Promise((done) => setTimeout(done, 25));
      }
      answer.end();
    });
    asked.pipe(on);
  });
  await new Promise((done) => slow.listen(0, "127.0.0.1", done));
});
after(() => slow.close());

const arriving = (page, path) => page.goto(`http://localhost:${slow.address().port}${path}`);
const shifts = (page) => page.evaluate(() => window.__shifts);

journey(
  "nothing moves while a page arrives",
  async ({ page }) => {
    const email = server().address();
    const moved = [];
    const look = async (path) => {
      await arriving(page, path);
      for (const shift of await shifts(page)) moved.push(`${path}: ${shift}`);
    };
    for (const path of ["/login", "/signup", "/reset"]) await look(path);
    await page.goto(server().url + "/signup");
    await submit(page, { email, password: PASSWORD });
    at(page, "/verify");
    await submit(page, { code: (await server().mail(email)).code });
    at(page, "/account");
    for (const path of ["", "/profile", "/email", "/password", "/passkeys", "/security", "/identities", "/sessions", "/apps", "/delete"]) {
      await look(`/account${path}`);
    }
    assert.deepEqual(moved, []);
  },
  { scripts: ["on"] },
);
