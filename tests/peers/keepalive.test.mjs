// Vestibule behind proxies that keep connections to it: what is refused of one person's requests costs nobody else theirs.
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { after, before, test } from "node:test";
import { freePort, startServer } from "../browser/server.mjs";
import { startCaddy, startNginx } from "./proxies.mjs";

const FORM = "application/x-www-form-urlencoded";
const kilobytes = (number) => "x".repeat(number * 1024);

/** What people and programs send all day, and what others send: [method, path, headers, body, chunked, the statuses that are right]. */
const TRAFFIC = [
  ["GET", "/login", {}, "", false, [200]],
  ["GET", "/oauth2/jwks", {}, "", false, [200]],
  ["GET", "/.well-known/openid-configuration", {}, "", false, [200]],
  ["GET", "/session", {}, "", false, [401]],
  ["POST", "/oauth2/token", { "content-type": FORM }, "grant_type=authorization_code&code=x&client_id=nobody", false, [400, 401]],
  ["POST", "/oauth2/token", { "content-type": "application/json" }, `{"a":"${kilobytes(20)}"}`, false, [400, 415]],
  ["POST", "/nowhere", { "content-type": FORM }, kilobytes(20), false, [404]],
  ["POST", "/nowhere", { "content-type": FORM }, kilobytes(200), true, [404]],
  ["PUT", "/login", { "content-type": FORM }, kilobytes(40), false, [405]],
  ["POST", "/login", { "content-type": "multipart/form-data; boundary=x" }, kilobytes(50), true, [415]],
  ["POST", "/login", { "content-type": FORM }, kilobytes(100), false, [413]],
  ["POST", "/login", { "content-type": FORM, origin: "https://evil.example", "sec-fetch-site": "cross-site" }, kilobytes(30), false, [403]],
  ["POST", "/healthz", { "content-type": "text/plain" }, kilobytes(8), true, [405]],
  ["GET", "/oauth2/userinfo", { "content-type": FORM }, kilobytes(10), false, [401]],
];
/** More than is read for the sake of a connection. */
const LARGE = [
  ["POST", "/nowhere", { "content-type": "application/octet-stream" }, kilobytes(900), false, [404]],
  ["POST", "/login", { "content-type": FORM }, kilobytes(700), true, [413]],
];

function send(agent, port, kind) {
  const [method, path, headers, body, chunked] = kind;
  return new Promise((done) => {
    const length = chunked ? {} : { "content-length": Buffer.byteLength(body) };
    const call = request({ host: "127.0.0.1", port, method, path, agent, headers: { host: `localhost:${port}`, ...headers, ...(body || !chunked ? length : {}) } }, (answer) => {
      answer.on("data", () => {}).on("end", () => done(answer.statusCode)).on("error", () => done("cut"));
    });
    // A proxy may end its connection to a client at the moment when that sends its next request, and clients try again (so do browsers).
    call.on("error", (error) => done(call.reusedSocket && error.code === "ECONNRESET" && method === "GET" ? send(agent, port, kind) : error.code));
    if (chunked) {
      call.write(body.slice(0, body.length / 2));
      setImmediate(() => call.end(body.slice(body.length / 2)));
    } else call.end(body);
  });
}

/** Many at once, each a request after the other; what came that was not right. */
async function wrong(port, traffic, clients, each) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const found = {};
  const one = async (first) => {
    for (let i = 0; i < each; i++) {
      const kind = traffic[(first * 5 + i * 3) % traffic.length];
      const status = await send(agent, port, kind);
      if (kind[5].includes(status)) continue;
      const name = `${kind[0]} ${kind[1]} ${kind[3].length} → ${status}`;
      found[name] = (found[name] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, first) => one(first)));
  agent.destroy();
  return found;
}

let server;
before(async () => (server = await startServer({ command: "serve", settings: { VESTIBULE_SERVER__TRUSTED_PROXIES: "127.0.0.1" } })));
after(() => server?.stop());

async function withProxy(start, story) {
  const port = await freePort();
  const proxy = await start(port);
  try {
    await story(port);
  } catch (error) {
    error.message += `\n--- the proxy\n${proxy.log().slice(-3000)}`;
    throw error;
  } finally {
    await proxy.stop();
  }
}

const caddy = (port) => startCaddy(`http://localhost:${port} {\n\treverse_proxy 127.0.0.1:${server.port}\n}\n`, port);

const nginx = (buffering) => (port) => startNginx(`
worker_processes 2;
pid nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_max_body_size 10m;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path temp;`).join("\n  ")}
  upstream vestibule { server 127.0.0.1:${server.port}; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://vestibule;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_request_buffering ${buffering};
    }
  }
}
`, port);

for (const [name, start] of [["Caddy", caddy], ["nginx", nginx("on")], ["nginx without request buffering", nginx("off")]]) {
  test(`${name}: requests that are refused break nobody else's`, { timeout: 120_000 }, () =>
    withProxy(start, async (port) => {
      assert.deepEqual(await wrong(port, TRAFFIC, 12, 140), {}, "answers that are not right, of 1,680");
      assert.deepEqual(await wrong(port, [...TRAFFIC, ...LARGE], 8, 64), {}, "answers that are not right, of 512 with large ones");
    }));
}
