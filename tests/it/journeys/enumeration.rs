//! Nothing tells whether an account exists: same status, same headers, same bytes.

use serde_json::json;

use crate::world::{Answer, PASSWORD, World};

/// Each page has a passkey challenge of its own, and the sealed state that goes with it.
fn without_challenges(html: &str) -> String {
    let mut out = html.to_owned();
    for before in ["&#34;challenge&#34;:&#34;", "name=\"state\" value=\""] {
        let parts: Vec<&str> = out.split(before).collect();
        let random = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let rest = parts.iter().skip(1).map(|part| part.trim_start_matches(random));
        out = parts.iter().take(1).copied().chain(rest).collect::<Vec<_>>().join(before);
    }
    out
}

/// What may differ between any two answers: ids of journeys and operations, and what was typed.
fn normalised(answer: &Answer, typed: &str) -> (u16, Vec<(String, String)>, String) {
    let strip = |text: &str| {
        let text = text.replace(typed, "TYPED").replace(&typed.replace('@', "%40"), "TYPED");
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("flow_") {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            out.push_str("FLOW");
            rest = after.trim_start_matches("flow_").trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        }
        without_challenges(&(out + rest))
    };
    let reference = answer.header("x-request-id").to_owned();
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| {
            let value = value.to_str().unwrap();
            let value = if name == "set-cookie" { value.split('=').next().unwrap().to_owned() } else { strip(value) };
            (name.to_string(), if name == "x-request-id" { String::new() } else { value })
        })
        .collect();
    headers.sort();
    // The sealed challenge for passkeys is drawn anew for each page.
    let mut text = strip(&crate::enumeration::shape::without_random(&answer.text()));
    if !reference.is_empty() {
        text = text.replace(&reference, "REFERENCE");
    }
    (answer.status, headers, text)
}

/// People of every kind, with addresses of the same length.
async fn people(world: &World) -> Vec<&'static str> {
    world.person("known000@a.example").await;
    let disabled = world.person("disabled@a.example").await;
    vestibule::actions::users::disable(&world.app, disabled.id.as_str()).await.unwrap();
    world.user(json!({"email": "unproved@a.example", "password": PASSWORD})).await;
    world.user(json!({"email": "nopasswd@a.example", "email_verified": true})).await;
    // Addresses that nobody proved, of accounts that somebody else has shown to be theirs.
    world.user(json!({"email": "claimed0@a.example", "phone_number": "+436601234567", "phone_number_verified": true})).await;
    let mut waiting = world.browser();
    waiting.post("/signup", &[("email", "signedup@a.example"), ("password", PASSWORD)]).await;
    vec![
        "nobody00@a.example",
        "known000@a.example",
        "disabled@a.example",
        "unproved@a.example",
        "nopasswd@a.example",
        "signedup@a.example",
        "claimed0@a.example",
    ]
}

#[tokio::test]
async fn a_wrong_password_looks_the_same_for_everybody() {
    let world = World::new().await;
    let people = people(&world).await;
    let mut first = None;
    for email in people {
        let mut browser = world.browser();
        let answer = browser.sign_in(email, "wrong password").await;
        let found = normalised(&answer, email);
        assert_eq!(found.0, 422);
        let first = first.get_or_insert_with(|| found.clone());
        assert_eq!(*first, found, "{email}");
    }
}

#[tokio::test]
async fn a_reset_looks_the_same_for_everybody() {
    let world = World::new().await;
    let people = people(&world).await;
    let mut first: Option<Vec<_>> = None;
    for email in people {
        let mut browser = world.browser();
        browser.get("/reset").await;
        let sent = browser.submit("/reset", &[("identifier", email)]).await;
        let page = browser.follow(&sent).await;
        let wrong = browser.submit("/reset/code", &[("code", "000000")]).await;
        let early = browser.submit("/reset/resend", &[]).await;
        world.advance(31);
        let again = browser.submit("/reset/resend", &[]).await;
        let found: Vec<_> = [sent, page, wrong, early, again].iter().map(|answer| normalised(answer, email)).collect();
        let first = first.get_or_insert_with(|| found.clone());
        assert_eq!(*first, found, "{email}");
    }
    for (email, mails) in
        [("nobody00@a.example", 0), ("disabled@a.example", 0), ("known000@a.example", 2), ("claimed0@a.example", 0)]
    {
        let sent = world.mails_to(email).await.len();
        assert_eq!(sent, mails, "{email}");
    }
}

#[tokio::test]
async fn a_sign_up_looks_the_same_for_a_taken_address() {
    let world = World::new().await;
    world.person("known000@a.example").await;
    let mut found = Vec::new();
    for email in ["nobody00@a.example", "known000@a.example"] {
        let mut browser = world.browser();
        browser.get("/signup").await;
        let sent = browser.submit("/signup", &[("email", email), ("password", "another password 1")]).await;
        let page = browser.follow(&sent).await;
        let wrong = browser.submit("/verify", &[("code", "000000")]).await;
        world.advance(31);
        let again = browser.submit("/verify/resend", &[]).await;
        let masked = format!("{}•••@a.example", email.split_at(1).0);
        let seen: Vec<_> = [sent, page, wrong, again]
            .iter()
            .map(|answer| {
                let (status, headers, text) = normalised(answer, email);
                (status, headers, text.replace(&masked, "MASKED").replace("n•••••••", "MASKED").replace("k•••••••", "MASKED"))
            })
            .collect();
        found.push(seen);
    }
    assert_eq!(
        found[0].iter().map(|seen| (seen.0, &seen.1)).collect::<Vec<_>>(),
        found[1].iter().map(|seen| (seen.0, &seen.1)).collect::<Vec<_>>()
    );
    assert_eq!(
        found[0].iter().map(|seen| seen.2.len()).collect::<Vec<_>>(),
        found[1].iter().map(|seen| seen.2.len()).collect::<Vec<_>>()
    );
    // The owner is told by mail, and the stranger's password opens nothing.
    let told = world.mails_to("known000@a.example").await;
    assert!(!told.is_empty() && told.iter().all(|mail| mail.code.is_empty()));
    assert_eq!(world.browser().sign_in("known000@a.example", "another password 1").await.status, 422);
}

/// Cached pages and Referer headers tell others; none of these may be kept.
#[tokio::test]
async fn private_pages_are_not_stored_or_framed_and_leak_no_referrer() {
    let world = World::new().await;
    let mut ada = world.sign_up("ada@a.example", PASSWORD).await;
    for path in [
        "/login",
        "/signup",
        "/reset",
        "/account",
        "/account/sessions",
        "/logout",
        "/nowhere",
        "/verify/link?token=x",
        "/session",
    ] {
        let answer = ada.get(path).await;
        assert!(answer.header("cache-control").contains("no-store"), "{path}: {:?}", answer.headers);
        if path != "/session" {
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}
