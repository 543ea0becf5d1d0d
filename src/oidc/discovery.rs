//! What this server can do (OpenID Connect Discovery section 3, RFC 8414 section 2): one document at two addresses.

use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde_json::{Value, json};

use crate::actions::App;
use crate::engine::claims;
use crate::engine::method::{ACR_ONE_FACTOR, ACR_TWO_FACTORS};
use crate::engine::scope::STANDARD;
use crate::http::compress::Packed;
use crate::http::page::public_json;
use crate::locale::Locale;
use crate::settings::SigningAlg;
use crate::settings::client_metadata::{AuthMethod, GrantType, ResponseType};

/// Claims of ours beside those about the person.
const PROTOCOL_CLAIMS: [&str; 11] = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"];

/// Built at the first request; the settings never change.
pub(super) fn handler() -> impl Fn(State<App>, HeaderMap) -> Ready<Response> + Clone + Send + Sync + 'static {
    let made: Arc<OnceLock<Packed>> = Arc::default();
    move |State(app): State<App>, request: HeaderMap| {
        let document = made.get_or_init(|| Packed::new(document(app.settings.issuer()).to_string()));
        ready(public_json(document, HeaderValue::from_static("public, max-age=3600"), &request))
    }
}

fn document(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    let algs = SigningAlg::ALL.map(SigningAlg::as_str);
    let names = |all: &[AuthMethod]| all.iter().map(|method| method.as_str()).collect::<Vec<_>>();
    let with_secret: Vec<_> = AuthMethod::ALL.iter().copied().filter(|method| *method != AuthMethod::None).collect();
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth2/authorize"),
        "token_endpoint": at("/oauth2/token"),
        "userinfo_endpoint": at("/oauth2/userinfo"),
        "jwks_uri": at("/oauth2/jwks"),
        "introspection_endpoint": at("/oauth2/introspect"),
        "revocation_endpoint": at("/oauth2/revoke"),
        "end_session_endpoint": at("/oauth2/logout"),
        "scopes_supported": STANDARD,
        "response_types_supported": ResponseType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": GrantType::ALL.iter().map(|grant| grant.as_str()).collect::<Vec<_>>(),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algs,
        "token_endpoint_auth_methods_supported": names(AuthMethod::ALL),
        "revocation_endpoint_auth_methods_supported": names(AuthMethod::ALL),
        "introspection_endpoint_auth_methods_supported": names(&with_secret),
        "code_challenge_methods_supported": ["S256"],
        "claim_types_supported": ["normal"],
        "claims_supported": PROTOCOL_CLAIMS.into_iter().chain(claims::supported()).collect::<Vec<_>>(),
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": false,
        "acr_values_supported": [ACR_ONE_FACTOR, ACR_TWO_FACTORS],
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "ui_locales_supported": Locale::ALL.map(Locale::tag),
        "authorization_response_iss_parameter_supported": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_standards_demand() {
        let document = document("https://id.example");
        for key in [
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "response_types_supported",
            "subject_types_supported",
            "id_token_signing_alg_values_supported",
        ] {
            assert!(document.get(key).is_some(), "{key}");
        }
        assert_eq!(document["issuer"], "https://id.example");
        assert_eq!(document["jwks_uri"], "https://id.example/oauth2/jwks");
        assert!(document["id_token_signing_alg_values_supported"].as_array().unwrap().contains(&json!("RS256")));
        assert_eq!(
            document["introspection_endpoint_auth_methods_supported"],
            json!(["client_secret_basic", "client_secret_post"])
        );
    }
}
