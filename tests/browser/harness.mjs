// What every journey stands on: one browser, one server a file, each journey run with script off and then on, and a
// check of each page that a person sees. See journey() and check() below.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { startServer } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SCREENS = process.env.VESTIBULE_SCREENS && resolve(process.env.VESTIBULE_SCREENS === "1" ? join(process.cwd(), "../../target/screens") : process.env.VESTIBULE_SCREENS);
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const executablePath = process.env.VESTIBULE_CHROMIUM || (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);

let launched;
let browser;
let auditor;
const audited = new Set();

/** Declares the server this file's journeys use; `options` as for startServer. Returns a function giving the server. */
export function useServer(options) {
  let server;
  before(async () => {
    browser = await (launched ??= chromium.launch({ executablePath, args: FLAGS })); // one, whatever number of servers
    server = await startServer(options);
  });
  after(async () => {
    await browser?.close();
    browser = launched = auditor = undefined;
    const exit = await server?.stop();
    if (server) assert.equal(exit, 0, `the server ended with ${exit} on SIGTERM:\n${server.log().slice(-3000)}`);
  });
  return () => server;
}

/**
 * Runs `story` twice, with script off and on, each time in a fresh browser context.
 * story gets {page, script, another, goto, mark, context}: another() opens a page in a second, unrelated browser.
 */
export function journey(name, story, { scripts = ["off", "on"], timeout = 90_000 } = {}) {
  for (const script of scripts) {
    test(`${name} (script ${script})`, { timeout }, async () => {
      const contexts = [];
      const problems = [];
      const another = async (options = {}) => {
        const context = await browser.newContext({ javaScriptEnabled: script === "on", locale: "en-US", ...options });
        contexts.push(context);
        context.setDefaultTimeout(10_000);
        if (script === "on") await context.addInitScript(observeShifts);
        watch(context, problems);
        return context.newPage();
      };
      const page = await another();
      try {
        await story({ page, context: page.context(), script, another });
        assert.deepEqual(problems, [], "what the browser complained of");
      } catch (error) {
        const state = await page.locator("body").innerText({ timeout: 1000 }).catch(() => "");
        error.message += `\n--- at ${page.url()}\n${state.slice(0, 1500)}\n${problems.join("\n")}`;
        await screenshot(page, `FAILED ${name} ${script}`);
        throw error;
      } finally {
        await Promise.all(contexts.map((context) => context.close()));
      }
    });
  }
}

/** Console errors, uncaught errors, and requests that leave loopback: noted for the end of the journey. */
function watch(context, problems) {
  context.on("page", (page) => {
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      // A page that answers 4xx is how a refused form looks; a sub-resource that fails is still seen below.
      if (message.text().startsWith("Failed to load resource")) return;
      // Chromium starts a program of an app's own scheme only after a gesture: a reload is none, and the page has a link.
      if (message.text().startsWith("Not allowed to launch 'org.example.app:")) return;
      problems.push(`console at ${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`script error at ${page.url()}: ${error.message}`));
  });
  context.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "localhost" && hostname !== "127.0.0.1") problems.push(`third party: ${request.url()}`);
  });
  context.on("response", (response) => {
    const request = response.request();
    if (request.resourceType() !== "document" && response.status() >= 400) problems.push(`${response.status()} for ${response.url()}`);
    if (response.status() >= 500) problems.push(`${response.status()} for ${response.url()}`);
  });
}

/** Each shift with what moved, and from where to where. */
function observeShifts() {
  window.__shifts = [];
  const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
  const moved = ({ node, previousRect, currentRect }) =>
    `${node?.nodeName ?? "gone"} ${(node?.textContent ?? "").trim().slice(0, 30)}: ${place(previousRect)} → ${place(currentRect)}`;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shifts.push(`${entry.value} ${entry.sources.map(moved).join("; ")}`);
  }).observe({ type: "layout-shift", buffered: true });
}

/**
 * Holds a page that is shown now against what every page promises: a title and a language, no layout shift, no
 * sideways scrolling at 320 px, and no finding of axe in the light and the dark theme.
 */
export async function check(page, name) {
  await page.waitForLoadState("load");
  const facts = await page.evaluate(() => ({
    title: document.title,
    lang: document.documentElement.lang,
    shifts: window.__shifts ?? [],
    headings: document.querySelectorAll("h1").length,
  }));
  assert.ok(facts.title.trim(), `${name}: a title`);
  assert.ok(facts.lang, `${name}: a language`);
  assert.equal(facts.headings, 1, `${name}: one main heading`);
  assert.deepEqual(facts.shifts, [], `${name}: layout shifts`);

  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  await screenshot(page, `${name} narrow`);
  await page.setViewportSize(size);
  assert.ok(wide <= 320, `${name}: ${wide} px wide on a 320 px screen`);
  await screenshot(page, name);
  await audit(page, name);
}

/**
 * axe needs script, and half of the journeys have none: so the page's HTML as it is now is shown again, under the same
 * address and with the server's own stylesheet but none of its scripts, in a context that has script, and scanned there.
 */
async function audit(page, name) {
  const html = await page.content();
  const digest = createHash("sha256").update(html.replace(/(value|content|href|action|nonce)="[^"]{16,}"/g, "")).digest("hex");
  if (audited.has(digest)) return;
  audited.add(digest);
  auditor ??= await browser.newContext({ locale: "en-US" });
  const copy = await auditor.newPage();
  try {
    await copy.route("**/*", (route) => {
      const type = route.request().resourceType();
      if (type === "document") return route.fulfill({ status: 200, contentType: "text/html; charset=utf-8", body: html });
      return type === "script" ? route.abort() : route.continue();
    });
    await copy.goto(page.url().split("#")[0]);
    await copy.evaluate(AXE);
    for (const colorScheme of ["light", "dark"]) {
      await copy.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      if (colorScheme === "dark") await screenshot(copy, `${name} dark`);
      const findings = await copy.evaluate(async (tags) => {
        const result = await window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
        return result.violations.map((rule) => `${rule.id}: ${rule.help}: ${rule.nodes.map((node) => node.html + " " + node.failureSummary).join(" | ")}`);
      }, AXE_TAGS);
      assert.deepEqual(findings, [], `${name}, ${colorScheme}: accessibility`);
    }
  } finally {
    await copy.close();
  }
}

/** A picture of the whole page, if VESTIBULE_SCREENS names a folder for them. */
export async function screenshot(page, name) {
  if (!SCREENS) return;
  mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: join(SCREENS, `${name.replace(/[^\w]+/g, "-")}.png`), fullPage: true }).catch(() => {});
}

// --- hands: what a person does on our pages, by field name and by role -------------------------------------------

export const field = (page, name) => page.locator(`input[name="${name}"]:not([type=hidden]), textarea[name="${name}"], select[name="${name}"]`).first();
export const button = (page, name) => page.getByRole("button", { name }).first();
/** A language of the footer's switch: a button where it takes a form along, a link elsewhere. */
export const language = (page, name) => page.locator("footer").getByText(name, { exact: true });
const formOf = (page, name) => page.locator("form").filter({ has: field(page, name) }).first();

/** Fills the fields and presses the submit button of the form that holds the last of them. */
export async function submit(page, values) {
  const names = Object.keys(values);
  for (const name of names) {
    const input = field(page, name);
    if ((await input.getAttribute("data-busy")) !== null) {
      // A full code goes by itself, before or while we press; one that was corrected waits for the person.
      await input.fill("0");
      await input.press("Backspace");
    }
    await input.fill(values[name]);
  }
  await press(page, formOf(page, names.at(-1)).locator("button[type=submit], button:not([type])").first());
}

/** Presses something that leads to another page, and waits for that page; where it moves on by itself, for the next. */
export async function press(page, target) {
  let leaving;
  const look = (response) => {
    if (!response.request().isNavigationRequest() || response.frame() !== page.mainFrame()) return;
    if (response.headers().refresh) leaving = response.url();
  };
  page.on("response", look);
  const loaded = page.waitForEvent("domcontentloaded");
  await target.click();
  await loaded;
  await page.waitForLoadState("load");
  if (leaving) {
    await page.waitForURL((url) => url.href !== leaving);
    await page.waitForLoadState("load");
  }
  page.off("response", look);
}

/** Signs in from wherever the sign-in form is shown, whether it asks for both at once or one after the other. */
export async function signIn(page, identifier, password) {
  await field(page, "identifier").fill(identifier);
  if (await field(page, "password").isVisible()) return submit(page, { identifier, password });
  await submit(page, { identifier });
  return submit(page, { password });
}

/** Signs out as a person does, so that the browser keeps what it knows. */
export async function signOut(page) {
  await page.goto(new URL("/logout", page.url()).href);
  await press(page, page.locator("main form button").first());
}

export const at = (page, path) => assert.equal(new URL(page.url()).pathname, path, `at ${path}`);
export const under = (page, path) => assert.ok(new URL(page.url()).pathname.startsWith(path), `${page.url()} is under ${path}`);

/** A refused form: "Error:" in the title, a summary that links to the fields, the named fields marked and described. */
export async function refused(page, ...fields) {
  assert.match(await page.title(), /^Error:/, "the title says that something is wrong");
  for (const name of fields) {
    const marked = field(page, name);
    assert.equal(await marked.getAttribute("aria-invalid"), "true", `${name} is marked`);
    assert.ok(await marked.getAttribute("aria-describedby"), `${name} is described`);
  }
}
