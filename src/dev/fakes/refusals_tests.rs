//! What they refuse, in whose words, and what breaks when it is chosen to.

use serde_json::Value;

use super::{
    tests::{Bench, SLOWLY, everyone, profile_path},
    *,
};

/// What is wrong, and the words for it: status and a part of the body, in the order of the providers.
type Wrong = (&'static str, &'static str, [(u16, &'static str); 5]);

#[tokio::test]
async fn refusals_come_in_the_provider_s_own_words() {
    let bench = Bench::new();
    let invalid = "Value passed for the authorization code was invalid.";
    let table: [Wrong; 6] = [
        (
            "code",
            "nonsense",
            [
                (400, "Malformed auth code."),
                (200, "bad_verification_code"),
                (400, "Invalid verification code format."),
                (400, invalid),
                (400, "Invalid \\\"code\\\" in request."),
            ],
        ),
        (
            "code_verifier",
            "wrong-but-of-the-right-length-0123456789-abcdef",
            [
                (400, "Invalid code verifier."),
                (200, "bad_verification_code"),
                (400, "\"type\":\"OAuthException\""),
                (400, "did not match the code challenge"),
                (400, "Invalid \\\"code_verifier\\\""),
            ],
        ),
        (
            "code_verifier",
            "",
            [
                (400, "Missing code verifier."),
                (200, "bad_verification_code"),
                (400, "code_verifier"),
                (400, "[code_verifier]"),
                (400, "Missing \\\"code_verifier\\\""),
            ],
        ),
        (
            "redirect_uri",
            "http://localhost:8080/connect/x/callback",
            [
                (400, "redirect_uri_mismatch"),
                (200, "redirect_uri_mismatch"),
                (400, "36008"),
                (400, "redirect uri did not match"),
                (400, "Invalid \\\"redirect_uri\\\" in request."),
            ],
        ),
        (
            "client_secret",
            "wrong",
            [
                (401, "The provided client secret is invalid."),
                (200, "incorrect_client_credentials"),
                (400, "Error validating client secret."),
                (401, "Missing valid authorization header"),
                (401, "invalid_client"),
            ],
        ),
        (
            "client_id",
            "other",
            [
                (401, "The OAuth client was not found."),
                (404, "Not Found"),
                (400, "\"code\":101"),
                (401, "invalid_client"),
                (401, "invalid_client"),
            ],
        ),
    ];
    for (at, (provider, scope)) in everyone().enumerate() {
        let code = bench.code(provider, scope, &[("person", "ada")]).await;
        for (field, value, expected) in &table {
            let answer = bench.redeem(provider, &code, &[(field, value)]).await;
            let (status, words) = expected[at];
            assert_eq!(answer.status, status, "{provider:?} {field}: {}", answer.text());
            assert!(answer.text().contains(words), "{provider:?} {field}: {}", answer.text());
        }
        // None of that used it up; the right request does, once. Another provider does not know it.
        let other = Provider::ALL[(at + 1) % 5];
        assert!(!bench.redeem(other, &code, &[]).await.text().contains("access_token"));
        assert!(bench.redeem(provider, &code, &[]).await.text().contains("access_token"), "{provider:?}");
        let again = bench.redeem(provider, &code, &[]).await;
        assert!(!again.text().contains("access_token"), "{provider:?}");
        if provider == Provider::Facebook {
            assert_eq!(again.json()["error"]["error_subcode"], 36009);
            assert!(again.header("www-authenticate").starts_with("OAuth \"Facebook Platform\" \"invalid_code\""));
        }
        let late = bench.code(provider, scope, &[("person", "ada")]).await;
        bench.clock.advance(Duration::from_mins(10));
        assert!(!bench.redeem(provider, &late, &[]).await.text().contains("access_token"), "{provider:?}");
    }
}

#[tokio::test]
async fn servers_fail_as_chosen_and_for_that_sign_in_only() {
    let bench = Bench::new();
    for (provider, scope) in everyone() {
        let quirk = async |name| bench.code(provider, scope, &[("person", "ada"), ("quirk", name)]).await;
        let down = bench.redeem(provider, &quirk("down").await, &[]).await;
        assert_eq!((down.status, down.text().as_str()), (500, "Internal Server Error\n"), "{provider:?}");
        let before = std::time::Instant::now();
        assert_eq!(bench.redeem(provider, &quirk("slow").await, &[]).await.status, 200);
        assert!(before.elapsed() >= SLOWLY, "{provider:?}");

        let spoilt = async |name| {
            let tokens = bench.redeem(provider, &quirk(name).await, &[]).await;
            if provider == Provider::Google {
                return tokens;
            }
            bench.get(profile_path(provider), tokens.json()["access_token"].as_str().unwrap()).await
        };
        let garbage = spoilt("garbage").await;
        assert_eq!((garbage.status, garbage.header("content-type")), (200, "application/json"), "{provider:?}");
        assert!(serde_json::from_slice::<Value>(&garbage.body).is_err());
        let html = spoilt("html").await;
        assert!(html.header("content-type").starts_with("text/html") && html.text().contains("<h1>"), "{provider:?}");
        let huge = spoilt("huge").await;
        assert!(huge.body.len() > 10 * 1024 * 1024 && huge.json()["padding"].is_string(), "{provider:?}");
        if provider != Provider::Google {
            let renamed = spoilt("renamed").await.json();
            let renamed = if provider == Provider::Twitter { &renamed["data"] } else { &renamed };
            assert!(renamed.get("id").is_none() && !renamed["id_v2"].is_null(), "{provider:?}");
            assert_eq!(bench.profile(provider, scope, &[("person", "ada")]).await.status, 200);
        }
    }
    for provider in [Provider::Google, Provider::Github] {
        let back = bench.press(provider, "openid", &[("quirk", "mix_up")]).await;
        assert_eq!(back.parameter("iss").as_deref(), Some("https://accounts.elsewhere.example"));
    }
    // Only what the provider can do is on offer, and accepted.
    let refused = bench.press(Provider::Facebook, "", &[("quirk", "other_nonce")]).await;
    assert_eq!(refused.status, 400);
}
