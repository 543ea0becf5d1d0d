//! The first administrator.

use vestibule::actions::setup::{self, Prepared};
use vestibule::actions::users;
use vestibule::crypto::password::{Hasher, HasherSettings};
use vestibule::crypto::random::Random;

use super::is_signed_in;
use super::passkeys::{self, with_passkey};
use crate::world::{Database, PASSWORD, Place, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_link_works_for_one_of_ten() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let link = world.setup_link().await;
        for _ in 0..10 {
            assert_eq!(world.browser().get(&link).await.status, 200, "opening it is free");
        }
        let mut open = Vec::new();
        for _ in 0..10 {
            let mut browser = world.browser();
            browser.get(&link).await;
            open.push(browser);
        }
        let mut tries = tokio::task::JoinSet::new();
        for (number, mut browser) in open.into_iter().enumerate() {
            tries.spawn(async move {
                let email = format!("admin{number}@a.example");
                browser.submit("/setup", &[("email", &email), ("name", "Root"), ("password", PASSWORD)]).await.status
            });
        }
        let outcomes = tries.join_all().await;
        assert_eq!(outcomes.iter().filter(|status| **status == 303).count(), 1, "{database:?}: {outcomes:?}");
        assert!(outcomes.iter().all(|status| matches!(status, 303 | 410)), "{outcomes:?}");
        assert_eq!(world.browser().get(&link).await.status, 410);
    }
}

#[tokio::test]
async fn a_mistake_leaves_the_link_open_and_a_guess_opens_nothing() {
    let world = World::new().await;
    let link = world.setup_link().await;
    let mut browser = world.browser();
    browser.get(&link).await;
    let refused = browser.submit("/setup", &[("email", "x"), ("name", "Root"), ("password", PASSWORD)]).await;
    assert_eq!((refused.status, refused.value("name").as_deref()), (422, Some("Root")));
    assert_eq!(browser.submit("/setup", &[("email", "root@a.example"), ("password", "short")]).await.status, 422);
    world.advance(23 * 3600);
    let newer = world.setup_link().await;
    assert_eq!(world.browser().get(&link).await.status, 200, "that of an earlier start, or of another node, works as well");
    world.advance(2 * 3600);
    assert_eq!(world.browser().get(&link).await.status, 410, "for a day");
    for guess in ["/setup", "/setup?token=", "/setup?token=vst_set_x", newer.split_at(newer.len() - 1).0] {
        assert_eq!(world.browser().get(guess).await.status, 410, "{guess}");
    }
    browser.get(&newer).await;
    let arrived = browser.submit("/setup", &[("email", "root@a.example"), ("name", "Root"), ("password", PASSWORD)]).await;
    assert_eq!(arrived.location(), "/account");
    assert!(world.read("root@a.example").await.unwrap().is_admin);
}

/// Where `[bootstrap]` names the address of somebody's account, it is left alone, whatever it can be entered by; the start says what to do.
#[tokio::test]
async fn the_settings_do_not_make_an_account_that_is_there_an_administrators() {
    const ADA: &str = "ada@a.example";
    let hash = hash("a wooden bootstrap").await;
    let settings = format!("[bootstrap]\nadmin_email = '{ADA}'\nadmin_password_hash = '{hash}'");
    for database in Database::BOTH {
        let Some(world) = World::on(database, &settings).await else { continue };
        let (mut squatter, mut authenticator) = with_passkey(&world, ADA).await;
        let before = world.read(ADA).await.unwrap();
        for _ in 0..2 {
            let Prepared::HasAccount { email, id } = setup::prepare(&world.app).await.unwrap() else { panic!("not refused") };
            let said = setup::has_account(&email, &id);
            assert!(id == before.id && said.contains(&format!("vestibule user update {id} --admin")), "{said}");
            assert!(said.contains(&format!("vestibule user remove {id}")), "{said}");
        }
        let now = world.read(ADA).await.unwrap();
        assert!(!now.is_admin && now.updated_at == before.updated_at && is_signed_in(&mut squatter).await);
        assert_eq!(world.browser().sign_in(ADA, "a wooden bootstrap").await.status, 422);
        // Removed as the sentence says, the next start makes one in which nothing is anybody else's.
        users::delete(&world.app, before.id.as_str()).await.unwrap();
        let Prepared::FromSettings(id) = setup::prepare(&world.app).await.unwrap() else { panic!("no administrator") };
        assert!(id != before.id && world.read(ADA).await.unwrap().is_admin);
        assert_eq!(setup::prepare(&world.app).await.unwrap(), Prepared::HasAdministrator);
        let (mut thief, _) = passkeys::sign_in(&world, &mut authenticator).await;
        assert!(!is_signed_in(&mut thief).await && !is_signed_in(&mut squatter).await, "{database:?}");
        world.sign_in(ADA, "a wooden bootstrap").await;
    }
}

/// Nodes that start at once with the same settings: all start, and one makes the administrator.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_make_one_administrator() {
    let hash = hash("a wooden bootstrap").await;
    let settings = format!("[bootstrap]\nadmin_email = 'root@a.example'\nadmin_password_hash = '{hash}'");
    for database in Database::BOTH {
        let Some(world) = World::on(database, &settings).await else { continue };
        let mut starts = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let app = world.app.clone();
            starts.spawn(async move { setup::prepare(&app).await.unwrap() });
        }
        let made = starts.join_all().await.into_iter().filter(|found| matches!(found, Prepared::FromSettings(_))).count();
        assert_eq!(made, 1, "{database:?}");
    }
}

/// The set-up link makes an account, and none that is there an administrator's.
#[tokio::test]
async fn the_link_does_not_take_an_account_that_is_there() {
    let world = World::new().await;
    let user = world.person("ada@a.example").await;
    let link = world.setup_link().await;
    let mut browser = world.browser();
    browser.get(&link).await;
    let refused = browser.submit("/setup", &[("email", "ada@a.example"), ("name", "Root"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 422);
    assert!(super::problem(&refused, "email").contains("vestibule user update NAME --admin"), "{}", refused.text());
    assert!(!world.read(user.id.as_str()).await.unwrap().is_admin && !is_signed_in(&mut browser).await);
}

async fn hash(password: &str) -> String {
    let settings = HasherSettings { memory_kib: 8, iterations: 1, parallelism: 1, workers: 1, queue: 8 };
    Hasher::new(settings, Random::seeded(7)).unwrap().hash(password.to_owned().into()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_of_three_nodes_prints_a_link_that_works_until_one_is_used() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let mut starts = tokio::task::JoinSet::new();
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let node = World::at(place.clone(), "").await;
            let app = node.app.clone();
            starts.spawn(async move { setup::prepare(&app).await.unwrap() });
            nodes.push(node);
        }
        let mut links = Vec::new();
        for found in starts.join_all().await {
            let Prepared::Link(link) = found else { panic!("{found:?}") };
            links.push(link.strip_prefix("http://localhost:8080").unwrap().to_owned());
        }
        let mut open = Vec::new();
        for (node, link) in nodes.iter().zip(&links) {
            let mut browser = node.browser();
            assert_eq!(browser.get(link).await.status, 200, "{database:?}");
            open.push(browser);
        }
        let mut tries = tokio::task::JoinSet::new();
        for (number, mut browser) in open.into_iter().enumerate() {
            tries.spawn(async move {
                let email = format!("admin{number}@a.example");
                browser.submit("/setup", &[("email", &email), ("name", "Root"), ("password", PASSWORD)]).await.status
            });
        }
        let outcomes = tries.join_all().await;
        assert_eq!(outcomes.iter().filter(|status| **status == 303).count(), 1, "{database:?}: {outcomes:?}");
        for link in &links {
            assert_eq!(nodes[0].browser().get(link).await.status, 410);
        }
    }
}

/// Without passwords nobody is asked for one, and the page says what is used instead; the administrator is signed in and can add it.
#[tokio::test]
async fn without_passwords_the_administrator_is_led_to_a_way_in() {
    for (ways, to, says) in [
        (r#"["passkey", "mail"]"#, "/account/passkeys?notice=set-up-passkey", "can add a passkey"),
        (r#"["passkey", "sms"]"#, "/account/passkeys?notice=set-up-passkey", "add a passkey on the next page"),
        (r#"["mail"]"#, "/account?notice=set-up", "a link to sign in is mailed"),
    ] {
        let world = World::with(&format!("[sign_in]\nways = {ways}")).await;
        let link = world.setup_link().await;
        let mut browser = world.browser();
        let page = browser.get(&link).await;
        assert!(page.text().contains(says) && !page.text().contains("type=\"password\""), "{ways}: {}", page.text());
        let made = browser.submit("/setup", &[("email", "root@a.example"), ("name", "Root")]).await;
        assert_eq!(made.location(), to, "{ways}");
        let next = browser.follow(&made).await;
        assert!(
            next.status == 200 && next.text().contains("You are the administrator"),
            "{ways}: {} {}",
            next.location(),
            next.text()
        );
        let user = world.read("root@a.example").await.unwrap();
        assert!(user.is_admin && user.password_hash.is_none(), "{ways}");
        if ways.contains("mail") {
            let mut later = world.browser();
            later.get("/login").await;
            let sent = later.post("/login/code", &[("identifier", "root@a.example"), ("way", "mail")]).await;
            later.follow(&sent).await;
            let code = world.mail_to("root@a.example").await.code;
            later.submit("/login/code/enter", &[("code", &code)]).await;
            assert!(is_signed_in(&mut later).await, "{ways}");
        }
    }
}
