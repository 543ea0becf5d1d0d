//! `vestibule check-config`. Wrong settings have ended the program before it gets here.

use super::Done;
use super::output::print;
use crate::settings::Settings;

pub(super) fn run(settings: &Settings) -> Done {
    for warning in settings.warnings() {
        print(&format!("warning: {warning}"))?;
    }
    print("ok")?;
    Ok(())
}
