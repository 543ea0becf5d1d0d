//! What `vestibule dev` starts beside the server, each on a loopback port of its own: the demo relying party and the fake providers.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use tokio::net::TcpListener;
use url::Url;

use crate::actions::App;
use crate::dev::demo::{self, DemoSettings};
use crate::dev::fakes::{self, FakeSettings, Provider};
use crate::gateways::http::{HttpClient, Reach};
use crate::http::context::Operation;
use crate::http::layers::Outer;
use crate::http::server;
use crate::jobs::Stop;
use crate::settings::client_metadata::{ClientMetadata, MetadataProblem};
use crate::settings::clients::ClientEntry;
use crate::settings::providers::PRESETS;
use crate::settings::{Secret, Settings};
use crate::telemetry::Metrics;

/// The name of the demo relying party.
const DEMO: &str = "demo";
/// Connections to each at once.
const CONNECTIONS: usize = 64;

/// The ports, taken before anything is opened.
pub(super) struct Beside {
    demo: TcpListener,
    /// None if every provider is a real one.
    fakes: Option<TcpListener>,
}

impl Beside {
    /// Takes the ports above the server's, or free ones, and enters the demo and the fakes into the settings. What the file says stays:
    /// a client named `demo`, and every provider that has a client.
    pub(super) async fn prepare(settings: &mut Settings) -> anyhow::Result<Self> {
        let port = settings.server.listen.port();
        let demo = listen(port.saturating_add(1)).await.context("the demo application finds no port")?;
        if settings.clients.iter().all(|client| client.client_id != DEMO) {
            settings.clients.push(demo_client()?);
        }
        let fakes = if settings.presets_off.is_empty() {
            None
        } else {
            Some(listen(port.saturating_add(2)).await.context("the fake providers find no port")?)
        };
        if let Some(fakes) = &fakes {
            fill_in(settings, &origin(fakes)?)?;
        }
        Ok(Self { demo, fakes })
    }

    /// Serves both until the server stops.
    pub(super) fn start(self, app: &App, stop: &Stop, ready: impl Fn(&str)) -> anyhow::Result<()> {
        let own = app.settings.origin();
        ready(&format!("Mail is shown at {own}/dev/mail, text messages at {own}/dev/sms"));
        ready(&format!("The demo application is at {}", origin(&self.demo)?));
        let router = demo(app, origin(&self.demo)?)?;
        serve(app, self.demo, router, stop);
        if let Some(listener) = self.fakes {
            let origin = origin(&listener)?;
            ready(&format!("Fake providers are at {origin}/google, …/github, …/facebook, …/twitter and …/discord"));
            let settings = FakeSettings {
                origin,
                default_locale: app.default_locale(),
                clock: app.clock.clone(),
                random: app.random.clone(),
                slow: fakes::SLOW,
            };
            let router = fakes::router(settings, Arc::clone(&app.catalogue))?;
            serve(app, listener, router, stop);
        }
        Ok(())
    }
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
    }
}

fn origin(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

fn serve(app: &App, listener: TcpListener, router: Router, stop: &Stop) {
    let failure = |_: &Operation| StatusCode::INTERNAL_SERVER_ERROR.into_response();
    let outer = Outer::new(Vec::new(), false, Metrics::new(), &app.random, failure);
    tokio::spawn(server::serve(listener, router.layer(outer), stop.clone().requested(), CONNECTIONS, Duration::from_secs(1)));
}

/// Every preset without a client becomes its fake, with whatever else its section says.
fn fill_in(settings: &mut Settings, origin: &str) -> anyhow::Result<()> {
    for mut preset in std::mem::take(&mut settings.presets_off) {
        let Some(fake) = Provider::ALL.into_iter().find(|fake| fake.slug() == preset.id) else { continue };
        preset.move_to(Url::parse(&fake.base_url(origin))?);
        fakes::CLIENT_ID.clone_into(&mut preset.client_id);
        preset.client_secret = Secret::new(fakes::CLIENT_SECRET);
        settings.providers.push(preset);
    }
    // The others follow in the order of the file.
    let place = |id: &str| PRESETS.iter().position(|(preset, _)| *preset == id).unwrap_or(PRESETS.len());
    settings.providers.sort_by_key(|provider| place(&provider.id));
    Ok(())
}

/// A public native client: any port of the loopback address may receive its answers (RFC 8252 section 7.3).
fn demo_client() -> anyhow::Result<ClientEntry> {
    let metadata = ClientMetadata {
        client_name: Some("Demo application".to_owned()),
        application_type: Some("native".to_owned()),
        redirect_uris: Some(vec!["http://127.0.0.1/callback".to_owned()]),
        post_logout_redirect_uris: Some(vec!["http://127.0.0.1/signed-out".to_owned()]),
        grant_types: Some(vec!["authorization_code".to_owned(), "refresh_token".to_owned()]),
        ..ClientMetadata::default()
    };
    let problems = |problems: Vec<MetadataProblem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let metadata = metadata.validate().map_err(|wrong| anyhow::anyhow!("the demo client: {}", problems(wrong)))?;
    Ok(ClientEntry { client_id: DEMO.to_owned(), secret_hash: None, metadata })
}

/// The demo relying party stands outside: it knows the server by its public URL, as any other client does.
fn demo(app: &App, origin: String) -> anyhow::Result<Router> {
    let settings = DemoSettings {
        issuer: app.settings.issuer().to_owned(),
        origin,
        client_id: DEMO.to_owned(),
        provider: app.settings.pages.name.clone(),
        default_locale: app.default_locale(),
        clock: app.clock.clone(),
        random: app.random.clone(),
    };
    let client = HttpClient::new(Reach::Anywhere)?;
    let fetch = move |request| {
        let client = client.clone();
        async move { client.fetch(request).await }
    };
    Ok(demo::router(settings, Arc::clone(&app.catalogue), fetch)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Mode;
    use crate::settings::providers::{Linking, ProviderKind};

    fn settings(text: &str) -> Settings {
        Settings::from_text("config.toml", text, Mode::Dev, std::iter::empty()).unwrap()
    }

    #[tokio::test]
    async fn every_provider_without_a_client_is_a_fake_and_keeps_its_other_settings() {
        let mut settings = settings(
            "[github]\nclient_id = \"real\"\nclient_secret = \"secret\"\n[discord]\nlinking = \"ask\"\n[[providers]]\nid = \"work\"\n\
             name = \"Work\"\nclient_id = \"a\"\nclient_secret = \"b\"\nissuer = \"https://work.example\"\n",
        );
        let beside = Beside::prepare(&mut settings).await.unwrap();
        let origin = origin(beside.fakes.as_ref().unwrap()).unwrap();
        let ids: Vec<&str> = settings.providers.iter().map(|provider| provider.id.as_str()).collect();
        assert_eq!(ids, ["google", "github", "facebook", "twitter", "discord", "work"]);
        let [google, github, .., discord, _] = settings.providers.as_slice() else { panic!() };
        assert_eq!(google.kind, ProviderKind::Google { issuer: format!("{origin}/google").parse().unwrap() });
        assert_eq!((google.client_id.as_str(), google.client_secret.expose()), ("dev", "dev"));
        assert_eq!(
            (github.client_id.as_str(), &github.kind),
            ("real", &ProviderKind::Github(crate::settings::providers::Base(None)))
        );
        assert_eq!(discord.linking, Linking::Ask);
    }

    #[tokio::test]
    async fn real_providers_need_no_fakes() {
        let section = |(id, _)| format!("[{id}]\nclient_id = \"real\"\nclient_secret = \"secret\"\n");
        let text = PRESETS.map(section).concat();
        let mut settings = settings(&text);
        let beside = Beside::prepare(&mut settings).await.unwrap();
        assert!(beside.fakes.is_none() && settings.providers.len() == 5);
    }

    #[test]
    fn development_and_so_the_fakes_need_a_loopback_public_url() {
        for url in ["https://id.example.org", "http://192.168.1.10:8080", "http://localhost.example.org"] {
            let text = format!("[server]\npublic_url = \"{url}\"\n");
            let refused = Settings::from_text("config.toml", &text, Mode::Dev, std::iter::empty());
            assert!(refused.is_err(), "{url}");
        }
    }
}
