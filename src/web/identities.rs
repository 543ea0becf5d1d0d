//! `/account/identities`: accounts elsewhere that one can sign in with.

use axum::response::Response;

use super::account::{say, signed_in, zone};
use super::provider_failure::{done, say_outcome};
use super::{providers as buttons, step_up};
use crate::actions::providers::own::{self, Disconnected};
use crate::actions::session::Current;
use crate::engine::external::Identity;
use crate::engine::flow::AccountPage;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::ids::IdentityId;
use crate::pages::{ConnectedIdentity, Identities, ProviderButton};

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let shell = Shell { notice: visitor.notice(&params), ..visitor.shell("account-identities") };
    let current = signed_in(&visitor, Some(AccountPage::Identities)).await?;
    let shell = say_outcome(&visitor, shell, &params);
    page(&visitor, shell, &current).await
}

async fn page(visitor: &Visitor, shell: Shell, current: &Current) -> Result<Response, Response> {
    let list = own::list(&visitor.app, &current.user.id).await.map_err(|fault| visitor.fault(&fault))?;
    let shell = visitor.shell_at(shell, AccountPage::Identities.path());
    let zone = zone(&current.user);
    let line = |identity: Identity| ConnectedIdentity {
        id: identity.id.to_string(),
        provider: buttons::name(visitor, &identity.provider),
        name: identity.name,
        since: shell.text.day(identity.created_at.millis(), zone),
        last_used: identity.last_used_at.map(|at| shell.text.when(at.millis(), zone)),
    };
    let connected = list.into_iter().map(line).collect();
    let providers = buttons::buttons(visitor).into_iter().map(|button| ProviderButton { last: false, ..button }).collect();
    let page = Identities { connected, providers, shell: shell.clone() };
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn disconnect(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Identities)).await?;
    step_up::to_send(&visitor, &current, AccountPage::Identities).await?;
    let Ok(id) = params.first("identity").parse::<IdentityId>() else { return Ok(see_other(AccountPage::Identities.path())) };
    let outcome = own::disconnect(&visitor.app, &current, &id, &visitor.requester()).await;
    match outcome.map_err(|fault| visitor.fault(&fault))? {
        Disconnected::Done { provider } => Ok(done("identity-disconnected", &provider)),
        Disconnected::Gone => Ok(see_other(AccountPage::Identities.path())),
        Disconnected::LastWayIn => {
            let mut shell = visitor.shell("account-identities");
            say(&mut shell, "", "problem-identity-last");
            page(&visitor, shell, &current).await
        }
    }
}
