//! Discord: OAuth 2, and a user with `verified` beside the address. <https://discord.com/developers/docs/topics/oauth2>

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
pub(super) struct Discord {
    api: String,
}

pub(super) fn endpoints(base: &Base) -> Endpoints {
    let site = base.or("https://discord.com");
    let api = format!("{site}/api");
    Endpoints {
        authorization: format!("{site}/oauth2/authorize"),
        token: format!("{api}/oauth2/token"),
        auth: AuthType::RequestBody,
        scopes: vec!["identify", "email"],
        profile: Profile::Discord(Discord { api }),
    }
}

impl Discord {
    pub(super) async fn profile(&self, calls: &Calls, tokens: Tokens) -> Result<Arrived, UpstreamError> {
        let url = Url::parse(&format!("{}/users/@me", self.api)).map_err(|error| UpstreamError::Garbage(error.to_string()))?;
        let me: Value = calls.json(&url, Some(tokens.access_token.expose()), &[]).await?;
        let me = Document(&me);
        let subject = me.subject("id")?;
        Ok(Arrived {
            email: me.text("email"),
            email_verified: me.flag("verified"),
            name: me.text("global_name"),
            username: me.text("username"),
            picture: me.text("avatar").and_then(|avatar| picture(&subject, &avatar)),
            locale: me.text("locale"),
            ..Arrived::new(subject, tokens)
        })
    }
}

/// Discord gives the picture's hash only.
fn picture(id: &str, avatar: &str) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (plain(id) && plain(avatar)).then(|| format!("https://cdn.discordapp.com/avatars/{id}/{avatar}.png"))
}
