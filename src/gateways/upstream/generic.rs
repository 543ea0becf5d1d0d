//! Any OAuth 2 provider: the settings say where things stand in its document.

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
use crate::settings::providers::{self, ClaimPaths, ClientAuth};

#[derive(Debug)]
pub(super) struct Generic {
    userinfo: Url,
    claims: ClaimPaths,
}

pub(super) fn endpoints(settings: &providers::Endpoints) -> Endpoints {
    Endpoints {
        authorization: settings.authorization.to_string(),
        token: settings.token.to_string(),
        auth: match settings.client_auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Post => AuthType::RequestBody,
        },
        scopes: Vec::new(),
        profile: Profile::Generic(Box::new(Generic { userinfo: settings.userinfo.clone(), claims: settings.claims.clone() })),
    }
}

impl Generic {
    pub(super) async fn profile(&self, calls: &Calls, tokens: Tokens) -> Result<Arrived, UpstreamError> {
        let document: Value = calls.json(&self.userinfo, Some(tokens.access_token.expose()), &[]).await?;
        let (me, claims) = (Document(&document), &self.claims);
        Ok(Arrived {
            email: me.text(&claims.email),
            email_verified: me.flag(&claims.email_verified),
            name: me.text(&claims.name),
            username: me.text(&claims.username),
            picture: me.text(&claims.picture),
            ..Arrived::new(me.subject(&claims.subject)?, tokens)
        })
    }
}
