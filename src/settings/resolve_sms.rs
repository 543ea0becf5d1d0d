//! The checks of `[sms]`.

use std::{path::Path, time::Duration};

use axum::http::{HeaderName, HeaderValue};
use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};
use url::{Host, Url};

use super::{
    Mode,
    raw::{self, Raw},
    resolve::{Report, is_loopback},
    resolved::Rate,
    resolved_sms::{CompletionSettings, Countries, Money, Prices, SmsProvider, SmsSettings, SmsTransport, TwilioSender},
    secret::Secret,
    value::Field,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Copy)]
enum Kind {
    Off,
    File,
    Inbox,
    Twilio,
    Vonage,
    Bird,
    Http,
}

const KINDS: [(&str, Kind); 7] = [
    ("off", Kind::Off),
    ("file", Kind::File),
    ("twilio", Kind::Twilio),
    ("vonage", Kind::Vonage),
    ("bird", Kind::Bird),
    ("http", Kind::Http),
    ("inbox", Kind::Inbox),
];

/// `[sms]`
pub fn sms(raw: &raw::Sms, dir: &Path, report: &mut Report) -> Option<SmsSettings> {
    let countries = countries(&raw.countries, report);
    let default_country = raw.default_country.value.trim().to_ascii_uppercase();
    if !default_country.is_empty() && !is_country(&default_country) {
        report.refuse(
            &raw.default_country,
            format!("\"{}\" is no country", raw.default_country.value),
            "two letters, for example \"AT\"",
        );
    }
    let prices = prices(&raw.prices, report);
    let kind = report.word(&raw.transport, &KINDS);
    let transport = match kind? {
        Kind::Off => Some(SmsTransport::Off),
        Kind::File => Some(SmsTransport::File(dir.join("outbox").join("sms"))),
        Kind::Inbox => Some(SmsTransport::Inbox),
        kind => provider(kind, raw, report).map(SmsTransport::Provider),
    };
    let mut rate = |field: &Field<u64>, per| Rate { count: report.number(field, 1, 1_000_000), per };
    let number_hour = rate(&raw.number_per_hour, HOUR);
    let number_day = rate(&raw.number_per_day, DAY);
    let prefix_hour = rate(&raw.prefix_per_hour, HOUR);
    let requester_hour = rate(&raw.requester_per_hour, HOUR);
    let budget: u64 = report.number(&raw.month_budget, 0, 1_000_000_000);
    let pause: u64 = report.number(&raw.completion_pause_minutes, 1, 24 * 60);
    Some(SmsSettings {
        transport: transport?,
        countries,
        default_country: Some(default_country).filter(|country| !country.is_empty()),
        timeout: Duration::from_secs(report.number(&raw.timeout_seconds, 1, 60)),
        max_attempts: report.number(&raw.max_attempts, 1, 100),
        prices,
        month_budget: (budget > 0).then_some(Money(budget * Money::WHOLE)),
        number_hour,
        number_day,
        prefix_hour,
        requester_hour,
        reserved_percent: report.number(&raw.reserved_percent, 0, 90),
        completion: CompletionSettings {
            percent: report.number(&raw.completion_percent, 0, 100),
            sample: report.number(&raw.completion_sample, 4, 100_000),
            pause: Duration::from_secs(pause * 60),
        },
    })
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && Region::from_code(code).is_ok_and(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_some())
}

fn countries(field: &Field<Vec<String>>, report: &mut Report) -> Countries {
    let listed: Vec<String> = field.value.iter().map(|country| country.trim().to_ascii_uppercase()).collect();
    if listed.iter().any(|country| country == "*") {
        return Countries::All;
    }
    for country in listed.iter().filter(|country| !is_country(country)) {
        report.refuse(field, format!("\"{country}\" is no country"), "two letters each, such as [\"AT\", \"DE\"], or [\"*\"]");
    }
    Countries::Listed(listed)
}

fn prices(field: &Field<Vec<String>>, report: &mut Report) -> Prices {
    let mut prices = Prices::default();
    for entry in &field.value {
        let read = entry.split_once('=').and_then(|(country, price)| {
            let country = country.trim().to_ascii_uppercase();
            (country == "*" || is_country(&country)).then_some((country, Money::parse(price)?))
        });
        match read {
            Some((country, price)) if country == "*" => prices.other = price,
            Some(listed) => prices.listed.push(listed),
            None => report.refuse(
                field,
                format!("\"{entry}\" is no price"),
                "country=price with up to four decimals, for example [\"AT=0.08\", \"*=0.12\"]",
            ),
        }
    }
    if !field.value.is_empty() && prices.other == Money(0) {
        // A country without a price would be free, and the month's cap no cap.
        prices.other = prices.listed.iter().map(|(_, price)| *price).max().unwrap_or_default();
    }
    prices
}

fn provider(kind: Kind, raw: &raw::Sms, report: &mut Report) -> Option<SmsProvider> {
    let (default, account_is, secret_is) = match kind {
        Kind::Twilio => ("https://api.twilio.com", "the account SID, \"AC…\"", "the auth token"),
        Kind::Vonage => ("https://api.nexmo.com", "the API key", "the API secret"),
        Kind::Bird => ("https://rest.messagebird.com", "", "the access key"),
        _ => ("", "", ""),
    };
    let base = base_url(&raw.base_url, &raw.transport, default, report);
    let account = raw.account.value.trim().to_owned();
    let mut required = |field: &str, is_there: bool, cure: &str| {
        if !is_there && !cure.is_empty() {
            let what = format!("{field} is missing, and sms.transport is {}", raw.transport.value);
            report.refuse(&raw.transport, what, format!("sms.{field} is {cure}"));
        }
    };
    required("account", !account.is_empty(), account_is);
    required("secret", !raw.secret.value.is_empty(), secret_is);
    let (from, service) = (raw.from.value.trim().to_owned(), raw.messaging_service.value.trim().to_owned());
    let twilio = matches!(kind, Kind::Twilio);
    if twilio && from.is_empty() == service.is_empty() {
        required("from", false, "your number or name; or set sms.messaging_service, but not both");
    } else if matches!(kind, Kind::Vonage | Kind::Bird) {
        required("from", !from.is_empty(), "your number, or a name of up to 11 letters and digits");
    }
    if !account.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        report.refuse(&raw.account, "has other characters than letters, digits, '-' and '_'", "copy it from the provider");
    }
    if !matches!(kind, Kind::Http) && !from.is_empty() && !is_sender(&from) {
        report.refuse(
            &raw.from,
            format!("\"{from}\" is no sender"),
            "a number such as \"+43660123456\", or a name of up to 11 letters and digits",
        );
    }
    let secret = raw.secret.value.clone();
    let headers = headers(&raw.headers, report);
    let base = base?;
    Some(match kind {
        Kind::Twilio => {
            let sender = if service.is_empty() { TwilioSender::From(from) } else { TwilioSender::Service(service) };
            SmsProvider::Twilio { base, account, secret, sender }
        }
        Kind::Vonage => SmsProvider::Vonage { base, account, secret, from },
        Kind::Bird => SmsProvider::Bird { base, secret, from },
        _ => SmsProvider::Http { url: base, from, bearer: Some(secret).filter(|secret| !secret.is_empty()), headers },
    })
}

/// A number, a short code, or a name as GSM networks carry it.
fn is_sender(from: &str) -> bool {
    let digits = from.strip_prefix('+').unwrap_or(from);
    let number = (3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let name = from.len() <= 11 && from.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_.&".contains(&byte));
    number || name
}

fn base_url(field: &Field<String>, transport: &Field<String>, default: &str, report: &mut Report) -> Option<Url> {
    let text = if field.value.is_empty() { default } else { field.value.as_str() };
    if text.is_empty() {
        let what = "is missing, and sms.transport is http";
        report.refuse_because(field, transport, what, "where to post each text, for example \"https://sms.example.org/send\"");
        return None;
    }
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let Some(url) = url else {
        report.refuse(field, format!("\"{text}\" is no web address"), "for example \"https://api.twilio.com\"");
        return None;
    };
    if url.scheme() == "http" && !is_loopback(&url) {
        report.refuse(field, "is http: codes and credentials would cross the network in clear", "use https");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        report.refuse(field, "has a user name, a password or a fragment", "credentials belong in sms.account and sms.secret");
    }
    Some(url)
}

fn headers(field: &Field<Vec<Secret>>, report: &mut Report) -> Vec<(String, Secret)> {
    let mut headers = Vec::new();
    for (index, line) in field.value.iter().enumerate() {
        let read = line.expose().split_once(':').and_then(|(name, value)| {
            let name: HeaderName = name.trim().parse().ok()?;
            HeaderValue::from_str(value.trim()).ok()?;
            Some((name.as_str().to_owned(), Secret::new(value.trim())))
        });
        match read {
            Some(header) => headers.push(header),
            // The value is not repeated: it may be a key.
            None => report.refuse(field, format!("header {} is malformed", index + 1), "\"Name: value\""),
        }
    }
    headers
}

/// What becomes doubtful or wrong only together with other settings.
pub fn warn_sms(sms: &SmsSettings, mode: Mode, loopback: bool, https: bool, raw: &Raw, report: &mut Report) {
    let base = match &sms.transport {
        SmsTransport::Inbox if mode == Mode::Serve && !loopback => {
            report.refuse(
                &raw.sms.transport,
                "is inbox: texts would stay here, unread",
                "name a provider; \"inbox\" belongs to `vestibule dev`",
            );
            return;
        }
        SmsTransport::File(path) if mode == Mode::Serve && https && sms.is_on() => {
            let path = path.display();
            report
                .warnings
                .push(format!("sms.transport is file: texts are written to {path} and reach nobody. Name a provider."));
            return;
        }
        SmsTransport::Off | SmsTransport::File(_) | SmsTransport::Inbox => return,
        SmsTransport::Provider(
            SmsProvider::Twilio { base, .. } | SmsProvider::Vonage { base, .. } | SmsProvider::Bird { base, .. },
        ) => base,
        SmsTransport::Provider(SmsProvider::Http { url, .. }) => url,
    };
    if is_inside(base) && !raw.outbound.allow_private.value {
        report.refuse(
            &raw.sms.base_url,
            "is an address inside your network, and outbound.allow_private is off",
            "set outbound.allow_private = true, or use a public address",
        );
    }
    if !sms.is_on() {
        report.warnings.push("sms.transport names a provider, but sms.countries is empty: no text is ever sent.".into());
    } else if sms.month_budget.is_none() {
        report.warnings.push("sms.month_budget is 0: nothing bounds what texts may cost in a month.".into());
    } else if sms.prices == Prices::default() {
        report.warnings.push("sms.prices is empty: texts seem free, and sms.month_budget bounds nothing.".into());
    }
}

/// True for an address that is plainly not public.
pub(super) fn is_inside(url: &Url) -> bool {
    is_loopback(url)
        || match url.host() {
            Some(Host::Ipv4(address)) => address.is_private() || address.is_link_local(),
            Some(Host::Ipv6(address)) => address.is_unique_local() || address.is_unicast_link_local(),
            _ => false,
        }
}
