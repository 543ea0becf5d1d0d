//! The guard before every text: asked in the transaction that writes the text, or would.

use std::time::Duration;

use super::limits::{Purpose, requester_keys};
use super::{App, Outcome, Requester};
use crate::engine::limit::{Allowance, Rate};
use crate::engine::phone::Phone;
use crate::engine::sms_guard::{self, Brake, Facts, Reason, Track, Verdict};
use crate::settings::{Money, Rate as RateSetting};
use crate::store::{Tx, limits, sms};

/// A range that nobody writes to is forgotten after this long; longer than its longest pause.
const RANGE_KEPT: Duration = Duration::from_secs(7 * 86400);
/// A month's costs are kept this long, for whoever asks.
const MONTH_KEPT: Duration = Duration::from_secs(400 * 86400);

/// What a text is for, and at whose request: that decides what it is counted by and how much of the month's money it may use.
///
/// Nobody may learn from an answer whether a number has an account, and asking for codes to numbers that have none must take nothing from those
/// that have. So a stranger's request is first judged by what is the same for every number ([`Typed`](Self::Typed): the requester, the number as
/// typed, whether there is money at all), and what is spent only for a real account ([`Account`](Self::Account)) is never shown. Each has a count
/// and a brake of its own for a range of numbers, so that one cannot be read off the other or used up by it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    /// A number as typed; no text yet.
    Typed(&'a Requester),
    /// To any number that is typed: a sign-up, a new number. Not from the part of the budget that is kept.
    Anywhere,
    /// To the number of an account, at a stranger's request; from the part that is kept if the number was proved.
    Account { proved: bool },
    /// To the number of an account whose owner asks, by all that is known.
    Owner,
    /// A notice, which nobody answers and no requester is to blame for.
    Notice,
}

impl Kind<'_> {
    /// Whose count and brake.
    const fn pool(self) -> &'static str {
        match self {
            Self::Typed(_) | Self::Anywhere => "",
            Self::Account { .. } => "account|",
            Self::Owner => "own|",
            Self::Notice => "notice|",
        }
    }

    /// Whether the part of the budget that is kept may be used.
    const fn is_kept_for(self) -> bool {
        !matches!(self, Self::Anywhere | Self::Account { proved: false })
    }
}

impl App {
    /// Whether a code may be texted to this number wherever it is, and counts it if so. At a refusal nothing is to be sent, and the person is
    /// offered another way. For a number without an account ask just the same, and send a decoy.
    pub async fn may_text(&self, tx: &mut Tx, phone: &Phone, requester: &Requester) -> Outcome<Verdict> {
        match self.guard(tx, phone, Kind::Typed(requester)).await? {
            Verdict::Allowed => self.guard(tx, phone, Kind::Anywhere).await,
            refused @ Verdict::Refused(_) => Ok(refused),
        }
    }

    /// Whether a notice may be texted to this number, and counts it if so.
    pub async fn may_notify_by_text(&self, tx: &mut Tx, phone: &Phone) -> Outcome<Verdict> {
        self.guard(tx, phone, Kind::Notice).await
    }

    /// A code that was texted to this number has been entered, in the transaction that takes it.
    pub async fn text_completed(&self, tx: &mut Tx, phone: &Phone) -> Outcome<()> {
        self.text_entered(tx, phone, Kind::Anywhere).await
    }

    pub(super) async fn text_entered(&self, tx: &mut Tx, phone: &Phone, kind: Kind<'_>) -> Outcome<()> {
        Ok(sms::count_entered(tx, &range(phone, kind)).await?)
    }

    /// Asks, counts and says why not in the log.
    pub(super) async fn guard(&self, tx: &mut Tx, phone: &Phone, kind: Kind<'_>) -> Outcome<Verdict> {
        let verdict = self.look(tx, phone, kind).await?;
        if let Verdict::Refused(reason) = verdict {
            self.metrics.sms_refused(reason.as_str());
            let range = sms_guard::range(phone);
            if matches!(reason, Reason::Budget | Reason::Brake | Reason::Range) {
                tracing::warn!(reason = reason.as_str(), range, "a text was not sent");
            } else {
                tracing::info!(reason = reason.as_str(), range, "a text was not sent");
            }
        }
        Ok(verdict)
    }

    /// Looks before it counts, so that a refusal uses nothing up. Between the two another may have been faster: then the
    /// count refuses.
    async fn look(&self, tx: &mut Tx, phone: &Phone, kind: Kind<'_>) -> Outcome<Verdict> {
        let (settings, now) = (&self.settings.sms, self.now());
        let country = phone.country().map(|country| country.to_string());
        let cost = settings.prices.of(country.as_deref());
        let limited = self.settings.limits.enabled;
        let (typed, range) = (matches!(kind, Kind::Typed(_)), range(phone, kind));
        let month: String = now.to_string().chars().take("2026-11".len()).collect();
        let caps = if limited { self.caps(phone, &range, kind) } else { Vec::new() };
        let reserve = if kind.is_kept_for() { 0 } else { settings.reserved_percent };
        let mut facts = Facts {
            on: settings.is_on(),
            country_listed: settings.countries.has(country.as_deref()),
            premium: phone.is_premium(),
            requester: Allowance::Granted,
            number: Allowance::Granted,
            range: Allowance::Granted,
            braked: false,
            spent: 0,
            budget: settings.month_budget.filter(|_| limited).map(|Money(budget)| sms_guard::without(budget, reserve)),
        };
        if limited && sms_guard::decide(facts) == Verdict::Allowed {
            for cap in &caps {
                let allowance = limits::peek(tx, &cap.key, cap.rate, now).await?;
                match cap.reason {
                    Reason::Requester => facts.requester = facts.requester.or(allowance),
                    Reason::Number => facts.number = facts.number.or(allowance),
                    _ => facts.range = facts.range.or(allowance),
                }
            }
            facts.braked = !typed && sms::track(tx, &range).await?.is_braked(now);
            facts.spent = sms::spent(tx, &month).await?.saturating_add(cost.0);
        }
        let verdict = sms_guard::decide(facts);
        if verdict != Verdict::Allowed {
            return Ok(verdict);
        }
        for cap in &caps {
            if limits::spend(tx, &cap.key, cap.rate, now).await? != Allowance::Granted {
                return Ok(Verdict::Refused(cap.reason));
            }
        }
        if typed {
            return Ok(Verdict::Allowed);
        }
        if limited && !matches!(kind, Kind::Notice) && !self.count_sent(tx, &range).await? {
            return Ok(Verdict::Refused(Reason::Brake));
        }
        if !sms::spend(tx, &month, cost.0, facts.budget, now + MONTH_KEPT).await?.is_done() {
            return Ok(Verdict::Refused(Reason::Budget));
        }
        self.metrics.sms_cost(cost.wholes());
        Ok(Verdict::Allowed)
    }

    fn caps(&self, phone: &Phone, range: &str, kind: Kind<'_>) -> Vec<Cap> {
        let settings = &self.settings.sms;
        let cap = |key: String, rate: RateSetting, reason| Cap { key, rate: rate.into(), reason };
        let pool = kind.pool();
        let number = [
            cap(format!("sms|{pool}hour|{phone}"), settings.number_hour, Reason::Number),
            cap(format!("sms|{pool}day|{phone}"), settings.number_day, Reason::Number),
        ];
        let all = cap(format!("sms|range|{range}"), settings.prefix_hour, Reason::Range);
        match kind {
            Kind::Typed(requester) => {
                let keys = requester_keys(Purpose::Sms, requester, settings.requester_hour.into());
                let from = keys.into_iter().map(|(key, rate)| Cap { key, rate, reason: Reason::Requester });
                from.chain(number).collect()
            }
            // What was typed has been counted.
            Kind::Anywhere | Kind::Account { .. } => vec![all],
            Kind::Owner | Kind::Notice => number.into_iter().chain([all]).collect(),
        }
    }

    /// Counts a code sent to a range and judges the range; false if it has been braked meanwhile.
    async fn count_sent(&self, tx: &mut Tx, range: &str) -> Outcome<bool> {
        let (completion, now) = (self.settings.sms.completion, self.now());
        let track = sms::count_sent(tx, range, now + RANGE_KEPT).await?;
        if track.is_braked(now) {
            sms::judge(tx, range, Track { sent: track.sent.saturating_sub(1), ..track }).await?;
            return Ok(false);
        }
        let brake = Brake { percent: completion.percent, sample: completion.sample, pause: completion.pause };
        if let Some(judged) = track.judged(brake, now) {
            if judged.is_braked(now) {
                let until = judged.braked_until;
                tracing::warn!(range, sent = track.sent, entered = track.entered, %until, "too few codes are entered: no texts to this range");
            }
            sms::judge(tx, range, judged).await?;
        }
        Ok(true)
    }
}

/// A range of numbers, as one kind of text counts it.
fn range(phone: &Phone, kind: Kind<'_>) -> String {
    format!("{}{}", kind.pool(), sms_guard::range(phone))
}

/// One of the caps, and what to say when it is reached.
struct Cap {
    key: String,
    rate: Rate,
    reason: Reason,
}
