//! The ways a message leaves.

use std::{io, path::PathBuf};

use super::{
    DeliveryError, file,
    message::{Outgoing, Sender},
    smtp::Smtp,
};
use crate::settings::{MailSettings, MailTransport};

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
