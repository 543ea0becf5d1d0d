//! ID tokens that come back: `id_token_hint` at the authorization endpoint (OpenID Connect Core sections 3.1.2.1 and 3.1.2.2) and at logout
//! (RP-Initiated Logout 1.0 section 2), and the `sub` of `claims` (Core section 5.5.1).

use serde_json::json;
use vestibule::actions::keys::{self, RotateMode};
use vestibule::actions::sweep;

use super::house::{ADA, BOB, FIRST, House, POST, SHOP};
use super::walk::{Page, text};
use super::wire::{Ask, Rp};
use crate::world::{Answer, Browser};

const DAY: u64 = 86_400;
const BACK: &str = "https://shop.example/signed-out";

async fn id_token(house: &House, browser: &mut Browser, rp: Rp) -> String {
    text(&browser.tokens(house, rp, "openid").await, "id_token").to_owned()
}

fn silent(rp: Rp, hint: &str) -> Ask {
    Ask::of(rp).with("scope", "openid").with("id_token_hint", hint).with("prompt", "none")
}

/// Presses the button of the logout page to which these parameters lead, and gives what the browser gets.
async fn signs_out(browser: &mut Browser, pairs: &[(&str, &str)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let asked = browser.get(&format!("/oauth2/logout?{query}")).await;
    let page = browser.follow(&asked).await.expect(200);
    assert!(page.has_button(), "{}", page.text());
    let mut done = browser.submit("/logout", &[]).await;
    if done.status == 303 {
        done = browser.follow(&done.clone()).await;
    }
    assert_eq!(browser.clone().get("/session").await.status, 401, "signed out");
    done
}

/// The key is in no JWKS any more and its row is swept, and the session that got the token of it goes on.
#[tokio::test]
async fn a_hint_is_recognised_for_as_long_as_a_session_of_its_key_can_live() {
    let house = House::with("[sessions]\nidle_days = 30").await;
    let mut bob = house.signed_in(BOB).await;
    let hint = id_token(&house, &mut bob, SHOP).await;
    let kid = text(&super::jwt::part(&hint, 0), "kid").to_owned();
    keys::rotate(&house.app, RotateMode::Scheduled).await.unwrap();
    // Signed by the old key on its last day.
    house.advance(DAY - 60);
    let mut late = house.signed_in(BOB).await;
    let last = id_token(&house, &mut late, SHOP).await;
    house.advance(2 * DAY);
    keys::ensure(&house.app).await.unwrap();
    sweep::sweep(&house.app).await.unwrap();
    let published = house.jwks().await;
    assert!(published["keys"].as_array().unwrap().iter().all(|key| key["kid"] != kid.as_str()), "it left the JWKS on schedule");
    let (signing, public) = keys::list(&house.app).await.unwrap();
    assert!(signing.iter().all(|key| key.id.as_str() != kid), "and its private half is gone");
    assert!(public.iter().any(|half| half.id.as_str() == kid && half.expires_at.is_some()));
    let mut ada = house.signed_in(ADA).await;
    for hint in [&hint, &last] {
        bob.authorize(&silent(SHOP, hint)).await.sent_to(SHOP.redirect_uri).code();
        ada.authorize(&silent(SHOP, hint)).await.sent_to(SHOP.redirect_uri).error("login_required");
    }
    let done = signs_out(&mut bob, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK)]).await;
    assert_eq!(done.location(), BACK);

    // The last session that the key can have given a token to is about to end.
    house.advance(28 * DAY - 3600);
    keys::ensure(&house.app).await.unwrap();
    sweep::sweep(&house.app).await.unwrap();
    late.authorize(&silent(SHOP, &last)).await.sent_to(SHOP.redirect_uri).code();
    house.advance(DAY);
    sweep::sweep(&house.app).await.unwrap();
    assert!(keys::list(&house.app).await.unwrap().1.iter().all(|half| half.id.as_str() != kid), "nothing is kept for ever");
    house.signed_in(BOB).await.authorize(&silent(SHOP, &last)).await.sent_to(SHOP.redirect_uri).error("login_required");
}

/// Whatever is no ID token that this very client got here: nobody is taken for the one it names, and nobody is led back with it.
#[tokio::test]
async fn a_hint_that_cannot_be_verified_names_nobody() {
    let house = House::new().await;
    let mut ada = house.signed_in(ADA).await;
    let tokens = ada.tokens(&house, SHOP, "openid").await;
    let right = text(&tokens, "id_token").to_owned();
    let cut = right.get(..right.len() - 3).unwrap().to_owned();
    let others = id_token(&house, &mut ada, POST).await;
    let access = text(&tokens, "access_token").to_owned();
    let elsewhere = House::with("[server]\npublic_url = \"https://other.example\"\n[mail]\ntransport = \"file\"\n").await;
    let foreign = id_token(&elsewhere, &mut elsewhere.signed_in(ADA).await, SHOP).await;
    ada.authorize(&silent(SHOP, &right)).await.sent_to(SHOP.redirect_uri).code();
    for wrong in ["x", "a.b.c", &cut, &others, &access, &foreign, &"h".repeat(20_000)] {
        ada.authorize(&silent(SHOP, wrong)).await.sent_to(SHOP.redirect_uri).error("login_required");
        // Where the person is asked, it is no hint.
        ada.authorize(&silent(SHOP, wrong).without("prompt")).await.sent_to(SHOP.redirect_uri).code();
    }
    for wrong in ["x", "a.b.c", &cut, &access, &foreign] {
        let mut browser = house.signed_in(ADA).await;
        let pairs = [("id_token_hint", wrong), ("client_id", SHOP.id), ("post_logout_redirect_uri", BACK), ("state", "s")];
        let done = signs_out(&mut browser, &pairs).await;
        assert_eq!((done.status, done.location()), (200, ""), "{wrong}");
        // For whom is said all the same: `client_id` alone says it, too.
        let mut asking = house.signed_in(ADA).await;
        let asked = asking.get(&format!("/oauth2/logout?id_token_hint={wrong}&client_id={}", SHOP.id)).await;
        let page = asking.follow(&asked).await;
        assert!(page.text().contains("The Shop"), "{}", page.text());
        // Nor with the form as a stranger would write it, nor where nobody is signed in.
        let sent = browser.post("/logout", &pairs).await;
        assert_eq!((sent.status, sent.location()), (200, ""), "{wrong}");
    }
    // One that leaked signs for nobody.
    keys::rotate(&house.app, RotateMode::Now).await.unwrap();
    ada.authorize(&silent(SHOP, &right)).await.sent_to(SHOP.redirect_uri).error("login_required");
    let done = signs_out(&mut ada, &[("id_token_hint", &right), ("post_logout_redirect_uri", BACK)]).await;
    assert_eq!((done.status, done.location()), (200, ""));
}

/// The page that says it, with its two ways on.
#[track_caller]
fn is_choice(page: &Answer) {
    assert_eq!((page.status, page.shown("h1").as_deref()), (200, Some("Another account is asked for")), "{}", page.text());
    assert!(page.text().contains("Ada Lovelace"), "who is signed in is said");
}

#[tokio::test]
async fn who_is_not_the_one_asked_for_is_told_and_has_a_choice() {
    let house = House::new().await;
    let bob = house.read(BOB).await.unwrap().id.to_string();
    let hint = id_token(&house, &mut house.signed_in(BOB).await, FIRST).await;
    let claims = |claim: serde_json::Value| json!({"id_token": {"sub": claim}}).to_string();
    for ask in [
        Ask::of(FIRST).with("id_token_hint", &hint),
        Ask::of(FIRST).with("claims", &claims(json!({"value": bob}))),
        Ask::of(FIRST).with("claims", &claims(json!({"values": ["user_x", bob]}))),
        Ask::of(FIRST).with("claims", &json!({"userinfo": {"sub": {"values": [bob]}}}).to_string()),
        Ask::of(FIRST).with("id_token_hint", &hint).with("claims", &claims(json!({"values": ["user_x", bob]}))),
        Ask::of(FIRST).with("id_token_hint", &hint).with("max_age", "100"),
    ] {
        let mut ada = house.signed_in(ADA).await;
        ada.authorize(&ask.clone().with("prompt", "none")).await.sent_to(FIRST.redirect_uri).error("login_required");
        let page = ada.page_of(&ask).await;
        is_choice(&page);
        let flow = page.value("flow").unwrap();

        // Nothing else gets an answer: not the consent form, not somebody's else page.
        let pressed =
            ada.post("/consent", &[("flow", &flow), ("person", &page.value("person").unwrap()), ("decision", "allow")]).await;
        is_choice(&if pressed.status == 303 { ada.follow(&pressed).await } else { pressed });

        // Back to the application, which learns what it would have learned silently.
        let mut gives_up = ada.clone();
        gives_up.decide(&page, "not-them", &[]).await.sent_to(FIRST.redirect_uri).error("login_required");
        assert_eq!(gives_up.get("/session").await.status, 200, "and stays signed in");

        // The same person once more: the sentence again, and no empty page.
        let mut same = ada.clone();
        let sign_in = same.get(&format!("/login?flow={flow}")).await;
        assert!(sign_in.is_sign_in() && !sign_in.text().contains("readonly"));
        let way = same.go_on(sign_in, ADA).await;
        assert_eq!(way.pages, [Page::SignIn]);
        is_choice(&way.end);

        // The one who is meant.
        let sign_in = ada.get(&format!("/login?flow={flow}")).await;
        let way = ada.go_on(sign_in, BOB).await;
        assert_eq!(way.pages, [Page::SignIn], "{ask:?}");
        let tokens = house.exchange(FIRST, &way.sent(FIRST).code()).await.expect(200).json();
        assert_eq!(super::jwt::claims(text(&tokens, "id_token"))["sub"], bob.as_str());
    }
}

/// Nobody is signed in, and somebody else signs in than was meant.
#[tokio::test]
async fn who_signs_in_as_somebody_else_is_told_too() {
    let house = House::new().await;
    let hint = id_token(&house, &mut house.signed_in(BOB).await, FIRST).await;
    for prompt in ["", "login", "select_account"] {
        let mut browser = house.browser();
        let ask = Ask::of(FIRST).with("id_token_hint", &hint).with("prompt", prompt);
        let first = browser.authorize(&ask).await;
        let way = browser.go_on(first, ADA).await;
        assert_eq!(way.pages, [Page::SignIn], "{prompt}");
        is_choice(&way.end);
    }
}

#[tokio::test]
async fn a_request_that_contradicts_its_hint_is_refused() {
    let house = House::new().await;
    let ada = house.read(ADA).await.unwrap().id.to_string();
    let mut browser = house.signed_in(BOB).await;
    let hint = id_token(&house, &mut browser, FIRST).await;
    let claims = json!({"id_token": {"sub": {"value": ada}}}).to_string();
    for prompt in ["", "none"] {
        let ask = Ask::of(FIRST).with("id_token_hint", &hint).with("claims", &claims).with("prompt", prompt);
        browser.authorize(&ask).await.sent_to(FIRST.redirect_uri).error("invalid_request");
    }
}
