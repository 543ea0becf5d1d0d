//! `/account/security`: authenticator apps, codes by mail, recovery codes, and what the operator can do.

use data_encoding::BASE32_NOPAD;
use vestibule::actions::factors::operator::{self, Which};
use vestibule::store::{events, factors, recovery};

use super::{factor_added, problem, wrong};
use crate::world::{Answer, Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const PAGE: &str = "/account/security";

/// What the app on a phone would show for this page's secret.
pub(super) fn shown_code(world: &World, page: &Answer) -> String {
    let secret: String = page.shown("#secret").unwrap().split_whitespace().collect();
    code_of(world, &secret)
}

pub(super) fn code_of(world: &World, secret: &str) -> String {
    let bytes = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let app = totp_rs::Builder::new().with_secret(bytes).build().unwrap();
    app.generate(u64::try_from(world.app.now().seconds()).unwrap()).to_string()
}

/// A browser in which somebody has just signed in with their password.
pub(super) async fn signed_in(world: &World, email: &str) -> Browser {
    world.person(email).await;
    world.sign_in(email, PASSWORD).await
}

/// Opens the set-up page of a new app.
pub(super) async fn begin(browser: &mut Browser) -> Answer {
    browser.get(PAGE).await;
    let begun = browser.submit("/account/security/totp/begin", &[]).await;
    assert!(begun.location().starts_with("/account/security/totp?flow=flow_"), "{}", begun.text());
    browser.follow(&begun).await
}

/// Adds an app of this name; the page of the account is open.
pub(super) async fn add(world: &World, browser: &mut Browser, name: &str) -> Answer {
    let page = begin(browser).await;
    let code = shown_code(world, &page);
    let done = browser.submit("/account/security/totp", &[("name", name), ("code", &code)]).await;
    assert_eq!(factor_added(browser, &done).await, "/account/security?notice=factor-added", "{:?}", done.shown(".summary"));
    browser.get(PAGE).await
}

pub(super) async fn codes(browser: &mut Browser) -> Vec<String> {
    browser.get(PAGE).await;
    let made = browser.submit("/account/security/recovery", &[]).await;
    assert_eq!(made.location(), "/account/security/recovery");
    browser.follow(&made).await.shown(".codes").unwrap().split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn an_app_is_added_by_its_code_on_both_databases() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "[pages]\nname = 'Atrium: the house'").await else { continue };
        let mut ada = signed_in(&world, ADA).await;
        let before = ada.get(PAGE).await;
        assert_eq!(before.status, 200);
        assert!(before.shown(".tag").unwrap().contains("off"), "{database:?}");
        let page = begin(&mut ada).await;
        let text = page.text();
        assert!(text.contains("<svg ") && text.contains("otpauth://totp/Atrium%20the%20house:ada%40a.example?secret="), "{text}");
        assert_eq!(page.forms().iter().flat_map(|form| &form.names).filter(|name| *name == "code").count(), 1);
        let (secret, code) = (page.shown("#secret").unwrap(), shown_code(&world, &page));
        // A wrong code keeps the page, what was typed, and the secret that the phone has.
        let again = ada.submit("/account/security/totp", &[("name", "My <phone>"), ("code", &wrong(&code))]).await;
        assert_eq!(again.status, 422);
        assert!(!problem(&again, "code").is_empty());
        assert_eq!((again.shown("#secret").unwrap(), again.value("name").unwrap()), (secret.clone(), "My <phone>".to_owned()));
        let unnamed = ada.submit("/account/security/totp", &[("name", " "), ("code", &code)]).await;
        assert_eq!((unnamed.status, unnamed.value("code").unwrap()), (422, code.clone()));
        assert!(!problem(&unnamed, "name").is_empty());
        // Pasted as apps show it.
        let spaced = format!("{} {}", code.split_at(3).0, code.split_at(3).1);
        let done = ada.submit("/account/security/totp", &[("name", "My <phone>"), ("code", &spaced)]).await;
        assert_eq!(factor_added(&mut ada, &done).await, "/account/security?notice=factor-added");
        let page = ada.get(PAGE).await;
        assert_eq!(page.shown("h4").unwrap(), "My <phone>");
        assert!(page.shown("h2 .tag, h2 + .tag").is_some() && page.text().contains("10 are left"), "{}", page.text());
        // The secret is sealed, and the code that was shown is used up.
        let user = world.read(ADA).await.unwrap();
        let mut tx = world.store().await.read().await.unwrap();
        let factor = factors::of_user(&mut tx, &user.id).await.unwrap().remove(0);
        let plain = BASE32_NOPAD.decode(secret.replace(' ', "").as_bytes()).unwrap();
        assert!(!factor.sealed.unwrap().windows(20).any(|part| part == plain));
        assert_eq!(factor.last_step, world.app.now().seconds() / 30);
        let entries = events::of_user(&mut tx, &user.id, 2).await.unwrap();
        let mut told: Vec<_> = entries.iter().map(|entry| (entry.kind.as_str(), entry.detail.as_str())).collect();
        told.sort_unstable();
        assert_eq!(told, [("factor.added", "totp"), ("recovery_codes.made", "")]);
    }
}

#[tokio::test]
async fn a_set_up_belongs_to_one_browser_and_one_person_and_ends() {
    let world = World::with("[sign_in]\nstep_up_minutes = 60").await;
    let mut ada = signed_in(&world, ADA).await;
    let first = begin(&mut ada).await;
    let (flow, code) = (first.value("flow").unwrap(), shown_code(&world, &first));
    let url = format!("/account/security/totp?flow={flow}");
    assert_eq!(ada.get(&url).await.shown("#secret"), first.shown("#secret"), "reloading changes nothing");
    let over = "/account/security?notice=totp-over";
    let mut elsewhere = world.sign_in(ADA, PASSWORD).await;
    assert_eq!(elsewhere.get(&url).await.location(), over, "another browser of hers");
    let mut bob = signed_in(&world, "bob@a.example").await;
    bob.cookies.insert("vestibule_browser".to_owned(), ada.cookies["vestibule_browser"].clone());
    assert_eq!(bob.get(&url).await.location(), over, "another person in the same browser");
    let fields = [("flow", flow.as_str()), ("name", "x"), ("code", code.as_str())];
    assert_eq!(bob.post("/account/security/totp", &fields).await.location(), over);
    assert_eq!(world.browser().get(&url).await.location(), "/login?to=security");
    // Beginning again ends the first; a time later the second has ended by itself.
    let second = begin(&mut ada).await;
    assert_ne!(second.shown("#secret"), first.shown("#secret"));
    assert_eq!(ada.post("/account/security/totp", &fields).await.location(), over);
    world.advance(16 * 60);
    assert_eq!(ada.get(&format!("/account/security/totp?flow={}", second.value("flow").unwrap())).await.location(), over);
    assert!(ada.get(over).await.shown(".notice").is_some());
    for bad in ["", "flow_1", "x"] {
        assert_eq!(ada.get(&format!("/account/security/totp?flow={bad}")).await.location(), over);
    }
    let user = world.read(ADA).await.unwrap();
    assert_eq!(factors::of_user(&mut world.store().await.read().await.unwrap(), &user.id).await.unwrap(), []);
}

#[tokio::test]
async fn devices_are_named_renamed_and_removed() {
    let world = World::new().await;
    let mut ada = signed_in(&world, ADA).await;
    add(&world, &mut ada, "Phone").await;
    assert_eq!(begin(&mut ada).await.value("name").as_deref(), Some("Authenticator app"));
    add(&world, &mut ada, "Authenticator app").await;
    assert_eq!(begin(&mut ada).await.value("name").as_deref(), Some("Authenticator app 2"), "a name that is free");
    let page = ada.get(PAGE).await;
    let id = page.value("factor").unwrap();
    let rename = "/account/security/factor/rename";
    for (name, status) in [("", 422), (&*"x".repeat(61), 422), ("Old <phone>", 303)] {
        let renamed = ada.post(rename, &[("factor", &id), ("name", name)]).await;
        assert_eq!(renamed.status, status, "{name}");
        if status == 422 {
            assert!(!problem(&renamed, &format!("name-{id}")).is_empty() && renamed.value("name").as_deref() == Some(name));
        }
    }
    assert_eq!(ada.get(PAGE).await.shown("h4").as_deref(), Some("Old <phone>"));
    // Another person's id does nothing.
    let mut bob = signed_in(&world, "bob@a.example").await;
    assert_eq!(bob.post(rename, &[("factor", &id), ("name", "x")]).await.location(), PAGE);
    let remove = "/account/security/factor/remove";
    assert_eq!(bob.post(remove, &[("factor", &id)]).await.location(), PAGE);
    assert_eq!(bob.post(remove, &[("factor", "x")]).await.status, 404);
    ada.get(PAGE).await;
    assert_eq!(ada.submit(remove, &[]).await.location(), "/account/security?notice=factor-removed");
    assert_eq!(ada.post(remove, &[("factor", &id)]).await.location(), PAGE, "once");
    ada.get(PAGE).await;
    let asked = ada.submit(remove, &[]).await;
    assert!(asked.location().starts_with("/account/security/last?factor="), "{}", asked.location());
    let question = ada.follow(&asked).await;
    assert!(question.text().contains("only second step"), "{}", question.text());
    let off = ada.submit(remove, &[]).await;
    assert_eq!(off.location(), "/account/security?notice=two-step-off");
    let page = ada.follow(&off).await;
    assert!(page.shown(".tag").unwrap().contains("off") && page.shown(".notice").unwrap().contains("off"));
}

#[tokio::test]
async fn codes_by_mail_need_a_proved_address_and_are_turned_on_and_off() {
    let world = World::with("[signup]\nverify_email = false").await;
    world.user(serde_json::json!({"email": ADA, "password": PASSWORD})).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let page = ada.get(PAGE).await;
    assert!(!page.forms().iter().any(|form| form.goes_to("/account/security/codes")), "nothing to turn on");
    let refused = ada.post("/account/security/codes", &[("kind", "mail"), ("on", "yes")]).await;
    assert_eq!(refused.status, 422);
    let sms = ada.post("/account/security/codes", &[("kind", "sms"), ("on", "yes")]).await;
    assert_eq!(sms.status, 422);
    for kind in ["totp", "", "passkey"] {
        assert_eq!(ada.post("/account/security/codes", &[("kind", kind), ("on", "yes")]).await.status, 404, "{kind}");
    }
    let world = World::new().await;
    let mut ada = signed_in(&world, ADA).await;
    ada.get(PAGE).await;
    let added = ada.submit("/account/security/codes", &[]).await;
    // Codes by mail prove nothing to this session yet, and the recovery codes are shown all the same: nobody is shut out with the first factor.
    let next = factor_added(&mut ada, &added).await;
    assert_eq!(next, "/account/security?notice=factor-added");
    let asked = ada.get(&next).await;
    let page = ada.follow(&asked).await;
    assert!(page.shown(".notice").unwrap_or_default().contains("Two-step verification is on"), "{}", page.text());
    assert!(!ada.get("/account/security?notice=evil").await.location().contains("evil"));
    ada.post("/account/security/codes", &[("kind", "mail"), ("on", "yes")]).await;
    let user = world.read(ADA).await.unwrap();
    let found = factors::of_user(&mut world.store().await.read().await.unwrap(), &user.id).await.unwrap();
    assert_eq!(found.len(), 1, "once");
    // From now on changes here want it, too.
    let asked = ada.get(PAGE).await;
    assert!(asked.location().starts_with("/login/second?flow="), "{}", asked.location());
    ada.follow(&asked).await;
    let sent = ada.submit("/login/second/send", &[]).await;
    ada.follow(&sent).await;
    let code = world.mail_to(ADA).await.code;
    assert_eq!(ada.submit("/login/second", &[("code", &code)]).await.location(), PAGE);
    ada.get(PAGE).await;
    let asked = ada.submit("/account/security/codes", &[]).await;
    assert_eq!(asked.location(), "/account/security/last?kind=mail");
    assert!(ada.follow(&asked).await.text().contains("Codes by email"));
    assert_eq!(ada.submit("/account/security/codes", &[]).await.location(), "/account/security?notice=two-step-off");
    let world = World::with("[second_factor]\nkinds = ['totp']").await;
    let mut ada = signed_in(&world, ADA).await;
    let page = ada.get(PAGE).await.text();
    assert!(!page.contains("/account/security/codes") && !page.contains("/account/passkeys"));
    assert_eq!(ada.post("/account/security/codes", &[("kind", "mail"), ("on", "yes")]).await.status, 404);
}

#[tokio::test]
async fn recovery_codes_are_shown_until_they_are_kept() {
    let world = World::with("[sign_in]\nstep_up_minutes = 120").await;
    let mut ada = signed_in(&world, ADA).await;
    let make = "/account/security/recovery";
    assert_eq!(ada.post(make, &[]).await.location(), PAGE, "there is no second step to recover");
    add(&world, &mut ada, "Phone").await;
    let first = codes(&mut ada).await;
    assert_eq!(first.len(), 10);
    let file = ada.submit("/account/security/recovery/download", &[]).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"recovery-codes.txt\"");
    assert_eq!(file.header("cache-control"), "no-store");
    let text = file.text();
    assert!(first.iter().all(|code| text.contains(code)) && text.contains(ADA), "{text}");
    // Loaded again, or in another language, the same codes.
    for address in [make, "/account/security/recovery?lang=de"] {
        let shown = ada.get(address).await.shown(".codes").unwrap();
        assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), first, "{address}");
    }
    assert!(ada.get("/account/security?lang=en").await.text().contains("10 are left"));
    // What the browser carries is hers, and not for long.
    let download = "/account/security/recovery/download";
    let carried = ada.cookies["vestibule_codes"].clone();
    assert!(first.iter().all(|code| !carried.contains(code.as_str())));
    let mut bob = signed_in(&world, "bob@a.example").await;
    bob.cookies.insert("vestibule_codes".to_owned(), carried.clone());
    assert_eq!(bob.post(download, &[]).await.location(), PAGE);
    let mut old = ada.clone();
    world.advance(1799 - 10);
    assert_eq!(ada.get(make).await.status, 200);
    world.advance(20);
    assert_eq!((old.get(make).await.location(), old.post(download, &[]).await.location()), (PAGE, PAGE));
    // Kept is kept: from then on no page shows them.
    let again = codes(&mut ada).await;
    assert!(again.iter().all(|code| !first.contains(code)));
    let kept = ada.submit("/account/security/recovery/kept", &[]).await;
    assert_eq!((kept.location(), ada.get(make).await.location()), (PAGE, PAGE));
    for text in ["x", ""] {
        ada.cookies.insert("vestibule_codes".to_owned(), text.to_owned());
        assert_eq!(ada.post(download, &[]).await.location(), PAGE);
    }
    // The store has no code.
    let user = world.read(ADA).await.unwrap();
    let mut tx = world.store().await.read().await.unwrap();
    assert_eq!(recovery::left(&mut tx, &user.id).await.unwrap(), 10);
}

#[tokio::test]
async fn the_last_second_step_stays_where_one_is_required() {
    let world = World::new().await;
    let mut ada = signed_in(&world, ADA).await;
    add(&world, &mut ada, "Phone").await;
    // The operator changes the policy: another node on the same store.
    let strict = World::at(world.place.clone(), "[second_factor]\nrequired = 'everyone'").await;
    strict.app.clock.advance(std::time::Duration::from_secs(60));
    let mut there = strict.browser();
    there.cookies.clone_from(&ada.cookies);
    there.get(PAGE).await;
    let refused = there.submit("/account/security/factor/remove", &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.shown(".summary").unwrap().contains("required"));
    add(&strict, &mut there, "Other").await;
    there.get(PAGE).await;
    let removed = there.submit("/account/security/factor/remove", &[]).await;
    assert_eq!(removed.location(), "/account/security?notice=factor-removed");
}

#[tokio::test]
async fn the_operator_removes_a_lost_device() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let mut ada = signed_in(&world, ADA).await;
        add(&world, &mut ada, "Phone").await;
        add(&world, &mut ada, "Tablet").await;
        codes(&mut ada).await;
        let (_, enrolled) = operator::list(&world.app, ADA).await.unwrap();
        let phone = enrolled.factors.iter().find(|factor| factor.name == "Phone").unwrap().id.clone();
        let gone = operator::remove(&world.app, ADA, &Which::One(phone.clone())).await.unwrap();
        assert_eq!(gone.len(), 1, "{database:?}");
        assert!(operator::remove(&world.app, ADA, &Which::One(phone)).await.is_err(), "once");
        assert!(!ada.get(PAGE).await.text().contains("<h4>Phone"));
        assert_eq!(operator::remove(&world.app, ADA, &Which::All).await.unwrap().len(), 1);
        let (user, enrolled) = operator::list(&world.app, ADA).await.unwrap();
        assert!(!enrolled.is_on() && enrolled.recovery_codes == 0);
        let entries = events::of_user(&mut world.store().await.read().await.unwrap(), &user.id, 1).await.unwrap();
        assert_eq!((entries[0].kind.as_str(), entries[0].actor.as_str()), ("factor.removed", "operator"));
        assert!(operator::list(&world.app, "nobody@a.example").await.is_err());
    }
}
