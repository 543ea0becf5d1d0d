//! The store's promises, the same on SQLite and PostgreSQL: what is written is read back, what is taken is said, and what may happen
//! once happens once, ten callers or not.

mod accounts;
mod crash;
mod factors;
mod flows;
mod grants;
mod group;
mod identities;

mod limits;
mod outbox;
mod passkeys;
mod retention;
mod sessions;
mod size;
mod small;
mod sms;

use std::pin::Pin;
use std::time::Duration;

use vestibule::crypto::random::Random;
use vestibule::engine::address::Email;
use vestibule::engine::method::{Method, MethodKind};
use vestibule::engine::session::{Lifetimes, Opening, Session};
use vestibule::engine::user::User;
use vestibule::ids::{SessionId, UserId};
use vestibule::store::{Result, Store, Tx, users};
use vestibule::time::Timestamp;

use crate::world::{BEGINNING, Database, Place};

/// A store with a source of chance; the clock is a constant.
struct Bench {
    database: Database,
    place: Place,
    store: Store,
    random: Random,
}

const NOW: Timestamp = BEGINNING;

fn later(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn earlier(seconds: u64) -> Timestamp {
    NOW - Duration::from_secs(seconds)
}

/// A fresh store of each kind.
async fn benches() -> Vec<Bench> {
    let mut found = Vec::new();
    for database in Database::BOTH {
        if let Some(place) = Place::new(database).await {
            let store = place.open().await;
            found.push(Bench { database, place, store, random: Random::seeded(7) });
        }
    }
    found
}

impl Bench {
    async fn write(&self) -> Tx {
        self.store.write().await.unwrap()
    }

    async fn read(&self) -> Tx {
        self.store.read().await.unwrap()
    }

    fn blank(&self, email: Option<&str>) -> User {
        let id = UserId::new(NOW, &self.random);
        User { email: email.map(|email| Email::parse(email).unwrap()), ..User::blank(id, NOW) }
    }

    /// An account that is there.
    async fn user(&self, email: &str) -> User {
        let user = self.blank(Some(email));
        let mut tx = self.write().await;
        users::insert(&mut tx, &user).await.unwrap();
        tx.commit().await.unwrap();
        user
    }

    /// A session that is there.
    async fn session(&self, user: &User) -> Session {
        let lifetimes =
            Lifetimes { absolute: Duration::from_hours(720), idle: Duration::from_hours(336), short: Duration::from_hours(12) };
        let id = SessionId::new(NOW, &self.random);
        let (device, address) = ("Firefox, Linux".to_owned(), "192.0.2.1".to_owned());
        let proofs = vec![Method::first(MethodKind::Password, NOW)];
        let opening = Opening { proofs, remembered: true, device, address };
        let session = Session::begin(id, user.id.clone(), opening, lifetimes, NOW);
        let mut tx = self.write().await;
        vestibule::store::sessions::insert(&mut tx, &session).await.unwrap();
        tx.commit().await.unwrap();
        session
    }

    /// Ten callers at once, each in a unit of work of its own: how many were told yes.
    async fn race<F>(&self, op: F) -> usize
    where
        F: for<'a> Fn(&'a mut Tx) -> Pin<Box<dyn Future<Output = Result<bool>> + Send + 'a>> + Clone + Send + 'static,
    {
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (store, op) = (self.store.clone(), op.clone());
            callers.spawn(async move {
                let mut tx = store.write().await.unwrap();
                let won = op(&mut tx).await.unwrap();
                tx.commit().await.unwrap();
                won
            });
        }
        callers.join_all().await.into_iter().filter(|won| *won).count()
    }
}
