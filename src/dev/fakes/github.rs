//! GitHub: OAuth 2, whose token endpoint says 200 also when it refuses, and a REST API below `/api/v3` (where GitHub Enterprise has it).

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{
    Fakes,
    grants::Grant,
    provider::Provider,
    quirk::{self, Quirk, Stage},
    token::{self, Refusal},
};
use crate::http::{context, form::Form, page};

const ME: Provider = Provider::Github;
const NOT_FOUND_EMAILS: &str = "https://docs.github.com/rest/users/emails#list-email-addresses-for-the-authenticated-user";

pub(super) fn routes() -> Router<Arc<Fakes>> {
    Router::new()
        .route("/login/oauth/access_token", post(tokens))
        .route("/api/v3/user", get(user))
        .route("/api/v3/user/emails", get(emails))
}

async fn tokens(State(fakes): State<Arc<Fakes>>, headers: HeaderMap, Form(form): Form) -> Response {
    match token::exchange(&fakes, ME, &headers, &form) {
        Ok(tokens) => {
            let answer = json!({"access_token": tokens.access, "scope": tokens.grant.scopes.join(","), "token_type": "bearer"});
            if wants_json(&headers) || tokens.grant.quirk != Quirk::None {
                quirk::deliver(&fakes, tokens.grant.quirk, Stage::Token, ME, &answer).await
            } else {
                as_form(&answer)
            }
        }
        // A client it never heard of is a page that is not there.
        Err(Refusal::UnknownClient) => page::json(StatusCode::NOT_FOUND, &json!({"error": "Not Found"})),
        Err(refusal) => {
            let answer = refuse(refusal);
            if wants_json(&headers) { page::json(StatusCode::OK, &answer) } else { as_form(&answer) }
        }
    }
}

fn wants_json(headers: &HeaderMap) -> bool {
    context::header(headers, header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("json"))
}

/// What it sends to whoever does not ask for JSON.
fn as_form(answer: &Value) -> Response {
    let pairs = answer.as_object().into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"))], body).into_response()
}

fn refuse(refusal: Refusal) -> Value {
    let (error, description, page, part) = match refusal {
        Refusal::UnknownClient | Refusal::WrongSecret => (
            "incorrect_client_credentials",
            "The client_id and/or client_secret passed are incorrect.",
            "troubleshooting-oauth-app-access-token-request-errors",
            "incorrect-client-credentials",
        ),
        Refusal::RedirectUri => (
            "redirect_uri_mismatch",
            "The redirect_uri MUST match the registered callback URL for this application.",
            "troubleshooting-authorization-request-errors",
            "redirect-uri-mismatch2",
        ),
        Refusal::GrantType => (
            "unsupported_grant_type",
            "The grant_type is not supported.",
            "troubleshooting-oauth-app-access-token-request-errors",
            "",
        ),
        _ => (
            "bad_verification_code",
            "The code passed is incorrect or expired.",
            "troubleshooting-oauth-app-access-token-request-errors",
            "bad-verification-code",
        ),
    };
    let page = format!("https://docs.github.com/apps/managing-oauth-apps/{page}/#{part}");
    json!({"error": error, "error_description": description, "error_uri": page})
}

/// Who asks, or the answer to whoever may not.
fn asker(fakes: &Fakes, headers: &HeaderMap) -> Result<Arc<Grant>, Response> {
    if !headers.contains_key(header::USER_AGENT) {
        let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.\n";
        return Err((StatusCode::FORBIDDEN, text).into_response());
    }
    let refused = |status: StatusCode, message: &str| api_error(status, message, "https://docs.github.com/rest");
    let token = token::bearer(headers).ok_or_else(|| refused(StatusCode::UNAUTHORIZED, "Requires authentication"))?;
    fakes.grants.access(ME, token).ok_or_else(|| refused(StatusCode::UNAUTHORIZED, "Bad credentials"))
}

fn api_error(status: StatusCode, message: &str, documentation: &str) -> Response {
    page::json(status, &json!({"message": message, "documentation_url": documentation, "status": status.as_str()}))
}

async fn user(State(fakes): State<Arc<Fakes>>, headers: HeaderMap) -> Response {
    let grant = match asker(&fakes, &headers) {
        Ok(grant) => grant,
        Err(response) => return response,
    };
    let person = &grant.person;
    let base = fakes.base_url(ME);
    let (login, id) = (&person.username, u64::from(person.account) + 5_000_000);
    let mut user = json!({
        "login": login, "id": id, "node_id": data_encoding::BASE64.encode(format!("04:User{id}").as_bytes()),
        "avatar_url": fakes.picture(person), "gravatar_id": "", "url": format!("{base}/api/v3/users/{login}"),
        "html_url": format!("{base}/{login}"), "type": "User", "user_view_type": "private", "site_admin": false,
        "name": person.name(), "company": null, "blog": "", "location": null,
        // The public address: most people show none.
        "email": null,
        "hireable": null, "bio": null, "twitter_username": null, "public_repos": 0, "public_gists": 0, "followers": 0,
        "following": 0, "created_at": "2015-12-10T00:00:00Z", "updated_at": "2015-12-10T00:00:00Z",
    });
    quirk::rename(grant.quirk, &mut user, "id");
    with_scopes(quirk::deliver(&fakes, grant.quirk, Stage::Profile, ME, &user).await, &grant)
}

async fn emails(State(fakes): State<Arc<Fakes>>, headers: HeaderMap) -> Response {
    let grant = match asker(&fakes, &headers) {
        Ok(grant) => grant,
        Err(response) => return response,
    };
    if !grant.has(&["user:email", "user"]) {
        return with_scopes(api_error(StatusCode::NOT_FOUND, "Not Found", NOT_FOUND_EMAILS), &grant);
    }
    let person = &grant.person;
    let list: Vec<Value> = match &person.email {
        None => Vec::new(),
        Some(email) => vec![
            json!({"email": email, "primary": true, "verified": person.verified, "visibility": "private"}),
            json!({
                "email": format!("{}+{}@users.noreply.github.com", grant.subject(), person.username),
                "primary": false, "verified": true, "visibility": null,
            }),
        ],
    };
    with_scopes(page::json(StatusCode::OK, &json!(list)), &grant)
}

fn with_scopes(mut response: Response, grant: &Grant) -> Response {
    if let Ok(scopes) = HeaderValue::try_from(grant.scopes.join(", ")) {
        response.headers_mut().insert("x-oauth-scopes", scopes);
    }
    response
}
