//! A JSON document about a person.

use serde_json::Value;

use super::{error::UpstreamError, lenient};

/// Reads members by their path, with dots between names. What is absent, or of another type, is not there, and keeps nobody out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a>(pub &'a Value);

impl<'a> Document<'a> {
    fn at(self, path: &str) -> Option<&'a Value> {
        if path.is_empty() {
            return None;
        }
        path.split('.').try_fold(self.0, |value, name| value.get(name))
    }

    /// The value as one of a type. One that cannot be is left out, and the log says so.
    fn read<T>(self, path: &str, read: fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.at(path).filter(|value| !value.is_null())?;
        read(value).or_else(|| {
            lenient::unusable("profile", path, value);
            None
        })
    }

    /// A text, or a number as one.
    pub(super) fn text(self, path: &str) -> Option<String> {
        self.read(path, lenient::text)
    }

    /// True only if it says so; some write it as text.
    pub(super) fn flag(self, path: &str) -> bool {
        self.read(path, lenient::flag).unwrap_or(false)
    }

    /// The subject: a text or a whole number.
    pub(super) fn subject(self, path: &str) -> Result<String, UpstreamError> {
        match self.at(path) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
            Some(_) => Err(UpstreamError::Garbage(format!("`{path}` is neither text nor a whole number"))),
            None => Err(UpstreamError::Garbage(format!("`{path}` is missing"))),
        }
    }

    /// A list of texts; a single one is a list, too.
    pub(super) fn list(self, path: &str) -> Vec<String> {
        self.read(path, lenient::texts).unwrap_or_default()
    }

    pub(super) fn integer(self, path: &str) -> Option<i64> {
        self.read(path, lenient::integer)
    }
}
