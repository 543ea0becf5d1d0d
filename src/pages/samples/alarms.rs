//! The pages behind "this was not me".

use askama::Template;

use super::{shell, wrong};
use crate::locale::Text;
use crate::pages::{LeftOver, Locked, WasntMe};

pub(super) fn alarms(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let alarm = WasntMe { shell: shell(text, "wasnt-me"), token: "token".to_owned(), hours: 72 };
    let unticked = WasntMe { shell: wrong(shell(text, "wasnt-me"), "confirm", "problem-confirm"), ..alarm.clone() };
    let locked = Locked {
        shell: shell(text, "locked"),
        email: Some("an•••@example.com".to_owned()),
        phone: Some("+43 ••• 67".to_owned()),
        reset: "/reset?identifier=ana%40example.com".to_owned(),
        taken: false,
        credentials: true,
        left: Vec::new(),
        mailbox: false,
        way_in: true,
    };
    let stranded = Locked { email: None, phone: None, taken: true, credentials: false, way_in: false, ..locked.clone() };
    let left = |name: &str, restored| LeftOver { name: name.to_owned(), restored };
    let passkey = text.with("locked-passkey", &[("name", "Phone")]);
    let open = Locked {
        left: vec![left("Google an•••@gmail.com", false), left("GitHub mallory", true), left(&passkey, true)],
        mailbox: true,
        ..locked.clone()
    };
    Ok(vec![
        ("wasnt-me", alarm.render()?),
        ("wasnt-me-error", unticked.render()?),
        ("locked", locked.render()?),
        ("locked-taken", stranded.render()?),
        ("locked-left", open.render()?),
    ])
}
