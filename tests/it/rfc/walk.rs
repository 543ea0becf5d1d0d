//! A person's way through the pages, from a request to its answer.

use scraper::{Html, Selector};
use serde_json::Value;

use super::house::{ADA, House};
use super::wire::{Ask, Rp, Sent};
use crate::world::{Answer, Browser, PASSWORD};

/// What a browser met on its way.
#[derive(Debug)]
pub struct Way {
    /// The pages that were shown, in order.
    pub pages: Vec<Page>,
    /// The last answer: one that leads away from the server, or a page that is no sign-in and no consent.
    pub end: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    SignIn,
    Consent,
}

impl Browser {
    pub async fn authorize(&mut self, ask: &Ask) -> Answer {
        self.get(&ask.path()).await
    }

    /// From a request to its answer: signs in as Ada and allows everything where asked.
    pub async fn walk(&mut self, ask: &Ask) -> Way {
        let first = self.authorize(ask).await;
        self.go_on(first, ADA).await
    }

    pub async fn go_on(&mut self, mut answer: Answer, email: &str) -> Way {
        let mut pages = Vec::new();
        for _ in 0..8 {
            if answer.status == 303 && answer.location().starts_with('/') {
                answer = self.follow(&answer.clone()).await;
            } else if answer.is_consent() {
                pages.push(Page::Consent);
                answer = self.decide(&answer, "allow", &answer.scopes()).await;
            } else if answer.is_sign_in() {
                pages.push(Page::SignIn);
                let flow = answer.value("flow").unwrap_or_default();
                let form = [("flow", flow.as_str()), ("identifier", email), ("password", PASSWORD), ("remember", "true")];
                answer = self.post("/login", &form).await;
            } else {
                return Way { pages, end: answer };
            }
        }
        panic!("the way has no end: {answer:?}");
    }

    /// The page to which a request leads.
    pub async fn page_of(&mut self, ask: &Ask) -> Answer {
        let mut answer = self.authorize(ask).await;
        while answer.status == 303 && answer.location().starts_with('/') {
            answer = self.follow(&answer.clone()).await;
        }
        answer
    }

    /// Presses a button of the consent page.
    pub async fn decide(&mut self, page: &Answer, decision: &str, scopes: &[String]) -> Answer {
        let flow = page.value("flow").unwrap_or_default();
        let person = page.value("person").unwrap_or_default();
        let mut form = vec![("flow", flow.as_str()), ("person", person.as_str()), ("decision", decision)];
        form.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
        self.post("/consent", &form).await
    }

    /// A code for a client.
    pub async fn code(&mut self, rp: Rp, ask: &Ask) -> String {
        self.walk(ask).await.sent(rp).code()
    }

    /// Tokens for a client, with this scope.
    pub async fn tokens(&mut self, house: &House, rp: Rp, scope: &str) -> Value {
        self.tokens_for(house, rp, &Ask::of(rp).with("scope", scope)).await
    }

    pub async fn tokens_for(&mut self, house: &House, rp: Rp, ask: &Ask) -> Value {
        let code = self.code(rp, ask).await;
        house.exchange(rp, &code).await.expect(200).json()
    }
}

impl Way {
    #[track_caller]
    pub fn sent(&self, rp: Rp) -> Sent {
        self.end.sent_to(rp.redirect_uri)
    }
}

impl Answer {
    fn values(&self, selector: &str, attribute: &str) -> Vec<String> {
        let (page, selector) = (Html::parse_document(&self.text()), Selector::parse(selector).unwrap());
        page.select(&selector).filter_map(|found| found.attr(attribute)).map(str::to_owned).collect()
    }

    pub fn is_sign_in(&self) -> bool {
        self.status == 200 && self.actions().iter().any(|action| action == "/login")
    }

    pub fn is_consent(&self) -> bool {
        self.status == 200
            && self.values("form[action='/consent'] button[name=decision]", "value").iter().any(|value| value == "allow")
    }

    /// The scopes that a consent page has ticked.
    pub fn scopes(&self) -> Vec<String> {
        self.values("input[name=scope][checked]", "value")
    }

    /// Where the page's forms go.
    pub fn actions(&self) -> Vec<String> {
        self.values("form", "action")
    }

    /// Names and values of the hidden fields.
    pub fn hidden(&self) -> Vec<(String, String)> {
        let names = self.values("input[type=hidden]", "name");
        names.into_iter().zip(self.values("input[type=hidden]", "value")).collect()
    }

    /// Whether the page has a button that people can see.
    pub fn has_button(&self) -> bool {
        !self.values("button[type=submit]", "type").is_empty()
    }
}

/// A member that must be a text.
#[track_caller]
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {value}"))
}
