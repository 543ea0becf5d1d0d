//! OpenID Connect Core 1.0: ID tokens, prompts, consent, claims and userinfo.

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::house::{ADA, BOB, FIRST, House, ISSUER, OLD, POST, SHOP, SPA};
use super::jwt;
use super::walk::{Page, text};
use super::wire::{Ask, Rp};
use crate::world::{Answer, PASSWORD};

// Section 2: the ID token.

#[tokio::test]
async fn s2_id_tokens_by_every_algorithm() {
    let house = House::new().await;
    let user = house.read(ADA).await.unwrap();
    for (rp, alg, hash) in [
        (SHOP, Algorithm::RS256, &digest::SHA256),
        (POST, Algorithm::ES256, &digest::SHA256),
        (SPA, Algorithm::EdDSA, &digest::SHA512),
    ] {
        let mut browser = house.signed_in(ADA).await;
        let signed_in = house.now();
        house.advance(100);
        let tokens = browser.tokens(&house, rp, "openid email").await;
        let (header, claims) = jwt::verified(&house.jwks().await, text(&tokens, "id_token"), rp.id, alg);
        assert_eq!(text(&header, "typ"), "JWT");
        let names: BTreeSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"];
        assert_eq!(names, expected.into(), "the scopes' claims are for userinfo (section 5.4)");
        assert_eq!((text(&claims, "iss"), text(&claims, "sub"), text(&claims, "aud")), (ISSUER, user.id.as_str(), rp.id));
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(house.now()), &json!(house.now() + 600)));
        assert_eq!(claims["auth_time"], signed_in);
        assert_eq!((text(&claims, "nonce"), &claims["amr"]), ("n-0S6_WzA2Mj", &json!(["pwd"])));
        assert_eq!(text(&claims, "acr"), "urn:vestibule:acr:one-factor");
        assert_eq!(text(&claims, "at_hash"), jwt::half_hash(hash, text(&tokens, "access_token")));
        assert!(text(&claims, "sid").starts_with("sess_"), "{claims}");
    }
}

#[tokio::test]
async fn s3_1_2_1_the_nonce_is_optional_and_comes_back_unchanged() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens_for(&house, SHOP, &Ask::of(SHOP).without("nonce")).await;
    assert!(jwt::claims(text(&tokens, "id_token")).get("nonce").is_none());
    let odd = "\u{1f511} \"quoted\" & more";
    let tokens = browser.tokens_for(&house, SHOP, &Ask::of(SHOP).with("nonce", odd)).await;
    assert_eq!(jwt::claims(text(&tokens, "id_token"))["nonce"], odd);
}

#[tokio::test]
async fn s3_1_2_1_without_the_scope_openid_there_is_no_id_token() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "email read").await;
    assert!(tokens.get("id_token").is_none());
}

#[tokio::test]
async fn s8_sub_is_the_same_for_every_client_and_sign_in() {
    let house = House::new().await;
    let mut subs = BTreeSet::new();
    for rp in [SHOP, POST, SPA, SHOP] {
        let tokens = house.signed_in(ADA).await.tokens(&house, rp, "openid").await;
        subs.insert(text(&jwt::claims(text(&tokens, "id_token")), "sub").to_owned());
    }
    assert_eq!(subs.len(), 1);
    assert!(subs.iter().all(|sub| sub.len() <= 255 && sub.is_ascii()));
}

// Section 3.1.2.1: prompt and max_age.

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let house = House::new().await;
    let none = Ask::of(SHOP).with("prompt", "none");
    house.browser().authorize(&none).await.sent_to(SHOP.redirect_uri).error("login_required");
    let mut browser = house.signed_in(ADA).await;
    browser.authorize(&none).await.sent_to(SHOP.redirect_uri).error("consent_required");
    browser.walk(&Ask::of(SHOP)).await.sent(SHOP).code();
    browser.authorize(&none).await.sent_to(SHOP.redirect_uri).code();
    // More than was allowed.
    browser.authorize(&none.clone().with("scope", "openid phone")).await.sent_to(SHOP.redirect_uri).error("consent_required");
    house.advance(100);
    browser.authorize(&none.clone().with("max_age", "10")).await.sent_to(SHOP.redirect_uri).error("login_required");
    browser.authorize(&none.with("max_age", "1000")).await.sent_to(SHOP.redirect_uri).code();
    browser.authorize(&Ask::of(FIRST).with("prompt", "none")).await.sent_to(FIRST.redirect_uri).code();
}

#[tokio::test]
async fn prompt_none_with_the_hint_of_a_cookie_that_died() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    browser.walk(&Ask::of(SHOP)).await.sent(SHOP).code();
    house.advance(31 * 86_400);
    browser.authorize(&Ask::of(SHOP).with("prompt", "none")).await.sent_to(SHOP.redirect_uri).error("login_required");
}

async fn auth_time(house: &House, code: &str) -> i64 {
    let tokens = house.exchange(SHOP, code).await.expect(200).json();
    jwt::claims(text(&tokens, "id_token"))["auth_time"].as_i64().unwrap()
}

#[tokio::test]
async fn prompt_login_asks_for_the_password_and_moves_auth_time() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let code = browser.code(SHOP, &Ask::of(SHOP)).await;
    let before = auth_time(&house, &code).await;
    for ask in [Ask::of(SHOP).with("prompt", "login"), Ask::of(SHOP).with("max_age", "0"), Ask::of(SHOP).with("max_age", "1")] {
        house.advance(10);
        let way = browser.walk(&ask).await;
        assert_eq!(way.pages, [Page::SignIn], "{ask:?}");
        assert_eq!(auth_time(&house, &way.sent(SHOP).code()).await, house.now(), "{before}");
    }
    let way = browser.walk(&Ask::of(SHOP).with("max_age", "10000")).await;
    assert_eq!(way.pages, []);
    let way = browser.walk(&Ask::of(SHOP).with("prompt", "login consent")).await;
    assert_eq!(way.pages, [Page::SignIn, Page::Consent]);
}

#[tokio::test]
async fn prompt_login_is_not_satisfied_by_walking_around_it() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    browser.walk(&Ask::of(SHOP)).await.sent(SHOP).code();
    house.advance(10);
    let page = browser.page_of(&Ask::of(SHOP).with("prompt", "login")).await;
    assert!(page.is_sign_in());
    let resumed = browser.get(&format!("/consent?flow={}", page.value("flow").unwrap())).await;
    assert!(resumed.status == 303 && resumed.location().starts_with("/login?flow="), "{}", resumed.location());
    let flow = page.value("flow").unwrap();
    let pressed = browser.post("/consent", &[("flow", &flow), ("decision", "allow"), ("scope", "email")]).await;
    assert!(!pressed.location().starts_with("https://"), "{}", pressed.location());
}

#[tokio::test]
async fn prompt_consent_asks_again() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let ask = Ask::of(SHOP).with("prompt", "consent");
    assert_eq!(browser.walk(&ask).await.pages, [Page::Consent]);
    assert_eq!(browser.walk(&ask).await.pages, [Page::Consent]);
    let first = Ask::of(FIRST).with("prompt", "consent");
    assert_eq!(browser.walk(&first).await.pages, [Page::Consent], "even an application of our own, if it wants to");
}

#[tokio::test]
async fn prompt_select_account_lets_somebody_else_sign_in() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let ask = Ask::of(FIRST).with("prompt", "select_account");
    let page = browser.page_of(&ask).await;
    assert!(!page.text().contains("readonly"), "another name can be typed");
    let way = browser.go_on(page, BOB).await;
    assert_eq!(way.pages, [Page::SignIn]);
    let tokens = house.exchange(FIRST, &way.sent(FIRST).code()).await.expect(200).json();
    let bob = house.read(BOB).await.unwrap();
    assert_eq!(jwt::claims(text(&tokens, "id_token"))["sub"], bob.id.as_str());
}

#[tokio::test]
async fn prompt_create_leads_through_sign_up_to_the_application() {
    let house = House::with("[server]\npublic_url = \"http://localhost:8080\"").await;
    let mut browser = house.browser();
    let page = browser.page_of(&Ask::of(FIRST).with("prompt", "create")).await;
    assert_eq!(page.status, 200);
    let sent = browser.submit("/signup", &[("email", "new@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    browser.follow(&sent).await;
    let code = house.mail_to("new@example.com").await.code;
    let proved = browser.submit("/verify", &[("code", &code)]).await;
    let way = browser.go_on(proved, "new@example.com").await;
    assert_eq!(way.pages, []);
    let tokens = house.exchange(FIRST, &way.sent(FIRST).code()).await.expect(200).json();
    let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
    assert_eq!((text(&person, "email"), &person["email_verified"]), ("new@example.com", &json!(true)));
}

#[tokio::test]
async fn unknown_prompts_are_ignored() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    browser.authorize(&Ask::of(FIRST).with("prompt", "dance")).await.sent_to(FIRST.redirect_uri).code();
}

#[tokio::test]
async fn login_hint_is_in_the_form() {
    let house = House::new().await;
    for hint in [BOB, "nobody@example.com", "\"><script>"] {
        let page = house.browser().page_of(&Ask::of(SHOP).with("login_hint", hint)).await;
        assert_eq!(page.value("identifier").as_deref(), Some(hint));
    }
}

#[tokio::test]
async fn ui_locales_choose_the_language_of_every_page_that_follows() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.page_of(&Ask::of(SHOP).with("ui_locales", "fr-CA de en")).await;
    assert!(page.text().contains("lang=\"de\""));
    let flow = page.value("flow").unwrap();
    let answer = browser.post("/login", &[("flow", &flow), ("identifier", ADA), ("password", PASSWORD)]).await;
    let consent = browser.follow(&answer).await;
    assert!(consent.is_consent() && consent.text().contains("lang=\"de\""));
}

// Section 3.1.2.4: consent.

#[tokio::test]
async fn s3_1_2_4_consent_is_asked_once() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    assert_eq!(browser.walk(&Ask::of(SHOP)).await.pages, [Page::Consent]);
    for scope in ["openid email", "openid", "email"] {
        assert_eq!(browser.walk(&Ask::of(SHOP).with("scope", scope)).await.pages, [], "{scope}");
    }
    // For everywhere this person signs in, but for nobody else and no other client.
    assert_eq!(house.browser().walk(&Ask::of(SHOP)).await.pages, [Page::SignIn]);
    assert!(house.signed_in(BOB).await.page_of(&Ask::of(SHOP)).await.is_consent());
    assert!(browser.page_of(&Ask::of(POST)).await.is_consent());
}

#[tokio::test]
async fn s3_1_2_4_more_scopes_ask_again_and_only_for_them() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    browser.walk(&Ask::of(SHOP)).await.sent(SHOP).code();
    let page = browser.page_of(&Ask::of(SHOP).with("scope", "openid email phone write")).await;
    assert_eq!(page.scopes().into_iter().collect::<BTreeSet<_>>(), ["phone".to_owned(), "write".to_owned()].into());
    let code = browser.decide(&page, "allow", &page.scopes()).await.sent_to(SHOP.redirect_uri).code();
    let tokens = house.exchange(SHOP, &code).await.expect(200).json();
    assert_eq!(text(&tokens, "scope"), "email openid phone write");
}

#[tokio::test]
async fn s3_1_2_4_the_page_names_the_client_the_person_and_each_scope() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let scope = "openid profile email phone address offline_access read";
    let page = browser.page_of(&Ask::of(SHOP).with("scope", scope)).await;
    for shown in ["The Shop", "shop.example", "Ada Lovelace", ADA] {
        assert!(page.text().contains(shown), "{shown}");
    }
    let ticked: BTreeSet<String> = page.scopes().into_iter().collect();
    let expected = ["profile", "email", "phone", "address", "offline_access", "read"];
    assert_eq!(ticked, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn what_is_unticked_is_not_granted_and_not_asked_again() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let ask = Ask::of(SHOP).with("scope", "openid email phone");
    let page = browser.page_of(&ask).await;
    let code = browser.decide(&page, "allow", &["email".to_owned()]).await.sent_to(SHOP.redirect_uri).code();
    let tokens = house.exchange(SHOP, &code).await.expect(200).json();
    assert_eq!(text(&tokens, "scope"), "email openid");
    let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
    assert!(person.get("phone_number").is_none());
    let again = browser.walk(&ask).await;
    assert_eq!(again.pages, []);
    let tokens = house.exchange(SHOP, &again.sent(SHOP).code()).await.expect(200).json();
    assert_eq!(text(&tokens, "scope"), "email openid");
}

#[tokio::test]
async fn nobody_can_tick_what_was_not_asked_for() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let page = browser.page_of(&Ask::of(SHOP).with("scope", "openid email")).await;
    let more = ["email", "phone", "write", "admin", "offline_access"].map(str::to_owned);
    let code = browser.decide(&page, "allow", &more).await.sent_to(SHOP.redirect_uri).code();
    let tokens = house.exchange(SHOP, &code).await.expect(200).json();
    assert_eq!(text(&tokens, "scope"), "email openid");
}

#[tokio::test]
async fn a_scope_that_the_client_may_not_have_is_left_out() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, OLD, "openid email read offline_access nonsense").await;
    assert_eq!(text(&tokens, "scope"), "openid read");
    assert!(tokens.get("refresh_token").is_none());
}

// Section 5: claims and userinfo.

async fn told(house: &House, scope: &str) -> BTreeSet<String> {
    let tokens = house.signed_in(ADA).await.tokens(house, SHOP, scope).await;
    let answer = house.userinfo(text(&tokens, "access_token")).await.expect(200);
    answer.json().as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn s5_4_each_scope_stands_for_its_claims() {
    let house = House::new().await;
    let names = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(told(&house, "openid").await, names("sub"));
    assert_eq!(told(&house, "openid email").await, names("sub email email_verified"));
    assert_eq!(told(&house, "openid phone").await, names("sub phone_number phone_number_verified"));
    assert_eq!(told(&house, "openid address").await, names("sub address"));
    let profile = told(&house, "openid profile").await;
    let all = "sub name family_name given_name middle_name nickname profile picture website gender birthdate zoneinfo locale updated_at";
    assert!(profile.is_superset(&names(all)), "{profile:?}");
    assert!(profile.is_subset(&names(&format!("{all} preferred_username"))), "{profile:?}");
}

/// By a setting of the client, the ID token has the claims of the granted scopes as well, and of no others.
#[tokio::test]
async fn s5_4_claims_of_scopes_in_the_id_token_for_clients_that_want_them() {
    let house = House::new().await;
    let basic = Rp { id: "basic", redirect_uri: "https://basic.example/callback", ..SHOP };
    for scope in ["openid", "openid email", "openid profile email phone address"] {
        let tokens = house.signed_in(ADA).await.tokens(&house, basic, scope).await;
        let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
        let id_token = jwt::claims(text(&tokens, "id_token"));
        for (name, value) in person.as_object().unwrap() {
            assert_eq!(&id_token[name], value, "{scope}");
        }
        assert_eq!(id_token.get("email").is_some(), scope.contains("email"), "{scope}");
        // Who did not ask for it finds it at the userinfo endpoint only.
        let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, scope).await;
        let id_token = jwt::claims(text(&tokens, "id_token"));
        assert!(id_token.get("email").is_none() && id_token.get("name").is_none(), "{id_token}");
    }
}

/// The consent page and what follows name an application that has no name by its site, never by an id that was made here.
#[tokio::test]
async fn applications_without_a_name_are_known_by_their_site() {
    let house = House::new().await;
    let redirect_uri = "https://wiki.example/callback";
    let client = house
        .client(json!({"redirect_uris": [redirect_uri], "post_logout_redirect_uris": ["https://wiki.example/"], "scope": "openid email offline_access",
            "grant_types": ["authorization_code", "refresh_token"]}))
        .await;
    let service = house.client(json!({"grant_types": ["client_credentials"]})).await;
    let id = client.client.id.to_string();
    let ask =
        Ask::of(SHOP).with("client_id", &id).with("redirect_uri", redirect_uri).with("scope", "openid email offline_access");
    let visible = |answer: &Answer| {
        // What a form carries nobody reads.
        let text = answer.text();
        text.split('<').filter(|tag| !tag.starts_with("input") && !tag.starts_with("a ")).collect::<Vec<_>>().join("<")
    };
    let named = |answer: &Answer| {
        let text = visible(answer);
        assert!(text.contains("wiki.example"), "{text}");
        assert!(!text.contains("client_0"), "{text}");
    };
    let mut browser = house.signed_in(ADA).await;
    let consent = browser.page_of(&ask).await;
    assert!(consent.is_consent());
    named(&consent);
    let leaving = browser.decide(&consent, "allow", &["offline_access".to_owned()]).await;
    leaving.sent_to(redirect_uri).code();
    named(&leaving);
    named(&browser.get("/account/apps").await);
    let logout = format!("/logout?client_id={id}&post_logout_redirect_uri=https%3A%2F%2Fwiki.example%2F");
    named(&browser.get(&logout).await);
    // A service has no site, and the page speaks of none.
    let page = browser.get(&format!("/logout?client_id={}", service.client.id)).await.expect(200);
    assert!(!visible(&page).contains("client_0"), "{}", page.text());
}

#[tokio::test]
async fn s5_1_the_claims_have_their_types() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid profile email phone address").await;
    let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
    assert_eq!((text(&person, "email"), &person["email_verified"]), (ADA, &json!(true)));
    assert_eq!((text(&person, "phone_number"), &person["phone_number_verified"]), ("+441234567890", &json!(true)));
    assert_eq!((text(&person, "birthdate"), text(&person, "zoneinfo")), ("1815-12-10", "Europe/London"));
    assert_eq!((&person["address"]["locality"], &person["address"]["country"]), (&json!("London"), &json!("UK")));
    assert!(person["updated_at"].is_i64());
    assert_eq!(person["sub"], jwt::claims(text(&tokens, "id_token"))["sub"], "section 5.3.4");
}

#[tokio::test]
async fn s5_1_what_is_not_known_is_left_out() {
    let house = House::new().await;
    house.person("bare@example.com").await;
    let mut browser = house.signed_in("bare@example.com").await;
    let answer = browser.authorize(&Ask::of(FIRST).with("scope", "openid profile email phone address")).await;
    let code = answer.sent_to(FIRST.redirect_uri).code();
    let tokens = house.exchange(FIRST, &code).await.expect(200).json();
    let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
    let names: BTreeSet<&str> = person.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["sub", "email", "email_verified", "updated_at"].into());
}

async fn asked_by_name(house: &House, claims: &Value) -> (Value, Value) {
    let mut browser = house.signed_in(ADA).await;
    let ask = Ask::of(SHOP).with("scope", "openid").with("claims", &claims.to_string());
    let tokens = browser.tokens_for(house, SHOP, &ask).await;
    let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
    (jwt::claims(text(&tokens, "id_token")), person)
}

#[tokio::test]
async fn s5_5_claims_can_be_asked_for_by_name() {
    let house = House::new().await;
    let claims = json!({
        "id_token": {"email": {"essential": true}, "auth_time": {"essential": true}, "nonsense": null},
        "userinfo": {"name": null, "phone_number": {"essential": true}, "https://other.example/claim": {"value": 7}},
        "unknown": {},
    });
    let (id_token, person) = asked_by_name(&house, &claims).await;
    assert_eq!(text(&id_token, "email"), ADA);
    assert!(id_token.get("name").is_none() && id_token.get("nonsense").is_none());
    assert_eq!((text(&person, "name"), text(&person, "phone_number")), ("Ada Lovelace", "+441234567890"));
    assert!(person.get("email").is_none() && person.get("family_name").is_none());
}

#[tokio::test]
async fn s5_5_claims_cannot_replace_those_of_the_protocol() {
    let house = House::new().await;
    let claims =
        json!({"id_token": {"iss": {"value": "x"}, "aud": {"value": "x"}, "exp": null, "amr": {"value": "mfa"}, "sid": null}});
    let (id_token, _) = asked_by_name(&house, &claims).await;
    assert_eq!((text(&id_token, "iss"), text(&id_token, "aud"), &id_token["amr"]), (ISSUER, "shop", &json!(["pwd"])));
}

#[tokio::test]
async fn s5_5_claims_by_name_need_the_consent_of_their_scope() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    // Signing in was allowed, the telephone number was not.
    browser.tokens(&house, SHOP, "openid").await;
    let claims = r#"{"userinfo":{"phone_number":null},"id_token":{"phone_number":null}}"#;
    let ask = Ask::of(SHOP).with("scope", "openid").with("claims", claims);
    let silent = browser.authorize(&ask.clone().with("prompt", "none")).await;
    silent.sent_to(SHOP.redirect_uri).error("consent_required");
    let page = browser.page_of(&ask).await;
    assert_eq!(page.scopes(), ["phone"]);
    let code = browser.decide(&page, "allow", &[]).await.sent_to(SHOP.redirect_uri).code();
    let tokens = house.exchange(SHOP, &code).await.expect(200).json();
    assert!(jwt::claims(text(&tokens, "id_token")).get("phone_number").is_none());
    let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
    assert!(person.get("phone_number").is_none());
    // A client that may not have the scope cannot have its claims either.
    let ask = Ask::of(OLD).with("claims", claims);
    let tokens = browser.tokens_for(&house, OLD, &ask).await;
    assert!(jwt::claims(text(&tokens, "id_token")).get("phone_number").is_none());
    let person = house.userinfo(text(&tokens, "access_token")).await.expect(200).json();
    assert!(person.get("phone_number").is_none());
}

#[tokio::test]
async fn s5_5_1_1_an_essential_acr_that_cannot_be_reached_is_not_claimed() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let ask = |acr: &str| {
        let claims = json!({"id_token": {"acr": {"essential": true, "values": [acr]}}});
        Ask::of(FIRST).with("claims", &claims.to_string())
    };
    browser.authorize(&ask("urn:mfa")).await.sent_to(FIRST.redirect_uri).error("unmet_authentication_requirements");
    browser.authorize(&ask("urn:vestibule:acr:one-factor")).await.sent_to(FIRST.redirect_uri).code();
    // Voluntary: answered with what there is.
    browser.authorize(&Ask::of(FIRST).with("acr_values", "urn:mfa")).await.sent_to(FIRST.redirect_uri).code();
}

#[tokio::test]
async fn s5_5_1_a_wanted_sub_is_the_only_one_that_gets_an_answer() {
    let house = House::new().await;
    let bob = house.read(BOB).await.unwrap();
    let claims = json!({"id_token": {"sub": {"value": bob.id.as_str()}}}).to_string();
    let ask = Ask::of(FIRST).with("claims", &claims);
    let mut browser = house.signed_in(ADA).await;
    browser.authorize(&ask.clone().with("prompt", "none")).await.sent_to(FIRST.redirect_uri).error("login_required");
    assert!(!browser.page_of(&ask).await.is_consent(), "`hints` has the page");
    house.signed_in(BOB).await.authorize(&ask).await.sent_to(FIRST.redirect_uri).code();
}

/// Section 3.1.2.1: `prompt=login` asks who is there, who need not be the one of the session.
#[tokio::test]
async fn s3_1_2_1_prompt_login_lets_somebody_else_in() {
    let house = House::new().await;
    let ask = Ask::of(SHOP).with("prompt", "login");
    let page = house.signed_in(ADA).await.page_of(&ask.clone().with("login_hint", BOB)).await;
    assert_eq!(page.value("identifier").as_deref(), Some(BOB), "the hint names another than who is signed in");
    let mut browser = house.signed_in(ADA).await;
    for hint in [ADA, "nobody we know"] {
        let page = browser.page_of(&ask.clone().with("login_hint", hint)).await;
        assert!(page.text().contains("Not you?"), "{hint}");
    }
    let flow = browser.open().unwrap().value("flow").unwrap();
    let page = browser.get(&format!("/login?flow={flow}&other=1")).await;
    assert!(!page.text().contains("Not you?") && page.value("other").is_some());
    let form = [("flow", flow.as_str()), ("other", "1"), ("identifier", BOB), ("password", PASSWORD)];
    let answer = browser.post("/login", &form).await;
    assert!(browser.follow(&answer).await.is_consent(), "as Bob");
}
