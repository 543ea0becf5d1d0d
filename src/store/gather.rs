//! Look-ups that share a statement.
//!
//! The two questions that relying parties and apps ask all day ("is this token still good?", "is this session alive?") must be asked of the
//! database each time, and there a statement costs ten times what its rows cost. So whoever asks puts the question down and queues for the
//! connection; the first to get it asks for all that have been put down by then. Nobody waits for company: alone, it is one statement as before.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex as Lock, PoisonError};

use tokio::sync::{Mutex, oneshot};

use super::db::Tx;
use super::error::Result;
use crate::time::Timestamp;

/// How many share one statement.
const MOST: usize = 64;

/// What can be asked for many at once.
pub trait Question: Eq + Hash + Clone + Send + Sync {
    type Answer: Clone + Send + Sync;

    /// The answers as of `now`; a question without one is not in the map.
    fn ask(tx: &mut Tx, questions: &[Self], now: Timestamp) -> impl Future<Output = Result<HashMap<Self, Self::Answer>>> + Send;
}

type Asked<Q> = (Q, oneshot::Sender<Result<Option<<Q as Question>::Answer>>>);

/// Questions that wait for an answer, and the connection on which they are asked.
pub(super) struct Gather<Q: Question> {
    asked: Lock<Vec<Asked<Q>>>,
    lane: Arc<Mutex<Tx>>,
}

impl<Q: Question> Gather<Q> {
    pub(super) fn new(lane: &Arc<Mutex<Tx>>) -> Self {
        Self { asked: Lock::default(), lane: Arc::clone(lane) }
    }

    /// The answer to one question, asked together with those of others.
    pub(super) async fn get(&self, question: &Q, now: Timestamp) -> Result<Option<Q::Answer>> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((question.clone(), answer));
            let answer = loop {
                tokio::select! {
                    biased;
                    answer = &mut answered => break answer,
                    mut lane = self.lane.lock() => self.ask(&mut lane, now).await,
                }
            };
            // The sender is lost if the caller that had taken our question went away: then we ask again.
            if let Ok(answer) = answer {
                return answer;
            }
        }
    }

    async fn ask(&self, lane: &mut Tx, now: Timestamp) {
        let batch: Vec<Asked<Q>> = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let many = asked.len().min(MOST);
            asked.drain(..many).collect()
        };
        if batch.is_empty() {
            return;
        }
        let questions: Vec<Q> = batch.iter().map(|(question, _)| question.clone()).collect();
        let found = Q::ask(lane, &questions, now).await;
        for (question, answer) in batch {
            // Whoever asked may be gone.
            let _gone = answer.send(found.as_ref().map(|found| found.get(&question).cloned()).map_err(Clone::clone));
        }
    }
}
