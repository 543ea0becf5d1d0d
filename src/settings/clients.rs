//! `[[clients]]`: clients registered in the file.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{
    client_metadata::{ClientMetadata, ValidClient},
    problem::{Problem, nearest},
    secret::Secret,
    value::{FromSetting, Origin},
};

/// A client of the file, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientEntry {
    pub client_id: String,
    /// SHA-256 of the secret; none for a public client.
    pub secret_hash: Option<[u8; 32]>,
    pub metadata: ValidClient,
}

impl fmt::Debug for ClientEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientEntry")
            .field("client_id", &self.client_id)
            .field("secret_hash", &self.secret_hash.map(|_| "(redacted)"))
            .field("metadata", &self.metadata)
            .finish()
    }
}

/// A client as written.
#[derive(Debug, Clone, Default)]
pub struct RawClient {
    line: usize,
    lines: BTreeMap<String, usize>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
    client_secret_hash: Option<Secret>,
    metadata: ClientMetadata,
}

/// The keys of an entry, for hints.
pub(super) const KEYS: &[&str] = &[
    "client_id",
    "client_secret",
    "client_secret_hash",
    "client_name",
    "client_uri",
    "logo_uri",
    "redirect_uris",
    "post_logout_redirect_uris",
    "grant_types",
    "response_types",
    "token_endpoint_auth_method",
    "scope",
    "id_token_signed_response_alg",
    "application_type",
    "first_party",
    "pkce",
    "id_token_claims",
];

impl RawClient {
    /// Reads one entry. Each key is read alone, so that each wrong one is reported with its own line.
    pub fn read(table: &DeTable<'_>, line: usize, line_at: impl Fn(usize) -> usize, problems: &mut Vec<Problem>) -> Self {
        let mut client = Self { line, ..Self::default() };
        let mut sound = DeTable::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let line = line_at(key.span().start);
            client.lines.insert(name.to_owned(), line);
            let taken = match name {
                "client_id" => text(value.get_ref()).map(|text| client.client_id = Some(text)),
                "client_secret" => text(value.get_ref()).map(|text| client.client_secret = Some(text)),
                "client_secret_hash" => text(value.get_ref()).map(|text| client.client_secret_hash = Some(text)),
                _ => {
                    let mut one = DeTable::new();
                    one.insert(key.clone(), value.clone());
                    match metadata(one, value.span()) {
                        Err(message) => Err(("has the wrong type".to_owned(), message)),
                        Ok(metadata) if !metadata.extra.is_empty() => Err((
                            "unknown key".to_owned(),
                            nearest(name, KEYS.iter().copied()).map_or_else(String::new, |name| format!("did you mean {name}?")),
                        )),
                        Ok(_) => {
                            sound.insert(key.clone(), value.clone());
                            Ok(())
                        }
                    }
                }
            };
            if let Err((what, cure)) = taken {
                problems.push(Problem { origin: Origin::File { line }, subject: format!("[[clients]] {name}"), what, cure });
            }
        }
        client.metadata = metadata(sound, 0..0).unwrap_or_default();
        client
    }

    fn problem(&self, key: &str, what: impl Into<String>, cure: impl Into<String>) -> Problem {
        let line = self.lines.get(key).copied().unwrap_or(self.line);
        Problem { origin: Origin::File { line }, subject: format!("[[clients]] {key}"), what: what.into(), cure: cure.into() }
    }

    fn secret_hash(&self, problems: &mut Vec<Problem>) -> Option<[u8; 32]> {
        match (&self.client_secret, &self.client_secret_hash) {
            (Some(_), Some(_)) => {
                problems.push(self.problem("client_secret_hash", "stands beside client_secret", "keep one of them"));
                None
            }
            (Some(secret), None) if secret.expose().len() < 16 => {
                problems.push(self.problem(
                    "client_secret",
                    "is too short to be a secret",
                    "at least 16 random characters, as from: openssl rand -hex 32",
                ));
                None
            }
            (Some(secret), None) => {
                let mut hash = [0; 32];
                digest(&SHA256, secret.expose().as_bytes()).as_ref().iter().zip(&mut hash).for_each(|(from, to)| *to = *from);
                Some(hash)
            }
            (None, Some(hex)) => {
                let hash =
                    HEXLOWER_PERMISSIVE.decode(hex.expose().as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                if hash.is_none() {
                    problems.push(self.problem(
                        "client_secret_hash",
                        "is no SHA-256",
                        "64 hexadecimal digits, as from: printf %s \"$SECRET\" | sha256sum",
                    ));
                }
                hash
            }
            (None, None) => None,
        }
    }
}

fn text<T: FromSetting>(value: &DeValue<'_>) -> Result<T, (String, String)> {
    T::from_toml(value).ok_or_else(|| ("has the wrong type".to_owned(), format!("write {}", T::EXPECTED)))
}

fn metadata(table: DeTable<'_>, span: std::ops::Range<usize>) -> Result<ClientMetadata, String> {
    let value = toml::Spanned::new(span, DeValue::Table(table));
    ClientMetadata::deserialize(ValueDeserializer::from(value)).map_err(|error| error.message().to_owned())
}

/// Checks every entry, and the entries against each other.
pub fn resolve_clients(raw: &[RawClient], problems: &mut Vec<Problem>) -> Vec<ClientEntry> {
    let mut entries: Vec<ClientEntry> = Vec::new();
    for client in raw {
        let before = problems.len();
        let client_id = client.client_id.clone().unwrap_or_default();
        // RFC 6749 appendix A.1: visible characters. Without the colon, Basic needs no second thought.
        if client_id.is_empty() || client_id.len() > 200 || !client_id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
        {
            problems.push(client.problem(
                "client_id",
                "is missing or malformed",
                "1 to 200 visible ASCII characters without spaces and colons, for example \"wiki\"",
            ));
        } else if client_id.to_ascii_lowercase().starts_with("user_") {
            problems.push(client.problem("client_id", "begins with user_, as the ids of people do", "for example \"wiki\""));
        } else if entries.iter().any(|entry| entry.client_id == client_id) {
            problems.push(client.problem("client_id", format!("\"{client_id}\" occurs twice"), "give every client its own"));
        }
        let secret_hash = client.secret_hash(problems);
        let given = client.client_secret.is_some() || client.client_secret_hash.is_some();
        match client.metadata.validate() {
            Err(wrong) => {
                problems.extend(wrong.into_iter().map(|problem| client.problem(problem.key, problem.what, "")));
            }
            Ok(metadata) => {
                if metadata.is_public() && given {
                    let key = if client.client_secret.is_some() { "client_secret" } else { "client_secret_hash" };
                    problems.push(client.problem(
                        key,
                        "is given to a public client",
                        "remove it, or set token_endpoint_auth_method to client_secret_basic",
                    ));
                } else if !metadata.is_public() && !given {
                    problems.push(client.problem(
                        "client_secret",
                        format!("is missing; the client uses {}", metadata.auth_method.as_str()),
                        "add client_secret or client_secret_hash, or token_endpoint_auth_method = \"none\" for a public client",
                    ));
                }
                if problems.len() == before {
                    entries.push(ClientEntry { client_id, secret_hash, metadata });
                }
            }
        }
    }
    entries
}
