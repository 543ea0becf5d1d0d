//! A message that waits to be sent, and when to try again.

use std::time::Duration;

pub use super::address::Channel;
use crate::ids::MessageId;
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub struct Message {
    pub id: MessageId,
    pub channel: Channel,
    /// A mail address or a number in E.164; empty for a decoy.
    pub recipient: String,
    pub subject: String,
    pub body: String,
    pub html: String,
    pub attempts: u32,
    pub created_at: Timestamp,
    /// After this nobody wants it: its code has expired.
    pub expires_at: Timestamp,
}

/// What becomes of a message after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    At(Timestamp),
    GiveUp,
}

/// What is known about a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which one it was, from 1, and how many there may be.
    pub number: u32,
    pub most: u32,
    /// The server's word that it will never take the message (SMTP 5yz, RFC 5321 section 4.2.1; HTTP 4xx).
    pub permanent: bool,
    /// The server's word on when to come again.
    pub after: Option<Duration>,
}

/// 2 s, 4 s, 8 s … an hour, and never sooner than the server asks, until the attempts are used up or the message has expired.
pub fn retry(attempt: Attempt, expires_at: Timestamp, now: Timestamp) -> Retry {
    let pause = Duration::from_secs(1 << attempt.number.clamp(1, 12)).min(Duration::from_secs(3600));
    let next = now + pause.max(attempt.after.unwrap_or_default());
    if attempt.permanent || attempt.number >= attempt.most || next >= expires_at { Retry::GiveUp } else { Retry::At(next) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_longer_each_time_and_gives_up_when_pointless() {
        let now = Timestamp::from_seconds(1000);
        let day = now + Duration::from_secs(86400);
        let attempt = |number, most| Attempt { number, most, permanent: false, after: None };
        let seconds = |seconds| Retry::At(now + Duration::from_secs(seconds));
        assert_eq!(retry(attempt(1, 12), day, now), seconds(2));
        assert_eq!(retry(attempt(5, 12), day, now), seconds(32));
        assert_eq!(retry(attempt(12, 20), day, now), seconds(3600));
        assert_eq!(retry(attempt(12, 12), day, now), Retry::GiveUp);
        assert_eq!(retry(Attempt { permanent: true, ..attempt(1, 12) }, day, now), Retry::GiveUp);
        assert_eq!(retry(attempt(5, 12), now + Duration::from_secs(30), now), Retry::GiveUp);
        let asked = |seconds| Attempt { after: Some(Duration::from_secs(seconds)), ..attempt(3, 12) };
        assert_eq!(retry(asked(1), day, now), seconds(8), "never sooner than by itself");
        assert_eq!(retry(asked(100), day, now), seconds(100));
        assert_eq!(retry(asked(100_000), day, now), Retry::GiveUp);
    }
}
