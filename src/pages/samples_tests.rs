use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use scraper::{ElementRef, Html, Selector};

use super::*;
use crate::http::assets::ASSETS;
use crate::http::compress::Packed;
use crate::locale::{Catalogue, Locale};

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

/// Writes every page to the folder named by `VESTIBULE_SAMPLES`, for a browser.
#[test]
fn pages_can_be_written_out() {
    let Ok(folder) = std::env::var("VESTIBULE_SAMPLES") else {
        return;
    };
    let catalogue = Arc::new(Catalogue::load().unwrap());
    for locale in Locale::ALL {
        for (name, html) in samples(&Text::new(Arc::clone(&catalogue), locale)).unwrap() {
            std::fs::write(format!("{folder}/{name}-{}.html", locale.tag()), html).unwrap();
        }
    }
    for asset in ASSETS {
        let path = format!("{folder}{}", asset.path);
        std::fs::create_dir_all(format!("{folder}/static")).unwrap();
        std::fs::write(path, asset.body).unwrap();
    }
}
