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
    let Basic { id: basic_id, secret: basic_secret, plain } = basic(header.as_bytes()).map_err(invalid_client)?;
    if secret.is_some() || id.is_some_and(|id| id != basic_id) {
        return Err(OAuthError::invalid_request("the client proves itself in two ways: use one"));
    }
    Ok(Credentials { client_id: Cow::Owned(basic_id), proof: Proof::Basic(Cow::Owned(basic_secret), Cow::Owned(plain)) })
}

struct Basic {
    id: String,
    /// Form-decoded, as far as it can be.
    secret: String,
    /// As it stood there.
    plain: String,
}

/// Id and secret, each form-encoded before it was joined (RFC 6749 section 2.3.1). Many clients do not encode, so a secret with `+` or `%` is kept as
/// it stood there as well. Or what is wrong, for whoever writes a client.
fn basic(header: &[u8]) -> Result<Basic, &'static str> {
    let encoded = match header.split_at_checked(6) {
        Some((scheme, encoded)) if scheme.eq_ignore_ascii_case(b"Basic ") => encoded,
        _ => return Err("the Authorization header is not Basic"),
    };
    let decoded = BASE64
        .decode(encoded.trim_ascii())
        .map_err(|_| "the credentials of Basic are not base64: RFC 4648 section 4, with + and /, and with = at the end")?;
    let text = std::str::from_utf8(&decoded).map_err(|_| "the credentials of Basic are not UTF-8")?;
    let (id, plain) = text.split_once(':').ok_or("the credentials of Basic have no colon between client id and secret")?;
    let id = form_decoded(id).ok_or("the client id of Basic is not form-encoded UTF-8 (RFC 6749 section 2.3.1)")?;
    Ok(Basic { id, secret: form_decoded(plain).unwrap_or_else(|| plain.to_owned()), plain: plain.to_owned() })
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
            Proof::Basic(secret, _) => ("basic", secret.to_string()),
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
    fn what_is_wrong_with_basic_is_said() {
        for (header, why) in [
            ("Bearer x".to_owned(), "not Basic"),
            (
                format!("Basic {}", basic_header("shop:se").trim_start_matches("Basic ").trim_end_matches('=')),
                "with = at the end",
            ),
            ("Basic c2hvcA==".to_owned(), "no colon"),
            (basic_header("%ff:x"), "client id of Basic"),
        ] {
            assert!(basic(header.as_bytes()).err().is_some_and(|said| said.contains(why)), "{header}");
        }
        // A secret of a client that does not encode stands there as it is, beside what it would be if it did.
        let found = basic(basic_header("shop:a+b%2B").as_bytes()).ok().map(|basic| (basic.secret, basic.plain));
        assert_eq!(found, Some(("a b+".to_owned(), "a+b%2B".to_owned())));
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
        assert_eq!(read(&[&basic_header("%ff:x")], &none), Err(Code::InvalidClient));
        assert_eq!(read(&[&basic_header("shop:%ff")], &none), Ok(found("shop", "basic", "%ff")), "not encoded");
    }
}
