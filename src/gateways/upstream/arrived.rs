//! What goes to a provider and what comes back, the same for all of them.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroize;

use super::error::UpstreamError;
use crate::time::Timestamp;

/// The longest text about a person that is taken, in bytes; what is longer is dropped.
const LONGEST: usize = 500;
/// The longest address of a picture or website.
const LONGEST_URL: usize = 2000;
/// The longest subject, by OIDC Core 2.
const LONGEST_SUBJECT: usize = 255;

/// What was made when a sign-in began, and is kept until its end.
#[derive(Clone, Copy)]
pub struct Begun<'a> {
    /// RFC 6749 section 10.12.
    pub state: &'a str,
    /// OIDC Core 3.1.2.1; only OpenID providers get it.
    pub nonce: &'a str,
    /// PKCE code verifier, 43 to 128 characters (RFC 7636 section 4.1).
    pub verifier: &'a str,
    pub redirect_uri: &'a str,
}

/// What a provider is to ask somebody who is signed in there. Only OpenID providers understand it (OIDC Core 3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// What it likes.
    Nothing,
    /// Which of their accounts.
    Choose,
    /// Who they are, again; [`Arrived::auth_time`] says whether it did.
    ProveAgain,
}

/// What came back with the browser.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub code: &'a str,
    /// RFC 9207.
    pub iss: Option<&'a str>,
}

/// Who came, as the provider says. Texts are trimmed, not empty, bounded and without control characters; addresses of
/// pictures and websites are `http` or `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The provider's own name for the person: never given to somebody else.
    pub subject: String,
    /// Who gives it its name, if that is not the issuer of the settings: one of many tenants.
    pub issuer: Option<String>,
    pub email: Option<String>,
    /// Whether the provider calls [`Self::email`] verified; false without one.
    pub email_verified: bool,
    /// Google's `hd`: the organisation that the account belongs to.
    pub hosted_domain: Option<String>,
    pub name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub username: Option<String>,
    pub picture: Option<String>,
    /// BCP 47 tag.
    pub locale: Option<String>,
    pub website: Option<String>,
    /// OIDC Core 2.
    pub acr: Option<String>,
    /// OIDC Core 2; RFC 8176.
    pub amr: Vec<String>,
    /// When the person last proved who they are, if the provider says.
    pub auth_time: Option<Timestamp>,
    pub tokens: Tokens,
}

impl Arrived {
    /// Somebody of whom only the subject is known.
    pub(super) fn new(subject: String, tokens: Tokens) -> Self {
        Self {
            subject,
            issuer: None,
            email: None,
            email_verified: false,
            hosted_domain: None,
            name: None,
            given_name: None,
            family_name: None,
            username: None,
            picture: None,
            locale: None,
            website: None,
            acr: None,
            amr: Vec::new(),
            auth_time: None,
            tokens,
        }
    }

    /// Drops what cannot be meant. Only the subject must be right: it is compared, so it is never mended.
    pub(super) fn tidy(&mut self) -> Result<(), UpstreamError> {
        let subject = &self.subject;
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.chars().any(char::is_control) {
            return Err(UpstreamError::Garbage("the subject is empty, too long or has control characters".into()));
        }
        for text in [
            &mut self.email,
            &mut self.hosted_domain,
            &mut self.name,
            &mut self.given_name,
            &mut self.family_name,
            &mut self.username,
            &mut self.locale,
            &mut self.acr,
        ] {
            *text = text.take().and_then(|text| plain(&text, LONGEST));
        }
        for address in [&mut self.picture, &mut self.website] {
            let is_web = |text: &String| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            *address = address.take().and_then(|text| plain(&text, LONGEST_URL)).filter(is_web);
        }
        self.amr = self.amr.iter().take(20).filter_map(|method| plain(method, LONGEST)).collect();
        self.email_verified &= self.email.is_some();
        Ok(())
    }
}

fn plain(text: &str, longest: usize) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= longest && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// A provider's tokens for calls to it. Serialised they are secrets: seal them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    pub access_token: TokenText,
    pub refresh_token: Option<TokenText>,
    /// Life of the access token from now on, if the provider says.
    pub expires_in: Option<Duration>,
    /// What was granted, with spaces between, if the provider says.
    pub scope: Option<String>,
}

/// A token. `Debug` never shows it, and it leaves memory when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenText(String);

impl TokenText {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The token itself. Each call is a place to review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for TokenText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}
