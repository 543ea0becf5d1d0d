//! `outbox`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vestibule::engine::outbox::{Channel, Message};
use vestibule::ids::MessageId;
use vestibule::store::outbox;
use vestibule::time::Timestamp;

use super::{Bench, NOW, benches, later};
use crate::world::Database;

fn message(bench: &Bench, to: &str, at: Timestamp) -> Message {
    Message {
        id: MessageId::new(at, &bench.random),
        channel: Channel::Mail,
        recipient: to.to_owned(),
        subject: "123456 – Ihr Code".to_owned(),
        body: "text\n".to_owned(),
        html: "<p>text</p>".to_owned(),
        attempts: 0,
        created_at: at,
        expires_at: at + Duration::from_mins(15),
    }
}

async fn insert(bench: &Bench, message: &Message) {
    let mut tx = bench.write().await;
    outbox::insert(&mut tx, message).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_message_is_taken_retried_and_delivered() {
    for bench in benches().await {
        let (first, second) = (message(&bench, "a@a.example", NOW), message(&bench, "b@a.example", later(1)));
        insert(&bench, &second).await;
        insert(&bench, &first).await;
        let mut tx = bench.write().await;
        let waiting = outbox::pending(&mut tx).await.unwrap();
        assert!(matches!(&waiting[..], [(channel, 2, oldest)] if channel == "mail" && *oldest == NOW), "{waiting:?}");
        assert_eq!(outbox::next_due(&mut tx, Channel::Mail).await.unwrap(), Some(NOW));
        let claimed = outbox::claim(&mut tx, Channel::Mail, NOW, later(40)).await.unwrap().unwrap();
        assert_eq!(format!("{claimed:?}"), format!("{:?}", Message { attempts: 1, ..first.clone() }), "{:?}", bench.database);
        assert!(outbox::claim(&mut tx, Channel::Mail, NOW, later(40)).await.unwrap().is_none(), "the other is not due");
        assert!(outbox::claim(&mut tx, Channel::Sms, later(9), later(40)).await.unwrap().is_none(), "no text among them");
        assert_eq!(outbox::next_due(&mut tx, Channel::Sms).await.unwrap(), None);
        assert_eq!(outbox::next_due(&mut tx, Channel::Mail).await.unwrap(), Some(later(1)));
        assert_eq!(outbox::claim(&mut tx, Channel::Mail, later(1), later(41)).await.unwrap().unwrap().id, second.id);
        outbox::retry(&mut tx, &second.id, later(3), "421").await.unwrap();
        assert_eq!(outbox::claim(&mut tx, Channel::Mail, later(3), later(43)).await.unwrap().unwrap().attempts, 2);
        // A lease that ran out.
        assert_eq!(outbox::claim(&mut tx, Channel::Mail, later(40), later(80)).await.unwrap().unwrap().id, first.id);
        outbox::delivered(&mut tx, &first.id, false, later(41)).await.unwrap();
        outbox::failed(&mut tx, &second.id, "550").await.unwrap();
        assert!(outbox::claim(&mut tx, Channel::Mail, later(10_000), later(20_000)).await.unwrap().is_none());
        assert!(outbox::pending(&mut tx).await.unwrap().is_empty());
        assert_eq!(outbox::next_due(&mut tx, Channel::Mail).await.unwrap(), None);
        for id in [&first.id, &second.id] {
            let kept = outbox::by_id(&mut tx, id).await.unwrap().unwrap();
            assert!(kept.subject.is_empty() && kept.body.is_empty() && kept.html.is_empty(), "its code goes with it");
        }
    }
}

#[tokio::test]
async fn the_mailbox_keeps_what_was_delivered_the_newest_first() {
    for bench in benches().await {
        let (first, second) = (message(&bench, "a@a.example", NOW), message(&bench, "b@a.example", later(1)));
        insert(&bench, &first).await;
        insert(&bench, &second).await;
        let mut tx = bench.write().await;
        outbox::delivered(&mut tx, &first.id, true, later(2)).await.unwrap();
        let shown: Vec<MessageId> =
            outbox::newest(&mut tx, Channel::Mail, 10).await.unwrap().into_iter().map(|message| message.id).collect();
        assert_eq!(shown, [second.id, first.id.clone()], "{:?}", bench.database);
        assert_eq!(outbox::newest(&mut tx, Channel::Mail, 1).await.unwrap().len(), 1);
        assert!(outbox::newest(&mut tx, Channel::Sms, 10).await.unwrap().is_empty());
        assert_eq!(outbox::by_id(&mut tx, &first.id).await.unwrap().unwrap().body, "text\n");
    }
}

/// Twice sent is better than never, but with living nodes it is once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_that_deliver_at_once_take_each_message_once() {
    for bench in benches().await {
        for number in 0..7 {
            insert(&bench, &message(&bench, &format!("{number}@a.example"), NOW)).await;
        }
        let taken: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&taken);
        bench
            .race(move |tx| {
                let log = Arc::clone(&log);
                Box::pin(async move {
                    let claimed = outbox::claim(tx, Channel::Mail, NOW, later(40)).await?;
                    log.lock().unwrap().extend(claimed.iter().map(|message| message.id.to_string()));
                    Ok(claimed.is_some())
                })
            })
            .await;
        let mut taken = taken.lock().unwrap().clone();
        let count = taken.len();
        taken.sort();
        taken.dedup();
        assert_eq!(taken.len(), count, "{:?}: none twice", bench.database);
        // On PostgreSQL losers may find the row gone and come back for the rest at their next turn.
        assert!((1..=7).contains(&count), "{count}");
        let mut left = 0;
        loop {
            let mut tx = bench.write().await;
            let Some(claimed) = outbox::claim(&mut tx, Channel::Mail, NOW, later(40)).await.unwrap() else { break };
            assert!(!taken.contains(&claimed.id.to_string()));
            tx.commit().await.unwrap();
            left += 1;
        }
        assert_eq!(count + left, 7, "{:?}: all of them", bench.database);
    }
}

/// On PostgreSQL two that waited for each other's would meet in a circle.
#[tokio::test]
async fn nodes_that_take_several_do_not_wait_for_each_other() {
    for bench in benches().await.into_iter().filter(|bench| bench.database == Database::Postgres) {
        for number in 0..4 {
            insert(&bench, &message(&bench, &format!("{number}@a.example"), NOW)).await;
        }
        let mut nodes = [bench.write().await, bench.write().await];
        let mut taken = Vec::new();
        for turn in 0..4 {
            let claimed = outbox::claim(&mut nodes[turn % 2], Channel::Mail, NOW, later(40));
            let claimed = tokio::time::timeout(Duration::from_secs(5), claimed).await.expect("nobody waits");
            taken.push(claimed.unwrap().unwrap().id.to_string());
        }
        taken.sort();
        taken.dedup();
        assert_eq!(taken.len(), 4);
    }
}
