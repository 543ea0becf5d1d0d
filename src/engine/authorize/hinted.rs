//! `id_token_hint`: who must be signed in (OpenID Connect Core section 3.1.2.1).

use super::{AuthorizationRequest, Prompt};
use crate::engine::oauth_error::{Code, OAuthError};

/// Whom the hint of a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hinted<'a> {
    /// There is none.
    Nobody,
    /// It is no ID token of ours for this client.
    Unknown,
    Person(&'a str),
}

/// The hint wants the same as a `sub` in `claims` (Core section 5.5.1): nobody else gets an answer. A hint that says nothing is no hint where the
/// person is asked; where nobody is asked there is no telling whether who is signed in is the one that is meant (section 3.1.2.2).
pub fn for_the_hinted(mut request: AuthorizationRequest, hinted: Hinted<'_>) -> Result<AuthorizationRequest, OAuthError> {
    match hinted {
        Hinted::Unknown if request.asks(Prompt::None) => {
            Err(OAuthError::new(Code::LoginRequired, "id_token_hint is no ID token that this client got here"))
        }
        Hinted::Nobody | Hinted::Unknown => Ok(request),
        Hinted::Person(person) => {
            let subjects = &request.claims.subjects;
            if !subjects.is_empty() && subjects.iter().all(|subject| subject != person) {
                return Err(OAuthError::invalid_request("id_token_hint names somebody else than the sub in claims"));
            }
            request.claims.subjects = vec![person.to_owned()];
            Ok(request)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{check, trust};
    use super::*;
    use crate::engine::client::tests::client;
    use crate::engine::params::Params;
    use crate::time::Timestamp;

    /// Who may answer a request with these claims, prompt and hint.
    fn subjects(claims: &str, prompt: &str, hinted: Hinted<'_>) -> Result<Vec<String>, Code> {
        let shop = client(&json!({}));
        let params = Params::from([
            ("redirect_uri", "https://shop.example/callback"),
            ("response_type", "code"),
            ("scope", "openid"),
            ("nonce", "n"),
            ("prompt", prompt),
            ("claims", claims),
        ]);
        let request = check(&trust(&shop, &params).unwrap(), &shop, &params, Timestamp::from_seconds(1));
        let request = request.and_then(|request| for_the_hinted(request, hinted));
        request.map(|request| request.claims.subjects).map_err(|error| error.code)
    }

    #[test]
    fn who_may_answer() {
        let one = r#"{"id_token": {"sub": {"value": "ada"}}}"#;
        let any = r#"{"userinfo": {"sub": {"values": ["ada", "bob"]}}}"#;
        let both = r#"{"id_token": {"sub": {"values": ["ada", "bob"]}}, "userinfo": {"sub": {"values": ["bob", "eve"]}}}"#;
        let open = r#"{"id_token": {"sub": null}, "userinfo": {"sub": {"essential": true}}}"#;
        let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for (claims, prompt, hinted, expected) in [
            ("{}", "login", Hinted::Nobody, names(&[])),
            (open, "login", Hinted::Nobody, names(&[])),
            (one, "none", Hinted::Nobody, names(&["ada"])),
            (any, "none", Hinted::Nobody, names(&["ada", "bob"])),
            (both, "none", Hinted::Nobody, names(&["bob"])),
            ("{}", "none", Hinted::Person("bob"), names(&["bob"])),
            (any, "none", Hinted::Person("bob"), names(&["bob"])),
            (both, "login", Hinted::Person("ada"), Err(Code::InvalidRequest)),
            (one, "none", Hinted::Person("bob"), Err(Code::InvalidRequest)),
            ("{}", "none", Hinted::Unknown, Err(Code::LoginRequired)),
            (one, "none", Hinted::Unknown, Err(Code::LoginRequired)),
            ("{}", "login", Hinted::Unknown, names(&[])),
            (one, "login", Hinted::Unknown, names(&["ada"])),
        ] {
            assert_eq!(subjects(claims, prompt, hinted), expected, "{claims} {prompt} {hinted:?}");
        }
        // What nobody can be, and what is no name, is no wish for just anybody.
        for claims in [
            r#"{"id_token": {"sub": {"value": "ada"}}, "userinfo": {"sub": {"value": "bob"}}}"#,
            r#"{"id_token": {"sub": {"values": []}}}"#,
            r#"{"id_token": {"sub": {"value": 7}}}"#,
            r#"{"id_token": {"sub": {"values": "ada"}}}"#,
            r#"{"id_token": {"sub": {"values": ["ada", 7]}}}"#,
        ] {
            assert_eq!(subjects(claims, "login", Hinted::Nobody), Err(Code::InvalidRequest), "{claims}");
        }
    }
}
