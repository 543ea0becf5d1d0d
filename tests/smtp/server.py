#!/usr/bin/python3
"""A real SMTP server for the tests, on Debian's python3-aiosmtpd.

    tests/smtp/server.py --out DIR [--mode plain|starttls|tls] [--port N]
                         [--user NAME --password SECRET]
                         [--certs DIR] [--defer N] [--slow SECONDS] [--reject ADDRESS] [--say STAGE=REPLY]

It listens on 127.0.0.1 and prints one line of JSON when it is ready to serve:

    {"port": 40123, "ca": "/tmp/…/ca.pem"}          ("ca" is null in plain mode)

--mode     plain     no TLS is offered
           starttls  the session must be upgraded before MAIL, AUTH is offered only afterwards
           tls       TLS from the first byte
--port     0 (default) picks a free port; give the port of an earlier run to bring "the same server" back
--user     with --password: AUTH PLAIN or LOGIN is required before MAIL
--certs    where ca.pem, server.pem and server.key are made, or found again (default: OUT/certs).
           The server's certificate is for "localhost" and 127.0.0.1, signed by that CA: point SSL_CERT_FILE at ca.pem.
--defer    the first N messages are refused with 451 at the end of DATA (try again later)
--slow     the first message is answered only after so many seconds, and kept only if the client still listens
--reject   this recipient is refused with 550 for good; may be given several times
--say      the reply to every MAIL, RCPT or DATA: "mail=550 5.1.8 who are you"

Each accepted message becomes OUT/0001.eml, 0002.eml, … (as received, CRLF), each written whole before it appears, and
beside it 0001.json: {"from", "to": [...], "tls": bool, "ehlo": name, "user": name or null}; the .json is there before the .eml.

The server ends on SIGTERM, or when its standard input closes: a test that spawns it with a piped stdin and dies leaves
nothing behind. With standard input at /dev/null it would end at once, so keep the pipe open.
"""

import argparse
import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", choices=["plain", "starttls", "tls"], default="plain")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--certs", type=Path)
    parser.add_argument("--defer", type=int, default=0)
    parser.add_argument("--slow", type=float, default=0)
    parser.add_argument("--reject", action="append", default=[])
    parser.add_argument("--say", action="append", default=[])
    options = parser.parse_args()
    if (options.user is None) != (options.password is None):
        parser.error("--user and --password go together")
    return options


def certificates(folder):
    """A CA and a certificate it signed, made once. Not one self-signed certificate: verifiers refuse a CA as a server."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, cert, key = (folder / name for name in ("ca.pem", "ca.key", "server.pem", "server.key"))
    if cert.exists():
        return ca, cert, key
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, stdin=subprocess.DEVNULL, capture_output=True)

    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "openssl.cnf"
        config.write_text(
            "[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=localhost\n"
            "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
            "[server]\nbasicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
            "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
        )
        request = Path(scratch) / "server.csr"
        openssl("req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-days", 2, "-config", config,
                "-extensions", "ca", "-subj", "/CN=Test CA")
        openssl("req", "-new", *new_key, "-keyout", key, "-out", request, "-config", config)
        openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", 2,
                "-extfile", config, "-extensions", "server", "-out", cert)
    return ca, cert, key


class Mailbox:
    """aiosmtpd's handler: refuses what it was told to refuse, and writes the rest to files."""

    def __init__(self, options):
        self.out, self.defer, self.reject = options.out, options.defer, {a.lower() for a in options.reject}
        self.say = dict(line.split("=", 1) for line in options.say)
        self.out.mkdir(parents=True, exist_ok=True)
        self.slow = options.slow
        self.implicit_tls = options.mode == "tls"
        self.count = len(list(self.out.glob("*.eml")))  # a server that came back goes on counting

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if "mail" in self.say:
            return self.say["mail"]
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if "rcpt" in self.say:
            return self.say["rcpt"]
        if address.lower() in self.reject:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.slow > 0:
            pause, self.slow = self.slow, 0
            await asyncio.sleep(pause)
        if "data" in self.say:
            return self.say["data"]
        if self.defer > 0:
            self.defer -= 1
            return "451 4.3.0 try again later"
        self.count += 1
        facts = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": self.implicit_tls or session.ssl is not None,
            "ehlo": session.host_name,
            "user": session.auth_data.login.decode() if session.authenticated else None,
        }
        self.write(f"{self.count:04}.json", json.dumps(facts).encode())
        self.write(f"{self.count:04}.eml", envelope.original_content)
        return "250 2.0.0 accepted"

    def write(self, name, content):
        part = self.out / f".{name}.part"
        part.write_bytes(content)
        os.replace(part, self.out / name)


async def main():
    options = arguments()
    ca = context = None
    if options.mode != "plain":
        ca, cert, key = certificates(options.certs or options.out / "certs")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)

    def authenticate(server, session, envelope, mechanism, data):
        wanted = (options.user or "").encode(), (options.password or "").encode()
        good = isinstance(data, LoginPassword) and (data.login, data.password) == wanted
        return AuthResult(success=good, handled=False, auth_data=data)

    mailbox = Mailbox(options)

    def session():
        return SMTP(
            mailbox,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=context if options.mode == "starttls" else None,
            require_starttls=options.mode == "starttls",
            authenticator=authenticate if options.user else None,
            auth_required=options.user is not None,
            # aiosmtpd knows only of STARTTLS; with implicit TLS the whole session is already inside
            auth_require_tls=options.mode == "starttls",
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", options.port, ssl=context if options.mode == "tls" else None)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.run_in_executor(None, lambda: (sys.stdin.buffer.read(), loop.call_soon_threadsafe(stop.set)))
    print(json.dumps({"port": server.sockets[0].getsockname()[1], "ca": str(ca.resolve()) if ca else None}), flush=True)
    await stop.wait()
    server.close()
    sys.stdout.flush()
    os._exit(0)  # the thread that reads standard input never returns on SIGTERM


asyncio.run(main())
