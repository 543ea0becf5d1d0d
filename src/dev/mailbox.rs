//! `/dev`: the mails that would have been sent.

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::actions::{App, outbox};
use crate::engine::outbox::Message;
use crate::http::page::{Html, see_other};
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{Link, Mail, MailPage, Mailbox};

/// Only in development mode: whoever sees this page sees every code.
pub fn router() -> Router<App> {
    Router::new()
        .route("/dev", get(async || see_other("/dev/mail")))
        .route("/dev/mail", get(list))
        .route("/dev/mail/{id}", get(show))
        .route("/dev/mail/{id}/html", get(html))
        .layer(from_fn(at_home))
}

/// Refuses names that do not mean this machine: a foreign page that makes its own name point here must not read the mails (DNS rebinding).
pub(super) async fn at_home(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name =
        host.rsplit_once(':').map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    match name {
        "localhost" | "127.0.0.1" | "[::1]" | "" => next.run(request).await,
        _ => (StatusCode::FORBIDDEN, "The mailbox is for this machine alone.\n").into_response(),
    }
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
            fresh(visitor.page(&page.shell, &page))
        }
        Err(fault) => visitor.fault(&fault),
    }
}

/// A list that the browser reads again every few seconds, with scripts off, too: the next mail is seconds away. By a header, for nothing but these
/// two pages does it.
pub(super) fn fresh(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("3"));
    response
}

async fn show(visitor: Visitor, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return visitor.not_found() };
    match outbox::message(&visitor.app, &id).await {
        Ok(Some(message)) => {
            let shell = Shell { title: message.subject.clone(), ..visitor.shell("mailbox") };
            let links = links(&message.body, visitor.app.settings.origin());
            let page = MailPage { mail: line(&visitor, &message), body: message.body, links, shell };
            visitor.page(&page.shell, &page)
        }
        Ok(None) => visitor.not_found(),
        Err(fault) => visitor.fault(&fault),
    }
}

/// Our links in the text part, each with the words of the line before it.
fn links(body: &str, origin: &str) -> Vec<Link> {
    let label = |line: &str| line.trim().trim_end_matches(':').to_owned();
    let pairs = body.lines().zip(body.lines().skip(1)).filter(|(_, line)| line.starts_with(origin));
    pairs.map(|(before, line)| Link { href: line.trim().to_owned(), label: label(before) }).collect()
}

/// The HTML part as a mail program shows it: its own styles, nothing else.
const HTML_PART: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

async fn html(visitor: Visitor, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return visitor.not_found() };
    match outbox::message(&visitor.app, &id).await {
        Ok(Some(message)) => ([(header::CONTENT_SECURITY_POLICY, HTML_PART)], Html(message.html)).into_response(),
        Ok(None) => visitor.not_found(),
        Err(fault) => visitor.fault(&fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_labelled_by_the_line_before() {
        let body = "Hello\n\nConfirm address:\nhttp://localhost:8080/verify/link?token=a\n\nOther:\nhttps://elsewhere.example/\n";
        let found = links(body, "http://localhost:8080");
        assert_eq!(
            found,
            [Link { href: "http://localhost:8080/verify/link?token=a".to_owned(), label: "Confirm address".to_owned() }]
        );
    }
}
