//! Browsers that send several session cookies: left from other settings, or planted.

use tower_sessions::SessionStore as _;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use vestibule::actions::session::{Carriers, SESSION_KEY};

use super::forward_auth::SETTINGS;
use crate::world::{Answer, Browser, Database, PASSWORD, Place, World};

const ADA: &str = "ada@a.example";
const BOB: &str = "bob@a.example";
const NAME: &str = "__Secure-vestibule_session";

fn session(browser: &Browser) -> String {
    browser.cookies.get(NAME).unwrap().clone()
}

/// The same browser with another session cookie beside its own; it comes first, as the older one does (RFC 6265 section 5.4).
fn beside(browser: &Browser, value: &str) -> Browser {
    sending(browser, &[value, &session(browser)])
}

fn sending(browser: &Browser, values: &[&str]) -> Browser {
    let pairs: Vec<String> = values.iter().map(|value| format!("{NAME}={value}")).collect();
    let mut browser = browser.clone().sending("cookie", &pairs.join("; "));
    browser.cookies.remove(NAME);
    browser
}

fn user(answer: &Answer) -> String {
    answer.json()["user"]["email"].as_str().unwrap_or_default().to_owned()
}

async fn forwarded(browser: &Browser) -> Answer {
    let headers = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "app.example.org"),
        ("x-forwarded-uri", "/"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-for", "192.0.2.1"),
    ];
    browser.clone().at([10, 0, 0, 1]).send("GET".parse().unwrap(), "/session/verify", &headers, axum::body::Bytes::new()).await
}

#[tokio::test]
async fn the_one_that_is_alive_counts() {
    let world = World::with(SETTINGS).await;
    world.keys().await;
    world.person(ADA).await;
    let ada = world.sign_in(ADA, PASSWORD).await;
    for dead in ["gone", "AAAAAAAAAAAAAAAAAAAAAA", "%ff"] {
        let mut both = beside(&ada, dead);
        assert_eq!(user(&both.get("/session").await), ADA, "{dead}");
        assert_eq!(forwarded(&both).await.header("x-auth-email"), ADA, "{dead}");
        assert_eq!(both.get("/account/password").await.status, 200, "{dead}");
        let page = both.get("/account").await;
        assert!(page.status == 200 && page.headers.get("set-cookie").is_none());
        // The newer one comes last; nor do many hide it.
        let own = session(&ada);
        let many = [[dead; 9].as_slice(), &[own.as_str()]].concat();
        let malformed: Vec<String> = (0..20).map(|number| format!("x{number}")).collect();
        let malformed: Vec<&str> = malformed.iter().map(String::as_str).chain([own.as_str()]).collect();
        for values in [vec![own.as_str(), dead], many, malformed] {
            let mut both = sending(&ada, &values);
            let page = both.get("/account").await;
            let set: Vec<_> = page.headers.get_all("set-cookie").iter().collect();
            assert!(page.status == 200 && set.is_empty(), "{values:?} {} {set:?}", page.status);
            assert_eq!(forwarded(&both).await.header("x-auth-email"), ADA, "{values:?}");
        }
    }
}

#[tokio::test]
async fn of_two_that_are_alive_none_does_and_the_page_says_so() {
    let world = World::with(SETTINGS).await;
    world.keys().await;
    world.person(ADA).await;
    world.person(BOB).await;
    let (ada, bob) = (world.sign_in(ADA, PASSWORD).await, world.sign_in(BOB, PASSWORD).await);
    let mut both = beside(&ada, &session(&bob));
    assert_eq!(both.get("/session").await.status, 401);
    assert_eq!(forwarded(&both).await.status, 401);
    let sent = both.get("/account/profile").await;
    assert_eq!(sent.location(), "/login?to=profile");
    let page = both.follow(&sent).await;
    assert!(page.shown(".notice").unwrap_or_default().contains("two sign-ins at once"), "{}", page.text());
    let cleared: Vec<_> = page.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect();
    let cleared: Vec<_> = cleared.iter().filter(|line| line.starts_with(&format!("{NAME}=;"))).collect();
    assert_eq!(cleared.len(), 3, "this host alone, this host and those below, those below the parent: {cleared:?}");
    assert!(cleared.iter().all(|line| line.contains("Max-Age=0") && line.contains("Path=/")), "{cleared:?}");
    // A browser that keeps one of them all the same gets in, and the others are taken away once more.
    let done = both.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert_eq!(done.location(), "/account/profile");
    let lines: Vec<_> = done.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let last = lines.iter().rfind(|line| line.starts_with(NAME)).unwrap();
    assert!(!last.contains("Max-Age=0"), "the new one is set after the others are taken away: {lines:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with(&format!("{NAME}=;"))).count(), 3, "{lines:?}");
    // What the browser had opens nothing any more: neither hers nor what was planted.
    for value in [session(&ada), session(&bob)] {
        let mut alone = world.browser().sending("cookie", &format!("{NAME}={value}"));
        assert_eq!(alone.get("/session").await.status, 401);
    }
}

/// The same session twice is no riddle.
#[tokio::test]
async fn one_session_in_two_cookies_is_one() {
    let world = World::with(SETTINGS).await;
    world.person(ADA).await;
    let ada = world.sign_in(ADA, PASSWORD).await;
    let mut both = beside(&ada, &session(&ada));
    assert_eq!(user(&both.get("/session").await), ADA);
}

#[tokio::test]
async fn a_change_of_the_domain_signs_everybody_out() {
    let place = Place::new(Database::Sqlite).await.unwrap();
    let settings = |domain: &str| SETTINGS.replace("cookie_domain = \"example.org\"", &format!("cookie_domain = \"{domain}\""));
    let before = World::at(place.clone(), &settings("example.org")).await;
    before.person(ADA).await;
    let ada = before.sign_in(ADA, PASSWORD).await;
    let after = World::at(place, &settings("id.example.org")).await;
    let mut browser = after.browser();
    browser.cookies = ada.cookies.clone();
    assert_eq!(browser.get("/session").await.status, 401, "the cookie keeps its name, and browsers go on sending it");
    assert_eq!(browser.get("/account").await.location(), "/login");
    // Both are sent from now on, and that locks nobody out.
    let fresh = after.sign_in(ADA, PASSWORD).await;
    let mut both = beside(&fresh, &session(&ada));
    assert_eq!(user(&both.get("/session").await), ADA);
    assert_eq!(both.get("/account").await.status, 200);
}

/// A session that another request ended in the moment since it began: its cookie stands for nobody, and that is no failure.
#[tokio::test]
async fn a_session_that_has_ended_already_gets_a_cookie_for_nobody() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let cookies = Carriers(world.app.clone());
        let data = [(SESSION_KEY.to_owned(), "sess_00000000000000000000000001".into())].into();
        let mut record = Record { id: Id::default(), data, expiry_date: OffsetDateTime::UNIX_EPOCH };
        cookies.create(&mut record).await.unwrap();
        assert!(cookies.load(&record.id).await.unwrap().is_none(), "{database:?}");
    }
}

/// Forms that change one account at the same time: each ends on a page that says what is, and none fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forms_that_meet_at_one_account_do_not_fail() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let nodes = [World::at(place.clone(), "").await, World::at(place, "").await];
        nodes[0].person(ADA).await;
        let mut ada = nodes[0].sign_in(ADA, PASSWORD).await;
        for round in 0..8 {
            ada.get("/account/profile").await;
            let mut forms = tokio::task::JoinSet::new();
            let (mut saves, name) = (ada.clone(), format!("Ada {round}"));
            forms.spawn(async move { saves.submit("/account/profile", &[("name", &name)]).await.status });
            for node in &nodes {
                let mut other = node.browser();
                other.get("/login").await;
                forms.spawn(async move { other.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status });
            }
            let statuses = forms.join_all().await;
            assert!(statuses.iter().all(|status| *status < 500), "{database:?}: {statuses:?}");
        }
    }
}
