//! Dates and times as people read them, in their language and time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Text;

/// A moment for a `<time>` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// RFC 3339, UTC.
    pub iso: String,
    /// As a person reads it.
    pub text: String,
}

const MONTHS: [&str; 12] = [
    "month-1", "month-2", "month-3", "month-4", "month-5", "month-6", "month-7", "month-8", "month-9", "month-10", "month-11",
    "month-12",
];

impl Text {
    /// The day, for example "3 March 2026". `millis` is unix time in milliseconds; `zone` an IANA name, UTC if unknown.
    pub fn date(&self, millis: i64, zone: &str) -> String {
        self.zoned(millis, zone).0
    }

    /// Day and time of day; names UTC if the person's zone is not known.
    pub fn moment(&self, millis: i64, zone: &str) -> String {
        let (date, time) = self.zoned(millis, zone);
        self.with("date-time", &[("date", &date), ("time", &time)])
    }

    /// [`Self::moment`] with its machine-readable twin.
    pub fn when(&self, millis: i64, zone: &str) -> When {
        let iso = Timestamp::from_millisecond(millis).map(|time| time.to_string()).unwrap_or_default();
        When { iso, text: self.moment(millis, zone) }
    }

    /// [`Self::date`] with its machine-readable twin.
    pub fn day(&self, millis: i64, zone: &str) -> When {
        let iso = Timestamp::from_millisecond(millis).map(|time| time.to_string()).unwrap_or_default();
        When { iso, text: self.date(millis, zone) }
    }

    fn zoned(&self, millis: i64, zone: &str) -> (String, String) {
        let known = TimeZone::get(zone).ok();
        let suffix = if known.is_some() && zone != "UTC" { "" } else { " UTC" };
        let Ok(timestamp) = Timestamp::from_millisecond(millis) else {
            return (String::new(), String::new());
        };
        let local = timestamp.to_zoned(known.unwrap_or(TimeZone::UTC));
        let month = usize::try_from(local.month() - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"month-1");
        let date = self
            .with("date", &[("day", &local.day().to_string()), ("month", &self.t(month)), ("year", &local.year().to_string())]);
        (date, format!("{:02}:{:02}{suffix}", local.hour(), local.minute()))
    }
}

#[cfg(test)]
mod tests {
    use crate::locale::{Catalogue, Locale, Text};
    use std::sync::Arc;

    #[test]
    fn days_read_naturally_in_both_languages() {
        let catalogue = Arc::new(Catalogue::load().unwrap());
        let text = |locale| Text::new(Arc::clone(&catalogue), locale);
        assert_eq!(text(Locale::En).date(0, "UTC"), "1 January 1970");
        assert_eq!(text(Locale::De).moment(0, "nowhere"), "1. Januar 1970, 00:00 UTC");
        assert_eq!(text(Locale::De).date(i64::MAX, "UTC"), "");
        assert_eq!(text(Locale::En).when(0, "UTC").iso, "1970-01-01T00:00:00Z");
    }
}
