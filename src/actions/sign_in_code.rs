//! Signing in by a message: a mail with a link and a code, or a code by SMS.

use super::codes::{self, Typed};
use super::destination::By;
use super::limits::Purpose;
use super::sign_in::{self, Arrival, SignedIn};
use super::{App, Outcome, ownership};
use crate::engine::address::{self, Channel, Contact, Identifier};
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Asked, Continue, Flow, SignInCode, State, Step};
use crate::engine::method::{Method, MethodKind};
use crate::engine::ownership::Ownership;
use crate::store::{flows, users};

/// What came of asking for a message.
#[derive(Debug)]
pub enum Started {
    /// The same for everybody; only the message tells.
    Sent(Box<Flow>),
    /// Nothing that this channel could reach was typed.
    Unreachable,
    /// No SMS goes to such numbers now; another way in is open.
    NoSms,
}

/// Begins a sign-in by a message.
pub async fn start(app: &App, typed: &str, channel: Channel, arrival: &Arrival<'_>) -> Outcome<Started> {
    let identifier = app.identifier(typed);
    let reachable = match channel {
        Channel::Mail => matches!(identifier, Identifier::Email(_) | Identifier::Username(_)),
        // A number only: what a name or an address would be texted to is nobody's business.
        Channel::Sms => matches!(identifier, Identifier::Phone(_)),
    };
    if !reachable {
        return Ok(Started::Unreachable);
    }
    let requester = arrival.requester;
    app.limit_requester(Purpose::SignInCode, app.settings.limits.reset_requester, requester).await?;
    let mut tx = app.store.write().await?;
    let found = users::by_identifier(&mut tx, &identifier).await?;
    let whose = ownership::of(&mut tx, found.as_ref(), channel).await?;
    let user = found.filter(|user| user.is_active() && user.contact(channel).is_some() && whose != Some(Ownership::SomebodyElse));
    let user_id = user.as_ref().map(|user| user.id.clone());
    let by = By::naming(user.as_ref(), arrival.known.as_ref(), requester);
    let to = user.as_ref().and_then(|user| user.contact(channel));
    let proved = user.as_ref().is_some_and(|user| user.is_verified(channel));
    let Some(recipient) = codes::asked(app, &mut tx, typed, to.as_ref(), by, proved).await?.or_wait(app)? else {
        return Ok(Started::NoSms);
    };
    let asked = Asked { identifier: address::kept(typed).to_owned(), channel, to, known: matches!(by, By::Owner) };
    let state = State::SignInCode(Box::new(SignInCode { asked, remember: arrival.remember }));
    let mut flow = codes::begin(app, state, user_id.clone(), arrival.browser, arrival.continue_to.clone());
    let locale = user.as_ref().map_or(requester.locale, |user| super::tell::locale_of(user, requester.locale));
    codes::send(app, &mut tx, &mut flow, recipient, locale).await?;
    flows::insert(&mut tx, &flow).await?;
    app.record(&mut tx, Event { user_id, ..super::tell::event(Kind::SignInCodeRequested, requester.origin()) }).await?;
    tx.commit().await?;
    Ok(Started::Sent(Box::new(flow)))
}

/// How the message is proved to have arrived.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// The code, typed in the browser that asked.
    Code(&'a str),
    /// The mail's link, in the browser that asked.
    Link,
    /// The mail's link in another browser, with the number that the asking one shows: a scanner has the link and not the number.
    LinkAndNumber(&'a str),
}

#[derive(Debug)]
pub enum Arrived {
    Proved(SignedIn, Continue),
    CodeWrong,
    /// A new code is needed.
    CodeSpent,
    NumberWrong,
    /// Too many wrong numbers: only the code in the asking browser, or a new mail.
    LinkSpent,
    Over,
}

/// Finishes a sign-in by a message.
pub async fn finish(app: &App, flow: &Flow, proof: Proof<'_>, arrival: &Arrival<'_>) -> Outcome<Arrived> {
    codes::limit(app, arrival.requester).await?;
    let State::SignInCode(code) = &flow.state else { return Ok(Arrived::Over) };
    if flow.step(Step::Proved, app.now()).is_err() {
        return Ok(Arrived::Over);
    }
    let mut tx = app.store.write().await?;
    let judged = match proof {
        Proof::Code(text) => codes::judge(app, &mut tx, flow, text, arrival.requester).await?,
        Proof::LinkAndNumber(text) => codes::judge_number(app, &mut tx, flow, text).await?,
        Proof::Link => Typed::Right,
    };
    let refused = match (judged, proof) {
        (Typed::Right, _) => None,
        (Typed::Wrong, Proof::LinkAndNumber(_)) => Some(Arrived::NumberWrong),
        (Typed::Spent, Proof::LinkAndNumber(_)) => Some(Arrived::LinkSpent),
        (Typed::Wrong, _) => Some(Arrived::CodeWrong),
        (Typed::Spent, _) => Some(Arrived::CodeSpent),
    };
    if let Some(refused) = refused {
        tx.commit().await?;
        if matches!(proof, Proof::LinkAndNumber(_)) {
            app.proof_given(code.asked.channel.as_str(), "wrong", arrival.requester);
        }
        return Ok(refused);
    }
    let (Some(user_id), Some(to)) = (&flow.user_id, &code.asked.to) else { return Ok(Arrived::Over) };
    if !flows::finish(&mut tx, &flow.id, app.now()).await?.is_done() {
        return Ok(Arrived::Over);
    }
    // The message proved where it went; if that is no longer the account's, it proves nothing.
    let Some(user) = users::by_id(&mut tx, user_id).await?.filter(|user| user.has(to)) else { return Ok(Arrived::Over) };
    let user = match ownership::of(&mut tx, Some(&user), to.channel()).await? {
        Some(Ownership::Nobody) => ownership::claim(app, &mut tx, user, to, arrival.requester).await?,
        Some(Ownership::Reader) => user,
        Some(Ownership::SomebodyElse) | None => return Ok(Arrived::Over),
    };
    let kind = MethodKind::sent_by(to.channel());
    codes::arrived(app, &mut tx, flow).await?;
    // Whoever is here by a provider and reads the mailbox, too, is who the provider said. Who only reads it may be its next owner.
    let by_provider = |method: &Method| method.kind == MethodKind::Provider;
    let same = arrival.before.is_some_and(|before| before.user.id == user.id && before.session.methods.iter().any(by_provider));
    if let (Contact::Email(email), true) = (to, same) {
        users::mailbox_proved(&mut tx, &user.id, email).await?;
    }
    let continue_to = match proof {
        Proof::LinkAndNumber(_) => flow.continue_to.clone().elsewhere(),
        Proof::Code(_) | Proof::Link => flow.continue_to.clone(),
    };
    let arrival = Arrival { remember: code.remember, flow: None, continue_to: &continue_to, ..arrival.clone() };
    let signed_in = sign_in::proceed(app, tx, &user, vec![Method::first(kind, app.now())], &arrival).await?;
    app.proof_given(kind.as_str(), signed_in.as_str(), arrival.requester);
    Ok(Arrived::Proved(signed_in, continue_to))
}

/// The number that the asking browser shows, for a link that is opened elsewhere.
pub use codes::number;
