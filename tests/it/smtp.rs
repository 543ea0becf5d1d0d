//! Mail to a real SMTP server, `tests/smtp/server.py`.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use vestibule::{
    gateways::mail::{DeliveryError, Mailer, Outgoing},
    settings::{MailSettings, MailTransport, Secret, SmtpSettings, SmtpTls},
    time::Timestamp,
};

/// A server in a process of its own; it ends with the value.
struct Server {
    process: Child,
    port: u16,
    ca: Option<PathBuf>,
}

impl Server {
    fn start(dir: &Path, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp/server.py");
        // Debian's Python, which has Debian's python3-aiosmtpd; the first one in PATH may be another.
        let mut process = Command::new("/usr/bin/python3")
            .arg(script)
            .arg("--out")
            .arg(dir)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("/usr/bin/python3 is there");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).expect("the server starts; it needs python3-aiosmtpd");
        let port = ready["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap();
        Self { process, port, ca: ready["ca"].as_str().map(PathBuf::from) }
    }

    fn relay(&self, tls: SmtpTls) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".into(),
            port: self.port,
            tls,
            ca_file: self.ca.clone(),
            credentials: None,
            ehlo: "id.example".into(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn mailer(relay: SmtpSettings) -> Mailer {
    mailer_within(relay, Duration::from_secs(10))
}

fn mailer_within(relay: SmtpSettings, timeout: Duration) -> Mailer {
    Mailer::new(&MailSettings {
        transport: MailTransport::Smtp(relay),
        from: "Vestibule <no-reply@id.example>".parse().unwrap(),
        reply_to: None,
        timeout,
        max_attempts: 12,
        templates: None,
    })
    .unwrap()
}

fn login(password: &str) -> (String, Secret) {
    ("vestibule".into(), Secret::new(password))
}

fn letter(id: &str) -> Outgoing {
    Outgoing {
        id: id.into(),
        to: "ada@example.org".into(),
        subject: "Willkommen, Ada: Grüße".into(),
        text: "Your code is 123456.\n.\nThe dot above is part of the text.\n".into(),
        html: "<p>Your code is <b>123456</b>.</p>".into(),
        date: Timestamp::from_seconds(1_763_717_400),
    }
}

fn received(dir: &Path, number: u32) -> (String, serde_json::Value) {
    let facts = fs::read(dir.join(format!("{number:04}.json"))).unwrap();
    (fs::read_to_string(dir.join(format!("{number:04}.eml"))).unwrap(), serde_json::from_slice(&facts).unwrap())
}

fn count(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "eml")).count()
}

fn temporary(result: Result<(), DeliveryError>, part: &str) {
    let error = result.expect_err(part);
    assert!(!error.permanent && error.reason.contains(part), "{error:?}");
}

#[tokio::test]
async fn plain() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(dir.path(), &[]);
    let mailer = mailer(server.relay(SmtpTls::None));
    mailer.deliver(&letter("msg_1")).await.unwrap();
    mailer.deliver(&letter("msg_2")).await.unwrap();
    let (text, facts) = received(dir.path(), 1);
    assert_eq!(
        facts,
        serde_json::json!({"from": "no-reply@id.example", "to": ["ada@example.org"], "tls": false, "ehlo": "id.example", "user": null})
    );
    for line in ["Message-ID: <msg_1@id.example>\r\n", "Date: Fri, 21 Nov 2025 09:30:00 +0000\r\n", "\r\n.\r\nThe dot above"] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    assert!(received(dir.path(), 2).0.contains("<msg_2@id.example>"));
}

#[tokio::test]
async fn starttls_and_implicit_tls() {
    for (mode, tls) in [("starttls", SmtpTls::StartTls), ("tls", SmtpTls::Tls)] {
        let dir = TempDir::new().unwrap();
        let server = Server::start(dir.path(), &["--mode", mode]);
        for host in ["localhost", "127.0.0.1"] {
            mailer(SmtpSettings { host: host.into(), ..server.relay(tls) }).deliver(&letter("msg_1")).await.unwrap();
        }
        assert_eq!(received(dir.path(), 2).1["tls"], true, "{mode}");
        // Without the CA file the system's authorities decide, and they have not signed this one.
        let stranger = SmtpSettings { ca_file: None, ..server.relay(tls) };
        temporary(mailer(stranger).deliver(&letter("msg_2")).await, "invalid peer certificate");
        assert_eq!(count(dir.path()), 2, "{mode}");
    }
}

#[tokio::test]
async fn starttls_is_never_skipped() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(dir.path(), &[]);
    let relay = SmtpSettings { credentials: Some(login("hunter2")), ..server.relay(SmtpTls::StartTls) };
    temporary(mailer(relay).deliver(&letter("msg_1")).await, "STARTTLS");
    assert_eq!(count(dir.path()), 0);
}

#[tokio::test]
async fn authentication() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(dir.path(), &["--mode", "starttls", "--user", "vestibule", "--password", "hunter2"]);
    let with = |credentials| SmtpSettings { credentials, ..server.relay(SmtpTls::StartTls) };
    mailer(with(Some(login("hunter2")))).deliver(&letter("msg_1")).await.unwrap();
    assert_eq!(received(dir.path(), 1).1["user"], "vestibule");
    let wrong = mailer(with(Some(login("swordfish")))).deliver(&letter("msg_2")).await;
    assert!(!wrong.as_ref().unwrap_err().reason.contains("swordfish"));
    assert!(wrong.as_ref().unwrap_err().alarming, "a wrong password concerns all mail");
    temporary(wrong, "535");
    temporary(mailer(with(None)).deliver(&letter("msg_3")).await, "530");
    assert_eq!(count(dir.path()), 1);
}

#[tokio::test]
async fn a_refused_recipient_is_for_good() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(dir.path(), &["--reject", "nobody@example.org"]);
    let mailer = mailer(server.relay(SmtpTls::None));
    let refused = mailer.deliver(&Outgoing { to: "nobody@example.org".into(), ..letter("msg_1") }).await.unwrap_err();
    assert!(refused.permanent && refused.reason.contains("550") && refused.reason.contains("no such mailbox"), "{refused:?}");
    mailer.deliver(&letter("msg_2")).await.unwrap();
}

/// What speaks of us is tried again, and the operator hears of it; only the mailbox itself is final.
#[tokio::test]
async fn a_refusal_of_the_sender_or_by_policy_waits_and_alarms() {
    for (say, permanent, alarming) in [
        ("mail=550 5.1.8 <no-reply@id.example>: Sender address rejected: Domain not found", false, true),
        ("mail=553 sender not allowed", false, true),
        ("mail=504 5.5.2 need fully-qualified hostname", false, true),
        ("mail=452 4.3.1 insufficient system storage", false, false),
        ("rcpt=554 5.7.1 Relay access denied", false, true),
        ("rcpt=550 relay not permitted", false, true),
        ("rcpt=552 5.2.2 mailbox full", false, false),
        ("rcpt=550 5.2.1 mailbox disabled", true, false),
        ("rcpt=550 5.1.1 unknown", true, false),
        ("rcpt=550 no such user", true, false),
        ("rcpt=450 4.2.0 greylisted", false, false),
        ("data=554 5.7.1 message refused by policy", false, true),
        ("data=552 5.3.4 message too big", false, true),
        ("data=550 5.1.1 no such user after all", true, false),
    ] {
        let dir = TempDir::new().unwrap();
        let server = Server::start(dir.path(), &["--say", say]);
        let error = mailer(server.relay(SmtpTls::None)).deliver(&letter("msg_1")).await.unwrap_err();
        assert_eq!((error.permanent, error.alarming), (permanent, alarming), "{say}: {error:?}");
    }
}

#[tokio::test]
async fn greylisting_is_temporary_and_the_retry_the_same_message() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(dir.path(), &["--defer", "1"]);
    let mailer = mailer(server.relay(SmtpTls::None));
    temporary(mailer.deliver(&letter("msg_1")).await, "451");
    mailer.deliver(&letter("msg_1")).await.unwrap();
    assert!(received(dir.path(), 1).0.contains("Message-ID: <msg_1@id.example>\r\n"));
}

#[tokio::test]
async fn a_server_that_went_away_and_came_back() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(dir.path(), &["--mode", "starttls"]);
    let mailer = mailer(server.relay(SmtpTls::StartTls));
    mailer.deliver(&letter("msg_1")).await.unwrap();
    let port = server.port.to_string();
    drop(server);
    temporary(mailer.deliver(&letter("msg_2")).await, "connecting to localhost");
    let _server = Server::start(dir.path(), &["--mode", "starttls", "--port", &port]);
    mailer.deliver(&letter("msg_2")).await.unwrap();
    assert_eq!(count(dir.path()), 2);
}

/// The late answer to the first must not be taken for an answer to the second.
#[tokio::test]
async fn a_slow_server_is_left_and_its_connection_never_used_again() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(dir.path(), &["--slow", "1.5", "--reject", "nobody@example.org"]);
    let mailer = mailer_within(server.relay(SmtpTls::None), Duration::from_secs(1));
    temporary(mailer.deliver(&letter("msg_1")).await, "did not answer within 1 s");
    mailer.deliver(&letter("msg_2")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let nobody = mailer.deliver(&Outgoing { to: "nobody@example.org".into(), ..letter("msg_3") }).await;
    assert!(nobody.unwrap_err().permanent);
}

#[tokio::test]
async fn a_silent_server_is_left() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for tls in [SmtpTls::None, SmtpTls::StartTls, SmtpTls::Tls] {
        let relay =
            SmtpSettings { host: "127.0.0.1".into(), port, tls, ca_file: None, credentials: None, ehlo: "id.example".into() };
        let mailer = mailer_within(relay, Duration::from_millis(300));
        temporary(mailer.deliver(&letter("msg_1")).await, "did not answer within 0.3 s");
    }
}
