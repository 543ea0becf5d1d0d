//! The pages that move on to an application.

use super::super::Departing;
use super::shell;
use crate::locale::Text;

pub(super) fn samples(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let (on, back) = (["leaving-to", "leaving-button"], ["leaving-back", "leaving-back-button"]);
    let page = |title, words| {
        let url = "https://ledger.example/callback?code=vst_cod_1&state=2".to_owned();
        askama::Template::render(&Departing::to(shell(text, title), "Ledger & Sons", words, url))
    };
    Ok(vec![
        ("leaving", page("leaving", on)?),
        ("leaving-denied", page("leaving-denied", back)?),
        ("leaving-signed-out", page("logged-out", back)?),
    ])
}
