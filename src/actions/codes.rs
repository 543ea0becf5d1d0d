//! Codes and links that prove an address: made, sent, judged. What a proof leads to is its journey's business.

mod links;

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use super::destination::{By, Leave};
use super::limits::Purpose;
use super::session::Current;
use super::sms::Kind;
use super::{App, Outcome, Requester, destination, ownership, reset};
use crate::crypto::token;
use crate::engine::address::{Channel, Contact};
pub(super) use crate::engine::codes::MaySend;
use crate::engine::codes::{self, Codes, Verdict};
use crate::engine::flow::{Asked, Continue, Flow, State};
use crate::gateways::mail::letters::Letter;
use crate::gateways::sms::texts::Sms;
use crate::ids::{FlowId, UserId};
use crate::locale::Locale;
use crate::store::{Tx, flows, users};

use links::link_works_elsewhere;
pub(super) use links::{Leads, linked, new_link};
pub use links::{by_link, works_elsewhere};

pub const DIGITS: usize = 6;

/// A journey in the browser that began it, or in another one.
#[derive(Clone, Debug)]
pub enum Found {
    Here(Flow),
    /// The browser has not the secret: its cookie is lost, or it is another browser.
    Elsewhere(Flow),
    None,
}

/// Loads a journey by the id in a URL. `browser` is the hash of the browser's secret.
pub async fn find(app: &App, id: &str, browser: Option<&[u8; 32]>) -> Outcome<Found> {
    let Ok(id) = id.parse::<FlowId>() else { return Ok(Found::None) };
    let Some(flow) = flows::by_id(&mut app.store.read().await?, &id).await? else { return Ok(Found::None) };
    let here = browser.is_some_and(|hash| token::constant_time_eq(hash, &flow.browser_hash));
    Ok(if here { Found::Here(flow) } else { Found::Elsewhere(flow) })
}

/// A journey that begins now.
pub(super) fn begin(app: &App, state: State, user_id: Option<UserId>, browser: [u8; 32], continue_to: Continue) -> Flow {
    let now = app.now();
    Flow {
        id: FlowId::new(now, &app.random),
        browser_hash: browser,
        user_id,
        expires_at: now + app.flow_lifetimes().of(&state),
        state,
        continue_to,
        codes: Codes::default(),
        salt: app.random.bytes(),
        created_at: now,
        finished_at: None,
    }
}

/// Begins a journey that only remembers where to go after signing in.
pub async fn remember(app: &App, browser: [u8; 32], continue_to: Continue, requester: &Requester) -> Outcome<Flow> {
    let flow = begin(app, State::SignIn, None, browser, continue_to);
    let mut tx = app.store.write().await?;
    app.may_begin(&mut tx, requester).await?;
    flows::insert(&mut tx, &flow).await?;
    tx.commit().await?;
    Ok(flow)
}

/// A code is bound to its journey, its purpose and where it was sent: the MACs under every master key, the newest first.
fn code_macs(app: &App, flow: &Flow, code: &str) -> Vec<[u8; 32]> {
    let sent_to = flow.state.destination().map(Contact::key).unwrap_or_default();
    let [id, kind, sent_to, code] = [flow.id.as_str(), flow.state.kind().as_str(), sent_to, code].map(str::as_bytes);
    app.keyring.macs("code", &[id, kind, sent_to, code, &flow.salt])
}

/// What a journey's mail says, given its code and its link's token. `anywhere`: the link is of use in another browser.
fn letter(app: &App, flow: &Flow, code: String, token: &str, anywhere: bool) -> Option<Letter> {
    let settings = &app.settings.flows;
    let minutes = whole(settings.code, 60);
    let link = |path: &str| app.link(&format!("{path}?token={token}"));
    match &flow.state {
        State::SignUp(_) | State::Verify { .. } => {
            let hours = whole(settings.verify, 3600);
            Some(Letter::VerifyAddress { code, link: link("/verify/link"), minutes, hours, anywhere })
        }
        State::SignInCode(_) => {
            let link_minutes = whole(app.flow_lifetimes().sign_in_code, 60);
            Some(Letter::SignIn { code, link: link("/login/link"), minutes: minutes.min(link_minutes), link_minutes })
        }
        State::SecondFactor(_) | State::Enrol(_) => Some(Letter::SecondFactor { code, minutes }),
        State::Reset(_) | State::ResetProved { .. } => {
            let link_minutes = whole(settings.reset, 60);
            Some(Letter::Reset { code, link: link("/reset/link"), minutes: minutes.min(link_minutes), link_minutes })
        }
        State::Change { .. } => {
            let hours = whole(app.flow_lifetimes().change, 3600);
            Some(Letter::ConfirmNewAddress { code, link: link("/account/email/link"), minutes, hours })
        }
        State::SignIn
        | State::Decided(_)
        | State::AddTotp { .. }
        | State::Invitation { .. }
        | State::Alarm { .. }
        | State::Away(_)
        | State::Newcomer(_)
        | State::Join(_) => None,
    }
}

pub(super) fn whole(duration: Duration, unit: u64) -> i64 {
    i64::try_from(duration.as_secs().div_ceil(unit)).unwrap_or(i64::MAX)
}

/// Who a journey's mail goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    /// The address of the journey.
    Owner,
    /// Nobody: the journey is a decoy. The same work is done and no mail leaves.
    Nobody,
}

/// Gives the journey a new code and puts its message into the outbox; the caller stores the flow.
pub(super) async fn send(app: &App, tx: &mut Tx, flow: &mut Flow, to: Recipient, locale: Locale) -> Outcome<()> {
    // Asked for known and unknown people alike.
    let digits = destination::digits(app, tx, &flow.state, DIGITS).await?;
    let code = app.random.code(digits);
    let mac = match to {
        Recipient::Owner => code_macs(app, flow, &code).into_iter().next(),
        Recipient::Nobody => None,
    };
    let mac = mac.unwrap_or_else(|| app.random.bytes());
    flow.codes = std::mem::take(&mut flow.codes).sent(mac, app.code_rules(), app.now());
    let useful = app.flow_lifetimes().of(&flow.state);
    let by = channel(flow);
    let token = match (by, to) {
        (Channel::Mail, Recipient::Owner) => new_link(app, flow, Leads::On),
        // What was mailed to the owner of a decoy's address, if anything, stays good.
        _ => String::new(),
    };
    let recipient = flow.state.destination().filter(|_| to == Recipient::Owner);
    match by {
        Channel::Mail => {
            let anywhere = link_works_elsewhere(tx, flow).await?;
            let Some(letter) = letter(app, flow, code, &token, anywhere) else { return Ok(()) };
            app.mail(tx, recipient.map(Contact::as_str).unwrap_or_default(), &letter, locale, useful).await
        }
        Channel::Sms => {
            let minutes = whole(app.settings.flows.code, 60);
            let phone = match recipient {
                Some(Contact::Phone(phone)) => Some(phone),
                _ => None,
            };
            // A text without its code is of no use.
            app.sms(tx, phone, &Sms::Code { code, minutes }, locale, useful.min(app.settings.flows.code)).await
        }
    }
}

/// How a journey's codes travel: by what was typed, whether or not anybody has it.
pub fn channel(flow: &Flow) -> Channel {
    let asked = flow.state.asked().map(|asked| asked.channel);
    asked.or_else(|| flow.state.destination().map(Contact::channel)).unwrap_or(Channel::Mail)
}

/// What became of "send again".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resent {
    Sent,
    Wait(Duration),
    /// Too many in this journey, or it is over: begin again.
    Over,
}

/// Sends another code; the one before still works. A decoy does the same and sends nothing.
pub async fn resend(app: &App, flow: &Flow, requester: &Requester) -> Outcome<Resent> {
    app.limit_requester(Purpose::Verify, app.settings.limits.verify_requester, requester).await?;
    let now = app.now();
    if flow.is_open(now).is_err() {
        return Ok(Resent::Over);
    }
    match flow.codes.may_send(app.code_rules(), now) {
        MaySend::Now => {}
        MaySend::After(wait) => return Ok(Resent::Wait(wait)),
        MaySend::Never => return Ok(Resent::Over),
    }
    let mut tx = app.store.write().await?;
    let recipient = match again(app, &mut tx, flow, requester).await? {
        Reached::To(recipient) => recipient,
        Reached::After(wait) => {
            tx.commit().await?;
            return Ok(Resent::Wait(wait));
        }
        Reached::NoSms => {
            tx.commit().await?;
            return Ok(Resent::Over);
        }
    };
    let mut next = flow.clone();
    send(app, &mut tx, &mut next, recipient, requester.locale).await?;
    if !flows::set_codes(&mut tx, &flow.id, &flow.codes, &next.codes).await?.is_done() {
        return Ok(Resent::Wait(app.code_rules().resend));
    }
    tx.commit().await?;
    Ok(Resent::Sent)
}

/// Whether a journey was begun for somebody whom it cannot concern: a reset of an unknown account, a sign-up for an address that has one.
async fn is_decoy(app: &App, tx: &mut Tx, flow: &Flow) -> Outcome<bool> {
    if matches!(flow.state, State::Reset(_) | State::ResetProved { .. } | State::SignInCode(_)) {
        return Ok(!reset::may_reach(app, tx, flow).await?);
    }
    let Some(to) = flow.state.destination() else { return Ok(true) };
    if !matches!(flow.state, State::Change { .. } | State::SignUp(_)) {
        return Ok(false);
    }
    let holder = users::by_identifier(tx, &to.identifier()).await?;
    let gives_way = ownership::gives_way(tx, holder.as_ref(), to.channel()).await?;
    Ok(holder.is_some_and(|holder| !gives_way && Some(holder.id) != flow.user_id))
}

/// What a typed code proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    Right,
    Wrong,
    /// A new code is needed.
    Spent,
}

/// Judges a typed code in the caller's transaction, from the row as it is now. The row is held until its end: of tries that come at once, on
/// whatever nodes, each finds those before it counted. A wrong one is counted in the journey (the caller must commit), and for its destination it
/// only makes the codes to come longer: nobody's guesses make anybody's right code wrong. Tries at a code that is spent count nowhere. What is not
/// right is a line of the log with who asked, whatever the code was for.
pub(super) async fn judge(app: &App, tx: &mut Tx, flow: &Flow, text: &str, requester: &Requester) -> Outcome<Typed> {
    let judged = judge_text(app, tx, flow, text).await?;
    if judged != Typed::Right {
        app.proof_given(what_for(&flow.state), "wrong", requester);
    }
    Ok(judged)
}

/// What a journey's code is for, in the log and in the metrics.
fn what_for(state: &State) -> &'static str {
    match state {
        State::SignUp(_) | State::Verify { .. } => "sign_up",
        State::Change { .. } => "change",
        State::Reset(_) | State::ResetProved { .. } => "reset",
        State::SignInCode(code) => code.asked.channel.as_str(),
        other => other.destination().map_or("code", |to| to.channel().as_str()),
    }
}

async fn judge_text(app: &App, tx: &mut Tx, flow: &Flow, text: &str) -> Outcome<Typed> {
    let (rules, now) = (app.code_rules(), app.now());
    let held = flows::hold(tx, &flow.id).await?;
    let Some(flow) = held.filter(|flow| flow.is_open(now).is_ok() && !flow.codes.is_spent(rules, now)) else {
        return Ok(Typed::Spent);
    };
    let Some(code) = destination::typed_code(text, DIGITS) else { return Ok(Typed::Wrong) };
    let verdict = flow.codes.check(&code_macs(app, &flow, &code), rules, now);
    if verdict == Verdict::Right {
        return Ok(Typed::Right);
    }
    flows::set_codes(tx, &flow.id, &flow.codes, &flow.codes.clone().tried()).await?.or_overtaken()?;
    destination::guessed(app, tx, &flow.state).await?;
    Ok(if verdict == Verdict::Spent { Typed::Spent } else { Typed::Wrong })
}

/// A value of the flow's own, from its salt: the same each time, on every node and under every master key, and not to be had from the flow's id.
pub(super) fn derived(flow: &Flow, purpose: &str) -> [u8; 32] {
    token::hash(&format!("{purpose}|{}|{}", flow.id, BASE64URL_NOPAD.encode(&flow.salt)))
}

/// Three digits that the browser that asked shows. A mail's link opened elsewhere wants them.
pub fn number(flow: &Flow) -> String {
    let hash = derived(flow, "number");
    let value = hash.iter().take(4).fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
    format!("{:03}", value % 1000)
}

/// Judges a typed [`number`]. Wrong ones spend the link, and the code stays good: a scanner that fills in forms takes nothing away from the
/// browser that asked. The caller must commit.
pub(super) async fn judge_number(app: &App, tx: &mut Tx, flow: &Flow, text: &str) -> Outcome<Typed> {
    let Some(flow) = flows::hold(tx, &flow.id).await?.filter(|flow| flow.is_open(app.now()).is_ok()) else {
        return Ok(Typed::Spent);
    };
    let Some(typed) = codes::typed(text, 3) else { return Ok(Typed::Wrong) };
    if !app.may_try_number(tx, &flow).await? {
        return Ok(Typed::Spent);
    }
    let right = token::constant_time_eq(typed.as_bytes(), number(&flow).as_bytes());
    Ok(if right { Typed::Right } else { Typed::Wrong })
}

/// Who has a journey's messages sent.
fn by<'a>(state: &State, requester: &'a Requester) -> By<'a> {
    match (state, state.asked()) {
        (_, Some(asked)) if asked.known => By::Owner,
        (_, Some(_)) => By::Stranger(requester),
        (State::SignUp(_) | State::Change { .. }, _) => By::Anywhere(requester),
        _ => By::Owner,
    }
}

/// Whether another message may go out in a journey, and to whom.
async fn again(app: &App, tx: &mut Tx, flow: &Flow, requester: &Requester) -> Outcome<Reached> {
    let by = by(&flow.state, requester);
    let to = flow.state.destination();
    let typed = flow.state.asked().map_or_else(|| to.map_or("", Contact::as_str), |asked| &asked.identifier);
    let decoy = is_decoy(app, tx, flow).await?;
    // The same question for known and unknown people.
    let nobody = || UserId::new(app.now(), &app.random);
    let user = users::by_id(tx, &flow.user_id.clone().unwrap_or_else(nobody)).await?;
    let proved = user.zip(to).is_some_and(|(user, to)| user.has(to) && user.is_verified(to.channel()));
    Ok(match asked(app, tx, typed, to, by, proved).await? {
        Reached::To(_) if decoy => Reached::To(Recipient::Nobody),
        reached => reached,
    })
}

/// What may be said of a message that was asked for.
#[must_use]
pub(super) enum Reached {
    /// It goes to the owner, or to nobody and looks the same.
    To(Recipient),
    After(Duration),
    NoSms,
}

impl Reached {
    /// To whom; none if no SMS goes there. A wait ends the request.
    pub(super) fn or_wait(self, app: &App) -> Outcome<Option<Recipient>> {
        match self {
            Self::To(recipient) => Ok(Some(recipient)),
            Self::NoSms => Ok(None),
            Self::After(wait) => Err(app.too_many_messages(wait)),
        }
    }
}

/// One message that somebody asks for: by what they typed, which is the same for known and unknown people, and by where it would go.
pub(super) async fn asked(
    app: &App,
    tx: &mut Tx,
    typed: &str,
    to: Option<&Contact>,
    by: By<'_>,
    proved: bool,
) -> Outcome<Reached> {
    match destination::ask(app, tx, typed, by).await? {
        Leave::Granted => recipient(app, tx, typed, to, by, proved).await,
        Leave::After(wait) => Ok(Reached::After(wait)),
        Leave::NoSms => Ok(Reached::NoSms),
    }
}

/// Who a message goes to, if there is somebody and they have not had too many. A stranger hears nothing of it; whoever has proved themselves does,
/// and so does whoever is to get a text wherever they are. `proved`: the destination is known to be the account's.
async fn recipient(app: &App, tx: &mut Tx, typed: &str, to: Option<&Contact>, by: By<'_>, proved: bool) -> Outcome<Reached> {
    let Some(to) = to else {
        destination::reach_nobody(app, tx, typed, by).await?;
        return Ok(Reached::To(Recipient::Nobody));
    };
    Ok(match (destination::reach(app, tx, to, by, proved).await?, by) {
        (Leave::Granted, _) => Reached::To(Recipient::Owner),
        (_, By::Stranger(_)) | (Leave::After(_), By::Anywhere(_)) => Reached::To(Recipient::Nobody),
        (Leave::After(wait), By::Owner) => Reached::After(wait),
        (Leave::NoSms, _) => Reached::NoSms,
    })
}

/// A code that was sent in this journey has been entered.
pub(super) async fn arrived(app: &App, tx: &mut Tx, flow: &Flow) -> Outcome<()> {
    let kind = match (&flow.state, flow.state.asked()) {
        (_, Some(asked)) if !asked.known => Kind::Account { proved: true },
        (State::SignUp(_) | State::Change { .. }, _) => Kind::Anywhere,
        _ => Kind::Owner,
    };
    match flow.state.destination() {
        Some(Contact::Phone(phone)) => app.text_entered(tx, phone, kind).await,
        _ => Ok(()),
    }
}

/// Every try at a code or link counts against its requester.
pub(super) async fn limit(app: &App, requester: &Requester) -> Outcome<()> {
    app.limit_requester(Purpose::Verify, app.settings.limits.verify_requester, requester).await
}

/// Whether the person signed in is the one a journey concerns.
pub(super) fn concerns(flow: &Flow, current: Option<&Current>) -> bool {
    current.is_some_and(|current| flow.user_id.as_ref() == Some(&current.user.id))
}

/// What became of a new link for an expired one.
#[derive(Debug)]
pub enum Renewed {
    Sent(Box<Flow>),
    /// Sent, and it goes on in the browser that began, or here by the link and the password that was chosen there.
    Elsewhere,
    /// The link is not of ours, or not of a kind that can be renewed.
    No,
}

/// Begins an expired journey anew and mails the same address: in this browser, unless the journey stands for a password that was typed in
/// another one. Whoever reads the mail has not typed it, and must not go on as if they had.
pub async fn renew(app: &App, token: &str, browser: [u8; 32], requester: &Requester) -> Outcome<Renewed> {
    limit(app, requester).await?;
    match by_link(app, token, Some(&browser)).await? {
        Found::Here(old) => renew_flow(app, &old, true, browser, requester).await,
        Found::Elsewhere(old) => renew_flow(app, &old, false, browser, requester).await,
        Found::None => Ok(Renewed::No),
    }
}

/// The same for the browser that began and whose page is still open.
pub async fn renew_here(app: &App, old: &Flow, browser: [u8; 32], requester: &Requester) -> Outcome<Renewed> {
    limit(app, requester).await?;
    renew_flow(app, old, true, browser, requester).await
}

async fn renew_flow(app: &App, old: &Flow, here: bool, browser: [u8; 32], requester: &Requester) -> Outcome<Renewed> {
    let state = match &old.state {
        State::SignIn
        | State::Decided(_)
        | State::SecondFactor(_)
        | State::Enrol(_)
        | State::AddTotp { .. }
        | State::Invitation { .. }
        | State::Alarm { .. }
        | State::Away(_)
        | State::Newcomer(_)
        | State::Join(_) => {
            return Ok(Renewed::No);
        }
        State::ResetProved { to } => State::Reset(Box::new(Asked {
            identifier: to.as_str().to_owned(),
            channel: to.channel(),
            to: Some(to.clone()),
            known: false,
        })),
        other => other.clone(),
    };
    if old.finished_at.is_some() {
        return Ok(Renewed::No);
    }
    app.limit_requester(Purpose::Reset, app.settings.limits.reset_requester, requester).await?;
    let mut tx = app.store.write().await?;
    let stays = !here && matches!(state, State::SignUp(_) | State::Verify { .. });
    let continue_to = if here || stays { old.continue_to.clone() } else { old.continue_to.clone().elsewhere() };
    let browser = if stays { old.browser_hash } else { browser };
    let mut flow = begin(app, state, old.user_id.clone(), browser, continue_to);
    let Some(recipient) = again(app, &mut tx, &flow, requester).await?.or_wait(app)? else { return Ok(Renewed::No) };
    send(app, &mut tx, &mut flow, recipient, requester.locale).await?;
    flows::insert(&mut tx, &flow).await?;
    if !flows::finish(&mut tx, &old.id, app.now()).await?.is_done() {
        return Ok(Renewed::No);
    }
    tx.commit().await?;
    Ok(if stays { Renewed::Elsewhere } else { Renewed::Sent(Box::new(flow)) })
}
