//! The first pass over what a provider sends. The crates know the standards' types and stop at the first value of another one; a provider that
//! writes `amr` as text would keep everybody out. So they get the members that we need, in the types that the standards have, and nothing else.
//! What cannot be read as such is left out, and the log says so.

use axum::http::{HeaderValue, Response, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};
use url::Url;

use super::error::UpstreamError;

/// What a member should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    /// A whole number.
    Number,
    Flag,
    /// A list of texts.
    Texts,
    Address,
    /// Left as it is: whether it may be believed hangs on it, so the crate shall see what came.
    Strict,
}

/// The members of a document that are wanted, in their types.
pub(super) fn pick(document: &'static str, from: &Value, wanted: &[(&'static str, Type)]) -> Map<String, Value> {
    let mut picked = Map::new();
    for (name, wanted) in wanted {
        if let Some(value) = from.get(name).filter(|value| !value.is_null()) {
            match read(value, *wanted) {
                Some(value) => drop(picked.insert((*name).to_owned(), value)),
                None => unusable(document, name, value),
            }
        }
    }
    picked
}

/// The value in its type, if it can be meant so.
fn read(value: &Value, wanted: Type) -> Option<Value> {
    match wanted {
        Type::Strict => Some(value.clone()),
        Type::Text => text(value).filter(|text| !text.is_empty()).map(Value::from),
        Type::Number => integer(value).map(Value::from),
        Type::Flag => flag(value).map(Value::from),
        Type::Texts => Some(Value::from(texts(value)?)),
        Type::Address => value.as_str().map(str::trim).filter(|text| Url::parse(text).is_ok()).map(Value::from),
    }
}

/// A text, or a number as one. Fractions are nobody's name.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number, also with a fraction of nothing to matter (seconds), or as text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| seconds(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn seconds(number: f64) -> Option<i64> {
    // As text, for a cast would make something of everything.
    let whole = number.floor();
    (whole.abs() < 1e15).then(|| format!("{whole:.0}").parse().ok()).flatten()
}

/// Yes or no, also as text; a number is no word for it.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

/// The texts of a list; a single one is a list, too.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => Some(items.iter().filter_map(text).collect()),
        other => text(other).filter(|text| !text.is_empty()).map(|text| vec![text]),
    }
}

/// The name of a value's type: what the log may say of it, for the value may be about a person.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Says in the log that a member was of no use.
pub(super) fn unusable(document: &'static str, field: &str, value: &Value) {
    // An empty text is what some write for nothing.
    if value.as_str() != Some("") {
        tracing::warn!(document, field, held = kind(value), "a provider sent a field of another type, which is left out");
    }
}

/// What a token endpoint answers (RFC 6749 section 5.1), as the `oauth2` crate reads it. An error stays as it is.
pub(super) fn token_answer(mut response: Response<Vec<u8>>) -> Response<Vec<u8>> {
    if !response.status().is_success() {
        return response;
    }
    let Ok(answer) = serde_json::from_slice::<Value>(response.body()) else { return response };
    if answer.get("access_token").and_then(Value::as_str).is_none() {
        return response;
    }
    let mut answer = answer;
    if let Some(scopes) = answer.get("scope").and_then(Value::as_array) {
        let joined = scopes.iter().filter_map(text).collect::<Vec<_>>().join(" ");
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("scope".to_owned(), Value::from(joined));
        }
    }
    let wanted = [
        ("access_token", Type::Strict),
        ("token_type", Type::Text),
        ("expires_in", Type::Number),
        ("refresh_token", Type::Text),
        ("scope", Type::Text),
        ("id_token", Type::Text),
    ];
    let mut picked = pick("token response", &answer, &wanted);
    // Required, but there is no other that anybody could mean: we send every token as a bearer's.
    picked.entry("token_type").or_insert_with(|| json!("Bearer"));
    if picked.get("expires_in").and_then(Value::as_i64).is_some_and(|seconds| seconds < 0) {
        picked.remove("expires_in");
    }
    *response.body_mut() = Value::Object(picked).to_string().into_bytes();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What a provider says about itself (OIDC Discovery 3). Of the members that we do not read, those that the crate insists on are filled in.
pub(super) fn metadata(document: &Value) -> Value {
    let wanted = [
        ("issuer", Type::Strict),
        ("authorization_endpoint", Type::Strict),
        ("token_endpoint", Type::Strict),
        ("jwks_uri", Type::Strict),
        ("userinfo_endpoint", Type::Address),
        ("end_session_endpoint", Type::Address),
        ("scopes_supported", Type::Texts),
        ("id_token_signing_alg_values_supported", Type::Texts),
        ("token_endpoint_auth_methods_supported", Type::Texts),
        ("authorization_response_iss_parameter_supported", Type::Flag),
    ];
    let mut picked = pick("metadata", document, &wanted);
    picked.insert("response_types_supported".to_owned(), json!(["code"]));
    picked.insert("subject_types_supported".to_owned(), json!(["public"]));
    // All of them are signatures that only the provider can make (see `id_token`), so it makes no difference which it does not name.
    let all = json!(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]);
    picked.entry("id_token_signing_alg_values_supported").or_insert(all);
    Value::Object(picked)
}

/// Public keys (RFC 7517).
pub(super) fn keys(document: &Value) -> Result<Value, UpstreamError> {
    let Some(keys) = document.get("keys").and_then(Value::as_array) else {
        return Err(UpstreamError::Garbage("there is no list of keys".into()));
    };
    let wanted = ["kty", "use", "kid", "alg", "n", "e", "crv", "x", "y"].map(|name| (name, Type::Text));
    let keys: Vec<Value> = keys.iter().map(|key| Value::Object(pick("key", key, &wanted))).collect();
    Ok(json!({ "keys": keys }))
}

/// The header of an ID token (RFC 7515 section 4.1), as far as it matters.
pub(super) fn header(header: &Value) -> Value {
    let wanted =
        [("alg", Type::Strict), ("typ", Type::Strict), ("cty", Type::Strict), ("crit", Type::Strict), ("kid", Type::Text)];
    Value::Object(pick("ID token header", header, &wanted))
}

/// The claims of an ID token by which it is believed or not (OIDC Core 2). Who can send one with an `azp` or `at_hash` of another type could
/// send one without.
pub(super) fn id_claims(claims: &Value) -> Value {
    let wanted = [
        ("iss", Type::Strict),
        ("sub", Type::Text),
        ("aud", Type::Strict),
        ("exp", Type::Number),
        ("iat", Type::Number),
        ("nonce", Type::Strict),
        ("azp", Type::Text),
        ("at_hash", Type::Text),
    ];
    let mut picked = pick("ID token", claims, &wanted);
    if let Some(Value::Number(number)) = picked.get("aud") {
        let text = number.to_string();
        picked.insert("aud".to_owned(), Value::from(text));
    }
    Value::Object(picked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_they_can_be_meant() {
        for (value, wanted, expected) in [
            (json!("a"), Type::Text, Some(json!("a"))),
            (json!(7), Type::Text, Some(json!("7"))),
            (json!(""), Type::Text, None),
            (json!(7.5), Type::Text, None),
            (json!({}), Type::Text, None),
            (json!(7), Type::Number, Some(json!(7))),
            (json!("7"), Type::Number, Some(json!(7))),
            (json!(7.9), Type::Number, Some(json!(7))),
            (json!(1e300), Type::Number, None),
            (json!("soon"), Type::Number, None),
            (json!("True"), Type::Flag, Some(json!(true))),
            (json!(1), Type::Flag, None),
            (json!("pwd"), Type::Texts, Some(json!(["pwd"]))),
            (json!(["pwd", 7, null, {}]), Type::Texts, Some(json!(["pwd", "7"]))),
            (json!({}), Type::Texts, None),
            (json!(" https://a.example/ "), Type::Address, Some(json!("https://a.example/"))),
            (json!(""), Type::Address, None),
            (json!("nowhere"), Type::Address, None),
            (json!(["x"]), Type::Strict, Some(json!(["x"]))),
        ] {
            assert_eq!(read(&value, wanted), expected, "{value} {wanted:?}");
        }
    }

    #[test]
    fn errors_of_token_endpoints_stay_as_they_are() {
        for (status, body) in [(200, r#"{"error":"bad_verification_code"}"#), (400, r#"{"access_token":"x"}"#), (200, "<html>")] {
            let response = Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap();
            assert_eq!(token_answer(response).body(), body.as_bytes());
        }
    }
}
