//! Each provider's wire format: what it is asked, letter for letter, and what its answers mean.

use std::time::Duration;

use serde_json::json;
use vestibule::gateways::delivery::DeliveryError;
use vestibule::gateways::http::Reach;
use vestibule::gateways::sms::{Outgoing, Texter};
use vestibule::settings::{Mode, Settings};

use super::server::{Provider, Says, says};
use crate::world::BEGINNING;

const BODY: &str = "123456 ist Ihr Code für Träume & Co.\n\n@id.example #123456";

pub const TWILIO: &str = "transport = 'twilio'\naccount = 'AC0123456789'\nsecret = 'hunter2'\nfrom = '+15005550006'";
const VONAGE: &str = "transport = 'vonage'\naccount = 'abcd1234'\nsecret = 'hunter2'\nfrom = '+447700900001'";
const BIRD: &str = "transport = 'bird'\nsecret = 'hunter2'\nfrom = 'Vestibule'";
const HTTP: &str = "transport = 'http'\nsecret = 'hunter2'\nfrom = 'Vestibule'\nheaders = ['X-Tenant: blue']";
const EVERY: [&str; 4] = [TWILIO, VONAGE, BIRD, HTTP];

pub const TWILIO_OK: &str =
    r#"{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued","error_code":null,"error_message":null}"#;
const VONAGE_OK: &str = r#"{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"}"#;
const BIRD_OK: &str = r#"{"id":"49e40bae0b374f1ca5e3d04d46edc7c1","recipients":{"totalCount":1,"totalSentCount":1}}"#;

fn texter(provider: &Provider, settings: &str) -> Texter {
    texter_by(provider, settings, Reach::Anywhere)
}

fn texter_by(provider: &Provider, settings: &str, reach: Reach) -> Texter {
    let text = format!("[outbound]\nallow_private = true\n[sms]\ntimeout_seconds = 1\nbase_url = '{}'\n{settings}", provider.url);
    let settings = Settings::from_text("config.toml", &text, Mode::Serve, std::iter::empty()).unwrap();
    Texter::new(&settings.sms, reach).unwrap()
}

fn outgoing() -> Outgoing {
    Outgoing { id: "msg_01".into(), to: "+436601234567".into(), body: BODY.into(), date: BEGINNING }
}

async fn send(provider: &Provider, settings: &str) -> Result<(), DeliveryError> {
    texter(provider, settings).deliver(&outgoing()).await
}

/// The error of a single answer; it never quotes what is secret.
async fn refused(settings: &str, answer: Says) -> DeliveryError {
    let provider = Provider::new([answer]).await;
    let error = send(&provider, settings).await.expect_err(settings);
    for secret in ["hunter2", "123456", "6601234567", "AC0123456789"] {
        assert!(!error.reason.contains(secret), "{}", error.reason);
    }
    assert!(error.reason.chars().count() <= 300 && !error.reason.contains('\n'), "{}", error.reason);
    error
}

#[tokio::test]
async fn twilio_is_asked_by_form() {
    let provider = Provider::new([says(201, TWILIO_OK)]).await;
    send(&provider, TWILIO).await.unwrap();
    let asked = provider.once();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/2010-04-01/Accounts/AC0123456789/Messages.json"));
    // printf AC0123456789:hunter2 | base64
    assert_eq!(asked.header("authorization"), "Basic QUMwMTIzNDU2Nzg5Omh1bnRlcjI=");
    assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
    assert!(asked.header("user-agent").starts_with("vestibule/"), "{asked:?}");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(asked.form(), [pair("To", "+436601234567"), pair("From", "+15005550006"), pair("Body", BODY)]);

    let provider = Provider::new([says(201, TWILIO_OK)]).await;
    send(&provider, "transport = 'twilio'\naccount = 'AC1'\nsecret = 'x'\nmessaging_service = 'MG77'").await.unwrap();
    let form = provider.once().form();
    assert_eq!(form, [pair("To", "+436601234567"), pair("MessagingServiceSid", "MG77"), pair("Body", BODY)]);
}

#[tokio::test]
async fn vonage_is_asked_by_json_without_a_plus() {
    let provider = Provider::new([says(202, VONAGE_OK)]).await;
    send(&provider, VONAGE).await.unwrap();
    let asked = provider.once();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/messages"));
    assert_eq!(asked.header("authorization"), "Basic YWJjZDEyMzQ6aHVudGVyMg==");
    assert_eq!(asked.header("content-type"), "application/json");
    let expected = json!({
        "message_type": "text", "channel": "sms", "to": "436601234567", "from": "447700900001", "text": BODY, "client_ref": "msg_01",
    });
    assert_eq!(asked.json(), expected);
}

#[tokio::test]
async fn bird_is_asked_by_json_with_an_access_key() {
    let provider = Provider::new([says(201, BIRD_OK)]).await;
    send(&provider, BIRD).await.unwrap();
    let asked = provider.once();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/messages"));
    assert_eq!(asked.header("authorization"), "AccessKey hunter2");
    assert_eq!(asked.header("content-type"), "application/json");
    assert!(asked.header("user-agent").starts_with("vestibule/"));
    let expected = json!({
        "originator": "Vestibule", "recipients": ["436601234567"], "body": BODY, "datacoding": "auto", "reference": "msg_01",
    });
    assert_eq!(asked.json(), expected);
}

#[tokio::test]
async fn any_server_is_asked_by_plain_json() {
    let provider = Provider::new([says(204, "")]).await;
    let settings = HTTP.replace("'http'", "'http'\n");
    send(&provider, &settings).await.unwrap();
    let asked = provider.once();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/"));
    assert_eq!((asked.header("authorization"), asked.header("x-tenant")), ("Bearer hunter2", "blue"));
    let expected = json!({"id": "msg_01", "to": "+436601234567", "from": "Vestibule", "body": BODY});
    assert_eq!(asked.json(), expected);
    let provider = Provider::new([says(200, "OK")]).await;
    send(&provider, "transport = 'http'").await.unwrap();
    assert_eq!(provider.once().header("authorization"), "");
}

#[tokio::test]
async fn refusals_are_for_good_and_say_why() {
    let twilio_number = r#"{"code":21211,"message":"Invalid 'To' Phone Number: +436601234567","more_info":"https://www.twilio.com/docs/errors/21211","status":400}"#;
    let twilio_login =
        r#"{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/docs/errors/20003","status":401}"#;
    let vonage_number = r#"{"type":"https://developer.vonage.com/api-errors/messages#1150","title":"Invalid params","detail":"The value of one or more parameters is invalid: to 436601234567.","instance":"bf0ca0bf"}"#;
    let vonage_login = r#"{"type":"https://developer.vonage.com/api-errors#unauthorized","title":"Unauthorized","detail":"You did not provide correct credentials.","instance":"bf0ca0bf"}"#;
    let bird_number = r#"{"errors":[{"code":9,"description":"no (correct) recipients found","parameter":"recipients"}]}"#;
    let bird_login =
        r#"{"errors":[{"code":2,"description":"Request not allowed (incorrect access_key)","parameter":"access_key"}]}"#;
    for (settings, status, body, part) in [
        (TWILIO, 400, twilio_number, "refused with 400: 21211: Invalid 'To' Phone Number: …"),
        (TWILIO, 401, twilio_login, "refused with 401: 20003: Authenticate"),
        (VONAGE, 422, vonage_number, "refused with 422: Invalid params: The value of one or more parameters is invalid: to …."),
        (VONAGE, 401, vonage_login, "refused with 401: Unauthorized: You did not provide correct credentials."),
        (BIRD, 422, bird_number, "refused with 422: 9: no (correct) recipients found: recipients"),
        (BIRD, 401, bird_login, "refused with 401: 2: Request not allowed (incorrect access_key): access_key"),
        (HTTP, 400, r#"{"error":"bad_number","message":"hunter2 123456"}"#, "refused with 400: bad_number: … …"),
        (HTTP, 302, "", "refused with 302"),
    ] {
        let error = refused(settings, says(status, body)).await;
        assert!(error.permanent && error.reason.contains(part), "{}", error.reason);
    }
}

#[tokio::test]
async fn limits_and_breakdowns_are_for_later() {
    for settings in EVERY {
        let busy =
            Says { headers: vec![("retry-after", "42".into())], ..says(429, r#"{"code":20429,"message":"Too Many Requests"}"#) };
        let error = refused(settings, busy).await;
        assert_eq!((error.permanent, error.after), (false, Some(Duration::from_secs(42))), "{}", error.reason);
        for after in ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", ""] {
            let busy = Says { headers: vec![("retry-after", after.into())], ..says(429, "") };
            assert_eq!(refused(settings, busy).await.after, None);
        }
        let long = Says { headers: vec![("retry-after", "99999999".into())], ..says(503, "") };
        assert_eq!(refused(settings, long).await.after, Some(Duration::from_secs(3600)), "an hour at most");
        for status in [408, 500, 502, 503] {
            let error = refused(settings, says(status, "<html>oops</html>")).await;
            assert!(!error.permanent && error.reason.contains(&status.to_string()), "{}", error.reason);
        }
        // Slow: the whole answer counts, not only its beginning.
        let slow = Says { slow: Duration::from_secs(3), ..says(201, TWILIO_OK) };
        let error = refused(settings, slow).await;
        assert!(!error.permanent && error.reason.ends_with("did not answer within 1 s"), "{}", error.reason);
    }
}

#[tokio::test]
async fn nonsense_is_no_acceptance() {
    for settings in [TWILIO, VONAGE, BIRD] {
        for body in
            ["", "<html>Welcome to the hotel</html>", "{}", "[]", "null", "\u{0}\u{1}", r#"{"sid":7,"id":7,"message_uuid":7}"#]
        {
            let error = refused(settings, says(200, body)).await;
            assert!(error.permanent && error.reason.contains("but not that it took the text"), "{}", error.reason);
        }
        let error = refused(settings, says(200, "x".repeat(2 << 20))).await;
        assert!(!error.permanent && error.reason.contains("too large"), "{}", error.reason);
        let error = refused(settings, says(400, format!(r#"{{"message":"{0}","title":"{0}"}}"#, "x\\n".repeat(10_000)))).await;
        assert!(error.permanent, "{}", error.reason);
    }
    let failed = r#"{"sid":"SM1","status":"failed","error_code":30006,"error_message":"Landline"}"#;
    let error = refused(TWILIO, says(201, failed)).await;
    assert!(error.permanent && error.reason.contains("30006: Landline"), "{}", error.reason);
}

#[tokio::test]
async fn nobody_there_and_nobody_allowed() {
    let provider = Provider::new([says(201, TWILIO_OK)]).await;
    let error = texter_by(&provider, TWILIO, Reach::Public).deliver(&outgoing()).await.unwrap_err();
    assert!(error.permanent && error.reason.contains("not allowed"), "{}", error.reason);
    assert!(provider.asked().is_empty());
    let texter = texter(&provider, TWILIO);
    drop(provider);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = texter.deliver(&outgoing()).await.unwrap_err();
    assert!(!error.permanent && !error.reason.contains("AC0123456789"), "{}", error.reason);
}
