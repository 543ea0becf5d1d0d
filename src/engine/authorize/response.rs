//! The answer, and how it travels.

use serde::{Deserialize, Serialize};

use super::redirect::Trusted;
use crate::engine::oauth_error::OAuthError;

/// OAuth 2.0 Multiple Response Types section 2.1, Form Post Response Mode section 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    #[default]
    Query,
    FormPost,
}

impl ResponseMode {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "query" => Some(Self::Query),
            "form_post" => Some(Self::FormPost),
            _ => None,
        }
    }
}

/// What goes back to the client.
#[derive(Clone, Debug)]
pub enum Answer {
    Code(String),
    Error(OAuthError),
}

impl Answer {
    /// The parameters, with `iss` in every answer (RFC 9207 section 2).
    pub fn parameters(&self, trusted: &Trusted, issuer: &str) -> Vec<(&'static str, String)> {
        let mut parameters = match self {
            Self::Code(code) => vec![("code", code.clone())],
            Self::Error(error) => {
                vec![("error", error.code.as_str().to_owned()), ("error_description", error.description.clone().into_owned())]
            }
        };
        parameters.extend(trusted.state.clone().map(|state| ("state", state)));
        parameters.push(("iss", issuer.to_owned()));
        parameters
    }
}

/// The redirect URI with the parameters added to its query. Built as text, because the registered URI is kept letter for letter.
pub fn answer_url(trusted: &Trusted, parameters: &[(&'static str, String)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let joint = match trusted.redirect_uri().split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{}{joint}{query}", trusted.redirect_uri())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::trust;
    use super::*;
    use crate::engine::client::tests::client;
    use crate::engine::params::Params;

    fn url(redirect_uri: &str, state: &str) -> String {
        let shop = client(&json!({"redirect_uris": [redirect_uri]}));
        let trusted = trust(&shop, &Params::from([("redirect_uri", redirect_uri), ("state", state)])).unwrap();
        answer_url(&trusted, &Answer::Code("c".to_owned()).parameters(&trusted, "https://id.example"))
    }

    #[test]
    fn parameters_are_added_to_the_query() {
        assert_eq!(url("https://a.example/cb", "s"), "https://a.example/cb?code=c&state=s&iss=https%3A%2F%2Fid.example");
        assert_eq!(url("https://a.example/cb?x=1", "s"), "https://a.example/cb?x=1&code=c&state=s&iss=https%3A%2F%2Fid.example");
    }

    #[test]
    fn a_state_cannot_split_the_response() {
        assert!(
            url("https://a.example/cb", "a\r\nSet-Cookie: x=1&code=evil")
                .contains("state=a%0D%0ASet-Cookie%3A+x%3D1%26code%3Devil&iss=")
        );
    }
}
