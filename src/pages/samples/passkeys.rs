//! Pages with passkeys.

use askama::Template;

use super::{HOUR, NOW, ZONE, shell, with_client, wrong};
use crate::locale::Text;
use crate::pages::{Ceremony, Passkey, PasskeyOffer, Passkeys, Signals};

/// Options as short as they can be.
pub(super) fn ceremony() -> Ceremony {
    Ceremony { options: r#"{"challenge":"Y2hhbGxlbmdl","rpId":"localhost"}"#.to_owned(), state: "sealed".to_owned() }
}

pub(super) fn samples(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let passkey = |id: &str, name: &str, used: Option<i64>| Passkey {
        id: id.to_owned(),
        name: name.to_owned(),
        field: format!("name-{id}"),
        renaming: None,
        added: text.day(NOW - 720 * HOUR, ZONE),
        last_used: used.map(|hours| text.when(NOW - hours * HOUR, ZONE)),
    };
    let page = Passkeys {
        shell: shell(text, "account-passkeys"),
        passkeys: vec![passkey("pky_1", "iCloud Keychain", Some(2)), passkey("pky_2", "Chrome, Linux", None)],
        keys: vec![passkey("pky_3", "YubiKey", Some(30))],
        add: Some(ceremony()),
        add_key: Some(ceremony()),
        signals: Some(Signals { accepted: "{}".to_owned(), details: "{}".to_owned() }),
    };
    let empty = Passkeys { passkeys: vec![], keys: vec![], ..page.clone() };
    let elsewhere = Passkeys { add: None, add_key: None, signals: None, ..empty.clone() };
    let renaming = Passkey { renaming: Some(String::new()), ..passkey("pky_1", "iCloud Keychain", Some(2)) };
    let refused = Passkeys {
        shell: wrong(shell(text, "account-passkeys"), "name-pky_1", "problem-passkey-name"),
        passkeys: vec![renaming],
        ..page.clone()
    };
    let offer = PasskeyOffer {
        shell: with_client(shell(text, "offer-title")),
        flow: Some("flow_1".to_owned()),
        to: None,
        add: ceremony(),
    };
    Ok(vec![
        ("account-passkeys", page.render()?),
        ("account-passkeys-empty", empty.render()?),
        ("account-passkeys-elsewhere", elsewhere.render()?),
        ("account-passkeys-error", refused.render()?),
        ("passkey-offer", offer.render()?),
    ])
}
