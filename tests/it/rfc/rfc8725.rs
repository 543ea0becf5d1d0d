//! RFC 8725, JSON Web Token Best Current Practices: what a forger tries with our own tokens.

use std::net::TcpListener;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use vestibule::crypto::jose::{Alg, SigningKey};

use super::house::{ADA, House, SHOP};
use super::jwt::{forged, part};
use super::walk::text;
use super::wire::Ask;

async fn tokens(house: &House) -> Value {
    house.signed_in(ADA).await.tokens(house, SHOP, "openid email").await
}

/// Refused wherever an access token counts.
async fn refused(house: &House, token: &str) {
    house.userinfo(token).await.refused(401, "invalid_token");
    assert_eq!(house.introspect(SHOP, token).await, json!({"active": false}), "{token}");
}

#[tokio::test]
async fn s3_2_none_is_no_algorithm() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let good = text(&tokens, "access_token");
    let (header, claims) = (part(good, 0), part(good, 1));
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let mut header = header.clone();
        header["alg"] = json!(alg);
        refused(&house, &forged(&header, &claims, |_| Vec::new())).await;
    }
    refused(&house, &good[..=good.rfind('.').unwrap()]).await;
    refused(&house, &good[..good.rfind('.').unwrap()]).await;
}

#[tokio::test]
async fn s2_1_a_public_key_is_no_hmac_secret() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let jwks = house.jwks().await;
    let good = text(&tokens, "access_token");
    for key in jwks["keys"].as_array().unwrap() {
        let secrets = [
            key.to_string().into_bytes(),
            ["x", "n"].iter().find_map(|name| key[*name].as_str()).unwrap().as_bytes().to_vec(),
            ["x", "n"].iter().find_map(|name| BASE64URL_NOPAD.decode(key[*name].as_str()?.as_bytes()).ok()).unwrap(),
            Vec::new(),
        ];
        for secret in secrets {
            for (alg, hash) in [("HS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512)] {
                let header = json!({"alg": alg, "typ": "at+jwt", "kid": key["kid"]});
                let secret = hmac::Key::new(hash, &secret);
                refused(&house, &forged(&header, &part(good, 1), |signed| hmac::sign(&secret, signed).as_ref().to_vec())).await;
            }
        }
    }
}

#[tokio::test]
async fn s3_1_the_key_decides_the_algorithm() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let good = text(&tokens, "access_token");
    let jwks = house.jwks().await;
    for key in jwks["keys"].as_array().unwrap() {
        for alg in ["ES256", "RS256", "EdDSA", "PS256", "ES384"] {
            let header = json!({"alg": alg, "typ": "at+jwt", "kid": key["kid"]});
            if header == part(good, 0) {
                continue;
            }
            let signature = BASE64URL_NOPAD.decode(good.rsplit('.').next().unwrap().as_bytes()).unwrap();
            refused(&house, &forged(&header, &part(good, 1), |_| signature.clone())).await;
        }
    }
}

#[tokio::test]
async fn s3_10_nothing_in_the_header_is_trusted() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let good = text(&tokens, "access_token");
    let kid = text(&part(good, 0), "kid").to_owned();
    let own = SigningKey::generate(Alg::Es256, kid.clone()).unwrap();
    // Ours by name, the forger's by key.
    refused(&house, &own.sign("at+jwt", &part(good, 1)).unwrap()).await;
    for kid in ["../../../../dev/null", "' OR 1=1--", "", "x\0y", "https://evil.example/jwks", &"k".repeat(3000)] {
        let key = SigningKey::generate(Alg::Es256, kid.to_owned()).unwrap();
        refused(&house, &key.sign("at+jwt", &part(good, 1)).unwrap()).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let jwk = serde_json::to_value(own.public_jwk()).unwrap();
    for (name, value) in [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("jwk", jwk),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
    ] {
        let mut header = json!({"alg": "ES256", "typ": "at+jwt", "kid": kid});
        header[name] = value;
        let signature = BASE64URL_NOPAD.decode(good.rsplit('.').next().unwrap().as_bytes()).unwrap();
        refused(&house, &forged(&header, &part(good, 1), |_| signature.clone())).await;
    }
    assert!(listener.accept().is_err(), "somebody called");
}

#[tokio::test]
async fn s3_11_tokens_of_one_kind_are_none_of_another() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, SHOP, "openid email").await;
    let code = browser.code(SHOP, &Ask::of(SHOP)).await;
    for (name, token) in [("ID", text(&tokens, "id_token")), ("refresh", text(&tokens, "refresh_token")), ("code", &code)] {
        assert_eq!(house.userinfo(token).await.status, 401, "{name}");
    }
    refused(&house, text(&tokens, "id_token")).await;
    refused(&house, &code).await;
    for token in [text(&tokens, "access_token"), text(&tokens, "id_token"), text(&tokens, "refresh_token")] {
        house.exchange(SHOP, token).await.refused(400, "invalid_grant");
    }
    house.exchange(SHOP, &code).await.expect(200);
}

#[tokio::test]
async fn s3_3_a_changed_token_is_no_token() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let good = text(&tokens, "access_token");
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    for (claim, value) in [
        ("sub", json!("user_x")),
        ("scope", json!("openid admin")),
        ("exp", json!(9_999_999_999_i64)),
        ("client_id", json!("post")),
    ] {
        let mut claims = part(good, 1);
        claims[claim] = value;
        parts[1] = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        refused(&house, &parts.join(".")).await;
    }
    refused(&house, &format!("{good}.{good}")).await;
    refused(&house, &format!("{good}=")).await;
    refused(&house, &good.to_uppercase()).await;
    house.userinfo(good).await.expect(200);
}

#[tokio::test]
async fn s3_5_published_keys_are_strong_and_public() {
    let house = House::new().await;
    let jwks = house.jwks().await;
    for key in jwks["keys"].as_array().unwrap() {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
        assert_eq!(key["use"], "sig");
        match text(key, "kty") {
            "RSA" => assert!(BASE64URL_NOPAD.decode(text(key, "n").as_bytes()).unwrap().len() >= 256),
            "EC" => assert_eq!(text(key, "crv"), "P-256"),
            "OKP" => assert_eq!(text(key, "crv"), "Ed25519"),
            other => panic!("{other}"),
        }
    }
}
