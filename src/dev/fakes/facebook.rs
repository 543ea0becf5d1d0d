//! Facebook: the manual login flow and the Graph API, of any version.

use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde_json::{Value, json};

use super::{
    CLIENT_SECRET, Fakes,
    grants::Grant,
    provider::Provider,
    quirk::{self, Stage, set},
    token::{self, Refusal},
};
use crate::{
    engine::params::Params,
    http::{
        form::{Form, Query},
        page,
    },
};

const ME: Provider = Provider::Facebook;

pub(super) fn routes() -> Router<Arc<Fakes>> {
    Router::new().route("/{version}/oauth/access_token", get(tokens_by_get).post(tokens_by_post)).route("/{version}/me", get(me))
}

async fn tokens_by_get(State(fakes): State<Arc<Fakes>>, headers: HeaderMap, Query(query): Query) -> Response {
    tokens(&fakes, &headers, &query).await
}

async fn tokens_by_post(State(fakes): State<Arc<Fakes>>, headers: HeaderMap, Form(form): Form) -> Response {
    tokens(&fakes, &headers, &form).await
}

async fn tokens(fakes: &Fakes, headers: &HeaderMap, params: &Params) -> Response {
    match token::exchange(fakes, ME, headers, params) {
        Ok(tokens) => {
            let answer = json!({"access_token": tokens.access, "token_type": "bearer", "expires_in": tokens.expires_in()});
            quirk::deliver(fakes, tokens.grant.quirk, Stage::Token, ME, &answer).await
        }
        Err(refusal) => refuse(fakes, refusal),
    }
}

fn refuse(fakes: &Fakes, refusal: Refusal) -> Response {
    let (message, code, subcode) = match refusal {
        Refusal::UnknownClient => ("Error validating application. Invalid application ID.", 101, None),
        Refusal::WrongSecret => ("Error validating client secret.", 1, None),
        Refusal::GrantType => ("Invalid grant_type. Supported types: authorization_code, client_credentials", 100, None),
        Refusal::UnknownCode | Refusal::UnknownRefreshToken => ("Invalid verification code format.", 100, None),
        Refusal::ExpiredCode => ("This authorization code has expired.", 100, Some(36007)),
        Refusal::SpentCode => ("This authorization code has been used.", 100, Some(36009)),
        Refusal::RedirectUri => (
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth \
             dialog request",
            100,
            Some(36008),
        ),
        Refusal::NoVerifier => ("Missing code_verifier param.", 1, None),
        Refusal::WrongVerifier => ("Invalid code verifier.", 1, None),
        Refusal::UnaskedVerifier => {
            ("code_verifier param is provided without a code_challenge in authorization request.", 1, None)
        }
    };
    let mut response = error(fakes, message, "OAuthException", code, subcode);
    let kind = if matches!(refusal, Refusal::UnknownClient | Refusal::WrongSecret) { "invalid_client" } else { "invalid_code" };
    if let Ok(challenge) = HeaderValue::try_from(format!("OAuth \"Facebook Platform\" \"{kind}\" \"{message}\"")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn error(fakes: &Fakes, message: &str, kind: &str, code: u32, subcode: Option<u32>) -> Response {
    let trace = BASE64URL_NOPAD.encode(&fakes.settings.random.bytes::<17>());
    let mut error = json!({"message": message, "type": kind, "code": code, "fbtrace_id": format!("A{trace}")});
    if let Some(subcode) = subcode {
        set(&mut error, "error_subcode", json!(subcode));
    }
    page::json(StatusCode::BAD_REQUEST, &json!({"error": error}))
}

async fn me(State(fakes): State<Arc<Fakes>>, headers: HeaderMap, Query(query): Query) -> Response {
    let token = query.one("access_token").ok().flatten().or_else(|| token::bearer(&headers));
    let Some(token) = token else {
        let message = "An active access token must be used to query information about the current user.";
        return error(&fakes, message, "OAuthException", 2500, None);
    };
    let Some(grant) = fakes.grants.access(ME, token) else {
        return error(&fakes, "Invalid OAuth access token - Cannot parse access token", "OAuthException", 190, None);
    };
    // "Require app secret" is on, as an operator should have it.
    let proof = query.first("appsecret_proof");
    if proof.is_empty() {
        return error(&fakes, "API calls from the server require an appsecret_proof argument", "GraphMethodException", 100, None);
    }
    if !proves(proof, token) {
        return error(&fakes, "Invalid appsecret_proof provided in the API argument", "GraphMethodException", 100, None);
    }
    let asked = match query.first("fields") {
        "" => "name,id",
        fields => fields,
    };
    let mut answer = json!({});
    for field in asked.split(',').map(str::trim).chain(["id"]) {
        match value(&fakes, &grant, field) {
            Some(Value::Null) => {}
            Some(value) => set(&mut answer, field, value),
            None => {
                let message = format!("(#100) Tried accessing nonexisting field ({field}) on node type (User)");
                return error(&fakes, &message, "OAuthException", 100, None);
            }
        }
    }
    quirk::rename(grant.quirk, &mut answer, "id");
    quirk::deliver(&fakes, grant.quirk, Stage::Profile, ME, &answer).await
}

/// A field of the person; null if there is nothing to tell, and none if there is no such field. Whether the address is verified is not
/// said, and without the permission or an address there is no member at all.
fn value(fakes: &Fakes, grant: &Grant, field: &str) -> Option<Value> {
    let person = &grant.person;
    Some(match field {
        "id" => json!(grant.subject()),
        "name" => json!(person.name()),
        "first_name" | "short_name" => json!(person.given_name),
        "last_name" if person.family_name.is_empty() => Value::Null,
        "last_name" => json!(person.family_name),
        "email" if !grant.has(&["email"]) => Value::Null,
        "email" => json!(person.email),
        "picture" => {
            json!({"data": {"height": 50, "is_silhouette": false, "url": fakes.picture(person), "width": 50}})
        }
        _ => return None,
    })
}

/// Whether this is the HMAC of the access token under the app's secret, in hexadecimal ("Secure Graph API calls").
fn proves(proof: &str, token: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
    HEXLOWER_PERMISSIVE.decode(proof.as_bytes()).is_ok_and(|proof| hmac::verify(&key, token.as_bytes(), &proof).is_ok())
}
