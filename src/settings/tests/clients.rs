//! Clients of the file.

use super::*;

#[test]
fn clients_of_the_file() {
    let settings = serve(
        "[[clients]]\nclient_id = \"wiki\"\nclient_secret = \"0123456789abcdef\"\nredirect_uris = [\"https://wiki.example/cb\"]\n\
         pkce = \"always\"\n[[clients]]\nclient_id = \"cli\"\napplication_type = \"native\"\nredirect_uris = [\"http://127.0.0.1/cb\"]",
    );
    let [wiki, cli] = settings.clients.as_slice() else { panic!("two clients expected") };
    assert_eq!(wiki.secret_hash.unwrap()[..4], [0x9f, 0x9f, 0x51, 0x11]);
    assert_eq!(wiki.metadata.pkce, Pkce::Always);
    assert_eq!(wiki.metadata.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!((cli.secret_hash, cli.metadata.auth_method), (None, AuthMethod::None));
    assert!(!format!("{settings:?}").contains("0123456789abcdef"));
}

#[test]
fn client_errors_have_their_line() {
    refused(
        "[[clients]]\nclient_id = \"a\"\nredirect_uri = [\"https://a.example/\"]\nscope = 3\n\n[[clients]]\nclient_id = \"b\"\n\
         redirect_uris = [\"http://b.example/cb\"]\n\n[[clients]]\nclient_id = \"c\"\ntoken_endpoint_auth_method = \"none\"\n\
         client_secret = \"0123456789abcdef\"\nredirect_uris = [\"https://c.example/\"]\n",
        &[
            "config.toml:1: [[clients]] redirect_uris: is missing; authorization_code needs at least one",
            "config.toml:3: [[clients]] redirect_uri: unknown key; did you mean redirect_uris?",
            "config.toml:4: [[clients]] scope: has the wrong type; invalid type: integer `3`, expected a string",
            "config.toml:8: [[clients]] redirect_uris: \"http://b.example/cb\" is http; only 127.0.0.1, [::1] and localhost may \
             do without https",
            "config.toml:13: [[clients]] client_secret: is given to a public client; remove it, or set \
             token_endpoint_auth_method to client_secret_basic",
        ],
    );
}

#[test]
fn clients_are_checked_against_each_other() {
    let one = "[[clients]]\nclient_id = \"a\"\nredirect_uris = [\"https://a.example/\"]\n";
    let public = "token_endpoint_auth_method = \"none\"\n";
    refused(
        &format!("{one}{public}{one}{public}"),
        &["config.toml:6: [[clients]] client_id: \"a\" occurs twice; give every client its own"],
    );
    refused(
        one,
        &["config.toml:1: [[clients]] client_secret: is missing; the client uses client_secret_basic; add client_secret or \
           client_secret_hash, or token_endpoint_auth_method = \"none\" for a public client"],
    );
    let hash = "0".repeat(64);
    let errors = load(&format!("{one}client_secret_hash = \"{hash}\"\nclient_secret = \"0123456789abcdef\""), Mode::Serve, &[]);
    assert!(errors.unwrap_err().to_string().contains("stands beside client_secret"));
    assert_eq!(serve(&format!("{one}client_secret_hash = \"{hash}\"")).clients[0].secret_hash, Some([0; 32]));
}
