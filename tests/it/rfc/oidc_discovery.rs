//! OpenID Connect Discovery 1.0: what the document says is what the server does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::house::{ADA, House, POST, SHOP, SPA};
use super::jwt;
use super::walk::text;
use super::wire::Ask;

async fn document(house: &House) -> Value {
    house.get("/.well-known/openid-configuration").await.expect(200).json()
}

fn list<'v>(document: &'v Value, name: &str) -> BTreeSet<&'v str> {
    document[name].as_array().unwrap_or_else(|| panic!("{name}")).iter().map(|value| value.as_str().unwrap()).collect()
}

#[tokio::test]
async fn s4_anybody_may_read_and_keep_it() {
    let house = House::new().await;
    for path in ["/.well-known/openid-configuration", "/oauth2/jwks"] {
        let answer = house.get(path).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("cache-control"), "public, max-age=3600");
        assert!(answer.header("set-cookie").is_empty());
    }
}

#[tokio::test]
async fn response_types_and_modes() {
    let house = House::new().await;
    let document = document(&house).await;
    assert_eq!(list(&document, "response_types_supported"), BTreeSet::from(["code"]));
    assert_eq!(list(&document, "response_modes_supported"), BTreeSet::from(["form_post", "query"]));
    let mut browser = house.signed_in(ADA).await;
    for mode in list(&document, "response_modes_supported") {
        let way = browser.walk(&Ask::of(SHOP).with("response_mode", mode)).await;
        assert_eq!(way.end.status, if mode == "query" { 303 } else { 200 });
    }
}

#[tokio::test]
async fn grant_types() {
    let house = House::new().await;
    let document = document(&house).await;
    let known = list(&document, "grant_types_supported");
    for grant in ["authorization_code", "refresh_token", "client_credentials", "password", "implicit"] {
        let answer = house.token(SHOP, &[("grant_type", grant)]).await;
        let unsupported = answer.json()["error"] == "unsupported_grant_type";
        assert_eq!(unsupported, !known.contains(grant), "{grant}");
    }
}

#[tokio::test]
async fn signing_algorithms() {
    let house = House::new().await;
    let document = document(&house).await;
    let mut used = BTreeSet::new();
    for rp in [SHOP, POST, SPA] {
        let tokens = house.signed_in(ADA).await.tokens(&house, rp, "openid").await;
        used.insert(text(&jwt::part(text(&tokens, "id_token"), 0), "alg").to_owned());
    }
    assert_eq!(list(&document, "id_token_signing_alg_values_supported"), used.iter().map(String::as_str).collect());
    let jwks = house.jwks().await;
    let published: BTreeSet<&str> = jwks["keys"].as_array().unwrap().iter().map(|key| text(key, "alg")).collect();
    assert_eq!(published, used.iter().map(String::as_str).collect());
}

#[tokio::test]
async fn client_authentication() {
    let house = House::new().await;
    let document = document(&house).await;
    let known = BTreeSet::from(["client_secret_basic", "client_secret_post", "none"]);
    assert_eq!(list(&document, "token_endpoint_auth_methods_supported"), known);
    assert_eq!(list(&document, "revocation_endpoint_auth_methods_supported"), known);
    for rp in [SHOP, POST, SPA] {
        house.exchange(rp, "x").await.refused(400, "invalid_grant");
        house.by(rp, "/oauth2/revoke", &[("token", "x")]).await.expect(200);
        let may = list(&document, "introspection_endpoint_auth_methods_supported").contains(match rp.id {
            "shop" => "client_secret_basic",
            "post" => "client_secret_post",
            _ => "none",
        });
        let status = house.by(rp, "/oauth2/introspect", &[("token", "x")]).await.status;
        assert_eq!(status == 200, may, "{}", rp.id);
    }
}

#[tokio::test]
async fn claims_and_scopes() {
    let house = House::new().await;
    let document = document(&house).await;
    let known = list(&document, "claims_supported");
    let scope: Vec<&str> = list(&document, "scopes_supported").into_iter().collect();
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, &scope.join(" ")).await;
    assert_eq!(text(&tokens, "scope").split(' ').collect::<BTreeSet<_>>(), scope.into_iter().collect());
    let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
    let id_token = jwt::claims(text(&tokens, "id_token"));
    let told: BTreeSet<&str> =
        [&person, &id_token].into_iter().flat_map(|claims| claims.as_object().unwrap().keys()).map(String::as_str).collect();
    assert!(told.is_subset(&known), "{:?}", told.difference(&known));
    assert!(list(&document, "acr_values_supported").contains(text(&id_token, "acr")));
}

#[tokio::test]
async fn parameters_that_are_not_supported() {
    let house = House::new().await;
    let document = document(&house).await;
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert_eq!(document["claims_parameter_supported"], true);
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(list(&document, "code_challenge_methods_supported"), BTreeSet::from(["S256"]));
    assert_eq!(list(&document, "subject_types_supported"), BTreeSet::from(["public"]));
}

#[tokio::test]
async fn prompts_and_languages() {
    let house = House::new().await;
    let document = document(&house).await;
    for prompt in list(&document, "prompt_values_supported") {
        let answer = house.browser().authorize(&Ask::of(SHOP).with("prompt", prompt)).await;
        let expected = match prompt {
            "none" => "https://shop.example/callback?error=login_required",
            "create" => "/signup?flow=",
            _ => "/login?flow=",
        };
        assert!(answer.location().starts_with(expected), "{prompt}: {}", answer.location());
    }
    for locale in list(&document, "ui_locales_supported") {
        let page = house.browser().page_of(&Ask::of(SHOP).with("ui_locales", &format!("xx {locale}"))).await;
        assert!(page.text().contains(&format!("lang=\"{locale}\"")), "{locale}");
    }
}
