//! "Confirm it is you": whatever an account has and the settings leave, the page leads on. Its table is in `engine::confirm`; script is off here.

use serde_json::json;

use super::passkeys::add as add_passkey;
use super::providers::{buttons, through};
use super::{is_signed_in, problem};
use crate::world::{Answer, Authenticator, Browser, PASSWORD, Place, World};

const ADA: &str = "ada@a.example";
const NUMBER: &str = "+436601234567";
const PAGE: &str = "/account/password";

/// The same accounts, after the operator has changed the settings; an hour has gone by, so that everybody has to prove themselves anew.
async fn afterwards(place: &Place, settings: &str, browser: &Browser) -> (World, Browser) {
    let world = World::at(place.clone(), settings).await;
    world.advance(3600);
    let mut here = world.browser();
    here.cookies.clone_from(&browser.cookies);
    (world, here)
}

/// Somebody without a password, signed in by a mail.
async fn by_mail(world: &World, email: &str) -> Browser {
    let mut browser = world.browser();
    browser.get("/login").await;
    let sent = browser.submit("/login", &[("identifier", email)]).await;
    assert_eq!(sent.status, 422);
    let sent = browser.post("/login/code", &[("identifier", email), ("way", "mail")]).await;
    with_code(world, &mut browser, &sent, email).await;
    assert!(is_signed_in(&mut browser).await);
    browser
}

/// Enters the code of the mail that the answer leads to.
async fn with_code(world: &World, browser: &mut Browser, sent: &Answer, email: &str) -> Answer {
    assert!(sent.location().starts_with("/login/code?flow="), "{} {}", sent.location(), sent.text());
    browser.follow(sent).await;
    let mails = world.mails_to(email).await;
    let code = &mails.iter().find(|mail| !mail.code.is_empty()).expect("a code").code;
    browser.submit("/login/code/enter", &[("code", code)]).await
}

/// The page that asks, on the way to a change.
async fn asked(browser: &mut Browser) -> Answer {
    let ask = browser.get(PAGE).await;
    assert!(ask.location().starts_with("/login?flow="), "{} {}", ask.status, ask.location());
    let page = browser.follow(&ask).await;
    assert_eq!((page.status, page.shown("h1").as_deref()), (200, Some("Confirm it is you")));
    page
}

/// The ways whose buttons the form has, its own in front.
fn ways(page: &Answer) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.text());
    let named = scraper::Selector::parse("button[name=way]").unwrap();
    html.select(&named).map(|button| button.attr("value").unwrap().to_owned()).collect()
}

/// The link to a new password: where it leads.
fn link(page: &Answer) -> Option<String> {
    let html = scraper::Html::parse_document(&page.text());
    let link = scraper::Selector::parse("main a[href^='/reset?']").unwrap();
    html.select(&link).next().map(|link| link.attr("href").unwrap().to_owned())
}

async fn arrived(browser: &mut Browser, answer: &Answer) {
    assert_eq!(answer.location(), PAGE, "{} {:?} {:?}", answer.status, answer.shown(".summary"), answer.shown(".notice"));
    assert_eq!(browser.get(PAGE).await.status, 200, "asked once");
}

/// Follows the link: the password is chosen, and the page that wanted it does not ask for it again.
async fn chooses_a_password(world: &World, browser: &mut Browser, page: &Answer, email: &str) {
    let link = link(page).unwrap_or_else(|| panic!("no way to a new password: {}", page.text()));
    assert_eq!(browser.get(&link).await.value("identifier").as_deref(), Some(email), "filled in");
    let sent = browser.submit("/reset", &[]).await;
    browser.follow(&sent).await;
    let proved = browser.submit("/reset/code", &[("code", &world.mail_to(email).await.code)]).await;
    browser.follow(&proved).await;
    let back = browser.submit("/reset/new", &[("password", PASSWORD)]).await;
    assert_eq!(back.goes_to(), "/account?notice=password-reset", "{:?}", back.shown(".summary"));
    assert_eq!(browser.get(PAGE).await.status, 200, "nobody is asked for what they have just typed");
}

/// It is no way in any more, and nobody is asked for it; but whoever has nothing else at hand can use it.
#[tokio::test]
async fn a_password_that_is_no_way_in_still_confirms() {
    let place = Place::sqlite();
    let before = World::at(place.clone(), "").await;
    before.person(ADA).await;
    let ada = before.sign_in(ADA, PASSWORD).await;
    let (world, mut ada) = afterwards(&place, "[sign_in]\nways = ['passkey', 'mail']\n", &ada).await;

    let mut stranger = world.browser();
    let page = stranger.get("/login").await;
    assert!(page.value("password").is_none());
    for fields in [&[("identifier", ADA), ("password", PASSWORD)][..], &[("identifier", ADA), ("password", "wrong")]] {
        let answer = stranger.post("/login", fields).await;
        assert_eq!(answer.status, 200);
        assert!(answer.value("password").is_none());
        assert!(!is_signed_in(&mut stranger).await, "no way in");
    }

    let page = asked(&mut ada).await;
    assert_eq!(ways(&page), ["mail", "password"]);
    let flow = page.value("flow").unwrap();
    let page = ada.post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "password")]).await;
    assert!(page.value("password").is_some(), "{}", page.text());
    let wrong = ada.submit("/login", &[("password", "wrong")]).await;
    assert!(!problem(&wrong, "password").is_empty());
    let done = ada.submit("/login", &[("password", PASSWORD)]).await;
    arrived(&mut ada, &done).await;

    world.advance(3600);
    let flow = asked(&mut ada).await.value("flow").unwrap();
    let sent = ada.post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "mail")]).await;
    let done = with_code(&world, &mut ada, &sent, ADA).await;
    arrived(&mut ada, &done).await;
}

/// The password of an account that nothing else leads to any more.
#[tokio::test]
async fn a_password_is_all_that_is_left() {
    let place = Place::sqlite();
    let before = World::at(place.clone(), "").await;
    before.user(json!({"username": "ada", "password": PASSWORD})).await;
    let ada = before.sign_in("ada", PASSWORD).await;
    let (_world, mut ada) = afterwards(&place, "[sign_in]\nways = ['mail']\n", &ada).await;
    let page = asked(&mut ada).await;
    assert_eq!((ways(&page), link(&page)), (vec![], None), "there is no address for a code");
    let done = ada.submit("/login", &[("password", PASSWORD)]).await;
    arrived(&mut ada, &done).await;
}

/// A mail is not enough for who has a passkey, so it is not offered; without script there is the way over a new password.
#[tokio::test]
async fn a_passkey_without_script() {
    let world = World::new().await;
    world.user(json!({"email": ADA, "email_verified": true})).await;
    let mut ada = by_mail(&world, ADA).await;
    let mut authenticator = Authenticator::new();
    add_passkey(&mut ada, &mut authenticator, "/account/passkeys/add").await;
    world.advance(3600);
    let page = asked(&mut ada).await;
    assert!(ways(&page).is_empty() && page.value("password").is_none(), "{}", page.text());
    assert!(page.shown(".unscripted").unwrap().contains("needs JavaScript"));
    let options = super::passkeys::options(&page, "/login/passkey");
    let answer = authenticator.claim(&options, crate::world::Claim::default()).await;
    let done = ada.submit("/login/passkey", &[("credential", &answer)]).await;
    arrived(&mut ada, &done).await;
    world.advance(3600);
    let page = asked(&mut ada).await;
    chooses_a_password(&world, &mut ada, &page, ADA).await;
}

/// A passkey that cannot be asked for any more asks for nothing.
#[tokio::test]
async fn a_passkey_that_is_no_way_in_is_not_asked_for() {
    let place = Place::sqlite();
    let before = World::at(place.clone(), "").await;
    before.user(json!({"email": ADA, "email_verified": true})).await;
    let mut ada = by_mail(&before, ADA).await;
    add_passkey(&mut ada, &mut Authenticator::new(), "/account/passkeys/add").await;
    let (world, mut ada) = afterwards(&place, "[sign_in]\nways = ['password', 'mail']\n", &ada).await;
    let page = asked(&mut ada).await;
    assert_eq!(ways(&page), ["mail"]);
    assert!(page.value("credential").is_none());
    let sent = ada.post("/login/code", &[("flow", &page.value("flow").unwrap()), ("way", "mail")]).await;
    let done = with_code(&world, &mut ada, &sent, ADA).await;
    arrived(&mut ada, &done).await;
}

/// The account's name is an address that nobody has proved; its number is what it is reached by.
#[tokio::test]
async fn a_number_beside_an_unproved_address() {
    let world = World::with("[signup]\nverify_email = false\n").await;
    world.user(json!({"email": ADA, "phone_number": NUMBER, "phone_number_verified": true})).await;
    let mut ada = world.browser();
    ada.get("/login").await;
    let sent = ada.post("/login/code", &[("identifier", NUMBER), ("way", "sms")]).await;
    ada.follow(&sent).await;
    ada.submit("/login/code/enter", &[("code", &world.sms_to(NUMBER).await.code)]).await;
    world.advance(3600);
    let page = asked(&mut ada).await;
    assert_eq!(ways(&page), ["sms"]);
    let sent = ada.submit("/login/code", &[]).await;
    assert_eq!(sent.status, 200, "the button says which way");
    let flow = page.value("flow").unwrap();
    let sent = ada.post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "sms")]).await;
    assert!(sent.location().starts_with("/login/code?flow="), "{:?}", sent.shown(".summary"));
    ada.follow(&sent).await;
    let done = ada.submit("/login/code/enter", &[("code", &world.sms_to(NUMBER).await.code)]).await;
    arrived(&mut ada, &done).await;
}

/// Mail was her way in. Now it leads to a password, which is one.
#[tokio::test]
async fn a_proved_address_where_mail_is_no_way_in_gets_a_password() {
    let place = Place::sqlite();
    let before = World::at(place.clone(), "").await;
    before.user(json!({"email": ADA, "email_verified": true})).await;
    let ada = by_mail(&before, ADA).await;
    let (world, mut ada) = afterwards(&place, "[sign_in]\nways = ['password']\n", &ada).await;
    let page = asked(&mut ada).await;
    assert!(page.shown(".lead").unwrap().contains("Nothing is left"), "{}", page.text());
    assert!(page.value("password").is_none() && ways(&page).is_empty());
    chooses_a_password(&world, &mut ada, &page, ADA).await;
}

/// Nothing at all: one sentence says who can help, and that signing out would be the end.
#[tokio::test]
async fn nothing_is_left_to_prove() {
    let place = Place::sqlite();
    let before = World::at(place.clone(), "").await;
    before.user(json!({"email": ADA, "email_verified": true})).await;
    let mut ada = by_mail(&before, ADA).await;
    add_passkey(&mut ada, &mut Authenticator::new(), "/account/passkeys/add").await;
    let changes = json!({"email": null, "username": "ada"});
    let changes = vestibule::actions::users::Changes::from_json(changes.as_object().unwrap()).unwrap();
    vestibule::actions::users::update(&before.app, ADA, &changes).await.unwrap();
    assert!(is_signed_in(&mut ada).await);
    let (_world, mut ada) = afterwards(&place, "[sign_in]\nways = ['password']\n", &ada).await;
    let page = asked(&mut ada).await;
    assert_eq!(link(&page), None);
    assert!(page.shown("main").unwrap().contains("only the people who run this service"), "{}", page.text());
    assert_eq!(page.shown("main a.button").as_deref(), Some("Back to your account"));
    assert!(is_signed_in(&mut ada).await);
}

/// The second step is the mailbox by which the provider may let people in, so it is none after the provider; and mail is no way in. The
/// provider is what is left.
#[tokio::test]
async fn a_provider_and_a_second_step_that_is_none_beside_it() {
    let (world, fakes) = World::with_fakes("[sign_in]\nways = ['password']\n").await;
    let mut grace = super::providers::arrive(&world, &fakes, "github", "grace").await;
    grace.get("/account/security").await;
    grace.post("/account/security/codes", &[("kind", "mail"), ("on", "yes")]).await;
    world.advance(3600);
    let page = asked(&mut grace).await;
    assert_eq!(buttons(&page).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), ["github"]);
    let back = through(&fakes, &mut grace, "github", "grace", "none").await;
    arrived(&mut grace, &back).await;
}

/// Where a second factor follows, it is asked for on a page of its own after the first.
#[tokio::test]
async fn a_provider_and_a_second_step_of_its_own() {
    let (world, fakes) = World::with_fakes("").await;
    let mut grace = super::providers::arrive(&world, &fakes, "github", "grace").await;
    let ask = grace.get("/account/security").await;
    super::providers::by_mail(&world, &mut grace, &ask, "grace@mail.example").await;
    let codes = {
        super::second_factor_account::add(&world, &mut grace, "Phone").await;
        super::second_factor_account::codes(&mut grace).await
    };
    world.advance(3600);
    let ask = grace.get(PAGE).await;
    assert!(ask.location().starts_with("/login?flow="), "{}", ask.location());
    let half = super::providers::by_mail(&world, &mut grace, &ask, "grace@mail.example").await;
    assert!(half.location().starts_with("/login/second?flow="), "{}", half.location());
    grace.follow(&half).await;
    let flow = grace.open().unwrap().value("flow").unwrap();
    grace.get(&format!("/login/second?flow={flow}&with=recovery_code")).await;
    let done = grace.submit("/login/second", &[("code", &codes[0])]).await;
    let used = grace.follow(&done).await;
    assert!(used.shown(&format!("main a.button[href='{PAGE}']")).is_some(), "{}", used.text());
    assert_eq!(grace.get(PAGE).await.status, 200, "asked once");
}

/// Everybody must have a second factor by now, and she has none: she sets one up on the way.
#[tokio::test]
async fn a_second_factor_that_is_required_meanwhile() {
    let place = Place::sqlite();
    let before = World::at(place.clone(), "").await;
    before.person(ADA).await;
    let ada = before.sign_in(ADA, PASSWORD).await;
    let (world, mut ada) = afterwards(&place, "[second_factor]\nrequired = 'everyone'\n", &ada).await;
    asked(&mut ada).await;
    let next = ada.submit("/login", &[("password", PASSWORD)]).await;
    assert!(next.location().starts_with("/login/enrol?flow="), "{}", next.location());
    let page = ada.follow(&next).await;
    let code = super::second_factor_account::shown_code(&world, &page);
    let done = ada.submit("/login/enrol", &[("code", &code)]).await;
    assert_eq!(done.location(), "/account/security/recovery", "{:?}", done.shown(".summary"));
    assert_eq!(ada.get(PAGE).await.status, 200);
}

/// Proved in one tab, the same question in another goes on when it is loaded anew.
#[tokio::test]
async fn another_tab_goes_on_once_it_is_proved() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut browser = world.sign_in(ADA, PASSWORD).await;
    world.advance(3600);
    let tab = browser.get(PAGE).await.location().to_owned();
    assert!(tab.starts_with("/login?flow="), "{tab}");
    assert_eq!(browser.get(&tab).await.status, 200, "nothing is proved yet");
    let email = browser.get("/account/email").await.location().to_owned();
    assert!(email.starts_with("/login?flow=") && email != tab, "a question of its own");
    browser.get(&email).await;
    let proved = browser.submit("/login", &[("password", PASSWORD)]).await;
    assert_eq!(proved.location(), "/account/email");
    assert_eq!(browser.get(&tab).await.location(), PAGE);
    assert_eq!(browser.get(PAGE).await.status, 200);

    // An hour later it asks again, however often it is loaded.
    world.advance(3600);
    let tab = browser.get(PAGE).await.location().to_owned();
    for _ in 0..3 {
        assert_eq!(browser.get(&tab).await.status, 200);
    }
}
