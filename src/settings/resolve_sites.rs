//! The checks of what concerns apps on hosts beside ours: the domain of the session cookie, and `[[sites]]`.

use url::{Host, Url};

use super::{resolve::Report, resolved::ServerSettings, sites::Site, value::Field};

/// `[sessions] cookie_domain`: the public host or a parent of it. Of public suffixes only single labels are recognised here; browsers
/// refuse cookies for the others, so that nobody could sign in, and nothing leaks.
pub fn cookie_domain(field: &Field<String>, public: Option<&Url>, report: &mut Report) -> Option<String> {
    if field.value.is_empty() {
        return None;
    }
    // What is wrong with the public URL is reported there.
    let public = public?;
    let wrong = |what: &str| (format!("\"{}\" {what}", field.value), domain_example(public));
    let found = match (Host::parse(&field.value), public.host()) {
        (Ok(Host::Domain(domain)), Some(Host::Domain(host))) => {
            let is_parent = host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'));
            match () {
                () if domain.starts_with('.') || domain.ends_with('.') => Err(wrong("begins or ends with a dot")),
                () if !is_parent => Err(wrong(&format!("is no parent domain of the public host, {host}"))),
                () if !domain.contains('.') && domain != "localhost" => Err(wrong("is a top-level domain: browsers refuse it")),
                () => Ok(domain),
            }
        }
        (_, Some(Host::Domain(_))) => Err(wrong("is no domain")),
        _ => Err(wrong("does not fit: the public URL has an IP address, and those have no parent domain")),
    };
    match found {
        Ok(domain) => Some(domain),
        Err((what, cure)) => {
            report.refuse(field, what, cure);
            None
        }
    }
}

fn domain_example(public: &Url) -> String {
    match public.domain().and_then(|host| host.split_once('.')) {
        Some((_, parent)) if parent.contains('.') => format!("for example \"{parent}\", or \"\" for this host alone"),
        _ => "leave it empty for this host alone".to_owned(),
    }
}

/// What keeps the sites from working, although each of them is well written.
pub fn warn_sites(sites: &[Site], server: &ServerSettings, cookie_domain: Option<&str>, report: &mut Report) {
    if !sites.is_empty() && server.trusted_proxies.is_empty() {
        report.warnings.push(
            "[[sites]] are there, but server.trusted_proxies is empty: GET /session/verify refuses every proxy. Add the address from \
             which the proxy asks."
                .into(),
        );
    }
    let own = server.public_url.host_str().unwrap_or_default();
    for site in sites {
        let host = &site.host;
        let below = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        let reached = cookie_domain.map_or(host == own && !site.subdomains, below);
        if !reached {
            report.warnings.push(format!(
                "[[sites]] {host}: browsers do not send it the session cookie, so nobody gets in. Set sessions.cookie_domain to a domain \
                 that {own} and {host} are both below."
            ));
        }
    }
}
