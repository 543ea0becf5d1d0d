//! OpenID Connect: Google, and every provider with discovery, by the `openidconnect` crate (OIDC Core 1.0).

use std::{sync::Arc, time::Duration};

use oauth2::{
    EmptyExtraTokenFields, ExtraTokenFields, StandardRevocableToken, StandardTokenResponse, TokenResponse as _,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType},
};
use openidconnect::{
    AuthType, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, LanguageTag, LogoutRequest, Nonce, PkceCodeChallenge, PostLogoutRedirectUrl, Scope,
    core::{CoreAuthPrompt, CoreClient, CoreClientAuthMethod, CoreResponseType},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{
    arrived::{Answer, Arrived, Begun, Prompt, TokenText, Tokens},
    calls::Calls,
    discovery::{Discovery, Known, Metadata},
    document::Document,
    error::UpstreamError,
    id_token::{self, Doubt},
    oauth2::{redirect, refresh, token_error, tokens, verifier},
    tenants,
};
use crate::{
    locale::Locale,
    settings::{Secret, providers::ProviderSettings},
    time::Timestamp,
};

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

type TokenAnswer<X> = StandardTokenResponse<X, BasicTokenType>;

type PlainClient<X> = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer<X>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The ID token of an answer, as it came.
#[derive(Debug, Deserialize, Serialize)]
struct IdTokenText {
    id_token: Option<TokenText>,
}

impl ExtraTokenFields for IdTokenText {}

/// An OpenID provider.
#[derive(Debug)]
pub(super) struct OpenId {
    discovery: Arc<Discovery>,
    client_id: String,
    client_secret: Secret,
    scopes: Vec<String>,
    google: bool,
    keep_tokens: bool,
    logout: bool,
}

impl OpenId {
    pub(super) fn new(settings: &ProviderSettings, discovery: Discovery, google: bool) -> Self {
        // "openid" the crate adds by itself.
        let mut scopes = vec!["profile".to_owned(), "email".to_owned()];
        for scope in &settings.scopes {
            if scope != "openid" && !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        Self {
            discovery: Arc::new(discovery),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            scopes,
            google,
            keep_tokens: settings.keep_tokens,
            logout: settings.logout,
        }
    }

    pub(super) async fn authorization_url(
        &self,
        calls: &Calls,
        begun: &Begun<'_>,
        prompt: Prompt,
        locale: Locale,
    ) -> Result<Url, UpstreamError> {
        let known = self.discovery.known(calls).await?;
        let client = self.client(&known.metadata)?.set_redirect_uri(redirect(begun)?);
        let (state, nonce) = (CsrfToken::new(begun.state.to_owned()), Nonce::new(begun.nonce.to_owned()));
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, || state, || nonce)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .add_ui_locale(LanguageTag::new(locale.tag().to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier(begun)?));
        request = match prompt {
            Prompt::Nothing => request,
            Prompt::ProveAgain if !self.google => request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO),
            // Google knows neither `login` nor `max_age`; to choose the account is the most that it asks again.
            Prompt::ProveAgain | Prompt::Choose => request.add_prompt(CoreAuthPrompt::SelectAccount),
        };
        if self.google {
            request = request.add_extra_param("hl", locale.tag());
        }
        // Google has its own word for "give me a refresh token"; the others' is OIDC Core 11.
        if self.keep_tokens && self.google {
            request = request.add_extra_param("access_type", "offline");
        } else if self.keep_tokens && offers_scope(&known.metadata, "offline_access") {
            request = request.add_scope(Scope::new("offline_access".to_owned()));
        }
        let (url, _, _) = request.url();
        Ok(url)
    }

    pub(super) async fn finish(
        &self,
        calls: &Calls,
        begun: &Begun<'_>,
        answer: Answer<'_>,
        now: Timestamp,
    ) -> Result<Arrived, UpstreamError> {
        let known = self.discovery.known(calls).await?;
        check_issuer(&known.metadata, answer.iss)?;
        let client = self.plain_client::<IdTokenText>(&known.metadata)?.set_redirect_uri(redirect(begun)?);
        let http = calls.sender();
        let response = client
            .exchange_code(AuthorizationCode::new(answer.code.to_owned()))
            .set_pkce_verifier(verifier(begun)?)
            .request_async(&http)
            .await
            .map_err(token_error)?;
        let tokens = tokens(&response)?;
        let mut claims = self.claims(calls, &known, &response, begun.nonce, now).await?;
        if Document(&claims).text("email").is_none() {
            let more = userinfo(calls, &known.metadata, &tokens, &claims).await?;
            add(&mut claims, more);
        }
        let issuer = tenants::of_token(known.metadata.issuer().as_str(), &claims)?;
        let claims = Document(&claims);
        Ok(Arrived {
            email: claims.text("email"),
            email_verified: claims.flag("email_verified"),
            hosted_domain: claims.text("hd"),
            name: claims.text("name"),
            given_name: claims.text("given_name"),
            family_name: claims.text("family_name"),
            username: claims.text("preferred_username"),
            picture: claims.text("picture"),
            locale: claims.text("locale"),
            website: claims.text("website"),
            acr: claims.text("acr"),
            amr: claims.list("amr"),
            auth_time: claims.integer("auth_time").map(Timestamp::from_seconds),
            issuer,
            ..Arrived::new(claims.subject("sub")?, tokens)
        })
    }

    pub(super) async fn check_issuer(&self, calls: &Calls, iss: Option<&str>) -> Result<(), UpstreamError> {
        check_issuer(&self.discovery.known(calls).await?.metadata, iss)
    }

    /// The claims of the ID token. If no key fits, the provider is asked once for new ones.
    async fn claims(
        &self,
        calls: &Calls,
        known: &Arc<Known>,
        response: &TokenAnswer<IdTokenText>,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Value, UpstreamError> {
        let id_token = response.extra_fields().id_token.as_ref().map(TokenText::expose);
        let claims = |known: &Known| id_token::claims(id_token, response.access_token(), known, &self.client_id, nonce, now);
        match claims(known) {
            Err(Doubt::Key(error)) => match self.discovery.with_new_keys(calls, known).await? {
                Some(newer) => Ok(claims(&newer)?),
                None => Err(error),
            },
            claims => Ok(claims?),
        }
    }

    pub(super) async fn refresh(&self, calls: &Calls, refresh_token: &str) -> Result<Tokens, UpstreamError> {
        let known = self.discovery.known(calls).await?;
        // An ID token in the answer is of no use to us, so it need not be valid.
        refresh(&self.plain_client::<EmptyExtraTokenFields>(&known.metadata)?, calls, refresh_token).await
    }

    pub(super) async fn end_session(&self, calls: &Calls, post_logout_redirect_uri: &str) -> Option<Url> {
        if !self.logout {
            return None;
        }
        let known = self.discovery.known(calls).await.ok()?;
        let endpoint = known.metadata.additional_metadata().end_session_endpoint.clone()?;
        let back = PostLogoutRedirectUrl::new(post_logout_redirect_uri.to_owned()).ok()?;
        // The ID token that would be the hint is not kept: it is about the person.
        let request = LogoutRequest::from(openidconnect::EndSessionUrl::from_url(endpoint));
        let request = request.set_client_id(ClientId::new(self.client_id.clone())).set_post_logout_redirect_uri(back);
        Some(request.http_get_url())
    }

    /// A client that leaves the ID token to us.
    fn plain_client<X: ExtraTokenFields>(&self, metadata: &Metadata) -> Result<PlainClient<X>, UpstreamError> {
        let token_endpoint = metadata.token_endpoint().cloned();
        Ok(oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose().to_owned()))
            .set_auth_type(auth_type(metadata)?)
            .set_token_uri(token_endpoint.ok_or_else(|| UpstreamError::Garbage("there is no token_endpoint".into()))?))
    }

    fn client(&self, metadata: &Metadata) -> Result<Client, UpstreamError> {
        let secret = ClientSecret::new(self.client_secret.expose().to_owned());
        let client = CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(self.client_id.clone()), Some(secret));
        Ok(client.set_auth_type(auth_type(metadata)?))
    }
}

/// RFC 9207 section 2.4, against mix-up: compared as text, and required where the metadata promise it.
fn check_issuer(metadata: &Metadata, iss: Option<&str>) -> Result<(), UpstreamError> {
    let promised = metadata.additional_metadata().authorization_response_iss_parameter_supported;
    let own = metadata.issuer().as_str();
    let is_right = iss.map_or(!promised, |iss| iss == own || tenants::is_one(own, iss));
    if is_right { Ok(()) } else { Err(UpstreamError::WrongIssuer) }
}

/// The way of proving who we are that the provider offers; `client_secret_basic` if it says nothing (OIDC Discovery 3).
fn auth_type(metadata: &Metadata) -> Result<AuthType, UpstreamError> {
    let Some(offered) = metadata.token_endpoint_auth_methods_supported() else {
        return Ok(AuthType::BasicAuth);
    };
    if offered.contains(&CoreClientAuthMethod::ClientSecretBasic) {
        Ok(AuthType::BasicAuth)
    } else if offered.contains(&CoreClientAuthMethod::ClientSecretPost) {
        Ok(AuthType::RequestBody)
    } else {
        Err(UpstreamError::Garbage("it takes neither client_secret_basic nor client_secret_post".into()))
    }
}

fn offers_scope(metadata: &Metadata, name: &str) -> bool {
    metadata.scopes_supported().is_some_and(|scopes| scopes.iter().any(|scope| scope.as_str() == name))
}

/// The claims of userinfo, which must be about the same person (OIDC Core 5.3.4). Not by the crate, which stops at every type that it does not know.
async fn userinfo(calls: &Calls, metadata: &Metadata, tokens: &Tokens, claims: &Value) -> Result<Value, UpstreamError> {
    let Some(endpoint) = metadata.userinfo_endpoint() else { return Ok(Value::Null) };
    let found: Value = calls.json(endpoint.url(), Some(tokens.access_token.expose()), &[]).await?;
    if Document(&found).subject("sub")? != Document(claims).subject("sub")? {
        return Err(UpstreamError::IdToken("userinfo is about somebody else".into()));
    }
    Ok(found)
}

/// Adds what userinfo have beside the ID token. Whether an address is verified is said of the one beside it.
fn add(claims: &mut Value, more: Value) {
    let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) else {
        return;
    };
    claims.remove("email_verified");
    for (name, value) in more {
        // What is of no use in the ID token is no reason to do without.
        let useless = claims.get(&name).is_none_or(|known| known.is_null() || known.as_str() == Some(""));
        if useless {
            claims.insert(name, value);
        }
    }
}
