//! Scopes: sets of words (RFC 6749 section 3.3).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of scope values; its text form is sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

/// What Vestibule itself understands, in the order in which consent shows it.
pub const STANDARD: [&str; 6] = ["openid", "profile", "email", "phone", "address", "offline_access"];

impl Scopes {
    /// Splits at spaces; None if a value has a character that RFC 6749 does not allow.
    pub fn parse(text: &str) -> Option<Self> {
        let values = text.split(' ').filter(|value| !value.is_empty());
        let is_token = |value: &&str| value.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        let values: Vec<_> = values.collect();
        values.iter().all(is_token).then(|| Self(values.into_iter().map(str::to_owned).collect()))
    }

    pub fn contains(&self, value: &str) -> bool {
        self.0.contains(value)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// In the order in which people read them: the standard ones, then the applications' own.
    pub fn in_order(&self) -> impl Iterator<Item = &str> {
        let standard = STANDARD.into_iter().filter(|value| self.contains(value));
        standard.chain(self.iter().filter(|value| !STANDARD.contains(value)))
    }

    /// What both have.
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// What either has.
    pub fn or(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// What this has and the other has not.
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }
}

impl<'a> FromIterator<&'a str> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(values: I) -> Self {
        Self(values.into_iter().map(str::to_owned).collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, value) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(value)?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a scope"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeated_and_doubled_spaces_do_not_matter() {
        assert_eq!(Scopes::parse(" openid  email openid ").unwrap().to_string(), "email openid");
        assert!(Scopes::parse("open\"id").is_none());
        assert!(Scopes::parse("op\\en").is_none());
        assert!(Scopes::parse("a\tb").is_none());
    }

    #[test]
    fn people_read_the_standard_ones_first() {
        let scopes = Scopes::parse("a email x:y offline_access profile openid").unwrap();
        let order: Vec<&str> = scopes.in_order().collect();
        assert_eq!(order, ["openid", "profile", "email", "offline_access", "a", "x:y"]);
    }

    proptest! {
        #[test]
        fn text_and_set_agree(text in "[a-c ]{0,20}", other in "[b-d ]{0,20}") {
            let (a, b) = (Scopes::parse(&text).unwrap(), Scopes::parse(&other).unwrap());
            prop_assert_eq!(&Scopes::parse(&a.to_string()).unwrap(), &a);
            prop_assert!(a.and(&b).is_subset(&a) && a.is_subset(&a.or(&b)));
            prop_assert!(a.without(&b).and(&b).is_empty());
        }
    }
}
