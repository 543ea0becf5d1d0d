//! Access tokens whose signature was found right: a right one never becomes wrong, and checking it costs more than all the rest.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;

use crate::actions::keys::Loaded;
use crate::crypto::jose;
use crate::crypto::token::hash;
use crate::engine::scope::Scopes;
use crate::ids::{ClientId, GrantId};
use crate::time::Timestamp;

/// What `jti` begins with where no person is behind the token.
pub(super) const CLIENT_JTI: &str = "client.";
/// About a kilobyte each.
const MOST: usize = 4096;

/// What an access token says, once its signature is known to be ours.
#[derive(Debug)]
pub struct AccessToken {
    pub sub: String,
    pub client_id: ClientId,
    pub scopes: Scopes,
    pub jti: String,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// None: a token of the client itself.
    pub(in crate::actions) grant_id: Option<GrantId>,
}

/// The claims that we read of those that we write.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    client_id: ClientId,
    exp: i64,
    iat: i64,
    jti: String,
    #[serde(default)]
    scope: Scopes,
}

impl Claims {
    fn read(self, issuer: &str) -> Option<AccessToken> {
        let (first, _) = self.jti.split_once('.')?;
        let grant_id = if self.jti.starts_with(CLIENT_JTI) { None } else { Some(first.parse().ok()?) };
        let ours = self.iss == issuer && self.aud == issuer;
        ours.then(|| AccessToken {
            sub: self.sub,
            client_id: self.client_id,
            scopes: self.scope,
            issued_at: Timestamp::from_seconds(self.iat),
            expires_at: Timestamp::from_seconds(self.exp),
            grant_id,
            jti: self.jti,
        })
    }
}

/// Tokens by their SHA-256.
#[derive(Default)]
pub struct Verified(RwLock<HashMap<[u8; 32], Arc<AccessToken>>>);

impl Verified {
    fn get(&self, key: &[u8; 32]) -> Option<Arc<AccessToken>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn insert(&self, key: [u8; 32], token: Arc<AccessToken>, now: Timestamp) {
        let mut tokens = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MOST {
            tokens.retain(|_, token| now < token.expires_at);
        }
        if tokens.len() >= MOST {
            tokens.clear();
        }
        tokens.insert(key, token);
    }
}

/// Reads an access token of ours (RFC 9068 section 4) that has not expired. An ID token or anything else that we signed is none.
pub(in crate::actions) fn read(loaded: &Loaded, issuer: &str, token: &str, now: Timestamp) -> Option<Arc<AccessToken>> {
    if token.len() > jose::MAX_TOKEN_BYTES {
        return None;
    }
    let key = hash(token);
    let found = loaded.verified.get(&key).or_else(|| {
        let claims: Claims = jose::decode(token, &["at+jwt"], |kid| loaded.verifying(kid)).ok()?;
        let token = Arc::new(claims.read(issuer)?);
        if now < token.expires_at {
            loaded.verified.insert(key, Arc::clone(&token), now);
        }
        Some(token)
    })?;
    (now < found.expires_at).then_some(found)
}
