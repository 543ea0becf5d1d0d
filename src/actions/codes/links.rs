//! Mailed links: 128 random bits of their own, of which only a hash is kept.

use data_encoding::BASE64URL_NOPAD;

use super::{Found, find};
use crate::actions::{App, Outcome};
use crate::crypto::token;
use crate::engine::flow::{Flow, State};
use crate::store::{Tx, users};

/// What a mailed link leads to. One is not good for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::actions) enum Leads {
    /// On in its flow.
    On,
    /// To the question whether to connect what the flow brought with the account that has its address.
    ToConnect,
}

impl Leads {
    fn hash(self, secret: &str) -> [u8; 32] {
        let to = match self {
            Self::On => "on",
            Self::ToConnect => "connect",
        };
        token::hash(&format!("{to}|{secret}"))
    }
}

/// A new link's token: the flow's id and 128 random bits. Only their hash is kept; the link sent before stays good. The caller stores the flow.
pub(in crate::actions) fn new_link(app: &App, flow: &mut Flow, leads: Leads) -> String {
    let secret = zeroize::Zeroizing::new(BASE64URL_NOPAD.encode(&app.random.bytes::<16>()));
    flow.codes.links = flow.codes.links.given(leads.hash(&secret));
    format!("{}.{}", flow.id, secret.as_str())
}

/// The journey that a mail's link belongs to.
pub async fn by_link(app: &App, token: &str, browser: Option<&[u8; 32]>) -> Outcome<Found> {
    linked(app, token, Leads::On, browser).await
}

pub(in crate::actions) async fn linked(app: &App, token: &str, leads: Leads, browser: Option<&[u8; 32]>) -> Outcome<Found> {
    let Some((id, secret)) = token.split_once('.') else { return Ok(Found::None) };
    let found = find(app, id, browser).await?;
    let (Found::Here(flow) | Found::Elsewhere(flow)) = &found else { return Ok(Found::None) };
    Ok(if flow.codes.links.has(&leads.hash(secret)) { found } else { Found::None })
}

/// Whether the link of the mail that proves an address is of use in another browser, too: there it wants the password that was chosen.
pub async fn works_elsewhere(app: &App, flow: &Flow) -> Outcome<bool> {
    link_works_elsewhere(&mut app.store.read().await?, flow).await
}

pub(super) async fn link_works_elsewhere(tx: &mut Tx, flow: &Flow) -> Outcome<bool> {
    Ok(match (&flow.state, &flow.user_id) {
        (State::SignUp(sign_up), _) => sign_up.password_hash.is_some(),
        (State::Verify { .. }, Some(id)) => users::by_id(tx, id).await?.is_some_and(|user| user.password_hash.is_some()),
        _ => true,
    })
}
