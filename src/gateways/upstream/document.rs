//! A JSON document about a person.

use serde_json::Value;

use super::error::UpstreamError;

/// Reads members by their path, with dots between names. What is absent, or of another type, is not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a>(pub &'a Value);

impl<'a> Document<'a> {
    fn at(self, path: &str) -> Option<&'a Value> {
        if path.is_empty() {
            return None;
        }
        path.split('.').try_fold(self.0, |value, name| value.get(name))
    }

    pub(super) fn text(self, path: &str) -> Option<String> {
        self.at(path).and_then(Value::as_str).map(str::to_owned)
    }

    /// True only if it says so; some write it as text.
    pub(super) fn flag(self, path: &str) -> bool {
        match self.at(path) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
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
        match self.at(path) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(text)) => vec![text.clone()],
            _ => Vec::new(),
        }
    }

    pub(super) fn integer(self, path: &str) -> Option<i64> {
        self.at(path).and_then(Value::as_i64)
    }
}
