//! What is left of a request's body when its answer is there: a route that nobody knows, a method, a type or a size that is refused.
//!
//! A connection may be used again only where the next request's first byte is known, so a body is read to its end, whoever wants it or not
//! (RFC 9112 section 9.3). A short rest is read and dropped **before** the answer goes out, so that the answer can say truly whether the
//! connection stays. Where the rest is long or slow, or the client has not begun because it waits for our leave (`Expect: 100-continue`),
//! the answer says `Connection: close`, and the connection is let linger (section 9.6, [`super::linger`]). What a client can make us read is
//! bounded either way, and nothing of it is kept.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
    routing::future::RouteFuture,
};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

use super::linger::Unheard;

/// The longest rest that is worth reading for the sake of the connection.
const REST_BYTES: u64 = 256 * 1024;
/// How long the answer waits for it.
const REST_TIME: Duration = Duration::from_secs(1);

/// Where a body is that was given to the router.
#[derive(Debug)]
enum Whereabouts {
    /// With the router.
    Lent,
    /// Read to its end.
    Done,
    /// Broken off, or broken: where the next request begins is not known.
    Broken,
    /// Dropped before its end.
    Back { body: Incoming, begun: bool },
}

type Place = Arc<Mutex<Whereabouts>>;

fn put(place: &Place, what: Whereabouts) -> Whereabouts {
    std::mem::replace(&mut *place.lock().unwrap_or_else(PoisonError::into_inner), what)
}

/// A request's body as the router gets it: what it does not read comes back.
struct Lent {
    body: Option<Incoming>,
    begun: bool,
    place: Place,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        this.begun = true;
        let frame = ready!(Pin::new(body).poll_frame(task));
        let end = match frame {
            Some(Ok(_)) => None,
            Some(Err(_)) => Some(Whereabouts::Broken),
            None => Some(Whereabouts::Done),
        };
        if let Some(end) = end {
            this.body = None;
            put(&this.place, end);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            let done = body.is_end_stream();
            put(&self.place, if done { Whereabouts::Done } else { Whereabouts::Back { body, begun: self.begun } });
        }
    }
}

/// What is known of a request with a body until its answer is there.
pub(super) struct Loan {
    place: Place,
    /// The client waits for leave to send the body (RFC 9110 section 10.1.1).
    waits: bool,
    unheard: Unheard,
}

/// The request with a body that comes back. None: it has none.
pub(super) fn lend(request: hyper::Request<Incoming>, unheard: &Unheard) -> (Request, Option<Loan>) {
    if request.body().is_end_stream() {
        return (request.map(Body::new), None);
    }
    let place: Place = Arc::new(Mutex::new(Whereabouts::Lent));
    let loan = Loan { place: Arc::clone(&place), waits: waits(request.headers()), unheard: unheard.clone() };
    (request.map(|body| Body::new(Lent { body: Some(body), begun: false, place })), Some(loan))
}

/// Whether the body's end is where everybody takes it to be: `chunked` is the one coding, and said once (RFC 9112 section 6.1). Others are as good
/// as never sent, unless to make two servers disagree.
pub(super) fn is_understood(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    chunked && codings.next().is_none()
}

fn waits(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// The answer to one request, held back until it is clear whether it is the connection's last.
pub(super) struct Answering {
    /// None: the router is not asked, or has answered.
    running: Option<RouteFuture<Infallible>>,
    loan: Option<Loan>,
    held: Option<Box<Held>>,
}

/// An answer that is there.
enum Held {
    Ready(Option<Response>),
    /// … and waits for the rest of a body.
    Draining(Draining),
}

impl Answering {
    pub(super) const fn routed(running: RouteFuture<Infallible>, loan: Option<Loan>) -> Self {
        Self { running: Some(running), loan, held: None }
    }

    /// Without asking the router.
    pub(super) fn refused(response: Response) -> Self {
        Self { running: None, loan: None, held: Some(Box::new(Held::Ready(Some(response)))) }
    }
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(running) = &mut this.running {
            let Ok(response) = ready!(Pin::new(running).poll(task));
            let Some(loan) = this.loan.take() else { return Poll::Ready(Ok(response)) };
            this.running = None;
            match loan.settle(response) {
                Held::Ready(response) => return Poll::Ready(Ok(response.unwrap_or_default())),
                draining @ Held::Draining(_) => this.held = Some(Box::new(draining)),
            }
        }
        match this.held.as_deref_mut() {
            Some(Held::Draining(draining)) => draining.poll(task).map(Ok),
            Some(Held::Ready(response)) => Poll::Ready(Ok(response.take().unwrap_or_default())),
            None => Poll::Ready(Ok(Response::default())),
        }
    }
}

impl Loan {
    fn settle(self, response: Response) -> Held {
        let last = |response| Held::Ready(Some(last(response, &self.unheard)));
        match put(&self.place, Whereabouts::Broken) {
            Whereabouts::Done => {
                self.unheard.set(false);
                Held::Ready(Some(response))
            }
            Whereabouts::Lent | Whereabouts::Broken => last(response),
            Whereabouts::Back { body, begun } => {
                let asked = begun || !self.waits;
                if !asked || says_close(&response) || body.size_hint().lower() > REST_BYTES {
                    return last(response);
                }
                let left = usize::try_from(REST_BYTES).unwrap_or(usize::MAX);
                let until = Box::pin(sleep(REST_TIME));
                Held::Draining(Draining { response, body, left, until, unheard: self.unheard })
            }
        }
    }
}

/// Says that the connection ends, and lets it end gently.
pub(super) fn last(mut response: Response, unheard: &Unheard) -> Response {
    unheard.set(true);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn says_close(response: &Response) -> bool {
    response.headers().get(header::CONNECTION).is_some_and(|value| value == "close")
}

struct Draining {
    response: Response,
    body: Incoming,
    left: usize,
    until: Pin<Box<Sleep>>,
    unheard: Unheard,
}

impl Draining {
    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Response> {
        let kept = loop {
            match Pin::new(&mut self.body).poll_frame(task) {
                Poll::Ready(None) => break true,
                Poll::Ready(Some(Err(_))) => break false,
                Poll::Ready(Some(Ok(frame))) => match self.left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                    Some(left) => self.left = left,
                    None => break false,
                },
                Poll::Pending if self.until.as_mut().poll(task).is_ready() => break false,
                Poll::Pending => return Poll::Pending,
            }
            if self.body.is_end_stream() {
                break true;
            }
        };
        let response = std::mem::take(&mut self.response);
        if !kept {
            return Poll::Ready(last(response, &self.unheard));
        }
        self.unheard.set(false);
        Poll::Ready(response)
    }
}
