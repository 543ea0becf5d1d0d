//! People who come through other providers: the fakes of `vestibule dev` on loopback, over the real router.

mod account;
mod again;
mod coming;
mod detours;
mod enumeration;
mod failures;
mod known_address;
mod linking;
mod multi_factor;
mod notices;
mod pages;
mod prehijack;
mod states;
mod step_up;
mod tokens;
mod upstream;

use scraper::{Html, Selector};
use serde_json::Value;
use vestibule::engine::external::Identity;
use vestibule::ids::UserId;
use vestibule::store::identities;

use super::{is_signed_in, problem};
use crate::world::fakes::path_and_query;
use crate::world::{Answer, Browser, Database, Fakes, Mail, PASSWORD, World};

/// Known to Google, which hosts her address and so vouches for it.
const ADA: &str = "ada@workspace.example";
const GRACE: &str = "grace@mail.example";
const ALAN: &str = "alan@post.example";
/// A stranger's password.
const THEIRS: &str = "crooked ladder 1933";
/// Accounts with addresses that nobody has proved.
const UNPROVED: &str = "[signup]\nverify_email = false\n";

/// GitHub, Twitter and Discord asked once whether an address is somebody's, so by default only Google's word links.
const LINK: &str =
    "[github]\nlinking = \"link_verified\"\n[twitter]\nlinking = \"link_verified\"\n[discord]\nlinking = \"link_verified\"\n";

/// Presses the button of a provider on the open page; the address there.
async fn leave(browser: &mut Browser, provider: &str) -> String {
    let page = browser.open().expect("a page is open").clone();
    let fields = beside(&page, provider).unwrap_or_else(|| panic!("no button for {provider}: {}", page.text()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = browser.post(&format!("/connect/{provider}"), &fields).await;
    assert_eq!(answer.status, 200, "{} {}", answer.location(), answer.text());
    let to = answer.header("refresh").strip_prefix("0; url=").expect("by itself").to_owned();
    let html = Html::parse_document(&answer.text());
    let link = html.select(&Selector::parse("a.button").unwrap()).next().unwrap().attr("href").unwrap();
    assert_eq!(link, to, "and by a link");
    to
}

/// What the form that a provider's button belongs to sends; none if there is no button.
fn beside(page: &Answer, provider: &str) -> Option<Vec<(String, String)>> {
    let at = form_of(&Html::parse_document(&page.text()), &format!("/connect/{provider}"))?;
    Some(page.forms()[at].fields.clone())
}

/// Which form of the page the button with this `formaction` belongs to: the one it names, or the one it stands in.
fn form_of(page: &Html, action: &str) -> Option<usize> {
    let button = Selector::parse(&format!("button[formaction='{action}']")).unwrap();
    let named = page.select(&button).next()?.attr("form");
    page.select(&Selector::parse("form").unwrap()).position(|form| match named {
        Some(named) => form.attr("id") == Some(named),
        None => form.select(&button).next().is_some(),
    })
}

/// The buttons of a page: provider and label.
pub(super) fn buttons(page: &Answer) -> Vec<(String, String)> {
    let html = Html::parse_document(&page.text());
    let found = Selector::parse("button[formaction^='/connect/']").unwrap();
    let label = |button: scraper::ElementRef<'_>| {
        button.text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let id = |button: &scraper::ElementRef<'_>| button.attr("formaction").unwrap().replace("/connect/", "");
    html.select(&found).map(|button| (id(&button), label(button))).collect()
}

/// From the open page to the provider and back, as one of its people.
pub(super) async fn through(fakes: &Fakes, browser: &mut Browser, provider: &str, person: &str, quirk: &str) -> Answer {
    let to = leave(browser, provider).await;
    let callback = fakes.answer(&to, person, quirk).await;
    browser.get(&path_and_query(&callback)).await
}

/// The same as somebody with this address.
async fn through_as(fakes: &Fakes, browser: &mut Browser, provider: &str, email: &str) -> Answer {
    let to = leave(browser, provider).await;
    let callback = fakes.answer_with_email(&to, "somebody", email, "none").await;
    browser.get(&path_and_query(&callback)).await
}

/// A new browser that comes from the sign-in page.
async fn come(world: &World, fakes: &Fakes, provider: &str, person: &str, quirk: &str) -> (Browser, Answer) {
    let mut browser = world.browser();
    browser.get("/login").await;
    let answer = through(fakes, &mut browser, provider, person, quirk).await;
    (browser, answer)
}

/// A new browser that has come in that way.
pub(super) async fn arrive(world: &World, fakes: &Fakes, provider: &str, person: &str) -> Browser {
    let (mut browser, answer) = come(world, fakes, provider, person, "none").await;
    assert_eq!((answer.status, answer.location()), (303, "/account"), "{provider} {person}: {}", answer.text());
    assert!(is_signed_in(&mut browser).await);
    browser
}

/// Adds an identity to the account of somebody who is signed in.
async fn connect(fakes: &Fakes, browser: &mut Browser, provider: &str, person: &str) -> Answer {
    let page = browser.get("/account/identities").await;
    assert_eq!(page.status, 200, "{}", page.location());
    through(fakes, browser, provider, person, "none").await
}

async fn identities(world: &World, user: &UserId) -> Vec<Identity> {
    identities::of_user(&mut world.store().await.read().await.unwrap(), user).await.unwrap()
}

/// What `/session` says; null if nobody is signed in.
async fn session(browser: &Browser) -> Value {
    let answer = browser.clone().get("/session").await;
    if answer.status == 200 { answer.json() } else { Value::Null }
}

/// The id of whoever is signed in.
async fn who(browser: &Browser) -> Option<String> {
    session(browser).await["user"]["id"].as_str().map(str::to_owned)
}

/// The notices with the way to "this was not me".
async fn alarms(world: &World, to: &str) -> Vec<Mail> {
    world.mails_to(to).await.into_iter().filter(|mail| mail.link.starts_with("/wasnt-me?")).collect()
}

/// The code of the newest mail that has one.
async fn code_to(world: &World, to: &str) -> String {
    world.mails_to(to).await.into_iter().find(|mail| !mail.code.is_empty()).expect("a code").code
}

/// The sentence above a page's forms.
fn notice(page: &Answer) -> String {
    page.shown(".notice").unwrap_or_default()
}

/// Somebody signs up where addresses need no proof.
async fn claims(world: &World, email: &str, password: &str) -> Browser {
    let mut browser = world.browser();
    browser.get("/signup").await;
    let made = browser.submit("/signup", &[("email", email), ("password", password)]).await;
    assert_eq!(made.location(), "/account", "{}", made.text());
    browser
}

/// Proves anew by a code in a mail, on the sign-in page that the answer leads to; where that leads.
pub(super) async fn by_mail(world: &World, browser: &mut Browser, ask: &Answer, email: &str) -> Answer {
    let flow = browser.follow(ask).await.value("flow").unwrap();
    let sent = browser.post("/login/code", &[("flow", &flow), ("identifier", email), ("way", "mail")]).await;
    assert!(sent.location().starts_with("/login/code?flow="), "{} {}", sent.location(), sent.text());
    browser.follow(&sent).await;
    browser.submit("/login/code/enter", &[("code", &code_to(world, email).await)]).await
}

/// All that is stored, as bytes.
fn stored(world: &World) -> Vec<u8> {
    let vestibule::store::Location::Sqlite(path) = &world.place.location else { panic!("no file") };
    let mut bytes = std::fs::read(path).unwrap();
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    bytes.extend(std::fs::read(log).unwrap_or_default());
    bytes
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A password sign-in at the page that is open.
async fn with_password(browser: &mut Browser, email: &str) -> Answer {
    browser.submit("/login", &[("identifier", email), ("password", PASSWORD)]).await
}
