//! A second Vestibule is the OpenID provider of the first: both listen on loopback, and a browser goes from one to the other.

use scraper::{Html, Selector};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;
use vestibule::http::server;

use super::*;

/// A world that listens.
struct Listening {
    world: World,
    _stop: oneshot::Sender<()>,
}

async fn listen(listener: TcpListener, settings: &str) -> Listening {
    let world = World::with(settings).await;
    world.keys().await;
    let (stop, stopped) = oneshot::channel();
    let stopped = async {
        let _ended: Result<(), _> = stopped.await;
    };
    tokio::spawn(server::serve(listener, world.router.clone(), stopped, 100, std::time::Duration::ZERO));
    Listening { world, _stop: stop }
}

/// Who people sign in at, and who sends them there. Their hosts differ, for cookies do not look at ports.
struct Both {
    up: Listening,
    down: Listening,
    issuer: String,
    site: String,
}

impl Both {
    async fn start() -> Self {
        let (first, second) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let issuer = format!("http://127.0.0.1:{}", first.local_addr().unwrap().port());
        let site = format!("http://localhost:{}", second.local_addr().unwrap().port());
        let up = format!(
            "[server]\npublic_url = \"{issuer}\"\n[pages]\nname = \"Upstairs\"\n[[clients]]\nclient_id = \"down\"\nclient_name = \"Downstairs\"\n\
             client_secret = \"a secret of forty characters or thereabouts\"\nredirect_uris = [\"{site}/connect/work/callback\"]\n\
             post_logout_redirect_uris = [\"{site}/login\"]\n"
        );
        let down = format!(
            "[server]\npublic_url = \"{site}\"\n[outbound]\nallow_private = true\n[[providers]]\nid = \"work\"\nname = \"Upstairs\"\n\
             client_id = \"down\"\nclient_secret = \"a secret of forty characters or thereabouts\"\nissuer = \"{issuer}\"\n\
             vouches_for = [\"*\"]\nlogout = true\n"
        );
        Self { up: listen(first, &up).await, down: listen(second, &down).await, issuer, site }
    }

    fn advance(&self, seconds: u64) {
        self.up.world.advance(seconds);
        self.down.world.advance(seconds);
    }
}

/// A browser over the network.
struct Surfer {
    http: reqwest::Client,
    at: Url,
    page: String,
    /// Every address that was opened.
    seen: Vec<String>,
}

impl Surfer {
    fn new() -> Self {
        let http = reqwest::Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none()).no_proxy();
        Self { http: http.build().unwrap(), at: Url::parse("about:blank").unwrap(), page: String::new(), seen: Vec::new() }
    }

    async fn open(&mut self, url: &str) {
        let answer = self.http.get(url).send().await.unwrap();
        self.arrive(answer).await;
    }

    /// Follows redirects, by status or by the page.
    async fn arrive(&mut self, mut answer: reqwest::Response) {
        for _ in 0..12 {
            let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let refresh = header("refresh").and_then(|value| value.strip_prefix("0; url=").map(str::to_owned));
            let Some(next) = header("location").or(refresh) else {
                self.at = answer.url().clone();
                self.page = answer.text().await.unwrap();
                return;
            };
            let next = answer.url().join(&next).unwrap();
            self.seen.push(next.to_string());
            answer = self.http.get(next).send().await.unwrap();
        }
        panic!("no end: {:?}", self.seen);
    }

    /// Sends the form that goes there, or has a button that does.
    async fn send(&mut self, action: &str, typed: &[(&str, &str)]) {
        let fields = {
            let html = Html::parse_document(&self.page);
            let own = |form: &scraper::ElementRef<'_>| form.attr("action").is_some_and(|to| to.split('?').next() == Some(action));
            let forms = Selector::parse("form").unwrap();
            let form = match form_of(&html, action) {
                Some(at) => html.select(&forms).nth(at),
                None => html.select(&forms).find(own),
            };
            let form = form.unwrap_or_else(|| panic!("{} has no form to {action}: {}", self.at, self.page));
            let inputs = Selector::parse("input").unwrap();
            let mut fields: Vec<(String, String)> = form
                .select(&inputs)
                .filter(|input| input.attr("type") != Some("checkbox") || input.attr("checked").is_some())
                .filter_map(|input| Some((input.attr("name")?.to_owned(), input.attr("value").unwrap_or_default().to_owned())))
                .collect();
            for (name, value) in typed {
                fields.retain(|(known, _)| known != name);
                fields.push(((*name).to_owned(), (*value).to_owned()));
            }
            fields
        };
        let request = self.http.post(self.at.join(action).unwrap()).header("origin", self.at.origin().ascii_serialization());
        let answer = request.header("sec-fetch-site", "same-origin").form(&fields).send().await.unwrap();
        self.arrive(answer).await;
    }

    /// From the first house's sign-in page through the second's.
    async fn sign_in(&mut self, both: &Both) {
        self.open(&format!("{}/login", both.site)).await;
        self.send("/connect/work", &[]).await;
        assert!(self.at.as_str().starts_with(&format!("{}/login", both.issuer)), "{}", self.at);
        assert!(self.page.contains("Downstairs"), "it says for whom");
        self.send("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
        if self.at.path() == "/consent" {
            self.send("/consent", &[("decision", "allow")]).await;
        }
    }

    async fn session(&self, both: &Both) -> Value {
        let answer = self.http.get(format!("{}/session", both.site)).send().await.unwrap();
        if answer.status() == 200 { answer.json().await.unwrap() } else { Value::Null }
    }
}

#[tokio::test]
async fn a_whole_sign_in() {
    let both = Both::start().await;
    let up =
        both.up.world.user(serde_json::json!({"email": ADA, "email_verified": true, "password": PASSWORD, "name": "Ada"})).await;
    let mut ada = Surfer::new();
    ada.sign_in(&both).await;
    assert_eq!((ada.at.path(), ada.at.origin().ascii_serialization()), ("/account", both.site.clone()), "{}", ada.page);
    let here = both.down.world.read(ADA).await.unwrap();
    assert!(here.email_is_verified() && here.password_hash.is_none());
    assert_eq!(here.profile.name.as_deref(), Some("Ada"));
    let [one] = &identities(&both.down.world, &here.id).await[..] else { panic!() };
    assert_eq!(
        (one.provider.as_str(), one.subject.as_str(), one.issuer.as_str()),
        ("work", up.id.as_str(), both.issuer.as_str())
    );
    let found = ada.session(&both).await;
    assert_eq!((&found["user"]["id"], &found["session"]["amr"]), (&serde_json::json!(here.id), &serde_json::json!(["fed"])));
    // Once more in another browser: the same account.
    let mut again = Surfer::new();
    again.sign_in(&both).await;
    assert_eq!(again.session(&both).await["user"]["id"], found["user"]["id"]);
    // Cancelled at the consent page of the other house.
    let mut no = Surfer::new();
    no.open(&format!("{}/login", both.site)).await;
    no.send("/connect/work", &[]).await;
    let mut denied = no.at.clone();
    denied.set_query(None);
    both.up.world.person("eve@a.example").await;
    no.send("/login", &[("identifier", "eve@a.example"), ("password", PASSWORD)]).await;
    no.send("/consent", &[("decision", "deny")]).await;
    assert_eq!(no.at.origin().ascii_serialization(), both.site);
    assert!(no.page.contains("nothing has changed"), "{} {}", no.at, no.page);
    assert!(both.down.world.read("eve@a.example").await.is_none());
}

#[tokio::test]
async fn a_fresh_proof_is_one_that_was_given_there() {
    let both = Both::start().await;
    both.up.world.person(ADA).await;
    let mut ada = Surfer::new();
    ada.sign_in(&both).await;
    both.advance(3600);
    ada.open(&format!("{}/account/password", both.site)).await;
    assert_eq!(ada.at.path(), "/login");
    // Signed in there, and asked for the password all the same.
    ada.send("/connect/work", &[]).await;
    let asked = ada.seen.iter().rfind(|url| url.contains("/oauth2/authorize")).unwrap();
    assert!(asked.contains("prompt=login") && asked.contains("max_age=0"), "{asked}");
    assert_eq!(ada.at.origin().ascii_serialization(), both.issuer, "{} {:#?}", ada.at, ada.seen);
    ada.send("/login", &[("password", PASSWORD)]).await;
    assert_eq!((ada.at.path(), ada.at.origin().ascii_serialization()), ("/account/password", both.site.clone()), "{}", ada.page);
    ada.send("/account/password", &[("password", THEIRS)]).await;
    assert!(ada.at.as_str().ends_with("/account/password?notice=password-changed"), "{}", ada.at);
}

/// Somebody takes `prompt=login` out of the address line: the provider answers at once, and that is no fresh proof.
#[tokio::test]
async fn an_old_proof_is_refused() {
    let both = Both::start().await;
    both.up.world.person(ADA).await;
    let mut ada = Surfer::new();
    ada.sign_in(&both).await;
    both.advance(3600);
    ada.open(&format!("{}/account/password", both.site)).await;
    ada.send("/connect/work", &[]).await;
    let asked: Url = ada.seen.iter().rfind(|url| url.contains("/oauth2/authorize")).unwrap().parse().unwrap();
    let kept: Vec<(String, String)> = asked
        .query_pairs()
        .filter(|(name, _)| name != "prompt" && name != "max_age")
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    let mut stripped = asked.clone();
    stripped.query_pairs_mut().clear().extend_pairs(&kept);
    ada.open(stripped.as_str()).await;
    assert_eq!(ada.at.origin().ascii_serialization(), both.site, "{}", ada.at);
    assert_eq!(ada.at.path(), "/login", "asked again: {}", ada.page);
    assert!(ada.page.contains("did not ask you again"), "{}", ada.page);
    ada.open(&format!("{}/account/password", both.site)).await;
    assert_eq!(ada.at.path(), "/login");
}

#[tokio::test]
async fn signing_out_here_offers_to_sign_out_there() {
    let both = Both::start().await;
    both.up.world.person(ADA).await;
    let mut ada = Surfer::new();
    ada.sign_in(&both).await;
    ada.open(&format!("{}/logout", both.site)).await;
    ada.send("/logout", &[]).await;
    assert!(ada.session(&both).await.is_null());
    let link = {
        let html = Html::parse_document(&ada.page);
        let links = Selector::parse("a").unwrap();
        let found =
            html.select(&links).find_map(|link| link.attr("href").filter(|to| to.starts_with(&both.issuer)).map(str::to_owned));
        found.unwrap_or_else(|| panic!("{}", ada.page))
    };
    let there = ada.http.get(format!("{}/session", both.issuer)).send().await.unwrap();
    assert_eq!(there.status(), 200, "still signed in there");
    ada.open(&link).await;
    assert!(ada.at.as_str().starts_with(&format!("{}/logout", both.issuer)), "{}", ada.at);
    ada.send("/logout", &[]).await;
    assert_eq!(ada.at.as_str(), format!("{}/login", both.site), "and back");
    let there = ada.http.get(format!("{}/session", both.issuer)).send().await.unwrap();
    assert_eq!(there.status(), 401);
    // Who came by a password is offered nothing of the kind.
    both.down.world.person("bob@a.example").await;
    let mut bob = Surfer::new();
    bob.open(&format!("{}/login", both.site)).await;
    bob.send("/login", &[("identifier", "bob@a.example"), ("password", PASSWORD)]).await;
    bob.open(&format!("{}/logout", both.site)).await;
    bob.send("/logout", &[]).await;
    assert!(!bob.page.contains(&both.issuer), "{}", bob.page);
}
