//! `/dev/sms`: the texts that would have been sent.

use axum::Router;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::get;

use super::mailbox::{at_home, fresh};
use crate::actions::{App, outbox};
use crate::http::visitor::Visitor;
use crate::pages::{Inbox, Text};

/// Only in development mode: whoever sees this page sees every code.
pub fn router() -> Router<App> {
    Router::new().route("/dev/sms", get(list)).layer(from_fn(at_home))
}

async fn list(visitor: Visitor) -> Response {
    let messages = match outbox::inbox(&visitor.app).await {
        Ok(messages) => messages,
        Err(fault) => return visitor.fault(&fault),
    };
    let texts = messages.into_iter().filter(|message| !message.recipient.is_empty()).map(|message| Text {
        sent: visitor.text.when(message.created_at.millis(), "UTC"),
        to: message.recipient,
        body: message.body,
    });
    let page = Inbox { texts: texts.collect(), shell: visitor.shell("inbox") };
    fresh(visitor.page(&page.shell, &page))
}
