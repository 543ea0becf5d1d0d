//! Whether one more message may go to a destination: one budget for each mailbox and number, over all kinds of message and all spellings.
//!
//! It has two halves. Strangers, who have proved nothing, use the one; whoever gave the account's first factor, is signed in, or has signed in in
//! the same browser before has the other, so that strangers cannot use up what the owner needs. Of the strangers' half one network has at most two
//! thirds. Notices about changes are not counted: there are no more of them than changes.
//!
//! A stranger's request is counted twice. What was typed is counted whether or not anybody has it, and beyond the budget they are told how long to
//! wait, known or not ([`ask`]). Where the message goes is counted as well ([`reach`]), because a user name and an address may lead to one mailbox;
//! beyond that budget nothing is sent, and nothing tells, for the answer would say whose mailbox it is. Neither touches the code that was sent last.

use std::time::Duration;

use super::limits::{Purpose, network};
use super::sign_in::limit_key;
use super::sms::Kind;
use super::{App, Outcome, Requester};
use crate::engine::address::{Contact, Identifier};
use crate::engine::flow::State;
use crate::engine::limit::{Allowance, Rate};
use crate::engine::sms_guard::Verdict;
use crate::ids::UserId;
use crate::store::{Tx, limits};

/// Who has a message sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum By<'a> {
    /// Somebody who has proved nothing, to an account that they name.
    Stranger(&'a Requester),
    /// Somebody who has proved nothing, to wherever they want: a sign-up, a new address. There is nothing to keep secret: every destination gets a
    /// message.
    Anywhere(&'a Requester),
    /// Whoever gave the account's first factor, or has signed in to it in this browser before.
    Owner,
}

impl<'a> By<'a> {
    /// Somebody who names an account in a browser in which `known` has signed in before.
    pub(super) fn naming(account: Option<&UserId>, known: Option<&UserId>, requester: &'a Requester) -> Self {
        match (account, known) {
            (Some(account), Some(known)) if account == known => Self::Owner,
            _ => Self::Stranger(requester),
        }
    }
}

/// What becomes of one more message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Leave {
    Granted,
    /// Not before this long.
    After(Duration),
    /// No SMS goes there now.
    NoSms,
}

impl Leave {
    /// True if it may go, false if no SMS may. A wait ends the request.
    pub(super) fn or_wait(self, app: &App) -> Outcome<bool> {
        match self {
            Self::Granted => Ok(true),
            Self::NoSms => Ok(false),
            Self::After(after) => Err(app.too_many_messages(after)),
        }
    }
}

impl From<Allowance> for Leave {
    fn from(allowance: Allowance) -> Self {
        match allowance {
            Allowance::Granted => Self::Granted,
            Allowance::After(after) => Self::After(after),
        }
    }
}

impl From<Verdict> for Leave {
    fn from(verdict: Verdict) -> Self {
        if verdict == Verdict::Allowed { Self::Granted } else { Self::NoSms }
    }
}

/// One half of the budget, and what one network has of it.
fn halves(app: &App) -> (Rate, Rate) {
    let setting = app.settings.limits.destination;
    let part = |many: u32| Rate { many: many.max(1), within: setting.per };
    (part(setting.count.div_ceil(2)), part(setting.count.div_ceil(3)))
}

/// How what was typed is counted: all spellings of a mailbox alike.
fn typed_key(app: &App, typed: &str) -> String {
    match app.identifier(typed) {
        Identifier::Email(email) => email.mailbox(),
        other => limit_key(&other, typed),
    }
}

/// How messages to a destination are counted, of whatever kind.
pub(super) fn key(to: &Contact) -> String {
    match to {
        Contact::Email(email) => email.mailbox(),
        Contact::Phone(phone) => phone.to_string(),
    }
}

/// Whether a message may be asked for, by what was typed. The same whether or not anybody has it.
pub(super) async fn ask(app: &App, tx: &mut Tx, typed: &str, by: By<'_>) -> Outcome<Leave> {
    let (By::Stranger(requester) | By::Anywhere(requester)) = by else { return Ok(Leave::Granted) };
    if let Identifier::Phone(phone) = app.identifier(typed) {
        return Ok(app.guard(tx, &phone, Kind::Typed(requester)).await?.into());
    }
    if !app.settings.limits.enabled {
        return Ok(Leave::Granted);
    }
    let (key, (half, share)) = (typed_key(app, typed), halves(app));
    for (key, rate) in [(format!("asked|{key}|from|{}", network(requester)), share), (format!("asked|{key}"), half)] {
        let allowance = limits::spend(tx, &key, rate, app.now()).await?;
        if allowance != Allowance::Granted {
            return Ok(allowance.into());
        }
    }
    Ok(Leave::Granted)
}

/// Whether a message may go there. `proved`: the address or number is known to be the account's.
pub(super) async fn reach(app: &App, tx: &mut Tx, to: &Contact, by: By<'_>, proved: bool) -> Outcome<Leave> {
    match to {
        Contact::Email(email) => {
            let who = if matches!(by, By::Owner) { "own|" } else { "" };
            spend(app, tx, &format!("message|{who}{}", email.mailbox())).await.map(Leave::from)
        }
        Contact::Phone(phone) => {
            let kind = match by {
                By::Stranger(_) => Kind::Account { proved },
                By::Anywhere(_) => Kind::Anywhere,
                By::Owner => Kind::Owner,
            };
            Ok(app.guard(tx, phone, kind).await?.into())
        }
    }
}

/// As much work as [`reach`], where there is nobody to reach.
pub(super) async fn reach_nobody(app: &App, tx: &mut Tx, typed: &str) -> Outcome<()> {
    spend(app, tx, &format!("message|?{}", typed_key(app, typed))).await.map(drop)
}

async fn spend(app: &App, tx: &mut Tx, key: &str) -> Outcome<Allowance> {
    if !app.settings.limits.enabled {
        return Ok(Allowance::Granted);
    }
    let allowance = limits::spend(tx, key, halves(app).0, app.now()).await?;
    if allowance != Allowance::Granted {
        app.metrics.rate_limited(Purpose::Destination.as_str());
        tracing::info!("a message was not sent: its destination has had enough of them");
    }
    Ok(allowance)
}

// Guessing codes stays hopeless although nobody is locked out by it. A code exists only where a message was sent; each allows `flows.code_tries` (5)
// tries, and each try meets at most two codes, the newest and the one before. With 20 messages an hour, of which strangers cause 10, a destination
// has 250 codes on the worst day, or 250 · 5 · 2 = 2,500 chances. With six digits that would be 1 in 400 a day. So after GUESSES wrong ones, and until
// a day has passed without any, codes have eight digits: 2,500 chances in 100 million, 1 in 40,000 on a day on which the mailbox gets 250 mails.
// Whoever stops in time for the count to be forgotten has the tries before it, and those at codes that were sent by then: 20 + 10 · 5 tries once in a
// day of silence, 1 in 7,000. Nothing in this refuses a right code, and a person under attack types two digits more.
const GUESSES: i64 = 20;
const LONGER: usize = 8;

/// How many digits the next code of a flow has. The same work for a dummy flow, whose code nobody gets.
pub(super) async fn digits(app: &App, tx: &mut Tx, flow: &State, usual: usize) -> Outcome<usize> {
    let wrong = match app.settings.limits.enabled {
        true => limits::failures(tx, &guesses(app, flow), app.now()).await?,
        false => 0,
    };
    Ok(if wrong >= GUESSES { LONGER.max(usual) } else { usual })
}

/// Counts a wrong code for where the flow's codes went, or for what was typed where they went nowhere.
pub(super) async fn guessed(app: &App, tx: &mut Tx, flow: &State) -> Outcome<()> {
    if app.settings.limits.enabled {
        limits::fail(tx, &guesses(app, flow), app.now()).await?;
    }
    Ok(())
}

/// The code in what was typed, of either length.
pub(super) fn typed_code(text: &str, usual: usize) -> Option<String> {
    [usual, LONGER].into_iter().find_map(|digits| crate::engine::codes::typed(text, digits))
}

fn guesses(app: &App, flow: &State) -> String {
    match flow.destination() {
        Some(to) => format!("guesses|{}", key(to)),
        None => format!("guesses|?{}", flow.asked().map(|asked| typed_key(app, &asked.identifier)).unwrap_or_default()),
    }
}
