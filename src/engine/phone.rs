//! Phone numbers: as people type them, as they are compared, and as they are shown.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};
use serde::{Serialize, Serializer};

/// A telephone number that exists in some country's plan, in E.164.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Why a text is no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPhone {
    #[error("not a phone number: write it with its country code, such as +43 1 234567")]
    Malformed,
    /// There is no such country code, or no such number in that country.
    #[error("no such phone number: look at its country code and its length")]
    Unknown,
}

/// A country by its two letters (ISO 3166-1 alpha-2), as `libphonenumber` knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(Region);

impl FromStr for Country {
    type Err = NotAPhone;

    fn from_str(text: &str) -> Result<Self, NotAPhone> {
        let upper = text.trim().to_ascii_uppercase();
        let region = Region::from_code(&upper).map_err(|_| NotAPhone::Unknown)?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| Self(region)).ok_or(NotAPhone::Unknown)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.as_region_str())
    }
}

impl Phone {
    /// Understands spaces, dashes, brackets and slashes, `+` and `00`, and national numbers if `home` says of which country.
    pub fn parse(text: &str, home: Option<Country>) -> Result<Self, NotAPhone> {
        // The longest number has 15 digits; with its punctuation far less than this.
        if text.len() > 200 {
            return Err(NotAPhone::Malformed);
        }
        // Address books put marks of direction around what is copied from them, and keyboards have digits of their own.
        let text = super::text::meant(text);
        if text.len() > 60 || !text.chars().any(|c| c.is_ascii_digit()) || text.chars().any(char::is_alphabetic) {
            return Err(NotAPhone::Malformed);
        }
        let text = text.trim();
        // "00" is how most of the world dials out; without a home country nothing else can be meant.
        let international = text.strip_prefix("00").filter(|_| home.is_none()).map(|rest| format!("+{rest}"));
        let number = PHONE_NUMBER_UTIL
            .parse(international.as_deref().unwrap_or(text), home.map(|home| home.0))
            .map_err(|_| NotAPhone::Malformed)?;
        if !number.is_valid() || number.extension.as_ref().is_some_and(|extension| !extension.is_empty()) {
            return Err(NotAPhone::Unknown);
        }
        Ok(Self(number.format_as(PhoneNumberFormat::E164).into_owned()))
    }

    /// A number in E.164 that was accepted before, without asking whether today's plans still know it.
    pub fn stored(text: &str) -> Result<Self, NotAPhone> {
        if super::address::is_e164(text) { Ok(Self(text.to_owned())) } else { Err(NotAPhone::Malformed) }
    }

    /// E.164: the one spelling by which it is found, and what messages are sent to.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parsed(&self) -> Option<PhoneNumber> {
        PHONE_NUMBER_UTIL.parse(&self.0, None).ok()
    }

    /// As it is written internationally, such as `+43 1 234567`.
    pub fn shown(&self) -> String {
        self.parsed().map_or_else(|| self.0.clone(), |number| number.format_as(PhoneNumberFormat::International).into_owned())
    }

    /// Where the number is at home; none for satellite and other numbers of no country.
    pub fn country(&self) -> Option<Country> {
        self.parsed().and_then(|number| number.get_region_code()).map(Country)
    }

    /// Whether calling or writing to it costs the caller more than a usual call: never written to.
    pub fn is_premium(&self) -> bool {
        let kind = self.parsed().map(|number| number.get_type());
        matches!(kind, Some(PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost))
    }

    /// For pages: enough to recognise one's own number, not enough to learn another's.
    pub fn masked(&self) -> String {
        let digits: Vec<char> = self.0.chars().skip(1).collect();
        let last: String = digits.iter().skip(digits.len().saturating_sub(2)).collect();
        let code = self.parsed().map_or_else(String::new, |number| number.country_code.to_string());
        format!("+{code} ••• {last}")
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromStr for Phone {
    type Err = NotAPhone;

    fn from_str(text: &str) -> Result<Self, NotAPhone> {
        Self::stored(text)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_understood_as_people_write_them() {
        let austria = "AT".parse().ok();
        for (text, home, number) in [
            ("+43 660 123 45 67", None, "+436601234567"),
            ("0043 660/1234567", None, "+436601234567"),
            ("0660 1234567", austria, "+436601234567"),
            ("(0660) 123-4567", austria, "+436601234567"),
            ("00436601234567", austria, "+436601234567"),
            (" +1 (202) 555-0173 ", austria, "+12025550173"),
            ("\u{202d}+43\u{a0}660\u{a0}1234567\u{202c}", None, "+436601234567"),
            ("+43\u{2011}660\u{200b}1234567\u{feff}", None, "+436601234567"),
            ("＋４３ ６６０ １２３４５６７", None, "+436601234567"),
            ("+٤٣ ٦٦٠ ١٢٣٤٥٦٧", None, "+436601234567"),
        ] {
            assert_eq!(Phone::parse(text, home).unwrap().as_str(), number, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_refused() {
        let america = "US".parse().ok();
        for text in
            ["", "ana", "ana@example.com", "12", "+999 1234567", "+43", "0660 1234567", "1-800-FLOWERS", "+1 202 555 0173 ext. 5"]
        {
            assert!(Phone::parse(text, None).is_err(), "{text}");
        }
        assert!(Phone::parse("123", america).is_err());
        assert!(Phone::parse(&"1".repeat(100), america).is_err());
    }

    #[test]
    fn it_is_shown_whole_to_its_owner_and_masked_to_others() {
        let phone = Phone::parse("+436601234567", None).unwrap();
        assert_eq!(phone.shown(), "+43 660 1234567");
        assert_eq!(phone.masked(), "+43 ••• 67");
        assert_eq!(phone.country().unwrap().to_string(), "AT");
        assert!("XX".parse::<Country>().is_err());
        assert!("".parse::<Country>().is_err());
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_its_result_is_its_own_fixed_point(text in "\\PC{0,40}", home in proptest::option::of("(AT|US|GB|IN)")) {
            let home = home.and_then(|home| home.parse().ok());
            if let Ok(phone) = Phone::parse(&text, home) {
                prop_assert_eq!(Phone::parse(phone.as_str(), None).unwrap(), phone.clone());
                prop_assert!(Phone::stored(phone.as_str()).is_ok());
            }
        }
    }
}
