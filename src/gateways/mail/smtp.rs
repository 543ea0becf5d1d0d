//! Messages to an SMTP relay (RFC 5321).
//!
//! lettre's connections, but not its pool: its timeout ends with connecting, and its pool takes a connection back whose
//! delivery was cancelled in the middle. The next message would then read the answers meant for that one. Here a
//! connection is parked only after a delivery that succeeded, and any other end drops it.

use std::{
    fs,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use data_encoding::BASE64;
use lettre::address::{Address, Envelope};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::{ClientId, Extension, MailBodyParameter, MailParameter},
};
use tokio::time::{Instant, timeout};

use super::{
    DeliveryError, MailerError,
    message::{Outgoing, Sender},
    refusal::{self, Stage, Verdict},
};
use crate::gateways::delivery::tidy;
use crate::settings::{SmtpSettings, SmtpTls};

/// Connections kept open between messages, and for how long: many relays hang up after a minute.
const PARKED_MOST: usize = 4;
const PARKED_LONGEST: Duration = Duration::from_secs(30);

/// A relay, and the connections open to it.
pub struct Smtp {
    relay: SmtpSettings,
    /// The host without the brackets of an IPv6 address.
    host: String,
    timeout: Duration,
    sender: Sender,
    tls: Option<TlsParameters>,
    parked: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("relay", &self.relay).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Smtp {
    /// `timeout` bounds a whole delivery.
    pub fn new(relay: SmtpSettings, timeout: Duration, sender: Sender) -> Result<Self, MailerError> {
        let host = relay.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if relay.tls == SmtpTls::None { None } else { Some(tls_parameters(&relay, &host)?) };
        Ok(Self { relay, host, timeout, sender, tls, parked: Mutex::default() })
    }

    /// One attempt.
    pub async fn deliver(&self, outgoing: &Outgoing) -> Result<(), DeliveryError> {
        let message = self.sender.compose(outgoing)?;
        let attempt = async {
            let mut connection = self.connection().await?;
            match send(&mut connection, message.envelope(), &message.formatted()).await {
                Ok(()) => {
                    self.park(connection);
                    Ok(())
                }
                Err(Failed::Unable(what)) => Err(DeliveryError::permanent(format!("{} takes no {what}", self.relay.host))),
                Err(Failed::At(stage, error)) => {
                    let (permanent, alarming) = judged(stage, &error);
                    let reason = format!("{} did not take the message: {error}", self.relay.host);
                    Err(DeliveryError { permanent, alarming, reason, after: None })
                }
            }
        };
        match timeout(self.timeout, attempt).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(DeliveryError { reason: tidy(&error.reason, &self.secrets(outgoing)), ..error }),
            Err(_) => Err(DeliveryError::temporary(format!(
                "{} did not answer within {} s",
                self.relay.host,
                self.timeout.as_secs_f32()
            ))),
        }
    }

    /// A parked connection that still answers, or a new one. Whatever goes wrong here is no fault of the message.
    async fn connection(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        while let Some((mut connection, since)) = self.unpark() {
            if since.elapsed() < PARKED_LONGEST && connection.test_connected().await {
                return Ok(connection);
            }
        }
        // A refusal here (5xx) is of us, not of a message.
        let failed = |what: &str, error: &Error| DeliveryError {
            alarming: error.is_permanent(),
            ..DeliveryError::temporary(format!("{what} {}:{} failed: {error}", self.relay.host, self.relay.port))
        };
        let name = self.name();
        let from_the_start = self.tls.clone().filter(|_| self.relay.tls == SmtpTls::Tls);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.relay.port),
            Some(self.timeout),
            &name,
            from_the_start,
            None,
        )
        .await
        .map_err(|error| failed("connecting to", &error))?;
        if self.relay.tls == SmtpTls::StartTls
            && let Some(tls) = self.tls.clone()
        {
            connection.starttls(tls, &name).await.map_err(|error| failed("STARTTLS with", &error))?;
        }
        if let Some((user, password)) = &self.relay.credentials {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            connection
                .auth(DEFAULT_MECHANISMS, &credentials)
                .await
                .map_err(|error| failed("signing in (smtp_username, smtp_password) at", &error))?;
        }
        Ok(connection)
    }

    /// What EHLO says (RFC 5321 section 4.1.1.1): a full host name, or an address literal.
    fn name(&self) -> ClientId {
        let name = self.relay.ehlo.trim_start_matches('[').trim_end_matches(']');
        match name.parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(name.to_owned()),
        }
    }

    fn unpark(&self) -> Option<(AsyncSmtpConnection, Instant)> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn park(&self, connection: AsyncSmtpConnection) {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        if parked.len() < PARKED_MOST {
            parked.push((connection, Instant::now()));
        }
    }

    /// What a relay's answer might quote and a log must not hold: the credentials, and from the body every word that may
    /// be a code or part of a link. Spam filters like to quote links.
    fn secrets(&self, outgoing: &Outgoing) -> Vec<String> {
        let mut secrets = Vec::new();
        if let Some((user, password)) = &self.relay.credentials {
            let password = password.expose();
            secrets.extend([
                password.to_owned(),
                BASE64.encode(password.as_bytes()),
                BASE64.encode(format!("\0{user}\0{password}").as_bytes()),
            ]);
        }
        let words = outgoing.text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        secrets.extend(words.filter(|word| word.len() >= 6 && word.contains(|c: char| c.is_ascii_digit())).map(str::to_owned));
        // The longest first, so that none leaves a remainder of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}

/// The relay's certificate must be for the host, and signed by the system's authorities or only by those of the CA file.
fn tls_parameters(relay: &SmtpSettings, host: &str) -> Result<TlsParameters, MailerError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = &relay.ca_file {
        let pem = fs::read(path).map_err(|source| MailerError::CaUnreadable { path: path.clone(), source })?;
        let none = || MailerError::NoCertificate { path: path.clone() };
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(none());
        }
        let authorities = Certificate::from_pem(&pem).map_err(|_| none())?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(authorities);
    }
    Ok(builder.build()?)
}

/// How a delivery ended.
enum Failed {
    /// The relay cannot take what this message needs.
    Unable(&'static str),
    At(Stage, Error),
}

/// One message in an open session, as [`AsyncSmtpConnection::send`] does it; but a refusal comes with the stage at which it was said.
async fn send(connection: &mut AsyncSmtpConnection, envelope: &Envelope, message: &[u8]) -> Result<(), Failed> {
    let knows = |extension| connection.server_info().supports_feature(extension);
    let mut parameters = Vec::new();
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if !envelope.from().into_iter().chain(envelope.to()).all(is_ascii) {
        if !knows(Extension::SmtpUtfEight) {
            return Err(Failed::Unable("addresses with other letters than ASCII (SMTPUTF8)"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() {
        if !knows(Extension::EightBitMime) {
            return Err(Failed::Unable("messages with other letters than ASCII (8BITMIME)"));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let at = |stage| move |error| Failed::At(stage, error);
    let from = Mail::new(envelope.from().cloned(), parameters);
    connection.command(from).await.map_err(at(Stage::Sender))?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(at(Stage::Recipient))?;
    }
    connection.command(Data).await.map_err(at(Stage::Content))?;
    connection.message(message).await.map_err(at(Stage::Content))?;
    Ok(())
}

/// Whether it is final, and whether the operator has to hear of it.
fn judged(stage: Stage, error: &Error) -> (bool, bool) {
    // lettre has the reply's text as the cause.
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match error.status().filter(|_| error.is_permanent()).map(u16::from) {
        Some(code) => match refusal::judge(stage, code, &text) {
            Verdict::Mailbox => (true, false),
            Verdict::Theirs => (false, false),
            Verdict::Ours => (false, true),
        },
        None => (false, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gateways::{
            delivery::REASON_LONGEST,
            mail::message::tests::{sample, settings},
        },
        settings::{MailTransport, Secret},
    };

    fn relay(ca_file: Option<std::path::PathBuf>) -> SmtpSettings {
        let credentials = Some(("vestibule".into(), Secret::new("hunter2")));
        SmtpSettings { host: "[::1]".into(), port: 25, tls: SmtpTls::StartTls, ca_file, credentials, ehlo: "id.example".into() }
    }

    fn smtp(relay: SmtpSettings) -> Result<Smtp, MailerError> {
        Smtp::new(relay, Duration::from_secs(1), Sender::new(&settings(MailTransport::Mailbox)))
    }

    #[test]
    fn reasons_quote_neither_credentials_nor_codes_nor_links() {
        let smtp = smtp(SmtpSettings { tls: SmtpTls::None, ..relay(None) }).unwrap();
        let text = "Use 123456 or https://id.example/reset?token=vst_lnk_a1B2c3.".into();
        let secrets = smtp.secrets(&Outgoing { text, ..sample() });
        let reason =
            "554 bad link\r\nhttps://id.example/reset?token=vst_lnk_a1B2c3 123456 hunter2 AHZlc3RpYnVsZQBodW50ZXIy 5.7.1";
        assert_eq!(tidy(reason, &secrets), "554 bad link  https://id.example/reset?token=… … … … 5.7.1");
        assert_eq!(tidy(&"x".repeat(1000), &secrets).len(), REASON_LONGEST);
        assert!(!format!("{smtp:?}").contains("hunter2"));
    }

    #[test]
    fn ehlo_says_a_host_or_an_address_literal() {
        for (name, said) in [
            ("id.example", "id.example"),
            ("192.0.2.1", "[192.0.2.1]"),
            ("[2001:db8::1]", "[IPv6:2001:db8::1]"),
            ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ] {
            let relay = SmtpSettings { tls: SmtpTls::None, ehlo: name.to_owned(), ..relay(None) };
            assert_eq!(smtp(relay).unwrap().name().to_string(), said);
        }
    }

    #[test]
    fn a_ca_file_must_hold_certificates() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        assert!(matches!(smtp(relay(Some(path.clone()))), Err(MailerError::CaUnreadable { .. })));
        fs::write(&path, "no certificate").unwrap();
        let error = smtp(relay(Some(path.clone()))).unwrap_err();
        assert_eq!(error.to_string(), format!("mail.smtp_ca_file: {} holds no certificate in PEM", path.display()));
    }
}
