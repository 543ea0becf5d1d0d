//! Temporary.
use super::http::{HttpError, Reach};
use crate::{locale::Locale, settings::providers::ProviderSettings, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;
#[derive(Debug)]
pub struct Upstreams;
#[derive(Debug)]
pub struct Upstream;
impl Upstreams {
    pub fn new(_: &[ProviderSettings], _: Reach) -> Result<Self, HttpError> {
        Ok(Self)
    }
    pub fn get(&self, _: &str) -> Option<&Upstream> {
        None
    }
}
#[derive(Debug)]
pub struct Begun<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a str,
    pub redirect_uri: &'a str,
}
#[derive(Debug)]
pub struct Answer<'a> {
    pub code: &'a str,
    pub iss: Option<&'a str>,
}
impl Upstream {
    pub async fn authorization_url(&self, _: &Begun<'_>, _: bool, _: Locale) -> Result<Url, UpstreamError> {
        Err(UpstreamError::Slow)
    }
    pub async fn finish(&self, _: &Begun<'_>, _: Answer<'_>, _: Timestamp) -> Result<Arrived, UpstreamError> {
        Err(UpstreamError::Slow)
    }
    pub async fn refresh(&self, _: &str) -> Result<Tokens, UpstreamError> {
        Err(UpstreamError::Slow)
    }
}
#[derive(Debug)]
pub struct Arrived {
    pub subject: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub hosted_domain: Option<String>,
    pub name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub username: Option<String>,
    pub picture: Option<String>,
    pub locale: Option<String>,
    pub website: Option<String>,
    pub acr: Option<String>,
    pub amr: Vec<String>,
    pub tokens: Tokens,
}
#[derive(Debug, Serialize, Deserialize)]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub expires_in: Option<Duration>,
    pub scope: Option<String>,
}
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error("x")]
    Unreachable(String),
    #[error("x")]
    Slow,
    #[error("x")]
    Garbage(String),
}
impl UpstreamError {
    pub fn as_str(&self) -> &'static str {
        "x"
    }
}
