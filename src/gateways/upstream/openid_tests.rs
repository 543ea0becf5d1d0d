//! OpenID Connect, against a provider on loopback that can be made to lie.

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{
    tests::{ACCESS, BEGUN, Fake, HASTY, NOW, PATIENT, Reply, SECRET, by_header, finish, settings, some, troubles, upstreams},
    *,
};
use crate::crypto::jose::{Alg, SigningKey, half_hash};

pub(super) struct Provider {
    pub fake: Fake,
    pub(super) key: SigningKey,
    pub(super) issuer: String,
}

impl Provider {
    pub(super) async fn start() -> Self {
        Self::with(Alg::Es256).await
    }

    async fn with(alg: Alg) -> Self {
        let fake = Fake::start().await;
        let issuer = fake.url("").as_str().trim_end_matches('/').to_owned();
        let provider = Self { fake, key: SigningKey::generate(alg, "one".into()).unwrap(), issuer };
        provider.metadata(json!({}));
        provider.publish();
        provider.tokens(json!({}));
        provider.fake.json("/userinfo", json!({"sub": "abc", "email": "ada@example.org", "email_verified": true}));
        provider
    }

    /// Serves metadata, with some members changed.
    pub(super) fn metadata(&self, changes: Value) {
        let mut metadata = json!({
            "issuer": self.issuer,
            "authorization_endpoint": self.fake.url("/authorize"),
            "token_endpoint": self.fake.url("/token"),
            "userinfo_endpoint": self.fake.url("/userinfo"),
            "jwks_uri": self.fake.url("/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "ML-DSA-65", "HS256", "none"],
            "scopes_supported": ["openid", "offline_access"],
        });
        change(&mut metadata, changes);
        self.fake.json("/.well-known/openid-configuration", metadata);
    }

    pub(super) fn publish(&self) {
        self.fake.json("/jwks", json!({"keys": [self.key.public_jwk(), {"kty": "AKP", "alg": "ML-DSA-65"}]}));
    }

    /// The claims of a good ID token, with some changed.
    pub(super) fn claims(&self, changes: Value) -> Value {
        let mut claims = json!({"iss": self.issuer, "aud": "me", "sub": "abc", "nonce": BEGUN.nonce,
                                "iat": NOW.seconds(), "exp": NOW.seconds() + 300});
        change(&mut claims, changes);
        claims
    }

    /// Answers codes with an ID token of these changes.
    pub(super) fn tokens(&self, changes: Value) {
        self.id_token(&self.key.sign("JWT", &self.claims(changes)).unwrap());
    }

    pub(super) fn id_token(&self, id_token: &str) {
        let body = json!({"access_token": ACCESS, "token_type": "Bearer", "expires_in": 3600, "id_token": id_token});
        self.fake.json("/token", body);
    }

    pub(super) fn settings(&self) -> ProviderSettings {
        settings(ProviderKind::OpenId { issuer: self.issuer.parse().unwrap() })
    }

    pub(super) fn upstreams(&self) -> Upstreams {
        upstreams(self.settings(), PATIENT)
    }

    pub(super) async fn finish(&self) -> Result<Arrived, UpstreamError> {
        finish(&self.upstreams(), None).await
    }
}

/// Sets members, or takes them away by null.
pub(super) fn change(document: &mut Value, changes: Value) {
    let Value::Object(changes) = changes else { panic!("an object expected") };
    let document = document.as_object_mut().unwrap();
    for (name, value) in changes {
        if value.is_null() {
            document.remove(&name);
        } else {
            document.insert(name, value);
        }
    }
}

#[tokio::test]
async fn begins_with_state_nonce_and_pkce() {
    let provider = Provider::start().await;
    let upstreams = provider.upstreams();
    let upstream = upstreams.get("it").unwrap();
    assert!(upstreams.get("other").is_none());
    let url = upstream.authorization_url(&BEGUN, Prompt::Nothing, Locale::De).await.unwrap();
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let expected = [
        ("response_type", "code"),
        ("client_id", "me"),
        ("state", "the-state"),
        ("code_challenge", "_RpfHqw8pAZIomzVUE7sjRmHSM543WVdC4o-Kc4_3C0"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", BEGUN.redirect_uri),
        ("scope", "openid profile email more"),
        ("nonce", "the-nonce"),
        ("ui_locales", "de"),
    ];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let again = upstream.authorization_url(&BEGUN, Prompt::ProveAgain, Locale::En).await.unwrap();
    assert!(again.as_str().contains("&prompt=login") && again.as_str().contains("&max_age=0"), "{again}");
    assert_eq!(provider.fake.seen("/.well-known/openid-configuration").len(), 1, "metadata are remembered");
}

#[tokio::test]
async fn a_sign_in() {
    let provider = Provider::start().await;
    let userinfo = json!({"sub": "abc", "email": "ada@example.org", "email_verified": true, "name": "Ada Lovelace",
                          "given_name": "Ada", "family_name": "Lovelace", "preferred_username": "ada", "locale": "de-AT",
                          "picture": "https://pic.example/1", "website": "https://ada.example/", "hd": "example.org"});
    provider.fake.json("/userinfo", userinfo);
    let at_hash = half_hash(Alg::Es256, ACCESS);
    provider.tokens(json!({"acr": "mfa", "amr": ["pwd", "otp"], "auth_time": NOW.seconds() - 5, "azp": "me",
                           "aud": ["me"], "at_hash": at_hash}));
    let arrived = provider.finish().await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.email, arrived.email_verified), ("abc", some("ada@example.org"), true));
    assert_eq!((arrived.name, arrived.username), (some("Ada Lovelace"), some("ada")));
    assert_eq!((arrived.given_name, arrived.family_name), (some("Ada"), some("Lovelace")));
    assert_eq!((arrived.locale, arrived.website), (some("de-AT"), some("https://ada.example/")));
    assert_eq!((arrived.picture, arrived.hosted_domain), (some("https://pic.example/1"), some("example.org")));
    assert_eq!((arrived.acr, arrived.amr), (some("mfa"), vec!["pwd".to_owned(), "otp".to_owned()]));
    assert_eq!(arrived.auth_time, Some(NOW - Duration::from_secs(5)));
    assert_eq!(arrived.tokens.expires_in, Some(Duration::from_secs(3600)));
    let token = provider.fake.seen("/token").pop().unwrap();
    by_header(&token);
    assert_eq!(token.form["code_verifier"], BEGUN.verifier);
    assert_eq!(provider.fake.seen("/userinfo")[0].headers["authorization"], format!("Bearer {ACCESS}"));
}

#[tokio::test]
async fn google_says_all_in_the_id_token() {
    let provider = Provider::with(Alg::Rs256).await;
    provider.tokens(json!({"email": "ada@example.org", "email_verified": true, "hd": "example.org", "azp": "me",
                           "at_hash": half_hash(Alg::Rs256, ACCESS)}));
    let issuer = provider.issuer.parse().unwrap();
    let settings = ProviderSettings { keep_tokens: true, ..settings(ProviderKind::Google { issuer }) };
    let upstreams = upstreams(settings, PATIENT);
    let arrived = finish(&upstreams, Some(&provider.issuer)).await.unwrap();
    assert_eq!((arrived.email, arrived.hosted_domain), (some("ada@example.org"), some("example.org")));
    assert!(provider.fake.seen("/userinfo").is_empty());
    let url = upstreams.get("it").unwrap().authorization_url(&BEGUN, Prompt::Nothing, Locale::De).await.unwrap();
    assert!(url.as_str().contains("&hl=de") && url.as_str().contains("&access_type=offline"), "{url}");
}

#[tokio::test]
async fn every_algorithm_of_ours_is_understood() {
    for alg in Alg::ALL {
        let provider = Provider::with(alg).await;
        provider.tokens(json!({"at_hash": half_hash(alg, ACCESS)}));
        assert_eq!(provider.finish().await.unwrap().subject, "abc", "{alg}");
    }
}

#[tokio::test]
async fn an_address_is_verified_only_by_who_names_it() {
    let provider = Provider::start().await;
    let cases = [
        // The ID token's word is about no address; userinfo have one without a word.
        (json!({"email_verified": true}), json!({"sub": "abc", "email": "a@b.example"}), (some("a@b.example"), false)),
        (json!({"email": "a@b.example"}), json!({"sub": "abc"}), (some("a@b.example"), false)),
        (json!({"email": "a@b.example", "email_verified": "true"}), json!({}), (some("a@b.example"), true)),
        (json!({"email": "a@b.example", "email_verified": "false"}), json!({}), (some("a@b.example"), false)),
        (json!({}), json!({"sub": "abc", "email_verified": true}), (None, false)),
        // Renamed.
        (json!({"mail": "a@b.example"}), json!({"sub": "abc", "mail": "a@b.example"}), (None, false)),
    ];
    for (id_token, userinfo, expected) in cases {
        provider.tokens(id_token.clone());
        provider.fake.json("/userinfo", userinfo.clone());
        let arrived = provider.finish().await.unwrap();
        assert_eq!((arrived.email, arrived.email_verified), expected, "{id_token} {userinfo}");
    }
}

#[tokio::test]
async fn id_tokens_that_lie_are_refused() {
    let provider = Provider::start().await;
    for (what, changes) in [
        ("another audience", json!({"aud": "somebody"})),
        ("no audience", json!({"aud": null})),
        ("one audience too many", json!({"aud": ["me", "somebody"], "azp": "me"})),
        ("another party", json!({"azp": "somebody"})),
        ("another issuer", json!({"iss": "https://attacker.example"})),
        ("a slash more", json!({"iss": format!("{}/", provider.issuer)})),
        ("another nonce", json!({"nonce": "another"})),
        ("no nonce", json!({"nonce": null})),
        ("another access token", json!({"at_hash": half_hash(Alg::Es256, "another")})),
    ] {
        provider.tokens(changes);
        let error = provider.finish().await.expect_err(what);
        assert_eq!(error.as_str(), "id_token", "{what}: {error}");
    }
    for (what, changes) in [("no subject", json!({"sub": null})), ("no life", json!({"exp": null}))] {
        provider.tokens(changes);
        assert_eq!(provider.finish().await.expect_err(what).as_str(), "garbage", "{what}");
    }
}

#[tokio::test]
async fn only_the_providers_own_signature_counts() {
    let provider = Provider::start().await;
    let encode = |header: &Value| {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        format!("{}.{}", part(header), part(&provider.claims(json!({}))))
    };
    let unsigned = encode(&json!({"alg": "none", "typ": "JWT"}));
    let by_secret = encode(&json!({"alg": "HS256", "typ": "JWT"}));
    let mac =
        |key: &[u8]| BASE64URL_NOPAD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), by_secret.as_bytes()).as_ref());
    let jwk = serde_json::to_vec(provider.key.public_jwk()).unwrap();
    let stranger = SigningKey::generate(Alg::Es256, "one".into()).unwrap();
    let embedded = encode(&json!({"alg": "ES256", "typ": "JWT", "kid": "one", "jwk": stranger.public_jwk()}));
    let own = provider.key.sign("JWT", &provider.claims(json!({}))).unwrap();
    let forged = provider.key.sign("JWT", &provider.claims(json!({"sub": "somebody"}))).unwrap();
    for (what, token) in [
        ("none", format!("{unsigned}.")),
        ("HS256 by our secret", format!("{by_secret}.{}", mac(SECRET.as_bytes()))),
        ("HS256 by the public key", format!("{by_secret}.{}", mac(&jwk))),
        ("another key of the same name", stranger.sign("JWT", &provider.claims(json!({}))).unwrap()),
        ("a key in the header", format!("{embedded}.{}", own.rsplit('.').next().unwrap())),
        ("claims that were not signed", format!("{}.{}", forged.rsplit_once('.').unwrap().0, own.rsplit('.').next().unwrap())),
        ("an access token", provider.key.sign("at+jwt", &provider.claims(json!({}))).unwrap()),
    ] {
        provider.id_token(&token);
        let error = provider.finish().await.expect_err(what);
        assert!(matches!(error.as_str(), "id_token" | "garbage"), "{what}: {error}");
    }
    provider.fake.json("/token", json!({"access_token": ACCESS, "token_type": "Bearer"}));
    assert_eq!(provider.finish().await.unwrap_err(), UpstreamError::IdToken("there is none".into()));
    provider.metadata(json!({"id_token_signing_alg_values_supported": ["RS256"]}));
    provider.tokens(json!({}));
    assert_eq!(provider.finish().await.unwrap_err().as_str(), "id_token", "an algorithm that it does not use");
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let provider = Provider::start().await;
    let now = NOW.seconds();
    for (iat, exp, sound) in [
        (now - 300, now - 50, true),
        (now - 300, now - 70, false),
        (now + 50, now + 300, true),
        (now + 70, now + 300, false),
        (now + 3600, now + 7200, false),
    ] {
        provider.tokens(json!({"iat": iat, "exp": exp}));
        match provider.finish().await {
            Ok(_) => assert!(sound, "{iat} {exp}"),
            Err(error) => assert_eq!((error.as_str(), sound), ("clock", false), "{iat} {exp}"),
        }
    }
}

#[tokio::test]
async fn new_keys_are_fetched_once() {
    let mut provider = Provider::start().await;
    let patient = provider.upstreams();
    let eager = upstreams(provider.settings(), Patience { keys: Duration::ZERO, ..PATIENT });
    assert!(finish(&patient, None).await.is_ok() && finish(&eager, None).await.is_ok());
    provider.key = SigningKey::generate(Alg::Es256, "two".into()).unwrap();
    provider.publish();
    provider.tokens(json!({}));
    let calls = provider.fake.seen("/jwks").len();
    assert!(finish(&patient, None).await.is_ok());
    assert!(finish(&eager, None).await.is_ok());
    assert_eq!(provider.fake.seen("/jwks").len(), calls + 2);
    // A key that nobody publishes costs one call, not two, and none where the keys have been looked for a moment ago.
    provider.key = SigningKey::generate(Alg::Es256, "three".into()).unwrap();
    provider.tokens(json!({}));
    assert_eq!(finish(&eager, None).await.unwrap_err().as_str(), "id_token");
    assert_eq!(provider.fake.seen("/jwks").len(), calls + 3);
    assert_eq!(finish(&patient, None).await.unwrap_err().as_str(), "id_token");
    assert_eq!(provider.fake.seen("/jwks").len(), calls + 3);
    assert_eq!(provider.fake.seen("/.well-known/openid-configuration").len(), 2);
}

#[tokio::test]
async fn metadata_are_read_again_when_old() {
    let provider = Provider::start().await;
    let upstreams = upstreams(provider.settings(), Patience { metadata: Duration::ZERO, ..PATIENT });
    for _ in 0..3 {
        assert!(finish(&upstreams, None).await.is_ok());
    }
    assert_eq!(provider.fake.seen("/.well-known/openid-configuration").len(), 3);
}

#[tokio::test]
async fn the_answer_must_be_this_issuers() {
    let provider = Provider::start().await;
    let upstreams = provider.upstreams();
    for iss in ["https://attacker.example", "", &format!("{}/", provider.issuer)] {
        assert_eq!(finish(&upstreams, Some(iss)).await.unwrap_err(), UpstreamError::WrongIssuer, "{iss}");
    }
    assert!(provider.fake.seen("/token").is_empty(), "the code stays with us");
    assert!(finish(&upstreams, Some(&provider.issuer)).await.is_ok());
    provider.metadata(json!({"authorization_response_iss_parameter_supported": true}));
    assert_eq!(provider.finish().await.unwrap_err(), UpstreamError::WrongIssuer);
    assert!(finish(&provider.upstreams(), Some(&provider.issuer)).await.is_ok());
}

#[tokio::test]
async fn the_metadata_must_be_this_issuers_and_safe() {
    let provider = Provider::start().await;
    for (what, changes, expected) in [
        ("another issuer", json!({"issuer": "https://attacker.example"}), "wrong_issuer"),
        ("a path more", json!({"issuer": format!("{}/other", provider.issuer)}), "wrong_issuer"),
        ("a token endpoint in clear", json!({"token_endpoint": "http://login.example/token"}), "garbage"),
        ("a script", json!({"authorization_endpoint": "javascript:alert(1)"}), "garbage"),
        ("keys in a file", json!({"jwks_uri": "file:///etc/passwd"}), "garbage"),
        ("no token endpoint", json!({"token_endpoint": null}), "garbage"),
        ("no keys", json!({"jwks_uri": null}), "garbage"),
        ("no way to say who we are", json!({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}), "garbage"),
    ] {
        provider.metadata(changes);
        let error = provider.finish().await.expect_err(what);
        assert_eq!(error.as_str(), expected, "{what}: {error}");
        let begun = provider.upstreams().get("it").unwrap().authorization_url(&BEGUN, Prompt::Nothing, Locale::En).await;
        assert_eq!(begun.unwrap_err().as_str(), expected, "{what}");
    }
    assert!(provider.fake.seen("/token").is_empty());
}

#[tokio::test]
async fn a_slash_at_the_issuers_end_makes_no_difference() {
    let mut provider = Provider::start().await;
    provider.issuer.push('/');
    provider.metadata(json!({}));
    provider.tokens(json!({}));
    let without = provider.issuer.trim_end_matches('/').parse().unwrap();
    let upstreams = upstreams(settings(ProviderKind::OpenId { issuer: without }), PATIENT);
    assert!(finish(&upstreams, Some(&provider.issuer)).await.is_ok());
}

#[tokio::test]
async fn issuers_may_have_a_path() {
    let mut provider = Provider::start().await;
    provider.issuer.push_str("/realms/one");
    provider.metadata(json!({}));
    provider.tokens(json!({}));
    assert_eq!(provider.finish().await.unwrap_err().as_str(), "refused", "there are no metadata there");
    let metadata = json!({"issuer": provider.issuer, "authorization_endpoint": provider.fake.url("/authorize"),
        "token_endpoint": provider.fake.url("/token"), "userinfo_endpoint": provider.fake.url("/userinfo"),
        "jwks_uri": provider.fake.url("/jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"]});
    provider.fake.json("/realms/one/.well-known/openid-configuration", metadata);
    assert!(provider.finish().await.is_ok());
}

#[tokio::test]
async fn we_prove_who_we_are_as_the_provider_wants() {
    let provider = Provider::start().await;
    provider.metadata(json!({"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"]}));
    assert!(provider.finish().await.is_ok());
    let seen = provider.fake.seen("/token").pop().unwrap();
    assert_eq!((seen.form["client_id"].as_str(), seen.form["client_secret"].as_str()), ("me", SECRET));
    assert!(!seen.headers.contains_key("authorization"));
    provider.metadata(json!({"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]}));
    assert!(provider.finish().await.is_ok());
    by_header(&provider.fake.seen("/token").pop().unwrap());
}

#[tokio::test]
async fn userinfo_are_about_the_same_person() {
    let provider = Provider::start().await;
    provider.fake.json("/userinfo", json!({"sub": "somebody", "email": "ada@example.org", "email_verified": true}));
    let error = provider.finish().await.unwrap_err();
    assert_eq!(error, UpstreamError::IdToken("userinfo is about somebody else".into()));
    provider.fake.json("/userinfo", json!({"email": "ada@example.org"}));
    assert_eq!(provider.finish().await.unwrap_err().as_str(), "garbage");
    provider.fake.on("/userinfo", Reply::Json(401, json!({"error": "invalid_token", "error_description": "gone"})));
    assert_eq!(provider.finish().await.unwrap_err(), UpstreamError::refused("invalid_token", "gone"));
    provider.metadata(json!({"userinfo_endpoint": null}));
    assert_eq!(provider.finish().await.unwrap().email, None);
}

#[tokio::test]
async fn a_refusal_is_in_the_providers_words() {
    let provider = Provider::start().await;
    let long = "x".repeat(5000);
    provider.fake.on("/token", Reply::Json(400, json!({"error": "invalid_grant", "error_description": long})));
    let UpstreamError::Refused { error, description } = provider.finish().await.unwrap_err() else { panic!("refused") };
    assert_eq!((error.as_str(), description.len()), ("invalid_grant", 200));
    provider.fake.on("/token", Reply::Json(401, json!({"error": "invalid_client"})));
    assert_eq!(provider.finish().await.unwrap_err(), UpstreamError::refused("invalid_client", ""));
}

#[tokio::test]
async fn in_trouble() {
    let provider = Provider::start().await;
    for path in ["/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"] {
        for (name, reply, expected) in troubles() {
            provider.fake.on(path, reply);
            let patience = if expected == "slow" { HASTY } else { PATIENT };
            let error = finish(&upstreams(provider.settings(), patience), None).await.expect_err(name);
            assert_eq!(error.as_str(), expected, "{path}: {name}: {error}");
        }
        provider.metadata(json!({}));
        provider.publish();
        provider.tokens(json!({}));
    }
    let nobody = settings(ProviderKind::OpenId { issuer: "http://127.0.0.1:1".parse().unwrap() });
    assert_eq!(finish(&upstreams(nobody, PATIENT), None).await.unwrap_err().as_str(), "unreachable");
}

#[tokio::test]
async fn endpoints_inside_our_network_are_not_called() {
    let provider = Provider::start().await;
    let guarded = Upstreams::within(&[provider.settings()], Reach::Public, PATIENT, &Clock::manual(NOW)).unwrap();
    assert_eq!(finish(&guarded, None).await.unwrap_err().as_str(), "unreachable");
    assert!(guarded.get("it").unwrap().authorization_url(&BEGUN, Prompt::Nothing, Locale::En).await.is_err());
    assert_eq!(provider.fake.requests(), 0);
}

#[tokio::test]
async fn tokens_are_refreshed() {
    let provider = Provider::start().await;
    let settings = ProviderSettings { keep_tokens: true, ..provider.settings() };
    let upstreams = upstreams(settings, PATIENT);
    let upstream = upstreams.get("it").unwrap();
    let url = upstream.authorization_url(&BEGUN, Prompt::Nothing, Locale::En).await.unwrap();
    assert!(url.as_str().contains("offline_access"), "{url}");
    provider.fake.json("/token", json!({"access_token": "new", "token_type": "Bearer", "refresh_token": "newer"}));
    let tokens = upstream.refresh("old").await.unwrap();
    assert_eq!(tokens.access_token.expose(), "new");
    assert_eq!(tokens.refresh_token.as_ref().map(TokenText::expose), Some("newer"));
    let seen = provider.fake.seen("/token").pop().unwrap();
    assert_eq!((seen.form["grant_type"].as_str(), seen.form["refresh_token"].as_str()), ("refresh_token", "old"));
    by_header(&seen);
    provider.fake.on("/token", Reply::Json(400, json!({"error": "invalid_grant"})));
    assert_eq!(upstream.refresh("old").await.unwrap_err(), UpstreamError::refused("invalid_grant", ""));
}

#[tokio::test]
async fn signing_out_there_is_offered_where_it_exists() {
    let provider = Provider::start().await;
    let out = |logout: bool| upstreams(ProviderSettings { logout, ..provider.settings() }, PATIENT);
    let back = "https://id.example/signed-out";
    assert_eq!(out(true).get("it").unwrap().end_session(back).await, None, "it has no such endpoint");
    provider.metadata(json!({"end_session_endpoint": provider.fake.url("/logout?x=1")}));
    assert_eq!(out(false).get("it").unwrap().end_session(back).await, None, "the settings do not want it");
    let url = out(true).get("it").unwrap().end_session(back).await.unwrap();
    let expected = "/logout?x=1&client_id=me&post_logout_redirect_uri=https%3A%2F%2Fid.example%2Fsigned-out";
    assert!(url.as_str().ends_with(expected), "{url}");
}
