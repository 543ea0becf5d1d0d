//! Sites of the file: an array of tables `[[sites]]`, each with the rules by which `GET /session/verify` lets people in.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};
use url::Host;

use super::{
    problem::{Problem, nearest},
    resolve::Report,
    value::{FromSetting, Origin},
};

/// A site, or all the sites one label below a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// In lower-case ASCII, without port; an IPv6 address in brackets.
    pub host: String,
    /// It stands for `<one label>.<host>`, and not for the host itself.
    pub subdomains: bool,
    /// None: the scheme's own.
    pub port: Option<u16>,
    /// What anybody may see, with all that is below: `/`, or segments after slashes.
    pub public_paths: Vec<String>,
    /// Only with two factors.
    pub two_factors: bool,
    /// One of them is enough; empty: everybody with an account.
    pub groups: Vec<String>,
}

impl Site {
    fn written(&self) -> String {
        let star = if self.subdomains { "*." } else { "" };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{star}{}{port}", self.host)
    }
}

/// A site as written.
#[derive(Debug, Clone, Default)]
pub struct RawSite {
    line: usize,
    lines: BTreeMap<String, usize>,
    host: String,
    public_paths: Vec<String>,
    acr: String,
    groups: Vec<String>,
}

/// The keys of an entry, for hints.
pub(super) const KEYS: &[&str] = &["host", "public_paths", "acr", "groups"];

impl RawSite {
    /// Reads one entry. Each key is read alone, so that each wrong one is reported with its own line.
    pub fn read(table: &DeTable<'_>, line: usize, line_at: impl Fn(usize) -> usize, problems: &mut Vec<Problem>) -> Self {
        let mut site = Self { line, ..Self::default() };
        for (key, value) in table {
            let name: &str = key.get_ref();
            site.lines.insert(name.to_owned(), line_at(key.span().start));
            let value = value.get_ref();
            let taken = match name {
                "host" => take(&mut site.host, value),
                "public_paths" => take(&mut site.public_paths, value),
                "acr" => take(&mut site.acr, value),
                "groups" => take(&mut site.groups, value),
                _ => Err((
                    "unknown key".to_owned(),
                    nearest(name, KEYS.iter().copied()).map_or_else(
                        || format!("the keys of a site are: {}", KEYS.join(", ")),
                        |name| format!("did you mean {name}?"),
                    ),
                )),
            };
            if let Err((what, cure)) = taken {
                let problem = site.problem(name, what, cure);
                problems.push(problem);
            }
        }
        site
    }

    fn problem(&self, key: &str, what: impl Into<String>, cure: impl Into<String>) -> Problem {
        let line = self.lines.get(key).copied().unwrap_or(self.line);
        Problem { origin: Origin::File { line }, subject: format!("[[sites]] {key}"), what: what.into(), cure: cure.into() }
    }

    fn resolve(&self, problems: &mut Vec<Problem>) -> Option<Site> {
        let before = problems.len();
        let name = parse_name(&self.host);
        if let Err(what) = &name {
            problems.push(self.problem(
                "host",
                what.clone(),
                "for example \"app.example.org\", \"*.apps.example.org\" or \"localhost:3000\"",
            ));
        }
        let mut public_paths = Vec::new();
        for path in &self.public_paths {
            match plain(path) {
                Some(plain) => public_paths.push(plain),
                None => problems.push(self.problem(
                    "public_paths",
                    format!("\"{path}\" is no plain path"),
                    "write it as browsers show it, without * and ?, for example \"/static\"; what is below is meant as well",
                )),
            }
        }
        let two_factors = self.acr == "two-factor";
        if !two_factors && !self.acr.is_empty() {
            problems.push(self.problem("acr", format!("\"{}\" is unknown", self.acr), "\"two-factor\", or \"\" for any sign-in"));
        }
        for group in self.groups.iter().filter(|group| *group != "admin") {
            problems.push(self.problem(
                "groups",
                format!("there is no group \"{group}\""),
                "the only group is \"admin\", the administrators; [] lets everybody in who has an account",
            ));
        }
        let (host, subdomains, port) = name.ok().filter(|_| problems.len() == before)?;
        Some(Site { host, subdomains, port, public_paths, two_factors, groups: self.groups.clone() })
    }
}

fn take<T: FromSetting>(into: &mut T, value: &DeValue<'_>) -> Result<(), (String, String)> {
    *into = T::from_toml(value).ok_or_else(|| ("has the wrong type".to_owned(), format!("write {}", T::EXPECTED)))?;
    Ok(())
}

/// Host, whether it stands for those below it, and port.
fn parse_name(text: &str) -> Result<(String, bool, Option<u16>), String> {
    if text.is_empty() {
        return Err("is missing".to_owned());
    }
    let malformed = || format!("\"{text}\" is no host");
    let (bare, subdomains) = text.strip_prefix("*.").map_or((text, false), |rest| (rest, true));
    let (name, port) = match bare.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port.parse().map_err(|_| malformed())?)),
        _ => (bare, None),
    };
    match Host::parse(name).map_err(|_| malformed())? {
        Host::Domain(domain) if domain.split('.').any(str::is_empty) => Err(malformed()),
        Host::Domain(domain) if subdomains && !domain.contains('.') => {
            Err(format!("\"{text}\" would stand for everybody's hosts"))
        }
        host if subdomains && !matches!(host, Host::Domain(_)) => Err(malformed()),
        host => Ok((host.to_string(), subdomains, port)),
    }
}

/// A path without anything that servers read differently; the rules that requests are held against are the engine's.
fn plain(text: &str) -> Option<String> {
    let segments: Vec<&str> = text.strip_prefix('/')?.split('/').filter(|segment| !segment.is_empty()).collect();
    let odd = |found: char| found.is_control() || matches!(found, '%' | '\\' | ';' | '?' | '#' | '*');
    let dots = segments.iter().any(|segment| segment.trim_end_matches(['.', ' ']).is_empty());
    (!dots && !text.contains(odd)).then(|| format!("/{}", segments.join("/")))
}

/// Checks every entry, and the entries against each other.
pub(super) fn resolve_sites(raw: &[RawSite], report: &mut Report) -> Vec<Site> {
    let mut entries: Vec<Site> = Vec::new();
    for site in raw {
        let Some(entry) = site.resolve(&mut report.problems) else { continue };
        if entries.iter().any(|other| other.written() == entry.written()) {
            let what = format!("\"{}\" occurs twice", entry.written());
            report.problems.push(site.problem("host", what, "write all its rules under one [[sites]] line"));
        } else {
            entries.push(entry);
        }
    }
    entries
}
