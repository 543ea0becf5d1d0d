//! The protocol, as a relying party speaks it, by the `openidconnect` crate.

use aws_lc_rs::constant_time;
use data_encoding::BASE64URL_NOPAD;
use openidconnect::{
    AccessToken, AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClientId, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardErrorResponse, TokenResponse,
    core::{CoreClient, CoreErrorResponseType, CoreIdToken, CoreResponseType, CoreTokenResponse, CoreUserInfoClaims},
};
use serde_json::{Map, Value};
use url::Url;

use super::{Demo, FetchError, Fetching};
use crate::crypto::random::Random;

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;
type TokenError = RequestTokenError<FetchError, StandardErrorResponse<CoreErrorResponseType>>;

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    /// No answer, or none that can be understood.
    #[error("the provider: {0}")]
    Unreachable(String),
    /// An OAuth error code.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// A token failed a check.
    #[error("the answer is not valid: {0}")]
    Invalid(String),
}

/// What a sign-in needs to remember until the answer comes.
#[derive(Debug)]
pub(super) struct Start {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl Start {
    pub(super) fn has_state(&self, state: &str) -> bool {
        constant_time::verify_slices_are_equal(self.state.secret().as_bytes(), state.as_bytes()).is_ok()
    }
}

/// Who signed in, and with what.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    id_token: CoreIdToken,
    refresh_token: Option<RefreshToken>,
    /// Of the ID token, then of userinfo where they add something.
    pub claims: Map<String, Value>,
}

impl SignedIn {
    pub(super) const fn can_refresh(&self) -> bool {
        self.refresh_token.is_some()
    }
}

/// The provider as its metadata describe it, read anew for each use so that new keys are known.
pub(super) struct Provider<'a> {
    demo: &'a Demo,
    metadata: ProviderMetadataWithLogout,
    client: Client,
}

impl<'a> Provider<'a> {
    pub(super) async fn discover(demo: &'a Demo) -> Result<Self, ProviderError> {
        let unreachable = |error: &dyn std::fmt::Display| ProviderError::Unreachable(error.to_string());
        let issuer = IssuerUrl::new(demo.settings.issuer.clone()).map_err(|error| unreachable(&error))?;
        let redirect = RedirectUrl::new(format!("{}/callback", demo.settings.origin)).map_err(|error| unreachable(&error))?;
        let http = http(demo);
        let metadata = ProviderMetadataWithLogout::discover_async(issuer, &http)
            .await
            .map_err(|error| ProviderError::Unreachable(chain(&error)))?;
        let client = CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(demo.settings.client_id.clone()), None)
            .set_redirect_uri(redirect);
        Ok(Self { demo, metadata, client })
    }

    /// Where to send the browser, and what to remember.
    pub(super) fn authorization(&self, random: &Random) -> (Url, Start) {
        let fresh = || BASE64URL_NOPAD.encode(&random.bytes::<32>());
        let (state, nonce) = (CsrfToken::new(fresh()), Nonce::new(fresh()));
        let verifier = PkceCodeVerifier::new(fresh());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let (url, state, nonce) = self
            .client
            .authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, || state, || nonce)
            .add_scopes(["profile", "email"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        (url, Start { state, nonce, verifier })
    }

    /// The code for tokens, the tokens for claims.
    pub(super) async fn exchange(&self, code: &str, start: Start) -> Result<SignedIn, ProviderError> {
        let http = http(self.demo);
        let tokens = self
            .client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| ProviderError::Unreachable(error.to_string()))?
            .set_pkce_verifier(start.verifier)
            .request_async(&http)
            .await
            .map_err(refused)?;
        let id_token = tokens.id_token().ok_or_else(|| ProviderError::Invalid("there is no ID token".to_owned()))?;
        self.validate(id_token, &tokens, &start.nonce)?;
        self.signed_in(id_token.clone(), &tokens, None).await
    }

    /// The refresh token for new tokens (RFC 6749 section 6, OIDC Core 12).
    pub(super) async fn refresh(&self, known: &SignedIn) -> Result<SignedIn, ProviderError> {
        let refresh_token = known.refresh_token.as_ref().ok_or_else(|| ProviderError::Refused("no_refresh_token".to_owned()))?;
        let http = http(self.demo);
        let tokens = self
            .client
            .exchange_refresh_token(refresh_token)
            .map_err(|error| ProviderError::Unreachable(error.to_string()))?
            .request_async(&http)
            .await
            .map_err(refused)?;
        let id_token = match tokens.id_token() {
            None => &known.id_token,
            Some(id_token) => {
                // It need not have the nonce, but it must be about the same person.
                self.validate(id_token, &tokens, |_: Option<&Nonce>| Ok(()))?;
                if payload(id_token).get("sub") != payload(&known.id_token).get("sub") {
                    return Err(ProviderError::Invalid("the new ID token is about someone else".to_owned()));
                }
                id_token
            }
        };
        self.signed_in(id_token.clone(), &tokens, known.refresh_token.clone()).await
    }

    /// The checks of OIDC Core 3.1.3.7, and `at_hash`.
    fn validate(
        &self,
        id_token: &CoreIdToken,
        tokens: &CoreTokenResponse,
        nonce: impl openidconnect::NonceVerifier,
    ) -> Result<(), ProviderError> {
        let invalid = |error: &(dyn std::error::Error + 'static)| ProviderError::Invalid(chain(error));
        let verifier = self.client.id_token_verifier();
        let claims = id_token.claims(&verifier, nonce).map_err(|error| invalid(&error))?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = id_token.signing_alg().map_err(|error| invalid(&error))?;
            let key = id_token.signing_key(&verifier).map_err(|error| invalid(&error))?;
            let found = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(|error| invalid(&error))?;
            if found != *expected {
                return Err(ProviderError::Invalid("at_hash is of another access token".to_owned()));
            }
        }
        Ok(())
    }

    async fn signed_in(
        &self,
        id_token: CoreIdToken,
        tokens: &CoreTokenResponse,
        old: Option<RefreshToken>,
    ) -> Result<SignedIn, ProviderError> {
        let mut claims = payload(&id_token);
        for (name, value) in self.userinfo(tokens.access_token().clone(), &claims).await? {
            claims.entry(name).or_insert(value);
        }
        Ok(SignedIn { id_token, refresh_token: tokens.refresh_token().cloned().or(old), claims })
    }

    /// The claims of userinfo, which must be about the same person (OIDC Core 5.3.4).
    async fn userinfo(
        &self,
        access_token: AccessToken,
        claims: &Map<String, Value>,
    ) -> Result<Map<String, Value>, ProviderError> {
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Ok(request) = self.client.user_info(access_token, Some(openidconnect::SubjectIdentifier::new(subject))) else {
            return Ok(Map::new());
        };
        let http = http(self.demo);
        let found: CoreUserInfoClaims = request.request_async(&http).await.map_err(|error| match error {
            openidconnect::UserInfoError::ClaimsVerification(error) => ProviderError::Invalid(chain(&error)),
            error => ProviderError::Unreachable(chain(&error)),
        })?;
        match serde_json::to_value(&found) {
            Ok(Value::Object(found)) => Ok(found),
            _ => Ok(Map::new()),
        }
    }

    /// Where to send the browser to sign out at the provider too (RP-Initiated Logout 1.0).
    pub(super) fn end_session(&self, known: &SignedIn) -> Option<Url> {
        let endpoint = self.metadata.additional_metadata().end_session_endpoint.clone()?;
        let back = PostLogoutRedirectUrl::new(format!("{}/signed-out", self.demo.settings.origin)).ok()?;
        let request = LogoutRequest::from(endpoint).set_id_token_hint(&known.id_token).set_post_logout_redirect_uri(back);
        Some(request.http_get_url())
    }
}

/// The demo's way to call the provider, as the library wants it.
fn http(demo: &Demo) -> impl Fn(HttpRequest) -> Fetching + '_ {
    |request| (demo.fetch)(request)
}

/// All claims of a token that was validated, also those the library has no names for.
fn payload(token: &CoreIdToken) -> Map<String, Value> {
    let text = token.to_string();
    let payload = text.split('.').nth(1).and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    payload.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
}

fn refused(error: TokenError) -> ProviderError {
    match error {
        RequestTokenError::ServerResponse(error) => ProviderError::Refused(error.error().to_string()),
        error => ProviderError::Unreachable(chain(&error)),
    }
}

/// An error with its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
