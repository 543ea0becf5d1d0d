//! The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2), and the consent page to which it leads.

use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::Response;

use crate::actions::authorize::{self, Asking, Next, Said};
use crate::actions::codes::Found;
use crate::actions::session::Current;
use crate::engine::address::Channel;
use crate::engine::authorize::{Answer, AuthorizationRequest, ResponseMode, Trusted, Untrusted, answer_url};
use crate::engine::client::Client;
use crate::engine::flow::Flow;
use crate::engine::oauth_error::Code;
use crate::engine::params::Params;
use crate::engine::scope::Scopes;
use crate::http::csp;
use crate::http::form::{BadInput, Form, Parameters, Query};
use crate::http::page::{because, see_other};
use crate::http::visitor::Visitor;
use crate::pages::{Consent, Departing, FormPost, ScopeLine, SomebodyElse};

/// GET: the parameters are the query's.
pub(super) async fn by_get(visitor: Visitor, query: Result<Query, BadInput>) -> Response {
    match query {
        Ok(Query(params)) => begin(visitor, &params).await,
        Err(bad) => visitor.bad_input(bad),
    }
}

/// Longer than any request that we take, and short enough for every proxy's limit on an address.
const LONGEST: usize = 7 * 1024;

/// POST (OpenID Connect Core section 3.1.2.1) is the same as GET, so it leads there. It comes from a page of the client, and no browser sends our
/// cookies (`SameSite=Lax`) with a form of another site: here everybody would look signed out, and a new cookie would take the place of the one that
/// a journey in another tab needs. With the address that follows they come along.
pub(super) async fn by_post(visitor: Visitor, form: Result<Parameters, BadInput>) -> Response {
    let params = match form {
        Ok(Parameters(params)) => params,
        Err(bad) => return visitor.bad_input(bad),
    };
    let query = params.query();
    if query.len() <= LONGEST {
        return see_other(&format!("/oauth2/authorize?{query}"));
    }
    match authorize::refuse_long(&visitor.app, &params).await {
        Ok(Next::Untrusted(why)) => refuse(&visitor, why, &params),
        Ok(next) => show(&visitor, next, None, At::Request),
        Err(fault) => visitor.fault(&fault),
    }
}

async fn begin(visitor: Visitor, params: &Params) -> Response {
    let current = match visitor.current().await {
        Ok(current) => current,
        Err(fault) => return visitor.fault(&fault),
    };
    let requester = visitor.requester();
    let asking = Asking { current: current.as_ref(), browser: visitor.browser(), requester: &requester };
    match authorize::begin(&visitor.app, params, asking).await {
        Ok(Next::Untrusted(why)) => refuse(&visitor, why, params),
        Ok(next) => show(&visitor, next, current.as_ref(), At::Request),
        Err(fault) => visitor.fault(&fault),
    }
}

/// `/consent?flow=…`: a request that has waited for a sign-in goes on.
pub(super) async fn resume(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let flow = find(&visitor, &params).await?;
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let asking = Asking { current: current.as_ref(), browser: visitor.browser(), requester: &requester };
    let next = if flow.is_open(visitor.app.now()).is_ok() {
        authorize::resume(&visitor.app, &flow, asking).await
    } else {
        authorize::restart(&visitor.app, &flow, asking).await
    };
    let next = next.map_err(fault)?.ok_or_else(|| expired(&visitor))?;
    let client = authorize::client_of(&visitor.app, &flow).await.map_err(fault)?;
    Ok(show(&visitor, next, current.as_ref(), At::Flow(client)))
}

async fn find(visitor: &Visitor, params: &Params) -> Result<Flow, Response> {
    let found = authorize::find(&visitor.app, params.first("flow"), Some(&visitor.browser())).await;
    match found.map_err(|fault| visitor.fault(&fault))? {
        Found::Here(flow) => Ok(flow),
        // Not this browser's: the sign-in page says so and leads on.
        Found::Elsewhere(flow) => Err(see_other(&format!("/login?flow={}", flow.id))),
        Found::None => Err(expired(visitor)),
    }
}

fn expired(visitor: &Visitor) -> Response {
    visitor.error(StatusCode::GONE, "problem-expired-title", "problem-expired")
}

/// What the person pressed.
pub(super) async fn consent(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let flow = find(&visitor, &params).await?;
    let Some(current) = visitor.current().await.map_err(fault)? else {
        return Ok(see_other(&format!("/login?flow={}", flow.id)));
    };
    // In another tab somebody else has signed in meanwhile: ask them.
    if params.first("person") != current.user.id.as_str() {
        return Ok(see_other(&format!("/consent?flow={}", flow.id)));
    }
    let said = match params.first("decision") {
        "allow" => Said::Allow { ticked: params.all("scope").collect() },
        "deny" => Said::Deny,
        "not-them" => Said::NotThem,
        _ => return Ok(see_other(&format!("/consent?flow={}", flow.id))),
    };
    let requester = visitor.requester();
    authorize::consent(&visitor.app, &flow, said, &current, &requester).await.map_err(fault)?;
    // That page carries the answer out; or begins anew, where another tab has done so, or it is too late.
    Ok(see_other(&format!("/consent?flow={}", flow.id)))
}

/// From where a page or an answer is shown.
enum At {
    /// A new request: the client's redirect, so far. It goes on to the page of its journey, or back.
    Request,
    /// On the page of its journey, of this client: perhaps after a form of ours.
    Flow(Option<Arc<Client>>),
}

/// The browser's next page.
fn show(visitor: &Visitor, next: Next, current: Option<&Current>, at: At) -> Response {
    match next {
        Next::Untrusted(untrusted) => refuse(visitor, untrusted, &Params::default()),
        Next::Respond(trusted, answer) => respond(visitor, &trusted, &answer, at),
        Next::SignIn { flow, create } => {
            let page = if create && visitor.app.settings.signup.is_open() { "/signup" } else { "/login" };
            let locales = match &flow.continue_to {
                crate::engine::flow::Continue::Authorize { request } => request.ui_locales.as_deref(),
                _ => None,
            };
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("flow", flow.id.as_str());
            query.extend_pairs(locales.map(|locales| ("ui_locales", locales)));
            visitor.keep_browser(see_other(&format!("{page}?{}", query.finish())))
        }
        Next::SecondFactor(flow) => visitor.keep_browser(see_other(&format!("/login/second?flow={}", flow.id))),
        Next::SomebodyElse { flow, .. } | Next::Consent { flow, .. } if matches!(at, At::Request) => {
            visitor.keep_browser(see_other(&format!("/consent?flow={}", flow.id)))
        }
        Next::SomebodyElse { flow, client, .. } => {
            let shell = visitor.shell_for("somebody-else", Some(&client));
            let (name, email, person) = current.map(who).unwrap_or_default();
            let page = SomebodyElse { shell, flow: flow.id.to_string(), person, app: client.name().into_owned(), name, email };
            visitor.page(&page.shell, &page)
        }
        Next::Consent { flow, client, request, ask } => {
            let scopes = lines(visitor, &ask.new, &request);
            let shell = visitor.shell_for("consent", Some(&client));
            let (name, email, person) = current.map(who).unwrap_or_default();
            let additional = ask.new != request.wanted() && !ask.new.is_empty();
            let page = Consent {
                shell,
                flow: flow.id.to_string(),
                person,
                app: client.name().into_owned(),
                name,
                email,
                scopes,
                additional,
            };
            visitor.page(&page.shell, &page)
        }
    }
}

/// How a page shows who sees it: by name and address (or number), or twice by name. And their id.
fn who(current: &Current) -> (String, String, String) {
    let name = current.user.shown_as();
    let contact = current.user.contact(Channel::Mail).or_else(|| current.user.contact(Channel::Sms));
    let contact = contact.map_or_else(|| name.clone(), |contact| contact.shown());
    (name, contact, current.user.id.to_string())
}

/// What is asked for, in plain words: the standard scopes in their order, then the client's own. With `prompt=consent` all of it again.
fn lines(visitor: &Visitor, new: &Scopes, request: &AuthorizationRequest) -> Vec<ScopeLine> {
    let all = request.wanted();
    let asked = if new.is_empty() { &all } else { new };
    let line = |scope| ScopeLine { optional: authorize::is_optional(scope), ..ScopeLine::standard(&visitor.text, scope) };
    asked.in_order().map(line).collect()
}

fn respond(visitor: &Visitor, trusted: &Trusted, answer: &Answer, at: At) -> Response {
    let parameters = answer.parameters(trusted, visitor.app.settings.issuer());
    match trusted.response_mode {
        ResponseMode::Query => {
            let url = answer_url(trusted, &parameters);
            match at {
                At::Request => see_other(&url),
                At::Flow(client) => visitor.redirect_or_depart(&url, || leaving(visitor, client.as_deref(), answer, url.clone())),
            }
        }
        ResponseMode::FormPost => {
            let fields = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let page = FormPost { shell: visitor.shell("form-post"), action: trusted.redirect_uri().to_owned(), fields };
            let mut response = visitor.page(&page.shell, &page);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, csp::FORM_ANYWHERE);
            response
        }
    }
}

fn leaving(visitor: &Visitor, client: Option<&Client>, answer: &Answer, url: String) -> Departing {
    let (title, words) = match answer {
        Answer::Code(_) => ("leaving", ["leaving-to", "leaving-button"]),
        Answer::Error(error) if error.code == Code::AccessDenied => ("leaving-denied", ["leaving-back", "leaving-back-button"]),
        Answer::Error(_) => ("leaving-failed", ["leaving-back", "leaving-back-button"]),
    };
    Departing::to(visitor.shell(title), &client.map(Client::name).unwrap_or_default(), words, url)
}

/// Nothing may be sent anywhere: a page for the person, and the reason for the log.
fn refuse(visitor: &Visitor, untrusted: Untrusted, params: &Params) -> Response {
    // The commonest mistake of a new client; what to register is said here alone.
    let sent = |name| params.first(name).chars().take(200).collect::<String>();
    let (client_id, redirect_uri) = (sent("client_id"), sent("redirect_uri"));
    tracing::warn!(reason = %untrusted, ?client_id, ?redirect_uri, "an authorization request was refused");
    let detail = match &untrusted {
        Untrusted::ClientMissing | Untrusted::ClientUnknown => "problem-client-unknown",
        Untrusted::RedirectMissing | Untrusted::RedirectUnknown => "problem-client-redirect",
    };
    because(visitor.error(StatusCode::BAD_REQUEST, "problem-client-title", detail), untrusted.to_string())
}
