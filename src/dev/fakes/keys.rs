//! Google's signing keys: RS256, made at the first use, since that takes a moment.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use crate::crypto::{
    jose::{Alg, JoseError, Jwk, SigningKey},
    random::Random,
};

/// How many keys of [`Quirk::KeysRotated`](super::Quirk::KeysRotated) stay published.
const MOST_EXTRA: usize = 4;

/// The key that signs, and those that each signed one answer. A key that is published once stays so for a while: another browser's
/// sign-in is not disturbed.
#[derive(Debug, Default)]
pub(super) struct Keys {
    usual: OnceCell<Arc<SigningKey>>,
    extra: Mutex<VecDeque<Arc<SigningKey>>>,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The key that signs.
    pub(super) async fn usual(&self, random: &Random) -> Result<Arc<SigningKey>, JoseError> {
        self.usual.get_or_try_init(|| generate(random)).await.cloned()
    }

    /// A key that nobody has seen, published from now on.
    pub(super) async fn fresh(&self, random: &Random) -> Result<Arc<SigningKey>, JoseError> {
        let key = generate(random).await?;
        let mut extra = self.extra.lock().unwrap_or_else(PoisonError::into_inner);
        if extra.len() >= MOST_EXTRA {
            extra.pop_front();
        }
        extra.push_back(Arc::clone(&key));
        Ok(key)
    }

    /// The public keys.
    pub(super) async fn published(&self, random: &Random) -> Result<Vec<Jwk>, JoseError> {
        let usual = self.usual(random).await?;
        let extra = self.extra.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::iter::once(&usual).chain(extra.iter()).map(|key| key.public_jwk().clone()).collect())
    }
}

async fn generate(random: &Random) -> Result<Arc<SigningKey>, JoseError> {
    let kid = data_encoding::HEXLOWER.encode(&random.bytes::<20>());
    let made = tokio::task::spawn_blocking(|| SigningKey::generate(Alg::Rs256, kid)).await;
    made.unwrap_or(Err(JoseError::Key(Alg::Rs256))).map(Arc::new)
}
