// Reads a message as a mail program would: headers, MIME parts, transfer encodings. Only what our mails use.

const decodeQuoted = (text) =>
  Buffer.from(text.replace(/=\r?\n/g, "").replace(/=([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), "latin1");

const decodeBody = (text, encoding) => {
  if (/base64/i.test(encoding)) return Buffer.from(text, "base64").toString("utf8");
  if (/quoted-printable/i.test(encoding)) return decodeQuoted(text).toString("utf8");
  return Buffer.from(text, "latin1").toString("utf8");
};

/** RFC 2047 encoded words. */
const decodeHeader = (value) =>
  value
    .replace(/(\?=)\s+(=\?)/g, "$1$2")
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind, text) =>
      /b/i.test(kind) ? Buffer.from(text, "base64").toString("utf8") : decodeQuoted(text.replace(/_/g, " ")).toString("utf8"),
    );

function split(message) {
  const at = message.search(/\r?\n\r?\n/);
  const head = at < 0 ? message : message.slice(0, at);
  const headers = {};
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { headers, body: at < 0 ? "" : message.slice(at).replace(/^\r?\n\r?\n/, "") };
}

function leaves(message) {
  const { headers, body } = split(message);
  const type = headers["content-type"] ?? "text/plain";
  const boundary = /^multipart\//i.test(type) && /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (!boundary) return [{ type, text: decodeBody(body, headers["content-transfer-encoding"] ?? "") }];
  return `\r\n${body}`.split(`--${boundary}`).slice(1).filter((part) => !part.startsWith("--")).flatMap((part) => leaves(part.replace(/^\r?\n/, "")));
}

/** {to, subject, text, html, code, link, links}: the code a person would read, the link a person would press. */
export function parseMail(bytes, publicUrl) {
  const raw = bytes.toString("latin1");
  const { headers } = split(raw);
  const parts = leaves(raw);
  const text = parts.find((part) => /text\/plain/i.test(part.type))?.text ?? "";
  const html = parts.find((part) => /text\/html/i.test(part.type))?.text ?? "";
  const subject = decodeHeader(headers.subject ?? "");
  const links = [...text.matchAll(/https?:\/\/[^\s<>"]+/g)].map(([link]) => link).filter((link) => link.startsWith(publicUrl));
  const code = (/^\D{0,3}(\d{3}[ \u00a0-]?\d{3})\b/.exec(subject) ?? /\b(\d{6})\b/.exec(text))?.[1]?.replace(/\D/g, "");
  return { to: decodeHeader(headers.to ?? ""), from: decodeHeader(headers.from ?? ""), subject, text, html, code, links, link: links[0] };
}
