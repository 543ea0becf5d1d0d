//! `[sms]`, resolved.

use std::{path::PathBuf, time::Duration};

use url::Url;

use super::{resolved::Rate, secret::Secret};

/// `[sms]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsSettings {
    pub transport: SmsTransport,
    pub countries: Countries,
    /// Where numbers without a country code are at home; two letters (ISO 3166-1 alpha-2).
    pub default_country: Option<String>,
    /// Bound of one delivery attempt.
    pub timeout: Duration,
    /// Attempts before a message is given up.
    pub max_attempts: u32,
    pub prices: Prices,
    /// The most that may be spent in a calendar month (UTC); none: no cap.
    pub month_budget: Option<Money>,
    /// How much of it, in percent, is kept for numbers that were proved and people whose first factor was right.
    pub reserved_percent: u32,
    pub number_hour: Rate,
    pub number_day: Rate,
    /// Per range of numbers: those that begin with the same six digits.
    pub prefix_hour: Rate,
    pub requester_hour: Rate,
    pub completion: CompletionSettings,
}

impl SmsSettings {
    /// True if texts can be sent to anybody at all.
    pub fn is_on(&self) -> bool {
        self.transport != SmsTransport::Off && self.countries != Countries::Listed(Vec::new())
    }
}

/// When a range of numbers is left alone because too few of the codes sent to it are ever entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletionSettings {
    /// Of 100 codes, as many must be entered; 0: no brake.
    pub percent: u32,
    /// Codes before a range is judged.
    pub sample: u32,
    /// The first pause; it doubles each time, up to a day.
    pub pause: Duration,
}

/// An amount in ten-thousandths of the operator's currency: prices of messages have four decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(pub u64);

impl Money {
    /// Ten-thousandths in a whole.
    pub const WHOLE: u64 = 10_000;

    /// In wholes, for metrics.
    pub fn wholes(self) -> f64 {
        f64::from(u32::try_from(self.0).unwrap_or(u32::MAX)) / 10_000.0
    }

    /// Reads `0.08`, `1`, `0.0079`.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 4 {
            return None;
        }
        let part: u64 = format!("{part:0<4}").parse().ok()?;
        Some(Self(whole.parse::<u64>().ok()? * Self::WHOLE + part))
    }
}

/// What a message costs, by country.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// Country and price.
    pub listed: Vec<(String, Money)>,
    /// Everywhere else (`*`).
    pub other: Money,
}

impl Prices {
    /// The price of a message to a country; none: to a number of no country.
    pub fn of(&self, country: Option<&str>) -> Money {
        let listed = self.listed.iter().find(|(known, _)| Some(known.as_str()) == country);
        listed.map_or(self.other, |(_, price)| *price)
    }
}

/// Where texts may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Countries {
    All,
    /// Two letters each (ISO 3166-1 alpha-2).
    Listed(Vec<String>),
}

impl Countries {
    /// True if numbers of this country may be written to; none: numbers of no country, such as satellite phones.
    pub fn has(&self, country: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Listed(listed) => country.is_some_and(|country| listed.iter().any(|known| known == country)),
        }
    }
}

/// How texts leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsTransport {
    /// Not at all: phones are no way in.
    Off,
    /// One `.json` a message under this directory (`<data.dir>/outbox/sms`).
    File(PathBuf),
    /// Kept in the outbox and shown under `/dev/sms`.
    Inbox,
    Provider(SmsProvider),
}

/// Whose HTTP API carries the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsProvider {
    /// Also any server that speaks Twilio's API.
    Twilio { base: Url, account: String, secret: Secret, sender: TwilioSender },
    /// Vonage's Messages API.
    Vonage { base: Url, account: String, secret: Secret, from: String },
    /// Bird, once `MessageBird`.
    Bird { base: Url, secret: Secret, from: String },
    /// Any server that takes our JSON.
    Http {
        url: Url,
        from: String,
        /// `Authorization: Bearer …`.
        bearer: Option<Secret>,
        /// Further headers, name and value.
        headers: Vec<(String, Secret)>,
    },
}

/// Who writes, at Twilio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TwilioSender {
    From(String),
    /// A messaging service chooses among its senders.
    Service(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_four_decimals() {
        for (text, amount) in [("0.08", Some(800)), ("1", Some(10_000)), ("0.0079", Some(79)), (" 12.5 ", Some(125_000))] {
            assert_eq!(Money::parse(text), amount.map(Money), "{text}");
        }
        for text in ["", ".", "0,08", "-1", "1.", ".5", "0.00791", "1e3", "9999999999"] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_country_has_its_price_or_that_of_the_others() {
        let prices = Prices { listed: vec![("AT".into(), Money(800))], other: Money(1200) };
        assert_eq!([Some("AT"), Some("DE"), None].map(|country| prices.of(country).0), [800, 1200, 1200]);
    }

    #[test]
    fn countries_are_off_unless_listed() {
        let listed = Countries::Listed(vec!["AT".into()]);
        assert_eq!([Some("AT"), Some("DE"), None].map(|country| listed.has(country)), [true, false, false]);
        assert!(Countries::All.has(None));
    }
}
