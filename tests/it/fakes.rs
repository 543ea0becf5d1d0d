//! The fake providers and our own side of the protocol: what the one says, the other understands; and what goes wrong is named.

use vestibule::gateways::http::Reach;
use vestibule::gateways::upstream::{Answer, Arrived, Begun, Patience, Prompt, UpstreamError, Upstreams};
use vestibule::locale::Locale;
use vestibule::settings::{Mode, Settings};
use vestibule::time::Clock;

use std::time::Duration;

use vestibule::dev::fakes::Provider;

use crate::world::{BEGINNING, Fakes, IMPATIENT, PATIENT};

const CALLBACK: &str = "http://localhost:8080/connect/provider/callback";
const BEGUN: Begun<'_> = Begun {
    state: "the-state",
    nonce: "the-nonce",
    verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    redirect_uri: CALLBACK,
};

struct Bench {
    fakes: Fakes,
    upstreams: Upstreams,
    clock: Clock,
}

impl Bench {
    async fn new(settings: &str) -> Self {
        Self::within(PATIENT, settings).await
    }

    async fn within(call: Duration, settings: &str) -> Self {
        let clock = Clock::manual(BEGINNING);
        let fakes = Fakes::start(clock.clone(), Duration::from_secs(20)).await;
        let text = fakes.settings(settings);
        let settings = Settings::from_text("config.toml", &text, Mode::Dev, std::iter::empty()).unwrap();
        let patience = Patience { call, keys: Duration::ZERO, ..Patience::default() };
        let upstreams = Upstreams::within(&settings.providers, Reach::Anywhere, patience, &clock).unwrap();
        Self { fakes, upstreams, clock }
    }

    async fn come_back(&self, provider: Provider, typed: &[(&str, &str)]) -> Result<Arrived, UpstreamError> {
        let upstream = self.upstreams.get(provider.slug()).unwrap();
        let url = upstream.authorization_url(&BEGUN, Prompt::Nothing, Locale::En).await?;
        let mut form = vec![("person", "ada"), ("answer", "continue")];
        form.extend(typed);
        let callback = self.fakes.fill_in(url.as_str(), &form).await;
        assert!(callback.as_str().starts_with(CALLBACK), "{callback}");
        let parameter =
            |wanted: &str| callback.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
        assert_eq!(parameter("state").as_deref(), Some("the-state"));
        let (code, iss) = (parameter("code").unwrap(), parameter("iss"));
        upstream.finish(&BEGUN, Answer { code: &code, iss: iss.as_deref() }, self.clock.now()).await
    }

    async fn with_quirk(&self, provider: Provider, quirk: &str) -> Result<Arrived, UpstreamError> {
        self.come_back(provider, &[("quirk", quirk)]).await
    }
}

#[tokio::test]
async fn ada_comes_from_everywhere() {
    let bench = Bench::new("").await;
    for provider in Provider::ALL {
        let ada = bench.with_quirk(provider, "none").await.unwrap();
        assert_eq!(ada.email.as_deref(), Some("ada@workspace.example"), "{provider:?}");
        // Facebook says nothing about the address.
        assert_eq!(ada.email_verified, provider != Provider::Facebook, "{provider:?}");
        assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"), "{provider:?}");
        let hosted = (provider == Provider::Google).then_some("workspace.example");
        assert_eq!(ada.hosted_domain.as_deref(), hosted);
        // The same person with another address, and another person.
        let moved = bench.come_back(provider, &[("email", "ada@new.example")]).await.unwrap();
        assert_eq!((moved.subject.as_str(), moved.email.as_deref()), (ada.subject.as_str(), Some("ada@new.example")));
        let zoe = bench.come_back(provider, &[("person", "somebody"), ("email", "zoe@z.example")]).await.unwrap();
        assert_ne!(zoe.subject, ada.subject);

        let none = bench.with_quirk(provider, "no_email").await.unwrap();
        assert_eq!((none.subject.as_str(), none.email, none.email_verified), (ada.subject.as_str(), None, false));
        let other = bench.with_quirk(provider, "other_email").await.unwrap();
        assert_eq!((other.subject.as_str(), other.email.as_deref()), (ada.subject.as_str(), Some("grace@mail.example")));
        if matches!(provider, Provider::Google | Provider::Github | Provider::Discord) {
            let unsure = bench.with_quirk(provider, "unverified_email").await.unwrap();
            assert!(unsure.email.is_some() && !unsure.email_verified, "{provider:?}");
        }
    }
}

#[tokio::test]
async fn what_goes_wrong_has_a_name() {
    let bench = Bench::new("").await;
    let every =
        [("down", "unreachable"), ("garbage", "garbage"), ("html", "garbage"), ("huge", "too_large"), ("renamed", "garbage")];
    for provider in Provider::ALL {
        for (quirk, name) in every {
            let error = bench.with_quirk(provider, quirk).await.unwrap_err();
            // An ID token without a subject is no ID token.
            let name = if (provider, quirk) == (Provider::Google, "renamed") { error.as_str() } else { name };
            assert_eq!(error.as_str(), name, "{provider:?} {quirk}: {error}");
        }
    }
    for (quirk, name) in [
        ("clock_ahead", "clock"),
        ("expired", "clock"),
        ("other_nonce", "id_token"),
        ("wrong_issuer", "id_token"),
        ("other_person", "id_token"),
        ("mix_up", "wrong_issuer"),
    ] {
        let error = bench.with_quirk(Provider::Google, quirk).await.unwrap_err();
        assert_eq!(error.as_str(), name, "{quirk}: {error}");
    }
    assert_eq!(bench.with_quirk(Provider::Github, "mix_up").await, Err(UpstreamError::WrongIssuer));
    // A clock that is behind, a new key and fields of other types are no errors.
    for quirk in ["clock_behind", "keys_rotated", "keys_rotated", "bent_types", "none"] {
        assert!(bench.with_quirk(Provider::Google, quirk).await.is_ok(), "{quirk}");
    }
    let before = bench.with_quirk(Provider::Google, "let_through").await.unwrap().auth_time.unwrap();
    assert!(bench.clock.now().since(before).as_secs() >= 86_400);
    assert!(bench.with_quirk(Provider::Google, "multi_factor").await.unwrap().amr.contains(&"mfa".to_owned()));
}

#[tokio::test]
async fn a_slow_provider_is_not_waited_for() {
    let bench = Bench::within(IMPATIENT, "").await;
    assert_eq!(bench.with_quirk(Provider::Discord, "slow").await, Err(UpstreamError::Slow));
}

#[tokio::test]
async fn kept_tokens_are_refreshed() {
    let keep = "[google]\nkeep_tokens = true\n[twitter]\nkeep_tokens = true\n[discord]\nkeep_tokens = true\n";
    let bench = Bench::new(keep).await;
    for provider in [Provider::Google, Provider::Twitter, Provider::Discord] {
        let arrived = bench.with_quirk(provider, "none").await.unwrap();
        let upstream = bench.upstreams.get(provider.slug()).unwrap();
        let first = arrived.tokens.refresh_token.unwrap();
        let fresh = upstream.refresh(first.expose()).await.unwrap();
        assert_ne!(fresh.access_token.expose(), arrived.tokens.access_token.expose());
        let again = upstream.refresh(first.expose()).await;
        assert_eq!(again.is_ok(), provider == Provider::Google, "{provider:?}: the others' work once");
    }
}
