//! ID tokens that come back as hints: whom they name, and to which client they were given (OpenID Connect Core section 3.1.2.1, RP-Initiated
//! Logout 1.0 section 2).
//!
//! A hint may have expired, and its key may have been retired since: it tells who was signed in, it opens nothing. Its issuer must be us, its
//! signature one of a key of ours ([`keys::hint_key`]), and its audience the client that sends it.

use serde::Deserialize;

use super::{App, Outcome, keys};
use crate::crypto::jose;

/// The claims that a hint is read for.
#[derive(Debug, Deserialize)]
pub(super) struct Hint {
    iss: String,
    pub sub: String,
    /// The client that it was given to.
    pub aud: String,
}

/// The type of our ID tokens: no access token and no assertion for a site is a hint.
const TYPE: [&str; 1] = ["JWT"];

/// Reads a hint. None: it cannot be verified.
pub(super) async fn read(app: &App, token: &str) -> Outcome<Option<Hint>> {
    let Ok(kid) = jose::key_id(token, &TYPE) else { return Ok(None) };
    let Some(key) = keys::hint_key(app, &kid).await? else { return Ok(None) };
    let hint: Option<Hint> = jose::decode(token, &TYPE, |_| Some(&key)).ok();
    Ok(hint.filter(|hint| hint.iss == app.settings.issuer()))
}
