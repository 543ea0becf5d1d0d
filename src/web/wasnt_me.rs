//! `/wasnt-me`: the link of every security notice. It works in any browser and without signing in.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::link::{self, Behind, behind, broken};
use super::providers;
use crate::actions::codes::{self, Found};
use crate::actions::notices::{self, Left, Lock, LockedDown};
use crate::engine::address::{Contact, Email};
use crate::engine::flow::State;
use crate::engine::passkey::PasskeyKind;
use crate::http::form::{BadInput, Form, Query};
use crate::http::visitor::Visitor;
use crate::pages::{self, LeftOver, Locked, WasntMe};

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Behind { token, flow, .. } = behind(&visitor, query).await?;
    if !matches!(flow.state, State::Alarm { .. }) {
        return Ok(broken(&visitor));
    }
    Ok(page(&visitor, &token, false))
}

fn page(visitor: &Visitor, token: &str, unticked: bool) -> Response {
    let mut shell = link::shell(visitor, "wasnt-me", "/wasnt-me", token);
    if unticked {
        let text = shell.t("problem-confirm").into_owned();
        shell.problem("confirm", text);
    }
    let page = WasntMe { shell, token: token.to_owned(), hours: notices::window_hours(&visitor.app) };
    visitor.page(&page.shell, &page)
}

pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let token = params.first("token");
    let found = codes::by_link(&visitor.app, token, None).await.map_err(fault)?;
    let (Found::Here(flow) | Found::Elsewhere(flow)) = found else { return Ok(broken(&visitor)) };
    if !matches!(flow.state, State::Alarm { .. }) || flow.is_open(visitor.app.now()).is_err() {
        return Ok(broken(&visitor));
    }
    if !params.has("confirm") {
        return Ok(page(&visitor, token, true));
    }
    let Lock::Done(done) = notices::lock_down(&visitor.app, &flow, &visitor.requester()).await.map_err(fault)? else {
        return Ok(broken(&visitor));
    };
    // Whoever is signed in in this browser may be somebody else; only a session that ended takes its cookie along.
    if visitor.current().await.map_err(fault)?.is_none() {
        super::sign_out(&carrier).await;
    }
    let page = Locked {
        left: left_over(&visitor, &done),
        mailbox: done.mailbox && !done.identities.is_empty(),
        shell: visitor.shell_at(visitor.shell("locked"), "/login"),
        email: done.email.as_ref().map(Contact::masked),
        phone: done.phone.as_ref().map(Contact::masked),
        // Where the link was sent is where the code goes, too.
        reset: format!(
            "/reset{}",
            pages::query(None, flow.state.destination().filter(|_| !done.taken).map_or("", Contact::as_str))
        ),
        taken: done.taken,
        credentials: done.credentials,
        way_in: done.way_in,
    };
    Ok(visitor.page(&page.shell, &page))
}

/// What leads into the account. Its reader is not signed in, so addresses are masked as elsewhere on the page.
fn left_over(visitor: &Visitor, done: &LockedDown) -> Vec<LeftOver> {
    let identities = done.identities.iter().map(|Left { what, restored }| {
        let name = Email::parse(&what.name).map_or_else(|_| what.name.clone(), |email| email.masked());
        let name = format!("{} {name}", providers::name(visitor, &what.provider)).trim_end().to_owned();
        LeftOver { name, restored: *restored }
    });
    let passkeys = done.passkeys.iter().map(|Left { what, restored }| {
        let key = match what.kind {
            PasskeyKind::Passkey => "locked-passkey",
            PasskeyKind::SecurityKey => "locked-security-key",
        };
        LeftOver { name: visitor.text.with(key, &[("name", &what.name)]), restored: *restored }
    });
    identities.chain(passkeys).collect()
}
