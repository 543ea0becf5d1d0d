mod clients;
mod messages;
mod sites;

use std::time::Duration;

use super::{
    Countries, DatabaseUrl, MailTransport, Mode, Settings, SettingsErrors, SmsTransport, SmtpTls,
    client_metadata::{AuthMethod, GrantType, Pkce},
    raw,
};

const CONFIG: &str = include_str!("../../config.toml");

fn load(text: &str, mode: Mode, env: &[(&str, &str)]) -> Result<Settings, SettingsErrors> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::from_text("config.toml", text, mode, env)
}

fn serve(text: &str) -> Settings {
    load(text, Mode::Serve, &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Asserts that the errors of `text` are exactly `lines`.
#[track_caller]
fn refused(text: &str, lines: &[&str]) {
    let errors = load(text, Mode::Serve, &[]).expect_err("must be refused").to_string();
    assert_eq!(errors.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn config_toml_says_the_defaults() {
    assert_eq!(serve(CONFIG), serve(""));
    assert_eq!(load(CONFIG, Mode::Dev, &[]), load("", Mode::Dev, &[]));
    // Also the raw values: two of them may resolve to the same.
    let mut written = raw::Raw::default();
    let mut problems = Vec::new();
    super::file::overlay(&mut written, CONFIG, &mut problems);
    assert_eq!(problems, []);
    assert_eq!(without_origin(&written), without_origin(&raw::Raw::default()));
}

fn without_origin(raw: &raw::Raw) -> String {
    let text = format!("{raw:#?}");
    let mut kept = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let start = line.trim_start();
        if start.starts_with("origin: ") {
            inside = start.ends_with('{');
        } else if inside {
            inside = !start.starts_with('}');
        } else {
            kept.push(line);
        }
    }
    kept.join("\n")
}

#[test]
fn config_toml_names_every_key_in_order() {
    let mut rest = CONFIG;
    for (section, keys) in raw::SECTIONS {
        let header = format!("\n[{section}]\n");
        rest = rest.split_once(&header).unwrap_or_else(|| panic!("[{section}] is missing or out of order")).1;
        let body = rest.split_once("\n[").map_or(rest, |(body, _)| body);
        for key in *keys {
            let named = body.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = ")));
            assert!(named, "[{section}] {key} is missing");
        }
    }
    for key in super::sites::KEYS {
        assert!(rest.contains(&format!("\n# {key} = ")), "[[sites]] {key} is missing");
    }
    for key in super::clients::KEYS {
        assert!(rest.contains(&format!("\n# {key} = ")), "[[clients]] {key} is missing");
    }
}

#[test]
fn the_client_of_config_toml_is_valid() {
    let example = CONFIG.split_once("# [[clients]]\n").unwrap().1;
    let keys = example.lines().map(|line| line.trim_start_matches("# "));
    let keys = keys.filter(|line| line.split(' ').nth(1) == Some("=") && !line.starts_with("client_secret_hash"));
    let example: String = keys.flat_map(|line| [line, "\n"]).collect();
    let text = format!("[[clients]]\n{example}").replace("\"...\"", "\"0123456789abcdef\"");
    assert_eq!(serve(&text).clients.len(), 1);
}

#[test]
fn defaults_are_what_the_design_says() {
    let settings = serve("");
    assert_eq!(settings.origin(), "http://localhost:8080");
    assert_eq!(settings.issuer(), settings.origin());
    assert!(settings.is_loopback() && !settings.is_https());
    assert_eq!(settings.database.url, DatabaseUrl::Sqlite("./data/vestibule.db".into()));
    assert_eq!(settings.secrets_file, std::path::Path::new("./data/secrets.key"));
    assert_eq!(settings.mail.transport, MailTransport::File("./data/outbox/mail".into()));
    assert_eq!(settings.tokens.access, Duration::from_mins(10));
    assert_eq!(settings.sessions.idle, Duration::from_hours(14 * 24));
    assert_eq!(settings.limits.sign_in_free_failures, 5);
    assert_eq!(settings.bootstrap, None);
    assert_eq!(settings.warnings(), [] as [&str; 0]);
}

#[test]
fn every_problem_is_reported_with_its_line() {
    refused(
        "[server]\nlisten = \"nowhere\"\npubic_url = \"x\"\n\n[pasword]\n\n[passwords]\nmin_length = 5\nqueue = \"many\"\n\n\
         [sessions]\nidle_days = 40\n",
        &[
            "config.toml:2: [server] listen: \"nowhere\" cannot be read; for example \"127.0.0.1:8080\" or \"[::]:8080\"",
            "config.toml:3: [server] pubic_url: unknown key; did you mean public_url?",
            "config.toml:5: [pasword]: unknown section; did you mean [passwords]?",
            "config.toml:8: [passwords] min_length: 5 is out of range; at least 6",
            "config.toml:9: [passwords] queue: has the wrong type; write a whole number, 0 or more",
            "config.toml:12: [sessions] idle_days: is longer than absolute_days; lower it, or raise absolute_days",
        ],
    );
}

#[test]
fn syntax_errors_have_a_line() {
    let errors = load("[server]\n\nlisten = nowhere\n", Mode::Serve, &[]).unwrap_err().to_string();
    assert!(errors.starts_with("config.toml:3: not valid TOML: "), "{errors}");
    let errors = load("[log]\nlevel = \"info\"\nlevel = \"warn\"\n", Mode::Serve, &[]).unwrap_err().to_string();
    assert!(errors.starts_with("config.toml:3: not valid TOML: duplicate key"), "{errors}");
}

#[test]
fn a_key_outside_its_section_is_sent_home() {
    refused("listen = \"127.0.0.1:1\"\n", &["config.toml:1: listen: is not a section; move it below the line [server]"]);
    refused("[[provider]]\n", &["config.toml:1: provider: is not a section; did you mean [[providers]]?"]);
}

#[test]
fn every_word_is_checked() {
    refused(
        "[signup]\nwho = \"invite\"\n",
        &["config.toml:2: [signup] who: \"invite\" is unknown; one of: everyone, invited, nobody"],
    );
    let taken =
        raw::SECTIONS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}"))).filter(|name| {
            let (section, key) = name.split_once('.').unwrap();
            load(&format!("[{section}]\n{key} = \"no such word\"\n"), Mode::Serve, &[]).is_ok()
        });
    // Any text may stand here, at least as long as nothing else switches them on.
    let free = [
        "data.dir",
        "mail.smtp_host",
        "mail.smtp_ca_file",
        "mail.smtp_username",
        "mail.smtp_password",
        "sms.from",
        "sms.messaging_service",
        "sms.account",
        "sms.secret",
        "sms.base_url",
        "pages.name",
        "log.level",
    ];
    assert_eq!(taken.collect::<Vec<_>>(), free);
}

#[test]
fn public_url_is_an_origin() {
    let cure = "write scheme, host and port only, for example \"https://id.example.org\"";
    for (url, what) in [
        ("id.example.org", "\"id.example.org\" is no URL".to_owned()),
        ("ftp://id.example.org", "\"ftp://id.example.org\" is no web address".to_owned()),
        ("https://id.example.org/auth", "has a path, \"/auth\"".to_owned()),
        ("https://id.example.org?x", "has a query or a fragment".to_owned()),
        ("https://id.example.org/#x", "has a query or a fragment".to_owned()),
        ("https://me@id.example.org", "has a user name or password".to_owned()),
    ] {
        let line = format!("config.toml:2: [server] public_url: {what}; {cure}");
        refused(&format!("[server]\npublic_url = \"{url}\""), &[&line]);
    }
    refused(
        "[server]\npublic_url = \"http://id.example.org\"",
        &["config.toml:2: [server] public_url: is http: passwords and sessions would cross the network in clear; use https (a \
           proxy in front ends TLS); http is for localhost"],
    );
    let settings =
        serve("[server]\npublic_url = \"https://ID.example.org:443/\"\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]");
    assert_eq!(settings.origin(), "https://id.example.org");
    assert!(settings.is_https() && !settings.is_loopback());
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    for local in ["http://127.0.0.9:8080", "http://[::1]:8080", "http://localhost:8080"] {
        assert!(serve(&format!("[server]\npublic_url = \"{local}\"")).is_loopback());
    }
}

#[test]
fn dev_shows_mail_and_stays_on_loopback() {
    let settings = load("", Mode::Dev, &[]).unwrap();
    assert_eq!(settings.mail.transport, MailTransport::Mailbox);
    let settings = load("[mail]\ntransport = \"file\"", Mode::Dev, &[]).unwrap();
    assert!(matches!(settings.mail.transport, MailTransport::File(_)));
    let errors = load("[server]\npublic_url = \"https://id.example.org\"", Mode::Dev, &[]).unwrap_err().to_string();
    assert!(errors.starts_with("config.toml:2: [server] public_url: `vestibule dev` shows every mail"), "{errors}");
    let errors = load("[server]\nlisten = \"0.0.0.0:8080\"", Mode::Dev, &[]).unwrap_err().to_string();
    assert!(errors.starts_with("config.toml:2: [server] listen: `vestibule dev` shows every mail"), "{errors}");
    load("[server]\nlisten = \"[::1]:8080\"", Mode::Dev, &[]).unwrap();
}

#[test]
fn the_environment_wins() {
    let env = [
        ("VESTIBULE_SERVER__LISTEN", "0.0.0.0:9000"),
        ("VESTIBULE_SERVER__TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16"),
        ("VESTIBULE_LIMITS__ENABLED", "false"),
        ("VESTIBULE_TOKENS__ACCESS_SECONDS", "300"),
        ("VESTIBULE_SECRETS__KEYS", "[\"v2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]"),
        ("VESTIBULE_CONFIG", "not a setting"),
        ("PATH", "/bin"),
    ];
    let settings = load("[server]\nlisten = \"127.0.0.1:1\"\n", Mode::Serve, &env).unwrap();
    assert_eq!(settings.server.listen.port(), 9000);
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert!(!settings.limits.enabled);
    assert!(settings.warnings().iter().any(|warning| warning.contains("limits.enabled is false")));
    assert_eq!(settings.tokens.access, Duration::from_mins(5));
    assert_eq!(settings.secrets_keys.len(), 1);
}

#[test]
fn errors_of_the_environment_name_the_variable() {
    let env = [
        ("VESTIBULE_SERVER__PUBLIC_ULR", "https://id.example.org"),
        ("VESTIBULE_MAIL__SMTP_PORT", "many"),
        ("VESTIBULE_LOG__FORMAT", "yaml"),
        ("VESTIBULE_CLIENTS__0", "x"),
        ("VESTIBULE_NOTHING__LIKE_THIS", "x"),
        ("VESTIBULE_GOOGLE__CLIENT_ID", "x"),
    ];
    let errors = load("", Mode::Serve, &env).unwrap_err().to_string();
    assert_eq!(
        errors.lines().collect::<Vec<_>>(),
        [
            "environment VESTIBULE_SERVER__PUBLIC_ULR: unknown key; did you mean VESTIBULE_SERVER__PUBLIC_URL?",
            "environment VESTIBULE_MAIL__SMTP_PORT: has the wrong type; set it to a whole number, 0 or more",
            "environment VESTIBULE_CLIENTS__0: clients cannot be set in the environment; write them to config.toml or use \
             `vestibule client add`",
            "environment VESTIBULE_NOTHING__LIKE_THIS: unknown key; unset it, or see config.toml for the keys",
            "environment VESTIBULE_LOG__FORMAT: \"yaml\" is unknown; one of: text, json",
            "environment VESTIBULE_GOOGLE__CLIENT_SECRET: is missing beside client_id; set both, or neither",
        ]
    );
}

#[test]
fn databases_and_secrets_are_recognised_and_never_shown() {
    let text = "[database]\nurl = \"postgres://v:hunter2@db/vestibule\"";
    let settings = serve(text);
    assert!(matches!(settings.database.url, DatabaseUrl::Postgres(_)));
    assert!(!format!("{settings:?}").contains("hunter2"));
    let settings = serve("[database]\nurl = \"sqlite:/var/lib/v.db\"");
    assert_eq!(settings.database.url, DatabaseUrl::Sqlite("/var/lib/v.db".into()));
    let errors = load("[database]\nurl = \"mysql://v:hunter2@db\"", Mode::Serve, &[]).unwrap_err().to_string();
    assert!(errors.starts_with("config.toml:2: [database] url: is no database") && !errors.contains("hunter2"), "{errors}");
    let errors = load("[secrets]\nkeys = [\"v1:c2hvcnQ\"]", Mode::Serve, &[]).unwrap_err().to_string();
    assert!(errors.starts_with("config.toml:2: [secrets] keys: key 1 is malformed"), "{errors}");
}

#[test]
fn remaining_checks_name_their_line() {
    for (text, start) in [
        ("[server]\nmetrics_listen = \"127.0.0.1:8080\"", "[server] metrics_listen: is the address of server.listen"),
        ("[server]\ntrusted_proxies = [\"proxy\"]", "[server] trusted_proxies: \"proxy\" is no address"),
        ("[server]\ntrusted_proxies = \"proxy\"", "[server] trusted_proxies: has the wrong type"),
        ("[data]\ndir = \"\"", "[data] dir: is empty"),
        ("[mail]\nfrom = \"nobody\"", "[mail] from: \"nobody\" cannot be read"),
        ("[mail]\ntransport = \"pigeon\"", "[mail] transport: \"pigeon\" is unknown; one of: file, smtp, mailbox"),
        ("[passwords]\nparallelism = -1", "[passwords] parallelism: has the wrong type"),
        ("[tokens]\naccess_seconds = 0", "[tokens] access_seconds: 0 is out of range; at least 1"),
        ("[tokens]\nid_seconds = 31_536_000", "[tokens] id_seconds: 31536000 is out of range; at most 31535999"),
        ("[tokens]\ncode_seconds = 601", "[tokens] code_seconds: 601 is out of range; at most 600"),
        ("[tokens]\nrefresh_idle_days = 200", "[tokens] refresh_idle_days: is longer than"),
        ("[tokens]\naccess_alg = \"HS256\"", "[tokens] access_alg: \"HS256\" is unknown"),
        ("[keys]\npublish_hours = 0", "[keys] publish_hours: 0 is out of range"),
        ("[flows]\ncode_tries = 11", "[flows] code_tries: 11 is out of range"),
        ("[limits]\ndestination_per_hour = 0", "[limits] destination_per_hour: 0 is out of range"),
        ("[bootstrap]\nadmin_email = \"a@b.example\"", "[bootstrap] admin_password_hash: is missing"),
        ("[pages]\ndefault_locale = \"fr\"", "[pages] default_locale: \"fr\" is unknown; one of: en, de"),
        ("[pages]\nhelp_url = \"javascript:alert(1)\"", "[pages] help_url: is no link"),
        ("[log]\nlevel = \"vestibule=loud\"", "[log] level: \"vestibule=loud\" is no level"),
        ("[retention]\nevents_days = 0", "[retention] events_days: 0 is out of range"),
    ] {
        let errors = load(text, Mode::Serve, &[]).expect_err(text).to_string();
        assert!(errors.starts_with(&format!("config.toml:2: {start}")), "{text}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn warnings_are_not_errors() {
    let text = "[server]\npublic_url = \"https://id.example.org\"\n[passwords]\nmemory_kib = 7168\niterations = 4\n";
    let warnings = serve(text).warnings().join("\n");
    for part in ["trusted_proxies is empty", "mail.transport is file", "below what OWASP advises (9216)"] {
        assert!(warnings.contains(part), "{part}: {warnings}");
    }
}

#[test]
fn a_named_file_must_exist() {
    let path = std::path::Path::new("/nonexistent/config.toml");
    let errors = Settings::load(Some(path), Mode::Serve, std::iter::empty()).unwrap_err().to_string();
    assert!(errors.starts_with("/nonexistent/config.toml: cannot be read: "), "{errors}");
}

#[test]
fn one_underscore_is_a_slip_and_other_names_are_not_ours() {
    let slip = load("", Mode::Serve, &[("VESTIBULE_SERVER_PUBLIC_URL", "https://id.example")]).unwrap_err().to_string();
    assert!(slip.contains("has one underscore between section and key; did you mean VESTIBULE_SERVER__PUBLIC_URL?"), "{slip}");
    assert!(load("", Mode::Serve, &[("VESTIBULE_BIN", "x"), ("VESTIBULE_TEST_POSTGRES", "x")]).is_ok());
}
