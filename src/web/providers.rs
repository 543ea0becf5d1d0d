//! `/connect/…` and what follows: to other providers and back.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::account::signed_in;
use super::provider_failure::{back_to_account, back_to_login, refusal};
use super::{journey, step_up, verify};
use crate::actions::codes::{self, Found};
use crate::actions::providers::come_back::{self, Answer, CameBack, Connected};
use crate::actions::providers::{self, Asking, Departure, join, newcomer, own};
use crate::actions::sign_in::SignedIn;
use crate::actions::sign_up::Started;
use crate::engine::address::Email;
use crate::engine::flow::{AccountPage, Continue, Flow, State};
use crate::engine::params::{Params, Repeated};
use crate::engine::user::User;
use crate::http::cookies::CookieName;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{ButtonLogo, ConfirmConnect, Departing, GiveAddress, JoinAccount, ProviderButton};
use crate::settings::providers::{Logo, ProviderKind, ProviderSettings};

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

/// Those with which this person proves that it is still them. A provider's word is worth less than a password, and it counts as new only where
/// the provider says when it asked; unless there is nothing else.
pub(super) async fn own_buttons(visitor: &Visitor, user: &User, nothing_else: bool) -> Vec<ProviderButton> {
    let mut buttons = buttons(visitor);
    if buttons.is_empty() || user.password_hash.is_some() {
        return Vec::new();
    }
    match own::list(&visitor.app, &user.id).await {
        Ok(own) => buttons.retain(|button| {
            let kind = providers::find(&visitor.app, &button.id).map(|provider| &provider.kind);
            let says_when = matches!(kind, Some(ProviderKind::OpenId { .. }));
            (says_when || nothing_else) && own.iter().any(|identity| identity.provider == button.id)
        }),
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
    let journey = journey::of(&visitor, &params).await?;
    let current = visitor.current().await.map_err(fault)?;
    let connects = params.has("connect");
    if connects {
        let current = signed_in(&visitor, Some(AccountPage::Identities)).await?;
        step_up::to_send(&visitor, &current, AccountPage::Identities).await?;
    }
    let continue_to = match connects {
        true => Continue::Page { page: AccountPage::Identities },
        false => journey.continue_to.clone(),
    };
    let typed = ["identifier", "email", "phone"].map(|field| params.first(field)).into_iter().find(|typed| !typed.is_empty());
    let typed = typed.unwrap_or_default();
    let again = current.as_ref().filter(|current| journey.flow.is_some() && super::login::wants(&journey, &current.user));
    let asking = Asking {
        connect: current.as_ref().filter(|_| connects),
        again: again.filter(|_| !connects),
        ask: current.is_some(),
        remember: !connects && params.has("remember"),
        identifier: typed,
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
        Departure::Failed(why) if connects => Ok(back_to_account(why.as_str(), &provider)),
        Departure::Failed(why) => Ok(back_to_login(journey.id().as_deref(), why.as_str(), &provider, typed)),
    }
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
    let answer =
        answer(&params).map_err(|_| visitor.error(StatusCode::BAD_REQUEST, "problem-request-title", "problem-request"))?;
    let came = come_back::come_back(&visitor.app, &provider, answer, &arrival).await.map_err(fault)?;
    Ok(match came {
        CameBack::Over => super::over(&visitor),
        // Who is signed in goes on; the others begin anew.
        CameBack::Late(flow) => see_other(&format!("/login?flow={}", flow.id)),
        CameBack::Failed(flow, why) => back(&visitor, &flow, why.as_str(), &provider).await?,
        CameBack::Refused(flow, why) => back(&visitor, &flow, refusal(why), &provider).await?,
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

/// What the provider sent with the browser. Nothing may be there twice (RFC 6749 section 3.1).
fn answer(params: &Params) -> Result<Answer<'_>, Repeated> {
    Ok(Answer {
        state: params.one("state")?.unwrap_or_default(),
        code: params.one("code")?,
        error: params.one("error")?,
        iss: params.one("iss")?,
    })
}

/// To where the journey began, with a sentence.
async fn back(visitor: &Visitor, flow: &Flow, failed: &str, provider: &str) -> Result<Response, Response> {
    let State::Away(away) = &flow.state else { return Ok(back_to_login(Some(flow.id.as_str()), failed, provider, "")) };
    if away.connect {
        return Ok(back_to_account(failed, provider));
    }
    if !away.again {
        return Ok(back_to_login(Some(flow.id.as_str()), failed, provider, &away.identifier));
    }
    // The page is shown to somebody signed in only on a journey that waits.
    let anew = flow.continue_to.clone().anew(visitor.app.now());
    let remembered = codes::remember(&visitor.app, visitor.browser(), anew, &visitor.requester()).await;
    let flow = remembered.map_err(|fault| visitor.fault(&fault))?;
    Ok(visitor.keep_browser(back_to_login(Some(flow.id.as_str()), failed, provider, "")))
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
    journey::allow(visitor.page(&page.shell, &page), &flow.continue_to)
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

/// `/login/connect`: only for somebody who has signed in since the question came up.
pub(super) async fn confirm(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let Some(asked) = join::join(&visitor.app, &flow) else { return Err(super::over(&visitor)) };
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let Some(current) = current.filter(|current| join::has_signed_in_since(&flow, current)) else {
        return to_sign_in(&visitor, &flow).await;
    };
    if let Some(proof) =
        join::step_up(&visitor.app, &flow, &current, visitor.browser()).await.map_err(|fault| visitor.fault(&fault))?
    {
        return Ok(visitor.keep_browser(see_other(&super::page_of(&proof))));
    }
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
    if join::join(&visitor.app, &flow).is_none() {
        return Err(super::over(&visitor));
    }
    let current = visitor.current().await.map_err(fault)?;
    let Some(current) = current.filter(|current| join::has_signed_in_since(&flow, current)) else {
        return to_sign_in(&visitor, &flow).await;
    };
    if let Some(proof) =
        join::step_up(&visitor.app, &flow, &current, visitor.browser()).await.map_err(|fault| visitor.fault(&fault))?
    {
        return Ok(visitor.keep_browser(see_other(&super::page_of(&proof))));
    }
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, Some(&current), &flow.continue_to, false);
    if params.first("do") != "connect" {
        join::decline(&visitor.app, &flow).await.map_err(fault)?;
    } else if !join::confirm(&visitor.app, &flow, &current, &arrival).await.map_err(fault)? {
        return Err(super::over(&visitor));
    }
    verify::arrive(&visitor, &flow.continue_to).await
}
