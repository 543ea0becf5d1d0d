//! Texts into a directory, for trying out and for tests.

use std::path::Path;

use serde_json::json;

use super::Outgoing;
use crate::gateways::{delivery::DeliveryError, files};

/// One `.json` a text, with `id`, `to` and `body`.
pub(super) async fn deliver(dir: &Path, outgoing: &Outgoing) -> Result<(), DeliveryError> {
    let content = json!({"id": outgoing.id, "to": outgoing.to, "body": outgoing.body});
    files::deliver(dir, outgoing.date, &outgoing.id, "json", format!("{content:#}\n").into_bytes()).await
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::time::Timestamp;

    #[tokio::test]
    async fn one_file_a_text() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("outbox").join("sms");
        let date = Timestamp::from_seconds(1_763_717_400);
        let outgoing = Outgoing { id: "msg_01".into(), to: "+436601234567".into(), body: "1\n2".into(), date };
        deliver(&dir, &outgoing).await.unwrap();
        let text = fs::read_to_string(dir.join("20251121T093000.000Z-msg_01.json")).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, json!({"id": "msg_01", "to": "+436601234567", "body": "1\n2"}));
    }
}
