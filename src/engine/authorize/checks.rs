//! The checks, one function each, in the order in which they run.

use serde_json::Value;

use super::response::ResponseMode;
use super::{AuthorizationRequest, Prompt};
use crate::engine::client::Client;
use crate::engine::oauth_error::{Code, OAuthError};
use crate::engine::params::Params;
use crate::engine::scope::Scopes;
use crate::settings::client_metadata::{GrantType, Pkce, ResponseType};

/// Looks at some parameters and fills its part of the request.
pub type Check = fn(&Client, &Params, &mut AuthorizationRequest) -> Result<(), OAuthError>;

/// Order matters where a later check reads what an earlier one filled: scope before PKCE.
pub const CHECKS: [Check; 11] =
    [state, response_type, response_mode, unsupported, scope, nonce, code_challenge, prompt, max_age, hints, claims];

const LONGEST_STATE: usize = 4096;
const LONGEST_TEXT: usize = 1024;

fn state(_: &Client, params: &Params, _: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    match params.one("state")? {
        Some(state) if state.len() > LONGEST_STATE => Err(OAuthError::invalid_request("state is too long")),
        _ => Ok(()),
    }
}

/// Only `code`: implicit and hybrid are refused on purpose (RFC 9700 section 2.1.2).
fn response_type(client: &Client, params: &Params, _: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    match params.one("response_type")? {
        None => Err(OAuthError::invalid_request("response_type is missing: use code")),
        Some("code")
            if client.metadata.response_types.contains(&ResponseType::Code)
                && client.metadata.grant_types.contains(&GrantType::AuthorizationCode) =>
        {
            Ok(())
        }
        Some("code") => {
            Err(OAuthError::new(Code::UnauthorizedClient, "the client is not registered for the authorization code grant"))
        }
        Some(_) => Err(OAuthError::new(Code::UnsupportedResponseType, "only response_type=code is supported")),
    }
}

fn response_mode(_: &Client, params: &Params, _: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    match params.one("response_mode")?.map(ResponseMode::named) {
        Some(None) => Err(OAuthError::invalid_request("response_mode must be query or form_post")),
        _ => Ok(()),
    }
}

/// OpenID Connect Core section 3.1.2.6 has an error for each of these.
fn unsupported(_: &Client, params: &Params, _: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    for (name, code) in [
        ("request", Code::RequestNotSupported),
        ("request_uri", Code::RequestUriNotSupported),
        ("registration", Code::RegistrationNotSupported),
    ] {
        if params.has(name) {
            return Err(OAuthError::new(code, format!("the parameter {name} is not supported")));
        }
    }
    Ok(())
}

/// Unknown values are ignored (OpenID Connect Core section 3.1.2.1); values that the client may not have as well. A client that cannot
/// refresh has no use for `offline_access` (section 11).
fn scope(client: &Client, params: &Params, request: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    let invalid = |why: &'static str| OAuthError::new(Code::InvalidScope, why);
    let text = params.one("scope")?.ok_or_else(|| invalid("scope is missing"))?;
    let asked = Scopes::parse(text).ok_or_else(|| invalid("scope is malformed"))?;
    let allowed = Scopes::parse(&client.metadata.scope.join(" ")).unwrap_or_default();
    let mut granted = asked.and(&allowed);
    if !client.metadata.grant_types.contains(&GrantType::RefreshToken) {
        granted = granted.without(&Scopes::parse("offline_access").unwrap_or_default());
    }
    if granted.is_empty() {
        return Err(invalid("the client may use none of the requested scopes"));
    }
    request.scopes = granted;
    Ok(())
}

fn nonce(_: &Client, params: &Params, request: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    let nonce = params.one("nonce")?;
    if nonce.is_some_and(|nonce| nonce.len() > LONGEST_TEXT) {
        return Err(OAuthError::invalid_request("nonce is too long"));
    }
    request.nonce = nonce.map(str::to_owned);
    Ok(())
}

/// RFC 7636 with S256 only. Who must send a challenge: public clients always; confidential ones unless the request is OpenID Connect with
/// a nonce (RFC 9700 section 2.1.1); a client set to `always` or `public_only` as it says.
fn code_challenge(client: &Client, params: &Params, request: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    let challenge = params.one("code_challenge")?;
    let method = params.one("code_challenge_method")?;
    let Some(challenge) = challenge else {
        let required = match client.metadata.pkce {
            Pkce::Always => true,
            Pkce::PublicOnly => !client.is_confidential(),
            Pkce::Default => !client.is_confidential() || !request.is_openid() || request.nonce.is_none(),
        };
        return match (required, method) {
            (true, _) => Err(OAuthError::invalid_request("code_challenge is missing: use PKCE with S256")),
            (false, Some(_)) => Err(OAuthError::invalid_request("code_challenge_method without code_challenge")),
            (false, None) => Ok(()),
        };
    };
    // A missing method would mean plain (RFC 7636 section 4.3).
    if method != Some("S256") {
        return Err(OAuthError::invalid_request("code_challenge_method must be S256"));
    }
    let is_digest = challenge.len() == 43 && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !is_digest {
        return Err(OAuthError::invalid_request("code_challenge must be 43 characters of base64url"));
    }
    request.code_challenge = Some(challenge.to_owned());
    Ok(())
}

/// Unknown values are ignored, `none` stands alone.
fn prompt(_: &Client, params: &Params, request: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    let values = params.one("prompt")?.unwrap_or_default();
    let known = |value| match value {
        "none" => Some(Prompt::None),
        "login" => Some(Prompt::Login),
        "consent" => Some(Prompt::Consent),
        "select_account" => Some(Prompt::SelectAccount),
        "create" => Some(Prompt::Create),
        _ => None,
    };
    request.prompt = values.split(' ').filter_map(known).collect();
    if request.asks(Prompt::None) && values.split(' ').filter(|value| !value.is_empty()).count() > 1 {
        return Err(OAuthError::invalid_request("prompt=none cannot be combined with another value"));
    }
    Ok(())
}

fn max_age(_: &Client, params: &Params, request: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    let Some(text) = params.one("max_age")? else { return Ok(()) };
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    // A number beyond 136 years is no limit at all.
    let seconds = digits.then(|| text.parse().unwrap_or(u32::MAX));
    request.max_age = Some(seconds.ok_or_else(|| OAuthError::invalid_request("max_age must be a number of seconds"))?);
    Ok(())
}

/// Hints never fail a request; one that is too long is no hint.
fn hints(_: &Client, params: &Params, request: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    let hint =
        |name: &'static str| Ok::<_, OAuthError>(params.one(name)?.filter(|text| text.len() <= LONGEST_TEXT).map(str::to_owned));
    request.login_hint = hint("login_hint")?;
    request.ui_locales = hint("ui_locales")?;
    let acr_values = hint("acr_values")?.unwrap_or_default();
    request.acr_values = acr_values.split_ascii_whitespace().map(str::to_owned).collect();
    for name in ["display", "claims_locales", "id_token_hint"] {
        params.one(name)?;
    }
    Ok(())
}

/// OpenID Connect Core section 5.5. Claims whose scope the client may not have are ignored.
fn claims(client: &Client, params: &Params, request: &mut AuthorizationRequest) -> Result<(), OAuthError> {
    let Some(text) = params.one("claims")? else { return Ok(()) };
    let malformed = || OAuthError::invalid_request("claims must be a JSON object with userinfo and id_token");
    if text.len() > 16 * 1024 {
        return Err(malformed());
    }
    let Ok(Value::Object(asked)) = serde_json::from_str(text) else { return Err(malformed()) };
    let part = |name: &str| match asked.get(name) {
        None | Some(Value::Null) => Ok(serde_json::Map::new()),
        Some(Value::Object(part)) if part.values().all(|claim| claim.is_null() || claim.is_object()) => Ok(part.clone()),
        Some(_) => Err(malformed()),
    };
    let (userinfo, id_token) = (part("userinfo")?, part("id_token")?);
    let texts = |claim: &Value| {
        let many = claim.get("values").and_then(Value::as_array).into_iter().flatten();
        many.chain(claim.get("value")).filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let essential = |claim: &&Value| claim.get("essential").and_then(Value::as_bool) == Some(true);
    request.claims.essential_acr = id_token.get("acr").filter(essential).map(texts).unwrap_or_default();
    request.claims.subjects = subjects([&id_token, &userinfo]).ok_or_else(|| {
        OAuthError::invalid_request("the sub in claims must be somebody: a text as value, or texts as values, which fit together")
    })?;
    // Names that we do not know are ignored, so they need not be kept.
    let known = |name: &&String| crate::engine::claims::supported().any(|known| known == name.as_str());
    request.claims.userinfo = userinfo.keys().filter(known).cloned().collect();
    request.claims.id_token = id_token.keys().filter(known).cloned().collect();
    let allowed = client.metadata.scope.iter().map(String::as_str).collect();
    request.claims = std::mem::take(&mut request.claims).within(&allowed);
    Ok(())
}

/// Who may be signed in: one of `values` or the `value`, in the ID token's part and the userinfo's alike. Empty: anybody, none was named. None:
/// nobody can be all of that.
fn subjects(parts: [&serde_json::Map<String, Value>; 2]) -> Option<Vec<String>> {
    let mut wanted: Option<Vec<String>> = None;
    for claim in parts.iter().filter_map(|part| part.get("sub")) {
        let named: Vec<Value> = match (claim.get("value"), claim.get("values")) {
            (None, None) => continue,
            (Some(one), None) => vec![one.clone()],
            (None, Some(many)) => many.as_array()?.clone(),
            (Some(one), Some(many)) => many.as_array()?.iter().filter(|other| *other == one).cloned().collect(),
        };
        let named: Vec<String> = named.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?;
        wanted = Some(match wanted {
            None => named,
            Some(before) => before.into_iter().filter(|name| named.contains(name)).collect(),
        });
    }
    match wanted {
        None => Some(Vec::new()),
        Some(names) => Some(names).filter(|names| !names.is_empty()),
    }
}

#[cfg(test)]
mod tests;
