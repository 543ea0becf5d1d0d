use super::super::{
    Mode, Settings,
    providers::{Base, ClientAuth, Linking, Logo, ProviderKind, ProviderSettings, Vouching},
    raw_provider,
};

const CONFIG: &str = include_str!("../../config.toml");
const OTHER: &str = "[[providers]]\nid = \"work\"\nname = \"Work\"\nclient_id = \"me\"\n";
const SECRET: &str = "client_secret = \"hush hush hush\"\n";
const ISSUER: &str = "issuer = \"https://login.example.org\"\n";

fn load(text: &str) -> Result<Settings, String> {
    Settings::from_text("config.toml", text, Mode::Serve, std::iter::empty()).map_err(|errors| errors.to_string())
}

fn providers(text: &str) -> Vec<ProviderSettings> {
    load(text).unwrap_or_else(|errors| panic!("{errors}")).providers
}

#[track_caller]
fn refused(text: &str, line: &str) {
    let errors = load(text).expect_err(text);
    assert_eq!(errors, line, "{text}");
}

#[test]
fn nothing_is_on_by_itself() {
    assert_eq!(providers(""), []);
}

#[test]
fn a_preset_needs_id_and_secret_alone() {
    let text = "[discord]\nclient_id = \"d\"\nclient_secret = \"x\"\n[google]\nclient_id = \"g\"\nclient_secret = \"y\"\n";
    let found = providers(text);
    let [google, discord] = found.as_slice() else { panic!("two providers expected") };
    assert_eq!((google.id.as_str(), google.name.as_str()), ("google", "Google"));
    assert!(matches!(&google.kind, ProviderKind::Google { issuer } if issuer.as_str() == "https://accounts.google.com/"));
    assert_eq!((&google.vouching, google.linking, &google.logo), (&Vouching::Hosted, Linking::LinkVerified, &Logo::Preset));
    assert_eq!((&discord.kind, discord.client_secret.expose()), (&ProviderKind::Discord(Base(None)), "x"));
    assert_eq!(Base(None).or("https://discord.com"), "https://discord.com");
    refused(
        "[github]\nclient_id = \"g\"\n",
        "config.toml:2: [github] client_secret: is missing beside client_id; set both, or neither",
    );
    refused(
        "[github]\nclient_secret = \"g\"\n",
        "config.toml:2: [github] client_id: is missing beside client_secret; set both, or neither",
    );
}

#[test]
fn presets_vouch_as_far_as_they_check() {
    let all = ["google", "github", "facebook", "twitter", "discord"];
    let text = all.map(|id| format!("[{id}]\nclient_id = \"a\"\nclient_secret = \"b\"\n")).concat();
    let found: Vec<_> = providers(&text).into_iter().map(|provider| (provider.id, provider.vouching)).collect();
    let expected = all.map(str::to_owned).into_iter().zip([
        Vouching::Hosted,
        Vouching::Verified,
        Vouching::Never,
        Vouching::Verified,
        Vouching::Verified,
    ]);
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn base_urls_are_checked() {
    let github = |url: &str| format!("[github]\nclient_id = \"a\"\nclient_secret = \"b\"\nbase_url = \"{url}\"\n");
    let found = providers(&github("https://git.example.org/"));
    let [ProviderSettings { kind: ProviderKind::Github(base), .. }] = found.as_slice() else { panic!("GitHub expected") };
    assert_eq!(base.or("https://github.com"), "https://git.example.org");
    let line = |what: &str| format!("config.toml:4: [github] base_url: {what}");
    refused(
        &github("http://git.example.org"),
        &line("is http: secrets would cross the network in clear; use https; http is for localhost"),
    );
    refused(
        &github("git.example.org"),
        &line("\"git.example.org\" is no web address; for example \"https://login.example.org\""),
    );
    let private = github("http://127.0.0.1:1");
    refused(
        &private,
        &line(
            "is an address inside your network, and outbound.allow_private is off; set outbound.allow_private = true, or use a \
             public address",
        ),
    );
    assert_eq!(providers(&format!("{private}[outbound]\nallow_private = true\n")).len(), 1);
}

#[test]
fn an_openid_provider() {
    let found = providers(&format!(
        "{OTHER}{SECRET}{ISSUER}vouches_for = [\"Example.org\", \"bücher.example\"]\nlinking = \"ask\"\nkeep_tokens = true\n\
         second_factor = [\"mfa\"]\nlogout = true\nscopes = [\"groups\"]\n"
    ));
    let [work] = found.as_slice() else { panic!("one provider expected") };
    assert!(matches!(&work.kind, ProviderKind::OpenId { issuer } if issuer.host_str() == Some("login.example.org")));
    let domains = ["example.org", "xn--bcher-kva.example"].map(str::to_owned).to_vec();
    assert_eq!((&work.vouching, work.linking, &work.logo), (&Vouching::Domains(domains), Linking::Ask, &Logo::None));
    assert!(work.keep_tokens && work.logout);
    assert_eq!((work.scopes.as_slice(), work.second_factor.as_slice()), (&["groups".to_owned()][..], &["mfa".to_owned()][..]));
    assert!(!format!("{found:?}").contains("hush"));
}

#[test]
fn an_oauth2_provider() {
    let endpoints = "authorization_endpoint = \"https://a.example/auth\"\ntoken_endpoint = \"https://a.example/token\"\n\
                     userinfo_endpoint = \"https://a.example/me?fields=all\"\n";
    let text = format!(
        "{OTHER}{SECRET}{endpoints}token_endpoint_auth_method = \"client_secret_post\"\nsubject_claim = \"data.id\"\n\
         email_claim = \"\"\nvouches_for = [\"*\"]\n"
    );
    let found = providers(&text);
    let [ProviderSettings { kind: ProviderKind::OAuth2(endpoints), vouching: Vouching::Verified, .. }] = found.as_slice() else {
        panic!("an OAuth 2 provider expected: {found:?}")
    };
    assert_eq!(endpoints.client_auth, ClientAuth::Post);
    assert_eq!((endpoints.claims.subject.as_str(), endpoints.claims.email.as_str()), ("data.id", ""));
    // Another claim names other people.
    let issuer = |text: &str| providers(text).first().unwrap().kind.issuer();
    assert_ne!(issuer(&text), issuer(&text.replace("data.id", "data.login")));
    let warned = load(&text.replace("data.id", "user.login")).unwrap();
    assert!(warned.warnings().join("\n").contains("subject_claim = \"user.login\": people can change it"));
    refused(
        &text.replace("data.id", "data..id"),
        "config.toml:10: [[providers]] subject_claim: \"data..id\" is no path; names with dots between them, such as \"user.id\"",
    );
    refused(
        &text.replace("token_endpoint = ", "logout = true\n# "),
        "config.toml:1: [[providers]] token_endpoint: is missing; without issuer all three endpoints are needed\n\
         config.toml:7: [[providers]] logout: needs issuer; remove it: only OpenID providers say where to sign out",
    );
    refused(
        &format!("{text}{ISSUER}").replace("email_claim = \"\"\n", ""),
        &[("authorization_endpoint", 6), ("token_endpoint", 7), ("userinfo_endpoint", 8), ("token_endpoint_auth_method", 9)]
            .into_iter()
            .chain([("subject_claim", 10)])
            .map(|(key, line)| {
                format!(
                    "config.toml:{line}: [[providers]] {key}: stands beside issuer, whose metadata says it; remove it, or \
                     remove issuer"
                )
            })
            .collect::<Vec<_>>()
            .join("\n"),
    );
}

#[test]
fn wrong_values_say_what_would_be_right() {
    let sound = format!("{OTHER}{SECRET}{ISSUER}");
    let entry = |key: &str, what: &str| format!("[[providers]] {key}: {what}");
    for (from, to, line, message) in [
        ("\"work\"", "\"Work!\"", 2, entry("id", "is missing or malformed; 1 to 32 of a-z, 0-9 and '-', for example \"work\"")),
        ("\"work\"", "\"google\"", 2, entry("id", "\"google\" has a section of its own; use [google], or choose another id")),
        ("client_id = \"me\"\n", "", 1, entry("client_id", "is missing; the name under which the provider knows this server")),
        (SECRET, "", 1, entry("client_secret", "is missing; add client_secret or client_secret_file")),
        (SECRET, "keeptokens = true\n", 5, entry("keeptokens", "unknown key; did you mean keep_tokens?")),
        (
            ISSUER,
            "",
            1,
            entry(
                "issuer",
                "is missing; the provider's issuer; or, without OpenID, authorization_endpoint, token_endpoint and userinfo_endpoint",
            ),
        ),
        (
            ISSUER,
            &format!("{ISSUER}linking = \"always\"\n"),
            7,
            entry("linking", "\"always\" is unknown; one of: link_verified, ask, create_only, sign_in_only"),
        ),
        (
            ISSUER,
            &format!("{ISSUER}scopes = [\"a b\"]\n"),
            7,
            entry("scopes", "\"a b\" is no scope; one scope an item, for example [\"calendar\", \"files\"]"),
        ),
        (
            ISSUER,
            &format!("{ISSUER}vouches_for = [\"me@example.org\"]\n"),
            7,
            entry(
                "vouches_for",
                "\"me@example.org\" is no mail domain; domains such as [\"example.org\"], or [\"*\"] for every address it calls verified",
            ),
        ),
        (ISSUER, &format!("{ISSUER}logout = 1\n"), 7, entry("logout", "has the wrong type; write true or false")),
    ] {
        let errors = load(&sound.replace(from, to)).expect_err(to);
        assert!(errors.contains(&format!("config.toml:{line}: {message}")), "{to}: {errors}");
    }
    for (from, to, what) in [
        ("\"me\"", "\" me\"", "[[providers]] client_id: has blanks or line breaks"),
        ("hush hush hush", "hush\\n", "[[providers]] client_secret: has blanks or line breaks"),
        ("hush hush hush", "...", "[[providers]] client_secret: is still the placeholder"),
        (
            "example.org\"",
            "example.org/.well-known/openid-configuration\"",
            "[[providers]] issuer: is the address of the metadata",
        ),
    ] {
        let errors = load(&sound.replace(from, to)).expect_err(to);
        assert!(errors.contains(what), "{to}: {errors}");
    }
    let alike = load(&format!("{sound}{}", sound.replace("\"work\"", "\"work-2\""))).unwrap();
    assert!(alike.warnings().join("\n").contains("name \"Work\" occurs twice"));
    let twice = load(&format!("{sound}{sound}")).unwrap_err();
    assert_eq!(twice, "config.toml:8: [[providers]] id: \"work\" occurs twice; give every provider its own");
    let warned = load("[github]\nsecond_factor = [\"mfa\"]\n").unwrap();
    assert!(warned.warnings().join("\n").contains("[github] second_factor has no effect"));
    let warned = load("[google]\nsecond_factor = [\"mfa\", \"pwd\"]\n").unwrap().warnings().join("\n");
    assert!(warned.contains("[google] second_factor has \"pwd\"") && !warned.contains("has \"mfa\""), "{warned}");
}

#[test]
fn secrets_and_logos_may_stand_in_files() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let text = |secret: &str, logo: &str| format!("{OTHER}{ISSUER}client_secret_file = \"{secret}\"\nlogo = \"{logo}\"\n");
    let secret = file("secret", b"from a file\n");
    let svg = b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    let found = providers(&text(&secret, &file("logo.svg", svg)));
    assert_eq!(found[0].client_secret.expose(), "from a file");
    assert_eq!(found[0].logo, Logo::File { media_type: "image/svg+xml", bytes: svg.to_vec() });
    let png = file("logo.png", b"\x89PNG\r\n\x1a\n....");
    assert!(matches!(&providers(&text(&secret, &png))[0].logo, Logo::File { media_type: "image/png", .. }));
    let webp = file("logo.webp", b"RIFF....WEBPVP8 ");
    assert!(matches!(&providers(&text(&secret, &webp))[0].logo, Logo::File { media_type: "image/webp", .. }));

    let wrong = |secret: &str, logo: &str, what: &str| {
        let errors = load(&text(secret, logo)).unwrap_err();
        assert!(errors.contains(what), "{errors}");
    };
    wrong(&file("empty", b" \n"), &png, "client_secret_file: is an empty file");
    wrong("/nonexistent/secret", &png, "cannot be read: No such file");
    wrong(&secret, "/nonexistent/logo", "cannot be read: No such file");
    wrong(&secret, &file("logo.gif", b"GIF89a"), "is no picture we know; an SVG, PNG or WebP file of at most 32 KiB");
    let large = [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![0; 32 * 1024]].concat();
    wrong(&secret, &file("large.png", &large), "has 32776 bytes");
    let both = format!("{}{SECRET}", text(&secret, &png));
    assert!(load(&both).unwrap_err().contains("client_secret_file: stands beside client_secret; keep one of them"));
}

#[test]
fn the_environment_sets_presets_only() {
    let env = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::from_text("config.toml", "", Mode::Serve, pairs.into_iter())
    };
    let set = [("VESTIBULE_TWITTER__CLIENT_ID", "a"), ("VESTIBULE_TWITTER__CLIENT_SECRET", "b")];
    assert_eq!(env(&set).unwrap().providers[0].name, "Twitter");
    let errors = env(&[("VESTIBULE_PROVIDERS__ID", "a")]).unwrap_err().to_string();
    assert!(errors.contains("providers cannot be set in the environment; write them to config.toml"), "{errors}");
}

#[test]
fn config_toml_names_every_key_and_its_examples_are_valid() {
    let (_, rest) = CONFIG.split_once("# [[providers]]\n").unwrap();
    let (example, _) = rest.split_once("# [[sites]]\n").unwrap();
    for key in raw_provider::KEYS {
        assert!(example.contains(&format!("\n# {key} = ")), "[[providers]] {key} is missing");
    }
    let keys = example.lines().map(|line| line.trim_start_matches("# "));
    let keys: Vec<&str> = keys.filter(|line| line.split(' ').nth(1) == Some("=")).collect();
    let with = |wanted: &dyn Fn(&str) -> bool| {
        let lines = keys.iter().filter(|line| wanted(line.split(' ').next().unwrap()));
        let lines: String = lines.flat_map(|line| [*line, "\n"]).collect();
        providers(&format!("[[providers]]\n{lines}").replace("\"...\"", "\"hush\""))
    };
    let plain = |key: &str| key.ends_with("_endpoint") || key.ends_with("_claim") || key == "token_endpoint_auth_method";
    // Files that this machine does not have.
    let file = |key: &str| matches!(key, "logo" | "client_secret_file");
    let openid = with(&|key| !plain(key) && !file(key));
    assert!(matches!(openid[0].kind, ProviderKind::OpenId { .. }));
    let oauth2 = with(&|key| !matches!(key, "issuer" | "logout" | "second_factor") && !file(key));
    assert!(matches!(oauth2[0].kind, ProviderKind::OAuth2(_)));
}
