//! `/connect/…` and what follows: to other providers and back.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::account::signed_in;
use super::login::Trouble;
use super::provider_failure::{back_to, back_to_account, back_to_login, back_to_proof, done, refusal};
use super::{journey, step_up, verify};
use crate::actions::codes;
use crate::actions::providers::come_back::{self, Answer, CameBack, Connected};
use crate::actions::providers::{self, Asking, Departure};
use crate::actions::sign_in::SignedIn;
use crate::engine::external::{Began, Errand};
use crate::engine::flow::{AccountPage, Continue, Flow, State};
use crate::engine::params::{Params, Unfit};
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{ButtonLogo, Departing, PROVIDERS_SHOWN, ProviderButton};
use crate::settings::Way;
use crate::settings::providers::{Linking, Logo, ProviderSettings};

/// The buttons of every provider, the one used last marked; and first, where it might be folded away.
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
    let mut buttons: Vec<_> = visitor.app.settings.providers.iter().map(button).collect();
    if buttons.len() > PROVIDERS_SHOWN {
        buttons.sort_by_key(|button| !button.last);
    }
    buttons
}

/// Those by which a stranger can get an account.
pub(super) fn buttons_to_sign_up(visitor: &Visitor) -> Vec<ProviderButton> {
    let mut buttons = buttons(visitor);
    buttons.retain(|button| providers::find(&visitor.app, &button.id).is_some_and(|found| found.linking != Linking::SignInOnly));
    buttons
}

pub(super) fn name(visitor: &Visitor, id: &str) -> String {
    providers::name(&visitor.app, id)
}

/// A page's title with the provider's name in it.
pub(super) fn titled(visitor: &Visitor, key: &str, provider: &str) -> Shell {
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
        step_up::to_send(&visitor, &current, AccountPage::Connect).await?;
    }
    let continue_to = match connects {
        true => Continue::Page { page: AccountPage::Identities },
        false => journey.continue_to.clone(),
    };
    let typed = ["identifier", "email", "phone"].map(|field| params.first(field)).into_iter().find(|typed| !typed.is_empty());
    let typed = typed.unwrap_or_default();
    let remember = params.has("remember");
    let invitation = match params.first("invitation") {
        "" => None,
        token => Some(super::invitation::of(&visitor, token).await?),
    };
    let errand = match current.map(|current| current.user) {
        _ if let Some(invitation) = invitation => Errand::AcceptInvitation { invitation },
        Some(user) if connects => Errand::Connect { person: user.id },
        Some(user) if journey.flow.is_some() && super::login::wants(&journey, &user) => {
            Errand::ProveAgain { person: user.id, remember }
        }
        // Only the sign-up page asks for a name.
        signed_in if params.has("name") => Errand::sign_up(typed, params.first("name"), signed_in.is_some()),
        signed_in => Errand::sign_in(typed, remember, signed_in.is_some()),
    };
    let asking = Asking { errand, browser: visitor.browser(), continue_to: &continue_to, requester: &requester };
    let departure = match providers::depart(&visitor.app, &provider, asking).await {
        Ok(departure) => departure,
        Err(fault) if connects => return Err(visitor.fault(&fault)),
        Err(fault) if params.has("name") => return super::signup::limited(&visitor, &journey, &params, &fault),
        Err(fault) => {
            let way = Way::named(params.first("way"));
            return super::login::other(&visitor, &journey, &params, way, Trouble::Fault(&fault)).await;
        }
    };
    match departure {
        Departure::To(url) => {
            let name = name(&visitor, &provider);
            let shell = titled(&visitor, "connect-go", &name);
            let (lead, label) =
                (shell.t("connect-go-text").into_owned(), shell.text.with("connect-with", &[("provider", &name)]));
            let page = Departing { lead, hint: String::new(), url: url.into(), label, shell };
            Ok(visitor.keep_browser(visitor.depart(&page)))
        }
        Departure::Unknown => Ok(visitor.not_found()),
        Departure::Failed(flow, why) => back(&visitor, &flow, journey.flow, why.as_str(), &provider).await,
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
    if providers::find(&visitor.app, &provider).is_none() {
        let provider: String = provider.chars().take(64).collect();
        tracing::warn!(
            provider = provider.escape_debug().to_string(),
            "somebody came back from a provider that is not set up: is its redirect URI one of another id?"
        );
        return Ok(visitor.not_found());
    }
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &Continue::Account, false);
    let answer =
        answer(&params).map_err(|_| visitor.error(StatusCode::BAD_REQUEST, "problem-request-title", "problem-request"))?;
    let came = come_back::come_back(&visitor.app, &provider, answer, &arrival).await.map_err(fault)?;
    Ok(match came {
        CameBack::Over => super::over(&visitor, ""),
        // Who is signed in goes on; the others begin anew.
        CameBack::Late(flow) => see_other(&format!("/login?flow={}", flow.id)),
        CameBack::Failed(flow, why) => back(&visitor, &flow, None, why.as_str(), &provider).await?,
        CameBack::Refused(flow, why) => back_to_login(Some(flow.id.as_str()), refusal(why), &provider),
        CameBack::Connected(Connected::Done) => done("identity-connected", &provider),
        CameBack::Connected(Connected::Already) => done("identity-already", &provider),
        CameBack::Connected(Connected::Anothers) => back_to_account("anothers", &provider),
        CameBack::More(next) => visitor.keep_browser(see_other(&super::page_of(&next))),
        CameBack::SignedIn(signed_in, continue_to) => go_on(&visitor, &carrier, signed_in, &continue_to).await?,
    })
}

/// What the provider sent with the browser. Nothing may be there twice (RFC 6749 section 3.1).
fn answer(params: &Params) -> Result<Answer<'_>, Unfit> {
    Ok(Answer {
        state: params.one("state")?.unwrap_or_default(),
        code: params.one("code")?,
        error: params.one("error")?,
        iss: params.one("iss")?,
    })
}

/// To where the journey began, with a sentence. `waits`: the journey that wants a new proof, if it is known.
async fn back(visitor: &Visitor, flow: &Flow, waits: Option<Flow>, failed: &str, provider: &str) -> Result<Response, Response> {
    let State::Away(away) = &flow.state else { return Ok(super::over(visitor, flow.id.as_str())) };
    let id = Some(flow.id.as_str());
    let remember = match &away.errand {
        Errand::Connect { .. } => return Ok(back_to_account(failed, provider)),
        Errand::SignIn { began: Began::SignUp { .. }, .. } => return Ok(back_to("/signup", id, failed, provider)),
        Errand::SignIn { .. } | Errand::AcceptInvitation { .. } => return Ok(back_to_login(id, failed, provider)),
        Errand::ProveAgain { remember, .. } => *remember,
    };
    // The page is shown to somebody signed in only on a journey that waits.
    let waits = if let Some(waits) = waits {
        waits
    } else {
        let anew = flow.continue_to.clone().anew(visitor.app.now());
        let remembered = codes::remember(&visitor.app, visitor.browser(), anew, &visitor.requester()).await;
        remembered.map_err(|fault| visitor.fault(&fault))?
    };
    Ok(visitor.keep_browser(back_to_proof(waits.id.as_str(), remember, failed, provider)))
}

pub(super) async fn go_on(
    visitor: &Visitor,
    carrier: &Carrier,
    signed_in: SignedIn,
    continue_to: &Continue,
) -> Result<Response, Response> {
    match signed_in {
        SignedIn::Done(session) => {
            let response = verify::arrive(visitor, continue_to, None).await?;
            super::sign_in(visitor, carrier, &session, response).await
        }
        SignedIn::More(next) => Ok(visitor.keep_browser(see_other(&super::page_of(&next)))),
        SignedIn::Disabled => Ok(visitor.error(StatusCode::FORBIDDEN, "problem-login-disabled-title", "problem-login-disabled")),
        SignedIn::Wrong => Ok(super::over(visitor, "")),
    }
}
