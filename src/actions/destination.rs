//! Whether one more message may go to a destination: one budget for each mailbox and number, over all kinds of message and all spellings.
//!
//! It has two halves. Strangers, who have proved nothing, use the one; whoever gave the account's first factor, is signed in, or has signed in in
//! the same browser before has the other, so that strangers cannot use up what the owner needs. Notices about changes are not counted: there are no
//! more of them than changes.
//!
//! The owner may sit at a browser that never saw them, and is a stranger there. So strangers share only a part of their half, one network has at most
//! half of the whole half, and the rest is for newcomers: networks that have had no message for this destination in a day, one each. Two or three
//! networks that keep asking cannot take it; whoever can come from a new one every 20 minutes (with the usual 20 an hour) still can, and never causes
//! more mail than the half.
//!
//! A stranger's request is counted twice. What was typed is counted whether or not anybody has it, and beyond the budget they are told how long to
//! wait, known or not ([`ask`]). Where the message goes is counted as well ([`reach`]), because a user name and an address may lead to one mailbox;
//! beyond that budget nothing is sent, and nothing tells, for the answer would say whose mailbox it is. Neither touches the code that was sent last.

use std::time::Duration;

use super::known_device::KnownDevice;
use super::limits::{Purpose, site};
use super::sign_in::limit_key;
use super::sms::Kind;
use super::{App, Outcome, Requester};
use crate::engine::address::{Contact, Identifier};
use crate::engine::flow::State;
use crate::engine::limit::{Allowance, Rate};
use crate::engine::sms_guard::Verdict;
use crate::engine::user::User;
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
    /// Somebody who names an account, in a browser that may be known.
    pub(super) fn naming(account: Option<&User>, known: Option<&KnownDevice>, requester: &'a Requester) -> Self {
        match (account, known) {
            (Some(account), Some(known)) if known.is_of(account) => Self::Owner,
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

/// Once in this long, a network is a newcomer to a destination.
const NEWCOMER: Rate = Rate { many: 1, within: Duration::from_secs(86400) };

/// What each may have of the budget.
struct Parts {
    /// Whoever has shown that they are the owner.
    owner: Rate,
    /// All strangers together.
    open: Rate,
    /// One network of them.
    share: Rate,
    /// Newcomers, when strangers have used up theirs. None where the budget is too small to be divided.
    spare: Option<Rate>,
}

fn parts(app: &App) -> Parts {
    let setting = app.settings.limits.destination;
    let part = |many: u32| Rate { many: many.max(1), within: setting.per };
    let half = setting.count.div_ceil(2);
    let spare = half / 3;
    Parts {
        owner: part(half),
        open: part(half - spare),
        share: part(setting.count.div_ceil(4)),
        spare: (spare > 0).then(|| part(spare)),
    }
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
    Ok(strangers(app, tx, &format!("asked|{}", typed_key(app, typed)), requester).await?.into())
}

/// Whether a message may go there. `proved`: the address or number is known to be the account's.
pub(super) async fn reach(app: &App, tx: &mut Tx, to: &Contact, by: By<'_>, proved: bool) -> Outcome<Leave> {
    match to {
        Contact::Email(email) => spend(app, tx, &email.mailbox(), by).await.map(Leave::from),
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
pub(super) async fn reach_nobody(app: &App, tx: &mut Tx, typed: &str, by: By<'_>) -> Outcome<()> {
    spend(app, tx, &format!("?{}", typed_key(app, typed)), by).await.map(drop)
}

async fn spend(app: &App, tx: &mut Tx, to: &str, by: By<'_>) -> Outcome<Allowance> {
    if !app.settings.limits.enabled {
        return Ok(Allowance::Granted);
    }
    let allowance = match by {
        By::Owner => limits::spend(tx, &format!("message|own|{to}"), parts(app).owner, app.now()).await?,
        By::Stranger(requester) | By::Anywhere(requester) => strangers(app, tx, &format!("message|{to}"), requester).await?,
    };
    if allowance != Allowance::Granted {
        app.metrics.rate_limited(Purpose::Destination.as_str());
        tracing::info!("a message was not sent: its destination has had enough of them");
    }
    Ok(allowance)
}

/// One message of the strangers' half, for this requester. What is refused leaves a newcomer one.
async fn strangers(app: &App, tx: &mut Tx, key: &str, requester: &Requester) -> Outcome<Allowance> {
    let (parts, now, site) = (parts(app), app.now(), site(requester));
    let newcomer = format!("{key}|new|{site}");
    let mut open = limits::spend(tx, &format!("{key}|from|{site}"), parts.share, now).await?;
    if open == Allowance::Granted {
        open = limits::spend(tx, key, parts.open, now).await?;
    }
    if open == Allowance::Granted {
        // From now on it is none.
        let _known = limits::spend(tx, &newcomer, NEWCOMER, now).await?;
        return Ok(open);
    }
    let Some(spare) = parts.spare else { return Ok(open) };
    if limits::peek(tx, &newcomer, NEWCOMER, now).await? != Allowance::Granted
        || limits::spend(tx, &format!("{key}|spare"), spare, now).await? != Allowance::Granted
    {
        return Ok(open);
    }
    // Of two requests at once, one was a newcomer's.
    let first = limits::spend(tx, &newcomer, NEWCOMER, now).await?;
    Ok(if first == Allowance::Granted { first } else { open })
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
