//! Google: OpenID Connect, as its discovery document and its guide describe it. As there, `prompt=login` and `max_age` change nothing:
//! `auth_time` is in the ID token only if the request's `claims` name it.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{
    Fakes,
    grants::Grant,
    provider::Provider,
    quirk::{self, Quirk, Stage, set},
    token::{self, Refusal, Tokens},
};
use crate::{
    crypto::jose::{Alg, JoseError, half_hash},
    http::{form::Form, page},
};

const ME: Provider = Provider::Google;
/// Seconds an ID token lives.
const ID_TOKEN: i64 = 3600;
const SKEW: i64 = 600;
/// How long ago the person of [`Quirk::LetThrough`] signed in.
const DAY: i64 = 86_400;

pub(super) fn routes() -> Router<Arc<Fakes>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/oauth2/v3/certs", get(certs))
        .route("/token", post(tokens))
        .route("/v1/userinfo", get(userinfo).post(userinfo))
}

async fn discovery(State(fakes): State<Arc<Fakes>>) -> Response {
    let base = fakes.base_url(ME);
    let document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/v1/userinfo"),
        "jwks_uri": format!("{base}/oauth2/v3/certs"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "picture", "sub"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
    });
    page::json(StatusCode::OK, &document)
}

async fn certs(State(fakes): State<Arc<Fakes>>) -> Response {
    match fakes.keys.published(&fakes.settings.random).await {
        Ok(keys) => page::json(StatusCode::OK, &json!({"keys": keys})),
        Err(error) => broken(&error),
    }
}

async fn tokens(State(fakes): State<Arc<Fakes>>, headers: HeaderMap, Form(form): Form) -> Response {
    let tokens = match token::exchange(&fakes, ME, &headers, &form) {
        Ok(tokens) => tokens,
        Err(refusal) => return refuse(refusal),
    };
    let grant = &tokens.grant;
    let mut answer = json!({
        "access_token": tokens.access,
        "expires_in": tokens.expires_in(),
        "scope": granted(&grant.scopes),
        "token_type": "Bearer",
    });
    if grant.has(&["openid"]) {
        match id_token(&fakes, &tokens).await {
            Ok(token) => set(&mut answer, "id_token", json!(token)),
            Err(error) => return broken(&error),
        }
    }
    if let Some(refresh) = &tokens.refresh {
        set(&mut answer, "refresh_token", json!(refresh));
    }
    if grant.quirk == Quirk::BentTypes {
        set(&mut answer, "expires_in", json!(tokens.expires_in().to_string()));
        set(&mut answer, "scope", json!(grant.scopes));
        set(&mut answer, "token_type", json!(""));
    }
    quirk::deliver(&fakes, grant.quirk, Stage::Token, ME, &answer).await
}

/// The scopes in their long names, as Google gives them back.
pub(super) fn granted(scopes: &[String]) -> String {
    let long = |scope: &String| match scope.as_str() {
        "email" => "https://www.googleapis.com/auth/userinfo.email".to_owned(),
        "profile" => "https://www.googleapis.com/auth/userinfo.profile".to_owned(),
        _ => scope.clone(),
    };
    scopes.iter().map(long).collect::<Vec<_>>().join(" ")
}

async fn id_token(fakes: &Fakes, tokens: &Tokens) -> Result<String, JoseError> {
    let grant = &tokens.grant;
    let now = fakes.settings.clock.now().seconds();
    let now = match grant.quirk {
        Quirk::ClockAhead => now + SKEW,
        Quirk::ClockBehind => now - SKEW,
        Quirk::Expired => now - ID_TOKEN - 120,
        _ => now,
    };
    let issuer = match grant.quirk {
        Quirk::WrongIssuer => "https://accounts.elsewhere.example".to_owned(),
        _ => fakes.base_url(ME),
    };
    let mut claims = json!({
        "iss": issuer, "azp": super::CLIENT_ID, "aud": super::CLIENT_ID, "sub": grant.subject(),
        "at_hash": half_hash(Alg::Rs256, &tokens.access), "iat": now, "exp": now + ID_TOKEN,
    });
    describe(fakes, grant, grant.quirk != Quirk::OtherPerson, &mut claims);
    // A refreshed ID token has none (OpenID Connect Core 1.0 section 12.2).
    if let Some(nonce) = grant.nonce.as_ref().filter(|_| tokens.first) {
        let nonce = match grant.quirk {
            Quirk::OtherNonce => "the-nonce-of-another-request",
            _ => nonce,
        };
        set(&mut claims, "nonce", json!(nonce));
    }
    match grant.quirk {
        Quirk::LetThrough => set(&mut claims, "auth_time", json!(grant.at.seconds() - DAY)),
        _ if grant.auth_time => set(&mut claims, "auth_time", json!(grant.at.seconds())),
        _ => {}
    }
    if grant.quirk == Quirk::MultiFactor {
        set(&mut claims, "amr", json!(["pwd", "otp", "mfa"]));
    }
    quirk::rename(grant.quirk, &mut claims, "sub");
    quirk::bend(grant.quirk, &mut claims);
    let random = &fakes.settings.random;
    let key = match grant.quirk {
        Quirk::KeysRotated => fakes.keys.fresh(random).await?,
        _ => fakes.keys.usual(random).await?,
    };
    key.sign("JWT", &claims)
}

/// What the scopes tell about the person.
fn describe(fakes: &Fakes, grant: &Grant, with_email: bool, claims: &mut Value) {
    let person = &grant.person;
    if let Some(email) = person.email.as_ref().filter(|_| with_email && grant.has(&["email"])) {
        set(claims, "email", json!(email));
        set(claims, "email_verified", json!(person.verified));
    }
    if let Some(domain) = person.hosted_domain() {
        set(claims, "hd", json!(domain));
    }
    if grant.has(&["profile"]) {
        set(claims, "name", json!(person.name()));
        set(claims, "given_name", json!(person.given_name));
        if !person.family_name.is_empty() {
            set(claims, "family_name", json!(person.family_name));
        }
        set(claims, "picture", json!(fakes.picture(person)));
    }
}

async fn userinfo(State(fakes): State<Arc<Fakes>>, headers: HeaderMap) -> Response {
    let Some(grant) = token::bearer(&headers).and_then(|token| fakes.grants.access(ME, token)) else {
        let challenge = HeaderValue::from_static("Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"");
        let mut response = error(StatusCode::UNAUTHORIZED, "invalid_request", "Invalid Credentials");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    };
    let mut told = Grant::clone(&grant);
    if grant.quirk == Quirk::OtherPerson {
        told.person = grant.person.another();
    }
    let mut claims = json!({"sub": told.subject()});
    describe(&fakes, &told, true, &mut claims);
    quirk::rename(grant.quirk, &mut claims, "sub");
    quirk::bend(grant.quirk, &mut claims);
    quirk::deliver(&fakes, grant.quirk, Stage::Profile, ME, &claims).await
}

fn error(status: StatusCode, error: &str, description: &str) -> Response {
    page::json(status, &json!({"error": error, "error_description": description}))
}

fn refuse(refusal: Refusal) -> Response {
    let bad = |code, description| error(StatusCode::BAD_REQUEST, code, description);
    match refusal {
        Refusal::UnknownClient => error(StatusCode::UNAUTHORIZED, "invalid_client", "The OAuth client was not found."),
        Refusal::WrongSecret => error(StatusCode::UNAUTHORIZED, "invalid_client", "The provided client secret is invalid."),
        Refusal::GrantType => bad("unsupported_grant_type", "Invalid grant_type"),
        Refusal::UnknownCode => bad("invalid_grant", "Malformed auth code."),
        Refusal::ExpiredCode | Refusal::SpentCode => bad("invalid_grant", "Bad Request"),
        Refusal::RedirectUri => bad("redirect_uri_mismatch", "Bad Request"),
        Refusal::NoVerifier => bad("invalid_grant", "Missing code verifier."),
        Refusal::WrongVerifier | Refusal::UnaskedVerifier => bad("invalid_grant", "Invalid code verifier."),
        Refusal::UnknownRefreshToken => bad("invalid_grant", "Token has been expired or revoked."),
    }
}

fn broken(error: &JoseError) -> Response {
    tracing::error!(%error, "the fake provider has no key");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
