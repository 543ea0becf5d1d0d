//! The token endpoint (RFC 6749 section 3.2).

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::client_auth::credentials;
use super::error::ApiError;
use super::form::Form;
use super::json::Json;
use super::{NO_STORE, requester};
use crate::actions::App;
use crate::actions::token::{self, CodeRequest, RefreshRequest, Request};
use crate::engine::oauth_error::{Code, OAuthError};
use crate::engine::params::Params;
use crate::http::context::Context;

pub(super) async fn token(State(app): State<App>, context: Context, Form(params): Form) -> Result<Response, ApiError> {
    let requester = requester(&app, &context);
    let refused = |error| ApiError::token(error, &context.operation);
    let credentials = credentials(context.headers(), &params)?;
    let request = request(&params)?;
    let client = token::authenticate(&app, &requester, &credentials).await.map_err(refused)?;
    let answer = token::grant(&app, &requester, &client, &request).await.map_err(refused)?;
    Ok((NO_STORE, Json(answer)).into_response())
}

fn request(params: &Params) -> Result<Request<'_>, OAuthError> {
    let missing = |name: &str| OAuthError::invalid_request(format!("{name} is missing"));
    let scope = params.one("scope")?;
    match params.one("grant_type")?.ok_or_else(|| missing("grant_type"))? {
        "authorization_code" => Ok(Request::AuthorizationCode(CodeRequest {
            code: params.one("code")?.ok_or_else(|| missing("code"))?,
            redirect_uri: params.one("redirect_uri")?,
            code_verifier: params.one("code_verifier")?,
        })),
        "refresh_token" => {
            let refresh_token = params.one("refresh_token")?.ok_or_else(|| missing("refresh_token"))?;
            Ok(Request::RefreshToken(RefreshRequest { refresh_token, scope }))
        }
        "client_credentials" => Ok(Request::ClientCredentials { scope }),
        _ => Err(OAuthError::new(Code::UnsupportedGrantType, "use authorization_code, refresh_token or client_credentials")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(pairs: &str) -> Result<&'static str, Code> {
        let params = Params::parse(pairs.as_bytes()).unwrap();
        let named = |request: Request<'_>| match request {
            Request::AuthorizationCode(_) => "code",
            Request::RefreshToken(_) => "refresh",
            Request::ClientCredentials { .. } => "client",
        };
        request(&params).map(named).map_err(|error| error.code)
    }

    #[test]
    fn grants_and_what_they_need() {
        for (pairs, found) in [
            ("grant_type=authorization_code&code=x", Ok("code")),
            ("grant_type=refresh_token&refresh_token=x&scope=a", Ok("refresh")),
            ("grant_type=client_credentials&unknown=1&unknown=2", Ok("client")),
            ("", Err(Code::InvalidRequest)),
            ("grant_type=", Err(Code::InvalidRequest)),
            ("grant_type=authorization_code", Err(Code::InvalidRequest)),
            ("grant_type=authorization_code&code=x&code=x", Err(Code::InvalidRequest)),
            ("grant_type=authorization_code&code=x&redirect_uri=a&redirect_uri=a", Err(Code::InvalidRequest)),
            ("grant_type=refresh_token", Err(Code::InvalidRequest)),
            ("grant_type=client_credentials&grant_type=client_credentials", Err(Code::InvalidRequest)),
            ("grant_type=password&username=a&password=b", Err(Code::UnsupportedGrantType)),
            ("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", Err(Code::UnsupportedGrantType)),
        ] {
            assert_eq!(code(pairs), found, "{pairs}");
        }
    }
}
