//! What people paste and type: invisible signs, digits of other scripts, the two forms of an "ä", names that hide something.

use serde_json::json;

use super::problem;
use crate::world::{PASSWORD, World};

#[tokio::test]
async fn invisible_signs_and_other_digits_do_not_keep_anybody_out() {
    let world = World::new().await;
    world
        .user(json!({"email": "ada@a.example", "email_verified": true, "username": "ada", "phone_number": "+436601234567",
            "phone_number_verified": true, "password": PASSWORD}))
        .await;
    for name in [
        "\u{feff}ada@a.example\u{200b}",
        "ａｄａ＠a.example",
        "\u{200e}ada\u{200f}",
        "\u{202a}+43\u{a0}660\u{a0}1234567\u{202c}",
        "+٤٣ ٦٦٠ ١٢٣٤٥٦٧",
    ] {
        world.sign_in(name, PASSWORD).await;
    }
    let mut browser = world.browser();
    browser.get("/signup").await;
    let sent = browser.submit("/signup", &[("email", "\u{200b}eve@a.example"), ("password", PASSWORD)]).await;
    browser.follow(&sent).await;
    let code = world.mail_to("eve@a.example").await.code;
    let wide: String = code.chars().map(|c| char::from_u32(u32::from(c) - u32::from('0') + 0xff10).unwrap()).collect();
    assert_eq!(browser.submit("/verify", &[("code", &format!("\u{2068}{wide}\u{2069}"))]).await.location(), "/account");
}

#[tokio::test]
async fn both_forms_of_a_password_are_one() {
    let world = World::new().await;
    let (composed, decomposed) = ("Sch\u{f6}ner langer Satz", "Scho\u{308}ner langer Satz");
    world.user(json!({"email": "ada@a.example", "email_verified": true, "password": decomposed})).await;
    world.sign_in("ada@a.example", composed).await;
    world.sign_in("ada@a.example", decomposed).await;
    assert_eq!(world.browser().sign_in("ada@a.example", "Schoner langer Satz").await.status, 422);
}

#[tokio::test]
async fn names_that_hide_something_and_addresses_that_mail_cannot_reach_are_refused_with_the_reason() {
    let world = World::new().await;
    for (name, says) in [
        ("ana\u{202e}nimda", "cannot be used"),
        ("\u{200b}", "nothing that can be seen"),
        ("\u{3164}", "nothing that can be seen"),
    ] {
        let mut browser = world.browser();
        browser.get("/signup").await;
        let page = browser.submit("/signup", &[("email", "ana@a.example"), ("name", name), ("password", PASSWORD)]).await;
        assert_eq!(page.status, 422, "{name:?}");
        assert!(problem(&page, "name").contains(says), "{name:?}: {}", problem(&page, "name"));
    }
    let mut browser = world.browser();
    browser.get("/signup").await;
    let page = browser.submit("/signup", &[("email", "\u{e4}n\u{e4}@a.example"), ("password", PASSWORD)]).await;
    assert!(problem(&page, "email").contains("before the @"), "{}", problem(&page, "email"));
    assert_eq!(page.value("email").as_deref(), Some("\u{e4}n\u{e4}@a.example"), "what was typed stays");
}

/// A browser cuts a pasted text at `maxlength` and says nothing; the server says that it is too long.
#[tokio::test]
async fn too_long_is_said_and_never_cut() {
    for entry in walk(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")) {
        let text = std::fs::read_to_string(&entry).unwrap();
        assert!(!text.contains("maxlength"), "{}", entry.display());
        // Browsers refuse what they take for no address before it is sent, invisible signs among it.
        assert!(!text.contains("type=\"email\""), "{}", entry.display());
    }
    let world = World::new().await;
    let mut browser = world.browser();
    browser.get("/signup").await;
    let page = browser.submit("/signup", &[("email", "ana@a.example"), ("name", &"n".repeat(201)), ("password", PASSWORD)]).await;
    assert!(problem(&page, "name").contains("too long"));
    assert_eq!(page.value("name").unwrap().len(), 201);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else if path.extension().is_some_and(|end| end == "html") {
            found.push(path);
        }
    }
    found
}
