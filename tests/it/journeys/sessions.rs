//! Sessions and `GET /session`.

use super::is_signed_in;
use crate::world::{Browser, PASSWORD, World};

async fn ids(browser: &mut Browser) -> Vec<String> {
    let page = browser.get("/account/sessions").await;
    let ends = page.forms().into_iter().filter(|form| form.goes_to("/account/sessions/end"));
    ends.map(|form| form.fields[0].1.clone()).collect()
}

#[tokio::test]
async fn one_the_others_or_all_can_be_ended() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    let mut browsers = Vec::new();
    for _ in 0..4 {
        browsers.push(world.sign_in("ada@a.example", PASSWORD).await);
    }
    let [one, two, three, four] = &mut browsers[..] else { panic!() };
    assert_eq!(ids(one).await.len(), 4);
    let second = two.get("/session").await.json()["session"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        one.post("/account/sessions/end", &[("session", &second)]).await.location(),
        "/account/sessions?notice=session-ended"
    );
    assert!(!is_signed_in(two).await && is_signed_in(three).await);
    one.get("/account/sessions").await;
    one.submit("/account/sessions/end-others", &[]).await;
    assert!(!is_signed_in(three).await && !is_signed_in(four).await && is_signed_in(one).await);
    let mut again = world.sign_in("ada@a.example", PASSWORD).await;
    one.get("/account/sessions").await;
    let ended = one.submit("/account/sessions/end-all", &[]).await;
    assert!(one.follow(&ended).await.shown(".notice").unwrap().contains("signed out everywhere"));
    // A browser whose session another one has ended says so, too; one that never had any has nothing to say.
    let asked = again.get("/account/profile").await;
    assert!(again.follow(&asked).await.shown(".notice").unwrap().contains("no longer signed in here"));
    assert_eq!(world.browser().get("/login?to=profile").await.shown(".notice"), None);
    assert!(!is_signed_in(one).await && !is_signed_in(&mut again).await);
}

#[tokio::test]
async fn somebody_elses_session_is_not_ended() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    world.person("eve@a.example").await;
    let mut ada = world.sign_in("ada@a.example", PASSWORD).await;
    let mut eve = world.sign_in("eve@a.example", PASSWORD).await;
    let adas = ids(&mut ada).await.remove(0);
    assert_eq!(eve.post("/account/sessions/end", &[("session", &adas)]).await.location(), "/account/sessions");
    assert!(is_signed_in(&mut ada).await);
    for nonsense in ["", "sess_", "x", "../../etc"] {
        assert_eq!(eve.post("/account/sessions/end", &[("session", nonsense)]).await.status, 404, "{nonsense}");
    }
    assert!(is_signed_in(&mut eve).await);
}

#[tokio::test]
async fn the_session_check_knows_cookie_bearer_and_header() {
    let world = World::new().await;
    let user = world.person("ada@a.example").await;
    let mut ada = world.sign_in("ada@a.example", PASSWORD).await;
    let token = ada.cookies["vestibule_session"].clone();
    let bearer = format!("Bearer {token}");
    for mut program in
        [world.browser().sending("authorization", &bearer), world.browser().sending("session", &token), ada.clone()]
    {
        let answer = program.get("/session").await;
        assert_eq!(answer.status, 200);
        let told = answer.json();
        assert_eq!(
            (told["user"]["id"].as_str(), told["user"]["email"].as_str()),
            (Some(user.id.as_str()), Some("ada@a.example"))
        );
        assert_eq!(told["session"]["amr"], serde_json::json!(["pwd"]));
        assert!(!answer.text().contains("argon2"));
    }
    for wrong in ["Bearer x", "Bearer ", "Basic eA==", "Bearer \u{1f}"] {
        if axum::http::HeaderValue::from_str(wrong).is_ok() {
            assert_eq!(world.browser().sending("authorization", wrong).get("/session").await.status, 401, "{wrong}");
        }
    }
    assert_eq!(world.browser().get("/session").await.status, 401);
    ada.get("/logout").await;
    ada.submit("/logout", &[("where", "here")]).await;
    assert_eq!(world.browser().sending("authorization", &bearer).get("/session").await.status, 401, "ended at once");
}

/// Session fixation: a cookie that somebody planted is worth nothing after the sign-in, and the one that was there changes.
#[tokio::test]
async fn the_cookie_is_a_new_one_after_each_sign_in() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    world.person("eve@a.example").await;
    let mut ada = world.browser();
    ada.cookies.insert("vestibule_session".into(), "AAAAAAAAAAAAAAAAAAAAAA".into());
    let planted = ada.clone();
    ada.sign_in("ada@a.example", PASSWORD).await;
    assert!(is_signed_in(&mut ada).await && !is_signed_in(&mut planted.clone()).await);
    // Eve's live cookie, planted in Ada's browser: Eve does not become Ada.
    let mut eve = world.sign_in("eve@a.example", PASSWORD).await;
    let mut victim = eve.clone();
    victim.post("/login", &[("identifier", "ada@a.example"), ("password", PASSWORD)]).await;
    assert_eq!(victim.get("/session").await.json()["user"]["email"], "ada@a.example");
    assert_ne!(eve.cookies["vestibule_session"], victim.cookies["vestibule_session"]);
    let told = eve.get("/session").await;
    assert!(told.status == 401 || told.json()["user"]["email"] == "eve@a.example", "{}", told.text());
    // The same person again in the same browser: the old value is dead too.
    let before = ada.clone();
    ada.post("/login", &[("identifier", "ada@a.example"), ("password", PASSWORD)]).await;
    assert_ne!(before.cookies["vestibule_session"], ada.cookies["vestibule_session"]);
    assert!(is_signed_in(&mut ada).await && !is_signed_in(&mut before.clone()).await);
}

/// Cookie tossing: of two values neither is believed.
#[tokio::test]
async fn two_session_cookies_are_none() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    world.person("eve@a.example").await;
    let ada = world.sign_in("ada@a.example", PASSWORD).await;
    let eve = world.sign_in("eve@a.example", PASSWORD).await;
    let (a, e) = (&ada.cookies["vestibule_session"], &eve.cookies["vestibule_session"]);
    for both in [format!("vestibule_session={a}; vestibule_session={e}"), format!("vestibule_session={e}; vestibule_session={a}")]
    {
        let mut browser = world.browser().sending("cookie", &both);
        assert_eq!(browser.get("/session").await.status, 401);
        assert_eq!(browser.get("/account").await.status, 303);
    }
}

#[tokio::test]
async fn an_idle_session_ends_and_a_used_one_stays() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    let mut used = world.sign_in("ada@a.example", PASSWORD).await;
    used.get("/account").await;
    let mut idle = world.browser();
    let fields = [("identifier", "ada@a.example"), ("password", PASSWORD), ("remember", "true")];
    idle.post("/login", &fields).await;
    let mut used = {
        used.post("/login", &fields).await;
        used
    };
    for _ in 0..5 {
        world.advance(5 * 86_400);
        assert!(is_signed_in(&mut used).await);
    }
    assert!(!is_signed_in(&mut idle).await);
    world.advance(6 * 86_400);
    assert!(!is_signed_in(&mut used).await, "the absolute end");
}
