//! `[[providers]]` as written.

use toml::de::DeTable;

use super::{
    problem::{Problem, nearest},
    secret::Secret,
    value::{Field, FromSetting, Input, Origin},
};

macro_rules! entry {
    ($($key:ident: $ty:ty = $default:expr,)*) => {
        /// One entry. What was not written has the entry's own line as its origin.
        #[derive(Debug, Clone)]
        pub struct RawProvider {
            origin: Origin,
            $(pub $key: Field<$ty>,)*
        }

        impl RawProvider {
            fn new(line: usize) -> Self {
                let origin = Origin::File { line };
                Self {
                    $($key: Field { section: "[providers]", key: stringify!($key), value: $default.into(), origin: origin.clone() },)*
                    origin,
                }
            }

            fn set(&mut self, key: &str, input: Input<'_>, origin: Origin) -> Option<Result<(), &'static str>> {
                match key {
                    $(stringify!($key) => Some(self.$key.set(input, origin)),)*
                    _ => None,
                }
            }
        }

        /// The keys of an entry, for hints.
        pub(super) const KEYS: &[&str] = &[$(stringify!($key)),*];
    };
}

entry! {
    id: String = "",
    name: String = "",
    logo: String = "",
    client_id: String = "",
    client_secret: Secret = Secret::default(),
    client_secret_file: String = "",
    issuer: String = "",
    authorization_endpoint: String = "",
    token_endpoint: String = "",
    userinfo_endpoint: String = "",
    token_endpoint_auth_method: String = "client_secret_basic",
    subject_claim: String = "sub",
    email_claim: String = "email",
    email_verified_claim: String = "email_verified",
    name_claim: String = "name",
    username_claim: String = "preferred_username",
    picture_claim: String = "picture",
    scopes: Vec<String> = [],
    linking: String = "link_verified",
    vouches_for: Vec<String> = [],
    keep_tokens: bool = false,
    second_factor: Vec<String> = [],
    logout: bool = false,
}

impl RawProvider {
    /// Reads one entry; each wrong key is reported with its own line.
    pub fn read(table: &DeTable<'_>, line: usize, line_at: impl Fn(usize) -> usize, problems: &mut Vec<Problem>) -> Self {
        let mut entry = Self::new(line);
        for (key, value) in table {
            let name: &str = key.get_ref();
            let origin = Origin::File { line: line_at(key.span().start) };
            let (what, cure) = match entry.set(name, Input::Toml(value.get_ref()), origin.clone()) {
                Some(Ok(())) => continue,
                Some(Err(expected)) => ("has the wrong type".to_owned(), format!("write {expected}")),
                None => (
                    "unknown key".to_owned(),
                    nearest(name, KEYS.iter().copied()).map_or_else(
                        || format!("the keys of [[providers]] are: {}", KEYS.join(", ")),
                        |name| format!("did you mean {name}?"),
                    ),
                ),
            };
            problems.push(Problem { origin, subject: format!("[[providers]] {name}"), what, cure });
        }
        entry
    }

    /// True if the entry has this key.
    pub fn has<T: FromSetting>(&self, field: &Field<T>) -> bool {
        field.origin != self.origin
    }
}
