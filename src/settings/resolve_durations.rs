//! The checks of sections that are mostly times and counts.

use std::time::Duration;

use url::Url;

use super::{
    raw,
    resolve::Report,
    resolve_sites as sites,
    resolved::{FlowSettings, KeySettings, LimitSettings, Rate, RetentionSettings, SessionSettings, SigningAlg, TokenSettings},
    value::Field,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR_SECONDS: u64 = 365 * DAY;

/// A count of units as a time, at least one unit and at most `max` units.
fn time(field: &Field<u64>, unit: u64, max: u64, report: &mut Report) -> Duration {
    let count: u64 = report.number(field, 1, max);
    Duration::from_secs(count * unit)
}

/// `[sessions]`
pub fn sessions(raw: &raw::Sessions, public: Option<&Url>, report: &mut Report) -> SessionSettings {
    let settings = SessionSettings {
        absolute: time(&raw.absolute_days, DAY, 365, report),
        idle: time(&raw.idle_days, DAY, 365, report),
        short: time(&raw.short_hours, HOUR, 365 * 24, report),
        cookie_domain: sites::cookie_domain(&raw.cookie_domain, public, report),
    };
    if settings.idle > settings.absolute {
        report.refuse(&raw.idle_days, "is longer than absolute_days", "lower it, or raise absolute_days");
    }
    if settings.short > settings.absolute {
        report.refuse(&raw.short_hours, "is longer than absolute_days", "lower it, or raise absolute_days");
    }
    settings
}

/// `[tokens] access_alg`
pub fn access_alg(raw: &raw::Tokens, report: &mut Report) -> Option<SigningAlg> {
    let field = &raw.access_alg;
    let alg = SigningAlg::parse(&field.value);
    if alg.is_none() {
        let names = SigningAlg::ALL.map(SigningAlg::as_str).join(", ");
        report.refuse(field, format!("\"{}\" is unknown", field.value), format!("one of: {names}"));
    }
    alg
}

/// `[tokens]`
pub fn tokens(raw: &raw::Tokens, access_alg: Option<SigningAlg>, report: &mut Report) -> Option<TokenSettings> {
    let access = time(&raw.access_seconds, 1, YEAR_SECONDS - 1, report);
    let id = time(&raw.id_seconds, 1, YEAR_SECONDS - 1, report);
    // RFC 6749 section 4.1.2 recommends ten minutes at most.
    let code = time(&raw.code_seconds, 1, 600, report);
    let refresh_idle = time(&raw.refresh_idle_days, DAY, 364, report);
    let refresh_absolute = time(&raw.refresh_absolute_days, DAY, 364, report);
    let refresh_retry = Duration::from_secs(report.number(&raw.refresh_retry_seconds, 0, 600));
    if refresh_idle > refresh_absolute {
        report.refuse(&raw.refresh_idle_days, "is longer than refresh_absolute_days", "lower it, or raise the other");
    }
    if access > Duration::from_secs(HOUR) {
        report.warnings.push(format!(
            "tokens.access_seconds is {}: an access token that is checked offline outlives a logout by that long.",
            access.as_secs()
        ));
    }
    Some(TokenSettings { access, id, code, refresh_idle, refresh_absolute, refresh_retry, access_alg: access_alg? })
}

/// `[keys]`
pub fn keys(raw: &raw::Keys, report: &mut Report) -> KeySettings {
    let settings = KeySettings {
        rotate: time(&raw.rotate_days, DAY, 3650, report),
        publish: time(&raw.publish_hours, HOUR, 30 * 24, report),
    };
    if settings.publish >= settings.rotate {
        report.refuse(&raw.publish_hours, "is as long as rotate_days: no key would ever sign", "lower it");
    }
    settings
}

/// `[flows]`
pub fn flows(raw: &raw::Flows, report: &mut Report) -> FlowSettings {
    FlowSettings {
        verify: time(&raw.verify_hours, HOUR, 30 * 24, report),
        reset: time(&raw.reset_minutes, MINUTE, 24 * 60, report),
        invitation: time(&raw.invitation_hours, HOUR, 30 * 24, report),
        undo: time(&raw.undo_hours, HOUR, 30 * 24, report),
        code: time(&raw.code_minutes, MINUTE, 60, report),
        // Six digits: more tries would make guessing one worthwhile.
        code_tries: report.number(&raw.code_tries, 1, 10),
        resend: time(&raw.resend_seconds, 1, 3600, report),
    }
}

/// `[limits]`
pub fn limits(raw: &raw::Limits, report: &mut Report) -> LimitSettings {
    if !raw.enabled.value {
        report
            .warnings
            .push("limits.enabled is false: NOTHING slows down password guessing or mail flooding. For load tests only.".into());
    }
    let mut rate = |field, seconds| Rate { count: report.number(field, 1, 1_000_000), per: Duration::from_secs(seconds) };
    LimitSettings {
        enabled: raw.enabled.value,
        sign_in_requester: rate(&raw.sign_in_requester_per_minute, MINUTE),
        signup_requester: rate(&raw.signup_requester_per_hour, HOUR),
        reset_requester: rate(&raw.reset_requester_per_hour, HOUR),
        destination: rate(&raw.destination_per_hour, HOUR),
        verify_requester: rate(&raw.verify_requester_per_minute, MINUTE),
        journeys_requester: rate(&raw.journeys_requester_per_minute, MINUTE),
        token_failures: rate(&raw.token_failures_per_minute, MINUTE),
        sign_in_free_failures: report.number(&raw.sign_in_free_failures, 1, 1_000_000),
        delay_max: time(&raw.delay_max_seconds, 1, 24 * HOUR, report),
    }
}

/// `[retention]`
pub fn retention(raw: &raw::Retention, report: &mut Report) -> RetentionSettings {
    RetentionSettings {
        events: time(&raw.events_days, DAY, 36_500, report),
        messages: time(&raw.messages_days, DAY, 3650, report),
    }
}
