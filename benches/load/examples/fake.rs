//! A stand-in for the server that knows nothing and agrees to everything: it tests the load generator alone.
//! `benches/run --quick --server <target>/release/examples/fake`

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, bail};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::routing::{get, post};
use axum::{Router, serve};

static TURN: AtomicU64 = AtomicU64::new(0);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["client", "add", "--json"] => {
            println!(r#"{{"client_id":"client:1","client_secret":"s"}}"#);
        }
        ["user", "add", "--json"] => println!("{{}}"),
        ["serve"] => tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(listen())?,
        _ => bail!("what is {words:?}?"),
    }
    Ok(())
}

async fn token() -> ([(axum::http::HeaderName, &'static str); 1], String) {
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let json = [(CONTENT_TYPE, "application/json")];
    (json, format!(r#"{{"access_token":"a{turn}","refresh_token":"r{turn}","id_token":"i"}}"#))
}

async fn listen() -> Result<()> {
    let session = [(LOCATION, "/account"), (SET_COOKIE, "vestibule_session=1; Path=/")];
    let code = [(LOCATION, "https://rp.example/callback?state=bench&code=c%2B1&iss=x")];
    let router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/.well-known/openid-configuration", get(async || r#"{"authorization_endpoint":""}"#))
        .route("/oauth2/jwks", get(async || r#"{"keys":[]}"#))
        .route("/oauth2/token", post(token))
        .route("/oauth2/introspect", post(async || r#"{"active":true}"#))
        .route("/oauth2/userinfo", get(async || r#"{"sub":"1"}"#))
        .route("/session", get(async || r#"{"user":{}}"#))
        .route("/oauth2/authorize", get(async move || (StatusCode::SEE_OTHER, code)))
        .route("/login", post(async move || (StatusCode::SEE_OTHER, session)));
    let listener = tokio::net::TcpListener::bind(std::env::var("VESTIBULE_SERVER__LISTEN")?).await?;
    Ok(serve(listener, router).await?)
}
