//! Access tokens whose signature was found right: a right one never becomes wrong, and checking it costs more than all the rest.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;

use crate::actions::keys::{self, Loaded};
use crate::actions::{App, Outcome};
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

/// The same, with the keys of this moment if the token names one that is not known here yet.
pub(super) async fn known(app: &App, token: &str, now: Timestamp) -> Outcome<Option<Arc<AccessToken>>> {
    let issuer = app.settings.issuer();
    if let Some(found) = read(&app.keys.loaded(), issuer, token, now) {
        return Ok(Some(found));
    }
    Ok(keys::look_for(app, token).await?.and_then(|loaded| read(&loaded, issuer, token, now)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::actions::keys::Ring;
    use crate::crypto::jose::Alg;

    const ISSUER: &str = "https://id.example";

    fn claims() -> Value {
        json!({
            "iss": ISSUER, "sub": "shop", "aud": ISSUER, "client_id": "shop", "exp": 1000, "iat": 400, "jti": "client.x", "scope": "read",
        })
    }

    #[test]
    fn only_our_own_access_tokens_are_read() {
        let ring = Ring::of(keys::tests::loaded(&[(Alg::Es256, 0, None)]));
        let (key, loaded) = (keys::signing(&ring, Alg::Es256, Timestamp::from_seconds(500)).unwrap(), ring.loaded());
        let read_at = |token: &str, at| read(&loaded, ISSUER, token, Timestamp::from_seconds(at));
        let token = key.sign("at+jwt", &claims()).unwrap();
        for _ in 0..2 {
            let found = read_at(&token, 999).unwrap();
            assert_eq!((found.sub.as_str(), found.grant_id.is_none(), found.scopes.contains("read")), ("shop", true, true));
            assert!(read_at(&token, 1000).is_none(), "expired, though its signature is remembered");
        }
        assert!(read_at(&key.sign("JWT", &claims()).unwrap(), 500).is_none(), "an ID token is no access token");
        for (name, value) in [
            ("iss", json!("https://evil.example")),
            ("aud", json!("shop")),
            ("aud", json!([ISSUER])),
            ("jti", json!("x")),
            ("jti", json!("user_01h455vb4pex5vsknk084sn02q.x")),
            ("exp", json!("1000")),
            ("client_id", json!("")),
        ] {
            let mut claims = claims();
            claims[name] = value;
            assert!(read_at(&key.sign("at+jwt", &claims).unwrap(), 500).is_none(), "{claims}");
        }
        // The same key id, another key.
        let other = Ring::of(keys::tests::loaded(&[(Alg::Es256, 0, None)]));
        let forged = keys::signing(&other, Alg::Es256, Timestamp::from_seconds(500)).unwrap().sign("at+jwt", &claims()).unwrap();
        assert!(read_at(&forged, 500).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let verified = Verified::default();
        let token = |exp| {
            let mut claims = claims();
            claims["exp"] = json!(exp);
            Arc::new(serde_json::from_value::<Claims>(claims).unwrap().read(ISSUER).unwrap())
        };
        let key = |n: usize| hash(&n.to_string());
        for n in 0..MOST {
            verified.insert(key(n), token(if n % 2 == 0 { 10 } else { 1000 }), Timestamp::default());
        }
        verified.insert(key(MOST), token(1000), Timestamp::from_seconds(10));
        assert_eq!(verified.0.read().unwrap().len(), MOST / 2 + 1, "the expired ones went");
        for n in 0..=MOST {
            verified.insert(key(n), token(1000), Timestamp::from_seconds(10));
        }
        assert!(verified.0.read().unwrap().len() <= MOST);
    }
}
