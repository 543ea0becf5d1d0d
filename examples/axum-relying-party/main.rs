//! A relying party in axum: sign-in by authorization code and PKCE, a session of its own in memory, and one question to Vestibule for
//! each request, so that whoever ends their session there is signed out here at once.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use openidconnect::core::{CoreClient, CoreProviderMetadata, CoreResponseType};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use tokio::time::Instant;

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;
type Calling = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send>>;

/// A sign-in that has begun in a browser: what its answer must fit. That browser keeps it in a cookie, so that nobody fills our memory.
struct Begun {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl Begun {
    fn to_cookie(&self) -> String {
        format!("{}.{}.{}", self.state.secret(), self.nonce.secret(), self.verifier.secret())
    }

    fn from_cookie(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(str::to_owned);
        let (state, nonce, verifier) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { state: CsrfToken::new(state), nonce: Nonce::new(nonce), verifier: PkceCodeVerifier::new(verifier) })
    }
}

/// Who is signed in here, and with which token Vestibule is asked about them.
#[derive(Clone)]
struct SignedIn {
    subject: String,
    access_token: String,
    userinfo: String,
}

struct Shop {
    issuer: IssuerUrl,
    client_id: ClientId,
    redirect: RedirectUrl,
    http: reqwest::Client,
    /// What discovery said, and when.
    discovered: tokio::sync::Mutex<Option<(Instant, Client)>>,
    /// By the value of a cookie.
    sessions: Mutex<HashMap<String, SignedIn>>,
}

/// Vestibule publishes a key for hours before it signs with it.
const DISCOVERED_FOR: Duration = Duration::from_secs(300);
/// Whoever is forgotten beyond this number comes back through Vestibule without a question.
const MOST_SESSIONS: usize = 10_000;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().init();
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let origin = setting("ORIGIN", "http://127.0.0.1:3000");
    let listener = tokio::net::TcpListener::bind(setting("LISTEN", "127.0.0.1:3000")).await?;
    let shop = Shop {
        issuer: IssuerUrl::new(setting("ISSUER", "http://localhost:8080"))?,
        client_id: ClientId::new(setting("CLIENT_ID", "demo")),
        redirect: RedirectUrl::new(format!("{origin}/callback"))?,
        http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
        discovered: tokio::sync::Mutex::default(),
        sessions: Mutex::default(),
    };
    let router = Router::new()
        .route("/", get("A public page. The other one: /private\n"))
        .route("/private", get(private))
        .route("/callback", get(callback))
        .route("/sign-out", post(sign_out))
        .with_state(Arc::new(shop));
    tracing::info!("open {origin}/private");
    Ok(axum::serve(listener, router).await?)
}

/// Who is signed in may see this; everybody else is sent to Vestibule.
async fn private(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    if let Some(cookie) = cookie(&headers, "shop_session") {
        let known = lock(&shop.sessions).get(cookie).cloned();
        if let Some(known) = known {
            match shop.is_alive(&known).await {
                Ok(Some(email)) => return format!("Hello {email}\n").into_response(),
                Ok(None) => drop(lock(&shop.sessions).remove(cookie)),
                Err(error) => return failed(StatusCode::BAD_GATEWAY, &error),
            }
        }
    }
    shop.begin().await.unwrap_or_else(|error| failed(StatusCode::BAD_GATEWAY, &error))
}

async fn callback(State(shop): State<Arc<Shop>>, request: Request) -> Response {
    let begun = cookie(request.headers(), "shop_begun").and_then(Begun::from_cookie);
    match shop.finish(begun, request.uri().query().unwrap_or_default()).await {
        Ok(signed_in) => {
            // A new value: whoever planted the old one knows nothing.
            let cookie = CsrfToken::new_random().into_secret();
            let mut sessions = lock(&shop.sessions);
            if sessions.len() >= MOST_SESSIONS
                && let Some(some) = sessions.keys().next().cloned()
            {
                sessions.remove(&some);
            }
            sessions.insert(cookie.clone(), signed_in);
            see_other("/private", &format!("shop_session={cookie}; Path=/; HttpOnly; SameSite=Lax"))
        }
        Err(error) => failed(StatusCode::BAD_REQUEST, &error),
    }
}

async fn sign_out(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    if let Some(cookie) = cookie(&headers, "shop_session") {
        lock(&shop.sessions).remove(cookie);
    }
    see_other("/", "shop_session=; Path=/; Max-Age=0")
}

impl Shop {
    /// What Vestibule says of itself, with its keys.
    async fn client(&self) -> Result<Client> {
        let mut discovered = self.discovered.lock().await;
        if let Some((_, client)) = discovered.as_ref().filter(|(at, _)| at.elapsed() < DISCOVERED_FOR) {
            return Ok(client.clone());
        }
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.caller()).await?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id.clone(), None);
        let client = client.set_redirect_uri(self.redirect.clone());
        *discovered = Some((Instant::now(), client.clone()));
        Ok(client)
    }

    /// How openidconnect calls Vestibule.
    fn caller(&self) -> impl Fn(HttpRequest) -> Calling + 'static {
        let http = self.http.clone();
        move |request| {
            let http = http.clone();
            Box::pin(async move {
                let answer = http.execute(request.try_into()?).await?;
                let mut response = HttpResponse::new(Vec::new());
                (*response.status_mut(), *response.headers_mut()) = (answer.status(), answer.headers().clone());
                *response.body_mut() = answer.bytes().await?.to_vec();
                Ok(response)
            })
        }
    }

    /// Off to Vestibule.
    async fn begin(&self) -> Result<Response> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client().await?;
        let (url, state, nonce) = client
            .authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let cookie = Begun { state, nonce, verifier }.to_cookie();
        Ok(see_other(url.as_str(), &format!("shop_begun={cookie}; Path=/callback; HttpOnly; SameSite=Lax")))
    }

    async fn finish(&self, begun: Option<Begun>, query: &str) -> Result<SignedIn> {
        let begun = begun.context("no sign-in has begun in this browser; open /private again")?;
        let answer: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| answer.get(name).map(String::as_str);
        if value("state") != Some(begun.state.secret()) || value("iss").is_some_and(|iss| iss != self.issuer.as_str()) {
            bail!("the answer is to another question; open /private again");
        }
        let code = value("code").with_context(|| format!("Vestibule says: {}", value("error").unwrap_or("nothing")))?;
        let client = self.client().await?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))?
            .set_pkce_verifier(begun.verifier)
            .request_async(&self.caller())
            .await?;
        let id_token = tokens.id_token().context("there is no ID token")?;
        let claims = id_token.claims(&client.id_token_verifier(), &begun.nonce)?;
        let userinfo = client.user_info_url().context("there is no userinfo endpoint")?;
        Ok(SignedIn {
            subject: claims.subject().to_string(),
            access_token: tokens.access_token().secret().clone(),
            userinfo: userinfo.to_string(),
        })
    }

    /// The person's address, as long as their session at Vestibule lives: the access token dies with it. It dies by itself after some
    /// minutes, too; then Vestibule, where they are still signed in, gives a new one without a question.
    async fn is_alive(&self, known: &SignedIn) -> Result<Option<String>> {
        let answer = self.http.get(&known.userinfo).bearer_auth(&known.access_token).send().await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Ok(None);
        }
        let claims: serde_json::Value = answer.error_for_status()?.json().await?;
        let claim = |name: &str| claims.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        Ok(claim("sub").filter(|subject| *subject == known.subject).and_then(|subject| claim("email").or(Some(subject))))
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get(header::COOKIE)?.to_str().ok()?.split("; ");
    pairs.filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Over https the cookies would be `Secure`, and their names begin with `__Host-`.
fn see_other(to: &str, cookie: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to), (header::SET_COOKIE, cookie)]).into_response()
}

fn failed(status: StatusCode, error: &anyhow::Error) -> Response {
    tracing::warn!("{error:#}");
    (status, format!("{error:#}\n")).into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
