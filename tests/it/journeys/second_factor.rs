//! Two-step verification at sign-in, after a reset, and where somebody proves anew that they are there.

use data_encoding::BASE32_NOPAD;
use serde_json::json;
use vestibule::engine::factor::{Factor, FactorKind};
use vestibule::engine::user::User;
use vestibule::ids::FactorId;
use vestibule::store::factors;

use super::{asked_for_reset, factor_added, is_signed_in, problem, wrong};
use crate::world::{Answer, Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const PHONE: &str = "+436601234567";
const NEW: &str = "another wooden spoon";

/// Turns codes by mail or SMS on.
async fn turn_on(world: &World, user: &User, kind: FactorKind) {
    let factor = Factor {
        id: FactorId::new(world.app.now(), &world.app.random),
        kind,
        name: kind.as_str().to_owned(),
        sealed: None,
        last_step: 0,
        created_at: world.app.now(),
        last_used_at: None,
    };
    let mut tx = world.store().await.write().await.unwrap();
    factors::insert(&mut tx, &user.id, &factor).await.unwrap();
    tx.commit().await.unwrap();
}

/// Adds an authenticator app to the account of somebody who has just signed in: its secret.
pub(super) async fn add_app(world: &World, browser: &mut Browser) -> String {
    browser.get("/account/security").await;
    let begun = browser.submit("/account/security/totp/begin", &[]).await;
    let page = browser.follow(&begun).await;
    let secret: String = page.shown("#secret").unwrap().split_whitespace().collect();
    let done = browser.submit("/account/security/totp", &[("name", "Phone"), ("code", &app_code(world, &secret))]).await;
    assert_eq!(factor_added(browser, &done).await, "/account/security?notice=factor-added", "{}", done.text());
    // The code that confirmed it is used up.
    world.advance(30);
    secret
}

/// What the app shows now.
pub(super) fn app_code(world: &World, secret: &str) -> String {
    let app = totp_rs::Builder::new().with_secret(BASE32_NOPAD.decode(secret.as_bytes()).unwrap()).build().unwrap();
    app.generate(u64::try_from(world.app.now().seconds()).unwrap()).to_string()
}

/// The password, in a new browser; the page of the second factor is open.
async fn half_way(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    let sent = browser.sign_in(ADA, PASSWORD).await;
    assert!(sent.location().starts_with("/login/second?flow=flow_"), "{} {}", sent.location(), sent.text());
    let page = browser.follow(&sent).await;
    assert!(!is_signed_in(&mut browser).await && browser.clone().get("/account").await.status == 303);
    (browser, page)
}

/// Has a code sent, and opens the page for it.
async fn send(browser: &mut Browser) -> Answer {
    let sent = browser.submit("/login/second/send", &[]).await;
    assert!(sent.status == 303 && sent.location().contains("&with="), "{} {}", sent.status, sent.text());
    browser.follow(&sent).await
}

/// Asks for a mail that signs in, and enters its code.
async fn by_mail(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    let sent = browser.post("/login/code", &[("identifier", ADA), ("way", "mail")]).await;
    browser.follow(&sent).await;
    let code = world.mail_to(ADA).await.code;
    let proved = browser.submit("/login/code/enter", &[("code", &code)]).await;
    (browser, proved)
}

#[tokio::test]
async fn a_password_and_then_a_code_by_mail() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let ada = world.person(ADA).await;
        turn_on(&world, &ada, FactorKind::Mail).await;
        let (mut browser, page) = half_way(&world).await;
        assert!(page.shown(".lead").unwrap().contains("ad•••@a.example"), "masked");
        assert!(world.mails().await.is_empty(), "only when asked for");
        send(&mut browser).await;
        let mail = world.mail_to(ADA).await;
        assert!(mail.subject.starts_with(&mail.code) && mail.link.is_empty(), "{mail:?}");
        let no = browser.submit("/login/second", &[("code", &wrong(&mail.code))]).await;
        assert_eq!(no.status, 422);
        assert!(!problem(&no, "code").is_empty() && !is_signed_in(&mut browser).await);
        let flow = page.value("flow").unwrap();
        assert_eq!(browser.submit("/login/second", &[("code", &mail.code)]).await.location(), "/account", "{database:?}");
        assert!(is_signed_in(&mut browser).await);
        let again = browser.clone().post("/login/second", &[("flow", &flow), ("with", "mail"), ("code", &mail.code)]).await;
        assert_eq!(again.status, 410, "once");
        let stolen = world.browser().post("/login/second", &[("flow", &flow), ("with", "mail"), ("code", &mail.code)]).await;
        assert_eq!(stolen.status, 410);
    }
}

#[tokio::test]
async fn a_code_by_sms_as_second_factor() {
    let world = World::new().await;
    let ada = world
        .user(json!({"email": ADA, "email_verified": true, "password": PASSWORD, "phone_number": PHONE, "phone_number_verified": true}))
        .await;
    turn_on(&world, &ada, FactorKind::Sms).await;
    let (mut browser, page) = half_way(&world).await;
    assert!(!page.text().contains("1234567"), "the number is masked");
    send(&mut browser).await;
    let sms = world.sms_to(PHONE).await;
    assert_eq!(browser.submit("/login/second", &[("code", &sms.code)]).await.location(), "/account");
}

/// The mail was the first proof and cannot be the second; the password is.
#[tokio::test]
async fn a_mail_and_then_the_password_where_mail_is_the_only_factor() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let ada = world.person(ADA).await;
        turn_on(&world, &ada, FactorKind::Mail).await;
        let (mut browser, proved) = by_mail(&world).await;
        assert!(proved.location().starts_with("/login/second?flow="), "{}", proved.location());
        let page = browser.follow(&proved).await;
        assert!(page.value("password").is_some() && page.value("code").is_none());
        let flow = page.value("flow").unwrap();
        let sent = browser.post("/login/second/send", &[("flow", &flow), ("with", "mail")]).await;
        assert_ne!(sent.status, 200);
        assert_eq!(world.mails_to(ADA).await.len(), 1, "no second code to the same mailbox");
        let no = browser.submit("/login/second", &[("password", "wrong")]).await;
        assert_eq!(no.status, 422);
        assert!(!problem(&no, "password").is_empty());
        assert_eq!(browser.submit("/login/second", &[("password", PASSWORD)]).await.location(), "/account", "{database:?}");
        assert!(is_signed_in(&mut browser).await);
    }
}

#[tokio::test]
async fn the_strongest_comes_first_then_the_one_used_last_and_others_are_a_link_away() {
    let world = World::new().await;
    let user = world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let secret = add_app(&world, &mut ada).await;
    turn_on(&world, &user, FactorKind::Mail).await;
    let (mut browser, page) = half_way(&world).await;
    assert_eq!(page.value("with").as_deref(), Some("totp"));
    let flow = page.value("flow").unwrap();
    let others = page.shown(".choices").unwrap();
    assert!(others.contains("mail"), "{others}");
    let page = browser.get(&format!("/login/second?flow={flow}&with=mail")).await;
    assert_eq!(page.value("with").as_deref(), Some("mail"));
    assert!(page.shown(".choices").unwrap().contains("app"));
    send(&mut browser).await;
    // Changed my mind: the app after all, though a code is on its way.
    browser.get(&format!("/login/second?flow={flow}&with=totp")).await;
    assert_eq!(browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
    world.advance(30);
    let (mut browser, page) = half_way(&world).await;
    browser.get(&format!("/login/second?flow={}&with=mail", page.value("flow").unwrap())).await;
    send(&mut browser).await;
    let code = world.mail_to(ADA).await.code;
    assert_eq!(browser.submit("/login/second", &[("code", &code)]).await.location(), "/account");
    let (_, page) = half_way(&world).await;
    assert_eq!(page.value("with").as_deref(), Some("mail"), "used last");
    for with in ["sms", "password", "recovery_code", "security_key", "nonsense"] {
        let (mut browser, page) = half_way(&world).await;
        let flow = page.value("flow").unwrap();
        let answer =
            browser.post("/login/second", &[("flow", &flow), ("with", with), ("code", "123456"), ("password", PASSWORD)]).await;
        assert!(answer.status != 303 || answer.location().starts_with("/login/second"), "{with}: {}", answer.location());
        assert!(!is_signed_in(&mut browser).await, "{with} is none of this account's");
    }
}

#[tokio::test]
async fn a_code_of_an_app_works_once_and_in_its_own_account() {
    let world = World::new().await;
    world.person(ADA).await;
    world.person("eve@a.example").await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let secret = add_app(&world, &mut ada).await;
    let mut eve = world.sign_in("eve@a.example", PASSWORD).await;
    let other = add_app(&world, &mut eve).await;
    let (mut first, _) = half_way(&world).await;
    let (mut second, _) = half_way(&world).await;
    let (mut third, _) = half_way(&world).await;
    let code = app_code(&world, &secret);
    assert_eq!(third.submit("/login/second", &[("code", &app_code(&world, &other))]).await.status, 422);
    assert_eq!(first.submit("/login/second", &[("code", &code)]).await.location(), "/account");
    assert_eq!(second.submit("/login/second", &[("code", &code)]).await.status, 422, "used");
    assert!(!is_signed_in(&mut second).await);
    world.advance(30);
    assert_eq!(second.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
}

#[tokio::test]
async fn codes_are_sent_again_after_a_pause_and_five_wrong_ones_spend_them() {
    let world = World::new().await;
    let ada = world.person(ADA).await;
    turn_on(&world, &ada, FactorKind::Mail).await;
    let (mut browser, page) = half_way(&world).await;
    let open = format!("/login/second?flow={}&with=mail", page.value("flow").unwrap());
    send(&mut browser).await;
    let first = world.mail_to(ADA).await.code;
    assert_eq!(browser.submit("/login/second/send", &[]).await.status, 429, "too early");
    browser.get(&open).await;
    for _ in 0..5 {
        assert_eq!(browser.submit("/login/second", &[("code", &wrong(&first))]).await.status, 422);
        browser.get(&open).await;
    }
    let spent = browser.submit("/login/second", &[("code", &first)]).await;
    assert_eq!(spent.status, 422);
    assert!(spent.shown(".notice.warning").is_some() && !is_signed_in(&mut browser).await);
    world.advance(31);
    browser.get(&open).await;
    send(&mut browser).await;
    let second = world.mail_to(ADA).await.code;
    assert_ne!(first, second);
    assert_eq!(browser.submit("/login/second", &[("code", &second)]).await.location(), "/account");
}

/// Across journeys and browsers: the count is the account's.
#[tokio::test]
async fn wrong_second_factors_wait_longer_each_time() {
    for database in Database::BOTH {
        let settings = "[limits]\nenabled = true\nverify_requester_per_minute = 10000\nsign_in_requester_per_minute = 10000";
        let Some(world) = World::on(database, settings).await else { continue };
        world.person(ADA).await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        let secret = add_app(&world, &mut ada).await;
        let mut waits = Vec::new();
        for _ in 0..9 {
            let (mut browser, page) = half_way(&world).await;
            let flow = page.value("flow").unwrap();
            let fields = [("flow", flow.as_str()), ("with", "totp"), ("code", "000000")];
            let answer = browser.post("/login/second", &fields).await;
            let answer = if answer.status == 429 {
                waits.push(answer.header("retry-after").parse::<u64>().unwrap());
                world.advance(*waits.last().unwrap());
                browser.post("/login/second", &fields).await
            } else {
                answer
            };
            assert_eq!(answer.status, 422);
        }
        assert_eq!(waits, [1, 2, 4], "{database:?}: five are free, and each that follows costs twice the one before");
        let (mut browser, page) = half_way(&world).await;
        let flow = page.value("flow").unwrap();
        let blocked =
            browser.post("/login/second", &[("flow", &flow), ("with", "totp"), ("code", &app_code(&world, &secret))]).await;
        assert_eq!(blocked.status, 429, "even the right one waits");
        world.advance(8);
        browser.get(&format!("/login/second?flow={flow}")).await;
        assert_eq!(browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
        // The password's own count was never touched, and the right one starts the second factor's anew.
        world.advance(30);
        let (mut browser, _) = half_way(&world).await;
        assert_eq!(browser.submit("/login/second", &[("code", "000000")]).await.status, 422);
        assert_eq!(browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
    }
}

#[tokio::test]
async fn a_half_way_sign_in_expires_and_dies_with_the_account_or_a_new_password() {
    let world = World::new().await;
    let user = world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let secret = add_app(&world, &mut ada).await;
    let (mut late, _) = half_way(&world).await;
    world.advance(3600);
    assert_eq!(late.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.status, 410);
    let (mut changed, _) = half_way(&world).await;
    let asked = ada.get("/account/password").await;
    ada.follow(&asked).await;
    let half = ada.submit("/login", &[("password", PASSWORD)]).await;
    ada.follow(&half).await;
    let proved = ada.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
    ada.follow(&proved).await;
    let done = ada.submit("/account/password", &[("current", PASSWORD), ("password", NEW)]).await;
    assert_eq!(done.location(), "/account/password?notice=password-changed", "{}", done.text());
    world.advance(30);
    let answer = changed.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
    assert_eq!(answer.status, 410, "the old password opened this journey");
    assert!(!is_signed_in(&mut changed).await);
    let mut browser = world.browser();
    let sent = browser.sign_in(ADA, NEW).await;
    browser.follow(&sent).await;
    vestibule::actions::users::disable(&world.app, user.id.as_str()).await.unwrap();
    assert_ne!(browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.status, 303);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_reset_never_passes_the_second_factor() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        let secret = add_app(&world, &mut ada).await;
        let mut browser = asked_for_reset(&world, ADA).await;
        let code = world.mail_to(ADA).await.code;
        let proved = browser.submit("/reset/code", &[("code", &code)]).await;
        browser.follow(&proved).await;
        let set = browser.submit("/reset/new", &[("password", NEW)]).await;
        assert!(set.location().starts_with("/login/second?flow="), "{database:?} {}", set.location());
        assert!(!is_signed_in(&mut browser).await);
        let page = browser.follow(&set).await;
        assert_eq!(page.value("with").as_deref(), Some("totp"));
        // Nor does signing in by mail; and until then the new password is none, and the old one is.
        let (mut mailed, proved) = by_mail(&world).await;
        assert!(proved.location().starts_with("/login/second?flow="));
        assert!(!is_signed_in(&mut mailed).await);
        assert_eq!(world.browser().sign_in(ADA, NEW).await.status, 422, "{database:?}");
        assert!(world.browser().sign_in(ADA, PASSWORD).await.location().starts_with("/login/second?flow="));
        assert_eq!(browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
        assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422, "{database:?}");
        assert!(world.browser().sign_in(ADA, NEW).await.location().starts_with("/login/second?flow="));
    }
}

/// Who reads their codes in the mailbox by which they ask for a reset is asked for something else, and not first for what they forgot.
#[tokio::test]
async fn a_reset_by_the_second_factors_own_mailbox_asks_for_the_old_password_last() {
    let world = World::new().await;
    let ada = world.person(ADA).await;
    turn_on(&world, &ada, FactorKind::Mail).await;
    let mut browser = asked_for_reset(&world, ADA).await;
    let proved = browser.submit("/reset/code", &[("code", &world.mail_to(ADA).await.code)]).await;
    browser.follow(&proved).await;
    let set = browser.submit("/reset/new", &[("password", NEW)]).await;
    let page = browser.follow(&set).await;
    assert_eq!(page.value("with").as_deref(), Some("password"));
    assert!(page.text().contains("Old password"), "{}", page.text());
    assert_eq!(browser.submit("/login/second", &[("password", NEW)]).await.status, 422, "the new one proves nothing");
    assert_eq!(browser.submit("/login/second", &[("password", PASSWORD)]).await.location(), "/account");
    assert!(world.browser().sign_in(ADA, NEW).await.location().starts_with("/login/second?flow="));
}

#[tokio::test]
async fn a_recovery_code_is_the_way_of_whoever_lost_the_phone() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        add_app(&world, &mut ada).await;
        ada.get("/account/security").await;
        let made = ada.submit("/account/security/recovery", &[]).await;
        let page = ada.follow(&made).await;
        let codes: Vec<String> = page.shown(".codes").unwrap().split_whitespace().map(str::to_owned).collect();
        assert_eq!(codes.len(), 10);
        let (mut browser, page) = half_way(&world).await;
        let open = format!("/login/second?flow={}&with=recovery_code", page.value("flow").unwrap());
        assert!(page.text().contains("with=recovery_code"), "it is offered");
        browser.get(&open).await;
        assert_eq!(browser.submit("/login/second", &[("code", "aaaa-bbbb-cccc")]).await.status, 422);
        let used = browser.submit("/login/second", &[("code", &codes[3])]).await;
        assert_eq!(used.location(), "/login/recovered", "{database:?}");
        let page = browser.follow(&used).await;
        assert!(page.shown(".lead").unwrap().contains("9 are left"), "{}", page.text());
        assert!(
            page.shown("main a[href='/account/security']").is_some() && page.shown("main a.button[href='/account']").is_some()
        );
        let (mut again, page) = half_way(&world).await;
        again.get(&format!("/login/second?flow={}&with=recovery_code", page.value("flow").unwrap())).await;
        assert_eq!(again.submit("/login/second", &[("code", &codes[3])]).await.status, 422, "once");
        assert_eq!(again.submit("/login/second", &[("code", &codes[4].to_uppercase())]).await.location(), "/login/recovered");
    }
}

#[tokio::test]
async fn a_remembered_browser_is_not_asked_until_the_password_changes() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let secret = add_app(&world, &mut ada).await;
    let (mut browser, _) = half_way(&world).await;
    let fields = [("code", app_code(&world, &secret)), ("trust", "true".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.submit("/login/second", &fields).await.location(), "/account");
    let sign_out = async |browser: &mut Browser| {
        browser.get("/logout").await;
        browser.submit("/logout", &[("where", "here")]).await;
    };
    sign_out(&mut browser).await;
    assert_eq!(browser.sign_in(ADA, PASSWORD).await.location(), "/account", "not asked");
    // It is the browser's: another is asked, and so is another person in this one.
    half_way(&world).await;
    // Changing how one signs in still wants the second factor.
    let asked = browser.get("/account/password").await;
    assert!(asked.location().starts_with("/login/second?flow="), "{}", asked.location());
    browser.follow(&asked).await;
    world.advance(30);
    let proved = browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
    browser.follow(&proved).await;
    browser.submit("/account/password", &[("current", PASSWORD), ("password", NEW)]).await;
    sign_out(&mut browser).await;
    assert!(browser.sign_in(ADA, NEW).await.location().starts_with("/login/second?flow="), "a new password ends it");
}

const SENSITIVE: [&str; 6] = ["password", "email", "phone", "security", "passkeys", "delete"];

#[tokio::test]
async fn an_old_proof_is_renewed_before_changing_how_one_signs_in() {
    let world = World::new().await;
    world.person(ADA).await;
    for page in SENSITIVE {
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        let path = format!("/account/{page}");
        world.advance(14 * 60);
        assert_eq!(ada.get(&path).await.status, 200, "{page}");
        world.advance(2 * 60);
        let asked = ada.get(&path).await;
        assert!(asked.location().starts_with("/login?flow="), "{page}: {} {}", asked.status, asked.location());
        let form = ada.follow(&asked).await;
        assert_eq!(form.value("identifier").as_deref(), Some(ADA), "who it is, is known");
        assert_eq!(ada.submit("/login", &[("password", "wrong")]).await.status, 422);
        assert!(ada.clone().get(&path).await.location().starts_with("/login?flow="));
        assert_eq!(ada.submit("/login", &[("password", PASSWORD)]).await.location(), path);
        assert_eq!(ada.get(&path).await.status, 200, "{page}");
        assert_eq!(ada.get("/account/profile").await.status, 200, "the others never ask");
    }
}

/// A form that was open for a while may be sent; one that was open for long may not, and nothing has changed.
#[tokio::test]
async fn a_form_with_an_old_proof_changes_nothing() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    world.advance(26 * 60);
    let forms: [(&str, &[(&str, &str)]); 6] = [
        ("/account/password", &[("current", PASSWORD), ("password", NEW)]),
        ("/account/email", &[("email", "eve@a.example")]),
        ("/account/phone", &[("phone", PHONE)]),
        ("/account/security/totp/begin", &[]),
        ("/account/security/recovery", &[]),
        ("/account/delete", &[("confirm", "true")]),
    ];
    for (path, fields) in forms {
        let answer = ada.post(path, fields).await;
        assert!(answer.location().starts_with("/login?flow="), "{path}: {} {}", answer.status, answer.location());
    }
    assert!(world.mails().await.is_empty() && world.all_sms().await.is_empty());
    world.sign_in(ADA, PASSWORD).await;
}

/// Somebody else's fresh proof is not this person's.
#[tokio::test]
async fn another_accounts_password_is_no_proof_of_this_one() {
    let world = World::new().await;
    world.person(ADA).await;
    world.person("eve@a.example").await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    world.advance(16 * 60);
    let asked = ada.get("/account/password").await;
    let page = ada.follow(&asked).await;
    let flow = page.value("flow").unwrap();
    ada.post("/login", &[("flow", &flow), ("identifier", "eve@a.example"), ("password", PASSWORD)]).await;
    let home = ada.get("/session").await.json();
    assert_eq!(home["user"]["email"], "eve@a.example", "that signs in the other one, and Ada is out");
}

#[tokio::test]
async fn a_session_that_a_mail_opened_cannot_set_a_password_where_there_is_one() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let (mut browser, proved) = by_mail(&world).await;
        assert_eq!(proved.location(), "/account");
        for page in SENSITIVE {
            let asked = browser.get(&format!("/account/{page}")).await;
            assert!(asked.location().starts_with("/login?flow="), "{page}: {}", asked.location());
        }
        let posted = browser.post("/account/password", &[("current", PASSWORD), ("password", NEW)]).await;
        assert!(posted.location().starts_with("/login?flow="));
        let form = browser.follow(&posted).await;
        assert!(form.value("password").is_some() && form.value("way").is_none(), "a mail is not offered again");
        let flow = form.value("flow").unwrap();
        let mailed = browser.post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "mail")]).await;
        if mailed.status == 303 {
            browser.follow(&mailed).await;
            let code = world.mail_to(ADA).await.code;
            browser.submit("/login/code/enter", &[("code", &code)]).await;
        }
        assert!(browser.get("/account/password").await.location().starts_with("/login?flow="), "{database:?}: however often");
        let asked = browser.get("/account/password").await;
        browser.follow(&asked).await;
        assert_eq!(browser.submit("/login", &[("password", PASSWORD)]).await.location(), "/account/password");
        assert_eq!(browser.get("/account/password").await.status, 200);
    }
}

/// Where there is nothing stronger, the mail is enough: else nobody could ever set one.
#[tokio::test]
async fn who_has_no_password_sets_one_after_a_mail() {
    let world = World::new().await;
    world.user(json!({"email": ADA, "email_verified": true})).await;
    let (mut browser, proved) = by_mail(&world).await;
    assert_eq!(proved.location(), "/account");
    assert_eq!(browser.get("/account/password").await.status, 200);
    let done = browser.submit("/account/password", &[("password", NEW)]).await;
    assert_eq!(done.location(), "/account/password?notice=password-changed", "{}", done.text());
    world.sign_in(ADA, NEW).await;
}

/// And it is asked for again when it is old, by a mail.
#[tokio::test]
async fn who_has_no_password_proves_it_anew_by_a_mail() {
    let world = World::new().await;
    world.user(json!({"email": ADA, "email_verified": true})).await;
    let (mut browser, _) = by_mail(&world).await;
    world.advance(16 * 60);
    let asked = browser.get("/account/password").await;
    assert!(asked.location().starts_with("/login?flow="));
    let form = browser.follow(&asked).await;
    assert_eq!((form.value("way").as_deref(), form.value("password")), (Some("mail"), None));
    let sent = browser.submit("/login/code", &[("way", "mail")]).await;
    browser.follow(&sent).await;
    let code = world.mail_to(ADA).await.code;
    assert_eq!(browser.submit("/login/code/enter", &[("code", &code)]).await.location(), "/account/password");
    assert_eq!(browser.get("/account/password").await.status, 200);
}

#[tokio::test]
async fn with_two_steps_on_both_prove_it() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        let secret = add_app(&world, &mut ada).await;
        // The password was given just now, and the app was at hand; later, both are asked for.
        world.advance(16 * 60);
        for page in SENSITIVE {
            let asked = ada.get(&format!("/account/{page}")).await;
            assert!(asked.location().starts_with("/login?flow="), "{database:?} {page}: {}", asked.location());
        }
        for way in ["password", "mail"] {
            let mut browser = if way == "password" {
                half_way(&world).await.0
            } else {
                let (mut browser, proved) = by_mail(&world).await;
                browser.follow(&proved).await;
                browser
            };
            world.advance(30);
            let done = browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
            assert_eq!(done.location(), "/account", "{way}");
            assert_eq!(browser.get("/account/password").await.status, 200, "{way}");
            world.advance(16 * 60);
            for page in SENSITIVE {
                let asked = browser.get(&format!("/account/{page}")).await;
                assert!(asked.location().starts_with("/login?flow="), "{way} {page}: {}", asked.location());
                let form = browser.follow(&asked).await;
                assert_eq!(form.shown("h1").as_deref(), Some("Confirm it is you"), "{way} {page}");
            }
            let asked = browser.get("/account/delete").await;
            browser.follow(&asked).await;
            let half = browser.submit("/login", &[("password", PASSWORD)]).await;
            assert!(half.location().starts_with("/login/second?flow="), "{way}: {}", half.location());
            assert!(
                browser.clone().get("/account/delete").await.location().starts_with("/login?flow="),
                "{way}: one is not enough"
            );
            let form = browser.follow(&half).await;
            assert_eq!((form.status, form.value("with").as_deref()), (200, Some("totp")), "{way}");
            let proved = browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
            assert_eq!(proved.location(), "/account/delete", "{way}");
            assert_eq!(browser.get("/account/delete").await.status, 200);
        }
    }
}

/// Codes by mail as the only second factor, and a step-up: the same as at sign-in. Whoever finds a browser open and reads the mail of its owner, as on
/// the same telephone, adds no passkey and takes nothing over.
#[tokio::test]
async fn with_mail_as_second_step_a_mail_alone_proves_nothing() {
    let world = World::new().await;
    let user = world.person(ADA).await;
    turn_on(&world, &user, FactorKind::Mail).await;
    let (mut browser, _) = half_way(&world).await;
    send(&mut browser).await;
    let code = world.mail_to(ADA).await.code;
    browser.submit("/login/second", &[("code", &code)]).await;
    world.advance(16 * 60);
    for page in SENSITIVE {
        let asked = browser.get(&format!("/account/{page}")).await;
        assert!(asked.location().starts_with("/login?flow="), "{page}: {}", asked.location());
    }
    let asked = browser.get("/account/password").await;
    let form = browser.follow(&asked).await;
    let flow = form.value("flow").unwrap();
    let mailed = browser.clone().post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "mail")]).await;
    assert_eq!(form.value("way"), None, "nor is a mail offered in place of the password: {}", mailed.location());
    let half = browser.submit("/login", &[("password", PASSWORD)]).await;
    let page = browser.follow(&half).await;
    assert_eq!((page.status, page.value("with").as_deref()), (200, Some("mail")));
    send(&mut browser).await;
    let code = world.mail_to(ADA).await.code;
    assert_eq!(browser.submit("/login/second", &[("code", &code)]).await.location(), "/account/password");
}

/// Nobody gets stuck whose only factor is the mail that they sign in by.
#[tokio::test]
async fn mail_alone_is_enough_for_who_has_nothing_else() {
    let world = World::new().await;
    let user = world.user(json!({"email": ADA, "email_verified": true})).await;
    turn_on(&world, &user, FactorKind::Mail).await;
    let (mut browser, proved) = by_mail(&world).await;
    assert_eq!(proved.location(), "/account");
    assert_eq!(browser.get("/account/security").await.status, 200);
    world.advance(16 * 60);
    let asked = browser.get("/account/security").await;
    assert!(asked.location().starts_with("/login?flow="), "{}", asked.location());
    assert_eq!(browser.follow(&asked).await.value("way").as_deref(), Some("mail"));
}

/// Ten at once: one session.
#[tokio::test]
async fn one_of_ten_gets_in_by_a_second_factor() {
    for database in Database::BOTH {
        for way in ["mail", "totp", "recovery_code"] {
            let Some(world) = World::on(database, "").await else { continue };
            let user = world.person(ADA).await;
            let mut ada = world.sign_in(ADA, PASSWORD).await;
            let code = match way {
                "totp" => add_app(&world, &mut ada).await,
                "recovery_code" => {
                    add_app(&world, &mut ada).await;
                    ada.get("/account/security").await;
                    let made = ada.submit("/account/security/recovery", &[]).await;
                    ada.follow(&made).await.shown(".codes").unwrap().split_whitespace().next().unwrap().to_owned()
                }
                _ => {
                    turn_on(&world, &user, FactorKind::Mail).await;
                    String::new()
                }
            };
            // One journey for the mailed code; one each for the others, which are the account's.
            let mut browsers = Vec::new();
            let (mut first, page) = half_way(&world).await;
            let mut code = code;
            if way == "mail" {
                send(&mut first).await;
                code = world.mail_to(ADA).await.code;
                browsers.extend((0..10).map(|_| (first.clone(), page.value("flow").unwrap())));
            } else {
                for _ in 0..10 {
                    let (browser, page) = half_way(&world).await;
                    browsers.push((browser, page.value("flow").unwrap()));
                }
            }
            if way == "totp" {
                code = app_code(&world, &code);
            }
            let tries = browsers.into_iter().map(|(mut browser, flow)| {
                let code = code.clone();
                tokio::spawn(async move {
                    let fields = [("flow", flow.as_str()), ("with", way), ("code", code.as_str())];
                    let answer = browser.post("/login/second", &fields).await;
                    assert!(matches!(answer.status, 303 | 410 | 422), "{way} {}", answer.status);
                    is_signed_in(&mut browser).await
                })
            });
            let mut signed_in = 0;
            for one in tries.collect::<Vec<_>>() {
                signed_in += usize::from(one.await.unwrap());
            }
            assert_eq!(signed_in, 1, "{database:?} {way}");
        }
    }
}
