// The distribution's nginx and Caddy as unprivileged processes of their own, in temporary folders, with configurations of this repository.
import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wait } from "../browser/server.mjs";

const NOBODY = 65534;

/** @param {string} text a whole nginx.conf; @param {number} port where it listens */
export const startNginx = (text, port) =>
  startProxy(text, port, "/usr/sbin/nginx", (dir, file) => ["-p", dir, "-e", "stderr", "-c", file, "-g", "daemon off;"]);

/** @param {string} text a Caddyfile; @param {number} port where it listens */
export const startCaddy = (text, port) =>
  startProxy(`{\n\tauto_https off\n\tadmin off\n}\n${text}`, port, "/usr/bin/caddy", (dir, file) => ["run", "--adapter", "caddyfile", "--config", file]);

async function startProxy(text, port, program, argumentsFor) {
  const dir = await mkdtemp(join(tmpdir(), "proxy-"));
  const file = join(dir, "proxy.conf");
  await writeFile(file, text);
  const root = process.getuid() === 0;
  if (root) await chmod(dir, 0o777);
  const lines = [];
  const child = spawn(program, argumentsFor(dir, file), {
    cwd: dir,
    env: { PATH: process.env.PATH, LANG: "C", HOME: dir },
    stdio: ["ignore", "pipe", "pipe"],
    ...(root ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => lines.push(String(data)));
  let exit;
  child.once("error", (error) => (exit = error.message));
  child.once("exit", (code, signal) => (exit = code ?? signal));
  for (const until = Date.now() + 15_000; ; await wait(50)) {
    if (exit !== undefined) throw new Error(`${program} ended with ${exit}:\n${lines.join("")}`);
    if (await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" }).catch(() => null)) break;
    if (Date.now() > until) throw new Error(`${program} did not answer:\n${lines.join("")}`);
  }
  return {
    log: () => lines.join(""),
    async stop() {
      child.kill("SIGTERM");
      for (const until = Date.now() + 5000; exit === undefined && Date.now() < until; ) await wait(20);
      if (exit === undefined) child.kill("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The configuration in a language (`nginx`, `caddyfile`) of a page of the documentation. */
export async function documented(page, language) {
  const text = await readFile(new URL(`../../docs/${page}`, import.meta.url), "utf8");
  return text.split("```" + language + "\n")[1].split("```")[0];
}

/** A nginx.conf around the inside of one `server` block. */
export const around = (inside, port) => `
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path temp;`).join("\n  ")}
  server {
    listen 127.0.0.1:${port};
    server_name localhost;
${inside}
  }
}
`;
