//! The fake providers of `vestibule dev`, listening on loopback, and somebody who fills in their page.

use std::sync::Arc;
use std::time::Duration;

use scraper::{Html, Selector};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;
use vestibule::crypto::random::Random;
use vestibule::dev::fakes::{self, CLIENT_ID, CLIENT_SECRET, FakeSettings, Provider};
use vestibule::http::server;
use vestibule::locale::{Catalogue, Locale};
use vestibule::time::Clock;

/// They end when this is dropped.
pub struct Fakes {
    /// `http://127.0.0.1:…`
    pub origin: String,
    browser: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

impl Fakes {
    /// On a free port, by this clock: codes end and ID tokens are dated as the world's time goes. A slow answer takes `slow`.
    pub async fn start(clock: Clock, slow: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let settings = FakeSettings { origin: origin.clone(), default_locale: Locale::En, clock, random: Random::system(), slow };
        let router = fakes::router(settings, Arc::new(Catalogue::load().unwrap())).unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ended: Result<(), _> = stopped.await;
        };
        tokio::spawn(server::serve(listener, router, stopped, 100, Duration::ZERO));
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { origin, browser, _stop: stop }
    }

    /// The sections of a `config.toml` that send every preset here; `more` is the text of further settings, in which `{fakes}` stands for
    /// [`Self::origin`].
    pub fn settings(&self, more: &str) -> String {
        let mut table: toml::Table = more.replace("{fakes}", &self.origin).parse().unwrap();
        for provider in Provider::ALL {
            let section = table.entry(provider.slug()).or_insert_with(|| toml::Table::new().into());
            let section = section.as_table_mut().unwrap();
            for (key, value) in
                [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("base_url", &provider.base_url(&self.origin))]
            {
                section.entry(key).or_insert_with(|| value.into());
            }
        }
        let outbound = table.entry("outbound").or_insert_with(|| toml::Table::new().into());
        outbound.as_table_mut().unwrap().entry("allow_private").or_insert(true.into());
        table.to_string()
    }

    /// Continues as one of the people (`ada`, `grace`, `alan`) with this quirk (`none`, `no_email`, …); the callback's URL.
    pub async fn answer(&self, authorization: &str, person: &str, quirk: &str) -> Url {
        self.fill_in(authorization, &[("person", person), ("quirk", quirk), ("answer", "continue")]).await
    }

    /// Continues as one of the people, or as `somebody`, with this address.
    pub async fn answer_with_email(&self, authorization: &str, person: &str, email: &str, quirk: &str) -> Url {
        let typed = [("person", person), ("email", email), ("quirk", quirk), ("answer", "continue")];
        self.fill_in(authorization, &typed).await
    }

    /// Presses Cancel; the callback's URL.
    pub async fn cancel(&self, authorization: &str) -> Url {
        self.fill_in(authorization, &[("answer", "cancel")]).await
    }

    /// Opens the page that an authorization request leads to, fills its form in and sends it; the URL that the browser is sent to.
    pub async fn fill_in(&self, authorization: &str, typed: &[(&str, &str)]) -> Url {
        assert!(authorization.starts_with(&self.origin), "{authorization} is not here");
        let page = self.browser.get(authorization).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let url = page.url().clone();
        let (action, mut fields) = form(&page.text().await.unwrap());
        for (name, value) in typed {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let sent = self.browser.post(url.join(&action).unwrap()).header("origin", &self.origin).form(&fields);
        let answer = sent.send().await.unwrap();
        let status = answer.status();
        let location = answer.headers().get("location").map(|found| found.to_str().unwrap().to_owned());
        let Some(location) = location else { panic!("{status} {}", answer.text().await.unwrap()) };
        location.parse().unwrap()
    }
}

/// The action and the hidden fields of a page's form.
fn form(page: &str) -> (String, Vec<(String, String)>) {
    let page = Html::parse_document(page);
    let form = page.select(&Selector::parse("form").unwrap()).next().expect("a form");
    let hidden = form.select(&Selector::parse("input[type=hidden]").unwrap()).collect::<Vec<_>>();
    let attribute = |element: &scraper::ElementRef<'_>, name: &str| element.attr(name).unwrap_or_default().to_owned();
    let fields = hidden.iter().map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
    (attribute(&form, "action"), fields)
}

/// The path and query of a URL, for a [`super::Browser`].
pub fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

#[tokio::test]
async fn somebody_fills_the_page_in() {
    let (world, fakes) = super::World::with_fakes("[discord]\nlinking = \"ask\"\n").await;
    let ids: Vec<&str> = world.app.settings.providers.iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, Provider::ALL.map(Provider::slug));
    let back = "http%3A%2F%2Flocalhost%3A8080%2Fconnect%2Fdiscord%2Fcallback";
    let request = format!(
        "{}/discord/oauth2/authorize?client_id=dev&response_type=code&scope=identify&state=s&redirect_uri={back}",
        fakes.origin
    );
    let callback = fakes.answer(&request, "ada", "none").await;
    assert!(path_and_query(&callback).starts_with("/connect/discord/callback?state=s&code="), "{callback}");
    let callback = fakes.answer_with_email(&request, "somebody", "zoe@z.example", "slow").await;
    assert!(callback.query().unwrap().contains("code="), "{callback}");
    assert!(fakes.cancel(&request).await.query().unwrap().contains("error=access_denied"));
}
