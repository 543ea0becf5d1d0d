// The app behind nginx: no library, no session. Who its visitor is stands in the headers, and the proof says that they are Vestibule's.
import { createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";

const VESTIBULE = process.env.VESTIBULE ?? "http://localhost:8080";
const ORIGIN = process.env.ORIGIN ?? "http://localhost:3000";
const PORT = Number(process.env.PORT ?? 3001);

let keys = new Map();

/** The public key of this id; the key set is read again for one that is not known, at most once a minute. */
let fetched = 0;
async function keyOf(kid) {
  if (!keys.has(kid) && Date.now() - fetched > 60_000) {
    fetched = Date.now();
    const set = await (await fetch(`${VESTIBULE}/oauth2/jwks`)).json();
    keys = new Map(set.keys.filter((key) => key.alg === "ES256").map((key) => [key.kid, createPublicKey({ key, format: "jwk" })]));
  }
  return keys.get(kid);
}

/** The claims of a proof, or null if it is not one for this app, of now. */
async function proven(proof) {
  const parts = (proof ?? "").split(".");
  if (parts.length !== 3) return null;
  const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  if (header.typ !== "vestibule-proof+jwt" || header.alg !== "ES256") return null;
  const key = await keyOf(header.kid);
  const signed = Buffer.from(parts.slice(0, 2).join("."));
  if (!key || !verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(parts[2], "base64url"))) return null;
  const inTime = claims.exp > Date.now() / 1000;
  return claims.iss === VESTIBULE && claims.aud === ORIGIN && inTime ? claims : null;
}

createServer(async (request, response) => {
  const visitor = await proven(request.headers["x-auth-proof"]).catch(() => null);
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("cache-control", "no-store");
  response.end(visitor ? `Hello ${visitor.name ?? visitor.email ?? visitor.sub}\n${decodeURIComponent(request.headers["x-auth-name"] ?? "")}\n` : "Hello whoever you are\n");
}).listen(PORT, "127.0.0.1", () => console.log(`listening on port ${PORT}`));
