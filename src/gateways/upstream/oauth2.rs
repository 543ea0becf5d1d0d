//! OAuth 2 with PKCE, by the `oauth2` crate: what every provider without OpenID Connect shares (RFC 6749, RFC 7636).

use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, ErrorResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenResponse, TokenUrl,
    basic::BasicClient,
};
use url::Url;

use super::{
    arrived::{Answer, Arrived, Begun, TokenText, Tokens},
    calls::{Calls, refusal_in},
    document::Document,
    error::UpstreamError,
    facebook,
    generic::Generic,
    github,
};
use crate::settings::{Secret, providers::ProviderSettings};

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// What a dialect needs for the general part.
pub(super) struct Endpoints {
    pub authorization: String,
    pub token: String,
    pub auth: AuthType,
    pub scopes: Vec<&'static str>,
    pub profile: Profile,
}

/// How to learn whom the tokens are about.
#[derive(Debug)]
pub(super) enum Profile {
    /// One document, which is read in the provider's way.
    Document {
        url: String,
        read: fn(Document<'_>, Tokens) -> Result<Arrived, UpstreamError>,
    },
    Github {
        api: String,
    },
    Facebook {
        graph: String,
    },
    Generic(Box<Generic>),
}

/// A provider that speaks OAuth 2.
#[derive(Debug)]
pub(super) struct OAuth2 {
    client: Client,
    authorization: Url,
    secret: Secret,
    scopes: Vec<String>,
    profile: Profile,
}

impl OAuth2 {
    pub(super) fn new(settings: &ProviderSettings, endpoints: Endpoints) -> Result<Self, UpstreamError> {
        let wrong = |_| UpstreamError::Garbage(format!("an endpoint of {} is no URL", settings.id));
        let Endpoints { authorization, token, auth, scopes, profile } = endpoints;
        let mut all: Vec<String> = scopes.into_iter().map(str::to_owned).collect();
        all.extend(settings.scopes.iter().filter(|scope| !all.contains(scope)).cloned().collect::<Vec<_>>());
        let authorization = AuthUrl::new(authorization).map_err(wrong)?;
        Ok(Self {
            authorization: authorization.url().clone(),
            client: BasicClient::new(ClientId::new(settings.client_id.clone()))
                .set_client_secret(ClientSecret::new(settings.client_secret.expose().to_owned()))
                .set_auth_type(auth)
                .set_auth_uri(authorization)
                .set_token_uri(TokenUrl::new(token).map_err(wrong)?),
            secret: settings.client_secret.clone(),
            scopes: all,
            profile,
        })
    }

    pub(super) fn authorization_url(&self, begun: &Begun<'_>) -> Result<Url, UpstreamError> {
        let client = self.client.clone().set_redirect_uri(redirect(begun)?);
        let state = CsrfToken::new(begun.state.to_owned());
        let (url, _) = client
            .authorize_url(|| state)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier(begun)?))
            .url();
        Ok(url)
    }

    pub(super) async fn finish(&self, calls: &Calls, begun: &Begun<'_>, answer: Answer<'_>) -> Result<Arrived, UpstreamError> {
        self.check_issuer(answer.iss)?;
        let client = self.client.clone().set_redirect_uri(redirect(begun)?);
        let http = calls.sender();
        let response = client
            .exchange_code(AuthorizationCode::new(answer.code.to_owned()))
            .set_pkce_verifier(verifier(begun)?)
            .request_async(&http)
            .await
            .map_err(token_error)?;
        let tokens = tokens(&response)?;
        match &self.profile {
            Profile::Document { url, read } => read(Document(&calls.document(url, &tokens, &[]).await?), tokens),
            Profile::Github { api } => github::profile(api, calls, tokens).await,
            Profile::Facebook { graph } => facebook::profile(graph, calls, &self.secret, tokens).await,
            Profile::Generic(generic) => generic.profile(calls, tokens).await,
        }
    }

    /// These providers have no metadata that would name their issuer. Each has its own redirect URI, which is the defence of
    /// RFC 9700 section 4.4.2.2; an answer that names an issuer at another host than we sent the browser to is refused all the same.
    pub(super) fn check_issuer(&self, iss: Option<&str>) -> Result<(), UpstreamError> {
        let is_theirs = |iss: &str| Url::parse(iss).is_ok_and(|iss| iss.origin() == self.authorization.origin());
        if iss.is_none_or(is_theirs) { Ok(()) } else { Err(UpstreamError::WrongIssuer) }
    }

    pub(super) async fn refresh(&self, calls: &Calls, refresh_token: &str) -> Result<Tokens, UpstreamError> {
        refresh(&self.client, calls, refresh_token).await
    }
}

/// RFC 6749 section 6.
pub(super) async fn refresh<A, D, I, R>(
    client: &BasicClient<A, D, I, R, EndpointSet>,
    calls: &Calls,
    refresh_token: &str,
) -> Result<Tokens, UpstreamError>
where
    A: oauth2::EndpointState,
    D: oauth2::EndpointState,
    I: oauth2::EndpointState,
    R: oauth2::EndpointState,
{
    let http = calls.sender();
    let refresh_token = RefreshToken::new(refresh_token.to_owned());
    let response = client.exchange_refresh_token(&refresh_token).request_async(&http).await.map_err(token_error)?;
    tokens(&response)
}

pub(super) fn redirect(begun: &Begun<'_>) -> Result<RedirectUrl, UpstreamError> {
    RedirectUrl::new(begun.redirect_uri.to_owned()).map_err(|_| UpstreamError::Garbage("our redirect URI is no URL".into()))
}

/// The crate panics at a verifier of another length than RFC 7636 section 4.1 has.
pub(super) fn verifier(begun: &Begun<'_>) -> Result<PkceCodeVerifier, UpstreamError> {
    if !(43..=128).contains(&begun.verifier.len()) {
        return Err(UpstreamError::Garbage("our code verifier is malformed".into()));
    }
    Ok(PkceCodeVerifier::new(begun.verifier.to_owned()))
}

/// The tokens of an answer, if they are such as may stand in a header (RFC 6749 appendix A.12 and A.17).
pub(super) fn tokens(response: &impl TokenResponse) -> Result<Tokens, UpstreamError> {
    let visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let access_token = response.access_token().secret();
    let refresh_token = response.refresh_token().map(RefreshToken::secret);
    if !visible(access_token) || !refresh_token.is_none_or(|token| visible(token)) {
        return Err(UpstreamError::Garbage("a token has characters that no token has".into()));
    }
    let scope = |scopes: &Vec<Scope>| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
    Ok(Tokens {
        access_token: TokenText::new(access_token),
        refresh_token: refresh_token.map(TokenText::new),
        expires_in: response.expires_in(),
        scope: response.scopes().map(scope),
    })
}

/// What a token endpoint's answer means when it brings no tokens. What the crates say of it may quote the answer, and so the
/// tokens; only names of members are repeated.
pub(super) fn token_error<T: ErrorResponse + 'static>(error: RequestTokenError<UpstreamError, T>) -> UpstreamError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(error) => {
            let error = serde_json::to_vec(&error).unwrap_or_default();
            refusal_in(&error).unwrap_or_else(|| UpstreamError::refused("unknown", ""))
        }
        // GitHub says its errors with status 200, Facebook in a shape of its own.
        RequestTokenError::Parse(error, body) => refusal_in(&body).unwrap_or_else(|| {
            let message = error.inner().to_string();
            let missing = message.starts_with("missing field").then(|| message.split(" at line").next()).flatten();
            UpstreamError::garbage(&match missing {
                Some(missing) => format!("token response: {missing}"),
                None if error.inner().is_data() => format!("token response: `{}` is of another form", error.path()),
                None => "the token response is no JSON".to_owned(),
            })
        }),
        RequestTokenError::Other(message) => UpstreamError::garbage(&format!("token response: {message}")),
    }
}
