//! Providers that bend the types: nobody stays outside for a field that we do not need.

use serde_json::{Value, json};

use super::{
    openid_tests::{Provider, change},
    tests::{ACCESS, NOW, PATIENT, Reply, finish, settings, some, upstreams},
    *,
};

/// Every type that JSON has, and the texts that some write for nothing.
fn anything() -> [Value; 9] {
    [
        json!(true),
        json!(7),
        json!(-1.5),
        json!(""),
        json!("not an address"),
        json!([]),
        json!([1, {}]),
        json!({"a": {}}),
        Value::Null,
    ]
}

const CLAIMS: [&str; 25] = [
    "acr",
    "amr",
    "auth_time",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
    "hd",
    "c_hash",
    "at_hash_",
    "name#de",
];

#[tokio::test]
async fn claims_that_we_do_not_need_may_be_anything() {
    let provider = Provider::start().await;
    for name in CLAIMS {
        for value in anything() {
            let mut claims = json!({"email": "ada@example.org"});
            claims[name] = value.clone();
            provider.id_token(&provider.key.sign("JWT", &with(provider.claims(json!({})), claims)).unwrap());
            let arrived = provider.finish().await.unwrap_or_else(|error| panic!("ID token: {name}: {value}: {error}"));
            assert_eq!((arrived.subject.as_str(), arrived.email), ("abc", some("ada@example.org")), "{name}: {value}");

            provider.tokens(json!({}));
            let mut userinfo = json!({"sub": "abc", "email": "ada@example.org"});
            userinfo[name] = value.clone();
            provider.fake.json("/userinfo", userinfo);
            let arrived = provider.finish().await.unwrap_or_else(|error| panic!("userinfo: {name}: {value}: {error}"));
            assert_eq!(arrived.email, some("ada@example.org"), "{name}: {value}");
        }
    }
}

fn with(mut claims: Value, more: Value) -> Value {
    let (Value::Object(into), Value::Object(from)) = (&mut claims, more) else { panic!("objects") };
    into.extend(from);
    claims
}

#[tokio::test]
async fn what_can_be_meant_is_understood() {
    let provider = Provider::start().await;
    let now = NOW.seconds();
    provider.tokens(json!({
        "sub": 12345, "iat": now.to_string(), "exp": format!("{}", now + 300), "auth_time": (now - 5).to_string(), "amr": "mfa", "acr": 2,
        "email": "ada@example.org", "email_verified": "True", "preferred_username": 77, "picture": {"url": "https://pic.example/1"}, "website": "",
    }));
    let arrived = provider.finish().await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.email_verified, arrived.amr), ("12345", true, vec!["mfa".to_owned()]));
    assert_eq!((arrived.acr, arrived.username, arrived.picture, arrived.website), (some("2"), some("77"), None, None));
    assert_eq!(arrived.auth_time, Some(NOW - Duration::from_secs(5)));
    // With a fraction, and the same person by number in the one and by text in the other.
    provider.tokens(json!({"sub": "12345", "iat": 1_790_000_000.5, "exp": 1_790_000_300.5}));
    provider.fake.json("/userinfo", json!({"sub": 12345, "email": "ada@example.org", "email_verified": 1}));
    let arrived = provider.finish().await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), false), "a number is no word for it");
}

/// What makes a token believable is read in no two ways.
#[tokio::test]
async fn what_must_be_right_must_be_there() {
    let provider = Provider::start().await;
    for name in ["iss", "aud", "exp", "iat", "sub", "nonce"] {
        for value in anything() {
            let subject = name == "sub" && [json!(7), json!("not an address")].contains(&value);
            let mut changes = json!({});
            changes[name] = value.clone();
            provider.id_token(&provider.key.sign("JWT", &with(provider.claims(json!({})), changes)).unwrap());
            // Whenever it was made, it has not expired.
            if name == "iat" && value.is_number() {
                continue;
            }
            // One whose subject is another person's is theirs; the userinfo are not.
            let expected: &[&str] = if subject { &["id_token"] } else { &["id_token", "garbage", "clock"] };
            let error = provider.finish().await.err().unwrap_or_else(|| panic!("{name}: {value}"));
            assert!(expected.contains(&error.as_str()), "{name}: {value}: {error}");
        }
    }
    for (changes, sound) in [
        (json!({"azp": ["somebody"]}), true),
        (json!({"azp": "somebody"}), false),
        (json!({"at_hash": 7}), false),
        (json!({"at_hash": {}}), true),
        (json!({"aud": ["me", 7]}), false),
    ] {
        provider.tokens(changes.clone());
        assert_eq!(provider.finish().await.is_ok(), sound, "{changes}");
    }
}

#[tokio::test]
async fn token_answers_in_every_form() {
    let provider = Provider::start().await;
    let id_token = provider.key.sign("JWT", &provider.claims(json!({}))).unwrap();
    let good = json!({"access_token": ACCESS, "token_type": "Bearer", "expires_in": 3600, "id_token": id_token});
    for name in ["token_type", "expires_in", "refresh_token", "scope", "refresh_expires_in", "not-before-policy", "session_state"]
    {
        for value in anything() {
            let mut answer = good.clone();
            answer[name] = value.clone();
            provider.fake.json("/token", answer);
            let arrived = provider.finish().await.unwrap_or_else(|error| panic!("{name}: {value}: {error}"));
            assert_eq!(arrived.tokens.access_token.expose(), ACCESS);
        }
    }
    let mut answer = good;
    change(&mut answer, json!({"token_type": null, "expires_in": "3600", "scope": ["openid", "email"], "refresh_token": ""}));
    let text = Reply::Text(200, "text/plain", answer.to_string().into_bytes());
    provider.fake.on("/token", text);
    let tokens = provider.finish().await.unwrap().tokens;
    assert_eq!(
        (tokens.expires_in, tokens.scope, tokens.refresh_token),
        (Some(Duration::from_secs(3600)), some("openid email"), None)
    );
    for value in [json!(7), json!(""), json!({}), Value::Null] {
        answer["id_token"] = value.clone();
        provider.fake.json("/token", answer.clone());
        assert!(matches!(provider.finish().await.unwrap_err().as_str(), "id_token" | "garbage"), "{value}");
    }
}

#[tokio::test]
async fn metadata_and_keys_in_every_form() {
    let provider = Provider::start().await;
    for name in [
        "scopes_supported",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "claims_supported",
        "grant_types_supported",
        "response_modes_supported",
        "acr_values_supported",
        "display_values_supported",
        "service_documentation",
        "op_policy_uri",
        "op_tos_uri",
        "registration_endpoint",
        "claims_locales_supported",
        "ui_locales_supported",
        "claims_parameter_supported",
        "end_session_endpoint",
        "id_token_encryption_alg_values_supported",
        "authorization_response_iss_parameter_supported",
    ] {
        for value in anything() {
            // A list of no algorithm, and a promise, are words that count.
            if name == "id_token_signing_alg_values_supported"
                && !(value.is_null() || value.is_object() || value == "" || value == true)
            {
                continue;
            }
            let mut metadata = json!({"end_session_endpoint": "", "registration_endpoint": ""});
            metadata[name] = value.clone();
            provider.metadata(metadata);
            let iss = Some(provider.issuer.as_str());
            let arrived = finish(&provider.upstreams(), iss).await;
            assert!(arrived.is_ok(), "{name}: {value}: {:?}", arrived.err());
        }
    }
    provider.metadata(json!({"userinfo_endpoint": ""}));
    assert_eq!(provider.finish().await.unwrap().email, None);
    provider.metadata(json!({}));
    let mut key = serde_json::to_value(provider.key.public_jwk()).unwrap();
    change(&mut key, json!({"use": {}, "x5c": 7, "key_ops": "verify", "x5t": [], "alg": ""}));
    provider.fake.json("/jwks", json!({"keys": [key, 7, {"kty": 7}, {}], "more": 1}));
    assert!(provider.finish().await.is_ok());
    for keys in [json!({"keys": {}}), json!([]), json!({})] {
        provider.fake.json("/jwks", keys.clone());
        assert_eq!(provider.finish().await.unwrap_err().as_str(), "garbage", "{keys}");
    }
}

const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const OTHER: &str = "11111111-2222-3333-4444-555555555555";

/// Microsoft's address for every tenant.
async fn microsoft() -> (Provider, Upstreams) {
    let mut provider = Provider::start().await;
    let base = provider.issuer.clone();
    provider.issuer = format!("{base}/{{tenantid}}/v2.0");
    let metadata = json!({"issuer": provider.issuer, "authorization_endpoint": provider.fake.url("/authorize"),
        "token_endpoint": provider.fake.url("/token"), "userinfo_endpoint": provider.fake.url("/userinfo"), "jwks_uri": provider.fake.url("/jwks"),
        "response_types_supported": ["code"], "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": ["ES256"]});
    provider.fake.json("/common/v2.0/.well-known/openid-configuration", metadata);
    let common = ProviderKind::OpenId { issuer: format!("{base}/common/v2.0").parse().unwrap() };
    provider.issuer = base;
    (provider, upstreams(settings(common), PATIENT))
}

#[tokio::test]
async fn an_issuer_of_many_tenants_is_checked_against_tid() {
    let (provider, upstreams) = microsoft().await;
    let of = |tenant: &str| format!("{}/{tenant}/v2.0", provider.issuer);
    provider.tokens(json!({"iss": of(TENANT), "tid": TENANT, "email": "ada@example.org"}));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.issuer), ("abc", Some(of(TENANT))));
    assert!(finish(&upstreams, Some(&of(TENANT))).await.is_ok(), "an answer may name the tenant");
    for (what, changes) in [
        ("another tenant's", json!({"iss": of(OTHER), "tid": TENANT})),
        ("no tenant", json!({"iss": of(TENANT)})),
        ("the meeting place", json!({"iss": of("common"), "tid": "common"})),
        ("the template", json!({"iss": of("{tenantid}"), "tid": "{tenantid}"})),
        ("another host", json!({"iss": format!("https://attacker.example/{TENANT}/v2.0"), "tid": TENANT})),
        ("a list", json!({"iss": of(TENANT), "tid": [TENANT]})),
    ] {
        provider.tokens(changes);
        assert_eq!(finish(&upstreams, None).await.expect_err(what).as_str(), "id_token", "{what}");
    }
    for iss in ["https://attacker.example", &of("common"), &format!("{}/x/{TENANT}/v2.0", provider.issuer)] {
        assert_eq!(finish(&upstreams, Some(iss)).await.unwrap_err(), UpstreamError::WrongIssuer, "{iss}");
    }
}

#[tokio::test]
async fn a_key_of_one_tenant_signs_for_no_other() {
    let (provider, upstreams) = microsoft().await;
    let of = |tenant: &str| format!("{}/{tenant}/v2.0", provider.issuer);
    for (owner, sound) in [(of("{tenantid}"), true), (of(TENANT), true), (of(OTHER), false)] {
        let mut key = serde_json::to_value(provider.key.public_jwk()).unwrap();
        change(&mut key, json!({"issuer": owner}));
        provider.fake.json("/jwks", json!({"keys": [key]}));
        provider.tokens(json!({"iss": of(TENANT), "tid": TENANT, "email": "ada@example.org"}));
        let fresh = Upstreams::within(&[upstream_settings(&provider)], Reach::Anywhere, PATIENT, &Clock::manual(NOW)).unwrap();
        assert_eq!(finish(&fresh, None).await.is_ok(), sound, "{owner}");
    }
    drop(upstreams);
}

fn upstream_settings(provider: &Provider) -> ProviderSettings {
    settings(ProviderKind::OpenId { issuer: format!("{}/common/v2.0", provider.issuer).parse().unwrap() })
}

#[tokio::test]
async fn a_template_elsewhere_is_another_issuer() {
    let provider = Provider::start().await;
    for issuer in [
        "https://{tenantid}.example/v2.0".to_owned(),
        format!("{}/{{tenantid}}/v2.0", provider.issuer),
        format!("{}/a{{tenantid}}", provider.issuer),
    ] {
        provider.metadata(json!({"issuer": issuer}));
        assert_eq!(provider.finish().await.unwrap_err(), UpstreamError::WrongIssuer, "{issuer}");
    }
}

/// Takes the lines of a log.
#[derive(Clone, Default)]
struct Lines(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_the_field_and_its_type_and_never_the_value() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _here = tracing::subscriber::set_default(log);
    let provider = Provider::start().await;
    provider.tokens(
        json!({"email": "ada@example.org", "picture": {"url": "https://pic.example/ada"}, "website": "", "azp": ["ada-s"]}),
    );
    provider.finish().await.unwrap();
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for (document, field, held) in [("profile", "picture", "an object"), ("ID token", "azp", "a list")] {
        let line =
            log.lines().find(|line| line.contains(&format!("field=\"{field}\""))).unwrap_or_else(|| panic!("{field}: {log}"));
        for part in
            [format!("document=\"{document}\""), format!("held=\"{held}\""), "provider=\"it\"".to_owned(), " WARN ".to_owned()]
        {
            assert!(line.contains(&part), "{part}: {line}");
        }
    }
    assert!(!log.contains("pic.example") && !log.contains("ada-s") && !log.contains("website"), "{log}");
}
