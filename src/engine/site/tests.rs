use super::*;
use crate::crypto::random::Random;
use crate::engine::method::{Method, MethodKind};
use crate::engine::session::{Lifetimes, Opening};
use crate::ids::{SessionId, UserId};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn site(host: &str) -> Site {
    let (host, subdomains) = host.strip_prefix("*.").map_or((host, false), |host| (host, true));
    let (host, port) = host.rsplit_once(':').map_or((host, None), |(host, port)| (host, port.parse().ok()));
    let host = host.to_owned();
    Site { host, subdomains, port, public_paths: vec![], two_factors: false, groups: vec![] }
}

fn sites() -> Sites {
    let mut strict = site("strict.apps.example.org");
    strict.two_factors = true;
    let hosts = [
        "app.example.org",
        "*.apps.example.org",
        "alt.example.org:8443",
        "localhost:3000",
        "127.0.0.1:3000",
        "own.example.org:443",
    ];
    Sites::new(hosts.into_iter().map(site).chain([strict]).collect())
}

#[test]
fn hosts_are_found_exactly_or_one_label_below() {
    use Elsewhere::{Insecure, Malformed, Unknown};
    let sites = sites();
    for (scheme, authority, found) in [
        ("https", "app.example.org", Ok("https://app.example.org")),
        ("https", "app.example.org:443", Ok("https://app.example.org")),
        ("wss", "app.example.org", Ok("https://app.example.org")),
        ("https", "own.example.org", Ok("https://own.example.org")),
        ("https", "alt.example.org:8443", Ok("https://alt.example.org:8443")),
        ("https", "wiki.apps.example.org", Ok("https://wiki.apps.example.org")),
        ("http", "localhost:3000", Ok("http://localhost:3000")),
        ("https", "localhost:3000", Ok("https://localhost:3000")),
        ("ws", "127.0.0.1:3000", Ok("http://127.0.0.1:3000")),
        ("http", "app.example.org", Err(Insecure)),
        ("ftp", "app.example.org", Err(Malformed)),
        ("", "app.example.org", Err(Malformed)),
        ("https", "app.example.org:8443", Err(Unknown)),
        ("https", "alt.example.org", Err(Unknown)),
        ("https", "apps.example.org", Err(Unknown)),
        ("https", "a.b.apps.example.org", Err(Unknown)),
        ("https", "evilapps.example.org", Err(Unknown)),
        ("https", "app.example.org.evil.example", Err(Unknown)),
        ("https", "evil.example", Err(Unknown)),
        ("https", "", Err(Malformed)),
        ("https", ".apps.example.org", Err(Malformed)),
        ("https", "app.example.org.", Err(Malformed)),
        ("https", "App.example.org", Err(Malformed)),
        ("https", "app.example.org:", Err(Malformed)),
        ("https", "app.example.org:+443", Err(Malformed)),
        ("https", "app.example.org:99999", Err(Malformed)),
        ("https", "app.example.org, evil.example", Err(Malformed)),
        ("https", "app.example.org@evil.example", Err(Malformed)),
        ("https", "app.example.org/evil", Err(Malformed)),
        ("https", "[::1]", Err(Unknown)),
        ("https", "[app.example.org]", Err(Malformed)),
    ] {
        assert_eq!(sites.at(scheme, authority).map(|at| at.origin()), found.map(str::to_owned), "{scheme} {authority}");
    }
    assert!(sites.at("https", "strict.apps.example.org").unwrap().site.two_factors, "the exact one goes first");
}

/// Every trick by which an address looks like one of ours and is not.
#[test]
fn nobody_is_sent_elsewhere() {
    let sites = sites();
    for (text, url) in [
        ("https://app.example.org", "https://app.example.org/"),
        ("https://app.example.org/a/b?c=d&e=/f#g", "https://app.example.org/a/b?c=d&e=/f#g"),
        ("https://APP.example.org:443/x", "https://app.example.org/x"),
        ("https://app.example.org/?next=https://evil.example/", "https://app.example.org/?next=https://evil.example/"),
        ("https://app.example.org/@evil.example", "https://app.example.org/@evil.example"),
        ("https://app.example.org//evil.example", "https://app.example.org//evil.example"),
        ("https://app.example.org/a/../b", "https://app.example.org/b"),
        ("https://app.example.org:/../@evil.example", "https://app.example.org/@evil.example"),
        ("http://localhost:3000/x", "http://localhost:3000/x"),
        ("http://0x7f.1:3000/", "http://127.0.0.1:3000/"),
    ] {
        assert_eq!(sites.destination(text).map(|to| to.url).as_deref(), Ok(url), "{text}");
    }
    let ascii = sites.destination("https://app.example.org/grün/ü?q=ä#ö").unwrap();
    assert_eq!(ascii.url, "https://app.example.org/gr%C3%BCn/%C3%BC?q=%C3%A4#%C3%B6");
    for text in [
        "",
        "/account",
        "//app.example.org/",
        "///app.example.org/",
        "app.example.org",
        "https:app.example.org",
        "https:/app.example.org/",
        "https:///app.example.org/",
        "https:\\\\app.example.org\\",
        "HTTPS://app.example.org/",
        " https://app.example.org/",
        "https://app.example.org /",
        "https://evil.example",
        "https://evil.example/https://app.example.org/",
        "https://evil.example?https://app.example.org/",
        "https://evil.example#https://app.example.org/",
        "https://evil.example\\.app.example.org/",
        "https://evil.example\\@app.example.org/",
        "https://app.example.org\\@evil.example/",
        "https://app.example.org@evil.example/",
        "https://app.example.org:443@evil.example/",
        "https://@app.example.org/",
        "https://user@app.example.org/",
        "https://user:secret@app.example.org/",
        "https://evil.example%2f@app.example.org/",
        "https://app.example.org%2eevil.example/",
        "https://app.example.org.evil.example/",
        "https://evilapp.example.org/",
        "https://app.example.org./",
        "https://app.example.org:8443/",
        "https://app.example.org\t.evil.example/",
        "https://app.example.org\n/",
        "https://app.example.org\r\nlocation: https://evil.example",
        "https://ａpp.example.org/",
        "https://app。example。org/",
        "https://app.example.org\u{202e}/",
        "https://a.b.apps.example.org/",
        "https://apps.example.org/",
        "http://app.example.org/",
        "http://localhost/",
        "http://localhost:3000.evil.example/",
        "ftp://app.example.org/",
        "javascript:alert(1)//https://app.example.org/",
        "javascript://app.example.org/%0aalert(1)",
        "data:text/html,https://app.example.org/",
        "blob:https://app.example.org/x",
        "view-source:https://app.example.org/",
        "https://[::1]/",
        "https://",
    ] {
        assert!(sites.destination(text).is_err(), "{text}: {:?}", sites.destination(text));
    }
}

fn session(methods: Vec<Method>) -> Session {
    let random = Random::seeded(1);
    let day = std::time::Duration::from_secs(86_400);
    let opening = Opening { proofs: methods, remembered: true, device: String::new(), address: String::new() };
    let lifetimes = Lifetimes { absolute: day, idle: day, short: day };
    Session::begin(SessionId::new(NOW, &random), UserId::new(NOW, &random), opening, lifetimes, NOW)
}

#[test]
fn the_whole_table() {
    use Verdict::{Allowed, Forbidden, Public, SecondFactor, SignIn};
    let password = || Method::first(MethodKind::Password, NOW);
    let one = session(vec![password()]);
    let two = session(vec![password(), Method::second(MethodKind::Totp, NOW)]);
    let passkey = session(vec![Method::first(MethodKind::Passkey, NOW)]);
    let user = |is_admin| User { is_admin, ..User::blank(UserId::new(NOW, &Random::seeded(2)), NOW) };
    let (ada, root) = (user(false), user(true));
    let rules = |two_factors, groups: &[&str]| Site {
        two_factors,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        public_paths: vec!["/public".to_owned()],
        ..site("app.example.org")
    };
    let (open, strict, admins, both) = (rules(false, &[]), rules(true, &[]), rules(false, &["admin"]), rules(true, &["admin"]));
    // Nobody; Ada by one factor, by two, by a passkey; an administrator by one factor, by two.
    let people = [None, Some((&one, &ada)), Some((&two, &ada)), Some((&passkey, &ada)), Some((&one, &root)), Some((&two, &root))];
    for (name, site, expected) in [
        ("open", &open, [SignIn, Allowed, Allowed, Allowed, Allowed, Allowed]),
        ("strict", &strict, [SignIn, SecondFactor, Allowed, Allowed, SecondFactor, Allowed]),
        ("admins", &admins, [SignIn, Forbidden, Forbidden, Forbidden, Allowed, Allowed]),
        ("both", &both, [SignIn, Forbidden, Forbidden, Forbidden, SecondFactor, Allowed]),
    ] {
        for (who, verdict) in people.into_iter().zip(expected) {
            assert_eq!(judge(site, "/private?x=/public", who), verdict, "{name}");
            // Who may come in is named on public pages, too; nobody else is.
            assert_eq!(judge(site, "/public/x", who), if verdict == Allowed { Allowed } else { Public }, "{name}");
        }
    }
    let unknown = rules(false, &["staff"]);
    assert_eq!(judge(&unknown, "/", Some((&two, &root))), Forbidden);
}

#[test]
fn what_is_public_is_the_same_for_every_server() {
    let site =
        Site { public_paths: vec!["/public".to_owned(), "/a/b".to_owned(), "/über".to_owned()], ..site("app.example.org") };
    for path in [
        "/public",
        "/public/",
        "/public/x/y",
        "/public?next=/../admin",
        "/public/two%20words",
        "/a/b/c",
        "/%C3%BCber/x",
        "/public/.well-known/x",
        "/public/a..b/c...",
    ] {
        assert!(is_public(&site, path), "{path}");
    }
    for path in [
        "",
        "/",
        "public",
        "/publicity",
        "/Public",
        "/a",
        "/a/bc",
        "/admin?/public",
        "/admin#/public",
        "/admin;/public",
        "/public/../admin",
        "/public/..",
        "/public/./x",
        "/public/%2e%2e/admin",
        "/public/.%2E/admin",
        "/public/..%2fadmin",
        "/public%2f..%2fadmin",
        "/public/%252e%252e/admin",
        "//public/x",
        "/public//x",
        "/public//",
        "/a//b",
        "/%70ublic/x",
        "/public%2fx",
        "/public/x%2Fy",
        "/public/%25",
        "/public/..;/admin",
        "/public;/../admin",
        "/public;x=y/admin",
        "/public\\..\\admin",
        "/public/%5c..%5cadmin",
        "/public/.../admin",
        "/public/..%20/admin",
        "/public/%2e%2e%20/admin",
        "/public/%00/admin",
        "/public%0d%0a",
        "/public/%c0%ae%c0%ae/admin",
        "/public/%e0%80%ae/x",
        "/public/%zz",
        "/public/%2",
        "/public/%",
        "/public#/../admin",
        "https://app.example.org/public",
        "/x/../public",
    ] {
        assert!(!is_public(&site, path), "{path}");
    }
    assert!(is_public(&Site { public_paths: vec!["/".to_owned()], ..site }, "/anything/at?all"));
}

#[test]
fn addresses_are_cut_as_they_stand() {
    for (text, parts) in [
        ("https://app.example.org/a?b", Some(("https", "app.example.org", "/a?b"))),
        ("https://app.example.org", Some(("https", "app.example.org", "/"))),
        ("https://app.example.org?b", Some(("https", "app.example.org", "?b"))),
        ("https://a\\b/c", Some(("https", "a", "\\b/c"))),
        ("https://u@a/c://d", Some(("https", "u@a", "/c://d"))),
        ("/a", None),
    ] {
        assert_eq!(split_url(text), parts, "{text}");
    }
}

#[test]
fn an_address_that_is_too_long_leads_to_the_front_page() {
    let sites = sites();
    let at = |length: usize| format!("http://localhost:3000/{}", "a".repeat(length - 22));
    let kept = sites.destination(&at(LONGEST)).unwrap();
    assert!(!kept.shortened && kept.url == at(LONGEST));
    for long in [at(LONGEST + 1), at(8192), at(100_000), format!("http://localhost:3000?{}", "ä".repeat(1000))] {
        let front = sites.destination(&long).unwrap();
        assert_eq!(
            (front.url.as_str(), front.host.as_str(), front.shortened),
            ("http://localhost:3000/", "localhost:3000", true)
        );
    }
    assert_eq!(sites.destination(&format!("https://evil.example/{}", "a".repeat(8192))), Err(Elsewhere::Unknown));
    assert_eq!(sites.destination(&format!("http://app.example.org/{}", "a".repeat(8192))), Err(Elsewhere::Insecure));
    assert_eq!(sites.destination(&format!("https://app.example.org@{}/", "a".repeat(8192))), Err(Elsewhere::Malformed));
}

#[test]
fn names_in_headers_are_bounded_by_whole_characters() {
    let fits = |name: &str| percent_encoded(name_for_a_header(name)).len();
    for name in ["Ana María", "", &"a".repeat(200), &"é".repeat(128), &"🦊".repeat(64)] {
        assert_eq!(name_for_a_header(name), name);
    }
    assert_eq!(name_for_a_header(&"🦊".repeat(200)), "🦊".repeat(64));
    assert_eq!(name_for_a_header(&format!("a{}", "🦊".repeat(200))), format!("a{}", "🦊".repeat(63)));
    // 👩‍🚀 is three characters, the middle one of which joins the others.
    let family = "👩\u{200d}🚀".repeat(67);
    assert!(fits(&family) <= NAME_BYTES && !name_for_a_header(&family).ends_with('\u{200d}'));
}

#[test]
fn addresses_are_spelt_as_browsers_send_them() {
    assert_eq!(in_ascii("/grün?q=ä%20".as_bytes()), "/gr%C3%BCn?q=%C3%A4%20");
    assert_eq!(in_ascii(b"/a\xff b\tc"), "/a%FF%20b%09c");
}

#[test]
fn names_travel_in_ascii() {
    assert_eq!(percent_encoded("Ana María-Ö. O'Neil_~ 100%\r\n"), "Ana%20Mar%C3%ADa-%C3%96.%20O%27Neil_~%20100%25%0D%0A");
}

proptest::proptest! {
    /// Whatever is let through leads to a listed host, as browsers read it, and means the same when it is read again.
    #[test]
    fn destinations_are_on_the_list(text in "(https?:[/\\\\]{0,3})?[a-z@:./\\\\?#%\t -]{0,12}(app\\.example\\.org)?[a-z@:./\\\\?#%0-9 -]{0,20}") {
        let sites = sites();
        if let Ok(to) = sites.destination(&text) {
            let url = Url::parse(&to.url).unwrap();
            proptest::prop_assert_eq!(url.host_str(), Some("app.example.org"));
            proptest::prop_assert!(url.username().is_empty() && url.password().is_none() && url.scheme() == "https");
            proptest::prop_assert_eq!(sites.destination(&to.url), Ok(to));
        }
    }

    #[test]
    fn a_plain_path_is_plain_when_read_again(path in "/[a-z./%25\\\\; ]{0,30}") {
        if let Some(plain) = plain_path(&path) {
            proptest::prop_assert_eq!(plain_path(&plain.replace(' ', "%20")), Some(plain.clone()));
            let segments: Vec<&str> = plain.split('/').skip(1).collect();
            let dots = segments.iter().any(|segment| !segment.is_empty() && segment.trim_end_matches(['.', ' ']).is_empty());
            proptest::prop_assert!(!dots && (segments == [""] || segments.iter().all(|segment| !segment.is_empty())));
        }
    }
}
