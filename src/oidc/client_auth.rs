//! How a client says who it is, and proves it (RFC 6749 section 2.3): by one method, never two.

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use data_encoding::BASE64;

use crate::actions::token::{Credentials, Proof};
use crate::engine::oauth_error::{Code, OAuthError};
use crate::engine::params::Params;

fn invalid_client(description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidClient, description)
}

/// Reads the credentials of a request.
pub(super) fn credentials<'a>(headers: &HeaderMap, params: &'a Params) -> Result<Credentials<'a>, OAuthError> {
    let (id, secret) = (params.one("client_id")?, params.one("client_secret")?);
    if params.has("client_assertion") || params.has("client_assertion_type") {
        return Err(invalid_client("client assertions are not supported"));
    }
    let mut authorization = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = authorization.next() else {
        let client_id = Cow::Borrowed(id.ok_or_else(|| invalid_client("the client did not say who it is"))?);
        return Ok(Credentials { client_id, proof: secret.map_or(Proof::None, Proof::Post) });
    };
    if authorization.next().is_some() {
        return Err(OAuthError::invalid_request("there is more than one Authorization header"));
    }
    let (basic_id, basic_secret) =
        basic(header.as_bytes()).ok_or_else(|| invalid_client("the Authorization header is not Basic"))?;
    if secret.is_some() || id.is_some_and(|id| id != basic_id) {
        return Err(OAuthError::invalid_request("the client proves itself in two ways: use one"));
    }
    Ok(Credentials { client_id: Cow::Owned(basic_id), proof: Proof::Basic(Cow::Owned(basic_secret)) })
}

/// Id and secret, each form-encoded before it was joined (RFC 6749 section 2.3.1).
fn basic(header: &[u8]) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_at_checked(6)?;
    scheme.eq_ignore_ascii_case(b"Basic ").then_some(())?;
    let decoded = BASE64.decode(encoded.trim_ascii()).ok()?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    if !text.contains(['%', '+', '&', '=']) {
        return Some(text.to_owned());
    }
    // As one value: an unencoded `&` or `=` belongs to it.
    let pair = format!("v={}", text.replace('&', "%26"));
    let (_, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
    (!value.contains('\u{fffd}')).then(|| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: &[&str], params: &Params) -> Result<(String, &'static str, String), Code> {
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        let read = credentials(&headers, params).map_err(|error| error.code)?;
        let (method, secret) = match &read.proof {
            Proof::Basic(secret) => ("basic", secret.to_string()),
            Proof::Post(secret) => ("post", (*secret).to_owned()),
            Proof::None => ("none", String::new()),
        };
        Ok((read.client_id.into_owned(), method, secret))
    }

    fn basic_header(text: &str) -> String {
        format!("Basic {}", BASE64.encode(text.as_bytes()))
    }

    fn found(id: &str, method: &'static str, secret: &str) -> (String, &'static str, String) {
        (id.to_owned(), method, secret.to_owned())
    }

    #[test]
    fn three_methods() {
        let none = Params::default();
        assert_eq!(read(&[&basic_header("shop:secret")], &none), Ok(found("shop", "basic", "secret")));
        assert_eq!(read(&[&basic_header("a%3Ab:c%2Bd+e%25")], &none), Ok(found("a:b", "basic", "c+d e%")));
        assert_eq!(read(&[&basic_header("shop:a:b&c=d")], &none), Ok(found("shop", "basic", "a:b&c=d")));
        assert_eq!(read(&[&basic_header("shop:x").replace("Basic", "bAsIc")], &none), Ok(found("shop", "basic", "x")));
        let post = Params::from([("client_id", "shop"), ("client_secret", "secret")]);
        assert_eq!(read(&[], &post), Ok(found("shop", "post", "secret")));
        assert_eq!(read(&[], &Params::from([("client_id", "shop")])), Ok(found("shop", "none", "")));
    }

    #[test]
    fn never_two_methods_and_nothing_else() {
        let basic = basic_header("shop:secret");
        let none = Params::default();
        let same_id = Params::from([("client_id", "shop")]);
        assert!(read(&[&basic], &same_id).is_ok());
        for (headers, params, code) in [
            (vec![basic.as_str()], Params::from([("client_secret", "secret")]), Code::InvalidRequest),
            (vec![basic.as_str()], Params::from([("client_id", "other")]), Code::InvalidRequest),
            (vec![basic.as_str(), basic.as_str()], none.clone(), Code::InvalidRequest),
            (vec![], Params::from([("client_id", "a"), ("client_id", "a")]), Code::InvalidRequest),
            (vec![], none.clone(), Code::InvalidClient),
            (vec![], Params::from([("client_id", "a"), ("client_assertion", "x")]), Code::InvalidClient),
            (vec!["Bearer abc"], none.clone(), Code::InvalidClient),
            (vec!["Basic"], none.clone(), Code::InvalidClient),
            (vec!["Basic !!!"], none.clone(), Code::InvalidClient),
            (vec!["Basic c2hvcA=="], none.clone(), Code::InvalidClient),
        ] {
            assert_eq!(read(&headers, &params), Err(code), "{headers:?} {params:?}");
        }
        assert_eq!(read(&[&basic_header("shop:%ff")], &none), Err(Code::InvalidClient));
    }
}
