//! The checks of `[mail]`.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::message::Mailbox;
use url::{Host, Url};

use super::{
    Mode,
    raw::{self, Raw},
    resolve::Report,
    resolved::{MailSettings, MailTransport, SmtpSettings, SmtpTls},
};

/// `[mail]`
pub fn mail(raw: &raw::Mail, public: Option<&Url>, dir: &Path, report: &mut Report) -> Option<MailSettings> {
    let example = "\"Example <no-reply@example.org>\"";
    let from: Option<Mailbox> = report.parse(&raw.from, example);
    let reply_to: Option<Mailbox> = report.parse_optional(&raw.reply_to, example);
    let kind = report.word(&raw.transport, &[("file", 0), ("smtp", 1), ("mailbox", 2)]);
    let tls = report.word(&raw.smtp_tls, &[("starttls", SmtpTls::StartTls), ("tls", SmtpTls::Tls), ("none", SmtpTls::None)]);
    let port: u16 = report.number(&raw.smtp_port, 0, 65_535);
    let timeout = Duration::from_secs(report.number(&raw.timeout_seconds, 1, 300));
    let max_attempts = report.number(&raw.max_attempts, 1, 100);
    let templates = (!raw.templates_dir.value.is_empty()).then(|| PathBuf::from(&raw.templates_dir.value));
    if templates.as_ref().is_some_and(|path| !path.is_dir()) {
        report.refuse(
            &raw.templates_dir,
            format!("there is no folder \"{}\"", raw.templates_dir.value),
            "name the folder of your texts, or leave it empty",
        );
    }
    let named = raw.smtp_ehlo.value.trim();
    if !named.is_empty() && !is_host(named) {
        report.refuse(&raw.smtp_ehlo, format!("\"{named}\" is no host name"), "a full host name: \"id.example.org\"");
    }
    let transport = match kind? {
        0 => MailTransport::File(dir.join("outbox").join("mail")),
        1 => MailTransport::Smtp(smtp(raw, public, tls?, port, report)),
        _ => MailTransport::Mailbox,
    };
    Some(MailSettings { transport, from: from?, reply_to, timeout, max_attempts, templates })
}

fn is_host(text: &str) -> bool {
    Host::parse(text.trim_start_matches('[').trim_end_matches(']')).is_ok() || text.parse::<IpAddr>().is_ok()
}

fn smtp(raw: &raw::Mail, public: Option<&Url>, tls: SmtpTls, port: u16, report: &mut Report) -> SmtpSettings {
    let host = raw.smtp_host.value.trim().to_owned();
    if host.is_empty() {
        report.refuse_because(
            &raw.smtp_host,
            &raw.transport,
            "is missing, and mail.transport is smtp",
            "name the relay, for example \"smtp.example.org\"",
        );
    } else if !is_host(&host) {
        report.refuse(&raw.smtp_host, format!("\"{host}\" is no host name"), "no scheme, no port: \"smtp.example.org\"");
    }
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let (user, password) = (raw.smtp_username.value.clone(), raw.smtp_password.value.clone());
    if user.is_empty() != password.is_empty() {
        let given = if user.is_empty() { "smtp_password" } else { "smtp_username" };
        let what = format!("is missing beside {given}");
        let cure = "set both, or neither";
        if user.is_empty() {
            report.refuse_because(&raw.smtp_username, &raw.smtp_password, what, cure);
        } else {
            report.refuse_because(&raw.smtp_password, &raw.smtp_username, what, cure);
        }
    }
    if tls == SmtpTls::None && !password.is_empty() && !local {
        report.refuse(
            &raw.smtp_tls,
            "is none: the password would cross the network in clear",
            "use \"starttls\" or \"tls\", or a relay on this machine",
        );
    }
    let port = match (port, tls) {
        (0, SmtpTls::StartTls) => 587,
        (0, SmtpTls::Tls) => 465,
        (0, SmtpTls::None) => 25,
        (port, _) => port,
    };
    let ca_file = (!raw.smtp_ca_file.value.is_empty()).then(|| PathBuf::from(&raw.smtp_ca_file.value));
    if ca_file.as_ref().is_some_and(|path| !path.is_file()) {
        report.refuse(
            &raw.smtp_ca_file,
            format!("there is no file \"{}\"", raw.smtp_ca_file.value),
            "name a file of certificates in PEM",
        );
    }
    let named = Some(raw.smtp_ehlo.value.trim()).filter(|name| !name.is_empty());
    let ehlo = named.or_else(|| public?.host_str()).unwrap_or("localhost").to_owned();
    SmtpSettings { host, port, tls, ca_file, ehlo, credentials: (!user.is_empty()).then_some((user, password)) }
}

/// What becomes doubtful or wrong only together with the public URL.
pub fn warn_mail(mail: &MailSettings, mode: Mode, loopback: bool, https: bool, raw: &Raw, report: &mut Report) {
    match &mail.transport {
        MailTransport::Mailbox if mode == Mode::Serve && !loopback => report.refuse(
            &raw.mail.transport,
            "is mailbox: mail would stay in memory, unread",
            "use \"smtp\"; \"mailbox\" belongs to `vestibule dev`",
        ),
        MailTransport::File(path) if mode == Mode::Serve && https => report
            .warnings
            .push(format!("mail.transport is file: mail is written to {} and reaches nobody. Use \"smtp\".", path.display())),
        MailTransport::Smtp(_) if mail.from.email.domain() == "localhost" && !loopback => report
            .warnings
            .push("mail.from is an address at localhost: most servers will refuse the mail. Use your own domain.".into()),
        _ => {}
    }
}
