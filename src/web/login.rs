//! `/login`.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::journey::{self, Journey};
use crate::actions::session::{self, Sessions};
use crate::actions::sign_in::{Attempt, SignedIn, with_password};
use crate::engine::authorize::Prompt;
use crate::engine::flow::{AccountPage, Continue};
use crate::engine::params::Params;
use crate::engine::user::User;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::Login;

/// The sign-in page. Who is signed in already goes on, unless the journey wants a new proof.
pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let journey = journey::of(&visitor, &params).await?;
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    if current.is_some() && journey.flow.is_none() && journey.client.is_none() {
        return Ok(see_other(&super::destination(&journey.continue_to, None)));
    }
    let hint = hint(&journey, &params);
    let again = current.map(|current| current.user).filter(|user| journey.flow.is_some() && wants(&journey, user));
    let title = if again.is_some() { "login-again-title" } else { "login" };
    let shown = again.as_ref().map(User::shown_as);
    let identifier = again.as_ref().and_then(|user| user.email.as_ref()).map_or(hint, |email| email.as_str().to_owned());
    let page = Login {
        shell: journey.shell(&visitor, title, &params),
        flow: journey.id(),
        identifier,
        remember: true,
        signup_open: visitor.app.settings.signup.open,
        reauthenticate: shown,
    };
    Ok(visitor.keep_browser(journey.allow(visitor.page(&page.shell, &page))))
}

/// Whether the journey wants a new proof of this person, rather than some other account.
fn wants(journey: &Journey, user: &User) -> bool {
    match &journey.continue_to {
        Continue::Authorize { request } => {
            let other = request.claims.sub.as_deref().is_some_and(|sub| sub != user.id.as_str());
            !other && !request.asks(Prompt::SelectAccount) && !request.asks(Prompt::Create)
        }
        _ => true,
    }
}

/// What was typed on another page, or the relying party's `login_hint`.
fn hint(journey: &Journey, params: &Params) -> String {
    let typed = params.first("identifier");
    match &journey.continue_to {
        Continue::Authorize { request } if typed.is_empty() => request.login_hint.clone().unwrap_or_default(),
        _ => typed.to_owned(),
    }
}

/// A try.
pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let journey = journey::of(&visitor, &params).await?;
    let (identifier, password) = (params.first("identifier"), params.first("password"));
    let missing =
        [("identifier", identifier.trim(), "problem-identifier-required"), ("password", password, "problem-password-required")];
    let missing: Vec<_> = missing.into_iter().filter(|(_, value, _)| value.is_empty()).collect();
    if !missing.is_empty() {
        let mut shell = journey.shell(&visitor, "login", &params);
        for (field, _, problem) in missing {
            let text = shell.t(problem).into_owned();
            shell.problem(field, text);
        }
        return Ok(again(&visitor, &journey, shell, &params));
    }
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let attempt = Attempt {
        identifier,
        password,
        remember: params.has("remember"),
        browser: visitor.browser(),
        flow: journey.flow.as_ref(),
        continue_to: &journey.continue_to,
        before: current.as_ref(),
        requester: &requester,
    };
    match with_password(&visitor.app, attempt).await.map_err(fault)? {
        SignedIn::Done(session) => {
            super::sign_in(&carrier, &session).await?;
            Ok(see_other(&super::destination(&journey.continue_to, journey.flow.as_ref())))
        }
        SignedIn::VerifyFirst(flow) => Ok(visitor.keep_browser(see_other(&format!("/verify?flow={}&first=1", flow.id)))),
        SignedIn::Wrong => Ok(again(&visitor, &journey, problem(&visitor, &journey, &params, "problem-login"), &params)),
        SignedIn::Disabled => {
            Ok(again(&visitor, &journey, problem(&visitor, &journey, &params, "problem-login-disabled"), &params))
        }
    }
}

fn problem(visitor: &Visitor, journey: &Journey, params: &Params, key: &str) -> Shell {
    let mut shell = journey.shell(visitor, "login", params);
    let text = shell.t(key).into_owned();
    shell.problem("identifier", text);
    shell
}

/// The page once more, with what was typed but for the password.
fn again(visitor: &Visitor, journey: &Journey, shell: Shell, params: &Params) -> Response {
    let page = Login {
        shell,
        flow: journey.id(),
        identifier: params.first("identifier").to_owned(),
        remember: params.has("remember"),
        signup_open: visitor.app.settings.signup.open,
        reauthenticate: None,
    };
    visitor.keep_browser(journey.allow(visitor.page(&page.shell, &page)))
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
