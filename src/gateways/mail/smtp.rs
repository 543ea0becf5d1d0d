//! Messages to an SMTP relay (RFC 5321).
//!
//! lettre's connections, but not its pool: its timeout ends with connecting, and its pool takes a connection back whose
//! delivery was cancelled in the middle. The next message would then read the answers meant for that one. Here a
//! connection is parked only after a delivery that succeeded, and any other end drops it.

use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use data_encoding::BASE64;
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    extension::ClientId,
};
use tokio::time::{Instant, timeout};

use super::{
    DeliveryError, MailerError,
    message::{Outgoing, Sender},
};
use crate::gateways::delivery::tidy;
use crate::settings::{SmtpSettings, SmtpTls};

/// Connections kept open between messages, and for how long: many relays hang up after a minute.
const PARKED_MOST: usize = 4;
const PARKED_LONGEST: Duration = Duration::from_secs(30);

/// Codes that speak of the settings, not of the message: authentication is missing, too weak, wrong, or needs TLS
/// (RFC 4954 section 6). The operator can cure them while the message waits.
const CURABLE: [u16; 4] = [530, 534, 535, 538];

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
            match connection.send(message.envelope(), &message.formatted()).await {
                Ok(_) => {
                    self.park(connection);
                    Ok(())
                }
                Err(error) => Err(DeliveryError {
                    permanent: is_permanent(&error),
                    reason: format!("{} did not take the message: {error}", self.relay.host),
                    after: None,
                }),
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
        let failed = |what: &str, error: &Error| {
            DeliveryError::temporary(format!("{what} {}:{} failed: {error}", self.relay.host, self.relay.port))
        };
        let name = ClientId::default();
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

/// A client error at this stage is a message this relay cannot take (an address that needs SMTPUTF8).
fn is_permanent(error: &Error) -> bool {
    error.is_client() || error.is_permanent() && !error.status().is_some_and(|code| CURABLE.contains(&code.into()))
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
        SmtpSettings { host: "[::1]".into(), port: 25, tls: SmtpTls::StartTls, ca_file, credentials }
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
    fn a_ca_file_must_hold_certificates() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        assert!(matches!(smtp(relay(Some(path.clone()))), Err(MailerError::CaUnreadable { .. })));
        fs::write(&path, "no certificate").unwrap();
        let error = smtp(relay(Some(path.clone()))).unwrap_err();
        assert_eq!(error.to_string(), format!("mail.smtp_ca_file: {} holds no certificate in PEM", path.display()));
    }
}
