//! One's own account: profile, password, applications, the way out.

use serde_json::json;

use super::{is_signed_in, problem};
use crate::world::{Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn the_profile_is_saved_and_mistakes_keep_what_was_typed() {
    let world = World::new().await;
    let mut ada = world.sign_up(ADA, PASSWORD).await;
    ada.get("/account/profile").await;
    let good = [
        ("name", "Ada \"L\" <3"),
        ("website", "https://ada.example"),
        ("birthdate", "1815-12-10"),
        ("zoneinfo", "Europe/London"),
    ];
    let saved = ada.submit("/account/profile", &good).await;
    assert_eq!(saved.location(), "/account/profile?notice=saved", "{:?}", saved.shown(".summary"));
    let page = ada.follow(&saved).await;
    assert!(page.shown(".notice").is_some());
    for (name, value) in good {
        assert_eq!(page.value(name).as_deref().map(|found| found == value || name == "zoneinfo"), Some(true), "{name}");
    }
    let bad =
        ada.submit("/account/profile", &[("name", "New"), ("website", "javascript:alert(1)"), ("birthdate", "tomorrow")]).await;
    assert_eq!(bad.status, 422);
    assert_eq!(bad.value("website").as_deref(), Some("javascript:alert(1)"));
    assert_eq!((bad.value("birthdate").as_deref(), bad.value("name").as_deref()), (Some("tomorrow"), Some("New")));
    assert!(!problem(&bad, "website").is_empty() && !problem(&bad, "birthdate").is_empty());
    let user = world.read(ADA).await.unwrap();
    assert_eq!(user.profile.name.as_deref(), Some("Ada \"L\" <3"), "nothing of it was saved");
    // Mass assignment: the form has no such fields.
    ada.post(
        "/account/profile",
        &[("name", "x"), ("is_admin", "true"), ("email", "root@a.example"), ("state", "x"), ("id", "user_1")],
    )
    .await;
    let user = world.read(ADA).await.unwrap();
    assert!(!user.is_admin && user.email.is_some());
}

#[tokio::test]
async fn a_user_name_can_be_taken_once() {
    let world = World::new().await;
    world.user(json!({"username": "bob", "password": PASSWORD})).await;
    let mut ada = world.sign_up(ADA, PASSWORD).await;
    for (name, status) in [("BOB", 422), ("a b", 422), ("ada", 303)] {
        ada.get("/account/profile").await;
        let answer = ada.submit("/account/profile", &[("preferred_username", name)]).await;
        assert_eq!(answer.status, status, "{name}");
    }
    world.sign_in("ada", PASSWORD).await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let world = World::new().await;
    let mut here = world.sign_up(ADA, PASSWORD).await;
    let mut there = world.sign_in(ADA, PASSWORD).await;
    here.get("/account/password").await;
    let page = "/account/password";
    assert_eq!(here.submit(page, &[("current", "wrong"), ("password", "a new password 1")]).await.status, 422);
    assert_eq!(here.submit(page, &[("current", PASSWORD), ("password", PASSWORD)]).await.status, 422);
    assert_eq!(here.submit(page, &[("current", PASSWORD), ("password", "short")]).await.status, 422);
    assert!(is_signed_in(&mut there).await);
    let before = here.clone();
    let done = here.submit(page, &[("current", PASSWORD), ("password", "a new password 1")]).await;
    assert_eq!(done.location(), "/account/password?notice=password-changed");
    assert!(is_signed_in(&mut here).await && !is_signed_in(&mut there).await);
    assert!(!is_signed_in(&mut before.clone()).await, "a copied cookie too");
    assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422);
    world.sign_in(ADA, "a new password 1").await;
    assert!(world.mail_to(ADA).await.link.starts_with("/wasnt-me?"));
}

/// A browser that has let the shop in: its tokens.
pub(super) async fn let_in(world: &World, browser: &mut Browser, client: &str, scope: &str) -> serde_json::Value {
    let request = format!(
        "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope={scope}&state=s\
         &code_challenge={CHALLENGE}&code_challenge_method=S256&prompt=consent"
    );
    let mut answer = browser.get(&request).await;
    while answer.status == 303 && answer.location().starts_with('/') {
        answer = browser.follow(&answer.clone()).await;
    }
    if answer.status == 200 {
        let form = answer.form("/consent");
        let mut fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.retain(|(name, _)| *name != "decision");
        fields.push(("decision", "allow"));
        let sent = browser.post("/consent", &fields).await;
        answer = browser.follow(&sent).await;
    }
    let back: url::Url = answer.location().parse().unwrap_or_else(|_| panic!("{} {}", answer.status, answer.text()));
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", &code),
        ("redirect_uri", "https://shop.example/cb"),
        ("code_verifier", VERIFIER),
    ];
    let answer = world.browser().post("/oauth2/token", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

pub(super) async fn shop(world: &World) -> String {
    let metadata = json!({
        "client_name": "Shop", "redirect_uris": ["https://shop.example/cb"], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"], "scope": "openid email offline_access",
    });
    world.client(metadata).await.client.id.to_string()
}

pub(super) async fn refresh(world: &World, client: &str, tokens: &serde_json::Value) -> u16 {
    let token = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
    world.browser().post("/oauth2/token", &fields).await.status
}

pub(super) async fn userinfo(world: &World, tokens: &serde_json::Value) -> u16 {
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    world.browser().sending("authorization", &bearer).get("/oauth2/userinfo").await.status
}

#[tokio::test]
async fn an_application_that_is_revoked_loses_its_tokens() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let client = shop(&world).await;
        let mut ada = world.sign_up(ADA, PASSWORD).await;
        let tokens = let_in(&world, &mut ada, &client, "openid+email+offline_access").await;
        assert_eq!(userinfo(&world, &tokens).await, 200);
        let page = ada.get("/account/apps").await;
        assert!(page.text().contains("Shop") && page.text().contains("shop.example"));
        let mut eve = world.sign_up("eve@a.example", PASSWORD).await;
        assert_eq!(eve.post("/account/apps/revoke", &[("client", &client)]).await.location(), "/account/apps");
        assert_eq!(userinfo(&world, &tokens).await, 200, "another's");
        assert_eq!(ada.submit("/account/apps/revoke", &[]).await.location(), "/account/apps?notice=app-revoked");
        assert_eq!((userinfo(&world, &tokens).await, refresh(&world, &client, &tokens).await), (401, 400), "{database:?}");
    }
}

#[tokio::test]
async fn tokens_end_with_the_session_the_reset_or_the_account() {
    let world = World::new().await;
    let client = shop(&world).await;
    let mut ada = world.sign_up(ADA, PASSWORD).await;
    let bound = let_in(&world, &mut ada, &client, "openid").await;
    let offline = let_in(&world, &mut ada, &client, "openid+offline_access").await;
    ada.get("/logout").await;
    ada.submit("/logout", &[("where", "here")]).await;
    assert_eq!(
        (userinfo(&world, &bound).await, userinfo(&world, &offline).await),
        (401, 200),
        "offline access outlives the session"
    );
    assert_eq!(refresh(&world, &client, &offline).await, 200);

    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let offline = let_in(&world, &mut ada, &client, "openid+offline_access").await;
    let mut browser = super::asked_for_reset(&world, ADA).await;
    let code = world.mail_to(ADA).await.code;
    let proved = browser.submit("/reset/code", &[("code", &code)]).await;
    browser.follow(&proved).await;
    browser.submit("/reset/new", &[("password", "a new password 1")]).await;
    assert_eq!((userinfo(&world, &offline).await, refresh(&world, &client, &offline).await), (401, 400), "the reset ends it");

    let offline = let_in(&world, &mut browser, &client, "openid+offline_access").await;
    assert_eq!(userinfo(&world, &offline).await, 200);
    // The password was chosen just now: it is asked for nowhere.
    assert_eq!(browser.get("/account/delete").await.status, 200);
    browser.submit("/account/delete", &[("confirm", "true")]).await;
    assert_eq!((userinfo(&world, &offline).await, refresh(&world, &client, &offline).await), (401, 400));
}

#[tokio::test]
async fn deleting_the_account() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let mut ada = world.sign_up(ADA, PASSWORD).await;
        let mut there = world.sign_in(ADA, PASSWORD).await;
        ada.get("/account/delete").await;
        assert_eq!(ada.submit("/account/delete", &[]).await.status, 422, "not confirmed");
        // An old proof is not enough, and a wrong password proves nothing.
        world.advance(26 * 60);
        let asked = ada.submit("/account/delete", &[("confirm", "true")]).await;
        assert!(asked.location().starts_with("/login?flow="), "{}", asked.location());
        ada.follow(&asked).await;
        assert_eq!(ada.submit("/login", &[("password", "wrong")]).await.status, 422);
        assert!(world.read(ADA).await.is_some());
        let proved = ada.submit("/login", &[("password", PASSWORD)]).await;
        assert_eq!(proved.location(), "/account/delete");
        ada.follow(&proved).await;
        assert_eq!(ada.submit("/account/delete", &[("confirm", "true")]).await.status, 200);
        assert!(world.read(ADA).await.is_none());
        assert!(!is_signed_in(&mut ada).await && !is_signed_in(&mut there).await);
        assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422);
        // The address is free again, and nothing comes back.
        let mut again = world.sign_up(ADA, "another password 1").await;
        assert!(!is_signed_in(&mut there).await && is_signed_in(&mut again).await);
    }
}

/// Every form of the account says whose it is.
#[tokio::test]
async fn every_form_of_the_account_says_whose_it_is() {
    let world = World::with("[sms]\ndefault_country = 'AT'").await;
    let ada = world
        .user(json!({"email": "ada@a.example", "email_verified": true, "phone_number": "+436601234567", "phone_number_verified": true, "password": PASSWORD}))
        .await;
    let mut browser = world.sign_in("ada@a.example", PASSWORD).await;
    browser.get("/account/email").await;
    browser.submit("/account/email", &[("email", "new@a.example")]).await;
    let mut seen = 0;
    for page in ["profile", "email", "phone", "password", "security", "sessions", "passkeys", "delete"] {
        let answer = browser.get(&format!("/account/{page}")).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.location());
        for form in answer.forms().into_iter().filter(|form| form.action.starts_with("/account")) {
            assert!(form.action.ends_with(&format!("?as={}", ada.id)), "{page}: {}", form.action);
            seen += 1;
        }
    }
    assert!(seen > 12, "{seen}");
}

/// Two people share a browser: what one has typed is not saved for the other who has signed in since, whatever the form.
#[tokio::test]
async fn a_form_of_one_person_changes_nothing_of_another() {
    let world = World::new().await;
    let (ines, dora) = (world.person("ines@a.example").await, world.person("dora@a.example").await);
    let mut browser = world.sign_in("ines@a.example", PASSWORD).await;
    let page = browser.get("/account/profile").await;
    let action = page.form("/account/profile").action;
    assert_eq!(action, format!("/account/profile?as={}", ines.id));
    browser.post("/logout", &[]).await;
    browser.sign_in("dora@a.example", PASSWORD).await;
    let refused = browser.post(&action, &[("name", "Ines"), ("preferred_username", "ines")]).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("somebody else has signed in"), "{}", refused.text());
    let now = world.read("dora@a.example").await.unwrap();
    assert_eq!((now.profile.name, now.username, now.updated_at), (None, None, dora.updated_at));
    for path in
        ["/account/delete", "/account/password", "/account/sessions/end-all", "/account/email/cancel", "/account/phone/remove"]
    {
        let refused = browser.post(&format!("{path}?as={}", ines.id), &[("confirm", "true")]).await;
        assert_eq!(refused.status, 409, "{path}");
    }
    // Her own go on, in German, too.
    browser.get("/account/profile").await;
    assert_eq!(browser.submit("/account/profile", &[("name", "Dora")]).await.location(), "/account/profile?notice=saved");
}
