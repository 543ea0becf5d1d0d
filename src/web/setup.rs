//! `/setup`: the first administrator, by a one-time link that the server printed.

use axum::http::StatusCode;
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::login;
use crate::actions::setup::{self, FirstAdministrator as Made};
use crate::engine::params::Params;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::Setup;
use crate::settings::Way;

fn done(visitor: &Visitor) -> Response {
    visitor.error(StatusCode::GONE, "problem-setup-title", "problem-setup")
}

/// What the administrator signs in with next time: what the page says about it, and where they come now.
fn next_time(visitor: &Visitor) -> (&'static str, &'static str) {
    let on = |way| login::is_on(&visitor.app, way);
    match (on(Way::Password), on(Way::Passkey), on(Way::Mail)) {
        (true, ..) => ("setup-text", "/account"),
        (_, true, true) => ("setup-text-passkey-mail", "/account/passkeys?notice=set-up-passkey"),
        (_, true, false) => ("setup-text-passkey", "/account/passkeys?notice=set-up-passkey"),
        (_, false, true) => ("setup-text-mail", "/account?notice=set-up"),
        (_, false, false) => ("setup-text-other", "/account"),
    }
}

fn page(visitor: &Visitor, shell: Shell, params: &Params) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("token", params.first("token")).finish();
    let page = Setup {
        shell: visitor.shell_at(shell, &format!("/setup?{query}")),
        words: next_time(visitor).0,
        password: login::is_on(&visitor.app, Way::Password),
        token: params.first("token").to_owned(),
        email: params.first("email").to_owned(),
        name: params.first("name").to_owned(),
        min_length: i64::try_from(visitor.app.settings.passwords.min_length).unwrap_or(i64::MAX),
    };
    visitor.page(&page.shell, &page)
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let open = setup::is_open(&visitor.app, params.first("token")).await.map_err(|fault| visitor.fault(&fault))?;
    Ok(if open { page(&visitor, visitor.shell("setup"), &params) } else { done(&visitor) })
}

pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let [token, email, name, password] = ["token", "email", "name", "password"].map(|field| params.first(field));
    let created = setup::create(&visitor.app, token, email, name, password, &visitor.requester()).await;
    match created.map_err(|fault| visitor.fault(&fault))? {
        Made::Created(session) => super::sign_in(&visitor, &carrier, &session, see_other(next_time(&visitor).1)).await,
        Made::Closed => Ok(done(&visitor)),
        Made::NotAnEmail(error) => {
            Ok(problem(&visitor, &params, "email", |shell| shell.t(super::signup::not_an_email(error)).into_owned()))
        }
        Made::EmailTaken => Ok(problem(&visitor, &params, "email", |shell| shell.t("problem-setup-taken").into_owned())),
        Made::Name(error) => Ok(problem(&visitor, &params, "name", |shell| super::signup::field(&shell.text, error))),
        Made::Weak(weakness) => Ok(problem(&visitor, &params, "password", |shell| super::signup::weak(&shell.text, weakness))),
    }
}

fn problem(visitor: &Visitor, params: &Params, field: &str, say: impl Fn(&Shell) -> String) -> Response {
    let mut shell = visitor.shell("setup");
    let text = say(&shell);
    shell.problem(field, text);
    page(visitor, shell, params)
}
