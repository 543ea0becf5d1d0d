// A started Vestibule: its own port, data directory and mail directory. Used by the browser journeys and by tests/peers.
import { spawn, execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseMail } from "./mail.mjs";

const ROOT = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
export const BINARY = process.env.VESTIBULE_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/vestibule");
const decodeEntities = (text) => text.replace(/&#(?:x([0-9a-f]+)|(\d+));/gi, (_, hex, number) => String.fromCodePoint(hex ? parseInt(hex, 16) : Number(number)));
export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** A port of 127.0.0.1 that is free now, and whose successor is too (the demo relying party's). */
export async function freePort() {
  const listen = (port) =>
    new Promise((done) => {
      const probe = createServer().once("error", () => done(null));
      probe.listen(port, "127.0.0.1", () => done(probe));
    });
  for (;;) {
    const first = await listen(0);
    const { port } = first.address();
    const second = await listen(port + 1);
    await Promise.all([first, second].map((probe) => probe && new Promise((done) => probe.close(done))));
    if (second) return port;
  }
}

/**
 * Starts `vestibule <command>` and waits until /readyz answers 200.
 * @param {{command?: "dev" | "serve", settings?: Record<string, string>, config?: string}} options settings: further VESTIBULE_… variables;
 *   config: text of a config.toml, for what has no variable
 */
export async function startServer({ command = "dev", settings = {}, config = "" } = {}) {
  const dir = await mkdtemp(join(tmpdir(), "vestibule-"));
  await writeFile(join(dir, "config.toml"), config);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    RUST_BACKTRACE: "1",
    VESTIBULE_SERVER__LISTEN: `127.0.0.1:${port}`,
    VESTIBULE_SERVER__PUBLIC_URL: url,
    VESTIBULE_DATA__DIR: dir,
    VESTIBULE_MAIL__TRANSPORT: "file",
    VESTIBULE_LIMITS__ENABLED: "false", // one address makes all the requests
    VESTIBULE_FLOWS__RESEND_SECONDS: "1",
    ...settings,
  };
  const lines = [];
  const log = () => lines.join("");
  let child, ended, exit;
  async function begin() {
    exit = undefined;
    child = spawn(BINARY, [command], { cwd: dir, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => lines.push(String(data)));
    ended = new Promise((done) => child.once("exit", (code, signal) => done(code ?? signal)));
    ended.then((code) => (exit = code));
    child.once("error", (error) => ((exit = error.message), lines.push(error.message)));
    for (const deadline = Date.now() + 30_000; ; await wait(50)) {
      if ((await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status === 200) return;
      if (exit === undefined && Date.now() < deadline) continue;
      child.kill("SIGKILL");
      await rm(dir, { recursive: true, force: true });
      throw new Error(`${BINARY} ${command} ${exit === undefined ? "was not ready in 30 s" : `ended with ${exit}`}:\n${log()}`);
    }
  }
  await begin();

  /** Runs a subcommand on the same data and returns its JSON. */
  const cli = (words, input) =>
    new Promise((done, fail) => {
      const run = execFile(BINARY, [...words, "--json"], { cwd: dir, env }, (error, stdout, stderr) =>
        error ? fail(new Error(`vestibule ${words.join(" ")}: ${stderr}${stdout}`)) : done(stdout.trim() ? JSON.parse(stdout) : null),
      );
      run.stdin.end(input === undefined ? "" : JSON.stringify(input));
    });

  const outbox = join(dir, "outbox/mail");
  const taken = new Set();
  let people = 0;
  return {
    url,
    port,
    dir,
    log,
    cli,
    demo: `http://127.0.0.1:${port + 1}`,
    /** The next mail to this address that was not returned before; `which` says of a mail whether it is meant. */
    async mail(to, seconds = 15, which = () => true) {
      for (const until = Date.now() + seconds * 1000; ; await wait(50)) {
        const names = (await readdir(outbox).catch(() => [])).filter((name) => name.endsWith(".eml") && !taken.has(name)).sort();
        for (const name of names) {
          const mail = parseMail(await readFile(join(outbox, name)), url);
          if (!mail.to.toLowerCase().includes(to.toLowerCase()) || !which(mail)) continue;
          taken.add(name);
          return mail;
        }
        if (Date.now() > until) throw new Error(`no mail to ${to} within ${seconds} s; server log:\n${log().slice(-3000)}`);
      }
    },
    /** The next text to this number with a code, as `vestibule dev` shows it, that was not returned before. */
    async sms(number, seconds = 15) {
      for (const until = Date.now() + seconds * 1000; ; await wait(50)) {
        const page = await (await fetch(`${url}/dev/sms`)).text();
        for (const [, to, body] of page.matchAll(/<h2>([^<]*)<\/h2>[^]*?<pre class="?mail"?>([^<]*)<\/pre>/g)) {
          const text = decodeEntities(body);
          const code = /#(\d{6})\s*$/.exec(text)?.[1];
          if (decodeEntities(to) !== number || !code || taken.has(`${to} ${code}`)) continue;
          taken.add(`${to} ${code}`);
          return { to: number, text, code };
        }
        if (Date.now() > until) throw new Error(`no text to ${number} within ${seconds} s; server log:\n${log().slice(-3000)}`);
      }
    },
    /** A mobile number nobody has used. */
    number: () => `+43660${Math.floor(1e6 + Math.random() * 9e6)}`,
    /** Adds a verified person over the command line. */
    async person(facts = {}) {
      const name = `ana${++people}x${Math.floor(Math.random() * 1e6)}`;
      const person = { email: `${name}@example.org`, email_verified: true, username: name, password: "correct horse battery", name: "Ana Example", ...facts };
      return { ...person, ...(await cli(["user", "add"], person)), password: person.password };
    },
    /** An address nobody has used. */
    address: () => `new${++people}x${Math.floor(Math.random() * 1e6)}@example.org`,
    /** Makes every unfinished flow a thing of the past: the clock of a real process cannot be set. */
    expireFlows() {
      const script = "import sqlite3,sys,glob\nfor f in glob.glob(sys.argv[1]+'/*.db')+glob.glob(sys.argv[1]+'/*.sqlite*'):\n"
        + " if f.endswith(('-wal','-shm')): continue\n c=sqlite3.connect(f,timeout=20)\n c.execute('UPDATE flows SET expires_at=1')\n c.commit()";
      return new Promise((done, fail) => execFile("/usr/bin/python3", ["-c", script, dir], (error, out, err) => (error ? fail(new Error(err)) : done())));
    },
    /** Ends the process without a warning, as a power cut would, and starts it again on the same data. */
    async restart() {
      child.kill("SIGKILL");
      await ended;
      await begin();
    },
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 25_000);
      const code = await ended;
      clearTimeout(late);
      await rm(dir, { recursive: true, force: true });
      return code;
    },
  };
}
