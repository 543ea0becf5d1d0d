//! A message, and its form on the wire (RFC 5322, MIME).

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::DeliveryError;
use crate::{settings::MailSettings, time::Timestamp};

/// The last second RFC 5322 dates are written for here: 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;

/// A message that is to leave.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Our id of it; letters, digits, `_`, `-` and `.` only, because it becomes part of `Message-ID` and of a file's name.
    pub id: String,
    /// The recipient's address, without a display name.
    pub to: String,
    pub subject: String,
    /// The body twice: as plain text, and as HTML.
    pub text: String,
    pub html: String,
    /// When it was written. The same at every attempt, so that a retry is the same message.
    pub date: Timestamp,
}

/// Who writes: the same for all messages.
#[derive(Clone, Debug)]
pub struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl Sender {
    /// From the settings.
    pub fn new(settings: &MailSettings) -> Self {
        Self { from: with_ascii_domain(settings.from.clone()), reply_to: settings.reply_to.clone().map(with_ascii_domain) }
    }

    /// The message as it travels. Refuses, for good, what would end a header line and begin another.
    pub fn compose(&self, outgoing: &Outgoing) -> Result<Message, DeliveryError> {
        let headers = [("id", &outgoing.id), ("recipient", &outgoing.to), ("subject", &outgoing.subject)];
        if let Some((name, _)) = headers.iter().find(|(_, value)| value.chars().any(char::is_control)) {
            return Err(DeliveryError::permanent(format!("the {name} contains control characters")));
        }
        if !is_plain_id(&outgoing.id) {
            return Err(DeliveryError::permanent("the id contains other characters than letters, digits, '_', '-' and '.'"));
        }
        let to: Address = outgoing.to.parse().map_err(|_| DeliveryError::permanent("the recipient is no mail address"))?;
        let date = u64::try_from(outgoing.date.seconds().clamp(0, LAST_SECOND)).unwrap_or(0);
        let mut builder = Message::builder()
            .message_id(Some(format!("<{}@{}>", outgoing.id, self.from.email.domain())))
            .date(UNIX_EPOCH + Duration::from_secs(date))
            .from(self.from.clone())
            .to(with_ascii_domain(Mailbox::new(None, to)))
            .subject(outgoing.subject.clone())
            // RFC 3834 section 5: no vacation notices, please. Exchange listens to the second.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        builder
            .multipart(MultiPart::alternative_plain_html(outgoing.text.clone(), outgoing.html.clone()))
            .map_err(|error| DeliveryError::permanent(format!("the message cannot be composed: {error}")))
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) && !id.contains("..")
}

/// The domain in its ASCII form: any server takes that one, the other only one with SMTPUTF8 (RFC 6531).
fn with_ascii_domain(mailbox: Mailbox) -> Mailbox {
    let address = idna::domain_to_ascii(mailbox.email.domain())
        .ok()
        .and_then(|domain| Address::new(mailbox.email.user(), domain).ok())
        .unwrap_or(mailbox.email);
    Mailbox::new(mailbox.name, address)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::settings::MailTransport;

    pub fn sample() -> Outgoing {
        Outgoing {
            id: "msg_01".into(),
            to: "ada@example.org".into(),
            subject: "Your code".into(),
            text: "It is 123456.\n.\nBye\n".into(),
            html: "<p>It is <b>123456</b>.</p>".into(),
            date: Timestamp::from_seconds(1_763_717_400),
        }
    }

    pub fn settings(transport: MailTransport) -> MailSettings {
        MailSettings {
            transport,
            from: "Grüße <no-reply@bücher.example>".parse().unwrap(),
            reply_to: Some("help@example.org".parse().unwrap()),
            timeout: Duration::from_secs(5),
            max_attempts: 12,
            templates: None,
        }
    }

    fn composed(outgoing: &Outgoing) -> String {
        let message = Sender::new(&settings(MailTransport::Mailbox)).compose(outgoing).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn headers_and_both_bodies() {
        let text = composed(&sample());
        for line in [
            "Message-ID: <msg_01@xn--bcher-kva.example>",
            "Date: Fri, 21 Nov 2025 09:30:00 +0000",
            "From: =?utf-8?b?R3LDvMOfZQ==?= <no-reply@xn--bcher-kva.example>",
            "Reply-To: help@example.org",
            "To: ada@example.org",
            "Subject: Your code",
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
            "It is 123456.",
            "<p>It is <b>123456</b>.</p>",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in:\n{text}");
        }
        assert!(text.contains("Content-Type: multipart/alternative;"), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "every line ends with CRLF");
        assert!(text.find("text/plain") < text.find("text/html"), "the richest part is the last (RFC 2046 section 5.1.4)");
    }

    #[test]
    fn other_scripts_travel_as_ascii() {
        let outgoing = Outgoing { subject: "Schlüssel für 東京".into(), text: "Grüße aus Zürich".into(), ..sample() };
        let text = composed(&outgoing);
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("Subject: =?utf-8?b?"), "{text}");
        assert!(text.contains("Gr=C3=BC=C3=9Fe aus Z=C3=BCrich"), "{text}");
        let text = composed(&Outgoing { to: "ada@bücher.example".into(), ..sample() });
        assert!(text.contains("To: ada@xn--bcher-kva.example\r\n"), "{text}");
    }

    #[test]
    fn nothing_smuggles_a_header() {
        let evil = "a\r\nBcc: eve@example.org";
        let bad = [
            Outgoing { subject: evil.into(), ..sample() },
            Outgoing { subject: "a\nb".into(), ..sample() },
            Outgoing { subject: "a\0b".into(), ..sample() },
            Outgoing { subject: "a\u{85}b".into(), ..sample() },
            Outgoing { to: format!("ada@example.org{evil}"), ..sample() },
            Outgoing { to: "ada@example.org, eve@example.org".into(), ..sample() },
            Outgoing { to: "Ada <ada@example.org>".into(), ..sample() },
            Outgoing { to: String::new(), ..sample() },
            Outgoing { id: evil.into(), ..sample() },
            Outgoing { id: "../etc".into(), ..sample() },
            Outgoing { id: "a>@b".into(), ..sample() },
            Outgoing { id: String::new(), ..sample() },
        ];
        for outgoing in bad {
            let error = Sender::new(&settings(MailTransport::Mailbox)).compose(&outgoing).unwrap_err();
            assert!(error.permanent, "{outgoing:?}");
            assert!(!error.reason.contains("eve"), "{}", error.reason);
        }
    }

    #[test]
    fn any_date_can_be_written() {
        assert!(composed(&Outgoing { date: Timestamp::from_millis(i64::MAX), ..sample() }).contains(" 9999 23:59:59 +0000"));
        assert!(composed(&Outgoing { date: Timestamp::from_millis(-1), ..sample() }).contains(" 1970 00:00:00 +0000"));
    }
}
