//! `vestibule check-config`. Wrong settings have ended the program before it gets here.

use super::output::print;
use super::{Done, Failure};
use crate::actions::tell;
use crate::settings::Settings;
use crate::start;

pub(super) fn run(settings: Settings) -> Done {
    for warning in settings.warnings() {
        print(&format!("warning: {warning}"))?;
    }
    tell::overrides(&settings).map_err(|errors| Failure::refused("invalid_settings", errors))?;
    for provider in &settings.providers {
        print(&format!("{}: register {}", provider.id, settings.redirect_uri(&provider.id)))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    print(&runtime.block_on(start::check(settings))?)?;
    print("ok")?;
    Ok(())
}
