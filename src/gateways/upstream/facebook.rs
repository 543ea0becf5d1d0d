//! Facebook: the Graph API, each call with a proof that it comes from the app's server. The address may be absent, and nothing
//! says whether it is the person's. <https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow>

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
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
use crate::settings::{Secret, providers::Base};

const VERSION: &str = "v23.0";
const FIELDS: &str = "id,name,first_name,last_name,email,picture";

pub(super) fn endpoints(base: &Base) -> Endpoints {
    let graph = format!("{}/{VERSION}", base.or("https://graph.facebook.com"));
    Endpoints {
        authorization: format!("{}/{VERSION}/dialog/oauth", base.or("https://www.facebook.com")),
        token: format!("{graph}/oauth/access_token"),
        auth: AuthType::RequestBody,
        scopes: vec!["public_profile", "email"],
        profile: Profile::Facebook { graph },
    }
}

pub(super) async fn profile(graph: &str, calls: &Calls, secret: &Secret, tokens: Tokens) -> Result<Arrived, UpstreamError> {
    let access_token = tokens.access_token.expose();
    let parameters =
        [("fields", FIELDS), ("access_token", access_token), ("appsecret_proof", &appsecret_proof(secret, access_token))];
    let url =
        Url::parse_with_params(&format!("{graph}/me"), parameters).map_err(|error| UpstreamError::Garbage(error.to_string()))?;
    let me: Value = calls.json(&url, None, &[]).await?;
    let me = Document(&me);
    Ok(Arrived {
        email: me.text("email"),
        name: me.text("name"),
        given_name: me.text("first_name"),
        family_name: me.text("last_name"),
        picture: me.text("picture.data.url"),
        ..Arrived::new(me.subject("id")?, tokens)
    })
}

/// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>: a stolen access token is of no use without it.
fn appsecret_proof(secret: &Secret, access_token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    HEXLOWER.encode(hmac::sign(&key, access_token.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_proof_is_an_hmac_in_lower_case_hex() {
        assert_eq!(
            appsecret_proof(&Secret::new("Jefe"), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
