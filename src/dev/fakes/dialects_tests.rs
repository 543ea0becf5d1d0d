//! GitHub, Facebook, Twitter and Discord: each profile in its own form.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{
    tests::{Bench, CALLBACK, FORM, ORIGIN, SCOPES, VERIFIER, encode, profile_path, proof, token_path},
    *,
};

#[tokio::test]
async fn github_has_addresses_of_their_own() {
    let bench = Bench::new();
    let back = bench.press(Provider::Github, SCOPES[1], &[("person", "grace")]).await;
    assert_eq!(back.parameter("iss").as_deref(), Some("http://127.0.0.1:8082/github/login/oauth"));
    let tokens = bench.redeem(Provider::Github, &back.parameter("code").unwrap(), &[]).await.json();
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("bearer"), &json!("read:user,user:email")));
    assert_eq!(tokens.as_object().unwrap().len(), 3, "no end and no refresh token: {tokens}");
    let access = tokens["access_token"].as_str().unwrap();
    let user = bench.get("/github/api/v3/user", access).await;
    assert_eq!(user.header("x-oauth-scopes"), "read:user, user:email");
    let user = user.json();
    assert_eq!((&user["id"], &user["login"], &user["email"]), (&json!(5_000_002), &json!("grace"), &Value::Null));
    let emails = bench.get("/github/api/v3/user/emails", access).await.json();
    assert_eq!(emails[0], json!({"email": "grace@mail.example", "primary": true, "verified": true, "visibility": "private"}));
    assert_eq!((&emails[1]["primary"], emails.as_array().unwrap().len()), (&json!(false), 2));

    for (scope, quirk, seen) in
        [(SCOPES[1], "unverified_email", json!(false)), ("user", "none", json!(true)), (SCOPES[1], "no_email", Value::Null)]
    {
        let access = bench.access(Provider::Github, scope, &[("person", "ada"), ("quirk", quirk)]).await;
        assert_eq!(bench.get("/github/api/v3/user/emails", &access).await.json()[0]["verified"], seen, "{quirk}");
    }
    let little = bench.access(Provider::Github, "read:user", &[("person", "ada")]).await;
    let none = bench.get("/github/api/v3/user/emails", &little).await;
    assert_eq!((none.status, &none.json()["message"]), (404, &json!("Not Found")));
    // Without Accept it speaks in forms, errors too.
    let code = bench.code(Provider::Github, "", &[("person", "ada")]).await;
    let form = [("code", code.as_str()), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER), ("client_id", "dev")];
    let form = [&form[..], &[("client_secret", "dev")]].concat();
    let plain = bench.send("POST", token_path(Provider::Github), &[FORM], &encode(&form)).await;
    assert!(plain.text().starts_with("access_token=gho_"), "{}", plain.text());
    let again = bench.send("POST", token_path(Provider::Github), &[FORM], &encode(&form)).await;
    assert!(again.status == 200 && again.text().starts_with("error=bad_verification_code&"), "{}", again.text());
    assert_eq!(bench.send("GET", "/github/api/v3/user", &[], "").await.json()["message"], "Requires authentication");
    let nameless = Request::get("/github/api/v3/user").header("authorization", format!("Bearer {access}"));
    let answer = bench.router.clone().oneshot(nameless.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn facebook_wants_a_proof_and_a_list_of_fields() {
    let bench = Bench::new();
    let back = bench.press(Provider::Facebook, SCOPES[2], &[("person", "alan")]).await;
    assert!(back.header("location").ends_with("#_=_"), "{}", back.header("location"));
    let tokens = bench.redeem(Provider::Facebook, &back.parameter("code").unwrap(), &[]).await.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(5_183_944)));
    let access = tokens["access_token"].as_str().unwrap();
    let me = bench.get(profile_path(Provider::Facebook), access).await.json();
    assert_eq!(me["email"], "alan@post.example");
    assert_eq!((&me["first_name"], &me["last_name"], &me["id"]), (&json!("Alan"), &json!("Turing"), &json!("10220000000000003")));
    assert!(me["picture"]["data"]["url"].as_str().unwrap().starts_with(ORIGIN));
    assert_eq!(bench.get("/facebook/v23.0/me?x=", access).await.json(), json!({"id": me["id"], "name": "Alan Turing"}));

    let ask =
        async |query: String| bench.send("GET", &format!("/facebook/v23.0/me?{query}"), &[], "").await.json()["error"].clone();
    let right = proof("dev", access);
    // Computed with another program: printf token | openssl dgst -sha256 -hmac dev
    assert_eq!(proof("dev", "token"), "9ede692497f935b90dde836abc0c204287b2adbcc8f1075b1cdd2f48ca1b60e8");
    for (query, code, kind) in [
        (String::new(), 2500, "OAuthException"),
        (format!("access_token=EAAx&appsecret_proof={right}"), 190, "OAuthException"),
        (format!("access_token={access}"), 100, "GraphMethodException"),
        (format!("access_token={access}&appsecret_proof={}", proof("other", access)), 100, "GraphMethodException"),
        (format!("access_token={access}&appsecret_proof={right}&fields=id,shoe_size"), 100, "OAuthException"),
    ] {
        let error = ask(query.clone()).await;
        assert_eq!((&error["code"], &error["type"]), (&json!(code), &json!(kind)), "{query}");
        assert!(error["fbtrace_id"].is_string() && error["message"].is_string());
    }
    // No permission, no address, no member.
    for (scope, quirk) in [("public_profile", "none"), (SCOPES[2], "no_email")] {
        let me = bench.profile(Provider::Facebook, scope, &[("person", "alan"), ("quirk", quirk)]).await.json();
        assert_eq!((me.get("email"), &me["name"]), (None, &json!("Alan Turing")));
    }
    // The token endpoint reads GET, too, and takes offence at a verifier nobody asked for.
    let code = bench.code(Provider::Facebook, "", &[("code_challenge", ""), ("code_challenge_method", "")]).await;
    let refused = bench.redeem(Provider::Facebook, &code, &[]).await.json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("without a code_challenge"), "{refused}");
    let query = encode(&[("client_id", "dev"), ("client_secret", "dev"), ("redirect_uri", CALLBACK), ("code", &code)]);
    assert_eq!(bench.send("GET", &format!("{}?{query}", token_path(Provider::Facebook)), &[], "").await.status, 200);
}

#[tokio::test]
async fn twitter_wants_pkce_basic_and_three_scopes() {
    let bench = Bench::new();
    let me = bench.profile(Provider::Twitter, SCOPES[3], &[("person", "ada")]).await.json();
    assert_eq!(me["data"]["confirmed_email"], "ada@workspace.example");
    assert_eq!((&me["data"]["id"], &me["data"]["username"]), (&json!("1700000000000000001"), &json!("ada")));
    for (scope, quirk) in [("users.read tweet.read", "none"), (SCOPES[3], "no_email")] {
        let me = bench.profile(Provider::Twitter, scope, &[("person", "ada"), ("quirk", quirk)]).await.json();
        assert_eq!((me["data"].get("confirmed_email"), &me["data"]["name"]), (None, &json!("Ada Lovelace")));
    }
    let forbidden = bench.profile(Provider::Twitter, "users.read", &[("person", "ada")]).await;
    assert_eq!(forbidden.json(), json!({"title": "Forbidden", "type": "about:blank", "status": 403, "detail": "Forbidden"}));
    assert_eq!(forbidden.header("content-type"), "application/problem+json");
    let unknown = bench.get("/twitter/2/users/me", "nonsense").await;
    assert_eq!((unknown.status, &unknown.json()["title"]), (401, &json!("Unauthorized")));
    let access = bench.access(Provider::Twitter, SCOPES[3], &[]).await;
    let odd = bench.get("/twitter/2/users/me?user.fields=email", &access).await;
    assert_eq!((odd.status, &odd.json()["errors"][0]["parameters"]), (400, &json!({"user.fields": ["email"]})));

    let without = encode(&[("client_id", "dev"), ("redirect_uri", CALLBACK), ("response_type", "code"), ("scope", SCOPES[3])]);
    assert_eq!(bench.send("GET", &format!("/twitter/i/oauth2/authorize?{without}"), &[], "").await.status, 400);
    let code = bench.code(Provider::Twitter, "users.read tweet.read offline.access", &[]).await;
    let posted = [("grant_type", "authorization_code"), ("client_id", "dev"), ("client_secret", "dev"), ("code", &code)];
    let no_header = bench.send("POST", token_path(Provider::Twitter), &[FORM], &encode(&posted)).await;
    assert_eq!((no_header.status, &no_header.json()["error"]), (401, &json!("unauthorized_client")));
    let first = bench.redeem(Provider::Twitter, &code, &[]).await.json();
    rotates(&bench, Provider::Twitter, first["refresh_token"].as_str().unwrap(), "Value passed for the token was invalid.").await;

    let late = bench.code(Provider::Twitter, SCOPES[3], &[]).await;
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(bench.redeem(Provider::Twitter, &late, &[]).await.status, 400);
}

/// A refresh token works once and brings its successor.
async fn rotates(bench: &Bench, provider: Provider, first: &str, refusal: &str) {
    let refresh = async |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "dev"), ("client_secret", "dev")];
        bench.token(provider, &form).await
    };
    let second = refresh(first).await.json();
    assert_eq!(bench.get(profile_path(provider), second["access_token"].as_str().unwrap()).await.status, 200);
    let again = refresh(first).await;
    assert_eq!(again.status, 400);
    assert!(again.text().contains(refusal), "{}", again.text());
    assert_eq!(refresh(second["refresh_token"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn discord_says_whether_the_address_is_verified() {
    let bench = Bench::new();
    for (scope, quirk, email, verified) in [
        (SCOPES[4], "none", Some(json!("ada@workspace.example")), Some(json!(true))),
        (SCOPES[4], "unverified_email", Some(json!("ada@workspace.example")), Some(json!(false))),
        (SCOPES[4], "no_email", Some(Value::Null), Some(json!(false))),
        ("identify", "none", None, None),
    ] {
        let me = bench.profile(Provider::Discord, scope, &[("person", "ada"), ("quirk", quirk)]).await.json();
        assert_eq!((me.get("email"), me.get("verified")), (email.as_ref(), verified.as_ref()), "{scope} {quirk}");
        assert_eq!((&me["global_name"], &me["id"]), (&json!("Ada Lovelace"), &json!("800000000000000001")));
    }
    let unknown = bench.get("/discord/api/users/@me", "nonsense").await;
    assert_eq!((unknown.status, unknown.json()), (401, json!({"message": "401: Unauthorized", "code": 0})));
    let code = bench.code(Provider::Discord, SCOPES[4], &[]).await;
    let tokens = bench.redeem(Provider::Discord, &code, &[]).await.json();
    rotates(&bench, Provider::Discord, tokens["refresh_token"].as_str().unwrap(), "invalid_grant").await;
    assert_eq!(bench.send("GET", token_path(Provider::Discord), &[], "").await.status, 405);
}
