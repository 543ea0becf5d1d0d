//! A provider that is down is asked seldom, and by one visitor at a time.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::{
    openid_tests::Provider,
    tests::{BEGUN, HASTY, NOW, PATIENT, Reply, finish},
    *,
};

const DISCOVERY: &str = "/.well-known/openid-configuration";

struct Bench {
    provider: Provider,
    upstreams: Arc<Upstreams>,
    clock: Clock,
}

impl Bench {
    async fn new(patience: Patience) -> Self {
        let (provider, clock) = (Provider::start().await, Clock::manual(NOW));
        let upstreams = Upstreams::within(&[provider.settings()], Reach::Anywhere, patience, &clock).unwrap();
        Self { provider, upstreams: Arc::new(upstreams), clock }
    }

    /// Somebody presses the button: "sent", or why not.
    fn press(&self) -> impl Future<Output = String> + Send + use<> {
        let upstreams = Arc::clone(&self.upstreams);
        async move {
            let sent = upstreams.get("it").unwrap().authorization_url(&BEGUN, Prompt::Nothing, Locale::En).await;
            sent.map_or_else(|error| error.as_str().to_owned(), |_| "sent".to_owned())
        }
    }

    fn down(&self, path: &str) {
        self.provider.fake.on(path, Reply::Json(503, json!({})));
    }

    fn up(&self) {
        self.provider.metadata(json!({}));
        self.provider.publish();
    }

    fn asked(&self, path: &str) -> usize {
        self.provider.fake.seen(path).len()
    }

    /// Until the provider has been asked so often.
    async fn until_asked(&self, times: usize) {
        while self.asked(DISCOVERY) < times {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_while() {
    for (path, reply, name) in [
        (DISCOVERY, Reply::Json(503, json!({})), "unreachable"),
        (DISCOVERY, Reply::Text(200, "text/html", b"<!doctype html>".to_vec()), "garbage"),
        ("/jwks", Reply::Json(503, json!({})), "unreachable"),
    ] {
        let bench = Bench::new(PATIENT).await;
        bench.provider.fake.on(path, reply);
        for _ in 0..3 {
            assert_eq!(bench.press().await, name);
        }
        bench.clock.advance(Duration::from_millis(14_999));
        assert_eq!((bench.press().await.as_str(), bench.asked(path)), (name, 1), "{path}");
        bench.clock.advance(Duration::from_millis(1));
        assert_eq!((bench.press().await.as_str(), bench.asked(path)), (name, 2), "{path}");
        // It is back: nobody knows before it is asked again, and from then on everybody does.
        bench.up();
        assert_eq!((bench.press().await.as_str(), bench.asked(path)), (name, 2));
        bench.clock.advance(PATIENT.failure);
        for _ in 0..3 {
            assert_eq!((bench.press().await.as_str(), bench.asked(path)), ("sent", 3));
        }
    }
}

#[tokio::test]
async fn of_ten_at_once_one_asks() {
    let slow = Bench::new(HASTY).await;
    slow.provider.fake.on(DISCOVERY, Reply::Never);
    let good = Bench::new(PATIENT).await;
    for (bench, answer) in [(&slow, "slow"), (&good, "sent")] {
        let presses: JoinSet<String> = (0..10).map(|_| bench.press()).collect();
        assert_eq!(presses.join_all().await, vec![answer.to_owned(); 10]);
        assert_eq!(bench.asked(DISCOVERY), 1);
    }
}

#[tokio::test]
async fn while_one_asks_again_nobody_waits() {
    let bench = Bench::new(PATIENT).await;
    bench.down(DISCOVERY);
    assert_eq!(bench.press().await, "unreachable");
    bench.clock.advance(PATIENT.failure);
    bench.provider.fake.on(DISCOVERY, Reply::Never);
    let asking = tokio::spawn(bench.press());
    bench.until_asked(2).await;
    for _ in 0..3 {
        assert_eq!(bench.press().await, "unreachable");
    }
    assert!(!asking.is_finished() && bench.asked(DISCOVERY) == 2);
    // What it said long ago says nothing of now: they wait for the answer.
    bench.clock.advance(PATIENT.failure * 4);
    let mut waits = std::pin::pin!(bench.press());
    assert!(poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending())).await);
    asking.abort();
}

/// Whoever does not wait for the end leaves what is learned to the next.
#[tokio::test]
async fn who_goes_away_has_asked_for_the_others() {
    let bench = Bench::new(HASTY).await;
    bench.provider.fake.on(DISCOVERY, Reply::Never);
    let gone = tokio::spawn(bench.press());
    bench.until_asked(1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!((bench.press().await.as_str(), bench.asked(DISCOVERY)), ("slow", 1));
}

/// What goes wrong with one person's sign-in is no sign that the provider is down.
#[tokio::test]
async fn a_sign_in_that_fails_is_nobody_elses_trouble() {
    let bench = Bench::new(PATIENT).await;
    bench.down("/token");
    assert_eq!(finish(&bench.upstreams, None).await.unwrap_err().as_str(), "unreachable");
    assert_eq!(bench.press().await, "sent");
    // A token of a key that nobody publishes, while the keys cannot be had.
    bench.provider.tokens(json!({}));
    let (header, rest) = (r#"{"alg":"ES256","kid":"two"}"#, "e30.c2ln");
    bench.provider.id_token(&format!("{}.{rest}", data_encoding::BASE64URL_NOPAD.encode(header.as_bytes())));
    bench.down("/jwks");
    assert!(finish(&bench.upstreams, None).await.is_err());
    assert_eq!(bench.press().await, "sent");
    bench.up();
    bench.provider.tokens(json!({}));
    assert!(finish(&bench.upstreams, None).await.is_ok());
    assert_eq!(bench.asked(DISCOVERY), 1);
}

#[tokio::test]
async fn one_provider_is_not_judged_by_another() {
    let (down, good) = (Provider::start().await, Provider::start().await);
    down.fake.on(DISCOVERY, Reply::Json(503, json!({})));
    let settings = [down.settings(), ProviderSettings { id: "other".to_owned(), ..good.settings() }];
    let upstreams = Upstreams::within(&settings, Reach::Anywhere, PATIENT, &Clock::manual(NOW)).unwrap();
    for (id, works) in [("it", false), ("other", true), ("it", false), ("other", true)] {
        let sent = upstreams.get(id).unwrap().authorization_url(&BEGUN, Prompt::Nothing, Locale::En).await;
        assert_eq!(sent.is_ok(), works, "{id}");
    }
}

/// A clock that was wrong and has been set right must not keep a provider shut until then.
#[tokio::test]
async fn a_failure_from_the_future_is_none() {
    let bench = Bench::new(PATIENT).await;
    bench.clock.advance(Duration::from_secs(86_400));
    bench.down(DISCOVERY);
    assert_eq!(bench.press().await, "unreachable");
    let Clock::Manual(now) = &bench.clock else { panic!("by hand") };
    now.store(NOW.millis(), std::sync::atomic::Ordering::SeqCst);
    bench.up();
    assert_eq!(bench.press().await, "sent");
}
