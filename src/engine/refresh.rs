//! Refresh tokens: a family that rotates, cannot lose a race, and ends when it is stolen.
//!
//! A token names its grant and its place in the family, and carries a MAC of both; see [`crate::crypto::refresh`]. So the
//! successor can be computed again rather than stored, every token that was ever issued is recognised, and one guarded
//! UPDATE is the whole rotation.
//!
//! ```text
//! presented = current            → rotate: the next one
//! presented = the one before, soon after its rotation → the same successor again (a lost answer, a second tab)
//! presented = the one before, later → refused; the family lives, for its owner holds the successor
//! presented = any older one      → its successor was used: theft, the family ends
//! presented > current            → never issued
//! ```

use std::time::Duration;

use crate::time::Timestamp;

/// Where a family stands.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The place of the token that may be used next.
    pub current: u32,
    pub rotated_at: Option<Timestamp>,
    /// No use for this long ends it.
    pub idle_expires_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Give `next`, and record it if nobody else has meanwhile.
    Rotate { next: u32 },
    /// Give the token that the first use got.
    Repeat { same: u32 },
    /// Say no, change nothing.
    Refuse,
    /// Say no, and end the family.
    Theft,
}

/// RFC 9700 section 4.14.2, with the race of two tabs allowed for.
pub fn judge(family: Family, presented: u32, retry_window: Duration, now: Timestamp) -> Verdict {
    if now >= family.expires_at || now >= family.idle_expires_at {
        return Verdict::Refuse;
    }
    match family.current.checked_sub(presented) {
        Some(0) => presented.checked_add(1).map_or(Verdict::Refuse, |next| Verdict::Rotate { next }),
        Some(1) if family.rotated_at.is_some_and(|at| now.since(at) <= retry_window) => Verdict::Repeat { same: family.current },
        Some(1) | None => Verdict::Refuse,
        Some(_) => Verdict::Theft,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    fn family(current: u32, rotated: Option<i64>) -> Family {
        Family { current, rotated_at: rotated.map(at), idle_expires_at: at(3600), expires_at: at(7200) }
    }

    #[test]
    fn each_line_of_the_table() {
        assert_eq!(judge(family(4, Some(0)), 4, WINDOW, at(10)), Verdict::Rotate { next: 5 });
        assert_eq!(judge(family(4, Some(0)), 3, WINDOW, at(60)), Verdict::Repeat { same: 4 });
        assert_eq!(judge(family(4, Some(0)), 3, WINDOW, at(61)), Verdict::Refuse);
        assert_eq!(judge(family(4, Some(0)), 2, WINDOW, at(1)), Verdict::Theft);
        assert_eq!(judge(family(4, Some(0)), 5, WINDOW, at(1)), Verdict::Refuse);
        assert_eq!(judge(family(4, Some(0)), 4, WINDOW, at(3600)), Verdict::Refuse);
        assert_eq!(judge(family(u32::MAX, Some(0)), u32::MAX, WINDOW, at(1)), Verdict::Refuse);
    }

    proptest! {
        /// Honest tabs retry within the window whatever answers get lost; a thief who comes after the owner went on is caught.
        #[test]
        fn an_honest_family_never_ends_and_a_thief_is_caught(steps in proptest::collection::vec((0i64..60, any::<bool>()), 1..60)) {
            let (mut now, mut server, mut rotated, mut held) = (0, 1u32, None, 1u32);
            let mut issued = vec![1u32];
            for (pause, answer_lost) in steps {
                now += pause;
                let state = Family { idle_expires_at: at(now + 3600), expires_at: at(now + 7200), ..family(server, rotated) };
                let got = match judge(state, held, WINDOW, at(now)) {
                    Verdict::Rotate { next } => { server = next; rotated = Some(now); next }
                    Verdict::Repeat { same } => same,
                    // A retry that comes after the window is refused, but never taken for theft.
                    Verdict::Refuse => { prop_assert!(rotated.is_some_and(|then| now - then > 60)); break }
                    Verdict::Theft => panic!("an honest client was taken for a thief"),
                };
                if !answer_lost { held = got; issued.push(got); }
            }
            let state = Family { idle_expires_at: at(now + 3600), expires_at: at(now + 7200), ..family(server, rotated) };
            for old in issued.iter().filter(|old| **old + 2 <= server) {
                prop_assert_eq!(judge(state, *old, WINDOW, at(now)), Verdict::Theft);
            }
        }
    }
}
