//! `keep_tokens`.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use vestibule::actions::providers::tokens::renew_one;
use vestibule::store::Location;

use super::*;

/// The one row's tokens and when they have to be renewed, in unix milliseconds.
async fn kept(world: &World) -> (Option<Vec<u8>>, Option<i64>) {
    let Location::Sqlite(path) = &world.place.location else { panic!("no file") };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
    let mut connection = options.connect().await.unwrap();
    sqlx::query_as("SELECT tokens, renew_at FROM external_identities").fetch_one(&mut connection).await.unwrap()
}

async fn put(world: &World, tokens: &[u8], renew_at: i64) {
    let Location::Sqlite(path) = &world.place.location else { panic!("no file") };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
    let mut connection = options.connect().await.unwrap();
    let changed = sqlx::query("UPDATE external_identities SET tokens = ?, renew_at = ?").bind(tokens).bind(renew_at);
    changed.execute(&mut connection).await.unwrap();
}

const KEEPS: &str =
    "[google]\nkeep_tokens = true\n[discord]\nkeep_tokens = true\n[github]\nkeep_tokens = true\n[twitter]\nkeep_tokens = true\n";

#[tokio::test]
async fn tokens_are_kept_only_where_the_settings_say_so() {
    for provider in ["google", "github", "discord", "twitter"] {
        for (settings, keeps) in [("", false), (KEEPS, true)] {
            let (world, fakes) = World::with_fakes(settings).await;
            arrive(&world, &fakes, provider, "ada").await;
            let (tokens, renew_at) = kept(&world).await;
            assert_eq!(tokens.is_some(), keeps, "{provider}");
            assert_eq!(renew_at.is_some(), keeps && provider != "github", "{provider}: GitHub's have no end");
        }
    }
}

/// Nothing of them can be read in the files, not even of a journey that was given up.
#[tokio::test]
async fn tokens_are_sealed() {
    let (world, fakes) = World::with_fakes(KEEPS).await;
    arrive(&world, &fakes, "google", "ada").await;
    arrive(&world, &fakes, "github", "grace").await;
    let (_, answer) = come(&world, &fakes, "google", "grace", "none").await;
    assert!(answer.location().starts_with("/login/address"));
    let bytes = stored(&world);
    assert!(holds(&bytes, ADA) && holds(&bytes, "external_identities"), "it is the file");
    for prefix in ["ya29.", "1//0", "gho_"] {
        assert!(!holds(&bytes, prefix), "{prefix}");
    }
}

#[tokio::test]
async fn tokens_are_renewed_before_they_end() {
    for (provider, seconds) in [("google", 3599), ("discord", 604_800), ("twitter", 7200)] {
        let (world, fakes) = World::with_fakes(KEEPS).await;
        arrive(&world, &fakes, provider, "ada").await;
        assert!(!renew_one(&world.app).await.unwrap(), "{provider}: not yet");
        let mut last = kept(&world).await;
        for _ in 0..3 {
            world.advance(seconds - 200);
            assert!(renew_one(&world.app).await.unwrap(), "{provider}");
            let now = kept(&world).await;
            assert!(now.0.is_some() && now.0 != last.0 && now.1 > last.1, "{provider}: {:?} {:?}", last.1, now.1);
            last = now;
            assert!(!renew_one(&world.app).await.unwrap(), "{provider}: once");
        }
        assert!(!holds(&stored(&world), "ya29."));
    }
}

#[tokio::test]
async fn tokens_that_are_refused_are_dropped() {
    let (world, fakes) = World::with_fakes(KEEPS).await;
    let browser = arrive(&world, &fakes, "discord", "ada").await;
    let (old, renew_at) = kept(&world).await;
    world.advance(604_800);
    assert!(renew_one(&world.app).await.unwrap());
    // The refresh token that is used up already.
    put(&world, &old.unwrap(), renew_at.unwrap()).await;
    assert!(renew_one(&world.app).await.unwrap());
    assert_eq!(kept(&world).await, (None, None));
    assert!(!renew_one(&world.app).await.unwrap());
    assert_eq!(identities(&world, &world.read(ADA).await.unwrap().id).await.len(), 1, "the connection stays");
    drop(browser);
    assert!(who(&arrive(&world, &fakes, "discord", "ada").await).await.is_some());
    assert!(kept(&world).await.0.is_some(), "with the next sign-in there are new ones");
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_again_later() {
    let (world, fakes) = World::with_fakes(KEEPS).await;
    arrive(&world, &fakes, "discord", "ada").await;
    drop(fakes);
    world.advance(604_800);
    let before = kept(&world).await;
    assert!(renew_one(&world.app).await.unwrap());
    let after = kept(&world).await;
    assert_eq!(after.0, before.0, "kept");
    assert_eq!(after.1, Some((world.app.now() + Duration::from_secs(600)).millis()));
    assert!(!renew_one(&world.app).await.unwrap(), "not at once");
}

#[tokio::test]
async fn tokens_go_with_the_connection() {
    let (world, fakes) = World::with_fakes(KEEPS).await;
    let user = world.person(ADA).await;
    let mut browser = world.sign_in(ADA, PASSWORD).await;
    connect(&fakes, &mut browser, "discord", "ada").await;
    assert!(kept(&world).await.0.is_some());
    let id = identities(&world, &user.id).await[0].id.to_string();
    let gone = browser.post("/account/identities/disconnect", &[("identity", &id)]).await;
    assert_eq!(gone.location(), "/account/identities?notice=identity-disconnected&with=discord");
    assert_eq!(kept(&world).await, (None, None));
    world.advance(604_800);
    assert!(!renew_one(&world.app).await.unwrap());
}

/// Google gives a refresh token at the first consent only: the next sign-in does not lose it.
#[tokio::test]
async fn a_sign_in_without_a_refresh_token_keeps_the_one_there_is() {
    let (world, fakes) = World::with_fakes(KEEPS).await;
    arrive(&world, &fakes, "google", "ada").await;
    let first = kept(&world).await;
    world.advance(60);
    let mut browser = world.browser();
    browser.get("/login").await;
    let to = leave(&mut browser, "google").await;
    let typed = [("person", "ada"), ("quirk", "none"), ("answer", "continue"), ("access_type", "")];
    let callback = fakes.fill_in(&to, &typed).await;
    assert_eq!(browser.get(&path_and_query(&callback)).await.location(), "/account");
    let second = kept(&world).await;
    assert!(second.0 != first.0 && second.1 > first.1, "{:?} {:?}", first.1, second.1);
    world.advance(3600);
    assert!(renew_one(&world.app).await.unwrap());
    assert!(kept(&world).await.0.is_some(), "it could be renewed");
}
