//! The authorization endpoint's rules: a list of checks, then a decision.
//!
//! 1. [`trust`](redirect::trust): nothing may redirect before this has made a [`Trusted`] (RFC 9700 section 4.11).
//! 2. [`CHECKS`]: each looks at its parameters and fills its part of the request. Errors travel by the trusted redirect.
//! 3. [`decide`](decision::decide): sign in, consent, an answer, or an error.

mod checks;
mod decision;
mod hinted;
mod redirect;
mod response;

use serde::{Deserialize, Serialize};

use super::claims;
use super::client::Client;
use super::method::{ACR_ONE_FACTOR, ACR_TWO_FACTORS};
use super::oauth_error::OAuthError;
use super::params::Params;
use super::scope::Scopes;
use crate::ids::{ClientId, UserId};
use crate::time::Timestamp;

pub use checks::{CHECKS, Check};
pub use decision::{Asked, Consent, Consented, Decision, Facts, decide, is_fresh};
pub use hinted::{Hinted, for_the_hinted};
pub use redirect::{LONGEST_STATE, Trusted, Untrusted, trust};
pub use response::{Answer, ResponseMode, answer_url};

/// A checked authorization request (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client_id: ClientId,
    pub redirect_uri: String,
    /// Whether the request named its redirect URI; then the token request must too.
    pub redirect_uri_sent: bool,
    pub response_mode: ResponseMode,
    pub state: Option<String>,
    pub scopes: Scopes,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub prompt: Vec<Prompt>,
    /// Seconds.
    pub max_age: Option<u32>,
    /// When it arrived; a sign-in after that satisfies `prompt=login`.
    pub requested_at: Timestamp,
    pub login_hint: Option<String>,
    pub ui_locales: Option<String>,
    /// In order of preference; those that are unknown here mean nothing.
    #[serde(default)]
    pub acr_values: Vec<String>,
    pub claims: ClaimsRequest,
}

/// Values of `prompt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
    /// Initiating User Registration via OpenID Connect 1.0.
    Create,
}

/// What the `claims` parameter asks for (OpenID Connect Core section 5.5). Values are not negotiated but for `acr`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    pub userinfo: Vec<String>,
    pub id_token: Vec<String>,
    /// An essential `acr` that must be one of these (section 5.5.1.1).
    pub essential_acr: Vec<String>,
    /// Who may be the one signed in (section 5.5.1); none: anybody.
    pub subjects: Vec<String>,
}

impl ClaimsRequest {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Without the claims about a person whose scope is not among these.
    #[must_use]
    pub fn within(mut self, scopes: &Scopes) -> Self {
        let allowed = |claim: &String| claims::scope_of(claim).is_none_or(|scope| scopes.contains(scope));
        self.userinfo.retain(allowed);
        self.id_token.retain(allowed);
        self
    }
}

impl AuthorizationRequest {
    pub fn is_openid(&self) -> bool {
        self.scopes.contains("openid")
    }

    /// What the person must have allowed: the scopes, and those whose claims are asked for by name.
    pub fn wanted(&self) -> Scopes {
        let named = self.claims.userinfo.iter().chain(&self.claims.id_token);
        self.scopes.or(&named.filter_map(|claim| claims::scope_of(claim)).collect())
    }

    /// Whether the application needs two factors: by an essential `acr` (OpenID Connect Core section 5.5.1.1) that nothing less satisfies.
    pub fn needs_two_factors(&self) -> bool {
        let essential = &self.claims.essential_acr;
        let has = |level: &str| essential.iter().any(|acr| acr == level);
        has(ACR_TWO_FACTORS) && !has(ACR_ONE_FACTOR)
    }

    /// Whether it would like two: they come first among the `acr_values` that are known here. These are a voluntary claim, in order of preference
    /// (section 3.1.2.1): whoever has a second factor is asked for it, and nobody is refused, or made to set one up; the answer's `acr` says what it was.
    pub fn likes_two_factors(&self) -> bool {
        let preferred = self.acr_values.iter().find(|acr| [ACR_ONE_FACTOR, ACR_TWO_FACTORS].contains(&acr.as_str()));
        preferred.is_some_and(|acr| acr == ACR_TWO_FACTORS)
    }

    /// Whether a sign-in after the request is wanted, whoever is signed in.
    pub fn wants_sign_in(&self) -> bool {
        [Prompt::Login, Prompt::SelectAccount, Prompt::Create].iter().any(|prompt| self.asks(*prompt))
    }

    /// Whether it matters when somebody has proved who they are.
    pub fn wants_fresh_proof(&self) -> bool {
        self.wants_sign_in() || self.max_age.is_some()
    }

    /// Whether this person may be the one who gets an answer.
    pub fn is_for(&self, person: &UserId) -> bool {
        let subjects = &self.claims.subjects;
        subjects.is_empty() || subjects.iter().any(|subject| subject == person.as_str())
    }

    pub fn asks(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }
}

/// The most that a request may keep, in bytes as stored.
pub const MOST_KEPT: usize = 4096;

/// Runs the checks in order.
pub fn check(trusted: &Trusted, client: &Client, params: &Params, now: Timestamp) -> Result<AuthorizationRequest, OAuthError> {
    let mut request = AuthorizationRequest {
        client_id: client.id.clone(),
        redirect_uri: trusted.redirect_uri().to_owned(),
        redirect_uri_sent: trusted.redirect_uri_sent,
        response_mode: trusted.response_mode,
        state: trusted.state.clone(),
        scopes: Scopes::default(),
        nonce: None,
        code_challenge: None,
        prompt: Vec::new(),
        max_age: None,
        requested_at: now,
        login_hint: None,
        ui_locales: None,
        acr_values: Vec::new(),
        claims: ClaimsRequest::default(),
    };
    for check in CHECKS {
        check(client, params, &mut request)?;
    }
    // Anybody may begin as many journeys as the limits let them, and each keeps its request for a day.
    let kept = serde_json::to_string(&request).map_or(usize::MAX, |text| text.len());
    if kept > MOST_KEPT {
        let why = "the request is too long: of all that is kept while the person signs in (state, nonce, scope, hints, acr values, claims) 4 KB are";
        return Err(OAuthError::invalid_request(why));
    }
    Ok(request)
}
