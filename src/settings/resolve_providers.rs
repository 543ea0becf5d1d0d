//! The checks of `[google]` … `[discord]` and `[[providers]]`.

use url::Url;

use super::{
    providers::{Base, ClaimPaths, ClientAuth, Endpoints, Linking, Logo, PRESETS, ProviderKind, ProviderSettings, Vouching},
    raw::Raw,
    raw_provider::RawProvider,
    resolve::{Report, is_loopback},
    resolve_sms::is_inside,
    secret::Secret,
    value::Field,
};

/// The largest logo, in bytes.
const LOGO_BYTES: usize = 32 * 1024;

/// What every provider has, whichever section it stands in.
struct Common<'a> {
    client_id: &'a Field<String>,
    client_secret: &'a Field<Secret>,
    linking: &'a Field<String>,
    scopes: &'a Field<Vec<String>>,
    keep_tokens: &'a Field<bool>,
    second_factor: &'a Field<Vec<String>>,
}

macro_rules! common {
    ($from:expr) => {
        Common {
            client_id: &$from.client_id,
            client_secret: &$from.client_secret,
            linking: &$from.linking,
            scopes: &$from.scopes,
            keep_tokens: &$from.keep_tokens,
            second_factor: &$from.second_factor,
        }
    };
}

/// All that are on, in the order of the pages, and the presets that are off because they have no client.
pub fn providers(raw: &Raw, report: &mut Report) -> (Vec<ProviderSettings>, Vec<ProviderSettings>) {
    let inside = raw.outbound.allow_private.value;
    let presets: [(Common<'_>, &Field<String>); 5] = [
        (common!(raw.google), &raw.google.base_url),
        (common!(raw.github), &raw.github.base_url),
        (common!(raw.facebook), &raw.facebook.base_url),
        (common!(raw.twitter), &raw.twitter.base_url),
        (common!(raw.discord), &raw.discord.base_url),
    ];
    let (mut found, mut off) = (Vec::new(), Vec::new());
    for ((id, name), (section, base_url)) in PRESETS.into_iter().zip(presets) {
        let (client_id, secret) = (section.client_id, section.client_secret);
        // All values are checked, also of a provider that is off: it may be switched on by the environment.
        let base = optional_url(base_url, inside, report);
        let kind_and_vouching = match id {
            "google" => {
                let issuer = base.or_else(|| Url::parse("https://accounts.google.com").ok());
                issuer.map(|issuer| (ProviderKind::Google { issuer }, Vouching::Hosted))
            }
            "github" => Some((ProviderKind::Github(Base(base)), Vouching::Verified)),
            "facebook" => Some((ProviderKind::Facebook(Base(base)), Vouching::Never)),
            "twitter" => Some((ProviderKind::Twitter(Base(base)), Vouching::Verified)),
            _ => Some((ProviderKind::Discord(Base(base)), Vouching::Verified)),
        };
        if id != "google" {
            warn_second_factor(section.second_factor, report);
        }
        let provider = kind_and_vouching.and_then(|(kind, vouching)| {
            let parts = Parts { id: id.to_owned(), name: name.to_owned(), logo: Logo::Preset, kind, vouching, logout: false };
            assemble(parts, &section, secret.value.clone(), report)
        });
        match (client_id.value.is_empty(), secret.value.is_empty()) {
            (true, true) => off.extend(provider),
            (true, false) => report.refuse_because(client_id, secret, "is missing beside client_secret", "set both, or neither"),
            (false, true) => report.refuse_because(secret, client_id, "is missing beside client_id", "set both, or neither"),
            (false, false) => found.extend(provider),
        }
    }
    for entry in &raw.providers {
        let Some(provider) = other(entry, &found, inside, report) else { continue };
        if found.iter().any(|before| before.name == provider.name) {
            let name = &provider.name;
            report.warnings.push(format!("[[providers]] name \"{name}\" occurs twice: people see two buttons that are alike."));
        }
        found.push(provider);
    }
    (found, off)
}

/// What differs between the sections.
struct Parts {
    id: String,
    name: String,
    logo: Logo,
    kind: ProviderKind,
    vouching: Vouching,
    logout: bool,
}

fn assemble(parts: Parts, common: &Common<'_>, client_secret: Secret, report: &mut Report) -> Option<ProviderSettings> {
    pasted(common.client_id, &common.client_id.value, report);
    pasted(common.client_secret, common.client_secret.value.expose(), report);
    let linking = report.word(common.linking, &Linking::ALL.map(|linking| (linking.as_str(), linking)));
    // RFC 6749 appendix A.4: visible characters without the quote and the backslash.
    let is_scope =
        |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    for scope in common.scopes.value.iter().filter(|scope| !is_scope(scope)) {
        report.refuse(
            common.scopes,
            format!("\"{scope}\" is no scope"),
            "one scope an item, for example [\"calendar\", \"files\"]",
        );
    }
    for word in common.second_factor.value.iter().filter(|word| ["pwd", "pin", "fed", "kba"].contains(&word.as_str())) {
        let section = common.second_factor.section;
        report.warnings.push(format!(
            "[{section}] second_factor has \"{word}\", which is one factor: whoever signs in so passes for somebody with two. \
             \"mfa\" says that there were two (RFC 8176)."
        ));
    }
    let Parts { id, name, logo, kind, vouching, logout } = parts;
    Some(ProviderSettings {
        id,
        name,
        logo,
        kind,
        client_id: common.client_id.value.clone(),
        client_secret,
        scopes: common.scopes.value.clone(),
        linking: linking?,
        vouching,
        keep_tokens: common.keep_tokens.value,
        second_factor: common.second_factor.value.clone(),
        logout,
    })
}

/// What is copied from a provider's page, often with something around it.
fn pasted<T>(field: &Field<T>, text: &str, report: &mut Report) {
    if text == "..." || text == "…" {
        report.refuse(field, "is still the placeholder", "copy it from the provider's page");
    } else if text != text.trim() || text.contains(char::is_control) {
        report.refuse(field, "has blanks or line breaks at its ends or inside", "copy it again without them");
    }
}

fn warn_second_factor(field: &Field<Vec<String>>, report: &mut Report) {
    if !field.value.is_empty() {
        report
            .warnings
            .push(format!("[{}] second_factor has no effect: only OpenID providers say how somebody signed in.", field.section));
    }
}

/// One of `[[providers]]`.
fn other(raw: &RawProvider, others: &[ProviderSettings], inside: bool, report: &mut Report) -> Option<ProviderSettings> {
    id(&raw.id, others, report);
    let name = raw.name.value.trim().to_owned();
    if name.is_empty() || name.chars().count() > 40 || name.chars().any(char::is_control) {
        report.refuse(
            &raw.name,
            "is missing, too long or has control characters",
            "what people read after \"Continue with\", up to 40 characters",
        );
    }
    let logo = logo(&raw.logo, report);
    if raw.client_id.value.trim().is_empty() {
        report.refuse(&raw.client_id, "is missing", "the name under which the provider knows this server");
    }
    let secret = secret(raw, report);
    let vouching = vouching(&raw.vouches_for, report);
    let kind = if raw.issuer.value.is_empty() { oauth2(raw, inside, report) } else { openid(raw, inside, report) };
    let parts = Parts { id: raw.id.value.clone(), name, logo, kind: kind?, vouching, logout: raw.logout.value };
    assemble(parts, &common!(raw), secret?, report)
}

fn id(field: &Field<String>, others: &[ProviderSettings], report: &mut Report) {
    let id = field.value.as_str();
    let is_slug = (1..=32).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !id.starts_with('-')
        && !id.ends_with('-');
    if !is_slug {
        report.refuse(field, "is missing or malformed", "1 to 32 of a-z, 0-9 and '-', for example \"work\"");
    } else if PRESETS.iter().any(|(preset, _)| *preset == id) {
        report.refuse(field, format!("\"{id}\" has a section of its own"), format!("use [{id}], or choose another id"));
    } else if others.iter().any(|other| other.id == id) {
        report.refuse(field, format!("\"{id}\" occurs twice"), "give every provider its own");
    }
}

fn secret(raw: &RawProvider, report: &mut Report) -> Option<Secret> {
    let (secret, file) = (&raw.client_secret, &raw.client_secret_file);
    if secret.value.is_empty() && file.value.is_empty() {
        report.refuse(secret, "is missing", "add client_secret or client_secret_file");
        return None;
    }
    if file.value.is_empty() {
        return Some(secret.value.clone());
    }
    if !secret.value.is_empty() {
        report.refuse(file, "stands beside client_secret", "keep one of them");
        return None;
    }
    match std::fs::read_to_string(&file.value) {
        Ok(text) if text.trim().is_empty() => report.refuse(file, "is an empty file", "it holds the secret and nothing else"),
        Ok(text) => return Some(Secret::new(text.trim())),
        Err(error) => {
            report.refuse(file, format!("\"{}\" cannot be read: {error}", file.value), "check the path and its permissions");
        }
    }
    None
}

fn vouching(field: &Field<Vec<String>>, report: &mut Report) -> Vouching {
    if field.value.is_empty() {
        return Vouching::Never;
    }
    if field.value.iter().any(|domain| domain == "*") {
        return Vouching::Verified;
    }
    let mut domains = Vec::new();
    for text in &field.value {
        // As addresses are kept: in lower case, and names in ASCII.
        let ascii = idna::domain_to_ascii_strict(text.trim()).ok().filter(|domain| domain.contains('.'));
        match ascii {
            Some(domain) => domains.push(domain),
            None => report.refuse(
                field,
                format!("\"{text}\" is no mail domain"),
                "domains such as [\"example.org\"], or [\"*\"] for every address it calls verified",
            ),
        }
    }
    Vouching::Domains(domains)
}

fn openid(raw: &RawProvider, inside: bool, report: &mut Report) -> Option<ProviderKind> {
    let misplaced = [
        &raw.authorization_endpoint,
        &raw.token_endpoint,
        &raw.userinfo_endpoint,
        &raw.token_endpoint_auth_method,
        &raw.subject_claim,
        &raw.email_claim,
        &raw.email_verified_claim,
        &raw.name_claim,
        &raw.username_claim,
        &raw.picture_claim,
    ];
    for field in misplaced.into_iter().filter(|field| raw.has(field)) {
        report.refuse(field, "stands beside issuer, whose metadata says it", "remove it, or remove issuer");
    }
    let issuer = optional_url(&raw.issuer, inside, report)?;
    if issuer.path().contains("/.well-known/") {
        report.refuse(&raw.issuer, "is the address of the metadata", "write what stands before /.well-known/");
    }
    Some(ProviderKind::OpenId { issuer })
}

fn oauth2(raw: &RawProvider, inside: bool, report: &mut Report) -> Option<ProviderKind> {
    let endpoints = [&raw.authorization_endpoint, &raw.token_endpoint, &raw.userinfo_endpoint];
    if endpoints.iter().all(|field| field.value.is_empty()) {
        report.refuse(
            &raw.issuer,
            "is missing",
            "the provider's issuer; or, without OpenID, authorization_endpoint, token_endpoint and userinfo_endpoint",
        );
        return None;
    }
    for field in endpoints.iter().filter(|field| field.value.is_empty()) {
        report.refuse(field, "is missing", "without issuer all three endpoints are needed");
    }
    if raw.logout.value {
        report.refuse(&raw.logout, "needs issuer", "remove it: only OpenID providers say where to sign out");
    }
    warn_second_factor(&raw.second_factor, report);
    for field in [
        &raw.subject_claim,
        &raw.email_claim,
        &raw.email_verified_claim,
        &raw.name_claim,
        &raw.username_claim,
        &raw.picture_claim,
    ] {
        let may_be_empty = field.key != "subject_claim";
        if !(field.value.is_empty() && may_be_empty) && field.value.split('.').any(str::is_empty) {
            report.refuse(field, format!("\"{}\" is no path", field.value), "names with dots between them, such as \"user.id\"");
        }
    }
    let subject = raw.subject_claim.value.rsplit('.').next().unwrap_or_default();
    if ["email", "mail", "login", "name", "username", "preferred_username", "screen_name"].contains(&subject) {
        report.warnings.push(format!(
            "[[providers]] subject_claim = \"{}\": people can change it, and the next to have it gets into the account. Use the \
             number or id that the provider never gives to anybody else.",
            raw.subject_claim.value
        ));
    }
    let methods = [("client_secret_basic", ClientAuth::Basic), ("client_secret_post", ClientAuth::Post)];
    let client_auth = report.word(&raw.token_endpoint_auth_method, &methods);
    // The authorization endpoint is for browsers; we do not call it.
    let authorization = optional_url(&raw.authorization_endpoint, true, report);
    let token = optional_url(&raw.token_endpoint, inside, report);
    let userinfo = optional_url(&raw.userinfo_endpoint, inside, report);
    Some(ProviderKind::OAuth2(Box::new(Endpoints {
        authorization: authorization?,
        token: token?,
        userinfo: userinfo?,
        client_auth: client_auth?,
        claims: ClaimPaths {
            subject: raw.subject_claim.value.clone(),
            email: raw.email_claim.value.clone(),
            email_verified: raw.email_verified_claim.value.clone(),
            name: raw.name_claim.value.clone(),
            username: raw.username_claim.value.clone(),
            picture: raw.picture_claim.value.clone(),
        },
    })))
}

/// An https address, or http on loopback. `inside`: calls into our own network are allowed.
fn optional_url(field: &Field<String>, inside: bool, report: &mut Report) -> Option<Url> {
    let text = field.value.trim();
    if text.is_empty() {
        return None;
    }
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let Some(url) = url else {
        report.refuse(field, format!("\"{text}\" is no web address"), "for example \"https://login.example.org\"");
        return None;
    };
    if url.scheme() == "http" && !is_loopback(&url) {
        report.refuse(field, "is http: secrets would cross the network in clear", "use https; http is for localhost");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        report.refuse(field, "has a user name, a password or a fragment", "leave them out");
    }
    if url.query().is_some() && matches!(field.key, "issuer" | "base_url") {
        report.refuse(field, "has a query", "leave it out");
    }
    if is_inside(&url) && !inside {
        report.refuse(
            field,
            "is an address inside your network, and outbound.allow_private is off",
            "set outbound.allow_private = true, or use a public address",
        );
    }
    Some(url)
}

fn logo(field: &Field<String>, report: &mut Report) -> Logo {
    if field.value.is_empty() {
        return Logo::None;
    }
    let cure = "an SVG, PNG or WebP file of at most 32 KiB";
    let bytes = match std::fs::read(&field.value) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.refuse(field, format!("\"{}\" cannot be read: {error}", field.value), cure);
            return Logo::None;
        }
    };
    if bytes.len() > LOGO_BYTES {
        report.refuse(field, format!("\"{}\" has {} bytes", field.value, bytes.len()), cure);
    }
    let Some(media_type) = media_type(&bytes) else {
        report.refuse(field, format!("\"{}\" is no picture we know", field.value), cure);
        return Logo::None;
    };
    Logo::File { media_type, bytes }
}

/// What a file is, by its content: the name can say anything.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim_start();
    let is_svg = text.starts_with("<svg") || (text.starts_with("<?xml") || text.starts_with("<!")) && text.contains("<svg");
    is_svg.then_some("image/svg+xml")
}

#[cfg(test)]
#[path = "resolve_providers_tests.rs"]
mod tests;
