//! Twitter/X: OAuth 2 with PKCE and API v2, whose documents stand in `data`. The address is there only if it is confirmed and
//! the app may ask for it. <https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code>

use oauth2::AuthType;

use super::{
    arrived::{Arrived, Tokens},
    document::Document,
    error::UpstreamError,
    oauth2::{Endpoints, Profile},
};
use crate::settings::providers::Base;

const FIELDS: &str = "name,username,profile_image_url,confirmed_email";

pub(super) fn endpoints(base: &Base, keep_tokens: bool) -> Endpoints {
    let api = format!("{}/2", base.or("https://api.x.com"));
    let mut scopes = vec!["users.read", "tweet.read", "users.email"];
    // Without it there is no refresh token.
    scopes.extend(keep_tokens.then_some("offline.access"));
    Endpoints {
        authorization: format!("{}/i/oauth2/authorize", base.or("https://x.com")),
        token: format!("{api}/oauth2/token"),
        auth: AuthType::BasicAuth,
        scopes,
        profile: Profile::Document { url: format!("{api}/users/me?user.fields={FIELDS}"), read },
    }
}

fn read(me: Document<'_>, tokens: Tokens) -> Result<Arrived, UpstreamError> {
    let email = me.text("data.confirmed_email");
    Ok(Arrived {
        email_verified: email.is_some(),
        email,
        name: me.text("data.name"),
        username: me.text("data.username"),
        picture: me.text("data.profile_image_url"),
        ..Arrived::new(me.subject("data.id")?, tokens)
    })
}
