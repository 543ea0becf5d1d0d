//! Request parameters as they came: repeated ones visible, empty ones left out (RFC 6749 section 3.1).

/// The parameters of a query or form body.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

/// A parameter was sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {0} was sent more than once")]
pub struct Repeated(pub &'static str);

/// The text is not UTF-8, or longer than anything legitimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the parameters are not UTF-8")]
    Charset,
    #[error("there are too many parameters")]
    TooMany,
}

const MOST: usize = 200;

impl Params {
    /// From `application/x-www-form-urlencoded` text.
    pub fn parse(text: &[u8]) -> Result<Self, Unreadable> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text)
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .take(MOST + 1)
            .collect();
        // The decoder puts U+FFFD where bytes are no UTF-8; nobody sends that character on purpose.
        if pairs.iter().any(|(name, value)| name.contains('\u{fffd}') || value.contains('\u{fffd}')) {
            return Err(Unreadable::Charset);
        }
        if pairs.len() > MOST {
            return Err(Unreadable::TooMany);
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that may be there at most once.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(Repeated(name)),
        }
    }

    /// The first value: for our own pages, where a doubled field is a curiosity and no attack.
    pub fn first(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// These, and the others where one of these is missing.
    pub fn or(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// All of them, in their order, as the query of an address.
    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Params {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_empty_and_broken_parameters() {
        let params = Params::parse(b"a=1&b=&c=x+y&a=2&d=%C3%BC").unwrap();
        assert_eq!(params.one("a"), Err(Repeated("a")));
        assert_eq!(params.one("b"), Ok(None));
        assert_eq!(params.one("c"), Ok(Some("x y")));
        assert_eq!(params.one("d"), Ok(Some("ü")));
        assert_eq!(Params::parse(b"a=%ff").unwrap_err(), Unreadable::Charset);
        assert_eq!(Params::parse("a=1&".repeat(201).as_bytes()).unwrap_err(), Unreadable::TooMany);
    }
}
