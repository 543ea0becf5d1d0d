//! GitHub: a numeric id, a profile, and the addresses apart from it. Errors of the token endpoint come with status 200.
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>

use axum::http::header::{ACCEPT, HeaderName};
use oauth2::AuthType;
use serde_json::Value;

use super::{
    arrived::{Arrived, Tokens},
    calls::Calls,
    document::Document,
    error::UpstreamError,
    oauth2::{Endpoints, Profile},
};
use crate::settings::providers::Base;

pub(super) fn endpoints(base: &Base) -> Endpoints {
    let site = base.or("https://github.com");
    // GitHub Enterprise Server has its API under the same host.
    let api = if base.0.is_some() { format!("{site}/api/v3") } else { "https://api.github.com".to_owned() };
    Endpoints {
        authorization: format!("{site}/login/oauth/authorize"),
        token: format!("{site}/login/oauth/access_token"),
        auth: AuthType::RequestBody,
        scopes: vec!["read:user", "user:email"],
        profile: Profile::Github { api },
    }
}

pub(super) async fn profile(api: &str, calls: &Calls, tokens: Tokens) -> Result<Arrived, UpstreamError> {
    let headers = [(ACCEPT, "application/vnd.github+json"), (HeaderName::from_static("x-github-api-version"), "2022-11-28")];
    let user = calls.document(&format!("{api}/user"), &tokens, &headers).await?;
    // Who did not grant the scope has no address here; that is no reason to turn them away.
    let emails = match calls.document(&format!("{api}/user/emails"), &tokens, &headers).await {
        Err(UpstreamError::Refused { .. }) => Value::Null,
        other => other?,
    };
    let primary = emails.as_array().into_iter().flatten().map(Document).find(|email| email.flag("primary"));
    let user = Document(&user);
    Ok(Arrived {
        email: primary.and_then(|email| email.text("email")),
        email_verified: primary.is_some_and(|email| email.flag("verified")),
        name: user.text("name"),
        username: user.text("login"),
        picture: user.text("avatar_url"),
        website: user.text("blog"),
        ..Arrived::new(user.subject("id")?, tokens)
    })
}
