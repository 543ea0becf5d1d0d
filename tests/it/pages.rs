//! Every page with sample data in every language, as it was last looked at. A change shows as a difference; look at the page in a browser,
//! then accept it with `INSTA_UPDATE=always cargo test --test it pages`.

use std::sync::Arc;

use vestibule::http::assets::ASSETS;
use vestibule::locale::{Catalogue, Locale, Text};
use vestibule::pages::samples::samples;

#[test]
fn pages_look_as_they_did() {
    let catalogue = Arc::new(Catalogue::load().unwrap());
    for locale in Locale::ALL {
        for (name, html) in samples(&Text::new(Arc::clone(&catalogue), locale)).unwrap() {
            // The hash in an asset's name changes with the asset, not with the page.
            let plain = |html: String, path: &str| {
                let (stem, rest) = path.rsplit_once('.').unwrap();
                html.replace(path, &format!("{}.{rest}", stem.rsplit_once('.').unwrap().0))
            };
            let html = ASSETS.iter().map(|asset| asset.path).fold(html, plain);
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("{name}.{}", locale.tag()), html);
            });
        }
    }
}
