//! RFC 8176, authentication method references, and what belongs with them: `acr`, `acr_values`, `auth_time` and `max_age` of OpenID Connect
//! Core where there are second factors.

use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use super::house::{ADA, BOB, FIRST, House, SHOP};
use super::jwt;
use super::walk::text;
use super::wire::{Ask, Rp};
use crate::world::{Answer, Browser, PASSWORD};

const ONE: &str = "urn:vestibule:acr:one-factor";
const TWO: &str = "urn:vestibule:acr:two-factor";
/// Ada's, with its verified number.
const PHONE: &str = "+441234567890";
/// Mail and texts can be read here, unlike at `https`.
const LOOPBACK: &str = "[server]\npublic_url = 'http://localhost:8080'";

/// Adds an authenticator app by the account's page: its secret.
async fn add_app(house: &House, browser: &mut Browser) -> String {
    browser.get("/account/security").await.expect(200);
    let begun = browser.submit("/account/security/totp/begin", &[]).await;
    let secret = secret(&browser.follow(&begun).await);
    let code = app_code(house, &secret);
    let done = browser.submit("/account/security/totp", &[("name", "Phone"), ("code", &code)]).await;
    assert_eq!(done.location(), "/account/security/recovery", "{}", done.text());
    house.advance(30);
    secret
}

fn secret(page: &Answer) -> String {
    page.shown("#secret").unwrap().split_whitespace().collect()
}

fn app_code(house: &House, secret: &str) -> String {
    let app = totp_rs::Builder::new().with_secret(BASE32_NOPAD.decode(secret.as_bytes()).unwrap()).build().unwrap();
    app.generate(u64::try_from(house.now()).unwrap()).to_string()
}

/// What the ID token says.
#[derive(Debug, PartialEq, Eq)]
struct Claimed {
    amr: Vec<String>,
    acr: String,
    auth_time: i64,
}

async fn exchanged(house: &House, rp: Rp, answer: &Answer) -> Claimed {
    let code = answer.sent_to(rp.redirect_uri).code();
    let tokens = house.exchange(rp, &code).await.expect(200).json();
    let claims = jwt::claims(text(&tokens, "id_token"));
    let amr: Vec<String> = serde_json::from_value(claims["amr"].clone()).unwrap();
    Claimed { amr, acr: text(&claims, "acr").to_owned(), auth_time: claims["auth_time"].as_i64().unwrap() }
}

/// What a signed-in browser's next ID token says.
async fn claimed(house: &House, browser: &mut Browser) -> Claimed {
    let answer = browser.authorize(&Ask::of(FIRST)).await;
    exchanged(house, FIRST, &answer).await
}

async fn follow_all(browser: &mut Browser, mut answer: Answer) -> Answer {
    while answer.status == 303 && answer.location().starts_with('/') {
        answer = browser.follow(&answer.clone()).await;
    }
    answer
}

/// Ada signs in by a message.
async fn by_code(house: &House, way: &str) -> (Browser, Answer) {
    let mut browser = house.browser();
    let identifier = if way == "mail" { ADA } else { PHONE };
    let sent = browser.post("/login/code", &[("identifier", identifier), ("way", way)]).await;
    browser.follow(&sent).await;
    let code = if way == "mail" { house.mail_to(ADA).await.code } else { house.sms_to(PHONE).await.code };
    let proved = browser.submit("/login/code/enter", &[("code", &code)]).await;
    (browser, proved)
}

/// Ada's password, and the page of the second factor.
async fn half_way(house: &House) -> Browser {
    let mut browser = house.browser();
    let sent = browser.post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert!(sent.location().starts_with("/login/second?flow="), "{}", sent.location());
    browser.follow(&sent).await;
    browser
}

#[tokio::test]
async fn s2_one_factor_is_named_and_is_one() {
    let house = House::with(LOOPBACK).await;
    let mut browser = house.signed_in(ADA).await;
    let now = house.now();
    let found = claimed(&house, &mut browser).await;
    assert_eq!(found, Claimed { amr: vec!["pwd".to_owned()], acr: ONE.to_owned(), auth_time: now });
    for (way, amr) in [("mail", "otp"), ("sms", "sms")] {
        let (mut browser, proved) = by_code(&house, way).await;
        assert_eq!(proved.location(), "/account", "{way}");
        let now = house.now();
        house.advance(50);
        let found = claimed(&house, &mut browser).await;
        assert_eq!(found, Claimed { amr: vec![amr.to_owned()], acr: ONE.to_owned(), auth_time: now }, "{way}");
    }
}

#[tokio::test]
async fn s2_two_factors_are_both_named_and_mfa_says_so() {
    let house = House::with(LOOPBACK).await;
    let mut ada = house.signed_in(ADA).await;
    let secret = add_app(&house, &mut ada).await;
    ada.get("/account/security").await;
    let turned_on = ada.post("/account/security/codes", &[("kind", "sms"), ("on", "yes")]).await;
    assert_eq!(turned_on.location(), "/account/security?notice=factor-added", "{}", turned_on.text());
    ada.get("/account/security").await;
    let made = ada.submit("/account/security/recovery", &[]).await;
    let page = ada.follow(&made).await;
    let recovery = page
        .shown(".codes")
        .unwrap_or_else(|| panic!("{} {}", made.location(), page.text()))
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    for (way, amr) in
        [("totp", ["pwd", "otp", "mfa"].as_slice()), ("sms", &["pwd", "sms", "mfa"]), ("recovery_code", &["pwd", "otp", "mfa"])]
    {
        house.advance(30);
        let mut browser = half_way(&house).await;
        let flow = browser.open().unwrap().value("flow").unwrap();
        browser.get(&format!("/login/second?flow={flow}&with={way}")).await;
        let code = match way {
            "totp" => app_code(&house, &secret),
            "sms" => {
                let sent = browser.submit("/login/second/send", &[]).await;
                browser.follow(&sent).await;
                house.sms_to(PHONE).await.code
            }
            _ => recovery.clone(),
        };
        let done = browser.submit("/login/second", &[("code", &code)]).await;
        let next = if way == "recovery_code" { "/login/recovered" } else { "/account" };
        assert_eq!(done.location(), next, "{way} {}", done.text());
        let found = claimed(&house, &mut browser).await;
        assert_eq!(
            (found.amr.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), found.acr.as_str()),
            (amr, TWO),
            "{way}"
        );
    }
    house.advance(30);
    let (mut browser, proved) = by_code(&house, "mail").await;
    browser.follow(&proved).await;
    let flow = browser.open().unwrap().value("flow").unwrap();
    browser.get(&format!("/login/second?flow={flow}&with=totp")).await;
    browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
    let found = claimed(&house, &mut browser).await;
    assert_eq!((found.amr, found.acr.as_str()), (vec!["otp".to_owned(), "mfa".to_owned()], TWO), "each value once");
}

/// A remembered browser gives one factor, and that is what is said.
#[tokio::test]
async fn s2_a_second_factor_that_was_not_given_is_not_claimed() {
    let house = House::new().await;
    let mut ada = house.signed_in(ADA).await;
    let secret = add_app(&house, &mut ada).await;
    let mut browser = half_way(&house).await;
    browser.submit("/login/second", &[("code", &app_code(&house, &secret)), ("trust", "true")]).await;
    browser.get("/logout").await;
    browser.submit("/logout", &[("where", "here")]).await;
    let form = [("identifier", ADA), ("password", PASSWORD), ("remember", "true")];
    assert_eq!(browser.post("/login", &form).await.location(), "/account");
    let found = claimed(&house, &mut browser).await;
    assert_eq!((found.amr, found.acr.as_str()), (vec!["pwd".to_owned()], ONE));
    // Whoever wants two gets two.
    let asked = browser.authorize(&Ask::of(FIRST).with("acr_values", TWO)).await;
    assert!(asked.location().starts_with("/login/second?flow="), "{}", asked.location());
    browser.follow(&asked).await;
    house.advance(30);
    let proved = browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
    let end = follow_all(&mut browser, proved).await;
    assert_eq!(exchanged(&house, FIRST, &end).await.acr, TWO);
}

fn essential(acr: &str) -> String {
    json!({"id_token": {"acr": {"essential": true, "values": [acr]}}}).to_string()
}

fn wanting_two(rp: Rp) -> [Ask; 2] {
    [Ask::of(rp).with("acr_values", TWO), Ask::of(rp).with("claims", &essential(TWO))]
}

#[tokio::test]
async fn core_3_1_2_1_acr_values_and_5_5_1_1_essential_acr_ask_for_the_second_factor() {
    for which in [0, 1] {
        let house = House::new().await;
        let ask = wanting_two(FIRST)[which].clone();
        let mut ada = house.signed_in(ADA).await;
        let secret = add_app(&house, &mut ada).await;
        let mut browser = house.browser();
        // Signing in for the request, with the second factor on its way.
        let page = browser.page_of(&ask).await;
        let flow = page.value("flow").unwrap();
        let sent = browser.post("/login", &[("flow", &flow), ("identifier", ADA), ("password", PASSWORD)]).await;
        browser.follow(&sent).await;
        let proved = browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
        let now = house.now();
        let end = follow_all(&mut browser, proved).await;
        let found = exchanged(&house, FIRST, &end).await;
        assert_eq!((found.acr.as_str(), found.auth_time), (TWO, now));
        assert!(found.amr.contains(&"mfa".to_owned()));
        // It is there: nobody is asked again, not even silently.
        let silent = ask.clone().with("prompt", "none");
        let answer = browser.authorize(&silent).await;
        assert_eq!(exchanged(&house, FIRST, &answer).await.acr, TWO);
        // A session of the password alone, from before: the second factor is added to it.
        let mut old = ada;
        old.authorize(&silent).await.sent_to(FIRST.redirect_uri);
        house.advance(60);
        let mut weak = house.signed_in_weakly().await;
        let answer = weak.authorize(&silent).await;
        match which {
            // A voluntary claim is no reason to refuse (section 3.1.2.1).
            0 => assert_eq!(exchanged(&house, FIRST, &answer).await.acr, ONE),
            _ => answer.sent_to(FIRST.redirect_uri).error("login_required"),
        }
        let before = claimed(&house, &mut weak).await;
        assert_eq!(before.acr, ONE);
    }
}

impl House {
    /// Bob, who has no second factor.
    async fn signed_in_weakly(&self) -> Browser {
        self.signed_in(BOB).await
    }
}

#[tokio::test]
async fn prompt_none_is_refused_where_the_second_factor_is_missing() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let [liked, essential] = wanting_two(FIRST).map(|ask| ask.with("prompt", "none"));
    browser.authorize(&essential).await.sent_to(FIRST.redirect_uri).error("login_required");
    let answer = browser.authorize(&liked).await;
    assert_eq!(exchanged(&house, FIRST, &answer).await.acr, ONE, "acr_values are voluntary, and the answer says what it was");
    house
        .browser()
        .authorize(&Ask::of(FIRST).with("prompt", "none").with("acr_values", TWO))
        .await
        .sent_to(FIRST.redirect_uri)
        .error("login_required");
}

/// The first level that is known here is the one that is liked best.
#[tokio::test]
async fn core_3_1_2_1_acr_values_are_in_order_of_preference() {
    let house = House::new().await;
    let (browser, _) = trusted(&house).await;
    let weak = house.signed_in_weakly().await;
    for (values, asked) in [
        (format!("{ONE} {TWO}"), false),
        (format!("urn:unknown {ONE} {TWO}"), false),
        ("urn:unknown".to_owned(), false),
        (format!("{TWO} {ONE}"), true),
        (format!("urn:unknown {TWO}"), true),
    ] {
        let ask = Ask::of(FIRST).with("acr_values", &values);
        let answer = browser.clone().authorize(&ask).await;
        assert_eq!(answer.location().starts_with("/login/second?flow="), asked, "{values}: {}", answer.location());
        // They are voluntary: nobody is refused, and who has no second factor is not made to set one up.
        for (mut browser, ask) in [(weak.clone(), ask.clone()), (browser.clone(), ask.with("prompt", "none"))] {
            let answer = browser.authorize(&ask).await;
            assert_eq!(exchanged(&house, FIRST, &answer).await.acr, ONE, "{values}");
        }
    }
}

/// Who has no second factor sets one up on the way, and the application gets what it asked for, where it is essential.
#[tokio::test]
async fn who_has_no_second_factor_sets_one_up_for_the_application() {
    for signed_in in [true, false] {
        let house = House::new().await;
        let ask = wanting_two(SHOP)[1].clone();
        let mut browser = if signed_in { house.signed_in(ADA).await } else { house.browser() };
        let mut page = browser.page_of(&ask).await;
        assert!(page.is_sign_in(), "{}", page.text());
        let flow = page.value("flow").unwrap();
        let sent = browser.post("/login", &[("flow", &flow), ("identifier", ADA), ("password", PASSWORD)]).await;
        assert!(sent.location().starts_with("/login/enrol?flow="), "{}", sent.location());
        page = browser.follow(&sent).await;
        // Nothing of the kind yet.
        let early = browser.clone().authorize(&ask.clone().with("prompt", "none")).await;
        early.sent_to(SHOP.redirect_uri).error("login_required");
        let code = app_code(&house, &secret(&page));
        let answer = browser.submit("/login/enrol", &[("name", "Phone"), ("code", &code)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/account/security/recovery"), "{}", answer.text());
        let shown = browser.follow(&answer).await;
        assert_eq!(shown.shown(".codes").unwrap().split_whitespace().count(), 10, "the recovery codes, once");
        let kept = browser.submit("/account/security/recovery/kept", &[]).await;
        assert!(kept.location().starts_with("/consent?flow="), "{}", kept.location());
        let consent = browser.follow(&kept).await;
        assert!(consent.is_consent(), "{}", consent.text());
        let end = browser.decide(&consent, "allow", &consent.scopes()).await;
        let found = exchanged(&house, SHOP, &end).await;
        assert_eq!((found.acr.as_str(), found.auth_time), (TWO, house.now()));
        assert_eq!(found.amr, ["pwd", "otp", "mfa"]);
    }
}

#[tokio::test]
async fn prompt_login_and_max_age_ask_for_both_factors_and_move_auth_time() {
    let house = House::new().await;
    let mut ada = house.signed_in(ADA).await;
    let secret = add_app(&house, &mut ada).await;
    let mut browser = half_way(&house).await;
    browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
    let first = claimed(&house, &mut browser).await;
    assert_eq!(first.acr, TWO);
    for ask in [Ask::of(FIRST).with("prompt", "login"), Ask::of(FIRST).with("max_age", "60"), Ask::of(FIRST).with("max_age", "0")]
    {
        house.advance(90);
        let page = browser.page_of(&ask).await;
        assert!(page.is_sign_in(), "{ask:?}: {}", page.text());
        let flow = page.value("flow").unwrap();
        let sent = browser.post("/login", &[("flow", &flow), ("identifier", ADA), ("password", PASSWORD)]).await;
        assert!(sent.location().starts_with("/login/second?flow="), "{ask:?}: {}", sent.location());
        // The password alone is not enough, nor is walking around the page.
        let around = browser.clone().get(&format!("/consent?flow={flow}")).await;
        assert!(!around.location().starts_with("https://"), "{}", around.location());
        browser.follow(&sent).await;
        house.advance(30);
        let proved = browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
        let now = house.now();
        let end = follow_all(&mut browser, proved).await;
        let found = exchanged(&house, FIRST, &end).await;
        assert_eq!((found.acr.as_str(), found.auth_time), (TWO, now), "{ask:?}");
    }
}

/// What is added to an account is no proof of who sits there: `auth_time` stays, and no request for a fresh sign-in is answered by it.
#[tokio::test]
async fn adding_an_authenticator_is_no_sign_in() {
    let house = House::new().await;
    let mut ada = house.signed_in(ADA).await;
    let before = claimed(&house, &mut ada).await;
    house.advance(60);
    let waiting = ada.page_of(&Ask::of(FIRST).with("prompt", "login")).await.value("flow").unwrap();
    house.advance(60);
    add_app(&house, &mut ada).await;
    let found = claimed(&house, &mut ada).await;
    assert_eq!((found.auth_time, found.acr.as_str()), (before.auth_time, TWO));
    let resumed = ada.get(&format!("/consent?flow={waiting}")).await;
    assert!(resumed.location().starts_with("/login?flow="), "{}", resumed.location());
    ada.authorize(&Ask::of(FIRST).with("max_age", "100").with("prompt", "none"))
        .await
        .sent_to(FIRST.redirect_uri)
        .error("login_required");
}

/// Nor is setting one up on the way: the time is that of the password.
#[tokio::test]
async fn an_authenticator_that_is_set_up_on_the_way_does_not_move_the_time() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.page_of(&Ask::of(FIRST).with("claims", &essential(TWO))).await;
    let flow = page.value("flow").unwrap();
    let sent = browser.post("/login", &[("flow", &flow), ("identifier", ADA), ("password", PASSWORD)]).await;
    let by_password = house.now();
    let page = browser.follow(&sent).await;
    house.advance(120);
    let code = app_code(&house, &secret(&page));
    let shown = browser.submit("/login/enrol", &[("name", "Phone"), ("code", &code)]).await;
    assert_eq!((shown.status, shown.location()), (303, "/account/security/recovery"), "{}", shown.text());
    let found = claimed(&house, &mut browser).await;
    assert_eq!((found.acr.as_str(), found.auth_time), (TWO, by_password));
}

/// A browser that is not asked for the second factor, signed in by the password alone.
async fn trusted(house: &House) -> (Browser, String) {
    let mut ada = house.signed_in(ADA).await;
    let secret = add_app(house, &mut ada).await;
    let mut browser = half_way(house).await;
    browser.submit("/login/second", &[("code", &app_code(house, &secret)), ("trust", "true")]).await;
    browser.get("/logout").await;
    browser.submit("/logout", &[("where", "here")]).await;
    house.advance(30);
    let form = [("identifier", ADA), ("password", PASSWORD), ("remember", "true")];
    assert_eq!(browser.post("/login", &form).await.location(), "/account");
    (browser, secret)
}

/// A second factor that is added to an old session says nothing of its first.
#[tokio::test]
async fn a_second_factor_alone_answers_no_request_for_a_fresh_sign_in() {
    let house = House::new().await;
    let (mut browser, secret) = trusted(&house).await;
    let by_password = house.now();
    house.advance(600);
    let waiting = browser.page_of(&Ask::of(FIRST).with("prompt", "login")).await.value("flow").unwrap();
    house.advance(30);
    let asked = browser.authorize(&Ask::of(FIRST).with("acr_values", TWO)).await;
    browser.follow(&asked).await;
    let proved = browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
    let end = follow_all(&mut browser, proved).await;
    let found = exchanged(&house, FIRST, &end).await;
    assert_eq!((found.acr.as_str(), found.auth_time), (TWO, by_password), "the time of the first factor");
    let resumed = browser.get(&format!("/consent?flow={waiting}")).await;
    assert!(resumed.location().starts_with("/login?flow="), "{}", resumed.location());
    browser
        .authorize(&Ask::of(FIRST).with("max_age", "300").with("prompt", "none"))
        .await
        .sent_to(FIRST.redirect_uri)
        .error("login_required");
}

/// The browser is trusted at sign-in; who asks for a fresh proof asks for all of it.
#[tokio::test]
async fn a_trusted_browser_gives_both_factors_where_a_fresh_proof_is_wanted() {
    let house = House::new().await;
    let (mut browser, secret) = trusted(&house).await;
    let by_password = house.now();
    house.advance(60);
    // The password is fresh enough: only the second is asked for, and the time stays true.
    let ask = Ask::of(FIRST).with("max_age", "300");
    browser.authorize(&ask.clone().with("prompt", "none")).await.sent_to(FIRST.redirect_uri).error("login_required");
    let asked = browser.authorize(&ask).await;
    assert!(asked.location().starts_with("/login/second?flow="), "{}", asked.location());
    browser.follow(&asked).await;
    let proved = browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
    let end = follow_all(&mut browser, proved).await;
    let found = exchanged(&house, FIRST, &end).await;
    assert_eq!((found.acr.as_str(), found.auth_time), (TWO, by_password));
    browser.authorize(&ask.with("prompt", "none")).await.sent_to(FIRST.redirect_uri).code();

    for (name, value) in [("prompt", "login"), ("max_age", "0"), ("max_age", "60")] {
        house.advance(600);
        let page = browser.page_of(&Ask::of(FIRST).with(name, value)).await;
        let flow = page.value("flow").unwrap();
        let sent = browser.post("/login", &[("flow", &flow), ("identifier", ADA), ("password", PASSWORD)]).await;
        assert!(sent.location().starts_with("/login/second?flow="), "{name}={value}: {}", sent.location());
        browser.follow(&sent).await;
        let proved = browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
        let end = follow_all(&mut browser, proved).await;
        assert_eq!(exchanged(&house, FIRST, &end).await.auth_time, house.now(), "{name}={value}");
    }
    // Signing in from nothing for such a request, too.
    browser.get("/logout").await;
    browser.submit("/logout", &[("where", "here")]).await;
    house.advance(600);
    let page = browser.page_of(&Ask::of(FIRST).with("prompt", "login")).await;
    let flow = page.value("flow").unwrap();
    let sent = browser.post("/login", &[("flow", &flow), ("identifier", ADA), ("password", PASSWORD)]).await;
    assert!(sent.location().starts_with("/login/second?flow="), "{}", sent.location());
}

/// Asks at the very moment of a sign-in, and is answered by the sign-in that it leads to.
#[tokio::test]
async fn max_age_zero_asks_always() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    for _ in 0..3 {
        let ask = Ask::of(FIRST).with("max_age", "0");
        browser.authorize(&ask.clone().with("prompt", "none")).await.sent_to(FIRST.redirect_uri).error("login_required");
        let way = browser.walk(&ask).await;
        assert_eq!(way.pages, [super::walk::Page::SignIn]);
        way.sent(FIRST).code();
    }
}

/// Userinfo and access tokens tell no other story.
#[tokio::test]
async fn the_access_token_says_the_same() {
    let house = House::new().await;
    let mut ada = house.signed_in(ADA).await;
    let secret = add_app(&house, &mut ada).await;
    let mut browser = half_way(&house).await;
    browser.submit("/login/second", &[("code", &app_code(&house, &secret))]).await;
    let answer = browser.authorize(&Ask::of(FIRST)).await;
    let code = answer.sent_to(FIRST.redirect_uri).code();
    let tokens: Value = house.exchange(FIRST, &code).await.expect(200).json();
    let (id, access) = (jwt::claims(text(&tokens, "id_token")), jwt::claims(text(&tokens, "access_token")));
    for name in ["acr", "auth_time"] {
        assert_eq!(id[name], access[name], "{name}");
    }
    assert_eq!(access["acr"], TWO);
}
