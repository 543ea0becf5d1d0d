use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use scraper::{ElementRef, Html, Selector};

use super::*;
use crate::http::assets::ASSETS;
use crate::http::compress::Packed;
use crate::locale::{Catalogue, Locale};

/// From this folder.
const SNAPSHOTS: &str = "../../tests/it/snapshots";

fn every(check: impl Fn(&str, &Html)) {
    let catalogue = Arc::new(Catalogue::load().unwrap());
    for locale in Locale::ALL {
        for (name, html) in samples(&Text::new(Arc::clone(&catalogue), locale)).unwrap() {
            check(&format!("{name} ({})", locale.tag()), &Html::parse_document(&html));
        }
    }
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

#[test]
fn no_page_leaks_a_key_a_variable_or_inline_code() {
    every(|name, page| {
        let html = page.html();
        for trace in ["{$", "{ $", "style=", "<style", "onclick", "onload", "javascript:"] {
            assert!(!html.contains(trace), "{name} contains {trace}");
        }
        assert!(all(page, "script:not([src])").is_empty(), "{name} has an inline script");
        for text in all(page, "h1, h2, label, button, p, a, legend, dt, title") {
            let words = text.text().collect::<String>();
            assert!(!words.trim().is_empty(), "{name} has an empty {}", text.value().name());
        }
    });
}

#[test]
fn ids_are_unique_and_everything_that_points_points_somewhere() {
    every(|name, page| {
        let ids: Vec<&str> = all(page, "[id]").iter().filter_map(|element| element.attr("id")).collect();
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), known.len(), "{name} has an id twice: {ids:?}");
        for (selector, attribute) in [
            ("[for]", "for"),
            ("[aria-describedby]", "aria-describedby"),
            ("[aria-labelledby]", "aria-labelledby"),
            (".summary a", "href"),
        ] {
            for element in all(page, selector) {
                for id in element.attr(attribute).unwrap().split(' ') {
                    assert!(known.contains(id.trim_start_matches('#')), "{name}: {attribute} names {id}");
                }
            }
        }
    });
}

#[test]
fn every_field_has_a_label_and_every_form_a_button() {
    every(|name, page| {
        assert_eq!(all(page, "h1").len(), 1, "{name}");
        assert_eq!(all(page, "main").len(), 1, "{name}");
        for field in all(page, "input:not([type=hidden]):not([aria-hidden]), select, textarea") {
            let id = field.attr("id").unwrap();
            assert_eq!(all(page, &format!("label[for=\"{id}\"]")).len(), 1, "{name}: {id}");
            assert!(field.attr("placeholder").is_none());
            assert!(
                field.attr("type") == Some("checkbox")
                    || field.attr("autocomplete").is_some()
                    || field.value().name() == "textarea"
            );
        }
        for form in all(page, "form") {
            assert_eq!(form.attr("method"), Some("post"), "{name}");
            let buttons = form.select(&Selector::parse("button[type=submit]").unwrap()).count();
            assert!(buttons >= 1, "{name}");
        }
        assert!(all(page, "[autocomplete=one-time-code]").len() <= 1, "{name}");
    });
}

#[test]
fn failures_say_so_in_the_title_and_focus_the_summary() {
    every(|name, page| {
        let title = all(page, "title").first().unwrap().text().collect::<String>();
        let wrong = title.starts_with("Error: ") || title.starts_with("Fehler: ");
        assert_eq!(wrong, name.contains("error") || name.contains("account-password"), "{name}: {title}");
        let summary = all(page, ".summary[autofocus][tabindex=\"-1\"]").len();
        assert_eq!(summary, all(page, ".summary").len());
        assert_eq!(all(page, "[aria-invalid=true]").is_empty(), all(page, ".problem").is_empty(), "{name}");
    });
}

#[test]
fn the_sign_in_page_fits_the_first_flight() {
    // As they are sent: 14,336 bytes is what a TCP connection sends before the first acknowledgement.
    let catalogue = Arc::new(Catalogue::load().unwrap());
    let pages = samples(&Text::new(catalogue, Locale::De)).unwrap();
    let page = &pages.iter().find(|(name, _)| *name == "login").unwrap().1;
    let asking = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
    let sent = |plain: &[u8]| Packed::new(plain.to_vec()).choose(&asking).1.len();
    let assets = ASSETS.iter().filter(|asset| page.contains(asset.path)).map(|asset| sent(asset.body));
    let all = sent(page.as_bytes()) + assets.sum::<usize>();
    assert!(all < 14_336, "{all}");
}

/// Every page in every language, as it was last looked at. A change shows as a difference; look at the page in a browser, then accept it with
/// `INSTA_UPDATE=always cargo test --lib pages_look_as_they_did`.
#[test]
fn pages_look_as_they_did() {
    let catalogue = Arc::new(Catalogue::load().unwrap());
    let mut named = BTreeSet::new();
    for locale in Locale::ALL {
        for (name, html) in samples(&Text::new(Arc::clone(&catalogue), locale)).unwrap() {
            // The hash in an asset's name changes with the asset, not with the page.
            let plain = |html: String, path: &str| {
                let (stem, rest) = path.rsplit_once('.').unwrap();
                html.replace(path, &format!("{}.{rest}", stem.rsplit_once('.').unwrap().0))
            };
            let html = ASSETS.iter().map(|asset| asset.path).fold(html, plain);
            let name = format!("{name}.{}", locale.tag());
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => SNAPSHOTS }, {
                insta::assert_snapshot!(name.as_str(), html);
            });
            assert!(named.insert(format!("{name}.snap")), "two samples have the name {name}");
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages").join(SNAPSHOTS);
    let kept = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let stale = kept.filter(|file| Path::new(file).extension().is_some_and(|kind| kind == "snap"));
    let stale: Vec<String> = stale.filter(|file| !named.contains(file)).collect();
    assert!(stale.is_empty(), "no page is called {stale:?} any more");
}

/// In the folder that `VESTIBULE_SAMPLES` names they can be opened with a browser; wherever they are, each finds all it refers to.
#[test]
fn pages_can_be_written_out() {
    let own = tempfile::tempdir().unwrap();
    let folder = std::env::var("VESTIBULE_SAMPLES").map_or_else(|_| own.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(folder.join("static")).unwrap();
    for asset in ASSETS {
        std::fs::write(folder.join(asset.path.trim_start_matches('/')), asset.body).unwrap();
    }
    every(|name, page| {
        let file = folder.join(format!("{}.html", name.replace(" (", "-").trim_end_matches(')')));
        std::fs::write(&file, page.html()).unwrap();
        let mut found = 0;
        for (selector, attribute) in [("link", "href"), ("script", "src"), ("img", "src"), ("use", "href")] {
            for element in all(page, selector) {
                let Some(path) = element.attr(attribute).filter(|path| path.starts_with("/static/")) else { continue };
                assert!(folder.join(path.trim_start_matches('/')).exists(), "{name} asks for {path}, which is not there");
                found += 1;
            }
        }
        assert!(found > 0, "{name} is not dressed");
        assert!(std::fs::metadata(file).unwrap().len() > 200, "{name} is empty");
    });
}

/// A class that the style sheet knows is on a page, and one that a page bears is known; the rest is dead weight in the first flight.
#[test]
fn no_style_is_idle() {
    let style = ASSETS.iter().find(|asset| asset.path.contains("style")).unwrap();
    let css = std::str::from_utf8(style.body).unwrap();
    let mut idle: BTreeSet<&str> = BTreeSet::new();
    for rule in css.split('{') {
        let selector = rule.rsplit(['}', ';']).next().unwrap();
        for class in selector.split('.').skip(1) {
            idle.extend(class.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next());
        }
    }
    idle.retain(|class| class.starts_with(|first: char| first.is_ascii_alphabetic()));
    assert!(idle.len() > 20, "only {} classes were read: is the test blind?", idle.len());
    let worn = std::sync::Mutex::new(BTreeSet::new());
    every(|_, page| {
        let classes =
            all(page, "[class]").iter().flat_map(|element| element.value().classes()).map(str::to_owned).collect::<Vec<_>>();
        worn.lock().unwrap().extend(classes);
    });
    // What scripts put on.
    let scripts = ASSETS.iter().filter(|asset| Path::new(asset.path).extension().is_some_and(|kind| kind == "js"));
    let scripts: String = scripts.map(|asset| String::from_utf8_lossy(asset.body).into_owned()).collect();
    let worn = worn.into_inner().unwrap();
    idle.retain(|class| !worn.contains(*class) && !scripts.contains(class));
    assert!(idle.is_empty(), "no page wears {idle:?}");
}
