//! Security notices, and "this was not me".

use std::time::Duration;

use serde_json::json;
use sqlx::{ConnectOptions as _, Connection as _};
use vestibule::ids::{FactorId, PasskeyId, UserId};
use vestibule::store::Location;

use super::account::{let_in, refresh, shop, userinfo};
use super::{asked_for_reset, is_signed_in, scan};
use crate::world::{Browser, Database, Mail, PASSWORD, World};

const ADA: &str = "ada@a.example";
const EVIL: &str = "evil@b.example";
const WORSE: &str = "worse@c.example";
/// The intruder's password.
const THEIRS: &str = "crooked ladder 1933";
/// The owner's next one.
const NEXT: &str = "velvet hammer 2055";

/// Somebody who is in the account moves its address.
async fn moves(world: &World, intruder: &mut Browser, to: &str) {
    intruder.get("/account/email").await;
    let sent = intruder.submit("/account/email", &[("email", to)]).await;
    assert_eq!(sent.location(), "/account/email?notice=email-sent", "{}", sent.text());
    intruder.follow(&sent).await;
    let code = world.mails_to(to).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap().code;
    let done = intruder.submit("/account/email/confirm", &[("code", &code)]).await;
    assert_eq!(done.location(), "/account/email?notice=email-changed", "{}", done.text());
}

async fn alarms(world: &World, to: &str) -> Vec<Mail> {
    world.mails_to(to).await.into_iter().filter(|mail| mail.link.starts_with("/wasnt-me?")).collect()
}

/// Opens a notice's link in a browser of its own, ticks, presses.
async fn press(world: &World, mail: &Mail) -> crate::world::Answer {
    let mut browser = world.browser().at([203, 0, 113, 5]);
    browser.get(&mail.link).await;
    browser.submit("/wasnt-me", &[("confirm", "true")]).await
}

/// Runs statements past the program, on either database; `{bytes}` becomes a literal of one byte.
async fn execute(world: &World, sql: &str) {
    match &world.place.location {
        Location::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
            let mut connection = options.connect().await.unwrap();
            let sql = sql.replace("{bytes}", "x'");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        Location::Postgres { url, .. } => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            let sql = sql.replace("{bytes}", "'\\x");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
    }
}

/// The names of what the account has, live.
async fn live(world: &World, table: &str, user: &UserId) -> Vec<String> {
    let sql = match table {
        "recovery_codes" => format!("SELECT user_id FROM recovery_codes WHERE user_id = '{user}'"),
        "trusted_devices" => format!("SELECT id FROM trusted_devices WHERE user_id = '{user}'"),
        _ => format!("SELECT name FROM {table} WHERE user_id = '{user}' AND expires_at IS NULL ORDER BY name"),
    };
    let rows: Vec<(String,)> = match &world.place.location {
        Location::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
            let mut connection = options.connect().await.unwrap();
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap()
        }
        Location::Postgres { url, .. } => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap()
        }
    };
    rows.into_iter().map(|(id,)| id).collect()
}

/// Credentials of before (`old`), removed ones and new ones, as the intruder would leave them.
async fn meddle(world: &World, user: &UserId) {
    let now = world.app.now();
    let (old, new) = ((now - Duration::from_secs(100 * 86_400)).millis(), now.millis());
    let until = (now + Duration::from_secs(72 * 3600)).millis();
    let factor = |name: &str, at: i64, gone: &str| {
        let id = FactorId::new(world.app.now(), &world.app.random);
        format!(
            "INSERT INTO factors (id, user_id, kind, name, sealed, last_step, created_at, last_used_at, expires_at) \
                 VALUES ('{id}', '{user}', 'totp', '{name}', NULL, 0, {at}, NULL, {gone});"
        )
    };
    let passkey = |name: &str, byte: &str, at: i64, gone: &str| {
        let id = PasskeyId::new(world.app.now(), &world.app.random);
        format!(
            "INSERT INTO passkeys (id, user_id, kind, credential_id, credential, name, created_at, last_used_at, expires_at) \
                 VALUES ('{id}', '{user}', 'passkey', {{bytes}}{byte}', '{{}}', '{name}', {at}, NULL, {gone});"
        )
    };
    let gone = until.to_string();
    let sql = [
        factor("fac_kept", old, "NULL"),
        factor("fac_removed", old, &gone),
        factor("fac_theirs", new, "NULL"),
        factor("fac_theirs_removed", new, &gone),
        passkey("pky_removed", "01", old, &gone),
        passkey("pky_theirs", "02", new, "NULL"),
        format!("INSERT INTO recovery_codes (user_id, sealed, created_at) VALUES ('{user}', {{bytes}}01', {new});"),
        format!(
            "INSERT INTO trusted_devices (id, user_id, secret_hash, device, address, created_at, last_used_at, expires_at) \
             VALUES ('dev_theirs', '{user}', {{bytes}}01', '', '', {new}, {new}, {until});"
        ),
    ];
    execute(world, &sql.concat()).await;
}

/// The whole story: somebody who has the password and a session takes the account over; its owner takes it back by the first notice.
#[tokio::test]
async fn the_owner_takes_everything_back_and_the_intruder_cannot() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let ada = world.person(ADA).await;
        let mut owner = world.sign_in(ADA, PASSWORD).await;
        let mut intruder = world.sign_in(ADA, PASSWORD).await;
        world.advance(60);
        intruder.get("/account/password").await;
        let changed = intruder.submit("/account/password", &[("current", PASSWORD), ("password", THEIRS)]).await;
        assert_eq!(changed.status, 303, "{}", changed.text());
        world.advance(60);
        moves(&world, &mut intruder, EVIL).await;
        world.advance(60);
        moves(&world, &mut intruder, WORSE).await;
        meddle(&world, &ada.id).await;
        let client = shop(&world).await;
        let bound = let_in(&world, &mut intruder, &client, "openid").await;
        let offline = let_in(&world, &mut intruder, &client, "openid+offline_access").await;
        // Journeys under way that lead back into the account.
        let mut reset = asked_for_reset(&world, WORSE).await;
        let theirs = world.mails_to(WORSE).await.into_iter().find(|mail| mail.link.starts_with("/reset/")).unwrap();
        assert!(!is_signed_in(&mut owner).await && is_signed_in(&mut intruder).await);

        assert!(
            alarms(&world, EVIL).await.is_empty() && alarms(&world, WORSE).await.is_empty(),
            "{database:?}: theirs are no links"
        );
        assert!(world.mails_to(EVIL).await.len() > 1 && world.mails_to(WORSE).await.len() > 1, "but they are told");
        let told = alarms(&world, ADA).await;
        assert!(told.len() >= 5, "{database:?}: password, and each change asked for and made: {}", told.len());
        let first = told.last().unwrap().clone();
        let locked = press(&world, &first).await;
        assert_eq!(locked.status, 200, "{}", locked.text());
        assert!(locked.text().contains("ad•••@a.example"), "{}", locked.text());

        let now = world.read(ADA).await.unwrap();
        assert!(now.id == ada.id && now.email_is_verified() && now.password_hash.is_none(), "{database:?}");
        assert!(world.read(EVIL).await.is_none() && world.read(WORSE).await.is_none());
        assert_eq!(live(&world, "factors", &ada.id).await, ["fac_kept", "fac_removed"], "{database:?}");
        assert_eq!(live(&world, "passkeys", &ada.id).await, ["pky_removed"], "{database:?}");
        assert!(live(&world, "recovery_codes", &ada.id).await.is_empty());
        assert!(live(&world, "trusted_devices", &ada.id).await.is_empty());

        // The intruder is out, and nothing of theirs leads back.
        assert!(!is_signed_in(&mut intruder).await, "{database:?}");
        for tokens in [&bound, &offline] {
            assert_eq!((userinfo(&world, tokens).await, refresh(&world, &client, tokens).await), (401, 400), "{database:?}");
        }
        for (name, password) in [(ADA, THEIRS), (ADA, PASSWORD), (WORSE, THEIRS)] {
            assert_ne!(world.browser().sign_in(name, password).await.location(), "/account", "{database:?}: {name}");
        }
        assert_ne!(reset.submit("/reset/code", &[("code", &theirs.code)]).await.status, 303, "{database:?}");
        assert_eq!(world.browser().get(&theirs.link).await.status, 410);
        assert_eq!(world.browser().post("/reset/link", &[("token", theirs.token())]).await.status, 410);
        for to in [EVIL, WORSE] {
            for mail in world.mails_to(to).await.iter().filter(|mail| !mail.link.is_empty()) {
                let path = mail.link.split('?').next().unwrap();
                let fields = [("token", mail.token()), ("password", THEIRS), ("confirm", "true")];
                assert_eq!(world.browser().post(path, &fields).await.status, 410, "{path}");
                assert_eq!(world.browser().post("/link/renew", &fields).await.status, 410, "{path}");
            }
        }
        // The other notices' links have no power left: they cannot lock the owner out again.
        for mail in &told {
            assert_eq!(world.browser().post("/wasnt-me", &[("token", mail.token()), ("confirm", "true")]).await.status, 410);
        }

        // The owner comes back by the restored address.
        assert!(world.mail_to(ADA).await.text.contains("/reset"));
        world.advance(60);
        let mut back = asked_for_reset(&world, ADA).await;
        let code = world.mail_to(ADA).await.code;
        let proved = back.submit("/reset/code", &[("code", &code)]).await;
        back.follow(&proved).await;
        let sent = back.submit("/reset/new", &[("password", NEXT)]).await;
        assert!(
            sent.location().starts_with("/login/second"),
            "{database:?}: a reset passes no second factor: {}",
            sent.location()
        );
        execute(&world, "DELETE FROM factors;").await;
        // Nor does the password work before that.
        assert_eq!(world.browser().sign_in(ADA, NEXT).await.status, 422, "{database:?}");
        world.advance(60);
        let mut back = asked_for_reset(&world, ADA).await;
        let code = world.mail_to(ADA).await.code;
        let proved = back.submit("/reset/code", &[("code", &code)]).await;
        back.follow(&proved).await;
        assert_eq!(back.submit("/reset/new", &[("password", NEXT)]).await.location(), "/account", "{database:?}");
        world.advance(1);
        for mail in &told {
            assert_eq!(world.browser().post("/wasnt-me", &[("token", mail.token()), ("confirm", "true")]).await.status, 410);
        }
        assert!(is_signed_in(&mut back).await);
    }
}

#[tokio::test]
async fn a_scanner_a_look_and_a_forgery_change_nothing() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut intruder = world.sign_in(ADA, PASSWORD).await;
    moves(&world, &mut intruder, EVIL).await;
    let mail = alarms(&world, ADA).await.into_iter().next().unwrap();
    for mail in world.mails_to(EVIL).await.iter().chain(&alarms(&world, ADA).await) {
        if !mail.link.is_empty() {
            scan(&world, mail).await;
        }
    }
    assert!(world.read(EVIL).await.unwrap().password_hash.is_some() && is_signed_in(&mut intruder).await);
    let (id, mac) = mail.token().split_once('.').unwrap();
    let other = world.mails_to(EVIL).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap();
    let (other_id, other_mac) = other.token().split_once('.').unwrap();
    for token in [
        String::new(),
        "x".to_owned(),
        id.to_owned(),
        format!("{id}."),
        format!("{id}.{}", mac.to_ascii_lowercase()),
        format!("{id}.{other_mac}"),
        format!("{other_id}.{mac}"),
        // A link of another kind.
        other.token().to_owned(),
    ] {
        let answer = world.browser().post("/wasnt-me", &[("token", &token), ("confirm", "true")]).await;
        assert_eq!(answer.status, 410, "{token}");
    }
    // And this one is none of the others.
    for path in ["/verify/link", "/reset/link", "/account/email/link"] {
        let answer = world.browser().post(path, &[("token", mail.token()), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 410, "{path}");
    }
    assert!(world.read(EVIL).await.unwrap().password_hash.is_some() && is_signed_in(&mut intruder).await);
    assert_eq!(press(&world, &mail).await.status, 200, "it still works");
    assert!(world.read(ADA).await.is_some());
}

#[tokio::test]
async fn a_link_dies_after_three_days_and_changes_from_before_stay() {
    let world = World::new().await;
    let ada = world.person(ADA).await;
    let mut browser = world.sign_in(ADA, PASSWORD).await;
    moves(&world, &mut browser, "ada@new.example").await;
    let old = alarms(&world, ADA).await.into_iter().next().unwrap();
    world.advance(72 * 3600 + 1);
    assert_eq!(world.browser().get(&old.link).await.status, 410);
    assert_eq!(world.browser().post("/wasnt-me", &[("token", old.token()), ("confirm", "true")]).await.status, 410);
    assert_eq!(world.browser().post("/link/renew", &[("token", old.token())]).await.status, 410);
    // Now the new address is the account's, and its notices have links; the old one hears no more.
    let mut browser = world.sign_in("ada@new.example", PASSWORD).await;
    let before = world.mails_to(ADA).await.len();
    browser.get("/account/password").await;
    browser.submit("/account/password", &[("current", PASSWORD), ("password", NEXT)]).await;
    assert_eq!(world.mails_to(ADA).await.len(), before);
    let alarm = alarms(&world, "ada@new.example").await.into_iter().next().unwrap();
    assert_eq!(press(&world, &alarm).await.status, 200);
    assert_eq!(world.read("ada@new.example").await.unwrap().id, ada.id);
}

/// An address from before a change may have become somebody else's: it stays theirs, and the intruder's goes all the same.
#[tokio::test]
async fn an_address_that_is_anothers_by_now_stays_there() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let ada = world.person(ADA).await;
        let mut intruder = world.sign_in(ADA, PASSWORD).await;
        moves(&world, &mut intruder, EVIL).await;
        let alarm = alarms(&world, ADA).await.into_iter().next().unwrap();
        let mut other = world.sign_up(ADA, NEXT).await;
        let locked = press(&world, &alarm).await;
        assert_eq!(locked.status, 200, "{database:?}");
        assert!(locked.text().contains("belongs to another account") && !locked.text().contains("ad•••"), "{}", locked.text());
        assert_ne!(world.read(ADA).await.unwrap().id, ada.id);
        assert!(is_signed_in(&mut other).await, "{database:?}: the other account is not concerned");
        assert!(world.read(EVIL).await.is_none() && !is_signed_in(&mut intruder).await, "{database:?}");
        let stranded = world.read(ada.id.as_str()).await.unwrap();
        assert!(stranded.email.is_none() && stranded.password_hash.is_none());
    }
}

/// Ten presses at once, of one link and of two.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_ten_presses_counts() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let mut intruder = world.sign_in(ADA, PASSWORD).await;
        moves(&world, &mut intruder, EVIL).await;
        let alarms = alarms(&world, ADA).await;
        assert!(alarms.len() >= 2);
        let mut presses = tokio::task::JoinSet::new();
        for number in 0..10 {
            let mut browser = world.browser();
            let token = alarms.get(number % 2).unwrap().token().to_owned();
            presses.spawn(async move { browser.post("/wasnt-me", &[("token", &token), ("confirm", "true")]).await.status });
        }
        let statuses = presses.join_all().await;
        let won = statuses.iter().filter(|status| **status == 200).count();
        // Both links may be pressed at the same moment; neither twice.
        assert!((1..=2).contains(&won), "{database:?}: {statuses:?}");
        assert!(statuses.iter().all(|status| [200, 410].contains(status)), "{database:?}: {statuses:?}");
        assert!(world.read(ADA).await.is_some_and(|user| user.password_hash.is_none()), "{database:?}");
        assert!(!is_signed_in(&mut intruder).await);
        let told = world.mails_to(ADA).await.iter().filter(|mail| mail.subject.contains("locked")).count();
        assert_eq!(told, won, "{database:?}");
    }
}

/// A lock while the intruder signs in, changes the password and moves the address: whatever the order, the intruder ends up outside.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_wins_against_requests_at_the_same_moment() {
    for database in Database::BOTH {
        for round in 0..5 {
            let Some(world) = World::on(database, "").await else { continue };
            world.person(ADA).await;
            let mut intruder = world.sign_in(ADA, PASSWORD).await;
            moves(&world, &mut intruder, EVIL).await;
            let alarm = alarms(&world, ADA).await.into_iter().next().unwrap();
            let (mut one, mut two, mut three, mut owner) = (intruder.clone(), intruder.clone(), world.browser(), world.browser());
            two.get("/account/email").await;
            let fields = [("current", PASSWORD), ("password", THEIRS)];
            let moving = [("email", WORSE)];
            let pressed = [("token", alarm.token()), ("confirm", "true")];
            let (_, _, _, locked) = tokio::join!(
                one.post("/account/password", &fields),
                two.post("/account/email", &moving),
                three.sign_in(EVIL, PASSWORD),
                owner.post("/wasnt-me", &pressed),
            );
            assert_eq!(locked.status, 200, "{database:?} {round}: {}", locked.text());
            for browser in [&mut intruder, &mut one, &mut two, &mut three] {
                assert!(!is_signed_in(browser).await, "{database:?} {round}");
            }
            let user = world.read(ADA).await.unwrap();
            assert!(user.password_hash.is_none(), "{database:?} {round}");
            for mail in world.mails_to(WORSE).await.iter().filter(|mail| !mail.link.is_empty()) {
                let fields = [("token", mail.token()), ("password", THEIRS)];
                assert_eq!(world.browser().post("/account/email/link", &fields).await.status, 410, "{database:?} {round}");
            }
        }
    }
}

/// The notices themselves: who, what, when, where.
#[tokio::test]
async fn a_notice_says_what_happened_and_where() {
    let world = World::new().await;
    world
        .user(json!({"email": ADA, "email_verified": true, "password": PASSWORD, "locale": "de", "zoneinfo": "Europe/Vienna"}))
        .await;
    let mut browser = world
        .sign_in(ADA, PASSWORD)
        .await
        .at([198, 51, 100, 77])
        .sending("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    browser.get("/account/password").await;
    browser.submit("/account/password", &[("current", PASSWORD), ("password", NEXT)]).await;
    let mail = alarms(&world, ADA).await.into_iter().find(|mail| mail.subject == "Ihr Passwort wurde geändert").unwrap();
    for part in ["10:30", "Firefox", "198.51.100.x", "/wasnt-me?token=", "72 Stunden"] {
        assert!(mail.text.contains(part) && mail.html.contains(part), "{part}: {}", mail.text);
    }
    assert!(!mail.text.contains("198.51.100.77"));
    // Nobody is told of an address that is not proved.
    world.user(json!({"email": "eve@a.example", "username": "eve", "password": PASSWORD})).await;
    assert!(world.mails_to("eve@a.example").await.is_empty());
}

/// A sign-in where the person has signed in before is no news; elsewhere it is, but for the first of all.
#[tokio::test]
async fn a_new_device_is_news_once() {
    let world = World::new().await;
    world.person(ADA).await;
    let told = async || world.mails_to(ADA).await.iter().filter(|mail| mail.subject == "Sign-in from a new device").count();
    let mut first = world.sign_in(ADA, PASSWORD).await;
    assert_eq!(told().await, 0, "the first of all");
    first.get("/logout").await;
    first.submit("/logout", &[]).await;
    first.sign_in(ADA, PASSWORD).await;
    assert!(is_signed_in(&mut first).await);
    assert_eq!(told().await, 0, "known here");
    let mut second = world.sign_in(ADA, PASSWORD).await;
    assert_eq!(told().await, 1);
    second.get("/logout").await;
    second.submit("/logout", &[]).await;
    second.sign_in(ADA, PASSWORD).await;
    assert_eq!(told().await, 1, "known by now");
    let alarm = alarms(&world, ADA).await.into_iter().next().unwrap();
    assert_eq!(press(&world, &alarm).await.status, 200);
    assert!(!is_signed_in(&mut second).await && !is_signed_in(&mut first).await);
}
