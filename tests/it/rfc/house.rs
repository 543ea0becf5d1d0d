//! The server under test: a [`World`] with the clients and people that the rules are tried with.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tower::ServiceExt as _;
use vestibule::store::Location;

use super::wire::{Method, Rp, VERIFIER};
use crate::world::{Answer, Browser, Database, Node, PASSWORD, Place, World};

pub const ISSUER: &str = "https://id.example";
pub const ADA: &str = "ada@example.com";
pub const BOB: &str = "bob@example.com";

/// Confidential, Basic, every grant, RS256.
pub const SHOP: Rp = Rp {
    id: "shop",
    secret: "shop-secret-shop-secret-shop-secret",
    method: Method::Basic,
    redirect_uri: "https://shop.example/callback",
};
/// Confidential, secret in the form, ES256.
pub const POST: Rp = Rp {
    id: "post",
    secret: "post-secret-post-secret-post-secret",
    method: Method::Post,
    redirect_uri: "https://post.example/callback",
};
/// Public, in the browser, `EdDSA`.
pub const SPA: Rp = Rp { id: "spa", secret: "", method: Method::None, redirect_uri: "https://spa.example/callback" };
/// Public, on a person's device.
pub const NATIVE: Rp = Rp { id: "native", secret: "", method: Method::None, redirect_uri: "http://127.0.0.1/callback" };
/// The operator's own: no consent page.
pub const FIRST: Rp = Rp {
    id: "first",
    secret: "first-secret-first-secret-first-sec",
    method: Method::Basic,
    redirect_uri: "https://first.example/callback?tenant=1",
};
/// `pkce = "always"`
pub const STRICT: Rp = Rp { id: "strict", redirect_uri: "https://strict.example/callback", ..SHOP };
/// `pkce = "public_only"`; neither refresh tokens nor scopes beside `openid read`.
pub const OLD: Rp = Rp { id: "old", redirect_uri: "https://old.example/callback", ..SHOP };
/// Client credentials only.
pub const SERVICE: Rp = Rp { id: "service", redirect_uri: "", ..SHOP };

const CLIENTS: &str = r#"
[[clients]]
client_id = "shop"
client_name = "The Shop"
client_secret = "shop-secret-shop-secret-shop-secret"
redirect_uris = ["https://shop.example/callback", "https://shop.example/second"]
post_logout_redirect_uris = ["https://shop.example/signed-out"]
grant_types = ["authorization_code", "refresh_token", "client_credentials"]
scope = "openid profile email phone address offline_access read write"

[[clients]]
client_id = "basic"
client_secret = "shop-secret-shop-secret-shop-secret"
token_endpoint_auth_method = "client_secret_basic"
redirect_uris = ["https://basic.example/callback"]
id_token_claims = "scopes"

[[clients]]
client_id = "post"
client_secret = "post-secret-post-secret-post-secret"
token_endpoint_auth_method = "client_secret_post"
id_token_signed_response_alg = "ES256"
redirect_uris = ["https://post.example/callback"]
grant_types = ["authorization_code", "refresh_token"]

[[clients]]
client_id = "spa"
token_endpoint_auth_method = "none"
id_token_signed_response_alg = "EdDSA"
redirect_uris = ["https://spa.example/callback"]
grant_types = ["authorization_code", "refresh_token"]

[[clients]]
client_id = "native"
application_type = "native"
redirect_uris = ["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/named", "org.example.app:/callback"]
post_logout_redirect_uris = ["http://127.0.0.1/signed-out", "http://localhost/signed-out"]
grant_types = ["authorization_code", "refresh_token"]

[[clients]]
client_id = "first"
client_secret = "first-secret-first-secret-first-sec"
first_party = true
redirect_uris = ["https://first.example/callback?tenant=1"]
grant_types = ["authorization_code", "refresh_token"]

[[clients]]
client_id = "strict"
client_secret = "shop-secret-shop-secret-shop-secret"
pkce = "always"
redirect_uris = ["https://strict.example/callback"]

[[clients]]
client_id = "old"
client_secret = "shop-secret-shop-secret-shop-secret"
pkce = "public_only"
scope = "openid read"
redirect_uris = ["https://old.example/callback"]

[[clients]]
client_id = "service"
client_secret = "shop-secret-shop-secret-shop-secret"
grant_types = ["client_credentials"]
scope = "read write"
"#;

pub struct House(pub World);

impl std::ops::Deref for House {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

/// A database with keys and people, made once and copied: RSA keys are slow to make.
static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();

async fn template() -> Vec<u8> {
    let place = Place::sqlite();
    let world = World::at(place.clone(), "").await;
    world.keys().await;
    for (email, name, phone) in [(ADA, "Ada Lovelace", "+441234567890"), (BOB, "Bob", "+441234567891")] {
        world.user(person(email, name, phone)).await;
    }
    world.app.checkpoint().await.unwrap();
    world.app.close().await;
    std::fs::read(file(&place)).unwrap()
}

fn file(place: &Place) -> &std::path::Path {
    match &place.location {
        Location::Sqlite(path) => path,
        Location::Postgres { .. } => panic!("the template is a file"),
    }
}

/// Every claim of OpenID Connect Core section 5.1.
fn person(email: &str, name: &str, phone: &str) -> Value {
    json!({
        "email": email, "email_verified": true, "password": PASSWORD, "name": name,
        "given_name": "Ada", "family_name": "Lovelace", "middle_name": "King", "nickname": "ada",
        "profile": "https://ada.example/", "picture": "https://ada.example/me.png", "website": "https://ada.example/",
        "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London", "locale": "en",
        "phone_number": phone, "phone_number_verified": true,
        "address": {"street_address": "1 Main Street", "locality": "London", "country": "UK"},
    })
}

impl House {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// With more settings, which stand before the clients.
    pub async fn with(more: &str) -> Self {
        let place = Place::sqlite();
        std::fs::write(file(&place), TEMPLATE.get_or_init(template).await).unwrap();
        let server = if more.contains("public_url") {
            String::new()
        } else {
            format!("[server]\npublic_url = \"{ISSUER}\"\n[mail]\ntransport = \"file\"\n")
        };
        // What this world draws must differ from what the template drew.
        place.next_node();
        let world = World::at(place, &format!("{server}{more}\n{CLIENTS}")).await;
        world.keys().await;
        Self(world)
    }

    /// On either database, with Ada. None where the tests have no such one.
    pub async fn on(database: Database) -> Option<Self> {
        let server = format!("[server]\npublic_url = \"{ISSUER}\"\n[mail]\ntransport = \"file\"\n");
        let world = World::on(database, &format!("{server}{CLIENTS}")).await?;
        world.keys().await;
        world.user(person(ADA, "Ada Lovelace", "+441234567890")).await;
        Some(Self(world))
    }

    /// One of several on a store.
    pub async fn node(place: &Place, node: Node) -> Self {
        let settings = format!("[server]\npublic_url = \"{ISSUER}\"\n[mail]\ntransport = \"file\"\n{CLIENTS}");
        let world = World::node(place, &settings, node).await;
        world.keys().await;
        Self(world)
    }

    pub fn now(&self) -> i64 {
        self.app.now().seconds()
    }

    /// A browser in which this person is signed in, and stays so.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let form = [("identifier", email), ("password", PASSWORD), ("remember", "true")];
        let answer = browser.post("/login", &form).await;
        assert_eq!((answer.status, answer.location()), (303, "/account"), "{}", answer.text());
        browser
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A form, with an `Authorization` header or none.
    pub async fn form(&self, path: &str, authorization: Option<&str>, pairs: &[(&str, &str)]) -> Answer {
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A form by a client that proves itself as it is registered to.
    pub async fn by(&self, rp: Rp, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let mut all = pairs.to_vec();
        match rp.method {
            Method::Basic => return self.form(path, Some(&rp.basic()), pairs).await,
            Method::Post => all.extend([("client_id", rp.id), ("client_secret", rp.secret)]),
            Method::None => all.push(("client_id", rp.id)),
        }
        self.form(path, None, &all).await
    }

    pub async fn token(&self, rp: Rp, pairs: &[(&str, &str)]) -> Answer {
        self.by(rp, "/oauth2/token", pairs).await
    }

    /// The code for tokens, with the verifier of every request.
    pub async fn exchange(&self, rp: Rp, code: &str) -> Answer {
        self.token(
            rp,
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", rp.redirect_uri),
                ("code_verifier", VERIFIER),
            ],
        )
        .await
    }

    pub async fn refresh(&self, rp: Rp, refresh_token: &str) -> Answer {
        self.token(rp, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    pub async fn introspect(&self, rp: Rp, token: &str) -> Value {
        self.by(rp, "/oauth2/introspect", &[("token", token)]).await.expect(200).json()
    }

    pub async fn is_active(&self, rp: Rp, token: &str) -> bool {
        self.introspect(rp, token).await["active"].as_bool().unwrap()
    }

    pub async fn userinfo(&self, access_token: &str) -> Answer {
        let request = Request::get("/oauth2/userinfo").header("authorization", format!("Bearer {access_token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn jwks(&self) -> Value {
        self.get("/oauth2/jwks").await.expect(200).json()
    }
}
