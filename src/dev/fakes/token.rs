//! The checks of a token endpoint, which all providers make and each words in its own way.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

use super::{
    CLIENT_ID, CLIENT_SECRET, Fakes,
    grants::{Code, Grant},
    provider::Provider,
};
use crate::{crypto::pkce, engine::params::Params, http::context};

/// Why there are no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No or another client id.
    UnknownClient,
    /// No or another secret, or not where it belongs.
    WrongSecret,
    GrantType,
    UnknownCode,
    ExpiredCode,
    SpentCode,
    /// Not the redirect URI of the authorization request.
    RedirectUri,
    NoVerifier,
    WrongVerifier,
    /// A verifier without a challenge.
    UnaskedVerifier,
    UnknownRefreshToken,
}

/// Fresh tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    pub grant: Arc<Grant>,
    pub access: String,
    pub refresh: Option<String>,
    /// From a code, not from a refresh token.
    pub first: bool,
}

impl Tokens {
    /// Seconds until the access token ends; 0 if it does not.
    pub(super) fn expires_in(&self) -> u64 {
        self.grant.provider.token_lifetime().map_or(0, |lifetime| lifetime.as_secs())
    }
}

/// Redeems a code or a refresh token.
pub(super) fn exchange(fakes: &Fakes, provider: Provider, headers: &HeaderMap, form: &Params) -> Result<Tokens, Refusal> {
    authenticate(provider, headers, form)?;
    match form.first("grant_type") {
        "authorization_code" => {}
        // Neither asks for it.
        "" if matches!(provider, Provider::Github | Provider::Facebook) => {}
        "refresh_token" if !matches!(provider, Provider::Github | Provider::Facebook) => return refresh(fakes, provider, form),
        _ => return Err(Refusal::GrantType),
    }
    let code = form.first("code");
    let grant = match fakes.grants.code(provider, code) {
        Code::Unknown => return Err(Refusal::UnknownCode),
        Code::Expired => return Err(Refusal::ExpiredCode),
        Code::Spent => return Err(Refusal::SpentCode),
        Code::Good(grant) => grant,
    };
    if form.first("redirect_uri") != grant.redirect_uri {
        return Err(Refusal::RedirectUri);
    }
    match (&grant.challenge, form.first("code_verifier")) {
        (Some(_), "") => return Err(Refusal::NoVerifier),
        (Some(challenge), verifier) if !pkce::verify_s256(verifier, challenge) => return Err(Refusal::WrongVerifier),
        // Only Facebook takes offence.
        (None, verifier) if provider == Provider::Facebook && !verifier.is_empty() => return Err(Refusal::UnaskedVerifier),
        _ => {}
    }
    // Of two at once, one comes second.
    if !fakes.grants.spend_code(provider, code) {
        return Err(Refusal::SpentCode);
    }
    let refresh = provider.is_refreshable(&grant.scopes, grant.offline);
    Ok(issue(fakes, grant, refresh, true))
}

fn refresh(fakes: &Fakes, provider: Provider, form: &Params) -> Result<Tokens, Refusal> {
    let grant = fakes.grants.refresh(provider, form.first("refresh_token")).ok_or(Refusal::UnknownRefreshToken)?;
    Ok(issue(fakes, grant, provider.rotates(), false))
}

fn issue(fakes: &Fakes, grant: Arc<Grant>, with_refresh: bool, first: bool) -> Tokens {
    let access = access_token(fakes, grant.provider);
    fakes.grants.keep_access(access.clone(), Arc::clone(&grant));
    let refresh = with_refresh.then(|| refresh_token(fakes, grant.provider));
    if let Some(refresh) = &refresh {
        fakes.grants.keep_refresh(refresh.clone(), Arc::clone(&grant));
    }
    Tokens { grant, access, refresh, first }
}

/// An access token in the looks of the provider's.
fn access_token(fakes: &Fakes, provider: Provider) -> String {
    let random = &fakes.settings.random;
    match provider {
        Provider::Google => format!("ya29.{}", BASE64URL_NOPAD.encode(&random.bytes::<48>())),
        Provider::Github => format!("gho_{}", HEXLOWER.encode(&random.bytes::<18>())),
        Provider::Facebook => format!("EAA{}", HEXLOWER.encode(&random.bytes::<48>())),
        Provider::Twitter => BASE64URL_NOPAD.encode(&random.bytes::<66>()),
        Provider::Discord => HEXLOWER.encode(&random.bytes::<15>()),
    }
}

/// A refresh token: only Google's looks different.
fn refresh_token(fakes: &Fakes, provider: Provider) -> String {
    match provider {
        Provider::Google => format!("1//0{}", BASE64URL_NOPAD.encode(&fakes.settings.random.bytes::<60>())),
        _ => access_token(fakes, provider),
    }
}

/// A code in the looks of the provider's.
pub(super) fn code(fakes: &Fakes, provider: Provider) -> String {
    let random = &fakes.settings.random;
    match provider {
        Provider::Google => format!("4/0A{}", BASE64URL_NOPAD.encode(&random.bytes::<45>())),
        Provider::Github => HEXLOWER.encode(&random.bytes::<10>()),
        Provider::Facebook => format!("AQ{}", BASE64URL_NOPAD.encode(&random.bytes::<90>())),
        Provider::Twitter => BASE64URL_NOPAD.encode(&random.bytes::<66>()),
        Provider::Discord => HEXLOWER.encode(&random.bytes::<15>()),
    }
}

/// The client: `dev` with the secret `dev`, at every provider.
fn authenticate(provider: Provider, headers: &HeaderMap, form: &Params) -> Result<(), Refusal> {
    let posted = (form.first("client_id").to_owned(), form.first("client_secret").to_owned());
    let (id, secret) = match (provider, basic(headers)) {
        // X reads the secret of a confidential client in the header only, and Facebook none there.
        (Provider::Twitter, found) => found.ok_or(Refusal::WrongSecret)?,
        (Provider::Facebook, _) | (_, None) => posted,
        (_, Some(found)) => found,
    };
    match (id == CLIENT_ID, secret == CLIENT_SECRET) {
        (false, _) => Err(Refusal::UnknownClient),
        (true, false) => Err(Refusal::WrongSecret),
        (true, true) => Ok(()),
    }
}

/// Name and password of HTTP Basic authentication (RFC 7617).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = context::header(headers, header::AUTHORIZATION.as_str())?.split_once(' ')?;
    let bytes = BASE64.decode(encoded.trim().as_bytes()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(bytes).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// The token of `Authorization: Bearer …` (RFC 6750); GitHub also reads `token …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = context::header(headers, header::AUTHORIZATION.as_str())?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")).then(|| token.trim())
}
