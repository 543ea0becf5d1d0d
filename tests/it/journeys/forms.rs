//! Where forms lead. Browsers hold every redirect after a form against `form-action`, also those that the other side adds, so none of ours
//! leads away: [`crate::world::Browser`] asserts it after each form that any test sends. Here stands that the list is complete.

use std::collections::BTreeSet;
use std::fs;

use crate::world::{Browser, PASSWORD, World};

/// What a form's answer is, and what may follow by redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// A page of ours, always.
    Here,
    /// The end of a flow: `/consent`, `/session/continue` or a page of the account. The first two move on by a page.
    Flow,
    /// A page that moves on to a provider.
    Provider,
    /// `/logout/done`, which moves on by a page.
    LoggedOut,
}

/// Every form. A new one is written down here, and its answer sent in a test.
const FORMS: &[(&str, Ends)] = &[
    ("/login", Ends::Flow),
    ("/login/passkey", Ends::Flow),
    ("/login/switch", Ends::Here),
    ("/login/code", Ends::Here),
    ("/login/code/enter", Ends::Flow),
    ("/login/code/resend", Ends::Here),
    ("/login/link", Ends::Flow),
    ("/login/second", Ends::Flow),
    ("/login/second/send", Ends::Here),
    ("/login/enrol", Ends::Flow),
    ("/login/enrol/passkey", Ends::Flow),
    ("/login/enrol/key", Ends::Flow),
    ("/login/address", Ends::Flow),
    ("/login/join", Ends::Flow),
    ("/login/connect", Ends::Flow),
    ("/connect/{provider}", Ends::Provider),
    ("/consent", Ends::Flow),
    ("/signup", Ends::Flow),
    ("/verify", Ends::Flow),
    ("/verify/resend", Ends::Here),
    ("/verify/link", Ends::Flow),
    ("/reset", Ends::Here),
    ("/reset/code", Ends::Here),
    ("/reset/resend", Ends::Here),
    ("/reset/link", Ends::Here),
    ("/reset/new", Ends::Flow),
    ("/link/renew", Ends::Here),
    ("/logout", Ends::LoggedOut),
    ("/account/profile", Ends::Here),
    ("/account/password", Ends::Here),
    ("/account/phone/remove", Ends::Here),
    ("/account/passkeys/add", Ends::Here),
    ("/account/passkeys/add-key", Ends::Here),
    ("/account/passkeys/rename", Ends::Here),
    ("/account/passkeys/remove", Ends::Here),
    ("/account/passkeys/offer", Ends::Flow),
    ("/account/email/link", Ends::Here),
    ("/account/security/factor/rename", Ends::Here),
    ("/account/security/factor/remove", Ends::Here),
    ("/account/security/codes", Ends::Here),
    ("/account/security/devices/revoke", Ends::Here),
    ("/account/security/devices/revoke-all", Ends::Here),
    ("/account/security/totp/begin", Ends::Here),
    ("/account/security/totp", Ends::Here),
    ("/account/security/recovery", Ends::Here),
    ("/account/security/recovery/kept", Ends::Flow),
    ("/account/security/recovery/download", Ends::Here),
    ("/account/identities/disconnect", Ends::Here),
    ("/account/sessions/end", Ends::Here),
    ("/account/sessions/end-others", Ends::Here),
    ("/account/sessions/end-all", Ends::Here),
    ("/account/apps/revoke", Ends::Here),
    ("/account/delete", Ends::Here),
    ("/wasnt-me", Ends::Here),
    ("/invitation", Ends::Here),
    ("/setup", Ends::Here),
];

/// Those of the router's source that take POST. The pages for addresses and numbers are made from a template of paths and end here.
fn posted() -> BTreeSet<String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut found = BTreeSet::new();
    for (file, room) in [("src/web/mod.rs", ".route("), ("src/oidc/mod.rs", "pub fn consent()")] {
        let text = fs::read_to_string(format!("{root}/{file}")).unwrap();
        let (_, text) = text.split_once(room).unwrap();
        let text = if file.contains("oidc") { text.split_once("\n}").unwrap().0 } else { text };
        for route in format!("{room}{text}").split(".route(").skip(1) {
            let Some((path, handlers)) = route.strip_prefix('"').and_then(|rest| rest.split_once('"')) else { continue };
            if handlers.lines().next().unwrap_or_default().contains("post(") {
                found.insert(path.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_form_is_on_the_list() {
    let listed: BTreeSet<String> = FORMS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(posted(), listed);
}

const SETTINGS: &str = "[[sites]]\nhost = \"localhost:3000\"\n";
const ADA: &str = "ada@a.example";

async fn arrived(browser: &mut Browser, path: &str, form: &str) {
    browser.get(path).await;
    let sent = browser.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert!(sent.location().starts_with(form), "{}", sent.location());
    let page = browser.follow(&sent).await;
    assert!(page.leaves(), "{} {}", page.status, page.location());
    // Reloading is no dead end.
    assert!(browser.follow(&sent).await.leaves());
}

/// Targets elsewhere are reached by a page, those on our own origin by redirect; and without a form before it by redirect, always.
#[tokio::test]
async fn only_what_leaves_goes_by_a_page() {
    let world = World::with(SETTINGS).await;
    world.keys().await;
    world.person(ADA).await;
    let client = |uri: &str| serde_json::json!({"client_name": "Shop", "redirect_uris": [uri], "first_party": true});
    for (uri, ours) in [
        ("https://shop.example/cb", false),
        ("http://localhost:8080/app/cb", true),
        ("http://localhost:8081/cb", false),
        ("org.example.app:/cb", false),
    ] {
        let mut metadata = client(uri);
        if !uri.starts_with("https") {
            metadata["application_type"] = "native".into();
            metadata["token_endpoint_auth_method"] = "none".into();
        }
        let client = world.client(metadata).await.client.id.clone();
        let ask = form_urlencoded::Serializer::new("/oauth2/authorize?".to_owned())
            .extend_pairs([("client_id", client.as_str()), ("response_type", "code"), ("scope", "openid"), ("nonce", "n")])
            .extend_pairs([("redirect_uri", uri), ("code_challenge_method", "S256")])
            .append_pair("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
            .finish();
        let mut browser = world.browser();
        let begun = browser.get(&ask).await;
        browser.follow(&begun).await;
        let sent = browser.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
        let mut reached = browser.get(sent.location()).await;
        if reached.forms().iter().any(|form| form.action == "/consent") {
            let form = reached.form("/consent");
            let mut fields: Vec<_> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            fields.push(("decision", "allow"));
            let sent = browser.post("/consent", &fields).await;
            reached = browser.get(sent.location()).await;
        }
        assert!(reached.location().starts_with(&format!("{uri}?code=")), "{uri}: {}", reached.text());
        assert_eq!((reached.status == 303, reached.leaves()), (ours, !ours), "{uri}");
        let text = reached.text();
        assert!(ours || (text.contains("You are signed in") && text.contains("Going on to Shop")), "{text}");
        // Signed in: one request, one redirect.
        let silent = browser.get(&ask).await;
        if silent.location().starts_with('/') {
            assert!(uri.starts_with("org.") || uri.contains("localhost"), "asks an app on a device again");
        } else {
            assert_eq!(silent.status, 303, "{uri}");
            assert!(silent.location().starts_with(&format!("{uri}?code=")));
        }
    }
    let site = "/session/start?return_to=http%3A%2F%2Flocalhost%3A3000%2Fa";
    let mut browser = world.browser();
    let begun = browser.get(site).await;
    arrived(&mut browser, begun.location(), "/session/continue?").await;
    let silent = browser.get(site).await;
    assert_eq!((silent.status, silent.location()), (303, "http://localhost:3000/a"));
    // No open redirect: the address is judged on each way.
    let foreign = browser.get("/session/continue?return_to=https%3A%2F%2Fevil.example%2F").await;
    assert_eq!((foreign.status, foreign.location()), (400, ""));
}
