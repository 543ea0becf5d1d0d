use serde_json::{Value, json};

use super::super::{check, trust};
use super::*;
use crate::engine::client::tests::client;
use crate::time::Timestamp;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A good request with some parameters changed (an empty value removes one), checked for a client changed by JSON.
fn checked(metadata: &Value, change: &[(&str, &str)]) -> Result<AuthorizationRequest, OAuthError> {
    let mut pairs = vec![
        ("redirect_uri", "https://shop.example/callback"),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
    pairs.extend(change);
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let params = Params::parse(text.as_bytes()).unwrap();
    let client = client(metadata);
    check(&trust(&client, &params).unwrap(), &client, &params, Timestamp::default())
}

fn code(result: Result<AuthorizationRequest, OAuthError>) -> Option<Code> {
    result.err().map(|error| error.code)
}

#[test]
fn a_plain_request_passes() {
    let request = checked(
        &json!({}),
        &[
            ("nonce", "n"),
            ("max_age", "10000"),
            ("ui_locales", "de"),
            ("unknown", "x"),
            ("display", "page"),
            ("acr_values", "1 2"),
        ],
    )
    .unwrap();
    assert_eq!(
        (request.scopes.to_string().as_str(), request.nonce.as_deref(), request.max_age),
        ("email openid", Some("n"), Some(10000))
    );
}

#[test]
fn response_type_and_mode() {
    assert_eq!(code(checked(&json!({}), &[("response_type", "")])), Some(Code::InvalidRequest));
    for other in ["token", "id_token", "code id_token", "none", "CODE"] {
        assert_eq!(code(checked(&json!({}), &[("response_type", other)])), Some(Code::UnsupportedResponseType), "{other}");
    }
    assert_eq!(
        code(checked(&json!({"grant_types": ["client_credentials"], "response_types": []}), &[])),
        Some(Code::UnauthorizedClient)
    );
    assert_eq!(code(checked(&json!({}), &[("response_mode", "fragment")])), Some(Code::InvalidRequest));
    assert_eq!(checked(&json!({}), &[("response_mode", "form_post")]).unwrap().response_mode, ResponseMode::FormPost);
}

#[test]
fn a_repeated_parameter_is_an_error() {
    for name in ["response_type", "scope", "state", "nonce", "code_challenge", "prompt", "max_age", "claims", "ui_locales"] {
        assert_eq!(code(checked(&json!({}), &[(name, "1"), (name, "1")])), Some(Code::InvalidRequest), "{name}");
    }
}

#[test]
fn request_objects_have_their_own_errors() {
    for (name, expected) in [
        ("request", Code::RequestNotSupported),
        ("request_uri", Code::RequestUriNotSupported),
        ("registration", Code::RegistrationNotSupported),
    ] {
        assert_eq!(code(checked(&json!({}), &[(name, "x")])), Some(expected));
    }
}

#[test]
fn scopes_beyond_the_client_s_are_left_out() {
    assert_eq!(
        checked(&json!({"scope": "openid email"}), &[("scope", "openid phone nonsense email")]).unwrap().scopes.to_string(),
        "email openid"
    );
    assert_eq!(code(checked(&json!({}), &[("scope", "nonsense")])), Some(Code::InvalidScope));
    assert_eq!(code(checked(&json!({}), &[("scope", "")])), Some(Code::InvalidScope));
    assert_eq!(code(checked(&json!({}), &[("scope", "open\\id")])), Some(Code::InvalidScope));
    let offline = [("scope", "openid offline_access")];
    assert_eq!(checked(&json!({}), &offline).unwrap().scopes.to_string(), "offline_access openid");
    assert_eq!(checked(&json!({"grant_types": ["authorization_code"]}), &offline).unwrap().scopes.to_string(), "openid");
}

#[test]
fn who_must_use_pkce() {
    let without =
        |more: &[(&'static str, &'static str)]| [&[("code_challenge", ""), ("code_challenge_method", "")], more].concat();
    let public = json!({"token_endpoint_auth_method": "none"});
    for (metadata, nonce, passes) in [
        (json!({}), true, true),
        (json!({}), false, false),
        (public.clone(), true, false),
        (json!({"pkce": "always"}), true, false),
        (json!({"pkce": "public_only"}), false, true),
        (json!({"pkce": "public_only", "token_endpoint_auth_method": "none"}), true, false),
    ] {
        let more: &[(&str, &str)] = if nonce { &[("nonce", "n")] } else { &[] };
        assert_eq!(checked(&metadata, &without(more)).is_ok(), passes, "{metadata} nonce {nonce}");
    }
    assert!(checked(&public, &[]).is_ok());
    assert!(
        checked(&json!({}), &without(&[("nonce", "n"), ("scope", "email")])).is_err(),
        "a nonce protects only OpenID Connect"
    );
}

#[test]
fn only_s256() {
    for (challenge, method) in [
        (CHALLENGE, "plain"),
        (CHALLENGE, ""),
        (CHALLENGE, "s256"),
        ("short", "S256"),
        (&"x".repeat(44), "S256"),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256"),
    ] {
        assert_eq!(
            code(checked(&json!({}), &[("code_challenge", challenge), ("code_challenge_method", method)])),
            Some(Code::InvalidRequest),
            "{challenge} {method}"
        );
    }
    assert_eq!(
        code(checked(&json!({}), &[("code_challenge", ""), ("nonce", "n")])),
        Some(Code::InvalidRequest),
        "a method without a challenge"
    );
}

#[test]
fn prompt_and_max_age() {
    assert_eq!(checked(&json!({}), &[("prompt", "login consent")]).unwrap().prompt, [Prompt::Login, Prompt::Consent]);
    assert_eq!(checked(&json!({}), &[("prompt", "whatever")]).unwrap().prompt, []);
    assert_eq!(code(checked(&json!({}), &[("prompt", "none login")])), Some(Code::InvalidRequest));
    assert_eq!(checked(&json!({}), &[("max_age", "0")]).unwrap().max_age, Some(0));
    assert_eq!(checked(&json!({}), &[("max_age", "99999999999999999999")]).unwrap().max_age, Some(u32::MAX));
    for bad in ["-1", "1.5", "soon", "+1"] {
        assert_eq!(code(checked(&json!({}), &[("max_age", bad)])), Some(Code::InvalidRequest), "{bad}");
    }
}

#[test]
fn the_claims_parameter() {
    let text = r#"{"userinfo":{"name":null,"email":{"essential":true}},"id_token":{"acr":{"essential":true,"values":["a","b"]},"sub":{"value":"user_1"}}}"#;
    let mut claims = checked(&json!({}), &[("claims", text)]).unwrap().claims;
    claims.userinfo.sort();
    assert_eq!(
        (claims.userinfo, claims.essential_acr, claims.subjects),
        (vec!["email".to_owned(), "name".to_owned()], vec!["a".to_owned(), "b".to_owned()], vec!["user_1".to_owned()])
    );
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    for bad in ["x", "[]", "1", r#"{"userinfo":1}"#, r#"{"id_token":{"a":1}}"#, deep.as_str()] {
        assert_eq!(code(checked(&json!({}), &[("claims", bad)])), Some(Code::InvalidRequest), "{bad}");
    }
}

#[test]
fn too_long_is_an_error_or_ignored() {
    assert_eq!(code(checked(&json!({}), &[("state", &"x".repeat(4097))])), Some(Code::InvalidRequest));
    assert_eq!(code(checked(&json!({}), &[("nonce", &"x".repeat(1025))])), Some(Code::InvalidRequest));
    assert_eq!(checked(&json!({}), &[("login_hint", &"x".repeat(1025))]).unwrap().login_hint, None);
}
