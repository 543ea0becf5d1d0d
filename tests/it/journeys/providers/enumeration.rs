//! A provider that does not vouch for an address tells nobody whether there is an account with it.

use super::*;
use crate::enumeration::shape::Shape;

#[tokio::test]
async fn known_and_unknown_addresses_look_the_same() {
    let (world, fakes) = World::with_fakes("").await;
    world.person("zoe-know@a.example").await;
    arrive(&world, &fakes, "github", "grace").await;
    let disabled = world.person("zoe-disa@a.example").await;
    vestibule::actions::users::disable(&world.app, disabled.id.as_str()).await.unwrap();
    world.user(serde_json::json!({"email": "zoe-unpr@a.example", "password": PASSWORD})).await;
    for (provider, quirk) in [("facebook", "none"), ("google", "unverified_email"), ("github", "unverified_email")] {
        let mut all = Vec::new();
        for email in ["zoe-none@a.example", "zoe-know@a.example", "zoe-disa@a.example", "zoe-unpr@a.example"] {
            let mut browser = world.browser();
            browser.get("/login").await;
            let to = leave(&mut browser, provider).await;
            let callback = fakes.answer_with_email(&to, "somebody", email, quirk).await;
            let before = world.mails().await.len();
            let mut shapes = Vec::new();
            let mut look = |answer: &Answer| {
                let name = email.split('@').next().unwrap();
                shapes.push(Shape::of(answer, &[email.to_owned(), name.to_owned()]));
            };
            let back = browser.get(&path_and_query(&callback)).await;
            look(&back);
            look(&browser.follow(&back).await);
            let sent = browser.submit("/login/address", &[]).await;
            look(&sent);
            look(&browser.follow(&sent).await);
            look(&browser.submit("/verify", &[("code", "not a code")]).await);
            look(&browser.submit("/verify", &[("code", "123456")]).await);
            look(&browser.submit("/verify/resend", &[]).await);
            assert_eq!(world.mails().await.len(), before + 1, "{email}: one mail each");
            all.push(shapes);
        }
        for other in &all[1..] {
            for (one, other) in all[0].iter().zip(other) {
                assert_eq!(one, other, "{provider}");
            }
        }
    }
}
