//! Requests and answers as they look on the wire.

use data_encoding::BASE64;

use crate::world::Answer;

/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Basic,
    Post,
    None,
}

/// A registered client, as it knows itself.
#[derive(Clone, Copy, Debug)]
pub struct Rp {
    pub id: &'static str,
    pub secret: &'static str,
    pub method: Method,
    pub redirect_uri: &'static str,
}

impl Rp {
    pub fn basic(self) -> String {
        basic(&format!("{}:{}", self.id, self.secret))
    }
}

pub fn basic(text: &str) -> String {
    format!("Basic {}", BASE64.encode(text.as_bytes()))
}

/// An authorization request: with `state`, `nonce` and PKCE unless changed.
#[derive(Clone, Debug)]
pub struct Ask(Vec<(String, String)>);

impl Ask {
    pub fn of(rp: Rp) -> Self {
        let all = [
            ("client_id", rp.id),
            ("redirect_uri", rp.redirect_uri),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "af0ifjsldkj"),
            ("nonce", "n-0S6_WzA2Mj"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        Self(all.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).also(name, value)
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(found, _)| found != name);
        self
    }

    pub fn without_pkce(self) -> Self {
        self.without("code_challenge").without("code_challenge_method")
    }

    /// Once more, beside what is there.
    pub fn also(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    pub fn path(&self) -> String {
        format!("/oauth2/authorize?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish())
    }
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.text());
        self
    }

    /// Asserts an OAuth error in JSON (RFC 6749 section 5.2).
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        let found = (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned());
        assert_eq!(found, (status, code.to_owned()), "{}", self.text());
        assert_eq!(self.header("cache-control"), "no-store");
    }

    /// The parameters of an answer by redirect, which must lead to this address.
    #[track_caller]
    pub fn sent_to(&self, redirect_uri: &str) -> Sent {
        assert!(self.status == 303 || self.leaves(), "{:?}\n{}", self.headers, self.text());
        let joint = if redirect_uri.contains('?') { '&' } else { '?' };
        let query = self.location().strip_prefix(redirect_uri).and_then(|rest| rest.strip_prefix(joint));
        let query = query.unwrap_or_else(|| panic!("{} is not {redirect_uri}", self.location()));
        Sent(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// Asserts that the request stays here: an error page, nothing sent anywhere.
    #[track_caller]
    pub fn stays(&self) {
        assert_eq!((self.status, self.location()), (400, ""), "{}", self.text());
        assert!(self.header("content-type").starts_with("text/html"), "{:?}", self.headers);
        assert!(self.headers.get("refresh").is_none() && !self.text().contains("http-equiv=\"refresh\""));
    }
}

/// Parameters that a client received.
#[derive(Clone, Debug)]
pub struct Sent(pub Vec<(String, String)>);

impl Sent {
    /// The value of a parameter, which may be there once; empty if there is none.
    #[track_caller]
    pub fn get(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        let value = found.next().map_or("", |(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} comes twice: {self:?}");
        value
    }

    /// Asserts an error as RFC 6749 section 4.1.2.1 and RFC 9207 section 2 want it.
    #[track_caller]
    pub fn error(&self, code: &str) {
        assert_eq!(self.get("error"), code, "{self:?}");
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["error", "error_description", "iss", "state"], "{self:?}");
        assert_eq!((self.get("iss"), self.get("state")), (super::house::ISSUER, "af0ifjsldkj"));
        let allowed = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(self.get("error_description").bytes().all(allowed), "{self:?}");
    }

    #[track_caller]
    pub fn code(&self) -> String {
        assert!(!self.get("code").is_empty(), "{self:?}");
        self.get("code").to_owned()
    }
}
