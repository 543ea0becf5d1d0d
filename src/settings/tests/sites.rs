//! The cookie of a parent domain, and the sites that get it.

use super::*;

#[test]
fn the_session_cookie_may_belong_to_a_parent_domain() {
    let file = |url: &str, domain: &str| format!("[server]\npublic_url = \"{url}\"\n[sessions]\ncookie_domain = \"{domain}\"");
    let https = "https://id.example.org";
    for (url, domain, kept) in [
        (https, "", None),
        (https, "example.org", Some("example.org")),
        (https, "Example.ORG", Some("example.org")),
        (https, "id.example.org", Some("id.example.org")),
        ("http://localhost:8080", "localhost", Some("localhost")),
    ] {
        assert_eq!(serve(&file(url, domain)).sessions.cookie_domain.as_deref(), kept, "{url} {domain}");
    }
    let cure = "for example \"example.org\", or \"\" for this host alone";
    for (domain, what) in [
        ("org", "is a top-level domain: browsers refuse it"),
        ("example.com", "is no parent domain of the public host, id.example.org"),
        ("ple.org", "is no parent domain of the public host, id.example.org"),
        ("x.id.example.org", "is no parent domain of the public host, id.example.org"),
        (".example.org", "begins or ends with a dot"),
        ("example.org.", "begins or ends with a dot"),
        ("example.org/", "is no domain"),
        ("example.org:443", "is no domain"),
        ("10.0.0.1", "is no domain"),
    ] {
        refused(&file(https, domain), &[&format!("config.toml:4: [sessions] cookie_domain: \"{domain}\" {what}; {cure}")]);
    }
    refused(
        &file("http://127.0.0.1:8080", "localhost"),
        &[
            "config.toml:4: [sessions] cookie_domain: \"localhost\" does not fit: the public URL has an IP address, and those have no \
           parent domain; leave it empty for this host alone",
        ],
    );
    refused(
        &file("http://localhost:8080", "example.org"),
        &[
            "config.toml:4: [sessions] cookie_domain: \"example.org\" is no parent domain of the public host, localhost; leave it empty \
           for this host alone",
        ],
    );
}

#[test]
fn the_site_of_config_toml_is_valid() {
    let example = CONFIG.split_once("# [[sites]]\n").unwrap().1.split_once("\n\n").unwrap().0;
    let keys = example.lines().map(|line| line.trim_start_matches("# ")).filter(|line| line.split(' ').nth(1) == Some("="));
    let example: String = keys.flat_map(|line| [line, "\n"]).collect();
    let site = serve(&format!("[[sites]]\n{example}")).sites.remove(0);
    let (host, acr) = (site.host.as_str(), site.two_factors);
    assert_eq!((host, acr, site.groups, site.public_paths.len()), ("app.example.org", true, vec!["admin".to_owned()], 2));
}

#[test]
fn sites_are_checked_one_by_one_and_against_each_other() {
    let text = "[[sites]]\nhost = \"App.Example.org:8443\"\npublic_paths = [\"/\", \"/a//b/\"]\n\n[[sites]]\nhost = \"*.bücher.example\"\n";
    let sites = serve(text).sites;
    let [one, two] = &sites[..] else { panic!("{sites:?}") };
    assert_eq!((one.host.as_str(), one.port, one.subdomains), ("app.example.org", Some(8443), false));
    assert_eq!(one.public_paths, ["/", "/a/b"]);
    assert_eq!((two.host.as_str(), two.port, two.subdomains), ("xn--bcher-kva.example", None, true));
    refused(
        "[[sites]]\n\n[[sites]]\nhost = \"https://app.example.org\"\nacr = \"mfa\"\ngroups = [\"staff\"]\npublic_path = []\n\n\
         [[sites]]\nhost = \"*.org\"\npublic_paths = [\"/x/*\", \"x\", \"/a/../b\"]\n",
        &[
            "config.toml:1: [[sites]] host: is missing; for example \"app.example.org\", \"*.apps.example.org\" or \"localhost:3000\"",
            "config.toml:4: [[sites]] host: \"https://app.example.org\" is no host; for example \"app.example.org\", \
             \"*.apps.example.org\" or \"localhost:3000\"",
            "config.toml:5: [[sites]] acr: \"mfa\" is unknown; \"two-factor\", or \"\" for any sign-in",
            "config.toml:6: [[sites]] groups: there is no group \"staff\"; the only group is \"admin\", the administrators; [] lets \
             everybody in who has an account",
            "config.toml:7: [[sites]] public_path: unknown key; did you mean public_paths?",
            "config.toml:10: [[sites]] host: \"*.org\" would stand for everybody's hosts; for example \"app.example.org\", \
             \"*.apps.example.org\" or \"localhost:3000\"",
            "config.toml:11: [[sites]] public_paths: \"/x/*\" is no plain path; write it as browsers show it, without * and ?, for \
             example \"/static\"; what is below is meant as well",
            "config.toml:11: [[sites]] public_paths: \"x\" is no plain path; write it as browsers show it, without * and ?, for \
             example \"/static\"; what is below is meant as well",
            "config.toml:11: [[sites]] public_paths: \"/a/../b\" is no plain path; write it as browsers show it, without * and ?, \
             for example \"/static\"; what is below is meant as well",
        ],
    );
    refused(
        "[[sites]]\nhost = \"a.example\"\n[[sites]]\nhost = \"A.example\"\n",
        &["config.toml:4: [[sites]] host: \"a.example\" occurs twice; write all its rules under one [[sites]] line"],
    );
    refused(
        "[sites]\nhost = \"a.example\"\n",
        &["config.toml:1: sites: is not a section; write each of the sites under its own [[sites]] line"],
    );
}

#[test]
fn a_site_that_gets_no_cookie_is_warned_about() {
    let head = "[server]\npublic_url = \"https://id.example.org\"\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let warnings = |text: &str| serve(&format!("{head}{text}")).warnings().join("\n");
    let site = "[[sites]]\nhost = \"app.example.org\"\n";
    assert!(warnings(site).contains("[[sites]] app.example.org: browsers do not send it the session cookie"));
    assert_eq!(warnings(&format!("[sessions]\ncookie_domain = \"example.org\"\n{site}")).matches("sites").count(), 0);
    let local = serve("[[sites]]\nhost = \"localhost:3000\"\n");
    assert!(
        local.warnings()[0].contains("server.trusted_proxies is empty") && local.warnings().len() == 1,
        "{:?}",
        local.warnings()
    );
}
