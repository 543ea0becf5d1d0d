//! Google: ID tokens, userinfo and keys.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{
    tests::{Bench, ORIGIN, SCOPES, token_path},
    *,
};

#[tokio::test]
async fn google_tells_in_the_id_token_and_in_userinfo() {
    let bench = Bench::new();
    let metadata = bench.send("GET", "/google/.well-known/openid-configuration", &[], "").await.json();
    assert_eq!(metadata["issuer"], "http://127.0.0.1:8082/google");
    assert_eq!(metadata["token_endpoint"], format!("{ORIGIN}{}", token_path(Provider::Google)));

    let back = bench.press(Provider::Google, SCOPES[0], &[("person", "ada"), ("access_type", "offline")]).await;
    assert_eq!(back.parameter("iss").as_deref(), Some("http://127.0.0.1:8082/google"));
    assert_eq!(back.parameter("hd").as_deref(), Some("workspace.example"));
    let answer = bench.redeem(Provider::Google, &back.parameter("code").unwrap(), &[]).await;
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3599)));
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let claims = bench.verified(tokens["id_token"].as_str().unwrap()).await;
    for (name, value) in [
        ("iss", json!("http://127.0.0.1:8082/google")),
        ("aud", json!("dev")),
        ("azp", json!("dev")),
        ("sub", json!("100000000000000000001")),
        ("nonce", json!("n-1")),
        ("email", json!("ada@workspace.example")),
        ("email_verified", json!(true)),
        ("hd", json!("workspace.example")),
        ("name", json!("Ada Lovelace")),
        ("iat", json!(1_763_717_400)),
        ("exp", json!(1_763_721_000)),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_eq!(claims.get("auth_time"), None);
    let info = bench.get("/google/v1/userinfo", access).await.json();
    assert_eq!((&info["sub"], &info["email"]), (&claims["sub"], &claims["email"]));

    // The refresh token stays the same, and a new ID token has no nonce.
    for _ in 0..2 {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", "dev"), ("client_secret", "dev")];
        let fresh = bench.token(Provider::Google, &form).await.json();
        assert_eq!(fresh.get("refresh_token"), None);
        assert_eq!(bench.verified(fresh["id_token"].as_str().unwrap()).await.get("nonce"), None);
        assert_eq!(bench.get("/google/v1/userinfo", fresh["access_token"].as_str().unwrap()).await.status, 200);
    }
    bench.clock.advance(Duration::from_hours(1));
    let ended = bench.get("/google/v1/userinfo", access).await;
    assert_eq!((ended.status, &ended.json()["error_description"]), (401, &json!("Invalid Credentials")));
    assert!(ended.header("www-authenticate").contains("invalid_token"));

    let little = bench.access(Provider::Google, "openid", &[("person", "grace")]).await;
    assert_eq!(bench.get("/google/v1/userinfo", &little).await.json(), json!({"sub": "100000000000000000002"}));
}

#[tokio::test]
async fn google_s_id_tokens_go_wrong_as_chosen() {
    let bench = Bench::new();
    let good = bench.id_token(&[("person", "ada")]).await;
    let quirk = async |name| bench.id_token(&[("person", "ada"), ("quirk", name)]).await;
    let differs = |claims: &Value, member: &str| {
        let mut same = claims.clone();
        same[member] = good[member].clone();
        for ignored in ["at_hash", "exp", "email_verified"] {
            same[ignored] = good[ignored].clone();
        }
        assert_eq!(same, good);
        claims[member].clone()
    };
    assert_eq!(quirk("unverified_email").await["email_verified"], false);
    assert_eq!(quirk("other_email").await["email"], "grace@mail.example");
    assert_eq!(differs(&quirk("clock_ahead").await, "iat"), 1_763_718_000);
    assert_eq!(differs(&quirk("clock_behind").await, "iat"), 1_763_716_800);
    assert!(quirk("expired").await["exp"].as_i64().unwrap() < 1_763_717_400 - 60);
    assert_eq!(differs(&quirk("other_nonce").await, "nonce"), "the-nonce-of-another-request");
    assert_eq!(differs(&quirk("wrong_issuer").await, "iss"), "https://accounts.elsewhere.example");
    assert_eq!(quirk("no_email").await.get("email"), None);
    assert!(quirk("multi_factor").await["amr"].as_array().unwrap().contains(&json!("mfa")));
    let renamed = quirk("renamed").await;
    assert_eq!((renamed.get("sub"), &renamed["sub_v2"]), (None, &good["sub"]));
    // Another address of the same person, and whoever is typed.
    let moved = bench.id_token(&[("person", "ada"), ("email", "Ada@new.example"), ("name", "Ada King")]).await;
    assert_eq!(
        (&moved["sub"], &moved["email"], &moved["family_name"]),
        (&good["sub"], &json!("Ada@new.example"), &json!("King"))
    );
    let somebody = bench.id_token(&[("person", "somebody"), ("email", "Zoe@z.example")]).await;
    assert_eq!((&somebody["email"], &somebody["name"]), (&json!("Zoe@z.example"), &json!("Zoe")));
    assert_eq!(bench.id_token(&[("person", SOMEBODY), ("email", "zoe@Z.example")]).await["sub"], somebody["sub"]);
    assert_ne!(somebody["sub"], good["sub"]);
}

#[tokio::test]
async fn google_s_keys_rotate_and_userinfo_strays() {
    let bench = Bench::new();
    let keys = async || bench.send("GET", "/google/oauth2/v3/certs", &[], "").await.json()["keys"].as_array().unwrap().len();
    assert_eq!(keys().await, 1);
    let kid = async |typed: &[(&str, &str)]| {
        let code = bench.code(Provider::Google, "openid email", typed).await;
        let tokens = bench.redeem(Provider::Google, &code, &[]).await.json();
        let token = tokens["id_token"].as_str().unwrap().to_owned();
        bench.verified(&token).await;
        let header = BASE64URL_NOPAD.decode(token.split('.').next().unwrap().as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
    };
    let usual = kid(&[("person", "ada")]).await;
    assert_ne!(kid(&[("person", "ada"), ("quirk", "keys_rotated")]).await, usual);
    // The next browser's sign-in is as before.
    assert_eq!((kid(&[("person", "ada")]).await, keys().await), (usual, 2));

    let code = bench.code(Provider::Google, SCOPES[0], &[("person", "ada"), ("quirk", "other_person")]).await;
    let tokens = bench.redeem(Provider::Google, &code, &[]).await.json();
    let claims = bench.verified(tokens["id_token"].as_str().unwrap()).await;
    let info = bench.get("/google/v1/userinfo", tokens["access_token"].as_str().unwrap()).await.json();
    assert_eq!((claims.get("email"), &info["email"]), (None, &json!("grace@mail.example")));
    assert_ne!(claims["sub"], info["sub"]);
}
