//! Signing out, also when a relying party asks for it (OpenID Connect RP-Initiated Logout 1.0).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::session::Current;
use super::{App, Outcome, Requester, clients, hint, session};
use crate::engine::authorize::LONGEST_STATE;
use crate::engine::client::Client;
use crate::engine::params::Params;
use crate::ids::ClientId;
use crate::store::sessions::Which;

/// What a relying party asked for, as far as it may be believed.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub client: Option<Arc<Client>>,
    /// Registered for the client, with `state` added.
    pub return_to: Option<String>,
    /// The parameters, for the confirmation page to carry on.
    pub carried: Vec<(String, String)>,
}

/// Why a request is refused with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `client_id` is unknown, or another one than the hint's.
    Client,
    /// `post_logout_redirect_uri` is not registered, or no client was named.
    Redirect,
    /// A parameter was sent twice, or is no text.
    Unfit,
}

const CARRIED: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// Reads the parameters of the end-session endpoint (section 2). The hint may have expired; its signature must be ours. With one that cannot be
/// verified nothing of the request is believed (section 4), and the person is asked all the same: they wanted to sign out, and an application that
/// kept its hint for too long must not leave them signed in.
pub async fn read(app: &App, params: &Params) -> Outcome<Result<Asked, Refused>> {
    let mut values = [None; 4];
    for (value, name) in values.iter_mut().zip(CARRIED) {
        let Ok(found) = params.one(name) else { return Ok(Err(Refused::Unfit)) };
        *value = found;
    }
    // One that would make an address too long for every proxy is not carried on; nobody stays signed in for it.
    values[3] = values[3].filter(|state| state.len() <= LONGEST_STATE);
    let [hint, client_id, redirect, state] = values;
    let hint = match hint {
        None => None,
        Some(token) => match hint::read(app, token).await? {
            // Nor is anybody led back. Whose sign-out it says it is may be shown: it is what a request without a hint shows as well.
            None => {
                let client = match client_id.map(str::parse::<ClientId>) {
                    Some(Ok(id)) => clients::find(app, &id).await?,
                    _ => None,
                };
                let carried = client.iter().map(|client| ("client_id".to_owned(), client.id.to_string())).collect();
                return Ok(Ok(Asked { client, return_to: None, carried }));
            }
            known => known,
        },
    };
    let named = match (client_id, hint.as_ref().map(|hint| hint.aud.as_str())) {
        (Some(id), Some(aud)) if id != aud => return Ok(Err(Refused::Client)),
        (Some(id), _) | (None, Some(id)) => Some(id),
        (None, None) => None,
    };
    let client = match named.map(str::parse::<ClientId>) {
        Some(Ok(id)) => clients::find(app, &id).await?,
        _ => None,
    };
    if named.is_some() && client.is_none() {
        return Ok(Err(Refused::Client));
    }
    let return_to = match (redirect, &client) {
        (Some(uri), Some(client)) if client.owns_post_logout_redirect_uri(uri) => Some(with_state(uri, state)),
        (Some(_), _) => return Ok(Err(Refused::Redirect)),
        (None, _) => None,
    };
    let carry = |(name, value): (&str, Option<&str>)| value.map(|value| (name.to_owned(), value.to_owned()));
    let carried = CARRIED.into_iter().zip(values).filter_map(carry).collect();
    Ok(Ok(Asked { client, return_to, carried }))
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}

/// Where to sign out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    Here,
    Everywhere,
}

/// Ends this session or all of them, and names the applications that were signed in through it.
pub async fn sign_out(app: &App, current: &Current, place: Where, requester: &Requester) -> Outcome<Vec<String>> {
    let which = match place {
        Where::Here => Which::One(&current.session.id),
        Where::Everywhere => Which::All,
    };
    let ended = session::end(app, current, which, requester).await?;
    let clients: BTreeSet<_> = ended.into_iter().flat_map(|ended| ended.clients).collect();
    let mut names = Vec::new();
    for id in clients {
        names.extend(clients::find(app, &id).await?.and_then(|client| client.known_as().map(Cow::into_owned)));
    }
    Ok(names)
}
