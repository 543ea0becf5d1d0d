//! Discord: OAuth 2, and a user with `verified` beside the address. <https://discord.com/developers/docs/topics/oauth2>

use oauth2::AuthType;

use super::{
    arrived::{Arrived, Tokens},
    document::Document,
    error::UpstreamError,
    oauth2::{Endpoints, Profile},
};
use crate::settings::providers::Base;

pub(super) fn endpoints(base: &Base) -> Endpoints {
    let site = base.or("https://discord.com");
    let api = format!("{site}/api");
    Endpoints {
        authorization: format!("{site}/oauth2/authorize"),
        token: format!("{api}/oauth2/token"),
        auth: AuthType::RequestBody,
        scopes: vec!["identify", "email"],
        profile: Profile::Document { url: format!("{api}/users/@me"), read },
    }
}

fn read(me: Document<'_>, tokens: Tokens) -> Result<Arrived, UpstreamError> {
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

/// Discord gives the picture's hash only.
fn picture(id: &str, avatar: &str) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (plain(id) && plain(avatar)).then(|| format!("https://cdn.discordapp.com/avatars/{id}/{avatar}.png"))
}
