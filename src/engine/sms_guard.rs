//! Whether a text may be sent. Whoever runs numbers that cost their callers more has codes sent to them by the thousand, and
//! never enters one: caps bound the loss, the brake ends it, and the month's budget is the last word.

use std::time::Duration;

use super::limit::Allowance;
use super::phone::Phone;
use crate::time::Timestamp;

/// Why a text is not sent. The person is offered another way; the reason is for metrics and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No transport, or no country listed.
    Off,
    /// The number's country is not listed.
    Country,
    /// The number costs its callers more than usual.
    Premium,
    /// Too many on behalf of this requester.
    Requester,
    /// Too many to this number.
    Number,
    /// Too many to numbers of this range.
    Range,
    /// Too few of the codes sent to this range are ever entered.
    Brake,
    /// The month's money is spent.
    Budget,
}

impl Reason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Country => "country",
            Self::Premium => "premium",
            Self::Requester => "requester",
            Self::Number => "number",
            Self::Range => "range",
            Self::Brake => "brake",
            Self::Budget => "budget",
        }
    }
}

/// The guard's answer.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Refused(Reason),
}

/// What is known when somebody asks for a text.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    pub on: bool,
    pub country_listed: bool,
    pub premium: bool,
    pub requester: Allowance,
    /// By the hour and by the day.
    pub number: Allowance,
    pub range: Allowance,
    pub braked: bool,
    /// Of this month, with this text; in the same unit as the budget.
    pub spent: u64,
    pub budget: Option<u64>,
}

/// What never changes first, then whoever asks, then the number, then what many share.
pub fn decide(facts: Facts) -> Verdict {
    let refused = [
        (!facts.on, Reason::Off),
        (!facts.country_listed, Reason::Country),
        (facts.premium, Reason::Premium),
        (facts.requester != Allowance::Granted, Reason::Requester),
        (facts.number != Allowance::Granted, Reason::Number),
        (facts.range != Allowance::Granted, Reason::Range),
        (facts.braked, Reason::Brake),
        (facts.budget.is_some_and(|budget| facts.spent > budget), Reason::Budget),
    ];
    refused.into_iter().find(|(applies, _)| *applies).map_or(Verdict::Allowed, |(_, reason)| Verdict::Refused(reason))
}

/// A budget without the part that is kept for others.
pub fn without(budget: u64, percent: u32) -> u64 {
    budget - budget / 100 * u64::from(percent.min(100))
}

/// The range of a number: its first six digits. Country and network, and as many subscribers as one operator can rent out.
pub fn range(phone: &Phone) -> String {
    phone.as_str().chars().take(7).collect()
}

/// When a range is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// Of 100 codes, as many must be entered; 0: no brake.
    pub percent: u32,
    /// Codes before a range is judged.
    pub sample: u32,
    /// The first pause; it doubles with each that follows.
    pub pause: Duration,
}

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What became of the codes sent to a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Track {
    pub sent: i64,
    pub entered: i64,
    /// Pauses so far.
    pub strikes: i64,
    pub braked_until: Timestamp,
}

impl Track {
    pub fn is_braked(&self, now: Timestamp) -> bool {
        self.braked_until > now
    }

    /// After one more code was counted as sent. None: nothing changes. A range that had to pause is judged by a quarter of the
    /// codes; one that does well is forgiven, and what it did long ago fades.
    pub fn judged(self, brake: Brake, now: Timestamp) -> Option<Self> {
        let sample = i64::from(if self.strikes > 0 { (brake.sample / 4).max(1) } else { brake.sample });
        if brake.percent == 0 || self.sent < sample {
            return None;
        }
        if self.entered.saturating_mul(100) < self.sent.saturating_mul(i64::from(brake.percent)) {
            let doubled = u32::try_from(self.strikes).unwrap_or(u32::MAX).min(16);
            let pause = brake.pause.saturating_mul(1 << doubled).min(LONGEST);
            return Some(Self { sent: 0, entered: 0, strikes: self.strikes.saturating_add(1), braked_until: now + pause });
        }
        let full = i64::from(brake.sample);
        let strikes = if self.sent >= full { 0 } else { self.strikes };
        let fading = if self.sent >= 2 * full { 2 } else { 1 };
        let judged = Self { sent: self.sent / fading, entered: self.entered / fading, strikes, ..self };
        (judged != self).then_some(judged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRAKE: Brake = Brake { percent: 20, sample: 20, pause: Duration::from_secs(3600) };
    const NOW: Timestamp = Timestamp::from_seconds(1_763_717_400);

    #[test]
    fn the_first_reason_that_applies_is_given() {
        let good = Facts {
            on: true,
            country_listed: true,
            premium: false,
            requester: Allowance::Granted,
            number: Allowance::Granted,
            range: Allowance::Granted,
            braked: false,
            spent: 100,
            budget: Some(100),
        };
        let wait = Allowance::After(Duration::from_secs(1));
        for (facts, verdict) in [
            (good, Verdict::Allowed),
            (Facts { budget: None, spent: u64::MAX, ..good }, Verdict::Allowed),
            (Facts { on: false, ..good }, Verdict::Refused(Reason::Off)),
            (Facts { country_listed: false, ..good }, Verdict::Refused(Reason::Country)),
            (Facts { premium: true, ..good }, Verdict::Refused(Reason::Premium)),
            (Facts { requester: wait, ..good }, Verdict::Refused(Reason::Requester)),
            (Facts { number: wait, ..good }, Verdict::Refused(Reason::Number)),
            (Facts { range: wait, ..good }, Verdict::Refused(Reason::Range)),
            (Facts { braked: true, ..good }, Verdict::Refused(Reason::Brake)),
            (Facts { spent: 101, ..good }, Verdict::Refused(Reason::Budget)),
            (Facts { budget: Some(0), ..good }, Verdict::Refused(Reason::Budget)),
            (Facts { premium: true, requester: wait, spent: 101, ..good }, Verdict::Refused(Reason::Premium)),
        ] {
            assert_eq!(decide(facts), verdict, "{facts:?}");
        }
    }

    #[test]
    fn a_range_is_what_one_operator_has() {
        let range_of = |text| range(&Phone::parse(text, None).unwrap());
        assert_eq!(range_of("+43 660 1234567"), "+436601");
        assert_eq!(range_of("+43 660 1999999"), range_of("+43 660 1234567"));
        assert_ne!(range_of("+43 664 1234567"), range_of("+43 660 1234567"));
    }

    fn track(sent: i64, entered: i64, strikes: i64) -> Track {
        Track { sent, entered, strikes, braked_until: Timestamp::default() }
    }

    #[test]
    fn a_range_is_judged_by_a_sample() {
        for (before, after) in [
            (track(19, 0, 0), None),
            (track(20, 4, 0), None),
            (track(20, 3, 0), Some(1)),
            (track(39, 7, 0), Some(1)),
            // On probation a quarter is enough.
            (track(4, 0, 1), None),
            (track(5, 0, 1), Some(2)),
            (track(5, 1, 1), None),
        ] {
            let judged = before.judged(BRAKE, NOW);
            assert_eq!(judged.map(|track| track.strikes), after, "{before:?}");
            if let Some(judged) = judged {
                assert!(judged.is_braked(NOW) && judged.sent == 0, "{judged:?}");
            }
        }
        assert_eq!(track(1000, 0, 0).judged(Brake { percent: 0, ..BRAKE }, NOW), None);
    }

    #[test]
    fn pauses_double_up_to_a_day_and_good_conduct_ends_them() {
        let hours = |strikes| track(20, 0, strikes).judged(BRAKE, NOW).unwrap().braked_until.since(NOW).as_secs() / 3600;
        assert_eq!([0, 1, 2, 4, 5, 6, i64::MAX].map(hours), [1, 2, 4, 16, 24, 24, 24]);
        assert_eq!(track(20, 10, 3).judged(BRAKE, NOW), Some(track(20, 10, 0)));
        assert_eq!(track(40, 30, 0).judged(BRAKE, NOW), Some(track(20, 15, 0)), "the past fades");
    }
}
