//! Telling: the event and the mail that belong to a change, in its transaction.

use std::time::Duration;

use super::{App, Fault, Outcome, Requester};
use crate::engine::event::{Actor, Event, Kind, Origin};
use crate::engine::outbox::{Channel, Message};
use crate::engine::phone::Phone;
use crate::engine::user::User;
use crate::gateways::mail::letters::Letter;
use crate::gateways::overrides::{OverrideErrors, Overrides};
use crate::gateways::sms::texts::Sms;
use crate::ids::{EventId, MessageId, SessionId, UserId};
use crate::locale::Locale;
use crate::settings::Settings;
use crate::store::{Tx, events, outbox};

/// An event of this kind by its own person; the rest is filled in by struct update.
pub(super) fn event(kind: Kind, origin: Origin) -> Event {
    Event { kind, user_id: None, session_id: None, client_id: None, actor: Actor::User, origin, detail: None }
}

/// The operator's texts, each tried with sample values.
pub fn overrides(settings: &Settings) -> Result<Overrides, OverrideErrors> {
    let Some(dir) = &settings.mail.templates else { return Ok(Overrides::default()) };
    let letters = Letter::samples();
    let texts = Sms::samples();
    let site = &settings.pages.name;
    let pieces: Vec<_> = letters.iter().map(|letter| letter.piece(site)).chain(texts.iter().map(|sms| sms.piece(site))).collect();
    Overrides::load(dir, &pieces)
}

impl App {
    /// Counts what came of a proof: by `password`, `mail`, `totp`, …; `outcome` as of [`SignedIn::as_str`](super::sign_in::SignedIn). A wrong one is
    /// a line of the log with who asked, by which programs like fail2ban shut addresses out (docs/operations.md). Never who was named: that
    /// somebody has an account is nobody's business, and people type passwords into the wrong field.
    pub(in crate::actions) fn proof_given(&self, by: &'static str, outcome: &'static str, requester: &Requester) {
        self.metrics.sign_in(by, outcome);
        if outcome == "wrong" {
            tracing::info!(target: "vestibule::sign_in", address = %requester.address, by, "sign-in failed");
        }
    }

    pub(in crate::actions) async fn record(&self, tx: &mut Tx, event: Event) -> Outcome<()> {
        let now = self.now();
        Self::log(&event);
        Ok(events::insert(tx, &EventId::new(now, &self.random), now, &event).await?)
    }

    /// The same event about each of a person's sessions.
    pub(in crate::actions) async fn record_of(
        &self,
        tx: &mut Tx,
        user_id: &UserId,
        sessions: &[SessionId],
        event: &Event,
    ) -> Outcome<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let pairs: Vec<_> = sessions.iter().map(|session| (EventId::new(now, &self.random), session)).collect();
        let about = |id: &SessionId| Event { user_id: Some(user_id.clone()), session_id: Some(id.clone()), ..event.clone() };
        for session in sessions {
            Self::log(&about(session));
        }
        Ok(events::insert_of_sessions(tx, user_id, &pairs, now, event).await?)
    }

    fn log(event: &Event) {
        tracing::info!(
            kind = event.kind.as_str(),
            user_id = event.user_id.as_ref().map(AsRef::<str>::as_ref),
            client_id = event.client_id.as_ref().map(AsRef::<str>::as_ref),
            actor = event.actor.as_str(),
            detail = event.detail,
            "event"
        );
    }

    /// Puts a mail into the outbox. It is sent after the commit, and dropped if it could not be sent before it became useless.
    pub(in crate::actions) async fn mail(
        &self,
        tx: &mut Tx,
        to: &str,
        letter: &Letter,
        locale: Locale,
        useful: Duration,
    ) -> Outcome<()> {
        let rendered = letter
            .render_with(&self.overrides, &self.text(locale), &self.settings.pages.name)
            .map_err(|error| Fault::Broken(format!("a letter cannot be rendered: {error}")))?;
        let (recipient, subject, body, html) = (to.to_owned(), rendered.subject, rendered.text, rendered.html);
        self.post(tx, Draft { channel: Channel::Mail, recipient, subject, body, html }, useful).await
    }

    /// Puts a text into the outbox, like [`mail`](Self::mail); `None`: a decoy, which goes nowhere. Ask
    /// [`may_text`](Self::may_text) before.
    pub async fn sms(&self, tx: &mut Tx, to: Option<&Phone>, sms: &Sms, locale: Locale, useful: Duration) -> Outcome<()> {
        let host = self.settings.server.public_url.host_str().unwrap_or_default();
        let body = sms.render(&self.overrides, &self.text(locale), &self.settings.pages.name, host);
        let recipient = to.map_or_else(String::new, Phone::to_string);
        let (subject, html) = (String::new(), String::new());
        self.post(tx, Draft { channel: Channel::Sms, recipient, subject, body, html }, useful).await
    }

    async fn post(&self, tx: &mut Tx, draft: Draft, useful: Duration) -> Outcome<()> {
        let now = self.now();
        let Draft { channel, recipient, subject, body, html } = draft;
        let message = Message {
            id: MessageId::new(now, &self.random),
            channel,
            recipient,
            subject,
            body,
            html,
            attempts: 0,
            created_at: now,
            expires_at: now + useful,
        };
        outbox::insert(tx, &message).await?;
        self.outbox.ring(channel);
        Ok(())
    }
}

/// A message before it has an id and a time.
struct Draft {
    channel: Channel,
    recipient: String,
    subject: String,
    body: String,
    html: String,
}

/// The language of a person's profile, if we speak it.
pub fn language_of(user: &User) -> Option<Locale> {
    user.profile.locale.as_deref().and_then(Locale::nearest)
}

/// The language a person has chosen, else that of the request.
pub(super) fn locale_of(user: &User, fallback: Locale) -> Locale {
    language_of(user).unwrap_or(fallback)
}
