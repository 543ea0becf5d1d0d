//! Master keys that are changed node by node, as docs/operations.md says: `old, new` everywhere, then `new, old` everywhere.

use serde_json::json;
use vestibule::crypto::seal::Keyring;

use crate::rfc::house::{ADA, House, SHOP};
use crate::rfc::walk::text;
use crate::world::{Authenticator, Browser, Database, Node, PASSWORD, Place, World};

const OLD: &str = "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const NEW: &str = "v2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

/// Nodes that stand beside each other while the change goes on.
const STEPS: [[&[&str]; 2]; 3] = [[&[OLD], &[OLD, NEW]], [&[OLD, NEW], &[OLD, NEW]], [&[OLD, NEW], &[NEW, OLD]]];

fn node(keys: &[&str]) -> Node {
    let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
    Node { keyring: Keyring::parse(&keys).unwrap(), ..Node::default() }
}

/// The same browser, whose next request a balancer sends to another node.
fn moved(browser: &Browser, to: &World) -> Browser {
    let mut there = to.browser();
    there.cookies.clone_from(&browser.cookies);
    there
}

#[tokio::test]
async fn refresh_tokens_go_from_node_to_node() {
    for database in Database::BOTH {
        for step in STEPS {
            let Some(place) = Place::new(database).await else { continue };
            let (one, two) = (House::node(&place, node(step[0])).await, House::node(&place, node(step[1])).await);
            one.user(json!({"email": ADA, "email_verified": true, "password": PASSWORD})).await;
            for (here, there) in [(&one, &two), (&two, &one)] {
                let tokens = here.signed_in(ADA).await.tokens(here, SHOP, "openid").await;
                let next = there.refresh(SHOP, text(&tokens, "refresh_token")).await.expect(200).json();
                here.refresh(SHOP, text(&next, "refresh_token")).await.expect(200);
                assert!(there.is_active(SHOP, text(&next, "access_token")).await);
            }
        }
    }
}

#[tokio::test]
async fn links_codes_sessions_and_passkeys_go_from_node_to_node() {
    for database in Database::BOTH {
        for step in STEPS {
            let Some(place) = Place::new(database).await else { continue };
            let (one, two) = (World::node(&place, "", node(step[0])).await, World::node(&place, "", node(step[1])).await);
            for (number, (here, there)) in [(&one, &two), (&two, &one)].into_iter().enumerate() {
                let email = format!("ada{number}@a.example");
                here.person(&email).await;
                let signed_in = here.sign_in(&email, PASSWORD).await;
                assert_eq!(moved(&signed_in, there).get("/account").await.status, 200, "{database:?} {step:?}: a session");

                let mut authenticator = Authenticator::new();
                let mut signed_in = signed_in;
                let page = signed_in.get("/account/passkeys").await;
                let asked = crate::journeys::passkeys::options(&page, "/account/passkeys/add");
                let made = authenticator.create(&asked).await.unwrap();
                let form = page.form("/account/passkeys/add");
                let filled = form.fields.iter().filter(|(name, _)| name != "credential");
                let mut fields: Vec<(&str, &str)> = filled.map(|(name, value)| (name.as_str(), value.as_str())).collect();
                fields.push(("credential", &made));
                let added = moved(&signed_in, there).post(&form.action, &fields).await;
                assert_eq!(added.location(), "/account/passkeys?notice=passkey-added", "{database:?} {step:?}: {}", added.text());

                let mut forgot = here.browser();
                forgot.get("/reset").await;
                let sent = forgot.submit("/reset", &[("identifier", &email)]).await;
                let mail = here.mail_to(&email).await;
                assert_eq!(there.browser().get(&mail.link).await.status, 200, "{database:?} {step:?}: a link");
                let mut elsewhere = moved(&forgot, there);
                elsewhere.follow(&sent).await;
                let proved = elsewhere.submit("/reset/code", &[("code", &mail.code)]).await;
                assert!(proved.location().starts_with("/reset/new"), "{database:?} {step:?}: a code: {}", proved.text());
            }
        }
    }
}
