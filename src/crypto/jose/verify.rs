//! Checking a JWS.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{JoseError, VerifyingKey};

/// The largest token looked at: 16 KiB.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Header parameters that would have us fetch a key, trust one that came along, or do what we do not understand
/// (RFC 7515 section 4.1).
const FORBIDDEN: [&str; 5] = ["crit", "jku", "jwk", "x5u", "x5c"];

/// Checks a JWS in the compact form and reads its claims.
///
/// `typ` lists the types allowed, without `application/`, compared ignoring case (RFC 7515 section 4.1.9); a token without
/// a type is refused. `keys` finds a key by its id, which is text from outside; the key decides the algorithm
/// (RFC 8725 section 3.1). What the claims say (issuer, audience, times) is the caller's to check.
///
/// Read the claims into a struct and a member that comes twice is refused; in a `Value` the last one counts.
pub fn decode<'k, T: DeserializeOwned>(
    token: &str,
    typ: &[&str],
    keys: impl Fn(&str) -> Option<&'k VerifyingKey>,
) -> Result<T, JoseError> {
    let Parts { header, signed, payload, signature } = Parts::of(token, typ)?;
    let key = keys(header.text("kid")?).ok_or(JoseError::UnknownKey)?;
    if header.text("alg")? != key.alg.as_str() {
        return Err(JoseError::Algorithm);
    }
    key.public.verify_sig(signed.as_bytes(), &signature).map_err(|_| JoseError::Signature)?;
    serde_json::from_slice(&payload).map_err(|_| JoseError::Payload)
}

/// The id of the key that a token of one of these types says it was signed with. Nothing is checked but the form; it is for finding the key.
pub fn key_id(token: &str, typ: &[&str]) -> Result<String, JoseError> {
    Ok(Parts::of(token, typ)?.header.text("kid")?.to_owned())
}

/// A token taken apart, with a header of a type that is allowed and without what is forbidden.
struct Parts<'t> {
    header: Header,
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Parts<'t> {
    fn of(token: &'t str, typ: &[&str]) -> Result<Self, JoseError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JoseError::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JoseError::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(JoseError::Form)?;
        // A fourth part would be a dot inside the payload, which is no base64url.
        let [header, payload, signature] = [decoded(header)?, decoded(payload)?, decoded(signature)?];

        let header: Header = serde_json::from_slice(&header).map_err(|_| JoseError::Header)?;
        if let Some(name) = FORBIDDEN.into_iter().find(|&name| header.0.contains_key(name)) {
            return Err(JoseError::Forbidden(name));
        }
        let found = media_type(header.text("typ")?);
        if !typ.iter().any(|allowed| allowed.eq_ignore_ascii_case(found)) {
            return Err(JoseError::Type);
        }
        Ok(Self { header, signed, payload, signature })
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, JoseError> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| JoseError::Form)
}

/// A type without `application/`, which may be left out (RFC 7515 section 4.1.9).
fn media_type(typ: &str) -> &str {
    const APPLICATION: &str = "application/";
    match typ.split_at_checked(APPLICATION.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(APPLICATION) => rest,
        _ => typ,
    }
}

/// The members of a header, none of them twice (RFC 7515 section 4).
struct Header(Map<String, Value>);

impl Header {
    fn text(&self, name: &str) -> Result<&str, JoseError> {
        self.0.get(name).and_then(Value::as_str).ok_or(JoseError::Header)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Header, A::Error> {
                let mut header = Map::new();
                while let Some((name, value)) = members.next_entry()? {
                    if header.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member comes twice"));
                    }
                }
                Ok(Header(header))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::jose::{Alg, SigningKey};
    use proptest::prelude::*;
    use serde_json::json;

    fn key() -> SigningKey {
        SigningKey::generate(Alg::Es256, "key_1".into()).unwrap()
    }

    fn check(key: &SigningKey, token: &str) -> Result<Value, JoseError> {
        decode(token, &["JWT"], |kid| (kid == key.kid()).then(|| key.verifying_key()))
    }

    /// A token with this header and a signature that fits nothing.
    fn with_header(header: &str) -> String {
        format!("{}.e30.{}", BASE64URL_NOPAD.encode(header.as_bytes()), "A".repeat(86))
    }

    #[test]
    fn reads_what_was_signed_and_nothing_else() {
        let key = key();
        let token = key.sign("JWT", &json!({"sub": "user_1"})).unwrap();
        assert_eq!(check(&key, &token), Ok(json!({"sub": "user_1"})));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let forged = format!("{header}.{}.{signature}", BASE64URL_NOPAD.encode(br#"{"sub":"user_2"}"#));
        assert_eq!(check(&key, &forged), Err(JoseError::Signature));
        assert_eq!(check(&key, &format!("{signed}.")), Err(JoseError::Signature));
        for form in [signed, "", ".", "..", "...", &format!("{token}."), &format!("{token}="), &format!(" {token}")] {
            assert!(check(&key, form).is_err(), "{form}");
        }
        assert_eq!(check(&key, &"a".repeat(MAX_TOKEN_BYTES + 1)), Err(JoseError::TooLarge));
        // The same key under another id, and another key under the same id.
        assert_eq!(decode::<Value>(&token, &["JWT"], |_| None), Err(JoseError::UnknownKey));
        let other = SigningKey::generate(Alg::Es256, "key_1".into()).unwrap();
        assert_eq!(check(&other, &token), Err(JoseError::Signature));
    }

    #[test]
    fn hostile_headers() {
        let key = key();
        for (header, error) in [
            (r#"{"alg":"none","typ":"JWT","kid":"key_1"}"#, JoseError::Algorithm),
            (r#"{"alg":"HS256","typ":"JWT","kid":"key_1"}"#, JoseError::Algorithm),
            (r#"{"alg":"RS256","typ":"JWT","kid":"key_1"}"#, JoseError::Algorithm),
            (r#"{"alg":"es256","typ":"JWT","kid":"key_1"}"#, JoseError::Algorithm),
            (r#"{"alg":"ES256","typ":"JWT","kid":"../../dev/null"}"#, JoseError::UnknownKey),
            (r#"{"alg":"ES256","typ":"JWT","kid":"x' UNION SELECT 'key"}"#, JoseError::UnknownKey),
            (r#"{"alg":"ES256","typ":"JWT","kid":["key_1"]}"#, JoseError::Header),
            (r#"{"alg":"ES256","typ":"JWT"}"#, JoseError::Header),
            (r#"{"alg":"ES256","kid":"key_1"}"#, JoseError::Header),
            (r#"{"typ":"JWT","kid":"key_1"}"#, JoseError::Header),
            (r#"{"alg":"ES256","typ":"at+jwt","kid":"key_1"}"#, JoseError::Type),
            (r#"{"alg":"none","alg":"ES256","typ":"JWT","kid":"key_1"}"#, JoseError::Header),
            (r#"{"alg":"ES256","typ":"JWT","kid":"key_1","x":1,"x":1}"#, JoseError::Header),
            (r#"{"alg":"ES256","typ":"JWT","kid":"key_1","crit":["exp"]}"#, JoseError::Forbidden("crit")),
            (r#"{"alg":"ES256","typ":"JWT","kid":"key_1","jku":"https://a"}"#, JoseError::Forbidden("jku")),
            (r#"{"alg":"ES256","typ":"JWT","kid":"key_1","jwk":{}}"#, JoseError::Forbidden("jwk")),
            (r#"{"alg":"ES256","typ":"JWT","kid":"key_1","x5u":"https://a"}"#, JoseError::Forbidden("x5u")),
            (r#"{"alg":"ES256","typ":"JWT","kid":"key_1","x5c":[]}"#, JoseError::Forbidden("x5c")),
            (r#"["ES256"]"#, JoseError::Header),
            ("", JoseError::Header),
            (r#"{"alg":"ES256","typ":"JWT","kid":"key_1"}"#, JoseError::Signature),
        ] {
            assert_eq!(check(&key, &with_header(header)), Err(error), "{header}");
        }
    }

    #[test]
    fn a_public_key_is_no_hmac_secret() {
        use aws_lc_rs::hmac;
        let key = SigningKey::generate(Alg::Rs256, "key_1".into()).unwrap();
        let header = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT","kid":"key_1"}"#);
        let signed = format!("{header}.e30");
        for secret in [json!(key.public_jwk()).to_string().as_bytes(), key.verifying_key().public.as_ref()] {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
            let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()));
            assert_eq!(check(&key, &token), Err(JoseError::Algorithm));
        }
    }

    #[test]
    fn types_are_media_types() {
        let key = key();
        let read = |typ: &str, allowed: &[&str]| {
            decode::<Value>(&key.sign(typ, &json!({})).unwrap(), allowed, |_| Some(key.verifying_key()))
        };
        assert!(read("Application/AT+JWT", &["JWT", "at+jwt"]).is_ok());
        assert!(read("jwt", &["JWT"]).is_ok());
        assert_eq!(read("text/at+jwt", &["at+jwt"]), Err(JoseError::Type));
        assert_eq!(read("", &["at+jwt"]), Err(JoseError::Type));
        assert_eq!(read("at+jwt", &[]), Err(JoseError::Type));
    }

    #[test]
    fn a_claim_that_comes_twice_is_refused_by_a_struct() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Claims {
            sub: String,
        }
        let key = key();
        let signed = format!("{}.{}", header_of(&key), BASE64URL_NOPAD.encode(br#"{"sub":"a","sub":"b"}"#));
        let token = key.sign_raw(&signed);
        let read = decode::<Claims>(&token, &["JWT"], |_| Some(key.verifying_key()));
        assert_eq!(read, Err(JoseError::Payload));
    }

    fn header_of(key: &SigningKey) -> String {
        key.sign("JWT", &json!({})).unwrap().split('.').next().unwrap().to_owned()
    }

    impl SigningKey {
        fn sign_raw(&self, signed: &str) -> String {
            format!("{signed}.{}", BASE64URL_NOPAD.encode(&self.signature(signed.as_bytes()).unwrap()))
        }
    }

    proptest! {
        #[test]
        fn decoding_never_panics(text in ".{0,200}", header in ".{0,80}", typ in ".{0,20}") {
            let key = key();
            prop_assert!(check(&key, &text).is_err());
            prop_assert!(check(&key, &with_header(&header)).is_err());
            let _ = decode::<Value>(&key.sign(&typ, &json!({})).unwrap(), &["JWT"], |_| Some(key.verifying_key()));
        }
    }
}
