//! Messages into a directory, for trying out and for tests.

use std::path::Path;

use super::{
    DeliveryError,
    message::{Outgoing, Sender},
};
use crate::gateways::files;

/// One `.eml` a message.
pub async fn deliver(dir: &Path, sender: &Sender, outgoing: &Outgoing) -> Result<(), DeliveryError> {
    let content = sender.compose(outgoing)?.formatted();
    files::deliver(dir, outgoing.date, &outgoing.id, "eml", content).await
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::{
        gateways::mail::{
            Mailer,
            message::tests::{sample, settings},
        },
        settings::MailTransport,
    };

    #[tokio::test]
    async fn one_private_file_a_message() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("outbox").join("mail");
        let mailer = Mailer::new(&settings(MailTransport::File(dir.clone()))).unwrap();
        mailer.deliver(&sample()).await.unwrap();
        mailer.deliver(&sample()).await.unwrap();
        mailer.deliver(&Outgoing { id: "msg_02".into(), ..sample() }).await.unwrap();
        let mut names: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["20251121T093000.000Z-msg_01.eml", "20251121T093000.000Z-msg_02.eml"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join(&names[0])), 0o600);
        let text = fs::read_to_string(dir.join(&names[0])).unwrap();
        assert!(text.contains("To: ada@example.org\r\n"), "{text}");
    }

    #[tokio::test]
    async fn a_full_or_missing_disk_is_temporary_and_a_bad_header_is_not() {
        let root = tempfile::tempdir().unwrap();
        let blocked = root.path().join("file");
        fs::write(&blocked, "").unwrap();
        let mailer = Mailer::new(&settings(MailTransport::File(blocked.join("mail")))).unwrap();
        let error = mailer.deliver(&sample()).await.unwrap_err();
        assert!(!error.permanent && error.reason.starts_with("cannot write to "), "{error}");
        assert!(mailer.deliver(&Outgoing { subject: "a\nb".into(), ..sample() }).await.unwrap_err().permanent);
    }

    #[tokio::test]
    async fn the_mailbox_takes_everything() {
        Mailer::new(&settings(MailTransport::Mailbox)).unwrap().deliver(&sample()).await.unwrap();
    }
}
