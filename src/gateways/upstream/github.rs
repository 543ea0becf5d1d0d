//! GitHub: a numeric id, a profile, and the addresses apart from it. Errors of the token endpoint come with status 200.
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>

use axum::http::header::{ACCEPT, HeaderName};
use oauth2::AuthType;
use serde_json::Value;
use url::Url;

use super::{
    arrived::{Arrived, Tokens},
    calls::Calls,
    document::Document,
    error::UpstreamError,
    oauth2::{Endpoints, Profile},
};
use crate::settings::providers::Base;

#[derive(Debug)]
pub(super) struct Github {
    api: String,
}

pub(super) fn endpoints(base: &Base) -> Endpoints {
    let site = base.or("https://github.com");
    // GitHub Enterprise Server has its API under the same host.
    let api = if base.0.is_some() { format!("{site}/api/v3") } else { "https://api.github.com".to_owned() };
    Endpoints {
        authorization: format!("{site}/login/oauth/authorize"),
        token: format!("{site}/login/oauth/access_token"),
        auth: AuthType::RequestBody,
        scopes: vec!["read:user", "user:email"],
        profile: Profile::Github(Github { api }),
    }
}

impl Github {
    pub(super) async fn profile(&self, calls: &Calls, tokens: Tokens) -> Result<Arrived, UpstreamError> {
        let user: Value = self.get(calls, "/user", &tokens).await?;
        // Who did not grant the scope has no address here; that is no reason to turn them away.
        let emails: Value = match self.get(calls, "/user/emails", &tokens).await {
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

    async fn get(&self, calls: &Calls, path: &str, tokens: &Tokens) -> Result<Value, UpstreamError> {
        let url = Url::parse(&format!("{}{path}", self.api)).map_err(|error| UpstreamError::Garbage(error.to_string()))?;
        let headers = [(ACCEPT, "application/vnd.github+json"), (HeaderName::from_static("x-github-api-version"), "2022-11-28")];
        calls.json(&url, Some(tokens.access_token.expose()), &headers).await
    }
}
