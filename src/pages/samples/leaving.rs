//! The pages on the way back to an application.

use askama::Template;

use super::super::{Departing, SomebodyElse};
use super::{ADDRESS, shell, with_client};
use crate::locale::Text;

pub(super) fn samples(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let (on, back) = (["leaving-to", "leaving-button"], ["leaving-back", "leaving-back-button"]);
    let page = |title, words| {
        let url = "https://ledger.example/callback?code=vst_cod_1&state=2".to_owned();
        Departing::to(shell(text, title), "Ledger & Sons", words, url).render()
    };
    let somebody_else = SomebodyElse {
        shell: with_client(shell(text, "somebody-else")),
        flow: "flow_1".to_owned(),
        person: "user_1".to_owned(),
        app: "Ledger & Sons".to_owned(),
        name: "Ana Kovač".to_owned(),
        email: ADDRESS.to_owned(),
    };
    Ok(vec![
        ("somebody-else", somebody_else.render()?),
        ("leaving", page("leaving", on)?),
        ("leaving-denied", page("leaving-denied", back)?),
        ("leaving-signed-out", page("logged-out", back)?),
    ])
}
