//! What the demo remembers of its visitors: in memory, bounded, gone when it ends.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use data_encoding::BASE32_NOPAD;

use super::provider::Start;
use crate::{crypto::random::Random, time::Timestamp};

pub(super) use super::provider::SignedIn;

/// Visitors at a time; beyond it the one seen longest ago is forgotten.
const VISITORS: usize = 1000;
/// Sign-ins that one browser may have under way, in several tabs.
const TABS: usize = 5;

/// A sign-in under way.
#[derive(Debug)]
pub(super) struct Pending {
    pub start: Start,
    pub expires: Timestamp,
}

#[derive(Debug)]
struct Visitor {
    pending: Vec<Pending>,
    signed_in: Option<SignedIn>,
    seen: Timestamp,
}

/// The visitors by the identifier in their cookie.
#[derive(Debug)]
pub(super) struct Visitors {
    random: Random,
    known: Mutex<HashMap<String, Visitor>>,
}

impl Visitors {
    pub(super) fn new(random: Random) -> Self {
        Self { random, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Visitor>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that a sign-in began; the identifier for the cookie.
    pub(super) fn begin(&self, id: Option<&str>, pending: Pending, now: Timestamp) -> String {
        let mut known = self.known();
        let id = match id.filter(|id| known.contains_key(*id)) {
            Some(id) => id.to_owned(),
            None => self.add(&mut known, Visitor { pending: Vec::new(), signed_in: None, seen: now }),
        };
        if let Some(visitor) = known.get_mut(&id) {
            visitor.seen = now;
            if visitor.pending.len() >= TABS {
                visitor.pending.remove(0);
            }
            visitor.pending.push(pending);
        }
        id
    }

    /// Takes the sign-in that this browser began with this state: it can be finished once.
    pub(super) fn take(&self, id: Option<&str>, state: &str, now: Timestamp) -> Option<Start> {
        let mut known = self.known();
        let pending = &mut known.get_mut(id?)?.pending;
        let at = pending.iter().position(|pending| pending.start.has_state(state))?;
        Some(pending.remove(at)).filter(|found| now < found.expires).map(|found| found.start)
    }

    /// Remembers who signed in, under a new identifier.
    pub(super) fn sign_in(&self, id: Option<&str>, signed_in: SignedIn, now: Timestamp) -> String {
        let mut known = self.known();
        let pending = id.and_then(|id| known.remove(id)).map_or_else(Vec::new, |visitor| visitor.pending);
        self.add(&mut known, Visitor { pending, signed_in: Some(signed_in), seen: now })
    }

    /// Who is signed in here.
    pub(super) fn signed_in(&self, id: Option<&str>) -> Option<SignedIn> {
        self.known().get(id?)?.signed_in.clone()
    }

    /// Forgets this visitor, and says who it was.
    pub(super) fn forget(&self, id: Option<&str>) -> Option<SignedIn> {
        self.known().remove(id?)?.signed_in
    }

    fn add(&self, known: &mut HashMap<String, Visitor>, visitor: Visitor) -> String {
        if known.len() >= VISITORS
            && let Some(oldest) = known.iter().min_by_key(|(_, visitor)| visitor.seen).map(|(id, _)| id.clone())
        {
            known.remove(&oldest);
        }
        let id = BASE32_NOPAD.encode(&self.random.bytes::<20>());
        known.insert(id.clone(), visitor);
        id
    }
}
