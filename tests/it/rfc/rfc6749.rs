//! RFC 6749, The OAuth 2.0 Authorization Framework: the authorization endpoint and codes.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;

use super::house::{ADA, BOB, FIRST, House, ISSUER, NATIVE, OLD, POST, SERVICE, SHOP, SPA, STRICT};
use super::walk::{Page, text};
use super::wire::{Ask, Rp, VERIFIER};
use crate::world::{Answer, Browser, Database, PASSWORD};

// Section 4.1: the whole grant.

#[tokio::test]
async fn s4_1_every_kind_of_client_gets_tokens_for_a_code() {
    let house = House::new().await;
    for rp in [SHOP, POST, SPA, NATIVE, FIRST, STRICT, OLD] {
        let way = house.browser().walk(&Ask::of(rp)).await;
        let pages: &[Page] = if rp.id == "first" { &[Page::SignIn] } else { &[Page::SignIn, Page::Consent] };
        assert_eq!(way.pages, pages, "{}", rp.id);
        let sent = way.sent(rp);
        let names: BTreeSet<&str> = sent.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, BTreeSet::from(["code", "iss", "state"]), "{}", rp.id);
        let answer = house.exchange(rp, &sent.code()).await.expect(200);
        let tokens = answer.json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 600);
        assert_eq!(text(&tokens, "scope"), if rp.id == "old" { "openid" } else { "email openid" });
        let refreshes = !matches!(rp.id, "strict" | "old");
        assert_eq!(tokens.get("refresh_token").is_some(), refreshes, "{}", rp.id);
        let known = ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"];
        assert!(tokens.as_object().unwrap().keys().all(|name| known.contains(&name.as_str())), "{tokens}");
    }
}

#[tokio::test]
async fn s5_1_answers_with_tokens_are_not_cached() {
    let house = House::new().await;
    let code = house.browser().code(SHOP, &Ask::of(SHOP)).await;
    let answer = house.exchange(SHOP, &code).await.expect(200);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

// Section 3.1: the endpoint.

/// As a browser sends a form of another site: without our cookies, which are `SameSite=Lax`.
async fn posted(browser: &mut Browser, body: String) -> Answer {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://first.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let kept = std::mem::take(&mut browser.cookies);
    let answer = browser.send(axum::http::Method::POST, "/oauth2/authorize", &headers, body.into()).await;
    assert!(
        answer.headers.get("set-cookie").is_none(),
        "no cookie takes the place of one that is not seen: {:?}",
        answer.headers
    );
    browser.cookies = kept;
    answer
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// By POST from the application's page, everything is as by GET: who is signed in is not asked again, silently or not, and a journey that is open in
/// another tab goes on.
#[tokio::test]
async fn s3_1_the_authorization_endpoint_takes_post() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    for ask in [Ask::of(FIRST), Ask::of(FIRST).with("prompt", "none")] {
        let answer = posted(&mut browser, encoded(&ask.pairs())).await.expect(303);
        assert_eq!(answer.location(), ask.path(), "the same request by GET, on this origin");
        browser.follow(&answer).await.sent_to(FIRST.redirect_uri).code();
    }
    // Nobody is signed in, and a journey is open.
    let mut browser = house.browser();
    let open = browser.page_of(&Ask::of(SHOP)).await;
    let before = browser.cookies.clone();
    let silent = posted(&mut browser, encoded(&Ask::of(FIRST).with("prompt", "none").pairs())).await;
    browser.follow(&silent).await.sent_to(FIRST.redirect_uri).error("login_required");
    let answer = posted(&mut browser, encoded(&Ask::of(FIRST).pairs())).await;
    let sign_in = browser.follow(&answer).await;
    assert!(browser.follow(&sign_in).await.is_sign_in());
    assert_eq!(browser.cookies, before, "the browser's secret is the same");
    browser.go_on(open, ADA).await.sent(SHOP).code();
}

/// Signing in in one tab is enough for the others: each goes on when it is loaded anew, unless it asks for something that was not proved.
#[tokio::test]
async fn s3_1_another_tab_goes_on_after_the_sign_in_in_the_first() {
    let house = House::new().await;
    let mut browser = house.browser();
    let mut tabs = Vec::new();
    for ask in [Ask::of(SHOP), Ask::of(FIRST), Ask::of(FIRST).with("prompt", "login"), Ask::of(FIRST).with("max_age", "1")] {
        let answer = browser.authorize(&ask).await.expect(303);
        assert!(browser.follow(&answer).await.is_sign_in());
        tabs.push(answer.location().to_owned());
    }
    house.advance(60);
    let mut reload = Vec::new();
    assert_eq!(browser.sign_in(ADA, PASSWORD).await.status, 303);
    house.advance(60);
    for tab in &tabs {
        let mut answer = browser.get(tab).await;
        while answer.status == 303 && answer.location().starts_with('/') {
            answer = browser.follow(&answer).await;
        }
        reload.push(answer);
    }
    assert!(reload[0].is_consent(), "{}", reload[0].text());
    for first in &reload[1..] {
        first.sent_to(FIRST.redirect_uri).code();
    }
    // One that was opened after that sign-in still wants its proof, however often it is loaded.
    let answer = browser.authorize(&Ask::of(FIRST).with("prompt", "login")).await.expect(303);
    for _ in 0..3 {
        assert!(browser.follow(&answer).await.is_sign_in());
    }
}

/// What a form can say and no address can.
#[tokio::test]
async fn s3_1_a_form_is_held_to_what_an_address_is() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    // Repeated parameters stay repeated, and what is malformed is as malformed as there.
    let twice = Ask::of(FIRST).also("nonce", "again");
    let answer = posted(&mut browser, encoded(&twice.pairs())).await.expect(303);
    browser.follow(&answer).await.sent_to(FIRST.redirect_uri).error("invalid_request");
    let odd = Ask::of(FIRST).with("state", "a b+c%20&code=evil#x \u{1f511}");
    let answer = posted(&mut browser, encoded(&odd.pairs())).await.expect(303);
    assert_eq!(browser.follow(&answer).await.sent_to(FIRST.redirect_uri).get("state"), "a b+c%20&code=evil#x \u{1f511}");
    // What is no text matters where it is a parameter that somebody knows.
    let plain = encoded(&Ask::of(FIRST).pairs());
    let answer = posted(&mut browser, format!("utm=%ff&%fe=1&x=%00&{plain}")).await.expect(303);
    browser.follow(&answer).await.sent_to(FIRST.redirect_uri).code();
    let answer = posted(&mut browser, format!("{plain}&claims=%ff")).await.expect(303);
    browser.follow(&answer).await.sent_to(FIRST.redirect_uri).error("invalid_request");
    // Too long for an address: told to the client that is known, and to nobody else.
    let long = "x".repeat(20_000);
    let request = Ask::of(FIRST).with("request", &long);
    posted(&mut browser, encoded(&request.pairs())).await.sent_to(FIRST.redirect_uri).error("request_not_supported");
    let unknown = Ask::of(FIRST).with("x_unknown", &long);
    posted(&mut browser, encoded(&unknown.pairs())).await.sent_to(FIRST.redirect_uri).error("invalid_request");
    posted(&mut browser, encoded(&unknown.with("redirect_uri", "https://evil.example/").pairs())).await.stays();
    posted(&mut browser, encoded(&[("client_id", long.as_str())])).await.stays();
}

#[tokio::test]
async fn s3_1_unknown_parameters_are_ignored() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let ask = Ask::of(FIRST)
        .with("extra", "foobar")
        .also("extra", "again")
        .with("display", "popup")
        .with("claims_locales", "de")
        .with("acr_values", "urn:unknown 1")
        .with("ui_locales", "xx de")
        .with("login_hint", "somebody")
        .with("id_token_hint", "not-a-token")
        .with("resource", "https://api.example")
        .with("audience", "x");
    browser.authorize(&ask).await.sent_to(FIRST.redirect_uri).code();
}

#[tokio::test]
async fn s3_1_parameters_without_a_value_are_omitted_ones() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let ask = Ask::of(FIRST).with("prompt", "").with("max_age", "").with("request", "").with("response_mode", "");
    browser.authorize(&ask).await.sent_to(FIRST.redirect_uri).code();
    browser.authorize(&Ask::of(FIRST).with("response_type", "")).await.sent_to(FIRST.redirect_uri).error("invalid_request");
}

#[tokio::test]
async fn s3_1_repeated_parameters_are_refused() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    for (name, value) in [
        ("response_type", "code"),
        ("scope", "openid"),
        ("nonce", "again"),
        ("code_challenge", super::wire::CHALLENGE),
        ("code_challenge_method", "S256"),
    ] {
        browser.authorize(&Ask::of(SHOP).also(name, value)).await.sent_to(SHOP.redirect_uri).error("invalid_request");
    }
    for name in ["prompt", "max_age", "response_mode", "login_hint", "ui_locales", "claims", "display", "acr_values"] {
        let ask = Ask::of(SHOP).also(name, "1").also(name, "1");
        browser.authorize(&ask).await.sent_to(SHOP.redirect_uri).error("invalid_request");
    }
    // A state that came twice is no state to give back.
    let sent = browser.authorize(&Ask::of(SHOP).also("state", "other")).await.sent_to(SHOP.redirect_uri);
    assert_eq!((sent.get("error"), sent.get("state"), sent.get("iss")), ("invalid_request", "", ISSUER));
    browser.authorize(&Ask::of(SHOP).also("client_id", "shop")).await.stays();
    browser.authorize(&Ask::of(SHOP).also("redirect_uri", SHOP.redirect_uri)).await.stays();
}

#[tokio::test]
async fn s3_1_2_5_the_registered_query_is_kept() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let answer = browser.authorize(&Ask::of(FIRST)).await;
    assert!(answer.location().starts_with("https://first.example/callback?tenant=1&code="), "{}", answer.location());
}

#[tokio::test]
async fn s3_1_2_3_plain_oauth_may_leave_out_the_only_redirect_uri() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let ask = Ask::of(OLD).with("scope", "read").without("redirect_uri");
    let code = browser.code(OLD, &ask).await;
    let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    let tokens = house.token(OLD, &pairs).await.expect(200).json();
    assert_eq!(text(&tokens, "scope"), "read");
    assert!(tokens.get("id_token").is_none());
    // OpenID Connect Core section 3.1.2.1 demands it, and so do two of them.
    browser.authorize(&Ask::of(OLD).without("redirect_uri")).await.stays();
    browser.authorize(&Ask::of(SHOP).with("scope", "read").without("redirect_uri")).await.stays();
}

// Section 4.1.2.1: errors.

#[tokio::test]
async fn s4_1_2_1_an_unknown_client_is_told_on_a_page() {
    let house = House::new().await;
    for id in ["nobody", "SHOP", "shop ", "../shop", "' OR 1=1--", "\u{fc}", "shop\r\nx: y"] {
        house.browser().authorize(&Ask::of(SHOP).with("client_id", id)).await.stays();
        house.signed_in(ADA).await.authorize(&Ask::of(SHOP).with("client_id", id)).await.stays();
    }
    house.browser().authorize(&Ask::of(SHOP).without("client_id")).await.stays();
    house.browser().authorize(&Ask::of(SERVICE).with("redirect_uri", "https://service.example/")).await.stays();
    let nul = house.get("/oauth2/authorize?client_id=shop%00&redirect_uri=https://shop.example/callback").await;
    nul.stays();
}

#[tokio::test]
async fn s4_1_2_1_errors_travel_back_with_state() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    for (name, value, code) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "id_token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("response_type", "none", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "web_message", "invalid_request"),
        ("scope", "admin", "invalid_scope"),
        ("scope", "open\"id", "invalid_scope"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("claims", "{", "invalid_request"),
        ("claims", "[]", "invalid_request"),
        ("claims", r#"{"id_token":7}"#, "invalid_request"),
        ("request", "eyJhbGciOiJub25lIn0..", "request_not_supported"),
        ("request_uri", "https://shop.example/request", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
    ] {
        let ask = Ask::of(SHOP).with(name, value);
        browser.authorize(&ask).await.sent_to(SHOP.redirect_uri).error(code);
        // The same without a session: errors come before any page.
        house.browser().authorize(&ask).await.sent_to(SHOP.redirect_uri).error(code);
    }
    for name in ["response_type", "scope"] {
        let code = if name == "scope" { "invalid_scope" } else { "invalid_request" };
        browser.authorize(&Ask::of(SHOP).without(name)).await.sent_to(SHOP.redirect_uri).error(code);
    }
    let long = "x".repeat(5000);
    let sent = browser.authorize(&Ask::of(SHOP).with("nonce", &long)).await.sent_to(SHOP.redirect_uri);
    sent.error("invalid_request");
}

#[tokio::test]
async fn s4_1_2_1_without_a_state_none_is_given_back() {
    let house = House::new().await;
    let sent = house.browser().authorize(&Ask::of(SHOP).without("state").with("scope", "admin")).await.sent_to(SHOP.redirect_uri);
    let names: Vec<&str> = sent.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["error", "error_description", "iss"]);
}

/// A refusal that repeated it would be an address that no proxy takes.
#[tokio::test]
async fn s4_1_2_1_a_state_beyond_the_cap_is_not_given_back() {
    let house = House::new().await;
    let most = "s".repeat(4096);
    let refused = Ask::of(SHOP).with("scope", "admin");
    let sent = house.browser().authorize(&refused.clone().with("state", &most)).await.sent_to(SHOP.redirect_uri);
    assert_eq!(sent.get("state"), most);
    for length in [4097, 60_000] {
        let ask = Ask::of(SHOP).with("state", &"s".repeat(length));
        for ask in [ask.clone(), ask.with("response_mode", "form_post")] {
            let path = ask.path();
            let body = path.split_once('?').unwrap().1.to_owned();
            let post = Request::post("/oauth2/authorize").header("content-type", "application/x-www-form-urlencoded");
            let mut posted = house.send(post.body(Body::from(body)).unwrap()).await;
            if posted.status == 303 && posted.location().starts_with("/oauth2/") {
                posted = house.get(posted.location()).await;
            }
            for answer in [house.browser().authorize(&ask).await, posted] {
                // The links to other languages repeat the address of the page itself.
                let page = answer.text();
                let all = format!("{:?}{}", answer.headers, page.split("<footer").next().unwrap());
                assert!(all.contains("invalid_request") && !all.contains(&"s".repeat(100)), "{length}: {all}");
            }
        }
    }
}

#[tokio::test]
async fn s4_1_2_state_comes_back_as_it_was() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    for state in ["a b+c%20&code=evil#x", "\r\nSet-Cookie: a=b", "\u{1f511} \u{fc}", "<script>", &"s".repeat(2000)] {
        let answer = browser.authorize(&Ask::of(FIRST).with("state", state)).await;
        let sent = answer.sent_to(FIRST.redirect_uri);
        assert_eq!(sent.get("state"), state);
        sent.code();
        assert!(answer.headers.get("set-cookie").is_none_or(|line| !line.to_str().unwrap().contains("a=b")));
    }
}

#[tokio::test]
async fn s4_1_2_1_a_client_without_the_grant_may_not_ask() {
    let house = House::new().await;
    let metadata = serde_json::json!({"redirect_uris": ["https://later.example/cb"], "grant_types": ["client_credentials"]});
    let later = house.client(metadata).await;
    let ask = Ask::of(SHOP).with("client_id", later.client.id.as_str()).with("redirect_uri", "https://later.example/cb");
    house.browser().authorize(&ask).await.sent_to("https://later.example/cb").error("unauthorized_client");
}

#[tokio::test]
async fn s4_1_2_1_who_says_no_sends_access_denied() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let page = browser.page_of(&Ask::of(SHOP)).await;
    let denied = browser.decide(&page, "deny", &[]).await;
    denied.sent_to(SHOP.redirect_uri).error("access_denied");
    // Nothing was remembered.
    assert!(browser.page_of(&Ask::of(SHOP)).await.is_consent());
}

#[tokio::test]
async fn parameters_that_cannot_be_read_are_a_page() {
    let house = House::new().await;
    let path = Ask::of(SHOP).path();
    for (text, name) in [("%ff", "redirect_uri"), ("%00", "redirect_uri"), ("%ff", "client_id")] {
        house.get(&Ask::of(SHOP).without(name).path().replace('?', &format!("?{name}={text}&"))).await.stays();
    }
    house.get(&format!("{path}&display=%00")).await.sent_to(SHOP.redirect_uri).error("invalid_request");
    let many = "&a=1".repeat(300);
    house.get(&format!("{path}{many}")).await.stays();
    for (content_type, status) in [("application/json", 415), ("text/plain", 415)] {
        let request = Request::post("/oauth2/authorize").header("content-type", content_type).body(Body::from("{}")).unwrap();
        house.send(request).await.expect(status);
    }
    for method in ["PUT", "DELETE", "PATCH", "TRACE"] {
        let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
        house.send(request).await.expect(405);
    }
}

// Section 4.1.3: what a code is exchanged for.

async fn exchange_with(house: &House, rp: Rp, code: &str, redirect_uri: Option<&str>) -> (u16, String) {
    let mut pairs = vec![("grant_type", "authorization_code"), ("code", code), ("code_verifier", VERIFIER)];
    pairs.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
    let answer = house.token(rp, &pairs).await;
    (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn s4_1_3_the_redirect_uri_must_be_the_same() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let code = browser.code(SHOP, &Ask::of(SHOP)).await;
    let refused = (400, "invalid_grant".to_owned());
    for uri in [None, Some("https://shop.example/second"), Some("https://shop.example/callback/"), Some("https://evil.example/")]
    {
        assert_eq!(exchange_with(&house, SHOP, &code, uri).await, refused, "{uri:?}");
    }
    // A mistake does not spend the code.
    house.exchange(SHOP, &code).await.expect(200);
}

#[tokio::test]
async fn s4_1_3_a_code_belongs_to_its_client() {
    let house = House::new().await;
    let code = house.signed_in(ADA).await.code(SHOP, &Ask::of(SHOP)).await;
    for thief in [POST, SPA, FIRST, STRICT] {
        let found = exchange_with(&house, thief, &code, Some(SHOP.redirect_uri)).await;
        assert_eq!(found, (400, "invalid_grant".to_owned()), "{}", thief.id);
    }
    house.exchange(SHOP, &code).await.expect(200);
}

#[tokio::test]
async fn s4_1_3_what_is_no_code_is_refused() {
    let house = House::new().await;
    let code = house.signed_in(ADA).await.code(SHOP, &Ask::of(SHOP)).await;
    let mut wrong = code.clone();
    wrong.pop();
    for code in ["x", "vst_cod_", &wrong, &format!("{code}x"), &code.to_uppercase(), "' OR 1=1--", &"c".repeat(5000)] {
        house.exchange(SHOP, code).await.refused(400, "invalid_grant");
    }
    house.token(SHOP, &[("grant_type", "authorization_code")]).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn s4_1_2_a_code_expires_after_sixty_seconds() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let (young, old) = (browser.code(SHOP, &Ask::of(SHOP)).await, browser.code(SHOP, &Ask::of(SHOP)).await);
    house.advance(58);
    house.exchange(SHOP, &young).await.expect(200);
    house.advance(2);
    house.exchange(SHOP, &old).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn s4_1_2_a_code_that_comes_twice_ends_the_tokens_of_its_first_use() {
    let house = House::new().await;
    let code = house.signed_in(ADA).await.code(SHOP, &Ask::of(SHOP)).await;
    let tokens = house.exchange(SHOP, &code).await.expect(200).json();
    house.userinfo(text(&tokens, "access_token")).await.expect(200);
    // Somebody else's client cannot use the rule as a weapon.
    house.exchange(POST, &code).await.refused(400, "invalid_grant");
    house.userinfo(text(&tokens, "access_token")).await.expect(200);
    house.exchange(SHOP, &code).await.refused(400, "invalid_grant");
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
    house.refresh(SHOP, text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");
    assert!(!house.is_active(SHOP, text(&tokens, "access_token")).await);
}

/// Whoever read the code in a log or a browser's history, and knows what everybody knows of the client, ends nothing with it, before or after it
/// was used; nor does a code that was slipped into somebody else's sign-in at the right client (RFC 9700 section 4.5).
#[tokio::test]
async fn s4_1_2_a_used_code_ends_tokens_only_by_its_client() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let (wrong, none) = ("a".repeat(43), "");
    for rp in [SHOP, SPA, NATIVE] {
        let code = browser.code(rp, &Ask::of(rp).with("scope", "openid")).await;
        let mut tokens = None;
        for used in [false, true] {
            for (uri, verifier) in [
                (rp.redirect_uri, wrong.as_str()),
                (rp.redirect_uri, none),
                ("https://shop.example/second", VERIFIER),
                ("", VERIFIER),
            ] {
                let all =
                    [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", uri), ("code_verifier", verifier)];
                let pairs: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
                house.token(rp, &pairs).await.refused(400, "invalid_grant");
            }
            // Another client, with everything else right; and this one without its secret.
            let other = if rp.id == "spa" { NATIVE } else { SPA };
            let proofs = [("code", code.as_str()), ("redirect_uri", rp.redirect_uri), ("code_verifier", VERIFIER)];
            let pairs = [[("grant_type", "authorization_code")].as_slice(), &proofs].concat();
            house.token(other, &pairs).await.refused(400, "invalid_grant");
            if !rp.secret.is_empty() {
                let thief = Rp { secret: "guessed-guessed-guessed-guessed", ..rp };
                house.token(thief, &pairs).await.refused(401, "invalid_client");
            }
            if !used {
                tokens = Some(house.exchange(rp, &code).await.expect(200).json());
            }
        }
        let tokens = tokens.unwrap();
        house.userinfo(text(&tokens, "access_token")).await.expect(200);
        let tokens = house.refresh(rp, text(&tokens, "refresh_token")).await.expect(200).json();
        // The client itself: one of its two answers went to a thief.
        house.exchange(rp, &code).await.refused(400, "invalid_grant");
        house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
        house.refresh(rp, text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s4_1_2_of_ten_that_race_with_a_code_one_wins() {
    let house = Arc::new(House::new().await);
    let mut browser = house.signed_in(ADA).await;
    for _ in 0..3 {
        let code = browser.code(SHOP, &Ask::of(SHOP)).await;
        let mut race = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (house, code) = (Arc::clone(&house), code.clone());
            race.spawn(async move { house.exchange(SHOP, &code).await.status });
        }
        let mut found = race.join_all().await;
        found.sort_unstable();
        assert_eq!(found, [200, 400, 400, 400, 400, 400, 400, 400, 400, 400]);
    }
}

/// Wrong proofs that come at the same moment as the right one neither stop it nor end what it got, before its use is written down and after.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s4_1_2_wrong_proofs_that_race_with_the_right_one_end_nothing() {
    for database in Database::BOTH {
        let Some(house) = House::on(database).await else { continue };
        let house = Arc::new(house);
        let mut browser = house.signed_in(ADA).await;
        for rp in [SHOP, SPA] {
            let code = browser.code(rp, &Ask::of(rp)).await;
            let mut race = tokio::task::JoinSet::new();
            for number in 0..10 {
                let (house, code) = (Arc::clone(&house), code.clone());
                race.spawn(async move {
                    if number == 5 {
                        return Some(house.exchange(rp, &code).await.expect(200).json());
                    }
                    let wrong = "a".repeat(43);
                    let pairs = [
                        ("grant_type", "authorization_code"),
                        ("code", &code),
                        ("redirect_uri", rp.redirect_uri),
                        ("code_verifier", &wrong),
                    ];
                    house.token(rp, &pairs).await.refused(400, "invalid_grant");
                    None
                });
            }
            let tokens = race.join_all().await.into_iter().flatten().next().unwrap();
            house.userinfo(text(&tokens, "access_token")).await.expect(200);
            house.refresh(rp, text(&tokens, "refresh_token")).await.expect(200);
        }
    }
}

// The way between: journeys belong to a browser.

#[tokio::test]
async fn a_journey_of_one_browser_cannot_be_finished_in_another() {
    let house = House::new().await;
    let mut mallory = house.signed_in(BOB).await;
    let page = mallory.page_of(&Ask::of(SHOP)).await;
    assert!(page.is_consent());
    let path = format!("/consent?flow={}", page.value("flow").unwrap());

    let mut ada = house.signed_in(ADA).await;
    let shown = ada.get(&path).await;
    assert_eq!(shown.status, 303);
    assert!(shown.location().starts_with("/login?flow="), "{}", shown.location());
    let shown = ada.follow(&shown).await;
    assert!(!shown.is_consent());
    let pressed = ada.decide(&page, "allow", &page.scopes()).await;
    assert!(!pressed.location().starts_with("https://"), "{}", pressed.location());
    // And the other way round: who starts it cannot have it signed in by somebody else.
    let mut mallory = house.browser();
    let sign_in = mallory.page_of(&Ask::of(FIRST)).await;
    let mut ada = house.browser();
    let flow = sign_in.value("flow").unwrap();
    let form = [("flow", flow.as_str()), ("identifier", ADA), ("password", PASSWORD)];
    assert_eq!(ada.post("/login", &form).await.location(), "/account?notice=go-back");
    let again = mallory.get(&format!("/consent?flow={flow}")).await;
    assert!(!again.location().starts_with("https://"), "{}", again.location());
}

#[tokio::test]
async fn an_expired_journey_begins_anew() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.page_of(&Ask::of(SHOP)).await;
    let flow = page.value("flow").unwrap();
    house.advance(25 * 3600);
    let fresh = browser.get(&format!("/login?flow={flow}")).await;
    assert!(fresh.is_sign_in());
    assert!(fresh.value("flow").is_some_and(|found| found != flow));
    browser.go_on(fresh, ADA).await.sent(SHOP).code();

    let consent = browser.page_of(&Ask::of(SHOP).with("prompt", "consent")).await;
    house.advance(25 * 3600);
    let pressed = browser.decide(&consent, "allow", &consent.scopes()).await;
    browser.go_on(pressed, ADA).await.sent(SHOP).code();
}

#[tokio::test]
async fn a_journey_answers_once() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let page = browser.page_of(&Ask::of(SHOP)).await;
    let first = browser.decide(&page, "allow", &page.scopes()).await.sent_to(SHOP.redirect_uri).code();
    // The back button: the same form once more gives another code, or a page; never the same code.
    let second = browser.decide(&page, "allow", &page.scopes()).await;
    let way = browser.go_on(second, ADA).await;
    assert_ne!(way.sent(SHOP).get("code"), first);
}

/// Section 5.1: the scope is left out only where it is what was asked for.
#[tokio::test]
async fn s5_1_an_answer_without_any_scope_says_so() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let page = browser.page_of(&Ask::of(SHOP).with("scope", "email phone")).await;
    let code = browser.decide(&page, "allow", &[]).await.sent_to(SHOP.redirect_uri).code();
    let tokens = house.exchange(SHOP, &code).await.expect(200).json();
    assert_eq!(text(&tokens, "scope"), "");
}
