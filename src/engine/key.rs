//! When a signing key is published, signs, retires and goes.
//!
//! ```text
//! created = published ──(every cache has expired)──▶ signing ──(successor signs)──▶ retired ──(its last token has expired)──▶ removed
//! ```
//!
//! Removed, it leaves the JWKS, and its private half is deleted. The public half stays until no session can be alive that got ID tokens of it:
//! applications send those back as hints of who was signed in, long after they have expired (OpenID Connect Core section 3.1.2.1, RP-Initiated
//! Logout 1.0 section 2).

use std::time::Duration;

use crate::crypto::jose::Alg;
use crate::ids::KeyId;
use crate::time::Timestamp;

/// A signing key's life, without the key.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    pub id: KeyId,
    pub alg: Alg,
    pub created_at: Timestamp,
    /// It stands in the JWKS from `created_at`, and signs from here on.
    pub signs_at: Timestamp,
    /// A successor signs from here on.
    pub retires_at: Option<Timestamp>,
    /// Nothing it signed is valid from here on.
    pub removes_at: Option<Timestamp>,
}

/// The public half of a key, which only tells that an ID token was ours.
#[derive(Clone, Debug)]
pub struct PublicRecord {
    pub id: KeyId,
    pub alg: Alg,
    pub created_at: Timestamp,
    /// None while the key has no successor.
    pub expires_at: Option<Timestamp>,
}

/// For clocks that disagree.
const SKEW: Duration = Duration::from_secs(3600);

/// The schedule that settings hold.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// A key signs for this long.
    pub rotate: Duration,
    /// A key is published for this long before it signs: longer than any verifier's cache.
    pub publish: Duration,
    /// The longest life of a token.
    pub longest_token: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Published,
    Signing,
    Retired,
    Removed,
}

impl Stage {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Removed => "removed",
        }
    }
}

impl KeyRecord {
    pub fn stage(&self, now: Timestamp) -> Stage {
        match () {
            () if self.removes_at.is_some_and(|at| now >= at) => Stage::Removed,
            () if self.retires_at.is_some_and(|at| now >= at) => Stage::Retired,
            () if now >= self.signs_at => Stage::Signing,
            () => Stage::Published,
        }
    }

    /// The key as it will be once a successor signs from `successor_signs_at`. It stays published until its last token has
    /// expired, and an hour for clocks that disagree.
    pub fn succeeded(mut self, successor_signs_at: Timestamp, schedule: Schedule) -> Self {
        self.retires_at = Some(successor_signs_at);
        self.removes_at = Some(successor_signs_at + schedule.longest_token + SKEW);
        self
    }

    /// Until when hints that it signed are recognised: the last of them was given to a session that began just before the key retired, and lives
    /// for as long as the settings let it. None while the key has no successor.
    pub fn hints_until(&self, longest_session: Duration) -> Option<Timestamp> {
        self.retires_at.map(|at| at + longest_session + SKEW).max(self.removes_at)
    }
}

/// What the rotation has to do for one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    Nothing,
    /// Make a key that signs from this time on.
    Make {
        signs_at: Timestamp,
    },
}

/// Decides for the keys of one algorithm. The first key signs at once: nobody can have cached anything.
pub fn due<'a>(keys: impl Iterator<Item = &'a KeyRecord>, schedule: Schedule, now: Timestamp) -> Rotation {
    match keys.filter(|key| key.retires_at.is_none()).map(|key| key.signs_at).max() {
        None => Rotation::Make { signs_at: now },
        Some(signs_at) if now + schedule.publish >= signs_at + schedule.rotate => {
            Rotation::Make { signs_at: now + schedule.publish }
        }
        Some(_) => Rotation::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;

    const HOUR: Duration = Duration::from_secs(3600);
    const SCHEDULE: Schedule = Schedule {
        rotate: Duration::from_secs(90 * 86400),
        publish: Duration::from_secs(86400),
        longest_token: Duration::from_secs(600),
    };

    /// A fleet of verifiers that cache the key set for up to a day: over many rotations none ever meets a key it cannot know.
    #[test]
    fn no_verifier_ever_meets_an_unknown_key() {
        let random = Random::seeded(7);
        let mut now = Timestamp::from_seconds(1_700_000_000);
        let mut keys: Vec<KeyRecord> = Vec::new();
        let mut caches: Vec<(Timestamp, Vec<KeyId>)> = Vec::new();
        for hour in 0..24 * 90 * 30 {
            if let Rotation::Make { signs_at } = due(keys.iter(), SCHEDULE, now) {
                keys = keys
                    .into_iter()
                    .map(|key| if key.retires_at.is_none() { key.succeeded(signs_at, SCHEDULE) } else { key })
                    .collect();
                keys.push(KeyRecord {
                    id: KeyId::new(now, &random),
                    alg: Alg::Es256,
                    created_at: now,
                    signs_at,
                    retires_at: None,
                    removes_at: None,
                });
            }
            keys.retain(|key| key.stage(now) != Stage::Removed);
            let published: Vec<_> = keys.iter().map(|key| key.id.clone()).collect();
            let signing: Vec<_> = keys.iter().filter(|key| key.stage(now) == Stage::Signing).collect();
            assert_eq!(signing.len(), 1, "exactly one key signs at any time");
            assert!(published.len() <= 3);
            if hour % 5 == 0 {
                caches.push((now, published));
            }
            caches.retain(|(fetched, _)| now.since(*fetched) < 24 * HOUR);
            for (_, known) in &caches {
                assert!(known.contains(&signing[0].id));
            }
            now = now + HOUR;
        }
    }
}
