//! Client metadata by RFC 7591 section 2 and OIDC Dynamic Client Registration 1.0 section 2: one set of rules
//! for `[[clients]]` in the file and for JSON on the command line.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    redirect_uri::{check_redirect_uri, is_loopback, is_plain},
    resolved::SigningAlg,
};

/// The scope of a client that names none.
pub const DEFAULT_SCOPE: &str = "openid profile email phone address offline_access";

/// The metadata as a client or operator writes them; every value may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    /// Ours: the operator's own application; no consent page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_party: Option<bool>,
    /// Ours: see [`Pkce`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkce: Option<String>,
    /// Ours: see [`IdTokenClaims`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_claims: Option<String>,
    /// What we do not know. RFC 7591 section 2: ignored; in `config.toml` an error.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// Metadata that passed [`ClientMetadata::validate`], with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidClient {
    pub client_name: Option<String>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    /// As registered, letter for letter: they are compared as strings (RFC 9700 section 2.1).
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    pub response_types: Vec<ResponseType>,
    pub auth_method: AuthMethod,
    /// Whether the registration names its method; see [`ValidClient::accepts`].
    pub auth_method_named: bool,
    /// Scope tokens the client may ask for, each once.
    pub scope: Vec<String>,
    pub id_token_alg: SigningAlg,
    pub application_type: ApplicationType,
    pub first_party: bool,
    pub pkce: Pkce,
    pub id_token_claims: IdTokenClaims,
}

macro_rules! words {
    ($(#[$meta:meta])* $Enum:ident { $($(#[$doc:meta])* $Variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Enum { $($(#[$doc])* $Variant,)* }

        impl $Enum {
            /// Every value, for messages and metadata.
            pub const ALL: &[Self] = &[$(Self::$Variant,)*];

            /// The registered name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$Variant => $word,)* }
            }

            /// Reads the registered name.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$Variant),)* _ => None }
            }
        }
    };
}

words! {
    /// Grants a client may use.
    GrantType {
        AuthorizationCode = "authorization_code",
        RefreshToken = "refresh_token",
        ClientCredentials = "client_credentials",
    }
}

words! {
    /// Response types; implicit and hybrid are refused on purpose.
    ResponseType {
        Code = "code",
    }
}

words! {
    /// How the client proves itself at the token endpoint.
    AuthMethod {
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        /// A public client.
        None = "none",
    }
}

words! {
    /// OIDC Dynamic Client Registration 1.0 section 2.
    ApplicationType {
        Web = "web",
        /// An app on the person's device (RFC 8252).
        Native = "native",
    }
}

words! {
    /// When a code challenge is required.
    Pkce {
        /// Always of public clients; of confidential ones unless an OIDC request has a `nonce` (RFC 9700 section 2.1.1).
        Default = "default",
        /// Of every request.
        Always = "always",
        /// Of public clients only; for old relying parties.
        PublicOnly = "public_only",
    }
}

words! {
    /// Which claims about the person its ID tokens carry.
    IdTokenClaims {
        /// Those that the `claims` parameter asks for by name: the scopes' are at the userinfo endpoint (OIDC Core section 5.4).
        Requested = "requested",
        /// Those of the granted scopes as well, for relying parties that never ask the userinfo endpoint.
        Scopes = "scopes",
    }
}

/// One thing that is wrong with the metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataProblem {
    /// The metadata name.
    pub key: &'static str,
    /// What is wrong, and the cure.
    pub what: String,
}

impl MetadataProblem {
    /// The error code of RFC 7591 section 3.2.2.
    pub fn code(&self) -> &'static str {
        if self.key == "redirect_uris" { "invalid_redirect_uri" } else { "invalid_client_metadata" }
    }
}

impl fmt::Display for MetadataProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

impl ValidClient {
    /// True if the client has no secret.
    pub fn is_public(&self) -> bool {
        self.auth_method == AuthMethod::None
    }

    /// Whether the client may prove itself by a method. Who was given a secret may always use Basic (RFC 6749 section 2.3.1), and may send it in
    /// the form as well if that was registered, or if no method was: many libraries do so unless told otherwise.
    pub fn accepts(&self, method: AuthMethod) -> bool {
        match (self.auth_method, method) {
            (AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost) => !self.auth_method_named,
            (AuthMethod::ClientSecretPost, AuthMethod::ClientSecretBasic) => true,
            (registered, sent) => registered == sent,
        }
    }

    /// The metadata as kept: without an authentication method where none was named, for that says more than any name.
    pub fn to_kept(&self) -> ClientMetadata {
        let named = Some(self.auth_method.as_str().to_owned()).filter(|_| self.auth_method_named);
        ClientMetadata { token_endpoint_auth_method: named, ..self.to_metadata() }
    }

    /// The metadata with all defaults written out, as registration answers show them (RFC 7591 section 3.2.1).
    pub fn to_metadata(&self) -> ClientMetadata {
        ClientMetadata {
            client_name: self.client_name.clone(),
            client_uri: self.client_uri.clone(),
            logo_uri: self.logo_uri.clone(),
            redirect_uris: Some(self.redirect_uris.clone()),
            post_logout_redirect_uris: Some(self.post_logout_redirect_uris.clone()),
            grant_types: Some(self.grant_types.iter().map(|grant| grant.as_str().to_owned()).collect()),
            response_types: Some(self.response_types.iter().map(|kind| kind.as_str().to_owned()).collect()),
            token_endpoint_auth_method: Some(self.auth_method.as_str().to_owned()),
            scope: Some(self.scope.join(" ")),
            id_token_signed_response_alg: Some(self.id_token_alg.as_str().to_owned()),
            application_type: Some(self.application_type.as_str().to_owned()),
            first_party: Some(self.first_party),
            pkce: Some(self.pkce.as_str().to_owned()),
            id_token_claims: Some(self.id_token_claims.as_str().to_owned()),
            extra: BTreeMap::new(),
        }
    }
}

impl ClientMetadata {
    /// Checks the metadata and fills in the defaults.
    ///
    /// # Errors
    /// Every problem there is.
    pub fn validate(&self) -> Result<ValidClient, Vec<MetadataProblem>> {
        let mut problems = Problems(Vec::new());
        let application_type = problems.word(
            "application_type",
            self.application_type.as_deref(),
            ApplicationType::Web,
            ApplicationType::parse,
            || names(ApplicationType::ALL, ApplicationType::as_str),
        );
        let default_method = match application_type {
            ApplicationType::Web => AuthMethod::ClientSecretBasic,
            ApplicationType::Native => AuthMethod::None,
        };
        let auth_method = problems.word(
            "token_endpoint_auth_method",
            self.token_endpoint_auth_method.as_deref(),
            default_method,
            AuthMethod::parse,
            || names(AuthMethod::ALL, AuthMethod::as_str),
        );
        let grant_types =
            problems.words("grant_types", self.grant_types.as_deref(), &[GrantType::AuthorizationCode], GrantType::parse, || {
                names(GrantType::ALL, GrantType::as_str)
            });
        let with_code = grant_types.contains(&GrantType::AuthorizationCode);
        let default_types: &[ResponseType] = if with_code { &[ResponseType::Code] } else { &[] };
        let response_types =
            problems.words("response_types", self.response_types.as_deref(), default_types, ResponseType::parse, || {
                "code (implicit and hybrid flows are not supported)".to_owned()
            });
        let id_token_alg = problems.word(
            "id_token_signed_response_alg",
            self.id_token_signed_response_alg.as_deref(),
            SigningAlg::Rs256,
            SigningAlg::parse,
            || names(&SigningAlg::ALL, SigningAlg::as_str),
        );
        let pkce = problems.word("pkce", self.pkce.as_deref(), Pkce::Default, Pkce::parse, || names(Pkce::ALL, Pkce::as_str));
        let id_token_claims = problems.word(
            "id_token_claims",
            self.id_token_claims.as_deref(),
            IdTokenClaims::Requested,
            IdTokenClaims::parse,
            || names(IdTokenClaims::ALL, IdTokenClaims::as_str),
        );
        let redirect_uris = problems.redirects("redirect_uris", self.redirect_uris.as_deref(), application_type);
        let post_logout_redirect_uris =
            problems.redirects("post_logout_redirect_uris", self.post_logout_redirect_uris.as_deref(), application_type);
        let client = ValidClient {
            client_name: problems.name(self.client_name.as_deref()),
            client_uri: problems.link("client_uri", self.client_uri.as_deref()),
            logo_uri: problems.link("logo_uri", self.logo_uri.as_deref()),
            scope: problems.scope(self.scope.as_deref().unwrap_or(if with_code { DEFAULT_SCOPE } else { "" })),
            redirect_uris,
            post_logout_redirect_uris,
            grant_types,
            response_types,
            auth_method,
            auth_method_named: self.token_endpoint_auth_method.is_some(),
            id_token_alg,
            application_type,
            first_party: self.first_party.unwrap_or(false),
            pkce,
            id_token_claims,
        };
        // Contradictions between values that are each misread would only confuse.
        if problems.0.is_empty() {
            problems.consistency(&client);
        }
        if problems.0.is_empty() { Ok(client) } else { Err(problems.0) }
    }
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    let words: Vec<&str> = all.iter().map(|value| name(*value)).collect();
    format!("one of: {}", words.join(", "))
}

struct Problems(Vec<MetadataProblem>);

impl Problems {
    fn add(&mut self, key: &'static str, what: impl Into<String>) {
        self.0.push(MetadataProblem { key, what: what.into() });
    }

    fn word<T>(
        &mut self,
        key: &'static str,
        value: Option<&str>,
        default: T,
        parse: fn(&str) -> Option<T>,
        known: impl Fn() -> String,
    ) -> T {
        let Some(word) = value else { return default };
        parse(word).unwrap_or_else(|| {
            self.add(key, format!("\"{word}\" is not supported; {}", known()));
            default
        })
    }

    fn words<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        values: Option<&[String]>,
        default: &[T],
        parse: fn(&str) -> Option<T>,
        known: impl Fn() -> String,
    ) -> Vec<T> {
        let Some(words) = values else { return default.to_vec() };
        let mut found = Vec::new();
        for word in words {
            match parse(word) {
                Some(value) if found.contains(&value) => {}
                Some(value) => found.push(value),
                None => self.add(key, format!("\"{word}\" is not supported; {}", known())),
            }
        }
        found
    }

    fn name(&mut self, name: Option<&str>) -> Option<String> {
        let name = name?.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(turns) {
            self.add(
                "client_name",
                "must have 1 to 100 characters, no control characters, nor ones that turn the writing's direction",
            );
        }
        Some(name.to_owned())
    }

    fn link(&mut self, key: &'static str, link: Option<&str>) -> Option<String> {
        let link = link?;
        let sound = is_plain(link)
            && Url::parse(link).is_ok_and(|url| {
                (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url))) && url.username().is_empty()
            });
        if !sound {
            self.add(key, format!("\"{link}\" is no https address"));
        }
        Some(link.to_owned())
    }

    fn scope(&mut self, scope: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for token in scope.split(' ').filter(|token| !token.is_empty()) {
            // RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E
            if !token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') {
                self.add("scope", format!("\"{}\" has characters a scope may not have", token.escape_debug()));
            } else if !found.iter().any(|known| known == token) {
                found.push(token.to_owned());
            }
        }
        found
    }

    fn redirects(&mut self, key: &'static str, uris: Option<&[String]>, kind: ApplicationType) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for uri in uris.unwrap_or_default() {
            match check_redirect_uri(uri, kind) {
                Err(what) => self.add(key, format!("\"{}\" {what}", uri.escape_debug())),
                Ok(()) if found.contains(uri) => {}
                Ok(()) => found.push(uri.clone()),
            }
        }
        found
    }

    fn consistency(&mut self, client: &ValidClient) {
        let has = |grant| client.grant_types.contains(&grant);
        if client.grant_types.is_empty() {
            self.add("grant_types", "is empty; a client without a grant can do nothing");
        }
        if has(GrantType::AuthorizationCode) {
            if client.redirect_uris.is_empty() {
                self.add("redirect_uris", "is missing; authorization_code needs at least one");
            }
            if client.response_types.is_empty() {
                self.add("response_types", "is empty; authorization_code needs \"code\"");
            }
        } else {
            if has(GrantType::RefreshToken) {
                self.add("grant_types", "refresh_token needs authorization_code beside it");
            }
            if !client.response_types.is_empty() {
                self.add("response_types", "\"code\" needs the grant type authorization_code");
            }
        }
        if has(GrantType::ClientCredentials) && client.is_public() {
            self.add("grant_types", "client_credentials needs a client secret; token_endpoint_auth_method is none");
        }
    }
}

/// Control characters, and those that turn the direction of the text around a name.
fn turns(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(json: &str) -> Result<ValidClient, Vec<String>> {
        let metadata: ClientMetadata = serde_json::from_str(json).unwrap();
        metadata.validate().map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn defaults_are_those_of_the_standard() {
        let client = validate(r#"{"redirect_uris":["https://a.example/cb"],"client_name#de":"ignored"}"#).unwrap();
        assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
        assert_eq!(client.response_types, [ResponseType::Code]);
        assert_eq!(client.auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!(client.id_token_alg, SigningAlg::Rs256);
        assert_eq!(client.scope.join(" "), DEFAULT_SCOPE);
        assert_eq!(client.to_metadata().token_endpoint_auth_method.as_deref(), Some("client_secret_basic"));
        assert_eq!(client.to_kept().validate(), Ok(client));
    }

    /// RFC 6749 section 2.3.1 and RFC 7591 section 2: registered, and with what the client may prove itself.
    #[test]
    fn ways_to_prove_itself() {
        use AuthMethod::{ClientSecretBasic as Basic, ClientSecretPost as Post, None as Public};
        for (registered, answer, accepted) in [
            ("", Basic, vec![Basic, Post]),
            (r#","token_endpoint_auth_method":"client_secret_basic""#, Basic, vec![Basic]),
            (r#","token_endpoint_auth_method":"client_secret_post""#, Post, vec![Basic, Post]),
            (r#","token_endpoint_auth_method":"none""#, Public, vec![Public]),
            (r#","application_type":"native""#, Public, vec![Public]),
        ] {
            let client = validate(&format!(r#"{{"redirect_uris":["https://a.example/cb"]{registered}}}"#)).unwrap();
            assert_eq!(client.auth_method, answer, "{registered}");
            let all = AuthMethod::ALL.iter().copied();
            assert_eq!(all.filter(|method| client.accepts(*method)).collect::<Vec<_>>(), accepted, "{registered}");
            assert_eq!(client.to_kept().validate(), Ok(client), "{registered}");
        }
    }

    #[test]
    fn a_service_needs_no_redirect_but_a_secret() {
        let client = validate(r#"{"grant_types":["client_credentials"]}"#).unwrap();
        assert!(client.response_types.is_empty() && client.scope.is_empty());
        let public = r#"{"grant_types":["client_credentials"],"token_endpoint_auth_method":"none"}"#;
        assert!(validate(public).unwrap_err()[0].contains("needs a client secret"));
    }

    #[test]
    fn what_is_unknown_or_contradictory_is_refused() {
        for (json, start) in [
            (r#"{"grant_types":["password"]}"#, "grant_types: \"password\" is not supported; one of: authorization_code"),
            (r#"{"grant_types":["implicit"]}"#, "grant_types: \"implicit\""),
            (r#"{"grant_types":["refresh_token"]}"#, "grant_types: refresh_token needs"),
            (r#"{"grant_types":[]}"#, "grant_types: is empty"),
            (r#"{"grant_types":["client_credentials"],"response_types":["code"]}"#, "response_types: \"code\" needs"),
            (r#"{"response_types":["id_token"]}"#, "response_types: \"id_token\""),
            (r#"{"token_endpoint_auth_method":"private_key_jwt"}"#, "token_endpoint_auth_method: "),
            (r#"{"id_token_signed_response_alg":"none"}"#, "id_token_signed_response_alg: \"none\""),
            (r#"{"application_type":"desktop"}"#, "application_type: "),
            (r#"{"pkce":"never"}"#, "pkce: \"never\""),
            (r#"{"id_token_claims":"all"}"#, "id_token_claims: \"all\""),
            (r#"{"scope":"a\"b"}"#, "scope: "),
            (r#"{"logo_uri":"http://a.example/x.png"}"#, "logo_uri: "),
            (r#"{"client_uri":"javascript:alert(1)"}"#, "client_uri: "),
            (r#"{"client_name":" "}"#, "client_name: "),
            ("{}", "redirect_uris: is missing"),
        ] {
            let problems = validate(json).expect_err(json);
            assert!(problems[0].starts_with(start), "{json}: {problems:?}");
        }
    }
}
