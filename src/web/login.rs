//! `/login`.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::journey::{self, Journey};
use crate::actions::session::{self, Current, Sessions};
use crate::actions::sign_in::{Arrival, SignedIn, with_password};
use crate::actions::{App, Fault, confirm};
use crate::engine::address::{Channel, Email, Username};
use crate::engine::authorize::Prompt;
use crate::engine::confirm::Offer;
use crate::engine::flow::{AccountPage, Continue, State};
use crate::engine::params::Params;
use crate::engine::phone::Phone;
use crate::engine::site::has_two_factors;
use crate::engine::user::User;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::{Notice, Shell, Tone};
use crate::http::visitor::Visitor;
use crate::pages::{self, IdentifierKinds, Login};
use crate::settings::Way;

/// The sign-in page. Who is signed in already goes on, unless the journey wants a new proof.
pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    shown(&visitor, &params, None).await
}

async fn shown(visitor: &Visitor, params: &Params, remember: Option<bool>) -> Result<Response, Response> {
    let journey = journey::of(visitor, params).await?;
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    if current.is_some() && journey.flow.is_none() && journey.client.is_none() {
        return Ok(see_other(&super::destination(&journey.continue_to, None)));
    }
    // Signed in meanwhile, in another tab or before going back.
    if let (Some(current), Continue::Site { destination }) = (&current, &journey.continue_to)
        && (!destination.two_factors || has_two_factors(&current.session))
    {
        return Ok(see_other(&journey.destination()));
    }
    let who = confirming(&journey, current.as_ref());
    if let Some(who) = who
        && is_done(visitor, &journey, who).await
    {
        return Ok(see_other(&journey.destination()));
    }
    let identifier = who.map_or_else(|| hint(&journey, params), |who| own_identifier(&who.user));
    let shell = journey.shell(visitor, title(who), params);
    let way = Way::named(params.first("way"));
    let shell = super::provider_failure::say_failure(visitor, shell, params);
    let remember = remember.unwrap_or_else(|| is_ticked(&journey, params));
    let torn = current.is_none() && visitor.is_torn().await.map_err(|fault| visitor.fault(&fault))?;
    let key = match () {
        () if torn => Some("notice-two-sessions"),
        // The browser has a session's cookie, and nothing is behind it any more.
        () if current.is_none() && shell.notice.is_none() && !visitor.carriers().is_empty() => Some("notice-signed-out"),
        () => None,
    };
    let shell = match key {
        Some(key) => Shell { notice: Some(Notice { kind: Tone::Info, text: shell.t(key).into_owned() }), ..shell },
        None => shell,
    };
    let page = page_about(visitor, &journey, shell, Typed { identifier, remember, way }, who, None).await?;
    Ok(if torn { visitor.clear_sessions(page) } else { page })
}

/// Whether the proof that the journey waits for was given meanwhile, in another tab: this one, reloaded, goes on with it.
async fn is_done(visitor: &Visitor, journey: &Journey, who: &Current) -> bool {
    match (&journey.continue_to, &journey.flow) {
        // What came after the request is a proof for it; what is missing yet, a second factor say, the request itself asks for.
        (Continue::Authorize { .. }, Some(flow)) => who.session.auth_time > flow.created_at,
        (Continue::Page { page }, Some(_)) => super::step_up::to_see(visitor, who, *page).await.is_ok(),
        _ => false,
    }
}

/// "Stay signed in", before anybody has touched it: as it was on the page before.
fn is_ticked(journey: &Journey, params: &Params) -> bool {
    let left = journey.left.as_ref().and_then(|left| left.remember).or(params.has("stay").then_some(false));
    left.unwrap_or(!matches!(journey.continue_to, Continue::Connect { remember: false, .. }))
}

struct Typed {
    identifier: String,
    remember: bool,
    /// The way whose form is wanted; none: the one used last, or the first that is on.
    way: Option<Way>,
}

/// Whether people can sign in this way.
pub(super) fn is_on(app: &App, way: Way) -> bool {
    confirm::is_on(app, way)
}

/// What people sign in with here.
pub(super) fn labels(app: &App) -> IdentifierKinds {
    IdentifierKinds { usernames: !app.settings.sign_in.emails_as_usernames, phones: is_on(app, Way::Sms) }
}

/// Who is signed in and is asked on this page to prove that it is still them.
pub(super) fn confirming<'a>(journey: &Journey, current: Option<&'a Current>) -> Option<&'a Current> {
    current.filter(|current| journey.flow.is_some() && wants(journey, &current.user))
}

/// The ways that have a form; a passkey has a button of its own, where the browser can do it.
fn ways(app: &App, offer: Option<&Offer>) -> Vec<Way> {
    let on = app.settings.sign_in.ways.iter().copied().filter(|way| is_on(app, *way) && *way != Way::Passkey);
    let Some(offer) = offer else { return on.collect() };
    let offered = |way: &Way| match way {
        Way::Password => offer.password,
        Way::Mail => offer.mail,
        Way::Sms => offer.sms,
        Way::Passkey => false,
    };
    // A password may be offered although it is no way in.
    let last = Some(Way::Password).filter(|way| !is_on(app, *way));
    on.chain(last).filter(offered).collect()
}

/// Why the sign-in page is shown again.
pub(super) enum Trouble<'a> {
    None,
    /// What is wrong with what was typed, by its key.
    Identifier(&'a str),
    /// A limit; every other fault has a page of its own.
    Fault(&'a Fault),
}

/// The sign-in page with the form of a way, as its button on the form of another wants.
pub(super) async fn other(
    visitor: &Visitor,
    journey: &Journey,
    params: &Params,
    way: Option<Way>,
    trouble: Trouble<'_>,
) -> Result<Response, Response> {
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let who = confirming(journey, current.as_ref());
    let mut shell = journey.shell(visitor, title(who), params);
    match trouble {
        Trouble::None => {}
        Trouble::Identifier(key) => {
            let text = shell.t(key).into_owned();
            shell.problem("identifier", text);
        }
        Trouble::Fault(fault) => shell = visitor.limited(shell, fault)?,
    }
    let identifier = who.map_or_else(|| params.first("identifier").to_owned(), |who| own_identifier(&who.user));
    let typed = Typed { identifier, remember: params.has("remember"), way };
    page(visitor, journey, shell, typed, who).await
}

/// The page in answer to a form. `who` has to prove that it is still them.
async fn page(
    visitor: &Visitor,
    journey: &Journey,
    shell: Shell,
    typed: Typed,
    who: Option<&Current>,
) -> Result<Response, Response> {
    // The language switch leads to the page that GET shows.
    let way = typed.way.map(|way| format!("way={}", way.as_str()));
    let flow = journey.id().map(|flow| format!("flow={flow}"));
    let other = journey.other.then(|| "other=1".to_owned());
    let query: Vec<_> = flow.into_iter().chain(way).chain(other).collect();
    let shell = visitor.shell_at(shell, &format!("/login?{}", query.join("&")));
    page_about(visitor, journey, shell, typed, who, None).await
}

/// The page after a passkey that was refused; `unknown` tells the browser to forget it.
pub(super) async fn after_passkey(
    visitor: &Visitor,
    journey: &Journey,
    current: Option<&Current>,
    params: &Params,
    problem: Option<&str>,
    unknown: Option<String>,
) -> Result<Response, Response> {
    let who = confirming(journey, current);
    let identifier = who.map_or_else(|| hint(journey, params), |who| own_identifier(&who.user));
    let mut shell = journey.shell(visitor, title(who), params);
    super::passkeys::refuse(visitor, &mut shell, problem);
    let shell = visitor.shell_at(shell, &format!("/login{}", journey.query()));
    let typed = Typed { identifier, remember: params.has("remember"), way: None };
    page_about(visitor, journey, shell, typed, who, unknown).await
}

async fn page_about(
    visitor: &Visitor,
    journey: &Journey,
    shell: Shell,
    typed: Typed,
    who: Option<&Current>,
    unknown: Option<String>,
) -> Result<Response, Response> {
    let app = &visitor.app;
    let (offer, own) = match who {
        None => (None, Vec::new()),
        Some(who) => {
            let (offer, own) = confirm::offer(app, who, &journey.continue_to).await.map_err(|fault| visitor.fault(&fault))?;
            (Some(offer), own)
        }
    };
    let ways = ways(app, offer.as_ref());
    let last = visitor.last_way().filter(|way| ways.contains(way) && is_on(app, *way));
    let way = typed.way.filter(|way| ways.contains(way)).or(last).or(ways.first().copied());
    let mut providers = super::providers::buttons(visitor);
    // Whoever is to sign in with the account they have comes neither by what is to be connected nor as somebody new.
    let joins = journey.joins.as_ref().filter(|_| who.is_none()).map(|join| join.brought.external.provider.as_str());
    providers.retain(|button| joins != Some(&button.id));
    if let Some(offer) = &offer {
        providers.retain(|button| own.contains(&button.id) && offer.has_provider(confirm::says_when(app, &button.id)));
    }
    let query = pages::query(journey.id().as_deref(), &typed.identifier);
    let page = Login {
        form: offer.as_ref().is_none_or(Offer::has_form),
        reset: match who {
            None => Some(format!("/reset{query}")),
            Some(who) => reset_of(app, &who.user).map(|to| format!("/reset{}", pages::query(journey.id().as_deref(), &to))),
        },
        way: way.unwrap_or(Way::Password),
        stuck: offer.as_ref().is_some_and(Offer::is_empty),
        providers,
        others: ways.into_iter().filter(|other| Some(*other) != way).collect(),
        labels: labels(app),
        // Whoever is known has nothing to type but a secret.
        shell: Shell { keeps: if who.is_none() { "sign-in" } else { "" }, ..shell },
        flow: journey.id(),
        identifier: typed.identifier,
        remember: typed.remember,
        signup_open: visitor.app.settings.signup.is_open() && joins.is_none(),
        connects: joins.map(|provider| super::providers::name(visitor, provider)),
        reauthenticate: who.map(|who| who.user.shown_as()),
        // Where an application asks, it may well mean somebody else than who happens to be signed in here.
        not_you: who.is_some() && matches!(journey.continue_to, Continue::Authorize { .. }),
        other: journey.other,
        passkey: match &offer {
            Some(Offer { passkey: false, .. }) => None,
            _ => is_on(app, Way::Passkey).then(|| super::passkeys::at_sign_in(visitor)).flatten(),
        },
        unknown,
        passkey_first: visitor.last_way().or(app.settings.sign_in.ways.first().copied()) == Some(Way::Passkey),
    };
    let known = [
        page.identifier.as_str(),
        page.reauthenticate.as_deref().unwrap_or_default(),
        page.unknown.as_deref().unwrap_or_default(),
    ];
    Ok(visitor.keep_browser(visitor.open_page(&page.shell, &page, &known)))
}

/// What to type for a code with which somebody chooses a new password: where their messages go, proved or not. None: nowhere.
fn reset_of(app: &App, user: &User) -> Option<String> {
    let phone = user.contact(Channel::Sms).filter(|_| app.settings.sms.is_on());
    user.contact(Channel::Mail).or(phone).map(|to| to.as_str().to_owned())
}

const fn title(who: Option<&Current>) -> &'static str {
    if who.is_some() { "login-again-title" } else { "login" }
}

/// What a person signed in would type.
fn own_identifier(user: &User) -> String {
    let username = || user.username.as_ref().map(Username::as_str);
    let phone = || user.phone_number.as_ref().map(Phone::as_str);
    user.email.as_ref().map(Email::as_str).or_else(username).or_else(phone).unwrap_or_default().to_owned()
}

/// Whether the journey wants a new proof of this person, rather than some other account.
pub(super) fn wants(journey: &Journey, user: &User) -> bool {
    if journey.other {
        return false;
    }
    match &journey.continue_to {
        Continue::Authorize { request } => {
            let hint = request.login_hint.as_deref().unwrap_or_default();
            let other = request.asks(Prompt::SelectAccount) || request.asks(Prompt::Create) || user.is_another(hint);
            request.is_for(&user.id) && !other
        }
        // The identity may belong to an account that is not signed in; unless whoever is has come so far, and proves it better.
        Continue::Connect { .. } => journey.flow.as_ref().is_some_and(|flow| flow.user_id.as_ref() == Some(&user.id)),
        _ => true,
    }
}

/// What was typed on another page, the address of the account that something is to be connected with, or the relying party's `login_hint`.
fn hint(journey: &Journey, params: &Params) -> String {
    let hinted = match &journey.continue_to {
        Continue::Authorize { request } => request.login_hint.as_deref(),
        _ => journey.joins.as_ref().map(|join| join.account.as_str()),
    };
    let left = journey.left.as_ref().map(|left| left.identifier.as_str());
    let known = [Some(params.first("identifier")), left, hinted];
    known.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// A try.
pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    if let Some(asked) = visitor.switched(&params) {
        return shown(&visitor, &asked, Some(params.has("remember"))).await;
    }
    let journey = journey::of(&visitor, &params).await?;
    let (identifier, password) = (params.first("identifier"), params.first("password"));
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    // Only who is asked for a new proof sees that page again; the same words for everybody else.
    let who = confirming(&journey, current.as_ref()).filter(|who| own_identifier(&who.user) == identifier);
    if who.is_none() && !is_on(&visitor.app, Way::Password) {
        return other(&visitor, &journey, &params, None, Trouble::None).await;
    }
    let typed = || Typed { identifier: identifier.to_owned(), remember: params.has("remember"), way: Some(Way::Password) };
    let missing =
        [("identifier", identifier.trim(), "problem-identifier-required"), ("password", password, "problem-password-required")];
    // Whoever is signed in need not have an identifier.
    let asked = |field| who.is_none() || field != "identifier";
    let missing: Vec<_> = missing.into_iter().filter(|(field, value, _)| asked(*field) && value.is_empty()).collect();
    if !missing.is_empty() {
        let mut shell = journey.shell(&visitor, title(who), &params);
        for (field, _, problem) in missing {
            let text = shell.t(problem).into_owned();
            shell.problem(field, text);
        }
        return page(&visitor, &journey, shell, typed(), who).await;
    }
    let requester = visitor.requester();
    let arrival = Arrival {
        flow: journey.flow.as_ref(),
        ..super::arrival(&visitor, &requester, current.as_ref(), &journey.continue_to, params.has("remember"))
    };
    let tried = match who {
        Some(who) => confirm::with_password(&visitor.app, who, password, &arrival).await,
        None => with_password(&visitor.app, identifier, password, &arrival).await,
    };
    let tried = match tried {
        Ok(tried) => tried,
        Err(fault) => {
            let shell = visitor.limited(journey.shell(&visitor, title(who), &params), &fault)?;
            return page(&visitor, &journey, shell, typed(), who).await;
        }
    };
    match tried {
        SignedIn::Done(session) => {
            let next = super::passkeys::by_way_of_offer(&visitor, &journey, &params, &session.user_id).await;
            super::sign_in(&visitor, &carrier, &session, see_other(&next)).await
        }
        SignedIn::More(flow) => {
            let first = if matches!(flow.state, State::SignUp(_) | State::Verify { .. }) { "&notice=verify-first" } else { "" };
            Ok(visitor.keep_browser(see_other(&format!("{}{first}", super::page_of(&flow)))))
        }
        refused @ (SignedIn::Wrong | SignedIn::Disabled) => {
            let (field, key) = match (refused, who) {
                (SignedIn::Disabled, _) => ("identifier", "problem-login-disabled"),
                (_, Some(_)) => ("password", "problem-password-wrong-here"),
                (_, None) => ("identifier", "problem-login"),
            };
            let mut shell = journey.shell(&visitor, title(who), &params);
            let text = shell.t(key).into_owned();
            shell.problem(field, text);
            page(&visitor, &journey, shell, typed(), who).await
        }
    }
}

/// "Not you?": ends this session and asks for another account, with the same destination.
pub(super) async fn switch(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let journey = journey::of(&visitor, &params).await?;
    if let Some(current) = visitor.current().await.map_err(fault)? {
        let which = Sessions::One(&current.session.id);
        session::end(&visitor.app, &current, which, &visitor.requester()).await.map_err(fault)?;
    }
    super::sign_out(&carrier).await;
    Ok(see_other(&format!("/login{}", journey.query())))
}

/// The address of the sign-in page for an account page that needs it.
pub(super) fn for_page(page: Option<AccountPage>) -> Response {
    match page {
        Some(page) => see_other(&format!("/login?to={}", page.as_str())),
        None => see_other("/login"),
    }
}
