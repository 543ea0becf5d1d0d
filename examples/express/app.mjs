// An Express app that asks Vestibule at each request who its visitor is. It keeps no session and no secret of its own.
import express from "express";

const VESTIBULE = process.env.VESTIBULE ?? "http://localhost:8080";
const ORIGIN = process.env.ORIGIN ?? "http://localhost:3000";
const PORT = Number(process.env.PORT ?? 3000);

/** Puts {user, session} into req.visitor, or sends the visitor to sign in and back. */
async function signedIn(req, res, next) {
  let answer;
  try {
    // The cookies as they came: Vestibule knows its own, and refuses a planted twin.
    answer = await fetch(`${VESTIBULE}/session`, { headers: { cookie: req.headers.cookie ?? "" }, redirect: "error", signal: AbortSignal.timeout(5000) });
  } catch (error) {
    console.error(`Vestibule does not answer: ${error.message}`);
  }
  if (answer?.status === 200) {
    req.visitor = await answer.json();
    res.set("cache-control", "no-store");
    return next();
  }
  // Without an answer nobody is let in.
  if (answer?.status !== 401) return res.status(503).type("text").send("Signing in does not work just now.\n");
  const page = req.method === "GET" && (req.get("sec-fetch-mode") ?? "navigate") === "navigate";
  if (!page) return res.status(401).json({ error: "sign in first" });
  // Our own origin, not the Host header, which is the visitor's to choose.
  res.redirect(303, `${VESTIBULE}/session/start?return_to=${encodeURIComponent(ORIGIN + req.originalUrl)}`);
}

const app = express().disable("x-powered-by");
app.get("/", (req, res) => res.type("text").send("A public page. The other one: /private\n"));
app.get("/private", signedIn, (req, res) => {
  const { user, session } = req.visitor;
  res.type("text").send(`Hello ${user.name ?? user.email ?? user.id}, signed in by ${session.amr.join(" and ")}\n`);
});
app.listen(PORT, "127.0.0.1", (error) => {
  if (error) throw error;
  console.log(`open ${ORIGIN}/private`);
});
