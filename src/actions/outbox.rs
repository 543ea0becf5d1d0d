//! The outbox: messages are rows written with the change they belong to, and leave from here.

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{App, Outcome};
pub use crate::engine::outbox::Channel;
use crate::engine::outbox::{Attempt, Message, Retry, retry};
use crate::gateways::delivery::DeliveryError;
use crate::gateways::{mail, sms};
use crate::ids::MessageId;
use crate::settings::{MailTransport, SmsProvider, SmsTransport};
use crate::store::outbox;
use crate::time::Timestamp;

/// Messages under way at once.
const ABREAST: usize = 4;
/// How many the development mailbox shows.
const SHOWN: i64 = 100;

/// Wakes whoever delivers a channel. A ring is remembered until somebody has heard it.
#[derive(Debug, Default)]
pub struct Bells {
    mail: Notify,
    sms: Notify,
}

impl Bells {
    const fn of(&self, channel: Channel) -> &Notify {
        match channel {
            Channel::Mail => &self.mail,
            Channel::Sms => &self.sms,
        }
    }

    /// Says that there is, or will be after the commit under way, a message.
    pub fn ring(&self, channel: Channel) {
        self.of(channel).notify_one();
    }

    /// Waits for the next ring, or the one that nobody has heard yet.
    pub async fn rung(&self, channel: Channel) {
        self.of(channel).notified().await;
    }
}

/// What became of the messages that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub sent: u32,
    /// Will be tried again.
    pub put_off: u32,
    /// Given up, or useless by now.
    pub failed: u32,
}

impl Delivered {
    pub const fn total(self) -> u32 {
        self.sent + self.put_off + self.failed
    }

    const fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Sent => self.sent += 1,
            Fate::PutOff => self.put_off += 1,
            Fate::Failed => self.failed += 1,
        }
    }
}

#[derive(Clone, Copy)]
enum Fate {
    Sent,
    PutOff,
    Failed,
}

/// Delivers all that is due on every channel, a few at once.
pub async fn deliver_due(app: &App) -> Outcome<Delivered> {
    let mut delivered = Delivered::default();
    for channel in Channel::ALL {
        let more = deliver_while(app, channel, || true).await?;
        delivered.sent += more.sent;
        delivered.put_off += more.put_off;
        delivered.failed += more.failed;
    }
    Ok(delivered)
}

/// Delivers what is due on one channel, so that a slow provider of texts does not hold up mail. Takes no further message once
/// `go_on` says no; those under way are waited for.
pub async fn deliver_while(app: &App, channel: Channel, go_on: impl Fn() -> bool) -> Outcome<Delivered> {
    let mut delivered = Delivered::default();
    let mut under_way = JoinSet::new();
    loop {
        let free = ABREAST.saturating_sub(under_way.len());
        let claimed = if go_on() { claim(app, channel, free, &mut delivered).await } else { Ok(Vec::new()) };
        // Without the database nothing new is taken, but what has been sent is still recorded if it comes back in time.
        let (messages, fault) = match claimed {
            Ok(messages) => (messages, None),
            Err(fault) => (Vec::new(), Some(fault)),
        };
        for message in messages {
            under_way.spawn(deliver(app.clone(), message));
        }
        match under_way.join_next().await {
            Some(Ok(Ok(fate))) => delivered.add(fate),
            // The lease runs out, and the message is sent again.
            Some(Ok(Err(fault))) => tracing::error!(%fault, "a message was tried, but the outcome could not be written down"),
            Some(Err(error)) => tracing::error!(%error, "a delivery stopped"),
            None => match fault {
                Some(fault) => return Err(fault),
                None => break,
            },
        }
    }
    super::measures::outbox_depth(app).await?;
    Ok(delivered)
}

/// Takes up to `most` messages for twice the time an attempt may take, so that a crash only delays them.
async fn claim(app: &App, channel: Channel, most: usize, delivered: &mut Delivered) -> Outcome<Vec<Message>> {
    let now = app.now();
    let timeout = match channel {
        Channel::Mail => app.settings.mail.timeout,
        Channel::Sms => app.settings.sms.timeout,
    };
    let lease_until = now + timeout * 2;
    let mut claimed = Vec::with_capacity(most);
    let mut useless = 0;
    let mut tx = app.store.write().await?;
    while claimed.len() < most {
        let Some(message) = outbox::claim(&mut tx, channel, now, lease_until).await? else { break };
        if message.expires_at <= now {
            outbox::failed(&mut tx, &message.id, "expired before it could be sent").await?;
            tracing::warn!(message_id = message.id.as_str(), "a message expired before it could be sent");
            count_text(app, message.channel, "expired");
            useless += 1;
        } else {
            claimed.push(message);
        }
    }
    if !claimed.is_empty() || useless > 0 {
        tx.commit().await?;
    }
    delivered.failed += useless;
    Ok(claimed)
}

/// One attempt. A decoy is written like any other message, so that an unknown address takes as long as a known one; it goes
/// nowhere.
async fn send(app: &App, message: Message) -> Result<(), DeliveryError> {
    let Message { id, channel, recipient, subject, body, html, created_at, .. } = message;
    if recipient.is_empty() {
        return Ok(());
    }
    let id = id.to_string();
    match channel {
        Channel::Mail => {
            let outgoing = mail::Outgoing { id, to: recipient, subject, text: body, html, date: created_at };
            app.mailer.deliver(&outgoing).await
        }
        Channel::Sms => app.texter.deliver(&sms::Outgoing { id, to: recipient, body, date: created_at }).await,
    }
}

async fn deliver(app: App, message: Message) -> Outcome<Fate> {
    let (id, channel, expires_at) = (message.id.clone(), message.channel, message.expires_at);
    let (attempts, decoy) = (message.attempts, message.recipient.is_empty());
    let outcome = send(&app, message).await;
    let now = app.now();
    let mut tx = app.store.write().await?;
    let fate = match outcome {
        Ok(()) => {
            outbox::delivered(&mut tx, &id, keeps_text(&app, channel), now).await?;
            count_text(&app, channel, if decoy { "decoy" } else { "sent" });
            Fate::Sent
        }
        Err(DeliveryError { permanent, alarming, reason, after }) => {
            app.metrics.outbox_failure(transport(&app, channel));
            if alarming {
                app.metrics.outbox_alarm(transport(&app, channel));
            }
            let most = match channel {
                Channel::Mail => app.settings.mail.max_attempts,
                Channel::Sms => app.settings.sms.max_attempts,
            };
            let channel_name = channel.as_str();
            match retry(Attempt { number: attempts, most, permanent, after }, expires_at, now) {
                Retry::At(at) if alarming => {
                    tracing::error!(message_id = id.as_str(), channel = channel_name, attempts, reason, next = %at, "the other side refuses us, not one message: see to it; messages wait");
                    outbox::retry(&mut tx, &id, at, &reason).await?;
                    count_text(&app, channel, "put_off");
                    Fate::PutOff
                }
                Retry::At(at) => {
                    tracing::warn!(message_id = id.as_str(), channel = channel_name, attempts, reason, next = %at, "a message could not be sent");
                    outbox::retry(&mut tx, &id, at, &reason).await?;
                    count_text(&app, channel, "put_off");
                    Fate::PutOff
                }
                Retry::GiveUp => {
                    tracing::error!(message_id = id.as_str(), channel = channel_name, attempts, reason, "a message is given up");
                    outbox::failed(&mut tx, &id, &reason).await?;
                    count_text(&app, channel, "failed");
                    Fate::Failed
                }
            }
        }
    };
    tx.commit().await?;
    Ok(fate)
}

/// The development mailbox shows what was sent; elsewhere a message's code does not outlive its delivery.
fn keeps_text(app: &App, channel: Channel) -> bool {
    match channel {
        Channel::Mail => app.settings.mail.transport == MailTransport::Mailbox,
        Channel::Sms => app.settings.sms.transport == SmsTransport::Inbox,
    }
}

fn transport(app: &App, channel: Channel) -> &'static str {
    match (channel, &app.settings.mail.transport, &app.settings.sms.transport) {
        (Channel::Mail, MailTransport::Smtp(_), _) => "smtp",
        (Channel::Mail, MailTransport::File(_), _) | (Channel::Sms, _, SmsTransport::File(_)) => "file",
        (Channel::Mail, MailTransport::Mailbox, _) => "mailbox",
        (Channel::Sms, _, SmsTransport::Off) => "off",
        (Channel::Sms, _, SmsTransport::Inbox) => "inbox",
        (Channel::Sms, _, SmsTransport::Provider(SmsProvider::Twilio { .. })) => "twilio",
        (Channel::Sms, _, SmsTransport::Provider(SmsProvider::Vonage { .. })) => "vonage",
        (Channel::Sms, _, SmsTransport::Provider(SmsProvider::Bird { .. })) => "bird",
        (Channel::Sms, _, SmsTransport::Provider(SmsProvider::Http { .. })) => "http",
    }
}

fn count_text(app: &App, channel: Channel, outcome: &'static str) {
    if channel == Channel::Sms {
        app.metrics.sms(transport(app, channel), outcome);
    }
}

/// Waits until somebody has written a message for this channel in this process.
pub async fn rung(app: &App, channel: Channel) {
    app.outbox.rung(channel).await;
}

/// When the channel's next message is due, if any waits.
pub async fn next_due(app: &App, channel: Channel) -> Outcome<Option<Timestamp>> {
    Ok(outbox::next_due(&mut app.store.read().await?, channel).await?)
}

/// The newest mails, for the development mailbox. Empty with any other transport.
pub async fn mailbox(app: &App) -> Outcome<Vec<Message>> {
    newest(app, Channel::Mail).await
}

/// The newest texts, for the development inbox. Empty with any other transport.
pub async fn inbox(app: &App) -> Outcome<Vec<Message>> {
    newest(app, Channel::Sms).await
}

async fn newest(app: &App, channel: Channel) -> Outcome<Vec<Message>> {
    if !keeps_text(app, channel) {
        return Ok(Vec::new());
    }
    Ok(outbox::newest(&mut app.store.read().await?, channel, SHOWN).await?)
}

/// One message of the development mailbox.
pub async fn message(app: &App, id: &MessageId) -> Outcome<Option<Message>> {
    if !keeps_text(app, Channel::Mail) {
        return Ok(None);
    }
    let message = outbox::by_id(&mut app.store.read().await?, id).await?;
    Ok(message.filter(|message| message.channel == Channel::Mail))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_ring_before_the_wait_is_heard_once() {
        let bells = Bells::default();
        bells.ring(Channel::Mail);
        bells.ring(Channel::Mail);
        bells.rung(Channel::Mail).await;
        for channel in Channel::ALL {
            assert!(tokio::time::timeout(Duration::from_millis(20), bells.rung(channel)).await.is_err());
        }
    }
}
