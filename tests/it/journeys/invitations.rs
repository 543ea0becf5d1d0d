//! Invitations: who looks spends nothing, one of those who try at once gets in, and what ends other links ends these.

use serde_json::{Value, json};
use vestibule::actions::invitations;
use vestibule::actions::users::{self, Changes, Refused};
use vestibule::engine::user::User;

use super::{is_signed_in, problem, scan};
use crate::world::{Answer, Browser, Database, Mail, PASSWORD, World};

const ADA: &str = "ada@a.example";

fn changes(json: &Value) -> Changes {
    Changes::from_json(json.as_object().unwrap()).unwrap()
}

/// An account as `vestibule user add --invite` makes it, and the mail.
async fn invited(world: &World) -> (User, Mail) {
    let invited = users::create_invited(&world.app, &changes(&json!({"email": ADA, "name": "Ada"}))).await.unwrap();
    assert_eq!(invited.hours, 72);
    (invited.user, world.mail_to(ADA).await)
}

async fn accept(browser: &mut Browser, mail: &Mail) -> Answer {
    assert_eq!(browser.get(&mail.link).await.status, 200);
    browser.submit("/invitation", &[("password", PASSWORD)]).await
}

async fn is_over(world: &World, mail: &Mail) -> bool {
    let page = world.browser().get(&mail.link).await;
    page.status == 410 && page.form_count("/invitation") == 0
}

impl Answer {
    fn form_count(&self, action: &str) -> usize {
        self.forms().iter().filter(|form| form.action == action).count()
    }
}

#[tokio::test]
async fn scanners_spend_nothing_and_a_chosen_password_signs_in() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "[signup]\nwho = \"invited\"").await else { continue };
        let (user, mail) = invited(&world).await;
        assert!(mail.link.starts_with("/invitation?token=flow_") && mail.text.contains("72 hours"), "{mail:?}");
        scan(&world, &mail).await;
        let mut browser = world.browser();
        let page = browser.get(&mail.link).await;
        assert!(page.status == 200 && page.text().contains(ADA), "{}", page.text());
        let weak = browser.submit("/invitation", &[("password", "short")]).await;
        assert!(weak.status == 422 && !problem(&weak, "password").is_empty(), "{}", weak.text());
        assert!(!is_signed_in(&mut browser).await && world.read(ADA).await.unwrap().email_verified_at.is_none());
        let done = browser.submit("/invitation", &[("password", PASSWORD)]).await;
        assert_eq!(done.location(), "/account?notice=invitation-accepted", "{database:?} {}", done.text());
        assert!(browser.follow(&done).await.text().contains("Your password is saved"));
        let now = world.read(ADA).await.unwrap();
        assert!(now.id == user.id && now.email_is_verified() && now.password_hash.is_some() && is_signed_in(&mut browser).await);
        assert!(is_over(&world, &mail).await, "used");
        assert_eq!(browser.get(&mail.link).await.location(), "/account", "for who came in by it");
        world.sign_in(ADA, PASSWORD).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_ten_gets_in() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let (_, mail) = invited(&world).await;
        let mut open = Vec::new();
        for _ in 0..10 {
            let mut browser = world.browser();
            browser.get(&mail.link).await;
            open.push(browser);
        }
        let mut tries = tokio::task::JoinSet::new();
        for mut browser in open {
            tries.spawn(async move { browser.submit("/invitation", &[("password", PASSWORD)]).await.status });
        }
        let outcomes = tries.join_all().await;
        assert_eq!(outcomes.iter().filter(|status| **status == 303).count(), 1, "{database:?}: {outcomes:?}");
        assert!(outcomes.iter().all(|status| matches!(status, 303 | 410)), "{database:?}: {outcomes:?}");
    }
}

#[tokio::test]
async fn an_expired_or_mangled_link_says_so_and_leads_on() {
    let world = World::with("[flows]\ninvitation_hours = 5").await;
    let invited = users::create_invited(&world.app, &changes(&json!({"email": ADA}))).await.unwrap();
    assert_eq!(invited.hours, 5);
    let mail = world.mail_to(ADA).await;
    let mut early = world.browser();
    early.get(&mail.link).await;
    for link in [mail.link.split_at(mail.link.len() - 2).0, "/invitation", "/invitation?token=x.y"] {
        assert_eq!(world.browser().get(link).await.status, 410, "{link}");
    }
    // Good for nothing else.
    for path in ["/verify/link", "/reset/link", "/login/link", "/wasnt-me", "/account/email/link"] {
        let other = mail.link.replace("/invitation", path);
        assert_eq!(world.browser().get(&other).await.status, 410, "{path}");
    }
    world.advance(5 * 3600);
    let page = world.browser().get(&mail.link).await;
    assert!(
        page.status == 410 && page.text().contains("has expired") && page.text().contains("/login?identifier="),
        "{}",
        page.text()
    );
    assert_eq!(early.submit("/invitation", &[("password", PASSWORD)]).await.status, 410);
    assert!(world.read(ADA).await.unwrap().password_hash.is_none());
    let again = invitations::invite(&world.app, ADA).await.unwrap();
    assert_eq!(again.user.id, invited.user.id);
    let mail = world.mail_to(ADA).await;
    assert_eq!(accept(&mut world.browser(), &mail).await.status, 303, "sent again");
}

/// Each of these ends what is open.
#[tokio::test]
async fn what_happens_to_the_account_ends_the_invitation() {
    for database in Database::BOTH {
        for what in ["disabled and enabled", "address changed", "password set", "removed", "signed in by code", "reset"] {
            let Some(world) = World::on(database, "").await else { continue };
            let (user, mail) = invited(&world).await;
            let mut early = world.browser();
            assert_eq!(early.get(&mail.link).await.status, 200);
            let id = user.id.as_str();
            match what {
                "disabled and enabled" => {
                    users::disable(&world.app, id).await.unwrap();
                    assert!(is_over(&world, &mail).await);
                    users::enable(&world.app, id).await.unwrap();
                }
                "address changed" => {
                    users::update(&world.app, id, &changes(&json!({"email": "ada@b.example"}))).await.unwrap();
                }
                "password set" => {
                    users::update(&world.app, id, &changes(&json!({"password": "a wooden operator"}))).await.unwrap();
                }
                "removed" => drop(users::delete(&world.app, id).await.unwrap()),
                "signed in by code" => {
                    let mut browser = world.browser();
                    browser.get("/login").await;
                    let sent = browser.post("/login/code", &[("identifier", ADA), ("way", "mail")]).await;
                    browser.follow(&sent).await;
                    let code = world.mail_to(ADA).await.code;
                    assert_eq!(browser.submit("/login/code/enter", &[("code", &code)]).await.status, 303);
                    assert!(is_signed_in(&mut browser).await);
                }
                _ => {
                    let mut browser = super::asked_for_reset(&world, ADA).await;
                    let code = world.mail_to(ADA).await.code;
                    let proved = browser.submit("/reset/code", &[("code", &code)]).await;
                    browser.follow(&proved).await;
                    assert_eq!(browser.submit("/reset/new", &[("password", "a wooden reset")]).await.status, 303);
                }
            }
            assert!(is_over(&world, &mail).await, "{database:?} {what}");
            let late = early.submit("/invitation", &[("password", PASSWORD)]).await;
            assert_eq!(late.status, 410, "{database:?} {what}");
            assert!(!is_signed_in(&mut early).await, "{database:?} {what}");
        }
    }
}

/// A second invitation leaves the first one good, until either is used.
#[tokio::test]
async fn earlier_links_stay_good_until_one_is_used() {
    let world = World::new().await;
    let (_, first) = invited(&world).await;
    world.advance(1);
    invitations::invite(&world.app, ADA).await.unwrap();
    let second = world.mail_to(ADA).await;
    assert_ne!(first.link, second.link);
    assert_eq!(accept(&mut world.browser(), &first).await.status, 303);
    assert!(is_over(&world, &first).await && is_over(&world, &second).await);
}

#[tokio::test]
async fn who_cannot_use_it_is_not_invited() {
    let world = World::new().await;
    let refused = |result: Result<invitations::Invited, Refused>| result.unwrap_err().to_string();
    for (json, why) in [
        (json!({"username": "bob"}), "no e-mail address"),
        (json!({"email": "bob@a.example", "email_verified": true}), "can sign in already"),
        (json!({"email": "bob@a.example", "password": PASSWORD}), "can sign in already"),
    ] {
        assert!(refused(users::create_invited(&world.app, &changes(&json)).await).contains(why), "{json}");
    }
    assert!(world.read("bob@a.example").await.is_none(), "nothing was made");
    world.person("cy@a.example").await;
    assert!(refused(invitations::invite(&world.app, "cy@a.example").await).contains("can sign in already"));
    world.user(json!({"email": ADA})).await;
    users::disable(&world.app, ADA).await.unwrap();
    assert!(refused(invitations::invite(&world.app, ADA).await).contains("disabled"));
    assert!(refused(invitations::invite(&world.app, "nobody").await).contains("no account"));
    assert!(world.mails().await.is_empty());
    let shut = World::with("[sign_in]\nways = [\"passkey\", \"sms\"]").await;
    assert!(refused(users::create_invited(&shut.app, &changes(&json!({"email": ADA}))).await).contains("[sign_in] ways"));
}

/// Without passwords the page offers the ways there are, with the address filled in.
#[tokio::test]
async fn by_the_other_ways() {
    let settings = "[signup]\nwho = \"invited\"\n[sign_in]\nways = [\"passkey\", \"mail\"]";
    let world = World::with(settings).await;
    let (_, mail) = invited(&world).await;
    let mut browser = world.browser();
    let page = browser.get(&mail.link).await;
    assert!(
        page.status == 200 && page.form_count("/invitation") == 0 && !page.text().contains("type=\"password\""),
        "{}",
        page.text()
    );
    let forced = browser.post("/invitation", &[("token", mail.link.split_once('=').unwrap().1), ("password", PASSWORD)]).await;
    assert_eq!(forced.status, 410);
    assert!(world.read(ADA).await.unwrap().password_hash.is_none());
    browser.get(&mail.link).await;
    let sent = browser.submit("/login/code", &[("way", "mail")]).await;
    browser.follow(&sent).await;
    let code = world.mail_to(ADA).await.code;
    assert_eq!(browser.submit("/login/code/enter", &[("code", &code)]).await.status, 303);
    assert!(is_signed_in(&mut browser).await && is_over(&world, &mail).await);
    assert!(world.read(ADA).await.unwrap().email_is_verified());
}
