//! Where two requests met at the same rows, the one of which nothing was kept is made once more.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

/// In an answer's extensions: a unit of work was undone because of another.
#[derive(Clone, Copy, Debug)]
pub struct Collision;

/// Two forms may change one account at the same time: a guard finds that the other was faster, what a row belongs to is gone, or each waits for a row
/// that the other has, and PostgreSQL undoes one. The other is through by now, so this one finds things as they are: it goes through, or its page says
/// what has changed.
pub async fn once_more(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let read = Read::default();
    let seen = Seen { body, read: read.clone() };
    let first = next.clone().run(Request::from_parts(parts.clone(), Body::new(seen))).await;
    if first.extensions().get::<Collision>().is_none() {
        return first;
    }
    tracing::info!("another request changed the same rows; this one is made once more");
    let second = next.run(Request::from_parts(parts, Body::from(read.all()))).await;
    if second.extensions().get::<Collision>().is_some() {
        tracing::error!("another request was in the way twice");
    }
    second
}

/// What a handler has read of a body: the whole, before it touched a row.
#[derive(Clone, Debug, Default)]
struct Read(Arc<Mutex<Vec<Bytes>>>);

impl Read {
    fn add(&self, bytes: &Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(bytes.clone());
    }

    fn all(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).concat()
    }
}

struct Seen {
    body: Body,
    read: Read,
}

impl HttpBody for Seen {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(task);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.read.add(bytes);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::routing::post;
    use tower::ServiceExt as _;

    use super::*;

    /// How often a handler ran that is broken off the first `times`, and what it answered at last.
    async fn tried(method: Method, times: usize) -> (usize, String) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let handler = async move |body: String| {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let mut response = Response::new(Body::from(format!("{number} {body}")));
            if number < times {
                response.extensions_mut().insert(Collision);
            }
            response
        };
        let router = Router::new().route("/", post(handler.clone()).put(handler)).layer(axum::middleware::from_fn(once_more));
        let request = Request::builder().method(method).uri("/").body(Body::from("the form")).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        (count.load(Ordering::SeqCst), String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_form_is_sent_once_more_with_all_it_had() {
        assert_eq!(tried(Method::POST, 0).await, (1, "0 the form".to_owned()));
        assert_eq!(tried(Method::POST, 1).await, (2, "1 the form".to_owned()));
        assert_eq!(tried(Method::POST, 9).await, (2, "1 the form".to_owned()), "twice, and not for ever");
        assert_eq!(tried(Method::PUT, 9).await, (1, "0 the form".to_owned()), "only forms");
    }
}
