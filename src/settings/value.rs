//! A raw value: what it is, and where it was set.

use toml::de::DeValue;

use super::secret::Secret;

/// Where a value comes from. Later ones win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file, counted from 1.
    File { line: usize },
    /// An environment variable, by name.
    Environment(String),
}

/// One raw setting with its name and origin.
#[derive(Debug, Clone)]
pub struct Field<T> {
    pub section: &'static str,
    pub key: &'static str,
    pub value: T,
    pub origin: Origin,
}

/// One value on its way in.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// From the file.
    Toml(&'a DeValue<'a>),
    /// From the environment.
    Text(&'a str),
}

impl<T: FromSetting> Field<T> {
    /// Takes a value, or says what was expected.
    pub fn set(&mut self, input: Input<'_>, origin: Origin) -> Result<(), &'static str> {
        let value = match input {
            Input::Toml(value) => T::from_toml(value),
            Input::Text(text) => T::from_text(text),
        };
        self.value = value.ok_or(T::EXPECTED)?;
        self.origin = origin;
        Ok(())
    }
}

/// A type a raw setting may have.
pub trait FromSetting: Sized {
    /// For the message when the value is of another type.
    const EXPECTED: &'static str;
    /// Reads a TOML value.
    fn from_toml(value: &DeValue<'_>) -> Option<Self>;
    /// Reads the text of an environment variable.
    fn from_text(text: &str) -> Option<Self>;
}

impl FromSetting for String {
    const EXPECTED: &'static str = "text in quotes";
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromSetting for Secret {
    const EXPECTED: &'static str = String::EXPECTED;
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(Self::new)
    }
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl FromSetting for bool {
    const EXPECTED: &'static str = "true or false";
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
    fn from_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
}

impl FromSetting for u64 {
    const EXPECTED: &'static str = "a whole number, 0 or more";
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let number = value.as_integer()?;
        Self::from_str_radix(number.as_str(), number.radix()).ok()
    }
    fn from_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
}

impl<T: FromSetting> FromSetting for Vec<T> {
    const EXPECTED: &'static str = "a list of texts, [\"…\", \"…\"]";
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_array()?.iter().map(|item| T::from_toml(item.get_ref())).collect()
    }
    /// A TOML array, or items between commas.
    fn from_text(text: &str) -> Option<Self> {
        if text.trim_start().starts_with('[') {
            return Self::from_toml(DeValue::parse(text.trim()).ok()?.get_ref());
        }
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::from_text).collect()
    }
}
