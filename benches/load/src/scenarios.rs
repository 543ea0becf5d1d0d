//! What is measured: each scenario is one operation that a worker repeats on its own connection.

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::digest;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use form_urlencoded::{Serializer, byte_serialize};
use serde::Deserialize;
use serde_json::json;

use crate::http::{Answer, Connection, Jar, Request};
use crate::messages::Messages;
use crate::server::Installation;

const PASSWORD: &str = "correct horse battery staple";
const REDIRECT: &str = "https://rp.example/callback";
const SCOPE: &str = "openid profile email offline_access";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// `GET /healthz`: also what the bare axum handler answers.
    Health,
    Discovery,
    Jwks,
    ClientCredentials,
    Refresh,
    Introspection,
    UserInfo,
    /// Another worker's and another access token at every call.
    UserInfoMany,
    Session,
    /// What a proxy asks before each request to a site; the answer holds a signed proof.
    Verify,
    Code,
    SignIn,
    /// Two requests, and a mail written to a file.
    MailCode,
    /// Two requests, and a text written to a file.
    SmsCode,
}

/// The settings of the site whose proxy asks, and what it says.
pub const SITES: &str = "[[sites]]\nhost = \"localhost:3000\"\n";
const ASKED: [(&str, &str); 2] = [("X-Original-URL", "http://localhost:3000/orders?page=2"), ("X-Original-Method", "GET")];

/// Those that apps call for every one of their own requests: measured at a given rate as well.
pub const AT_A_RATE: [Scenario; 2] = [Scenario::Session, Scenario::Verify];

/// In the order of the table.
pub const SCENARIOS: [Scenario; 13] = [
    Scenario::Discovery,
    Scenario::Jwks,
    Scenario::ClientCredentials,
    Scenario::Refresh,
    Scenario::Introspection,
    Scenario::UserInfo,
    Scenario::UserInfoMany,
    Scenario::Session,
    Scenario::Verify,
    Scenario::Code,
    Scenario::SignIn,
    Scenario::MailCode,
    Scenario::SmsCode,
];

impl Scenario {
    pub fn name(self) -> &'static str {
        match self {
            Self::Health => "bare axum handler",
            Self::Discovery => "discovery",
            Self::Jwks => "JWKS",
            Self::ClientCredentials => "client credentials",
            Self::Refresh => "refresh rotation",
            Self::Introspection => "introspection",
            Self::UserInfo => "userinfo",
            Self::UserInfoMany => "userinfo, many tokens",
            Self::Session => "/session",
            Self::Verify => "/session/verify",
            Self::Code => "code flow, signed in",
            Self::SignIn => "password sign-in",
            Self::MailCode => "sign-in by mail code",
            Self::SmsCode => "sign-in by SMS code",
        }
    }
}

/// What all workers share.
#[derive(Default)]
pub struct World {
    origin: String,
    /// The relying party's id and its `Authorization` value.
    client_id: String,
    client: String,
    /// The same of a client of the client credentials grant.
    machine: String,
    /// Access tokens of several people.
    tokens: Vec<String>,
    messages: Messages,
}

/// One connection and the person behind it.
pub struct Worker {
    connection: Connection,
    user: String,
    phone: String,
    jar: Jar,
    refresh_token: String,
    access_token: String,
    turn: usize,
}

impl Worker {
    /// A worker without a person, for pages that need none.
    pub fn anonymous(port: u16) -> Self {
        Self {
            connection: Connection::new(port),
            user: String::new(),
            phone: String::new(),
            jar: Jar::default(),
            refresh_token: String::new(),
            access_token: String::new(),
            turn: 0,
        }
    }

    /// The next request opens a new connection: the server may have closed an idle one.
    pub fn reconnect(&mut self) {
        self.connection.reset();
    }
}

/// A token endpoint's answer, as far as it is looked at.
#[derive(Deserialize)]
struct Tokens<'a> {
    access_token: &'a str,
    #[serde(default)]
    refresh_token: &'a str,
    #[serde(default)]
    id_token: &'a str,
}

/// Registers two clients and a person for each worker.
pub fn register(installation: &Installation, workers: usize) -> Result<(World, Vec<Worker>)> {
    let add = ["client", "add", "--json"];
    let relying_party = installation.json(
        &add,
        &json!({
            "client_name": "Benchmark", "redirect_uris": [REDIRECT], "response_types": ["code"],
            "grant_types": ["authorization_code", "refresh_token"], "scope": SCOPE,
            "token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "ES256",
            "first_party": true,
        }),
    )?;
    let machine = installation.json(
        &add,
        &json!({
            "client_name": "Benchmark machine", "redirect_uris": [], "response_types": [],
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic",
        }),
    )?;
    let world = World {
        origin: installation.origin(),
        client_id: relying_party["client_id"].as_str().context("client_id")?.to_owned(),
        client: basic(&relying_party)?,
        machine: basic(&machine)?,
        tokens: Vec::new(),
        messages: Messages::new(installation.outbox()),
    };
    let mut people = Vec::new();
    for number in 0..workers {
        let user = format!("person{number}@bench.example");
        let phone = format!("+436601{number:06}");
        let person = json!({
            "email": user, "email_verified": true, "phone_number": phone, "phone_number_verified": true,
            "password": PASSWORD, "name": format!("Person {number}"),
        });
        installation.json(&["user", "add", "--json"], &person)?;
        people.push(Worker { user, phone, ..Worker::anonymous(installation.port) });
    }
    Ok((world, people))
}

/// `client_secret_basic`: id and secret are form-encoded, then joined (RFC 6749 §2.3.1).
fn basic(client: &serde_json::Value) -> Result<String> {
    let encoded = |key: &str| -> Result<String> {
        let text = client[key].as_str().with_context(|| format!("no {key} in {client}"))?;
        Ok(byte_serialize(text.as_bytes()).collect())
    };
    let pair = format!("{}:{}", encoded("client_id")?, encoded("client_secret")?);
    Ok(format!("Basic {}", BASE64.encode(pair.as_bytes())))
}

/// Signs every worker in and gives each its tokens; `several` more access tokens are kept for rotation.
pub async fn prepare(world: &mut World, workers: &mut [Worker], several: usize) -> Result<()> {
    for worker in workers.iter_mut() {
        worker.jar = sign_in(world, worker).await?;
        code_flow(world, worker).await?;
        ensure!(
            !worker.refresh_token.is_empty(),
            "a code flow with the scope offline_access gave no refresh token: no refresh rotation to measure"
        );
    }
    let count = workers.len();
    for worker in workers.iter_mut() {
        // The refresh chain goes on from the first flow's token.
        let refresh_token = worker.refresh_token.clone();
        for _ in 0..several.div_ceil(count) {
            code_flow(world, worker).await?;
            world.tokens.push(worker.access_token.clone());
        }
        worker.refresh_token = refresh_token;
    }
    Ok(())
}

/// Does one operation.
pub async fn step(scenario: Scenario, world: &World, worker: &mut Worker) -> Result<()> {
    match scenario {
        Scenario::Health => expect(get(worker, "/healthz", "").await?, 200, "").map(drop),
        Scenario::Discovery => {
            let answer = get(worker, "/.well-known/openid-configuration", "").await?;
            expect(answer, 200, "authorization_endpoint").map(drop)
        }
        Scenario::Jwks => expect(get(worker, "/oauth2/jwks", "").await?, 200, "keys").map(drop),
        Scenario::ClientCredentials => {
            let answer = post(worker, "/oauth2/token", &world.machine, "grant_type=client_credentials").await?;
            expect(answer, 200, "access_token").map(drop)
        }
        Scenario::Refresh => refresh(world, worker).await,
        Scenario::Introspection => {
            let form = format!("token={}", worker.access_token);
            let answer = post(worker, "/oauth2/introspect", &world.client, &form).await?;
            // `"active":true`, with or without a space.
            expect(answer, 200, "true").map(drop)
        }
        Scenario::UserInfo => {
            let bearer = format!("Bearer {}", worker.access_token);
            expect(get(worker, "/oauth2/userinfo", &bearer).await?, 200, "sub").map(drop)
        }
        Scenario::UserInfoMany => {
            worker.turn += 1;
            let token = world.tokens.get(worker.turn % world.tokens.len().max(1)).context("no tokens")?;
            let bearer = format!("Bearer {token}");
            expect(get(worker, "/oauth2/userinfo", &bearer).await?, 200, "sub").map(drop)
        }
        Scenario::Session => {
            let request = Request { target: "/session", cookie: worker.jar.header(), ..Request::default() };
            expect(worker.connection.send(request).await?, 200, "user").map(drop)
        }
        Scenario::Verify => {
            let request =
                Request { target: "/session/verify", cookie: worker.jar.header(), headers: &ASKED, ..Request::default() };
            expect(worker.connection.send(request).await?, 200, "").map(drop)
        }
        Scenario::Code => code_flow(world, worker).await,
        Scenario::SignIn => sign_in(world, worker).await.map(drop),
        Scenario::MailCode => by_code(world, worker, "mail").await,
        Scenario::SmsCode => by_code(world, worker, "sms").await,
    }
}

async fn get(worker: &mut Worker, target: &str, authorization: &str) -> Result<Answer> {
    worker.connection.send(Request { target, authorization, ..Request::default() }).await
}

async fn post(worker: &mut Worker, target: &str, authorization: &str, form: &str) -> Result<Answer> {
    worker.connection.send(Request { target, authorization, form: Some(form), ..Request::default() }).await
}

/// Refuses an answer of another status, or whose body does not hold `part`; the message shows the body.
fn expect(answer: Answer, status: u16, part: &str) -> Result<Answer> {
    let fits =
        answer.status == status && (part.is_empty() || answer.body.windows(part.len()).any(|window| window == part.as_bytes()));
    ensure!(
        fits,
        "expected {status} and `{part}`; the server answered {} (Location: {}):\n{}",
        answer.status,
        answer.location,
        answer.text()
    );
    Ok(answer)
}

async fn refresh(world: &World, worker: &mut Worker) -> Result<()> {
    let form = format!("grant_type=refresh_token&refresh_token={}", worker.refresh_token);
    let answer = expect(post(worker, "/oauth2/token", &world.client, &form).await?, 200, "")?;
    let tokens: Tokens<'_> = serde_json::from_slice(&answer.body).with_context(|| answer.text())?;
    ensure!(
        !tokens.refresh_token.is_empty() && tokens.refresh_token != worker.refresh_token,
        "the refresh token did not rotate:\n{}",
        answer.text()
    );
    tokens.refresh_token.clone_into(&mut worker.refresh_token);
    Ok(())
}

/// From the authorization request of a signed-in browser to the tokens.
async fn code_flow(world: &World, worker: &mut Worker) -> Result<()> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random)?;
    let verifier = BASE64URL_NOPAD.encode(&random);
    let challenge = BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref());
    let query = Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", &world.client_id),
            ("redirect_uri", REDIRECT),
            ("scope", SCOPE),
            ("state", "bench"),
            ("nonce", &verifier[..16]),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    let target = format!("/oauth2/authorize?{query}");
    let request = Request { target: &target, cookie: worker.jar.header(), ..Request::default() };
    let answer = worker.connection.send(request).await?;
    if !answer.cookies.is_empty() {
        worker.jar.apply(&answer);
    }
    let code = answer
        .location
        .strip_prefix(REDIRECT)
        .and_then(|rest| rest.strip_prefix('?'))
        .and_then(|rest| form_urlencoded::parse(rest.as_bytes()).find(|(name, _)| name == "code"))
        .map(|(_, code)| code.into_owned());
    let (302 | 303, Some(code)) = (answer.status, code) else {
        bail!("no code from /oauth2/authorize: {} to `{}`\n{}", answer.status, answer.location, answer.text());
    };
    let form = Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", &verifier),
        ])
        .finish();
    let answer = expect(post(worker, "/oauth2/token", &world.client, &form).await?, 200, "")?;
    let tokens: Tokens<'_> = serde_json::from_slice(&answer.body).with_context(|| answer.text())?;
    ensure!(!tokens.id_token.is_empty(), "no ID token:\n{}", answer.text());
    tokens.access_token.clone_into(&mut worker.access_token);
    // A refresh scenario goes on from the newest token.
    tokens.refresh_token.clone_into(&mut worker.refresh_token);
    Ok(())
}

/// A browser signs in with the password, in which its owner has signed in before: else each sign-in would send a notice of a new device.
/// Answers its cookies.
async fn sign_in(world: &World, worker: &mut Worker) -> Result<Jar> {
    let form =
        Serializer::new(String::new()).extend_pairs([("identifier", worker.user.as_str()), ("password", PASSWORD)]).finish();
    let mut jar = worker.jar.returning();
    let request =
        Request { target: "/login", origin: &world.origin, cookie: jar.header(), form: Some(&form), ..Request::default() };
    let answer = worker.connection.send(request).await?;
    jar.apply(&answer);
    let signed_in = answer.status == 303 && !answer.location.contains("/login") && jar.header().contains("vestibule_session=");
    ensure!(
        signed_in,
        "POST /login did not sign in: {} to `{}`, cookies `{}`\n{}",
        answer.status,
        answer.location,
        jar.header(),
        answer.text()
    );
    Ok(jar)
}

/// Such a browser signs in by a code that a message brings. The wait for it is part of the time, not of the server's CPU.
async fn by_code(world: &World, worker: &mut Worker, way: &str) -> Result<()> {
    let to = if way == "mail" { &worker.user } else { &worker.phone }.clone();
    let mut jar = worker.jar.returning();
    let form = Serializer::new(String::new()).extend_pairs([("identifier", to.as_str()), ("way", way)]).finish();
    let request =
        Request { target: "/login/code", origin: &world.origin, cookie: jar.header(), form: Some(&form), ..Request::default() };
    let answer = worker.connection.send(request).await?;
    jar.apply(&answer);
    let Some((_, flow)) = answer.location.split_once("flow=") else {
        bail!("POST /login/code sent nothing: {} to `{}`\n{}", answer.status, answer.location, answer.text());
    };
    let code = world.messages.code_for(&to).await?;
    let form = Serializer::new(String::new()).extend_pairs([("flow", flow), ("code", code.as_str())]).finish();
    let request = Request {
        target: "/login/code/enter",
        origin: &world.origin,
        cookie: jar.header(),
        form: Some(&form),
        ..Request::default()
    };
    let answer = worker.connection.send(request).await?;
    jar.apply(&answer);
    ensure!(
        answer.status == 303 && jar.header().contains("vestibule_session="),
        "POST /login/code/enter did not sign in: {} to `{}`\n{}",
        answer.status,
        answer.location,
        answer.text()
    );
    Ok(())
}
