//! The short codes that mails carry: six digits, minutes long, five tries, and sending again without killing the last one. And the links beside
//! them, which live as long as their flow.

use std::time::Duration;

use crate::crypto::token::constant_time_eq;
use crate::time::Timestamp;

/// What a flow knows of the codes it has sent. Codes are kept as a MAC under the server's key, bound to flow and purpose, so
/// that neither a stolen database nor another flow can use them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    pub newest: Option<Code>,
    /// The one before: it works too until one is used, because mails overtake each other.
    pub previous: Option<Code>,
    /// Wrong tries since the newest was sent.
    pub tries: u32,
    /// How many were sent.
    pub sends: u32,
    pub sent_at: Option<Timestamp>,
    pub links: Links,
}

/// The SHA-256 of the secrets of mailed links. As with codes, the newest and the one before work until one is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Links {
    pub newest: Option<[u8; 32]>,
    pub previous: Option<[u8; 32]>,
}

impl Links {
    #[must_use]
    pub const fn given(self, hash: [u8; 32]) -> Self {
        Self { newest: Some(hash), previous: self.newest }
    }

    pub fn has(&self, hash: &[u8; 32]) -> bool {
        // No early exit: both are compared.
        self.newest.iter().chain(&self.previous).fold(false, |found, link| found | constant_time_eq(link, hash))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    pub mac: [u8; 32],
    pub expires_at: Timestamp,
}

/// The rules that settings hold.
#[derive(Clone, Copy, Debug)]
pub struct CodeRules {
    pub lifetime: Duration,
    /// Wrong tries that a code allows.
    pub tries: u32,
    /// The first pause before another may be sent; it doubles each time.
    pub resend: Duration,
}

/// At most this many codes a flow: with five tries each, guessing one of a million stays hopeless.
const MOST_SENDS: u32 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Right,
    Wrong {
        tries_left: u32,
    },
    /// Five wrong tries, or no code is alive: a new one is needed.
    Spent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaySend {
    Now,
    After(Duration),
    /// Not in this flow any more: begin again.
    Never,
}

impl Codes {
    pub fn may_send(&self, rules: CodeRules, now: Timestamp) -> MaySend {
        let Some(sent_at) = self.sent_at else { return MaySend::Now };
        if self.sends >= MOST_SENDS {
            return MaySend::Never;
        }
        let pause = rules.resend.saturating_mul(1 << (self.sends - 1).min(10));
        let wait = (sent_at + pause).since(now);
        if wait.is_zero() { MaySend::Now } else { MaySend::After(wait) }
    }

    /// Remembers a code that is about to be sent.
    pub fn sent(self, mac: [u8; 32], rules: CodeRules, now: Timestamp) -> Self {
        Self {
            newest: Some(Code { mac, expires_at: now + rules.lifetime }),
            previous: self.newest,
            tries: 0,
            sends: self.sends + 1,
            sent_at: Some(now),
            links: self.links,
        }
    }

    /// Whether no code is left to judge: each has expired, or the tries are used up.
    pub fn is_spent(&self, rules: CodeRules, now: Timestamp) -> bool {
        self.tries >= rules.tries || !self.newest.iter().chain(&self.previous).any(|code| now < code.expires_at)
    }

    /// Judges a typed code by its MACs, one under each master key: it may have been sent while another one was first. The caller counts a wrong
    /// one with [`Codes::tried`] in the same transaction.
    pub fn check(&self, macs: &[[u8; 32]], rules: CodeRules, now: Timestamp) -> Verdict {
        if self.is_spent(rules, now) {
            return Verdict::Spent;
        }
        let living = self.newest.iter().chain(&self.previous).filter(|code| now < code.expires_at);
        // No early exit: all are compared.
        let right =
            living.fold(false, |found, code| macs.iter().fold(found, |found, mac| found | constant_time_eq(&code.mac, mac)));
        match rules.tries - self.tries - 1 {
            _ if right => Verdict::Right,
            0 => Verdict::Spent,
            tries_left => Verdict::Wrong { tries_left },
        }
    }

    pub const fn tried(mut self) -> Self {
        self.tries += 1;
        self
    }
}

/// The digits in what was typed or pasted: "your code is 123 456" means 123456. None unless there are exactly `digits`.
pub fn typed(text: &str, digits: usize) -> Option<String> {
    let found: String = text.chars().take(201).filter_map(super::text::digit).collect();
    (found.len() == digits && text.chars().count() <= 200).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: CodeRules = CodeRules { lifetime: Duration::from_secs(600), tries: 5, resend: Duration::from_secs(30) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    #[test]
    fn the_newest_and_the_one_before_work() {
        let codes = Codes::default().sent([1; 32], RULES, at(0)).sent([2; 32], RULES, at(60)).sent([3; 32], RULES, at(120));
        assert_eq!(codes.check(&[[3; 32]], RULES, at(130)), Verdict::Right);
        assert_eq!(codes.check(&[[2; 32]], RULES, at(130)), Verdict::Right);
        assert_eq!(codes.check(&[[1; 32]], RULES, at(130)), Verdict::Wrong { tries_left: 4 });
        assert_eq!(codes.check(&[[2; 32]], RULES, at(661)), Verdict::Wrong { tries_left: 4 }, "the one before has expired");
        assert_eq!(codes.check(&[[3; 32]], RULES, at(720)), Verdict::Spent);
    }

    #[test]
    fn a_code_may_have_been_made_under_any_key() {
        let codes = Codes::default().sent([1; 32], RULES, at(0));
        assert_eq!(codes.check(&[[2; 32], [1; 32]], RULES, at(1)), Verdict::Right);
        assert_eq!(codes.check(&[[2; 32], [3; 32]], RULES, at(1)), Verdict::Wrong { tries_left: 4 });
    }

    #[test]
    fn the_newest_link_and_the_one_before_work_and_codes_leave_them_alone() {
        let links = Links::default().given([1; 32]).given([2; 32]).given([3; 32]);
        assert!(links.has(&[3; 32]) && links.has(&[2; 32]) && !links.has(&[1; 32]));
        assert!(!Links::default().has(&[0; 32]));
        let codes = Codes { links, ..Codes::default() };
        assert_eq!(codes.sent([1; 32], RULES, at(0)).tried().links, links);
    }

    #[test]
    fn five_wrong_tries_spend_a_code_and_a_new_one_gives_five_more() {
        let mut codes = Codes::default().sent([1; 32], RULES, at(0));
        for tries_left in [4, 3, 2, 1] {
            assert_eq!(codes.check(&[[9; 32]], RULES, at(1)), Verdict::Wrong { tries_left });
            codes = codes.tried();
        }
        assert_eq!(codes.check(&[[9; 32]], RULES, at(1)), Verdict::Spent, "the fifth is the last");
        codes = codes.tried();
        assert_eq!(codes.check(&[[1; 32]], RULES, at(1)), Verdict::Spent, "even the right one is too late");
        assert_eq!(codes.sent([2; 32], RULES, at(40)).check(&[[2; 32]], RULES, at(41)), Verdict::Right);
    }

    #[test]
    fn sending_again_waits_longer_each_time_and_ends() {
        let mut codes = Codes::default();
        assert_eq!(codes.may_send(RULES, at(0)), MaySend::Now);
        codes = codes.sent([1; 32], RULES, at(0));
        assert_eq!(codes.may_send(RULES, at(10)), MaySend::After(Duration::from_secs(20)));
        codes = codes.sent([2; 32], RULES, at(30));
        assert_eq!(codes.may_send(RULES, at(60)), MaySend::After(Duration::from_secs(30)));
        for _ in 0..4 {
            codes = codes.sent([3; 32], RULES, at(100));
        }
        assert_eq!(codes.may_send(RULES, at(100_000)), MaySend::Never);
    }

    #[test]
    fn pasted_text_is_understood() {
        for (text, code) in [
            ("123456", Some("123456")),
            (" 123 456 ", Some("123456")),
            ("123-456", Some("123456")),
            ("Your code is 123 456.", Some("123456")),
            ("\u{202a}123456\u{202c}", Some("123456")),
            ("１２３４５６", Some("123456")),
            ("۱۲۳ ۴۵۶", Some("123456")),
            ("١٢٣٤٥", None),
            ("12345", None),
            ("1234567", None),
            ("", None),
        ] {
            assert_eq!(typed(text, 6).as_deref(), code, "{text}");
        }
    }
}
