//! `/connect/…` and what follows: to other providers and back.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::account::signed_in;
use super::{journey, step_up, verify};
use crate::actions::codes::{self, Found};
use crate::actions::providers::come_back::{self, Answer, CameBack, Connected};
use crate::actions::providers::{self, Asking, Departure, join, newcomer, own};
use crate::actions::session::Current;
use crate::actions::sign_in::SignedIn;
use crate::actions::sign_up::Started;
use crate::engine::address::Email;
use crate::engine::flow::{AccountPage, Continue, Flow};
use crate::engine::linking::Refusal;
use crate::engine::method::MethodKind;
use crate::engine::params::{Params, Repeated};
use crate::engine::session::Session;
use crate::engine::user::User;
use crate::http::cookies::CookieName;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::{Notice, Shell, Tone};
use crate::http::visitor::Visitor;
use crate::pages::{ButtonLogo, ConfirmConnect, Departing, GiveAddress, JoinAccount, Link, ProviderButton};
use crate::settings::providers::{Logo, ProviderSettings};

/// The buttons of every provider, the one used last marked.
pub(super) fn buttons(visitor: &Visitor) -> Vec<ProviderButton> {
    let last = visitor.last_provider();
    let button = |provider: &ProviderSettings| ProviderButton {
        id: provider.id.clone(),
        name: provider.name.clone(),
        logo: match provider.logo {
            Logo::None => ButtonLogo::None,
            Logo::Preset => ButtonLogo::Mark,
            Logo::File { .. } => ButtonLogo::File,
        },
        last: last == Some(provider.id.as_str()),
    };
    visitor.app.settings.providers.iter().map(button).collect()
}

/// Those that this person can prove themselves with. A page of the account wants the account's best proof, and a provider's word is less than
/// a password, unless a second factor there counts.
pub(super) async fn own_buttons(visitor: &Visitor, user: &User, continue_to: &Continue) -> Vec<ProviderButton> {
    let mut buttons = buttons(visitor);
    if matches!(continue_to, Continue::Page { .. }) && user.password_hash.is_some() {
        let counts = |button: &ProviderButton| {
            providers::find(&visitor.app, &button.id).is_some_and(|provider| !provider.second_factor.is_empty())
        };
        buttons.retain(counts);
    }
    if buttons.is_empty() {
        return buttons;
    }
    match own::list(&visitor.app, &user.id).await {
        Ok(own) => buttons.retain(|button| own.iter().any(|identity| identity.provider == button.id)),
        Err(fault) => {
            tracing::warn!(%fault, "a person's identities could not be read");
            buttons.clear();
        }
    }
    buttons
}

pub(super) fn name(visitor: &Visitor, id: &str) -> String {
    providers::find(&visitor.app, id).map_or_else(|| id.to_owned(), |provider| provider.name.clone())
}

/// A page's title with the provider's name in it.
fn titled(visitor: &Visitor, key: &str, provider: &str) -> Shell {
    Shell { title: visitor.text.with(key, &[("provider", provider)]), ..visitor.shell("login") }
}

/// To the provider: from the sign-in and the sign-up page, or from the account to connect another identity.
pub(super) async fn depart(
    visitor: Visitor,
    Path(provider): Path<String>,
    form: Result<Form, BadInput>,
) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let requester = visitor.requester();
    let (connect, again, continue_to, flow) = if params.has("connect") {
        let current = signed_in(&visitor, Some(AccountPage::Identities)).await?;
        step_up::to_send(&visitor, &current, AccountPage::Identities).await?;
        (Some(current), false, Continue::Page { page: AccountPage::Identities }, None)
    } else {
        let journey = journey::of(&visitor, &params).await?;
        let again = journey.flow.is_some() && visitor.current().await.map_err(fault)?.is_some();
        (None, again, journey.continue_to.clone(), journey.id())
    };
    let asking = Asking {
        connect: connect.as_ref(),
        again,
        remember: connect.is_none() && params.has("remember"),
        browser: visitor.browser(),
        continue_to: &continue_to,
        requester: &requester,
    };
    match providers::depart(&visitor.app, &provider, asking).await.map_err(fault)? {
        Departure::To(url) => {
            let name = name(&visitor, &provider);
            let shell = titled(&visitor, "connect-go", &name);
            let refresh = HeaderValue::try_from(format!("0; url={url}"));
            let page = Departing { shell, provider: name, url: url.into() };
            let mut response = visitor.keep_browser(visitor.page(&page.shell, &page));
            if let Ok(refresh) = refresh {
                response.headers_mut().insert(header::REFRESH, refresh);
            }
            Ok(response)
        }
        Departure::Unknown => Ok(visitor.not_found()),
        Departure::Failed(why) if connect.is_some() => Ok(back_to_account(why.as_str(), &provider)),
        Departure::Failed(why) => Ok(back_to_login(flow.as_deref(), why.as_str(), &provider)),
    }
}

/// To sign out at the provider, too, for whoever had come from there in this browser.
pub(super) async fn sign_out_there(visitor: &Visitor, session: &Session) -> Option<Link> {
    let came = session.methods.iter().any(|method| method.kind == MethodKind::Provider);
    let provider = visitor.last_provider().filter(|_| came)?;
    let url = providers::end_session(&visitor.app, provider).await?;
    let label = visitor.text.with("logged-out-there", &[("provider", &name(visitor, provider))]);
    Some(Link { href: url.into(), label })
}

/// Where the form was, for whoever comes here by the address line.
pub(super) async fn nothing() -> Response {
    see_other("/login")
}

/// The operator's picture of a provider. It may be an SVG, so it may run nothing.
pub(super) async fn logo(visitor: Visitor, Path(provider): Path<String>) -> Response {
    let Some(Logo::File { media_type, bytes }) = providers::find(&visitor.app, &provider).map(|provider| &provider.logo) else {
        return visitor.not_found();
    };
    let mut response = Response::new(Body::from(bytes.clone()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    response
}

fn back_to_login(flow: Option<&str>, failed: &str, provider: &str) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(flow) = flow {
        query.append_pair("flow", flow);
    }
    see_other(&format!("/login?{}", query.append_pair("failed", failed).append_pair("with", provider).finish()))
}

fn back_to_account(failed: &str, provider: &str) -> Response {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("failed", failed).append_pair("with", provider).finish();
    see_other(&format!("{}?{query}", AccountPage::Identities.path()))
}

const fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::Closed => "closed",
        Refusal::ByInvitation => "invited",
        Refusal::NotConnected => "not-connected",
        Refusal::HasAccount => "has-account",
    }
}

/// The sentence for `failed` and `with`, as the redirects above set them. Only words of ours are shown.
pub(super) fn say_failure(visitor: &Visitor, shell: Shell, params: &Params) -> Shell {
    let key = match params.first("failed") {
        "cancelled" => "problem-provider-cancelled",
        "unavailable" => "problem-provider-unavailable",
        "unusable" => "problem-provider-unusable",
        "closed" => "problem-provider-closed",
        "invited" => "problem-provider-invited",
        "not-connected" => "problem-provider-not-connected",
        "has-account" => "problem-provider-has-account",
        "anothers" => "problem-identity-anothers",
        _ => return shell,
    };
    let Some(provider) = providers::find(&visitor.app, params.first("with")) else { return shell };
    let text = visitor.text.with(key, &[("provider", &provider.name)]);
    Shell { notice: Some(Notice { kind: Tone::Warning, text }), ..shell }
}

/// Back from the provider.
pub(super) async fn come_back(
    visitor: Visitor,
    carrier: Carrier,
    Path(provider): Path<String>,
    query: Result<Query, BadInput>,
) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &Continue::Account, false);
    let answer = answer(&params)
        .map_err(|_| visitor.error(StatusCode::BAD_REQUEST, "problem-request-title", "problem-request"))?;
    let came = come_back::come_back(&visitor.app, &provider, answer, &arrival).await.map_err(fault)?;
    Ok(match came {
        CameBack::Over => super::over(&visitor),
        CameBack::Failed(flow, why) => back(&flow, why.as_str(), &provider),
        CameBack::Refused(flow, why) => back(&flow, refusal(why), &provider),
        CameBack::Connected(Connected::Done) => see_other("/account/identities?notice=identity-connected"),
        CameBack::Connected(Connected::Already) => see_other("/account/identities?notice=identity-already"),
        CameBack::Connected(Connected::Anothers) => back_to_account("anothers", &provider),
        CameBack::More(next) => used(&visitor, &provider, visitor.keep_browser(see_other(&super::page_of(&next)))),
        CameBack::SignedIn(signed_in, continue_to) => {
            let response = go_on(&visitor, &carrier, signed_in, &continue_to).await?;
            used(&visitor, &provider, response)
        }
    })
}

/// What the provider sent with the browser. Nothing may be there twice (RFC 6749 section 4.1.2).
fn answer(params: &Params) -> Result<Answer<'_>, Repeated> {
    Ok(Answer {
        state: params.one("state")?.unwrap_or_default(),
        code: params.one("code")?,
        error: params.one("error")?,
        iss: params.one("iss")?,
    })
}

/// To where the journey began, with a sentence.
fn back(flow: &Flow, failed: &str, provider: &str) -> Response {
    match flow.user_id {
        Some(_) => back_to_account(failed, provider),
        None => back_to_login(Some(flow.id.as_str()), failed, provider),
    }
}

/// Lets the browser mark the button next time.
fn used(visitor: &Visitor, provider: &str, response: Response) -> Response {
    visitor.keep(response, CookieName::Way, provider)
}

async fn go_on(visitor: &Visitor, carrier: &Carrier, signed_in: SignedIn, continue_to: &Continue) -> Result<Response, Response> {
    match signed_in {
        SignedIn::Done(session) => {
            let response = verify::arrive(visitor, continue_to).await?;
            super::sign_in(visitor, carrier, &session, response).await
        }
        SignedIn::More(next) => Ok(visitor.keep_browser(see_other(&super::page_of(&next)))),
        SignedIn::Disabled => Ok(visitor.error(StatusCode::FORBIDDEN, "problem-login-disabled-title", "problem-login-disabled")),
        SignedIn::Wrong => Ok(super::over(visitor)),
    }
}

/// The open journey that `flow` names, if it is this browser's.
async fn find(visitor: &Visitor, params: &Params) -> Result<Flow, Response> {
    let found = codes::find(&visitor.app, params.first("flow"), Some(&visitor.browser())).await;
    match found.map_err(|fault| visitor.fault(&fault))? {
        Found::Here(flow) => Ok(flow),
        _ => Err(super::over(visitor)),
    }
}

fn address_page(visitor: &Visitor, shell: Shell, flow: &Flow, provider: &str, email: String) -> Response {
    let shell = visitor.shell_at(shell, &super::page_of(flow));
    let page = GiveAddress { shell, flow: flow.id.to_string(), provider: name(visitor, provider), email };
    visitor.page(&page.shell, &page)
}

/// `/login/address`
pub(super) async fn address(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let Some(external) = newcomer::newcomer(&visitor.app, &flow) else { return Err(super::over(&visitor)) };
    let email = external.email.as_ref().map(Email::as_str).unwrap_or_default().to_owned();
    Ok(address_page(&visitor, visitor.shell("connect-address"), &flow, &external.provider, email))
}

pub(super) async fn give_address(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &flow.continue_to, false);
    let typed = params.first("email");
    match newcomer::give_address(&visitor.app, &flow, typed, &arrival).await.map_err(fault)? {
        Some(Started::Verify(next)) => Ok(visitor.keep_browser(see_other(&super::page_of(&next)))),
        Some(Started::Done(session)) => go_on(&visitor, &carrier, SignedIn::Done(session), &flow.continue_to).await,
        Some(Started::Problems(problems)) => {
            let provider = newcomer::newcomer(&visitor.app, &flow).map(|external| external.provider.as_str());
            let mut shell = visitor.shell("connect-address");
            for problem in problems {
                let (field, text) = super::signup::say(&shell.text, &problem);
                shell.problem(field, text);
            }
            Ok(address_page(&visitor, shell, &flow, provider.unwrap_or_default(), typed.to_owned()))
        }
        Some(Started::Closed) | None => Err(super::over(&visitor)),
    }
}

/// `/login/join`
pub(super) async fn join(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let Some(asked) = join::join(&visitor.app, &flow) else { return Err(super::over(&visitor)) };
    let page = JoinAccount {
        shell: visitor.shell("connect-join"),
        flow: flow.id.to_string(),
        provider: name(&visitor, &asked.external.provider),
        email: asked.external.email.as_ref().map(Email::as_str).unwrap_or_default().to_owned(),
        may_replace: asked.may_replace,
    };
    Ok(journey::allow(visitor.page(&page.shell, &page), &flow.continue_to))
}

pub(super) async fn answer_join(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    if params.first("do") != "afresh" {
        return to_sign_in(&visitor, &flow).await;
    }
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &flow.continue_to, false);
    match join::replace(&visitor.app, &flow, &arrival).await.map_err(fault)? {
        Some(signed_in) => go_on(&visitor, &carrier, signed_in, &flow.continue_to).await,
        None => Err(super::over(&visitor)),
    }
}

/// The sign-in page that leads to the question of `/login/connect`, with the address filled in.
async fn to_sign_in(visitor: &Visitor, flow: &Flow) -> Result<Response, Response> {
    let Some(asked) = join::join(&visitor.app, flow) else { return Err(super::over(visitor)) };
    let first = join::sign_in_first(&visitor.app, flow, visitor.browser(), &visitor.requester()).await;
    let first = first.map_err(|fault| visitor.fault(&fault))?;
    let email = asked.external.email.as_ref().map(Email::as_str).unwrap_or_default();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("flow", first.id.as_str())
        .append_pair("identifier", email)
        .finish();
    Ok(visitor.keep_browser(see_other(&format!("/login?{query}"))))
}

/// A browser in which the second factor is not asked at the sign-in asks for it here.
async fn second_factor_first(visitor: &Visitor, flow: &Flow, current: &Current) -> Result<(), Response> {
    let asked = join::second_factor_first(&visitor.app, flow, current, visitor.browser()).await;
    match asked.map_err(|fault| visitor.fault(&fault))? {
        None => Ok(()),
        Some(next) => Err(visitor.keep_browser(see_other(&super::page_of(&next)))),
    }
}

/// `/login/connect`: only for somebody who has signed in since the question came up.
pub(super) async fn confirm(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let Some(asked) = join::join(&visitor.app, &flow) else { return Err(super::over(&visitor)) };
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let Some(current) = current.filter(|current| join::has_signed_in_since(&flow, current)) else {
        return to_sign_in(&visitor, &flow).await;
    };
    second_factor_first(&visitor, &flow, &current).await?;
    let provider = name(&visitor, &asked.external.provider);
    let page = ConfirmConnect {
        shell: visitor.shell_at(titled(&visitor, "connect-confirm", &provider), &format!("/login/connect?flow={}", flow.id)),
        flow: flow.id.to_string(),
        there: asked.external.shown_as(),
        here: current.user.email.as_ref().map_or_else(|| current.user.shown_as(), |email| email.as_str().to_owned()),
        provider,
    };
    Ok(journey::allow(visitor.page(&page.shell, &page), &flow.continue_to))
}

pub(super) async fn answer_confirm(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let Some(current) = current.filter(|current| join::has_signed_in_since(&flow, current)) else {
        return to_sign_in(&visitor, &flow).await;
    };
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, Some(&current), &flow.continue_to, false);
    if params.first("do") == "connect" {
        second_factor_first(&visitor, &flow, &current).await?;
    }
    if params.first("do") != "connect" {
        join::decline(&visitor.app, &flow).await.map_err(fault)?;
    } else if !join::confirm(&visitor.app, &flow, &current, &arrival).await.map_err(fault)? {
        return Err(super::over(&visitor));
    }
    verify::arrive(&visitor, &flow.continue_to).await
}
