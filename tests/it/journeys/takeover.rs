//! Attempts to get into somebody's account, or to stay there, with less than it takes: by the side doors of every journey.

use serde_json::json;

use vestibule::actions::factors::operator::{self, Which};
use vestibule::store::factors;

use super::second_factor_account::{add, begin, code_of, codes, shown_code};
use super::{asked_for_reset, factor_added, is_signed_in, wrong};
use crate::world::{Answer, Browser, Database, Mail, PASSWORD, World};

const ADA: &str = "ada@a.example";
const PHONE: &str = "+436601234567";
/// The intruder's password.
const THEIRS: &str = "crooked ladder 1933";

/// Somebody with an address, a number and a password.
async fn reachable(world: &World) -> Browser {
    world
        .user(json!({"email": ADA, "email_verified": true, "phone_number": PHONE, "phone_number_verified": true, "password": PASSWORD}))
        .await;
    world.sign_in(ADA, PASSWORD).await
}

/// Turns codes by this channel on.
async fn turn_on(browser: &mut Browser, kind: &str) {
    let done = browser.post("/account/security/codes", &[("kind", kind), ("on", "yes")]).await;
    assert_eq!(factor_added(browser, &done).await, "/account/security?notice=factor-added", "{}", done.text());
}

/// Asks for a reset, proves it by the text, and sets a password.
async fn reset_by_text(world: &World, password: &str) -> (Browser, Answer) {
    let mut browser = asked_for_reset(world, PHONE).await;
    let code = world.sms_to(PHONE).await.code;
    let proved = browser.submit("/reset/code", &[("code", &code)]).await;
    browser.follow(&proved).await;
    let set = browser.submit("/reset/new", &[("password", password)]).await;
    (browser, set)
}

/// Whoever reads the texts of somebody whose second factor are texts must not make them the first one too.
#[tokio::test]
async fn a_reset_by_the_second_factor_does_not_pass_it() {
    let world = World::new().await;
    let mut ada = reachable(&world).await;
    turn_on(&mut ada, "sms").await;
    let (mut thief, set) = reset_by_text(&world, THEIRS).await;
    assert!(set.location().starts_with("/login/second?flow="), "{}", set.location());
    assert!(!is_signed_in(&mut thief).await);
    let page = thief.follow(&set).await;
    assert!(page.text().contains("new password works once this one is done"), "{}", page.text());
    assert_eq!(page.value("with").as_deref(), Some("mail"), "the other channel first: who resets has forgotten the password");
    thief.get(&format!("{}&with=password", set.location())).await;
    // The password they have just chosen is none.
    assert_eq!(thief.submit("/login/second", &[("password", THEIRS)]).await.status, 422);
    assert_eq!(world.browser().sign_in(ADA, THEIRS).await.status, 422);
    assert!(is_signed_in(&mut ada).await, "nothing has happened to her");
    assert!(world.browser().sign_in(ADA, PASSWORD).await.location().starts_with("/login/second"));
    // Who remembers the password after all is in, with the new one.
    assert_eq!(thief.submit("/login/second", &[("password", PASSWORD)]).await.location(), "/account");
    assert!(!is_signed_in(&mut ada).await && is_signed_in(&mut thief).await);
    assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422);
    assert!(world.browser().sign_in(ADA, THEIRS).await.location().starts_with("/login/second"));
}

/// The password that is asked for there is the one of the sign-in page: both doors together have its tries, and each flow five.
#[tokio::test]
async fn a_password_is_counted_alike_at_both_doors() {
    let world = World::with("[limits]\nenabled = true").await;
    let mut ada = reachable(&world).await;
    turn_on(&mut ada, "sms").await;
    for _ in 0..4 {
        assert_eq!(world.browser().at([203, 0, 113, 1]).sign_in(ADA, "wrong password").await.status, 422);
    }
    let (thief, set) = reset_by_text(&world, THEIRS).await;
    let mut thief = thief.at([203, 0, 113, 2]);
    thief.get(&format!("{}&with=password", set.location())).await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(thief.submit("/login/second", &[("password", "wrong password")]).await.status);
    }
    assert!(answers.contains(&429), "{answers:?}");
    assert_eq!(world.browser().at([203, 0, 113, 3]).sign_in(ADA, PASSWORD).await.status, 429, "as if tried there");
    ada.cookies.remove("vestibule_session");
    assert!(ada.sign_in(ADA, PASSWORD).await.location().starts_with("/login/second"), "her own browser is counted apart");
}

/// With an app beside, the texts are not enough either; a recovery code is.
#[tokio::test]
async fn a_reset_waits_for_a_second_factor_of_another_kind() {
    let world = World::new().await;
    let mut ada = reachable(&world).await;
    add(&world, &mut ada, "Phone").await;
    turn_on(&mut ada, "sms").await;
    let recovery = codes(&mut ada).await;
    let (mut lost, set) = reset_by_text(&world, THEIRS).await;
    let page = lost.follow(&set).await;
    assert!(!page.text().contains("with=sms"), "{}", page.text());
    assert_eq!(world.browser().sign_in(ADA, THEIRS).await.status, 422);
    lost.get(&format!("{}&with=recovery_code", set.location())).await;
    assert_eq!(lost.submit("/login/second", &[("code", &recovery[0])]).await.location(), "/login/recovered");
    assert!(!is_signed_in(&mut ada).await, "everything that was signed in has ended");
    assert!(world.browser().sign_in(ADA, THEIRS).await.location().starts_with("/login/second"));
}

/// Pre-hijack, "trojan identifier": where addresses need no proof, a stranger makes an account with somebody's address and secures it. Its
/// owner does not inherit it by a reset: they sign up, and have an account in which nothing is the stranger's.
#[tokio::test]
async fn what_a_stranger_put_into_an_account_is_not_in_the_owners() {
    let world = World::with("[signup]\nverify_email = false").await;
    let mut stranger = world.browser();
    stranger.post("/signup", &[("email", ADA), ("password", THEIRS)]).await;
    stranger.get("/account/security").await;
    add(&world, &mut stranger, "Theirs").await;
    stranger.get("/account/phone").await;
    let sent = stranger.submit("/account/phone", &[("phone", PHONE)]).await;
    stranger.follow(&sent).await;
    let code = world.sms_to(PHONE).await.code;
    assert_eq!(
        stranger.submit("/account/phone/confirm", &[("code", &code)]).await.location(),
        "/account/phone?notice=phone-changed"
    );
    asked_for_reset(&world, ADA).await;
    assert!(world.mails_to(ADA).await.iter().all(|mail| mail.code.is_empty()), "no reset begins");
    let mut ada = world.sign_up(ADA, PASSWORD).await;
    let now = world.read(ADA).await.unwrap();
    assert!(now.phone_number.is_none() && now.email_is_verified() && is_signed_in(&mut ada).await);
    assert_ne!(world.read(PHONE).await.unwrap().id, now.id, "the stranger keeps the number");
    assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.location(), "/account", "no second factor of theirs");
    assert_eq!(world.browser().sign_in(ADA, THEIRS).await.status, 422);
}

/// Somebody at the page for the code or link of a sign-in by this identifier.
async fn asked(mut browser: Browser, way: &str, identifier: &str) -> Browser {
    browser.get("/login").await;
    let sent = browser.post("/login/code", &[("way", way), ("identifier", identifier)]).await;
    assert!(sent.location().starts_with("/login/code?flow="), "{}", sent.text());
    browser.follow(&sent).await;
    browser
}

async fn alarms(world: &World) -> Vec<Mail> {
    world.mails_to(ADA).await.into_iter().filter(|mail| mail.link.starts_with("/wasnt-me?")).collect()
}

/// Pre-hijack: a stranger signs up with somebody's address and a password, and the link expires. Who reads that mail and asks for a new
/// link does not make an account with the stranger's password.
#[tokio::test]
async fn a_renewed_link_of_a_strangers_sign_up_still_wants_their_password() {
    let world = World::new().await;
    let mut stranger = world.browser();
    stranger.get("/signup").await;
    stranger.submit("/signup", &[("email", ADA), ("password", THEIRS)]).await;
    let mail = world.mail_to(ADA).await;
    world.advance(86_401);
    let mut ada = world.browser();
    assert_eq!(ada.get(&mail.link).await.status, 410);
    let renewed = ada.submit("/link/renew", &[]).await;
    assert_eq!(renewed.status, 200, "{}", renewed.location());
    assert!(renewed.text().contains("on its way"));
    let mail = world.mail_to(ADA).await;
    let page = ada.get(&mail.link).await;
    assert!(page.value("password").is_some(), "{}", page.text());
    assert_eq!(ada.submit("/verify/link", &[("password", PASSWORD)]).await.status, 422);
    assert!(!is_signed_in(&mut ada).await && world.read(ADA).await.is_none());
    // Somebody honest at another device knows it.
    assert_eq!(ada.submit("/verify/link", &[("password", THEIRS)]).await.location(), "/account");
}

/// The code that proves an address says nothing of a password that nobody typed.
#[tokio::test]
async fn proving_an_address_does_not_stand_for_the_password() {
    let world = World::new().await;
    world
        .user(json!({"email": ADA, "email_verified": false, "phone_number": PHONE, "phone_number_verified": true, "password": PASSWORD}))
        .await;
    let mut thief = asked(world.browser(), "sms", PHONE).await;
    let code = world.sms_to(PHONE).await.code;
    let verify = thief.submit("/login/code/enter", &[("code", &code)]).await;
    assert!(verify.location().starts_with("/verify?flow="), "{}", verify.location());
    thief.follow(&verify).await;
    let code = world.mail_to(ADA).await.code;
    assert_eq!(thief.submit("/verify", &[("code", &code)]).await.location(), "/account");
    for page in ["/account/password", "/account/security", "/account/email", "/account/passkeys", "/account/delete"] {
        assert!(thief.get(page).await.location().starts_with("/login?flow="), "{page}");
    }
}

/// Where two factors are wanted and there is one, whoever only reads the mail does not choose the second.
#[tokio::test]
async fn a_second_factor_is_not_set_up_by_a_mailbox_alone() {
    let world = World::with("[second_factor]\nrequired = 'everyone'").await;
    world.person(ADA).await;
    let mut thief = asked(world.browser(), "mail", ADA).await;
    let code = world.mail_to(ADA).await.code;
    let second = thief.submit("/login/code/enter", &[("code", &code)]).await;
    assert!(second.location().starts_with("/login/second?flow="), "{}", second.location());
    thief.follow(&second).await;
    assert_eq!(thief.submit("/login/second", &[("password", THEIRS)]).await.status, 422);
    let mut ada = thief.clone();
    let enrol = ada.submit("/login/second", &[("password", PASSWORD), ("trust", "true")]).await;
    assert!(enrol.location().starts_with("/login/enrol?flow="), "{}", enrol.location());
    assert!(!ada.cookies.contains_key("vestibule_device") && !is_signed_in(&mut ada).await);
    let page = ada.follow(&enrol).await;
    let done = ada.submit("/login/enrol", &[("code", &shown_code(&world, &page))]).await;
    assert_eq!((done.location(), is_signed_in(&mut ada).await), ("/account/security/recovery", true), "{}", done.text());
}

/// Nor is the requirement passed by an address that need not be proved.
#[tokio::test]
async fn a_sign_up_without_proof_sets_up_a_required_second_factor() {
    let world = World::with("[signup]\nverify_email = false\n[second_factor]\nrequired = 'everyone'").await;
    let mut ada = world.browser();
    let made = ada.post("/signup", &[("email", ADA), ("password", PASSWORD)]).await;
    assert!(made.location().starts_with("/login/enrol?flow="), "{}", made.location());
    assert!(!is_signed_in(&mut ada).await);
    assert_eq!(ada.follow(&made).await.status, 200);
}

/// Wrong codes make an address's codes longer, however the address is written, and nobody's right code wrong.
#[tokio::test]
async fn wrong_codes_are_counted_over_spellings_and_lock_nobody_out() {
    let world = World::with("[limits]\nenabled = true\ndestination_per_hour = 1000\nreset_requester_per_hour = 1000").await;
    let (unicode, ascii) = ("ada@bücher.example", "Ada@xn--bcher-kva.example");
    world.person(unicode).await;
    let at_home = world.sign_in(unicode, PASSWORD).await;
    let newest = async || world.mails().await.into_iter().find(|mail| !mail.code.is_empty()).unwrap().code;
    for number in 0..6 {
        let mut thief = asked(world.browser().at([198, 51, 100, number]), "mail", unicode).await;
        let code = newest().await;
        let code = if code.len() == 6 { wrong(&code) } else { "00000000".to_owned() };
        for _ in 0..5 {
            assert_eq!(thief.submit("/login/code/enter", &[("code", &code)]).await.status, 422);
        }
    }
    for browser in [world.browser().at([198, 51, 100, 99]), at_home] {
        let mut ada = asked(browser, "mail", ascii).await;
        let code = newest().await;
        assert_eq!(code.len(), 8);
        assert_eq!(ada.submit("/login/code/enter", &[("code", &code)]).await.location(), "/account");
    }
}

/// Whoever has only the password cannot keep the owner waiting at the second factor.
#[tokio::test]
async fn wrong_second_factors_of_a_stranger_do_not_lock_the_owner_out() {
    let world = World::with("[limits]\nenabled = true").await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let page = begin(&mut ada).await;
    let secret: String = page.shown("#secret").unwrap().split_whitespace().collect();
    ada.submit("/account/security/totp", &[("code", &shown_code(&world, &page))]).await;
    world.advance(60);
    let mut slowed = false;
    for _ in 0..3 {
        let mut thief = world.browser().at([198, 51, 100, 1]);
        let half = thief.sign_in(ADA, PASSWORD).await;
        for _ in 0..4 {
            thief.follow(&half).await;
            let code = wrong(&code_of(&world, &secret));
            slowed |= thief.submit("/login/second", &[("code", &code)]).await.status == 429;
        }
    }
    assert!(slowed);
    ada.cookies.remove("vestibule_session");
    let half = ada.sign_in(ADA, PASSWORD).await;
    assert!(half.location().starts_with("/login/second"), "{}", half.location());
    ada.follow(&half).await;
    assert_eq!(ada.submit("/login/second", &[("code", &code_of(&world, &secret))]).await.status, 303);
}

#[tokio::test]
async fn the_owner_hears_of_every_second_factor_by_mail_and_by_text() {
    let world = World::new().await;
    let mut ada = reachable(&world).await;
    let told = async || {
        (alarms(&world).await.len(), world.all_sms_to(PHONE).await.into_iter().filter(|sms| sms.code.is_empty()).count())
    };
    let mut before = told().await;
    let mut heard = async |what: &str| {
        let now = told().await;
        assert_eq!(now, (before.0 + 1, before.1 + 1), "{what}");
        before = now;
    };
    add(&world, &mut ada, "Phone").await;
    heard("an app").await;
    turn_on(&mut ada, "mail").await;
    heard("codes by mail").await;
    let recovery = codes(&mut ada).await;
    heard("recovery codes").await;
    ada.post("/account/security/codes", &[("kind", "mail")]).await;
    heard("no more codes by mail").await;
    let sms = world.sms_to(PHONE).await.body;
    assert!(sms.contains("/wasnt-me?token="), "{sms}");
    let mut lost = ada.clone();
    lost.cookies.remove("vestibule_session");
    let half = lost.sign_in(ADA, PASSWORD).await;
    lost.get(&format!("{}&with=recovery_code", half.location())).await;
    assert_eq!(lost.submit("/login/second", &[("code", &recovery[0])]).await.location(), "/login/recovered");
    heard("a recovery code").await;
}

/// Whoever has the phone presses the link of a notice there: the password that is frozen with it was the second of two proofs.
#[tokio::test]
async fn the_link_in_a_text_does_not_make_the_phone_enough() {
    let world = World::new().await;
    let mut ada = reachable(&world).await;
    turn_on(&mut ada, "sms").await;
    let notice = world.all_sms_to(PHONE).await.into_iter().find(|sms| sms.body.contains("/wasnt-me?token=")).unwrap();
    let token = notice.body.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let locked = world.browser().post("/wasnt-me", &[("token", &token), ("confirm", "true")]).await;
    assert_eq!(locked.status, 200);
    // Its factors of before are on; this one is new, so it is put back by hand.
    let mut tx = world.store().await.write().await.unwrap();
    let user = world.read(ADA).await.unwrap();
    let now = world.app.now();
    let id = vestibule::ids::FactorId::new(now, &world.app.random);
    let kind = vestibule::engine::factor::FactorKind::Sms;
    let factor = vestibule::engine::factor::Factor {
        id,
        kind,
        name: String::new(),
        sealed: None,
        last_step: 0,
        created_at: now,
        last_used_at: None,
    };
    factors::insert(&mut tx, &user.id, &factor).await.unwrap();
    tx.commit().await.unwrap();
    world.advance(60);
    let (mut thief, set) = reset_by_text(&world, THEIRS).await;
    assert!(set.location().starts_with("/login/second?flow="), "{}", set.location());
    assert!(thief.follow(&set).await.text().contains("ad•••@a.example"));
    let mut thief = asked(world.browser(), "sms", PHONE).await;
    let code = world.sms_to(PHONE).await.code;
    assert!(thief.submit("/login/code/enter", &[("code", &code)]).await.location().starts_with("/login/second"));
    assert!(!is_signed_in(&mut thief).await);
}

/// The operator took a stolen phone's app away; a notice in the mailbox on that very phone does not bring it back.
#[tokio::test]
async fn what_the_operator_removed_does_not_come_back() {
    let world = World::new().await;
    let mut ada = reachable(&world).await;
    add(&world, &mut ada, "Stolen").await;
    operator::remove(&world.app, ADA, &Which::All).await.unwrap();
    let alarm = alarms(&world).await.into_iter().next().unwrap();
    world.advance(1);
    let locked = world.browser().post("/wasnt-me", &[("token", alarm.token()), ("confirm", "true")]).await;
    assert_eq!(locked.status, 200);
    let user = world.read(ADA).await.unwrap();
    assert_eq!(factors::of_user(&mut world.store().await.read().await.unwrap(), &user.id).await.unwrap(), []);
}

/// Requests that were under way when the owner pressed leave nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn no_factor_is_slipped_in_behind_a_lock() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let mut ada = reachable(&world).await;
        ada.get("/account/phone").await;
        ada.submit("/account/phone", &[("phone", "+43660999888")]).await;
        let alarm = alarms(&world).await.into_iter().next().unwrap();
        let mut tries = tokio::task::JoinSet::new();
        for number in 0..12 {
            let (mut intruder, mut owner, token) = (ada.clone(), world.browser(), alarm.token().to_owned());
            tries.spawn(async move {
                if number == 6 {
                    return owner.post("/wasnt-me", &[("token", &token), ("confirm", "true")]).await.status == 200;
                }
                intruder.post("/account/security/codes", &[("kind", "mail"), ("on", "yes")]).await;
                false
            });
        }
        assert!(tries.join_all().await.contains(&true));
        let user = world.read(ADA).await.unwrap();
        let left = factors::of_user(&mut world.store().await.read().await.unwrap(), &user.id).await.unwrap();
        assert!(left.is_empty() && !is_signed_in(&mut ada).await, "{database:?}: {left:?}");
    }
}
