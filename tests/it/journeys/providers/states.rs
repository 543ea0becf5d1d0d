//! The way back from a provider belongs to one browser and one journey, and is used once.

use super::*;

/// A browser at a provider's page: the address there.
async fn away(world: &World, provider: &str) -> (Browser, String) {
    let mut browser = world.browser();
    browser.get("/login").await;
    let to = leave(&mut browser, provider).await;
    (browser, to)
}

fn parameter(url: &str, name: &str) -> String {
    let url: url::Url = url.parse().unwrap();
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The journey is over: on to where it led, as somebody who begins anew.
fn late(answer: &Answer) -> bool {
    answer.location().starts_with("/login?flow=") && !answer.location().contains("failed")
}

#[tokio::test]
async fn every_request_has_a_state_and_a_challenge_of_its_own() {
    let (world, _fakes) = World::with_fakes("").await;
    for provider in ["google", "github", "facebook", "twitter", "discord"] {
        let (mut browser, first) = away(&world, provider).await;
        browser.get("/login").await;
        let second = leave(&mut browser, provider).await;
        for name in ["state", "code_challenge"].into_iter().chain((provider == "google").then_some("nonce")) {
            let (one, other) = (parameter(&first, name), parameter(&second, name));
            assert!(one.len() >= 43 && other.len() >= 43 && one != other, "{provider} {name}: {one} {other}");
        }
        assert_eq!(parameter(&first, "code_challenge_method"), "S256", "{provider}");
        assert_eq!(parameter(&first, "redirect_uri"), format!("http://localhost:8080/connect/{provider}/callback"));
    }
}

#[tokio::test]
async fn a_state_that_is_missing_or_wrong_leads_nowhere() {
    let (world, fakes) = World::with_fakes("").await;
    let (mut browser, to) = away(&world, "github").await;
    let callback = path_and_query(&fakes.answer(&to, "grace", "none").await);
    let state = parameter(&to, "state");
    let (id, mac) = state.split_once('.').unwrap();
    let (head, last) = mac.split_at(mac.len() - 1);
    let flipped = if last == "A" { "B" } else { "A" };
    for wrong in [
        String::new(),
        id.to_owned(),
        format!("{id}."),
        format!(".{mac}"),
        format!("{id}.{head}{flipped}"),
        format!("{state}x"),
        "flow_00000000000000000000000000.x".to_owned(),
    ] {
        let answer = browser.clone().get(&callback.replace(&format!("state={state}"), &format!("state={wrong}"))).await;
        assert_eq!(answer.status, 410, "{wrong:?}");
        assert!(answer.shown("h1").is_some() && answer.text().contains("href=\"/login\""), "the way on");
    }
    let twice = browser.clone().get(&format!("{callback}&state={state}")).await;
    assert_eq!(twice.status, 400, "RFC 6749 section 3.1");
    for name in ["code", "iss", "error"] {
        let twice = browser.clone().get(&format!("{callback}&{name}=x&{name}=y")).await;
        assert_eq!(twice.status, 400, "{name}");
    }
    assert!(!is_signed_in(&mut browser).await);
    // None of that has used it up.
    assert_eq!(browser.get(&callback).await.location(), "/account");
    let again = browser.get(&callback).await;
    assert!(late(&again), "once");
    assert_eq!(browser.follow(&again).await.location(), "/account", "whoever is signed in by it goes on");
}

/// Login CSRF, and a callback that was stolen on its way.
#[tokio::test]
async fn another_browser_cannot_use_it() {
    let (world, fakes) = World::with_fakes("").await;
    let (mut browser, to) = away(&world, "github").await;
    let callback = path_and_query(&fakes.answer(&to, "grace", "none").await);
    let mut fresh = world.browser();
    let (mut busy, _) = away(&world, "github").await;
    for other in [&mut fresh, &mut busy] {
        assert_eq!(other.get(&callback).await.status, 410);
        assert!(!is_signed_in(other).await);
    }
    assert_eq!(browser.get(&callback).await.location(), "/account");
}

/// An attacker begins to connect an identity of theirs, and has somebody else open the way back.
#[tokio::test]
async fn nobody_is_made_to_connect_a_strangers_identity() {
    let (world, fakes) = World::with_fakes("").await;
    let ada = world.person(ADA).await;
    world.person("eve@a.example").await;
    let mut eve = world.sign_in("eve@a.example", PASSWORD).await;
    eve.get("/account/identities").await;
    let to = leave(&mut eve, "github").await;
    let callback = path_and_query(&fakes.answer(&to, "grace", "none").await);
    let mut victim = world.sign_in(ADA, PASSWORD).await;
    assert_eq!(victim.get(&callback).await.status, 410);
    assert!(identities(&world, &ada.id).await.is_empty());
    // The same browser, and meanwhile somebody else in it.
    victim.cookies.insert("vestibule_browser".to_owned(), eve.cookies["vestibule_browser"].clone());
    assert_eq!(victim.get(&callback).await.status, 410);
    assert!(identities(&world, &ada.id).await.is_empty() && world.read(GRACE).await.is_none());
}

#[tokio::test]
async fn a_code_of_one_provider_is_no_code_of_another() {
    let (world, fakes) = World::with_fakes("").await;
    let (mut browser, google) = away(&world, "google").await;
    browser.get("/login").await;
    let github = leave(&mut browser, "github").await;
    let answer = path_and_query(&fakes.answer(&google, "ada", "none").await);
    // Google's answer at GitHub's address: another provider's journey.
    let crossed = browser.clone().get(&answer.replace("/connect/google/", "/connect/github/")).await;
    assert_eq!(crossed.status, 410);
    // With GitHub's state, too: whoever mixes us up has both.
    let state = |url: &str| parameter(url, "state");
    let mixed = answer.replace("/connect/google/", "/connect/github/").replace(&state(&google), &state(&github));
    let refused = browser.get(&mixed).await;
    assert!(refused.location().contains("failed=unusable"), "iss is Google's: {}", refused.location());
    let without = mixed.split('&').filter(|pair| !pair.starts_with("iss=")).collect::<Vec<_>>().join("&");
    assert!(late(&browser.get(&without).await), "used up by then");
    assert!(!is_signed_in(&mut browser).await);
    // Without a word of whose it is, GitHub knows no such code.
    browser.get("/login").await;
    let github = leave(&mut browser, "github").await;
    let bare =
        format!("/connect/github/callback?state={}&code={}", state(&github), parameter(&format!("http://x{answer}"), "code"));
    assert!(browser.get(&bare).await.location().contains("failed=unusable"));
    assert!(!is_signed_in(&mut browser).await);
    // The right one is still good.
    assert_eq!(browser.get(&answer).await.location(), "/account");
}

/// RFC 9207 section 2.4: an error, too, says whose it is, and another's is not believed.
#[tokio::test]
async fn an_error_of_one_provider_is_none_of_another() {
    let (world, fakes) = World::with_fakes("").await;
    for provider in ["google", "github"] {
        let (mut browser, to) = away(&world, provider).await;
        let callback = path_and_query(&fakes.cancel(&to).await);
        assert!(callback.contains("error=access_denied") && callback.contains("&iss="), "{callback}");
        let foreign = callback.split('&').filter(|pair| !pair.starts_with("iss=")).collect::<Vec<_>>().join("&");
        let foreign = format!("{foreign}&iss=https%3A%2F%2Faccounts.elsewhere.example");
        let answer = browser.get(&foreign).await;
        assert!(answer.location().contains("failed=unusable"), "{provider}: {}", answer.location());
        browser.get("/login").await;
        let to = leave(&mut browser, provider).await;
        let answer = browser.get(&path_and_query(&fakes.cancel(&to).await)).await;
        assert!(answer.location().contains("failed=cancelled"), "{provider}: {}", answer.location());
    }
}

#[tokio::test]
async fn an_answer_that_came_too_late_or_never_was_asked_for() {
    let (world, fakes) = World::with_fakes("").await;
    let (mut browser, to) = away(&world, "github").await;
    let callback = path_and_query(&fakes.answer(&to, "grace", "none").await);
    world.advance(86_401);
    let answer = browser.get(&callback).await;
    assert!(late(&answer) && !is_signed_in(&mut browser).await);
    assert_eq!(browser.follow(&answer).await.status, 200, "the sign-in page");
    for path in ["/connect/github/callback", "/connect/github/callback?code=x"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 410, "{path}");
        assert!(page.text().contains("in another browser") && page.text().contains("cookies"), "{}", page.text());
    }
    for path in ["/connect/nobody/callback?code=x&state=y", "/connect/%00%0a/callback"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    assert_eq!(browser.post("/connect/nobody", &[]).await.status, 404);
    assert_eq!(browser.get("/connect/github").await.location(), "/login");
    assert_eq!(browser.get("/connect/github/logo").await.status, 404, "the marks come with the page");
    // A state without a code and without an error.
    let (mut browser, to) = away(&world, "github").await;
    let bare = browser.get(&format!("/connect/github/callback?state={}", parameter(&to, "state"))).await;
    assert!(bare.location().contains("failed=unusable"), "{}", bare.location());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_answers_at_once_one_counts() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let (browser, to) = away(&world, "github").await;
        let callback = path_and_query(&fakes.answer(&to, "grace", "none").await);
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (mut browser, callback) = (browser.clone(), callback.clone());
            tries.spawn(async move {
                let answer = browser.get(&callback).await;
                (answer.location().to_owned(), is_signed_in(&mut browser).await)
            });
        }
        let answers = tries.join_all().await;
        assert_eq!(answers.iter().filter(|(to, signed_in)| to == "/account" && *signed_in).count(), 1, "{answers:?}");
        let rest = answers.iter().filter(|(to, signed_in)| to.starts_with("/login?flow=") && !signed_in);
        assert_eq!(rest.count(), 9, "{answers:?}");
        assert_eq!(identities(&world, &world.read(GRACE).await.unwrap().id).await.len(), 1);
    }
}

/// Ten tabs, each with a journey of its own, of a person nobody knows yet.
#[tokio::test(flavor = "multi_thread")]
async fn ten_first_visits_at_once_make_one_account() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let mut callbacks = Vec::new();
        for _ in 0..10 {
            let (browser, to) = away(&world, "github").await;
            callbacks.push((browser, path_and_query(&fakes.answer(&to, "grace", "none").await)));
        }
        let mut tries = tokio::task::JoinSet::new();
        for (mut browser, callback) in callbacks {
            tries.spawn(async move {
                let answer = browser.get(&callback).await;
                (answer.status, who(&browser).await)
            });
        }
        let answers = tries.join_all().await;
        let grace = world.read(GRACE).await.unwrap();
        let ids: Vec<_> = answers.iter().filter_map(|(_, id)| id.clone()).collect();
        assert!(!ids.is_empty() && ids.iter().all(|id| id == grace.id.as_str()), "{answers:?}");
        assert!(answers.iter().all(|(status, _)| matches!(status, 303 | 503)), "{answers:?}");
        assert_eq!(identities(&world, &grace.id).await.len(), 1);
    }
}
