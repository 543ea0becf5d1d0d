//! Passkeys and security keys, with an authenticator in software.

use scraper::{Html, Selector};
use vestibule::actions::passkeys::own;
use vestibule::engine::passkey::PasskeyKind;

use super::is_signed_in;
use crate::world::{Answer, Authenticator, Browser, Claim, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";

/// What the form with this action asks the authenticator.
pub fn options(page: &Answer, action: &str) -> String {
    let html = Html::parse_document(&page.text());
    let forms = Selector::parse("form[action]").unwrap();
    let goes_there = |form: &scraper::ElementRef<'_>| form.value().attr("action").unwrap().split('?').next() == Some(action);
    let form = html.select(&forms).find(goes_there).unwrap_or_else(|| panic!("no form to {action}: {}", page.text()));
    form.value().attr("data-options").unwrap().to_owned()
}

/// A person with a password, signed in, and a passkey on a new authenticator.
pub(super) async fn with_passkey(world: &World, email: &str) -> (Browser, Authenticator) {
    world.person(email).await;
    let mut browser = world.sign_in(email, PASSWORD).await;
    let mut authenticator = Authenticator::new();
    let added = add(&mut browser, &mut authenticator, "/account/passkeys/add").await;
    assert_eq!(added.location(), "/account/passkeys?notice=passkey-added", "{}", added.text());
    (browser, authenticator)
}

pub(super) async fn add(browser: &mut Browser, authenticator: &mut Authenticator, action: &str) -> Answer {
    let page = browser.get("/account/passkeys").await;
    let made = authenticator.create(&options(&page, action)).await.unwrap();
    browser.submit(action, &[("credential", &made)]).await
}

/// A browser that shows the sign-in page, and the answer of an authenticator to it.
async fn answered(world: &World, authenticator: &mut Authenticator, claim: Claim) -> (Browser, String) {
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    let answer = authenticator.claim(&options(&page, "/login/passkey"), claim).await;
    (browser, answer)
}

pub(super) async fn sign_in(world: &World, authenticator: &mut Authenticator) -> (Browser, Answer) {
    let (mut browser, answer) = answered(world, authenticator, Claim::default()).await;
    let sent = browser.submit("/login/passkey", &[("credential", &answer), ("remember", "true")]).await;
    (browser, sent)
}

/// The summary of errors, or the notice.
fn said(answer: &Answer) -> String {
    answer.shown(".summary li").or_else(|| answer.shown(".notice")).unwrap_or_default()
}

#[tokio::test]
async fn a_passkey_is_added_named_and_signs_in_on_both_databases() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let (mut ada, mut authenticator) = with_passkey(&world, ADA).await;
        assert_eq!(world.mails_to(ADA).await.iter().filter(|mail| mail.subject.contains("asskey")).count(), 1, "she is told");
        let page = ada.get("/account/passkeys").await;
        assert_eq!(page.shown(".items h2").as_deref(), Some("Bitwarden"), "named by its provider");
        assert!(page.shown(".items .hint").unwrap().contains("not used yet"));
        let asked = options(&page, "/account/passkeys/add");
        assert!(asked.contains(r#""residentKey":"required""#) && asked.contains(r#""userVerification":"required""#), "{asked}");
        assert!(asked.contains("excludeCredentials"), "{asked}");
        // CTAP2_ERR_CREDENTIAL_EXCLUDED.
        assert_eq!(authenticator.create(&asked).await.unwrap_err(), "AuthenticatorError(25)");
        assert!(!options(&world.browser().get("/login").await, "/login/passkey").contains("mediation"));

        for _ in 0..2 {
            let (mut browser, sent) = sign_in(&world, &mut authenticator).await;
            assert_eq!(sent.location(), "/account", "{}", sent.text());
            assert!(is_signed_in(&mut browser).await);
        }
        assert!(ada.get("/account/passkeys").await.shown(".items .hint").unwrap().contains("last used"));
    }
}

#[tokio::test]
async fn an_answer_counts_once_in_the_browser_that_was_asked_and_for_five_minutes() {
    let world = World::new().await;
    let (_, mut authenticator) = with_passkey(&world, ADA).await;
    let (mut browser, answer) = answered(&world, &mut authenticator, Claim::default()).await;
    let mut again = browser.clone();
    let mut elsewhere = world.browser();
    let state = browser.open().unwrap().value("state").unwrap();

    elsewhere.get("/login").await;
    let sent = elsewhere.submit("/login/passkey", &[("credential", &answer), ("state", &state)]).await;
    assert_eq!((sent.status, is_signed_in(&mut elsewhere).await), (422, false), "a challenge of another browser");
    assert!(said(&sent).contains("did not work"));

    assert_eq!(browser.submit("/login/passkey", &[("credential", &answer)]).await.location(), "/account");
    let sent = again.submit("/login/passkey", &[("credential", &answer)]).await;
    assert_eq!((sent.status, is_signed_in(&mut again).await), (200, false), "a replay");
    assert!(said(&sent).contains("once more"));

    let (mut late, answer) = answered(&world, &mut authenticator, Claim::default()).await;
    world.advance(300);
    let sent = late.submit("/login/passkey", &[("credential", &answer)]).await;
    assert_eq!((sent.status, is_signed_in(&mut late).await), (200, false), "too late");
    let fresh = authenticator.get(&options(&sent, "/login/passkey")).await;
    assert_eq!(late.submit("/login/passkey", &[("credential", &fresh)]).await.location(), "/account", "the page helps itself");
}

#[tokio::test]
async fn ten_answers_at_once_open_one_session() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let (_, mut authenticator) = with_passkey(&world, ADA).await;
        let (browser, answer) = answered(&world, &mut authenticator, Claim::default()).await;
        let tries = (0..10).map(|_| {
            let (mut browser, answer) = (browser.clone(), answer.clone());
            tokio::spawn(async move { browser.submit("/login/passkey", &[("credential", &answer)]).await.status })
        });
        let mut statuses = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 200, 303], "{database:?}");
    }
}

#[tokio::test]
async fn clients_that_lie_are_refused() {
    let world = World::new().await;
    let (_, mut authenticator) = with_passkey(&world, ADA).await;
    let truth = Claim::default();
    for (why, claim) in [
        ("another origin", Claim { origin: "https://evil.example", ..truth.clone() }),
        ("another port", Claim { origin: "http://localhost:8081", ..truth.clone() }),
        ("another relying party", Claim { rp_id: "evil.example", ..truth.clone() }),
        ("a registration", Claim { kind: "webauthn.create", ..truth.clone() }),
        ("no finger shown", Claim { verified: false, ..truth.clone() }),
    ] {
        let (mut browser, answer) = answered(&world, &mut authenticator, claim).await;
        let sent = browser.submit("/login/passkey", &[("credential", &answer)]).await;
        assert_eq!((sent.status, is_signed_in(&mut browser).await), (422, false), "{why}");
        assert!(said(&sent).contains("did not work"), "{why}");
    }
    // The challenge of one page for the state of another.
    let (mut browser, answer) = answered(&world, &mut authenticator, truth).await;
    browser.get("/login").await;
    assert_eq!(browser.submit("/login/passkey", &[("credential", &answer)]).await.status, 422);
    for rubbish in ["", "{}", "null", "[1]", &"x".repeat(3000)] {
        browser.get("/login").await;
        assert_eq!(browser.submit("/login/passkey", &[("credential", rubbish)]).await.status, 422, "{rubbish}");
        let sent = browser.submit("/login/passkey", &[("credential", &answer), ("state", rubbish)]).await;
        assert_eq!(sent.status, 422, "{rubbish}");
    }
}

#[tokio::test]
async fn whose_it_is_the_credential_says_and_the_handle_must_agree() {
    let world = World::new().await;
    let (_, mut adas) = with_passkey(&world, ADA).await;
    let (_, mut bobs) = with_passkey(&world, "bob@a.example").await;
    let (mut browser, answer) = answered(&world, &mut adas, Claim::default()).await;
    let sent = browser
        .post(
            "/login/passkey",
            &[
                ("credential", &answer),
                ("state", &browser.open().unwrap().value("state").unwrap()),
                ("identifier", "bob@a.example"),
                ("username", "bob@a.example"),
            ],
        )
        .await;
    assert_eq!(sent.location(), "/account");
    assert_eq!(browser.get("/session").await.json()["user"]["email"], ADA);

    // Ada's credential under Bob's handle, and with none.
    let handle = bobs.keys()[0].user_handle.clone();
    for handle in [handle, None] {
        adas.keys()[0].user_handle = handle;
        let (mut browser, answer) = answered(&world, &mut adas, Claim::default()).await;
        assert_eq!(browser.submit("/login/passkey", &[("credential", &answer)]).await.status, 422);
        assert!(!is_signed_in(&mut browser).await);
    }
    // Ada's key under Bob's credential id.
    let bobs = bobs.keys()[0].clone();
    adas.keys()[0].credential_id = bobs.credential_id;
    adas.keys()[0].user_handle = bobs.user_handle;
    let (mut browser, answer) = answered(&world, &mut adas, Claim::default()).await;
    assert_eq!(browser.submit("/login/passkey", &[("credential", &answer)]).await.status, 422);
}

#[tokio::test]
async fn a_copied_authenticator_is_found_out() {
    let world = World::new().await;
    let (_, mut authenticator) = with_passkey(&world, ADA).await;
    let copy = authenticator.keys()[0].clone();
    for _ in 0..3 {
        assert_eq!(sign_in(&world, &mut authenticator).await.1.status, 303);
    }
    let ahead = std::mem::replace(&mut authenticator.keys()[0], copy);
    let (mut browser, sent) = sign_in(&world, &mut authenticator).await;
    assert_eq!((sent.status, is_signed_in(&mut browser).await), (422, false));
    assert!(said(&sent).contains("looks like a copy"));
    authenticator.keys()[0] = ahead;
    assert_eq!(sign_in(&world, &mut authenticator).await.1.status, 303);
}

#[tokio::test]
async fn it_can_be_renamed_and_removed_and_the_browser_is_told() {
    let world = World::new().await;
    let (mut ada, mut authenticator) = with_passkey(&world, ADA).await;
    ada.get("/account/passkeys").await;
    let refused = ada.submit("/account/passkeys/rename", &[("name", "  ")]).await;
    assert_eq!(refused.status, 422);
    assert!(said(&refused).contains("1 to 64"));
    let renamed = ada.submit("/account/passkeys/rename", &[("name", " My   phone ")]).await;
    let page = ada.follow(&renamed).await;
    assert_eq!(page.shown(".items h2").as_deref(), Some("My phone"));
    let id = page.value("passkey").unwrap();
    let credential = data_encoding::BASE64URL_NOPAD.encode(&authenticator.keys()[0].credential_id);
    assert!(page.text().contains("signalAllAcceptedCredentials") && page.text().contains(&credential));

    // Somebody else cannot touch it.
    let (mut bob, _) = with_passkey(&world, "bob@a.example").await;
    for (path, name) in [("rename", "name"), ("remove", "x")] {
        let sent = bob.post(&format!("/account/passkeys/{path}"), &[("passkey", &id), (name, "Bob's")]).await;
        assert_eq!(sent.location(), "/account/passkeys");
    }
    assert_eq!(ada.get("/account/passkeys").await.shown(".items h2").as_deref(), Some("My phone"));

    let removed = ada.submit("/account/passkeys/remove", &[]).await;
    let page = ada.follow(&removed).await;
    assert_eq!(page.shown(".items h2"), None);
    assert!(page.text().contains("allAcceptedCredentialIds") && !page.text().contains(&credential));
    let (mut browser, sent) = sign_in(&world, &mut authenticator).await;
    assert_eq!((sent.status, is_signed_in(&mut browser).await), (422, false));
    assert!(said(&sent).contains("has this passkey any more"));
    assert!(sent.text().contains("signalUnknownCredential") && sent.text().contains(&credential));
}

#[tokio::test]
async fn the_last_way_in_stays() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let (mut ada, mut authenticator) = with_passkey(&world, ADA).await;
        for _ in 0..4 {
            // Another device each time, else it is excluded.
            assert_eq!(add(&mut ada, &mut Authenticator::new(), "/account/passkeys/add").await.status, 303);
        }
        let _ = &mut authenticator;
        let mut user = world.read(ADA).await.unwrap();
        let read_at = user.updated_at;
        (user.password_hash, user.email_verified_at) = (None, None);
        let store = world.store().await;
        let mut tx = store.write().await.unwrap();
        assert!(vestibule::store::users::update(&mut tx, &user, read_at).await.unwrap());
        tx.commit().await.unwrap();

        let ids: Vec<_> = own::list(&world.app, &user.id).await.unwrap().into_iter().map(|passkey| passkey.id).collect();
        assert_eq!(ids.len(), 5);
        let tries = ids.into_iter().map(|id| {
            let mut ada = ada.clone();
            tokio::spawn(async move { ada.post("/account/passkeys/remove", &[("passkey", id.as_str())]).await })
        });
        let mut refused = 0;
        for one in tries.collect::<Vec<_>>() {
            let answer = one.await.unwrap();
            if answer.status == 422 {
                assert!(said(&answer).contains("only way into your account"));
                refused += 1;
            }
        }
        assert_eq!(refused, 1, "{database:?}");
        assert_eq!(own::list(&world.app, &user.id).await.unwrap().len(), 1, "{database:?}");
    }
}

#[tokio::test]
async fn a_security_key_is_no_way_in() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let mut key = Authenticator::security_key();
    let page = ada.get("/account/passkeys").await;
    let asked = options(&page, "/account/passkeys/add-key");
    assert!(asked.contains(r#""residentKey":"discouraged""#) && asked.contains(r#""userVerification":"discouraged""#), "{asked}");
    let added = add(&mut ada, &mut key, "/account/passkeys/add-key").await;
    assert_eq!(added.status, 303, "{}", said(&added));
    assert_eq!(added.location(), "/account/security/recovery", "with a second factor, recovery codes");
    let next = super::factor_added(&mut ada, &added).await;
    let page = ada.get(&next).await;
    assert_eq!(page.shown("section .items h3").as_deref(), Some("Firefox, Linux"), "its maker is not known");
    let user = world.read(ADA).await.unwrap();
    assert_eq!(own::list(&world.app, &user.id).await.unwrap()[0].kind, PasskeyKind::SecurityKey);
    let (mut browser, answer) = answered(&world, &mut key, Claim { verified: false, ..Claim::default() }).await;
    let sent = browser.submit("/login/passkey", &[("credential", &answer)]).await;
    assert_eq!((sent.status, is_signed_in(&mut browser).await), (422, false));
    assert!(!sent.text().contains("signalUnknownCredential"), "it is known, as what it is");
}

#[tokio::test]
async fn a_registration_belongs_to_person_and_session() {
    let world = World::new().await;
    world.person(ADA).await;
    world.person("bob@a.example").await;
    let (mut here, mut there) = (world.sign_in(ADA, PASSWORD).await, world.sign_in(ADA, PASSWORD).await);
    let mut bob = world.sign_in("bob@a.example", PASSWORD).await;
    let page = here.get("/account/passkeys").await;
    let state = page.value("state").unwrap();
    let made = Authenticator::new().create(&options(&page, "/account/passkeys/add")).await.unwrap();
    for other in [&mut there, &mut bob] {
        let sent = other.post("/account/passkeys/add", &[("credential", &made), ("state", &state)]).await;
        assert_eq!(sent.status, 422);
    }
    let sent = here.post("/account/passkeys/add-key", &[("credential", &made), ("state", &state)]).await;
    assert_eq!(sent.status, 422, "for a passkey, not for a key");
    assert_eq!(here.submit("/account/passkeys/add", &[("credential", &made)]).await.status, 422, "the page is another one now");
    let sent = here.post("/account/passkeys/add", &[("credential", &made), ("state", &state)]).await;
    assert_eq!(sent.status, 303);
    let sent = here.post("/account/passkeys/add", &[("credential", &made), ("state", &state)]).await;
    assert_eq!(sent.status, 200, "once");
    // A touch is not enough for a passkey.
    let page = here.get("/account/passkeys").await;
    let lax = options(&page, "/account/passkeys/add")
        .replace(r#""userVerification":"required""#, r#""userVerification":"discouraged""#);
    let made = Authenticator::security_key().create(&lax).await.unwrap();
    assert_eq!(here.submit("/account/passkeys/add", &[("credential", &made)]).await.status, 422);
}

#[tokio::test]
async fn it_is_offered_after_a_password_until_the_answer() {
    let world = World::new().await;
    world.person(ADA).await;
    let enter = async || {
        let mut browser = world.browser();
        browser.get("/login").await;
        let sent = browser.post("/login", &[("identifier", ADA), ("password", PASSWORD), ("able", "passkey")]).await;
        (browser, sent.location().to_owned())
    };
    assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.location(), "/account", "without script it is not offered");
    let (mut browser, next) = enter().await;
    assert_eq!(next, "/account/passkeys/offer");
    browser.get(&next).await;
    assert_eq!(browser.submit("/account/passkeys/offer", &[]).await.status, 422, "no answer");
    let later = browser.post("/account/passkeys/offer", &[("answer", "later")]).await;
    assert_eq!(later.location(), "/account");
    assert_eq!(enter().await.1, "/account", "not now");
    world.advance(30 * 86_400);
    let (mut browser, next) = enter().await;
    assert_eq!(next, "/account/passkeys/offer", "asked again");
    let page = browser.get(&next).await;
    let made = Authenticator::new().create(&options(&page, "/account/passkeys/offer")).await.unwrap();
    assert_eq!(browser.submit("/account/passkeys/offer", &[("credential", &made)]).await.location(), "/account");
    assert_eq!(enter().await.1, "/account", "there is one");

    world.person("bob@a.example").await;
    let mut bob = world.sign_in("bob@a.example", PASSWORD).await;
    bob.get("/account/passkeys/offer?to=profile").await;
    let never = bob.post("/account/passkeys/offer", &[("answer", "never"), ("to", "profile")]).await;
    assert_eq!(never.location(), "/account/profile");
    world.advance(400 * 86_400);
    let sent =
        world.browser().post("/login", &[("identifier", "bob@a.example"), ("password", PASSWORD), ("able", "passkey")]).await;
    assert_eq!(sent.location(), "/account", "never");
}

#[tokio::test]
async fn the_offer_leads_on_to_the_application() {
    let world = World::new().await;
    world.person(ADA).await;
    let client = world.client(serde_json::json!({"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]})).await;
    let mut browser = world.browser();
    let query = format!(
        "client_id={}&response_type=code&scope=openid&nonce=n&redirect_uri=https%3A%2F%2Fshop.example%2Fcb",
        client.client.id
    );
    let asked = browser.get(&format!("/oauth2/authorize?{query}")).await;
    browser.follow(&asked).await;
    let flow = browser.open().unwrap().value("flow").unwrap();
    let sent = browser.post("/login", &[("identifier", ADA), ("password", PASSWORD), ("able", "passkey"), ("flow", &flow)]).await;
    assert_eq!(sent.location(), format!("/account/passkeys/offer?flow={flow}"));
    browser.follow(&sent).await;
    let later = browser.submit("/account/passkeys/offer", &[("answer", "later")]).await;
    assert_eq!(later.location(), format!("/consent?flow={flow}"));
    assert!(browser.follow(&later).await.text().contains("Shop"));
}

#[tokio::test]
async fn at_an_ip_address_the_other_ways_stand() {
    let world = World::with("[server]\npublic_url = 'http://127.0.0.1:8080'").await;
    world.person(ADA).await;
    let page = world.browser().get("/login").await;
    assert!(!page.text().contains("/login/passkey") && page.text().contains("name=\"password\""));
}

/// The page that asks for the second factor, after a password.
async fn at_second(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    let sent = browser.sign_in(ADA, PASSWORD).await;
    assert!(sent.location().starts_with("/login/second?flow="), "{}", sent.location());
    let page = browser.follow(&sent).await;
    (browser, page)
}

#[tokio::test]
async fn a_security_key_is_asked_after_the_password_and_a_passkey_counts_then_on_both_databases() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let (mut ada, mut passkey) = with_passkey(&world, ADA).await;
        let mut first = world.browser();
        assert_eq!(first.sign_in(ADA, PASSWORD).await.location(), "/account", "a passkey alone asks for nothing more");
        let mut key = Authenticator::security_key();
        assert_eq!(add(&mut ada, &mut key, "/account/passkeys/add-key").await.status, 303);
        assert_eq!(ada.get("/account/passkeys").await.status, 200, "the key was in hand just now");

        let touch = Claim { verified: false, ..Claim::default() };
        let (mut browser, page) = at_second(&world).await;
        let asked = options(&page, "/login/second");
        assert!(asked.contains("allowCredentials") && asked.contains(r#""userVerification":"preferred""#), "{asked}");
        let answer = key.claim(&asked, touch.clone()).await;
        let (mut again, mut elsewhere) = (browser.clone(), at_second(&world).await.0);
        let state = page.value("state").unwrap();
        let sent = elsewhere.submit("/login/second", &[("credential", &answer), ("state", &state)]).await;
        assert_eq!((sent.status, is_signed_in(&mut elsewhere).await), (422, false), "asked in another browser");
        assert!(said(&sent).contains("did not work"));
        let fresh = key.claim(&options(&sent, "/login/second"), touch.clone()).await;
        assert_eq!(elsewhere.submit("/login/second", &[("credential", &fresh)]).await.location(), "/account");

        let answer = {
            browser.get(&format!("/login/second?flow={}", page.value("flow").unwrap())).await;
            key.claim(&options(browser.open().unwrap(), "/login/second"), touch.clone()).await
        };
        assert_eq!(browser.submit("/login/second", &[("credential", &answer)]).await.location(), "/account");
        assert!(is_signed_in(&mut browser).await);
        assert_eq!(again.submit("/login/second", &[("credential", &answer)]).await.status, 410, "the journey is over");

        // Her passkey serves, too; untouched by a finger it does not.
        let (mut browser, page) = at_second(&world).await;
        let lax = passkey.claim(&options(&page, "/login/second"), touch.clone()).await;
        let sent = browser.submit("/login/second", &[("credential", &lax)]).await;
        assert_eq!((sent.status, is_signed_in(&mut browser).await), (422, false));
        let answer = passkey.get(&options(&sent, "/login/second")).await;
        assert_eq!(browser.submit("/login/second", &[("credential", &answer)]).await.location(), "/account");
        // And as the first factor it is both.
        assert_eq!(sign_in(&world, &mut passkey).await.1.location(), "/account");
    }
}

#[tokio::test]
async fn another_persons_key_is_no_second_factor_nor_is_an_answer_from_the_sign_in_page() {
    let world = World::new().await;
    let (mut ada, mut passkey) = with_passkey(&world, ADA).await;
    assert_eq!(add(&mut ada, &mut Authenticator::security_key(), "/account/passkeys/add-key").await.status, 303);
    let (_, mut bobs) = with_passkey(&world, "bob@a.example").await;
    let (mut browser, page) = at_second(&world).await;
    let mut asked: serde_json::Value = serde_json::from_str(&options(&page, "/login/second")).unwrap();
    asked["allowCredentials"] = serde_json::json!([]);
    let answer = bobs.get(&asked.to_string()).await;
    assert_eq!(browser.submit("/login/second", &[("credential", &answer)]).await.status, 422);
    let mut other = browser.clone();
    let login = other.get("/login").await;
    let (answer, state) = (passkey.get(&options(&login, "/login/passkey")).await, login.value("state").unwrap());
    assert_eq!(browser.submit("/login/second", &[("credential", &answer), ("state", &state)]).await.status, 422);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn adding_and_removing_want_a_fresh_proof() {
    let world = World::new().await;
    let (mut ada, _) = with_passkey(&world, ADA).await;
    ada.get("/account/passkeys").await;
    let id = ada.open().unwrap().value("passkey").unwrap();
    world.advance(3600);
    assert!(ada.get("/account/passkeys").await.location().starts_with("/login"));
    for path in ["add", "add-key", "rename", "remove", "offer"] {
        let sent = ada.post(&format!("/account/passkeys/{path}"), &[("passkey", &id), ("name", "x")]).await;
        assert!(sent.location().starts_with("/login"), "{path}: {}", sent.location());
    }
}

#[tokio::test]
async fn the_way_can_be_off() {
    let world = World::with("[sign_in]\nways = ['password']").await;
    world.person(ADA).await;
    assert!(!world.browser().get("/login").await.text().contains("/login/passkey"));
    let sent = world.browser().post("/login", &[("identifier", ADA), ("password", PASSWORD), ("able", "passkey")]).await;
    assert_eq!(sent.location(), "/account");
    assert_eq!(world.browser().post("/login/passkey", &[("credential", "{}"), ("state", "x")]).await.status, 404);
}

#[tokio::test]
async fn a_required_second_step_is_set_up_with_a_key_or_a_passkey_on_both_databases() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "[second_factor]\nrequired = 'everyone'").await else { continue };
        for (email, action) in [(ADA, "/login/enrol/key"), ("bob@a.example", "/login/enrol/passkey")] {
            world.person(email).await;
            let (mut browser, mut authenticator) = (world.browser(), Authenticator::new());
            let asked = browser.sign_in(email, PASSWORD).await;
            let page = browser.follow(&asked).await;
            let made = authenticator.create(&options(&page, action)).await.unwrap();
            // Somebody else who knows the password, in a journey of their own.
            let mut mallory = world.browser();
            let theirs = mallory.sign_in(email, PASSWORD).await;
            mallory.follow(&theirs).await;
            let crossed = mallory.submit(action, &[("credential", &made)]).await;
            assert_eq!((crossed.status, is_signed_in(&mut mallory).await), (422, false), "{database:?}: another journey's");
            assert!(said(&crossed).contains("could not be added"), "{}", said(&crossed));

            let tries = (0..5).map(|_| {
                let (mut browser, made) = (browser.clone(), made.clone());
                tokio::spawn(async move {
                    let answer = browser.submit(action, &[("credential", &made)]).await;
                    match answer.location() {
                        "/account/security/recovery" => (200, browser.follow(&answer).await.shown(".codes"), browser),
                        _ => (answer.status, None, browser),
                    }
                })
            });
            let mut done = Vec::new();
            for one in tries.collect::<Vec<_>>() {
                let (status, codes, browser) = one.await.unwrap();
                if status == 200 {
                    done.push((codes.unwrap(), browser));
                } else {
                    assert_eq!(status, 410, "{database:?}");
                }
            }
            let [(codes, browser)] = done.as_mut_slice() else { panic!("{database:?}: {} were first", done.len()) };
            assert_eq!(codes.split_whitespace().count(), 10);
            assert!(is_signed_in(browser).await);
            assert!(world.mails_to(email).await.iter().any(|mail| mail.subject.contains("asskey")), "they are told");
            let late = mallory.get(theirs.location()).await;
            assert_eq!(late.status, 410, "{database:?}: there is a second factor to ask for by now");

            // From then on it is asked.
            let mut again = world.browser();
            let asked = again.sign_in(email, PASSWORD).await;
            assert!(asked.location().starts_with("/login/second?flow="), "{database:?}: {}", asked.location());
            let page = again.follow(&asked).await;
            let answer = authenticator.get(&options(&page, "/login/second")).await;
            assert_eq!(again.submit("/login/second", &[("credential", &answer)]).await.location(), "/account");
        }
    }
}

#[tokio::test]
async fn keys_are_not_offered_where_they_are_no_second_factor() {
    let world = World::with("[second_factor]\nrequired = 'everyone'\nkinds = ['totp']").await;
    world.person(ADA).await;
    let mut ada = world.browser();
    let asked = ada.sign_in(ADA, PASSWORD).await;
    let page = ada.follow(&asked).await;
    assert!(!page.text().contains("/login/enrol/key") && page.shown("#secret").is_some());
}
