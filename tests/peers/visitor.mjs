// A visitor without a browser: cookies a host, redirects followed by hand, forms found in the HTML and filled.
// On node:http, not fetch: fetch says "Sec-Fetch-Mode: cors", and a relying party then answers 401 instead of a redirect.
import { request } from "node:http";

function send(url, { method = "GET", headers, body }) {
  return new Promise((done, fail) => {
    const call = request(url, { method, headers: { ...headers, ...(body ? { "content-length": Buffer.byteLength(body) } : {}) } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part)).on("error", fail);
      answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, html: Buffer.concat(parts).toString("utf8") }));
    });
    call.on("error", fail).end(body);
  });
}

const unescape = (text) =>
  text.replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(parseInt(hex, 16))).replace(/&#(\d+);/g, (_, n) => String.fromCodePoint(+n))
    .replace(/&quot;/g, '"').replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

const attributes = (tag) =>
  Object.fromEntries([...tag.matchAll(/\s([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/g)].map(([, name, a, b, c]) => [name.toLowerCase(), unescape(a ?? b ?? c ?? "")]));

/** The forms of a page: {action, method, values, buttons}. A name that several fields share has an array of values. */
export function forms(html) {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, head, body]) => {
    const { action = "", method = "get" } = attributes(` ${head}`);
    const values = {};
    for (const [tag] of body.matchAll(/<input\b[^>]*>/gi)) {
      const { name, value = "", type = "text", checked } = attributes(tag);
      if (!name || (/checkbox|radio/i.test(type) && checked === undefined)) continue;
      values[name] = name in values ? [values[name], value].flat() : value;
    }
    const buttons = [...body.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/gi)].map(([, tag, text]) => ({ ...attributes(` ${tag}`), text: text.replace(/<[^>]*>/g, "").trim() }));
    return { action, method: method.toLowerCase(), values, buttons };
  });
}

export class Visitor {
  jars = new Map(); // host name → name → value; ports share a jar, as in browsers
  page; // {url, status, html}
  trail = [];

  async goto(url, init = {}) {
    for (let hops = 0; hops < 20; hops++) {
      const { hostname, origin } = new URL(url);
      const jar = this.jars.get(hostname) ?? this.jars.set(hostname, new Map()).get(hostname);
      const headers = { accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", ...init.headers, cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") };
      const answer = await send(url, { ...init, headers });
      for (const line of answer.headers["set-cookie"] ?? []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (/max-age=0|expires=thu, 01.jan.1970/i.test(line) || value === "") jar.delete(name);
        else jar.set(name, value);
      }
      this.trail.push(`${init.method ?? "GET"} ${url} → ${answer.status}`);
      // A page of ours that leaves moves on by itself.
      const refresh = /^0; url=(.*)$/.exec(answer.headers.refresh ?? "")?.[1];
      const location = refresh ?? answer.headers.location;
      if ((!refresh && (answer.status < 300 || answer.status >= 400)) || !location) return (this.page = { url, origin, status: answer.status, html: answer.html });
      url = new URL(location, url).href;
      init = {};
    }
    throw new Error(`too many redirects:\n${this.trail.join("\n")}`);
  }

  /** Submits the first form that has all these fields; `button` chooses by its text when there are several. */
  async submit(values, button) {
    const form = forms(this.page.html).find(
      (form) => Object.keys(values).every((name) => name in form.values) && (!button || form.buttons.some(({ text }) => button.test(text))),
    );
    if (!form) throw new Error(`no form with ${Object.keys(values)} ${button ?? ""} at ${this.page.url} (${this.page.status}):\n${this.page.html.slice(0, 2000)}`);
    const pressed = form.buttons.find(({ text }) => !button || button.test(text));
    const sent = { ...form.values, ...values, ...(pressed?.name ? { [pressed.name]: pressed.value ?? "" } : {}) };
    const data = new URLSearchParams(Object.entries(sent).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
    const url = new URL(form.action, this.page.url);
    if (form.method !== "post") return this.goto(`${url.href.split("?")[0]}?${data}`);
    return this.goto(url.href, {
      method: "POST",
      body: data.toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", origin: this.page.origin, "sec-fetch-site": "same-origin" },
    });
  }

  has(...names) {
    return forms(this.page.html).some((form) => names.every((name) => name in form.values));
  }
}
