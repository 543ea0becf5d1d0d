//! Who is too fast stays on the page, with what was typed, and reads for how long to wait. Nobody loses the way to the application.

use crate::world::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@a.example";

/// One try in a while for everything that people do.
const TIGHT: &str = "[limits]\nenabled = true\nverify_requester_per_minute = 1\nsign_in_requester_per_minute = 1\n\
                     signup_requester_per_hour = 1\nreset_requester_per_hour = 1\n";

#[track_caller]
fn waits(answer: &Answer, typed: &[(&str, &str)]) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    let after: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=3600).contains(&after), "{after}");
    let said = answer.shown(".summary li").unwrap_or_default();
    assert!(said.matches("wait").count() == 1 && said.contains(" then try again"), "{said}");
    assert!(said.matches("Too many tries").count() <= 1 && answer.text().matches(&said).count() == 1, "{said}");
    for (field, value) in typed {
        assert_eq!(answer.value(field).as_deref(), Some(*value), "{field}");
    }
    assert!(!answer.text().contains(PASSWORD), "a password never comes back");
}

async fn at_login(world: &World) -> (Browser, String) {
    let client = serde_json::json!({"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"], "first_party": true});
    let client = world.client(client).await.client.id.clone();
    let mut browser = world.browser();
    let begun = browser
        .get(&format!(
            "/oauth2/authorize?client_id={client}&response_type=code&scope=openid&nonce=n&redirect_uri=https%3A%2F%2Fshop.example%2Fcb"
        ))
        .await;
    let page = browser.follow(&begun).await;
    (browser, page.value("flow").unwrap())
}

#[tokio::test]
async fn every_form_says_so_on_its_own_page() {
    let world = World::with(TIGHT).await;
    world.person(ADA).await;
    let (browser, flow) = at_login(&world).await;
    let with_flow = |fields: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned()));
        fields.chain([("flow", flow.clone())]).collect()
    };
    // Each form once, and once more.
    let twice = async |path: &str, fields: Vec<(&'static str, String)>, shown: &[(&str, &str)]| {
        world.advance(3700);
        let mut browser = browser.clone();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_ne!(browser.post(path, &fields).await.status, 429, "{path}");
        let refused = browser.post(path, &fields).await;
        waits(&refused, shown);
        refused
    };
    let again = [("identifier", ADA), ("flow", flow.as_str())];
    twice("/login", with_flow(&[("identifier", ADA), ("password", "wrong")]), &again).await;
    twice("/login/code", with_flow(&[("identifier", ADA), ("way", "mail")]), &again).await;
    twice("/reset", with_flow(&[("identifier", ADA)]), &again).await;
    let new = [("email", "bob@a.example"), ("name", "Bob"), ("flow", flow.as_str())];
    twice("/signup", with_flow(&[("email", "bob@a.example"), ("name", "Bob"), ("password", PASSWORD)]), &new).await;

    // Codes: of a sign-in, a reset and a sign-up.
    for (start, fields, enter, resend) in [
        ("/login/code", vec![("identifier", ADA), ("way", "mail")], "/login/code/enter", "/login/code/resend"),
        ("/reset", vec![("identifier", ADA)], "/reset/code", "/reset/resend"),
        ("/signup", vec![("email", "eve@a.example"), ("password", PASSWORD)], "/verify", "/verify/resend"),
    ] {
        world.advance(3700);
        let (mut browser, app) = at_login(&world).await;
        let mut fields = fields;
        fields.push(("flow", &app));
        let sent = browser.post(start, &fields).await;
        let page = browser.follow(&sent).await;
        let flow = page.value("flow").unwrap();
        let code = [("flow", flow.as_str()), ("code", "123456")];
        assert_eq!(browser.post(enter, &code).await.status, 422, "{enter}");
        waits(&browser.post(enter, &code).await, &code);
        let soon = browser.post(resend, &code[..1]).await;
        waits(&soon, &code[..1]);
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_shown_yet_leads_back_to_itself() {
    let world = World::with("[limits]\nenabled = true\njourneys_requester_per_minute = 1\n").await;
    let (mut browser, _) = at_login(&world).await;
    let path = "/oauth2/authorize?client_id=".to_owned();
    let mut last = None;
    for _ in 0..3 {
        let client =
            serde_json::json!({"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"], "first_party": true});
        let client = world.client(client).await.client.id.clone();
        let path = format!("{path}{client}&response_type=code&scope=openid&nonce=n&redirect_uri=https%3A%2F%2Fshop.example%2Fcb");
        let answer = browser.get(&path).await;
        last = Some((path, answer));
    }
    let (path, answer) = last.unwrap();
    assert_eq!(answer.status, 429);
    assert!(answer.text().contains(&format!("href=\"{}\"", path.replace('&', "&#38;"))), "{}", answer.text());
    assert_eq!(answer.shown("main").unwrap().matches("Too many tries").count(), 1, "{}", answer.text());
    // A form that has no page of its own to show leads back to where it stood.
    let referred = browser.clone().sending("referer", "http://localhost:8080/account/identities?x=1");
    let mut referred = referred;
    let answer = referred.post("/connect/google", &[("connect", "1")]).await;
    assert!(answer.status != 200);
    let elsewhere = browser.clone().sending("referer", "http://localhost:8080.evil.example/").get("/login").await;
    assert!(!elsewhere.text().contains("evil"));
}
