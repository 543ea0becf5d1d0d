//! A provider on loopback that writes down what it is asked and answers as it is told.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Says {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub slow: Duration,
}

pub fn says(status: u16, body: impl Into<String>) -> Says {
    Says { status, headers: Vec::new(), body: body.into(), slow: Duration::ZERO }
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Says>,
    asked: Vec<Asked>,
}

pub struct Provider {
    pub url: String,
    script: Arc<Mutex<Script>>,
    server: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Provider {
    /// Gives these answers in turn, and the last one for ever.
    pub async fn new(answers: impl IntoIterator<Item = Says>) -> Self {
        let script = Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), asked: Vec::new() }));
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&script));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, script, server }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    /// The only request there was.
    pub fn once(&self) -> Asked {
        let asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked[0].clone()
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
    };
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers.iter().map(header).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let says = {
        let mut script = script.lock().unwrap();
        script.asked.push(asked);
        let next = script.answers.pop_front().unwrap();
        if script.answers.is_empty() {
            script.answers.push_back(next.clone());
        }
        next
    };
    tokio::time::sleep(says.slow).await;
    let mut response = Response::builder().status(says.status).header("content-type", "application/json");
    for (name, value) in says.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(says.body)).unwrap()
}
