//! The checks of `[sign_in]` and `[second_factor]`.

use std::time::Duration;

use super::raw;
use super::resolve::Report;
use super::resolved::{FactorKind, RequiredFor, SecondFactorSettings, SignInSettings, Way};
use super::value::Field;

/// Words of a list, each once, in its order; at least `least` of them.
fn words<T: Copy + PartialEq>(field: &Field<Vec<String>>, known: &[(&str, T)], least: usize, report: &mut Report) -> Vec<T> {
    let mut found = Vec::new();
    let names = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    for word in &field.value {
        match known.iter().find(|(name, _)| name == word) {
            Some((_, meaning)) if found.contains(meaning) => {
                report.refuse(field, format!("\"{word}\" is there twice"), "each word once");
            }
            Some((_, meaning)) => found.push(*meaning),
            None => report.refuse(field, format!("\"{word}\" is unknown"), format!("of: {}", names())),
        }
    }
    if found.len() < least {
        report.refuse(field, "is empty", format!("at least one of: {}", names()));
    }
    found
}

/// `[sign_in]`
pub fn sign_in(raw: &raw::SignIn, report: &mut Report) -> SignInSettings {
    let ways = words(&raw.ways, &Way::ALL.map(|way| (way.as_str(), way)), 1, report);
    if ways == [Way::Passkey] {
        report.refuse(
            &raw.ways,
            "has passkeys only",
            "add \"password\", \"mail\" or \"sms\": passkeys need script and a first sign-in",
        );
    }
    SignInSettings {
        ways,
        emails_as_usernames: raw.emails_as_usernames.value,
        link: Duration::from_secs(report.number::<u64>(&raw.link_minutes, 1, 60) * 60),
        step_up: Duration::from_secs(report.number::<u64>(&raw.step_up_minutes, 1, 24 * 60) * 60),
    }
}

/// `[second_factor]`
pub fn second_factor(raw: &raw::SecondFactor, report: &mut Report) -> SecondFactorSettings {
    let kinds = words(&raw.kinds, &FactorKind::ALL.map(|kind| (kind.as_str(), kind)), 0, report);
    let required = report.word(&raw.required, &RequiredFor::ALL.map(|who| (who.as_str(), who))).unwrap_or(RequiredFor::Nobody);
    let enrolable = kinds.iter().any(|kind| matches!(kind, FactorKind::Totp | FactorKind::Passkey));
    if required != RequiredFor::Nobody && !enrolable {
        report.refuse_because(
            &raw.kinds,
            &raw.required,
            "has nothing that people could set up when a second factor is required of them",
            "add \"totp\" or \"passkey\"",
        );
    }
    let remember = Duration::from_secs(report.number::<u64>(&raw.remember_days, 0, 365) * 86400);
    SecondFactorSettings { kinds, required, remember: Some(remember).filter(|time| !time.is_zero()) }
}
