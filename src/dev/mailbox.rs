//! `/dev`: the mails that would have been sent.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;

use crate::actions::{App, outbox};
use crate::engine::outbox::Message;
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{Link, Mail, MailPage, Mailbox};

/// Only in development mode: whoever sees this page sees every code.
pub fn router() -> Router<App> {
    Router::new()
        .route("/dev", get(async || see_other("/dev/mail")))
        .route("/dev/mail", get(list))
        .route("/dev/mail/{id}", get(show))
}

fn line(visitor: &Visitor, message: &Message) -> Mail {
    Mail {
        id: message.id.to_string(),
        to: message.recipient.clone(),
        subject: message.subject.clone(),
        sent: visitor.text.when(message.created_at.millis(), "UTC"),
    }
}

async fn list(visitor: Visitor) -> Response {
    match outbox::mailbox(&visitor.app).await {
        Ok(messages) => {
            let mails = messages.iter().filter(|message| !message.recipient.is_empty()).map(|message| line(&visitor, message));
            let page = Mailbox { mails: mails.collect(), shell: visitor.shell("mailbox") };
            visitor.page(&page.shell, &page)
        }
        Err(fault) => visitor.fault(&fault),
    }
}

async fn show(visitor: Visitor, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return visitor.not_found() };
    match outbox::message(&visitor.app, &id).await {
        Ok(Some(message)) => {
            let shell = Shell { title: message.subject.clone(), ..visitor.shell("mailbox") };
            let links = message.body.split_whitespace().filter(|word| word.starts_with(visitor.app.settings.origin()));
            let links = links.map(|link| Link { href: link.to_owned(), label: link.to_owned() }).collect();
            let page = MailPage { mail: line(&visitor, &message), body: message.body, links, shell };
            visitor.page(&page.shell, &page)
        }
        Ok(None) => visitor.not_found(),
        Err(fault) => visitor.fault(&fault),
    }
}
