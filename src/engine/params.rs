//! Request parameters as they came: repeated ones visible, empty ones left out (RFC 6749 section 3.1).

use percent_encoding::percent_decode;

/// The parameters of a query or form body.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, Value)>);

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    /// No UTF-8, or with a NUL, which PostgreSQL does not keep and no name or password has. Whoever asks for this parameter refuses it; beside it, it is one more that nobody knows.
    Bytes(Vec<u8>),
}

impl Value {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(_) => None,
        }
    }
}

/// A parameter that is asked for cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the parameter {0} was sent more than once")]
    Repeated(&'static str),
    #[error("the parameter {0} cannot be read: it is not UTF-8, or holds a NUL")]
    Charset(&'static str),
}

/// There are more parameters than in anything legitimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are too many parameters")]
pub struct TooMany;

const MOST: usize = 200;

impl Params {
    /// From `application/x-www-form-urlencoded` text. A name that is no text is none that we know, and is ignored (RFC 6749 section 3.1).
    pub fn parse(text: &[u8]) -> Result<Self, TooMany> {
        let mut pairs = Vec::new();
        for piece in text.split(|byte| *byte == b'&') {
            let (name, value) = match piece.iter().position(|byte| *byte == b'=') {
                Some(at) => piece.split_at(at),
                None => (piece, &b""[..]),
            };
            let Some(value) = value.strip_prefix(b"=").filter(|value| !value.is_empty()) else { continue };
            if pairs.len() == MOST {
                return Err(TooMany);
            }
            if let Value::Text(name) = decode(name) {
                pairs.push((name, decode(value)));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that may be there at most once.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Unfit> {
        let mut values = self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(Unfit::Repeated(name)),
            (Some(value), None) => value.text().map(Some).ok_or(Unfit::Charset(name)),
        }
    }

    /// The first value: for our own pages, where a doubled field is a curiosity and no attack.
    pub fn first(&self, name: &str) -> &str {
        self.0.iter().filter(|(found, _)| found == name).find_map(|(_, value)| value.text()).unwrap_or_default()
    }

    /// All values that can be read.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).filter_map(|(_, value)| value.text())
    }

    /// These, and the others where one of these is missing.
    pub fn or(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// All of them, in their order, as the query of an address.
    pub fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in &self.0 {
            let value = match value {
                Value::Text(text) => text.as_bytes(),
                Value::Bytes(bytes) => bytes,
            };
            let separator = if query.is_empty() { "" } else { "&" };
            query.extend([separator].into_iter().chain(form_urlencoded::byte_serialize(name.as_bytes())));
            query.extend(["="].into_iter().chain(form_urlencoded::byte_serialize(value)));
        }
        query
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Whether every value can be read: what a person typed is refused as a whole sooner than kept in part.
    pub fn is_whole(&self) -> bool {
        self.0.iter().all(|(_, value)| value.text().is_some())
    }
}

/// Most pieces stand for themselves.
fn decode(piece: &[u8]) -> Value {
    let plain = piece.iter().all(|byte| byte.is_ascii() && !matches!(byte, b'%' | b'+'));
    let bytes = if plain {
        piece.to_vec()
    } else {
        let spaced: Vec<u8> = piece.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&spaced).collect()
    };
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Value::Text(text),
        Ok(text) => Value::Bytes(text.into_bytes()),
        Err(error) => Value::Bytes(error.into_bytes()),
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Params {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::Text(value.to_owned()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeated_empty_and_broken_parameters() {
        let params = Params::parse(b"a=1&b=&c=x+y&a=2&d=%C3%BC&e&=f&g=%2B%zz%4&h=1=2").unwrap();
        assert_eq!(params.one("a"), Err(Unfit::Repeated("a")));
        assert_eq!((params.one("b"), params.one("e")), (Ok(None), Ok(None)));
        assert_eq!(params.one("c"), Ok(Some("x y")));
        assert_eq!(params.one("d"), Ok(Some("ü")));
        assert_eq!(params.one("g"), Ok(Some("+%zz%4")));
        assert_eq!(params.one("h"), Ok(Some("1=2")));
        assert_eq!(Params::parse("a=1&".repeat(201).as_bytes()).unwrap_err(), TooMany);
    }

    #[test]
    fn what_is_no_text_matters_only_to_who_asks_for_it() {
        let params = Params::parse(b"utm=%ff&%ff=x&a=1&s=%e4&n=%00&m=%2500").unwrap();
        assert_eq!((params.one("a"), params.one("utm")), (Ok(Some("1")), Err(Unfit::Charset("utm"))));
        assert_eq!((params.first("utm"), params.has("utm"), params.is_whole()), ("", true, false));
        assert_eq!(params.query(), "utm=%FF&a=1&s=%E4&n=%00&m=%2500", "and it is sent on as it came");
        assert_eq!(Params::parse(b"a=1&a=%ff").unwrap().one("a"), Err(Unfit::Repeated("a")));
    }

    proptest! {
        /// As the URL Standard reads it.
        #[test]
        fn as_others_read_it(text in "[a-c=&%+0-9A-Fü ]{0,40}") {
            let ours = Params::parse(text.as_bytes()).unwrap();
            let theirs: Vec<_> = form_urlencoded::parse(text.as_bytes())
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            if !theirs.iter().any(|(name, value)| name.contains('\u{fffd}') || value.contains('\u{fffd}')) {
                let ours: Option<Vec<_>> =
                    ours.0.into_iter().map(|(name, value)| Some((name, value.text()?.to_owned()))).collect();
                prop_assert_eq!(ours, Some(theirs));
            }
        }
    }
}
