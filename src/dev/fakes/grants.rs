//! What was granted: codes, access tokens and refresh tokens, each with the sign-in it stands for. In memory, bounded, gone at the end.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{people::Person, provider::Provider, quirk::Quirk};
use crate::time::{Clock, Timestamp};

/// More of a kind, and the oldest is forgotten.
const MOST: usize = 1000;

/// One sign-in as it was asked for and answered.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub provider: Provider,
    pub person: Person,
    pub quirk: Quirk,
    pub scopes: Vec<String>,
    pub redirect_uri: String,
    /// PKCE, S256.
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    /// Google's `access_type=offline`.
    pub offline: bool,
    /// The request's `claims` ask for `auth_time`.
    pub auth_time: bool,
    /// When the person answered.
    pub at: Timestamp,
}

impl Grant {
    /// Whether one of these scopes was asked for.
    pub(super) fn has(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|scope| scopes.contains(&scope.as_str()))
    }

    pub(super) fn subject(&self) -> String {
        self.provider.subject(self.person.account)
    }
}

/// A code that somebody wants to redeem.
#[derive(Clone, Debug)]
pub(super) enum Code {
    Unknown,
    Expired,
    Spent,
    Good(Arc<Grant>),
}

#[derive(Debug)]
struct Kept {
    secret: String,
    grant: Arc<Grant>,
    expires: Option<Timestamp>,
    spent: bool,
}

#[derive(Debug, Default)]
struct Shelves {
    codes: VecDeque<Kept>,
    access: VecDeque<Kept>,
    refresh: VecDeque<Kept>,
}

/// Everything that was granted since the start.
#[derive(Debug)]
pub(super) struct Grants {
    clock: Clock,
    shelves: Mutex<Shelves>,
}

impl Grants {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, shelves: Mutex::default() }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep_code(&self, secret: String, grant: Grant) {
        let expires = Some(self.clock.now() + grant.provider.code_lifetime());
        put(&mut self.shelves().codes, secret, Arc::new(grant), expires);
    }

    pub(super) fn keep_access(&self, secret: String, grant: Arc<Grant>) {
        let expires = grant.provider.token_lifetime().map(|lifetime| self.clock.now() + lifetime);
        put(&mut self.shelves().access, secret, grant, expires);
    }

    pub(super) fn keep_refresh(&self, secret: String, grant: Arc<Grant>) {
        put(&mut self.shelves().refresh, secret, grant, None);
    }

    /// What a code stands for; it stays as it is.
    pub(super) fn code(&self, provider: Provider, secret: &str) -> Code {
        match find(&mut self.shelves().codes, provider, secret) {
            None => Code::Unknown,
            Some(kept) if kept.spent => Code::Spent,
            Some(kept) if kept.expires.is_some_and(|expires| expires <= self.clock.now()) => Code::Expired,
            Some(kept) => Code::Good(Arc::clone(&kept.grant)),
        }
    }

    /// Redeems a code: true once.
    pub(super) fn spend_code(&self, provider: Provider, secret: &str) -> bool {
        find(&mut self.shelves().codes, provider, secret).is_some_and(|kept| !std::mem::replace(&mut kept.spent, true))
    }

    /// Whose access token this is, while it works.
    pub(super) fn access(&self, provider: Provider, secret: &str) -> Option<Arc<Grant>> {
        let mut shelves = self.shelves();
        let kept = find(&mut shelves.access, provider, secret)?;
        let alive = kept.expires.is_none_or(|expires| self.clock.now() < expires);
        alive.then(|| Arc::clone(&kept.grant))
    }

    /// Uses a refresh token; one that rotates works once.
    pub(super) fn refresh(&self, provider: Provider, secret: &str) -> Option<Arc<Grant>> {
        let mut shelves = self.shelves();
        let kept = find(&mut shelves.refresh, provider, secret).filter(|kept| !kept.spent)?;
        kept.spent = provider.rotates();
        Some(Arc::clone(&kept.grant))
    }
}

fn put(shelf: &mut VecDeque<Kept>, secret: String, grant: Arc<Grant>, expires: Option<Timestamp>) {
    if shelf.len() >= MOST {
        shelf.pop_front();
    }
    shelf.push_back(Kept { secret, grant, expires, spent: false });
}

fn find<'a>(shelf: &'a mut VecDeque<Kept>, provider: Provider, secret: &str) -> Option<&'a mut Kept> {
    shelf.iter_mut().find(|kept| kept.grant.provider == provider && kept.secret == secret)
}
