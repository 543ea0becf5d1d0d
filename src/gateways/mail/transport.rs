//! The ways a message leaves.

use std::{io, path::PathBuf};

use super::{
    file,
    message::{Outgoing, Sender},
    smtp::Smtp,
};
use crate::settings::{MailSettings, MailTransport};

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    /// True: no later attempt can succeed. False: try again.
    pub permanent: bool,
    /// For the log: one line, without credentials and without the message's codes and links.
    pub reason: String,
}

impl DeliveryError {
    /// No later attempt can succeed.
    pub(super) fn permanent(reason: impl Into<String>) -> Self {
        Self { permanent: true, reason: reason.into() }
    }

    /// It may succeed later.
    pub(super) fn temporary(reason: impl Into<String>) -> Self {
        Self { permanent: false, reason: reason.into() }
    }
}

/// Why there is no mailer: the settings cannot work.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    #[error("mail.smtp_ca_file: {} cannot be read: {source}", path.display())]
    CaUnreadable { path: PathBuf, source: io::Error },
    #[error("mail.smtp_ca_file: {} holds no certificate in PEM", path.display())]
    NoCertificate { path: PathBuf },
    #[error("TLS for mail cannot be set up: {0}")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Delivers messages as the settings say.
#[derive(Debug)]
pub enum Mailer {
    /// To a relay.
    Smtp(Box<Smtp>),
    /// Into a directory, one file a message.
    File { dir: PathBuf, sender: Sender },
    /// Nowhere: the outbox row is what the development pages show.
    Mailbox,
}

impl Mailer {
    /// Reads the CA file, if one is set; connects to nothing yet.
    pub fn new(settings: &MailSettings) -> Result<Self, MailerError> {
        let sender = Sender::new(settings);
        Ok(match &settings.transport {
            MailTransport::Smtp(smtp) => Self::Smtp(Box::new(Smtp::new(smtp.clone(), settings.timeout, sender)?)),
            MailTransport::File(dir) => Self::File { dir: dir.clone(), sender },
            MailTransport::Mailbox => Self::Mailbox,
        })
    }

    /// One attempt. Cancelling it is safe, but leaves open whether the message went out.
    pub async fn deliver(&self, outgoing: &Outgoing) -> Result<(), DeliveryError> {
        match self {
            Self::Smtp(smtp) => smtp.deliver(outgoing).await,
            Self::File { dir, sender } => file::deliver(dir, sender, outgoing).await,
            Self::Mailbox => Ok(()),
        }
    }
}
