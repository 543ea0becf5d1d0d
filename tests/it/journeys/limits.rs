//! Rates and delays, as people and attackers meet them.

use serde_json::json;
use sqlx::Connection as _;

use crate::world::{Browser, Database, PASSWORD, Place, World};

const ADA: &str = "ada@a.example";
const ON: &str = "[limits]\nenabled = true";

#[tokio::test]
async fn guesses_at_one_account_are_slowed_down_and_say_for_how_long() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    let mut statuses = Vec::new();
    for number in 0..12_u8 {
        let mut browser = world.browser().at([203, 0, 113, number]);
        let answer = browser.post("/login", &[("identifier", ADA), ("password", "wrong")]).await;
        if answer.status == 429 {
            let after: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=900).contains(&after), "{after}");
            assert!(answer.shown("h1").is_some(), "a page, not a bare status");
        }
        statuses.push(answer.status);
    }
    assert!(statuses.starts_with(&[422; 5]), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    // Never a lock: after the delay the owner gets in, and the count starts anew.
    world.advance(900);
    world.sign_in(ADA, PASSWORD).await;
    for _ in 0..5 {
        assert_eq!(world.browser().post("/login", &[("identifier", ADA), ("password", "wrong")]).await.status, 422);
    }
}

#[tokio::test]
async fn an_unknown_account_is_slowed_down_just_the_same() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    let mut found = Vec::new();
    for email in [ADA, "nobody@a.example"] {
        let mut statuses = Vec::new();
        for number in 0..12_u8 {
            let mut browser = world.browser().at([203, 0, 113, number]);
            let answer = browser.post("/login", &[("identifier", email), ("password", "wrong")]).await;
            statuses.push((answer.status, answer.header("retry-after").to_owned()));
        }
        found.push(statuses);
    }
    assert_eq!(found[0], found[1]);
}

#[tokio::test]
async fn one_requester_is_limited_over_all_accounts_and_others_are_not() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    let mut statuses = Vec::new();
    for number in 0..40 {
        let email = format!("u{number}@a.example");
        statuses.push(world.browser().post("/login", &[("identifier", &email), ("password", "x")]).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 20, "{statuses:?}");
    let mut elsewhere = world.browser().at([203, 0, 113, 9]);
    assert_eq!(elsewhere.post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status, 303);
    // A header that nobody vouches for makes no other requester.
    let mut liar = world.browser().sending("x-forwarded-for", "203.0.113.77");
    assert_eq!(liar.post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status, 429);
    world.advance(61);
    assert_eq!(world.browser().post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status, 303);
}

#[tokio::test]
async fn mail_bombs_are_capped_by_address_and_requester() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    for number in 0..30_u8 {
        world.browser().at([203, 0, 113, number]).post("/reset", &[("identifier", ADA)]).await;
        world.browser().at([203, 0, 113, number]).post("/signup", &[("email", "bob@a.example"), ("password", PASSWORD)]).await;
    }
    let (resets, sign_ups) = (world.mails_to(ADA).await.len(), world.mails_to("bob@a.example").await.len());
    assert!((1..=6).contains(&resets) && (1..=6).contains(&sign_ups), "{resets} {sign_ups}");
    let mut statuses = Vec::new();
    for number in 0..30 {
        statuses.push(world.browser().post("/reset", &[("identifier", &format!("u{number}@a.example"))]).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

/// A thousand guesses at codes, over new codes and from many addresses.
#[tokio::test]
async fn codes_cannot_be_guessed() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut browser = super::asked_for_reset(&world, ADA).await;
    let flow = browser.open().unwrap().value("flow").unwrap();
    for round in 0..10 {
        for number in 0..20 {
            let code = format!("{:06}", round * 20 + number);
            let answer = browser.post("/reset/code", &[("flow", &flow), ("code", &code)]).await;
            assert_ne!(answer.status, 303, "one in a million");
        }
        world.advance(60);
        browser.post("/reset/resend", &[("flow", &flow)]).await;
    }
    assert!(world.mails_to(ADA).await.len() <= 6, "codes sent");
}

#[tokio::test]
async fn nodes_on_one_database_agree() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let (one, two) = (World::at(place.clone(), ON).await, World::at(place, ON).await);
        one.person(ADA).await;
        let mut refused = 0;
        for number in 0..12_u8 {
            let node = if number % 2 == 0 { &one } else { &two };
            let mut browser = node.browser().at([203, 0, 113, number]);
            let answer = browser.post("/login", &[("identifier", ADA), ("password", "wrong")]).await;
            refused += usize::from(answer.status == 429);
        }
        assert!(refused >= 4, "{database:?}: {refused}");
        let mut browser = two.browser().at([203, 0, 113, 99]);
        assert_eq!(browser.post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status, 429);
    }
}

#[tokio::test]
async fn limits_can_be_switched_off() {
    let world = World::new().await;
    for _ in 0..60 {
        assert_eq!(world.browser().post("/login", &[("identifier", ADA), ("password", "x")]).await.status, 422);
    }
}

/// How many rows the tables have that a page could fill.
async fn rows(world: &World) -> i64 {
    let vestibule::store::Location::Sqlite(path) = &world.place.location else { panic!("no file") };
    let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let count = "SELECT (SELECT COUNT(*) FROM flows) + (SELECT COUNT(*) FROM grants) + (SELECT COUNT(*) FROM sessions) \
                 + (SELECT COUNT(*) FROM events) + (SELECT COUNT(*) FROM outbox)";
    sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
}

/// More than the journeys that may begin in a minute.
const MANY: i64 = 150;

/// Opens a page again and again: how many rows that makes, and whether it was refused at some time.
async fn hammer(world: &World, browser: &mut Browser, path: &str) -> (i64, bool) {
    let (before, mut refused) = (rows(world).await, false);
    for _ in 0..MANY {
        let answer = browser.get(path).await;
        assert!(answer.status < 500, "{path}: {}", answer.status);
        refused |= answer.status == 429;
    }
    (rows(world).await - before, refused)
}

fn site(url: &str) -> String {
    form_urlencoded::Serializer::new("/session/start?".to_owned()).append_pair("return_to", url).finish()
}

/// Opening pages fills no disk, whoever does it: a page writes nothing, or what waits in the browser goes on, or there is a limit.
#[tokio::test]
async fn opening_pages_again_and_again_fills_no_disk() {
    let settings = format!("{ON}\n[[sites]]\nhost = \"localhost:3000\"\nacr = \"two-factor\"\n");
    let (world, _fakes) = World::with_fakes(&settings).await;
    let client = json!({"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"], "first_party": true});
    let client = world.client(client).await.client.id.clone();
    let authorize = format!(
        "/oauth2/authorize?client_id={client}&response_type=code&scope=openid&nonce=n&redirect_uri=https%3A%2F%2Fshop.example%2Fcb"
    );
    let silent = format!("{authorize}&prompt=none");
    let strict = format!(
        "{authorize}&acr_values=urn:vestibule:acr:two-factor&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22urn%3Avestibule%3Aacr%3Atwo-factor%22%7D%7D%7D"
    );

    let mut stranger = world.browser();
    let begun = stranger.get(&authorize).await;
    let flow = begun.location().split_once("flow=").unwrap().1.to_owned();
    world.advance(2 * 86_400);
    let expired = format!("/login?flow={flow}");
    for path in
        ["/login", "/signup", "/reset", "/verify", "/login/second?flow=x", "/account/password", "/logout", "/setup?token=x"]
    {
        assert_eq!(hammer(&world, &mut stranger, path).await, (0, false), "{path}");
    }
    for path in [authorize.as_str(), &strict, &expired, &site("http://localhost:3000/a")] {
        world.advance(120);
        let (rows, refused) = hammer(&world, &mut stranger, path).await;
        assert!(rows < MANY && refused, "{path}: {rows}");
    }

    world.person(ADA).await;
    world.advance(120);
    let mut first = world.sign_in(ADA, PASSWORD).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    super::second_factor::add_app(&world, &mut first).await;
    world.advance(3600);
    assert!(ada.get(&silent).await.location().starts_with("https://shop.example/cb?code="));
    world.advance(120);
    for path in ["/account", "/account/sessions", "/login", "/session", "/session/verify"] {
        let (rows, refused) = hammer(&world, &mut ada, path).await;
        assert!(rows <= 1 && !refused, "{path}: {rows}");
    }
    // What waits goes on: a person who opens the page again is never refused.
    for path in ["/account/password", "/account/security", "/account/delete", &site("http://localhost:3000/a")] {
        let (rows, refused) = hammer(&world, &mut ada, path).await;
        assert!(rows <= 1 && !refused, "{path}: {rows}");
    }
    // Each of these is another request, or is answered.
    for path in [silent.as_str(), &strict] {
        world.advance(120);
        let (rows, refused) = hammer(&world, &mut ada, path).await;
        assert!(rows < MANY && refused, "{path}: {rows}");
    }
    world.advance(120);
    let before = rows(&world).await;
    let mut refused = 0;
    for number in 0..MANY {
        refused += i64::from(ada.get(&site(&format!("http://localhost:3000/{number}"))).await.status == 429);
    }
    assert!(refused > 0 && rows(&world).await - before <= MANY - refused, "{refused}");

    for mut browser in [world.browser(), ada] {
        world.advance(120);
        browser.get("/login").await;
        let (before, mut refused) = (rows(&world).await, 0);
        for _ in 0..MANY {
            refused += i64::from(browser.post("/connect/github", &[]).await.status == 429);
        }
        assert!(refused > 0 && rows(&world).await - before <= MANY - refused, "{refused}");
    }
}

/// A journey that waits is the one of this browser, for the same page, untouched, and with time enough to go on.
#[tokio::test]
async fn a_journey_that_waits_goes_on() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    world.advance(3600);
    let flow = async |browser: &mut Browser, page: &str| browser.get(page).await.location().to_owned();
    let first = flow(&mut ada, "/account/password").await;
    assert!(first.starts_with("/login?flow=flow_"), "{first}");
    let other = flow(&mut ada, "/account/security").await;
    assert_ne!(other, first, "another page");
    assert_eq!(flow(&mut ada, "/account/password").await, first);
    assert_eq!(flow(&mut ada, "/account/security").await, other);
    let mut forgetful = ada.clone();
    forgetful.cookies.retain(|name, _| !name.contains("browser"));
    let lost = flow(&mut forgetful, "/account/password").await;
    assert_ne!(lost, first, "another browser");
    assert_eq!(forgetful.get(&lost).await.status, 200);
    world.advance(2 * 3600);
    let mut late = flow(&mut ada, "/account/password").await;
    for _ in 0..30 {
        assert_eq!(ada.get(&late).await.status, 200, "never one that is about to end");
        world.advance(3600);
        late = flow(&mut ada, "/account/password").await;
        if late.starts_with("/login?to=") {
            break;
        }
    }
    // One in which a code was sent stands alone: another tab begins its own, with codes of its own.
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    ada.get("/account/security").await;
    ada.post("/account/security/codes", &[("kind", "mail"), ("on", "yes")]).await;
    // The password was given just now; the code is what is missing.
    let second = flow(&mut ada, "/account/password").await;
    assert!(second.starts_with("/login/second?flow="), "{second}");
    assert_eq!(flow(&mut ada, "/account/password").await, second);
    ada.get(&second).await;
    ada.submit("/login/second/send", &[]).await;
    assert_ne!(flow(&mut ada, "/account/password").await, second);
}
