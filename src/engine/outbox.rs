//! A message that waits to be sent, and when to try again.

use std::time::Duration;

use crate::ids::MessageId;
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub struct Message {
    pub id: MessageId,
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

/// 2 s, 4 s, 8 s … an hour, until the attempts are used up or the message has expired. `permanent` is the server's word that
/// it will never take it (SMTP 5yz, RFC 5321 section 4.2.1).
pub fn retry(attempts: u32, most: u32, permanent: bool, expires_at: Timestamp, now: Timestamp) -> Retry {
    let pause = Duration::from_secs(1 << attempts.clamp(1, 12)).min(Duration::from_secs(3600));
    let next = now + pause;
    if permanent || attempts >= most || next >= expires_at { Retry::GiveUp } else { Retry::At(next) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_longer_each_time_and_gives_up_when_pointless() {
        let now = Timestamp::from_seconds(1000);
        let day = now + Duration::from_secs(86400);
        assert_eq!(retry(1, 12, false, day, now), Retry::At(now + Duration::from_secs(2)));
        assert_eq!(retry(5, 12, false, day, now), Retry::At(now + Duration::from_secs(32)));
        assert_eq!(retry(12, 20, false, day, now), Retry::At(now + Duration::from_secs(3600)));
        assert_eq!(retry(12, 12, false, day, now), Retry::GiveUp);
        assert_eq!(retry(1, 12, true, day, now), Retry::GiveUp);
        assert_eq!(retry(5, 12, false, now + Duration::from_secs(30), now), Retry::GiveUp);
    }
}
