//! RFC 6749 sections 2.3, 3.2, 4.4 and 5.2: how clients prove themselves, what they get for themselves, and errors in JSON.

use axum::body::Body;
use axum::http::Request;

use super::house::{ADA, House, POST, SERVICE, SHOP, SPA};
use super::jwt;
use super::walk::text;
use super::wire::{Ask, Method, Rp, basic};
use crate::world::Answer;

const OWN: [(&str, &str); 1] = [("grant_type", "client_credentials")];

async fn with_basic(house: &House, text: &str) -> Answer {
    house.form("/oauth2/token", Some(&basic(text)), &OWN).await
}

#[tokio::test]
async fn s2_3_1_a_wrong_secret_is_401_with_a_challenge() {
    let house = House::new().await;
    for text in
        ["shop:wrong", "shop:", "nobody:x", "shop", ":", "", &format!("shop:{} ", SHOP.secret), &format!("SHOP:{}", SHOP.secret)]
    {
        let answer = with_basic(&house, text).await;
        answer.refused(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic realm="), "{text}");
    }
    let wrong = [("grant_type", "authorization_code"), ("code", "x"), ("client_id", "post"), ("client_secret", "wrong")];
    house.form("/oauth2/token", None, &wrong).await.refused(401, "invalid_client");
    house.form("/oauth2/token", None, &OWN).await.refused(401, "invalid_client");
    for header in ["Bearer x", "Basic !!!", "Basic", "Digest username=\"shop\""] {
        house.form("/oauth2/token", Some(header), &OWN).await.refused(401, "invalid_client");
    }
}

#[tokio::test]
async fn s2_3_1_unknown_clients_and_wrong_secrets_look_alike() {
    let house = House::new().await;
    let (known, unknown) = (with_basic(&house, "shop:wrong").await, with_basic(&house, "nobody:wrong").await);
    assert_eq!(known.text(), unknown.text());
    assert_eq!(known.header("www-authenticate"), unknown.header("www-authenticate"));
}

#[tokio::test]
async fn s2_3_two_methods_at_once_are_refused() {
    let house = House::new().await;
    let twice = [OWN[0], ("client_id", SHOP.id), ("client_secret", SHOP.secret)];
    house.form("/oauth2/token", Some(&SHOP.basic()), &twice).await.refused(400, "invalid_request");
    house.form("/oauth2/token", Some(&SHOP.basic()), &[OWN[0], ("client_id", "post")]).await.refused(400, "invalid_request");
    let assertion =
        [OWN[0], ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", "x")];
    house.form("/oauth2/token", Some(&SHOP.basic()), &assertion).await.refused(401, "invalid_client");
    // Its own id beside the header is no second method.
    house.form("/oauth2/token", Some(&SHOP.basic()), &[OWN[0], ("client_id", "shop")]).await.expect(200);
}

/// Section 2.3.1: whoever has a secret may use Basic; in the form it is taken where that is registered, or no method is (RFC 7591 section 2).
#[tokio::test]
async fn s2_3_1_the_methods_of_each_registration() {
    let house = House::new().await;
    let basic = Rp { id: "basic", redirect_uri: "https://basic.example/callback", ..SHOP };
    for (rp, methods) in [
        (SHOP, &[Method::Basic, Method::Post][..]),
        (POST, &[Method::Basic, Method::Post]),
        (basic, &[Method::Basic]),
        (SPA, &[Method::None]),
    ] {
        for method in [Method::Basic, Method::Post, Method::None] {
            let secret = if rp.secret.is_empty() { "x" } else { rp.secret };
            let rp = Rp { secret, method, ..rp };
            let (answer, revoked) = (house.exchange(rp, "x").await, house.by(rp, "/oauth2/revoke", &[("token", "x")]).await);
            if methods.contains(&method) {
                answer.refused(400, "invalid_grant");
                revoked.expect(200);
            } else {
                answer.refused(401, "invalid_client");
                revoked.refused(401, "invalid_client");
            }
        }
    }
}

#[tokio::test]
async fn s5_2_who_knows_the_secret_hears_which_method_is_registered() {
    let house = House::new().await;
    let description = |answer: Answer| text(&answer.json(), "error_description").to_owned();
    let other = Rp { id: "basic", method: Method::Post, ..SHOP };
    let told = description(house.exchange(other, "x").await);
    assert!(told.contains("client_secret_basic") && told.contains("client_secret_post"), "{told}");
    let guessed = description(house.exchange(Rp { secret: "wrong-secret-wrong-secret", ..other }, "x").await);
    let unknown = description(house.exchange(Rp { id: "nobody", ..other }, "x").await);
    assert_eq!(guessed, unknown);
}

#[tokio::test]
async fn s2_3_1_id_and_secret_are_form_encoded_in_the_header() {
    let house = House::with(
        r#"
[[clients]]
client_id = "a+b%c"
client_secret = "p%+&=/ :secret-with-everything-in-it-12"
grant_types = ["client_credentials"]
scope = "read"
"#,
    )
    .await;
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    with_basic(&house, &format!("{}:{}", encoded("a+b%c"), encoded("p%+&=/ :secret-with-everything-in-it-12"))).await.expect(200);
    with_basic(&house, "a+b%c:p%+&=/ :secret-with-everything-in-it-12").await.refused(401, "invalid_client");
    with_basic(&house, &format!("{}:{}", encoded("shop"), encoded(SHOP.secret))).await.expect(200);
    with_basic(&house, &format!("%73hop:{}", SHOP.secret.replace('-', "%2D"))).await.expect(200);
}

#[tokio::test]
async fn s3_2_the_token_endpoint_takes_post_forms_only() {
    let house = House::new().await;
    house.get("/oauth2/token?grant_type=client_credentials").await.expect(405);
    let body = "grant_type=client_credentials";
    for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
        let request = Request::post("/oauth2/token").header("authorization", SHOP.basic()).header("content-type", content_type);
        house.send(request.body(Body::from(body)).unwrap()).await.refused(400, "invalid_request");
    }
    // Parameters of the query do not count.
    house.form("/oauth2/token?grant_type=client_credentials", Some(&SHOP.basic()), &[]).await.refused(400, "invalid_request");
    let large = "x".repeat(70_000);
    house.form("/oauth2/token", Some(&SHOP.basic()), &[OWN[0], ("x", &large)]).await.refused(413, "invalid_request");
    let broken = Request::post("/oauth2/token").header("authorization", SHOP.basic());
    let broken = broken.header("content-type", "application/x-www-form-urlencoded");
    house.send(broken.body(Body::from("grant_type=%ff")).unwrap()).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn s3_2_repeated_parameters_are_refused() {
    let house = House::new().await;
    for name in ["grant_type", "scope", "client_id"] {
        let pairs = [OWN[0], (name, "client_credentials"), (name, "client_credentials")];
        house.form("/oauth2/token", Some(&SHOP.basic()), &pairs).await.refused(400, "invalid_request");
    }
    let pairs = [("grant_type", "authorization_code"), ("code", "x"), ("code", "x")];
    house.token(SHOP, &pairs).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn s5_2_unknown_grants_are_unsupported() {
    let house = House::new().await;
    for grant in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "CLIENT_CREDENTIALS", "\u{fc}"] {
        let pairs = [("grant_type", grant), ("username", ADA), ("password", crate::world::PASSWORD)];
        house.token(SHOP, &pairs).await.refused(400, "unsupported_grant_type");
    }
    house.token(SHOP, &[]).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn s5_2_a_grant_the_client_is_not_registered_for() {
    let house = House::new().await;
    house.exchange(SERVICE, "x").await.refused(400, "unauthorized_client");
    house.token(POST, &OWN).await.refused(400, "unauthorized_client");
    house.token(SPA, &OWN).await.refused(400, "unauthorized_client");
}

#[tokio::test]
async fn s4_4_a_client_gets_a_token_of_its_own() {
    let house = House::new().await;
    let tokens = house.token(SERVICE, &OWN).await.expect(200).json();
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none());
    assert_eq!((text(&tokens, "token_type"), text(&tokens, "scope")), ("Bearer", "read write"));
    let claims = jwt::claims(text(&tokens, "access_token"));
    assert_eq!((text(&claims, "sub"), text(&claims, "client_id")), ("service", "service"));
    assert!(claims.get("sid").is_none() && claims.get("auth_time").is_none());
    // It speaks for nobody.
    house.userinfo(text(&tokens, "access_token")).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn s3_3_the_scope_of_client_credentials_is_part_of_the_registered_one() {
    let house = House::new().await;
    for (asked, granted) in [("read", "read"), ("write read", "read write"), ("read read", "read")] {
        let tokens = house.token(SERVICE, &[OWN[0], ("scope", asked)]).await.expect(200).json();
        assert_eq!(text(&tokens, "scope"), granted);
    }
    for asked in ["admin", "read admin", "openid"] {
        house.token(SERVICE, &[OWN[0], ("scope", asked)]).await.refused(400, "invalid_scope");
    }
    // Scopes about a person are left out, for there is none.
    assert_eq!(text(&house.token(SHOP, &OWN).await.expect(200).json(), "scope"), "read write");
}

#[tokio::test]
async fn s2_3_1_failures_are_limited_and_success_is_not() {
    let house = House::with("[limits]\nenabled = true\ntoken_failures_per_minute = 5").await;
    for _ in 0..8 {
        house.token(SERVICE, &OWN).await.expect(200);
    }
    let mut tries = 0;
    let limited = loop {
        let answer = with_basic(&house, "service:wrong").await;
        if answer.status == 429 {
            break answer;
        }
        answer.refused(401, "invalid_client");
        tries += 1;
        assert!(tries < 20);
    };
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    house.token(SERVICE, &OWN).await.refused(429, "temporarily_unavailable");
    house.advance(wait);
    house.token(SERVICE, &OWN).await.expect(200);
}

#[tokio::test]
async fn s10_a_rotated_secret_replaces_the_old_one() {
    let house = House::new().await;
    let metadata = serde_json::json!({"grant_types": ["client_credentials"], "scope": "read"});
    let made = house.client(metadata).await;
    let id = made.client.id.clone();
    let old = made.secret.unwrap().as_str().to_owned();
    with_basic(&house, &format!("{id}:{old}")).await.expect(200);
    let new = vestibule::actions::clients::rotate_secret(&house.app, &id).await.unwrap().secret.unwrap();
    house.advance(120);
    with_basic(&house, &format!("{id}:{}", new.as_str())).await.expect(200);
    with_basic(&house, &format!("{id}:{old}")).await.refused(401, "invalid_client");
}

#[tokio::test]
async fn a_public_client_names_itself_in_the_form() {
    let house = House::new().await;
    let code = house.signed_in(ADA).await.code(SPA, &Ask::of(SPA)).await;
    house.exchange(SPA, &code).await.expect(200);
}
