//! A relying party that somebody else wrote: the `openidconnect` crate against a server that really listens.

use std::pin::Pin;
use std::time::Duration;

use axum::http::{Request, Response};
use openidconnect::core::{CoreClient, CoreIdToken, CoreResponseType, CoreTokenResponse, CoreUserInfoClaims};
use openidconnect::{
    AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, TokenResponse,
};
use scraper::{Html, Selector};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;
use vestibule::actions::{App, Made, keys, users};
use vestibule::crypto::password::{Hasher, HasherSettings};
use vestibule::crypto::random::Random;
use vestibule::crypto::seal::Keyring;
use vestibule::gateways::http::{HttpClient, HttpError, Reach};
use vestibule::gateways::mail::Mailer;
use vestibule::gateways::sms::Texter;
use vestibule::gateways::upstream::Upstreams;
use vestibule::http::server;
use vestibule::settings::{Mode, Settings};
use vestibule::time::Clock;

use crate::world::{PASSWORD, Place};

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;
type Fetching = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, HttpError>> + Send>>;

const REDIRECT: &str = "https://shop.example/callback";
const SECRET: &str = "shop-secret-shop-secret-shop-secret";

/// A server on a port of its own, by the system's clock: the library has no other.
struct Server {
    issuer: String,
    place: Place,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<usize>,
}

impl Server {
    async fn start(alg: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let text = format!(
            r#"
[server]
public_url = "{issuer}"
[[clients]]
client_id = "shop"
client_name = "The Shop"
client_secret = "{SECRET}"
redirect_uris = ["{REDIRECT}"]
post_logout_redirect_uris = ["https://shop.example/signed-out"]
grant_types = ["authorization_code", "refresh_token"]
id_token_signed_response_alg = "{alg}"

[[clients]]
client_id = "app"
token_endpoint_auth_method = "none"
redirect_uris = ["{REDIRECT}"]
grant_types = ["authorization_code", "refresh_token"]
id_token_signed_response_alg = "{alg}"
"#
        );
        let settings = Settings::from_text("config.toml", &text, Mode::Dev, std::iter::empty()).unwrap();
        let place = Place::sqlite();
        let random = Random::system();
        let cheap = HasherSettings { memory_kib: 64, iterations: 1, parallelism: 1, workers: 1, queue: 64 };
        let app = App::new(Made {
            settings,
            clock: Clock::system(),
            store: place.open().await,
            keyring: Keyring::generate(&random),
            hasher: Hasher::new(cheap, random.clone()).unwrap(),
            mailer: Mailer::Mailbox,
            texter: Texter::Inbox,
            upstreams: Upstreams::new(&[], Reach::Public, &Clock::system()).unwrap(),
            random,
        })
        .unwrap();
        keys::ensure(&app).await.unwrap();
        let ada =
            serde_json::json!({"email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace", "password": PASSWORD});
        users::create(&app, &users::Changes::from_json(ada.as_object().unwrap()).unwrap()).await.unwrap();
        let router = vestibule::app::router(&app).unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let served = tokio::spawn(server::serve(listener, router, stopped, 100, Duration::from_secs(5)));
        Self { issuer, place, stop, served }
    }

    /// Ends in good order, with no connection cut.
    async fn end(self) {
        self.stop.send(()).unwrap();
        assert_eq!(self.served.await.unwrap(), 0);
        drop(self.place);
    }
}

/// How the library fetches.
fn http() -> impl Fn(Request<Vec<u8>>) -> Fetching {
    let client = HttpClient::new(Reach::Anywhere).unwrap();
    move |request| {
        let client = client.clone();
        Box::pin(async move { client.fetch(request).await })
    }
}

async fn discover(server: &Server) -> ProviderMetadataWithLogout {
    ProviderMetadataWithLogout::discover_async(IssuerUrl::new(server.issuer.clone()).unwrap(), &http()).await.unwrap()
}

fn client(metadata: &ProviderMetadataWithLogout, id: &str, secret: Option<&str>) -> Client {
    let secret = secret.map(|secret| ClientSecret::new(secret.to_owned()));
    CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(id.to_owned()), secret)
        .set_redirect_uri(RedirectUrl::new(REDIRECT.to_owned()).unwrap())
}

/// A browser over the network that signs in and allows what is asked; gives the address it is sent to in the end.
async fn browse(server: &Server, start: Url) -> Url {
    let browser =
        reqwest::Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let mut answer = browser.get(start).send().await.unwrap();
    for _ in 0..10 {
        if let Some(location) = answer.headers().get("location") {
            let location = answer.url().join(location.to_str().unwrap()).unwrap();
            if location.origin().ascii_serialization() != server.issuer {
                return location;
            }
            answer = browser.get(location).send().await.unwrap();
            continue;
        }
        assert_eq!(answer.status(), 200);
        let refresh = answer.headers().get("refresh").and_then(|refresh| refresh.to_str().unwrap().strip_prefix("0; url="));
        if let Some(location) = refresh {
            return location.parse().unwrap();
        }
        let url = answer.url().clone();
        let (action, fields) = filled_in(&answer.text().await.unwrap());
        let post =
            browser.post(url.join(&action).unwrap()).header("origin", &server.issuer).header("sec-fetch-site", "same-origin");
        answer = post.form(&fields).send().await.unwrap();
    }
    panic!("the way has no end");
}

/// The page's last form as a person would send it.
fn filled_in(page: &str) -> (String, Vec<(String, String)>) {
    let page = Html::parse_document(page);
    let (forms, inputs) = (Selector::parse("form").unwrap(), Selector::parse("input").unwrap());
    let form = page.select(&forms).find(|form| form.attr("action") != Some("/login/switch")).unwrap();
    let value = |name: &str, given: &str| match name {
        "identifier" => "ada@example.com".to_owned(),
        "password" => PASSWORD.to_owned(),
        _ => given.to_owned(),
    };
    let inputs = form.select(&inputs).filter_map(|input| Some((input.attr("name")?, input.attr("value").unwrap_or_default())));
    let mut fields: Vec<(String, String)> = inputs.map(|(name, given)| (name.to_owned(), value(name, given))).collect();
    fields.push(("decision".to_owned(), "allow".to_owned()));
    (form.attr("action").unwrap().to_owned(), fields)
}

struct Signed {
    tokens: CoreTokenResponse,
    nonce: Nonce,
}

/// The whole code flow: discovery is done, the answer's `state` and `iss` are checked, the code is exchanged with the verifier.
async fn sign_in(server: &Server, client: &Client) -> Signed {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["profile", "email"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let arrived = browse(server, url).await;
    assert!(arrived.as_str().starts_with(REDIRECT), "{arrived}");
    let answer = |name: &str| arrived.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
    assert_eq!((answer("state"), answer("iss")), (state.secret().clone(), server.issuer.clone()));
    let tokens = exchange(client, answer("code"), verifier).await.unwrap();
    Signed { tokens, nonce }
}

async fn exchange(client: &Client, code: String, verifier: PkceCodeVerifier) -> Result<CoreTokenResponse, String> {
    let request = client.exchange_code(AuthorizationCode::new(code)).unwrap().set_pkce_verifier(verifier);
    request.request_async(&http()).await.map_err(|error| match error {
        RequestTokenError::ServerResponse(error) => error.error().to_string(),
        other => panic!("{other:?}"),
    })
}

/// OpenID Connect Core section 3.1.3.7, by the library, and `at_hash`.
fn validate(client: &Client, id_token: &CoreIdToken, tokens: &CoreTokenResponse, nonce: Option<&Nonce>) -> String {
    let verifier = client.id_token_verifier();
    let check = |found: Option<&Nonce>| match (nonce, found) {
        (Some(nonce), Some(found)) if nonce.secret() == found.secret() => Ok(()),
        (None, None) => Ok(()),
        _ => Err("the nonce is another".to_owned()),
    };
    let claims = id_token.claims(&verifier, check).unwrap();
    let alg = id_token.signing_alg().unwrap();
    let key = id_token.signing_key(&verifier).unwrap();
    let hash = AccessTokenHash::from_token(tokens.access_token(), alg, key).unwrap();
    assert_eq!(claims.access_token_hash(), Some(&hash));
    claims.subject().to_string()
}

async fn whole(alg: &str, id: &str, secret: Option<&str>) {
    let server = Server::start(alg).await;
    let metadata = discover(&server).await;
    let client = client(&metadata, id, secret);
    let Signed { tokens, nonce } = sign_in(&server, &client).await;
    let id_token = tokens.extra_fields().id_token().unwrap();
    let sub = validate(&client, id_token, &tokens, Some(&nonce));

    let subject = openidconnect::SubjectIdentifier::new(sub.clone());
    let request = client.user_info(tokens.access_token().clone(), Some(subject)).unwrap();
    let person: CoreUserInfoClaims = request.request_async(&http()).await.unwrap();
    assert_eq!(person.email().map(|email| email.as_str()), Some("ada@example.com"));
    assert_eq!(person.email_verified(), Some(true));
    assert_eq!(person.name().and_then(|name| name.get(None)).map(|name| name.as_str()), Some("Ada Lovelace"));

    let refresh_token = tokens.refresh_token().unwrap();
    let fresh = client.exchange_refresh_token(refresh_token).unwrap().request_async(&http()).await.unwrap();
    assert_ne!(fresh.refresh_token().unwrap().secret(), refresh_token.secret());
    assert_eq!(validate(&client, fresh.id_token().unwrap(), &fresh, None), sub);

    let logout = metadata.additional_metadata().end_session_endpoint.clone().unwrap();
    let back = PostLogoutRedirectUrl::new("https://shop.example/signed-out".to_owned()).unwrap();
    let logout = LogoutRequest::from(logout).set_id_token_hint(id_token);
    let logout = if secret.is_some() { logout.set_post_logout_redirect_uri(back) } else { logout };
    if secret.is_some() {
        assert_eq!(browse(&server, logout.http_get_url()).await.as_str(), "https://shop.example/signed-out");
    }
    server.end().await;
}

#[tokio::test]
async fn a_confidential_client_signs_somebody_in_with_rs256() {
    whole("RS256", "shop", Some(SECRET)).await;
}

#[tokio::test]
async fn a_confidential_client_signs_somebody_in_with_es256() {
    whole("ES256", "shop", Some(SECRET)).await;
}

#[tokio::test]
async fn a_public_client_signs_somebody_in_with_eddsa() {
    whole("EdDSA", "app", None).await;
}

#[tokio::test]
async fn the_library_sees_what_is_wrong() {
    let server = Server::start("RS256").await;
    let metadata = discover(&server).await;
    let shop = client(&metadata, "shop", Some(SECRET));
    let Signed { tokens, nonce } = sign_in(&server, &shop).await;
    let id_token = tokens.extra_fields().id_token().unwrap();
    assert!(id_token.claims(&shop.id_token_verifier(), &Nonce::new("another".to_owned())).is_err());
    let app = client(&metadata, "app", None);
    assert!(id_token.claims(&app.id_token_verifier(), &nonce).is_err(), "it is for another audience");
    let wrong = client(&metadata, "shop", Some("wrong"));
    assert_eq!(exchange(&wrong, "x".to_owned(), PkceCodeVerifier::new("v".repeat(43))).await.unwrap_err(), "invalid_client");
    assert_eq!(exchange(&shop, "x".to_owned(), PkceCodeVerifier::new("v".repeat(43))).await.unwrap_err(), "invalid_grant");
    server.end().await;
}
