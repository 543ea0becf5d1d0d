//! A browser's authenticator in software: it makes passkeys and answers challenges, honestly or not.

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use passkey_authenticator::{
    Authenticator as Device, CredentialStore, DiscoverabilitySupport, StoreInfo, UiHint, UserCheck, UserValidationMethod,
};
use passkey_client::{Client, DefaultClientData};
use passkey_crypto::AvailableBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::make_credential::{Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity};
use passkey_types::ctap2::{Aaguid, Ctap2Error, StatusCode, get_assertion};
use passkey_types::webauthn::{CredentialCreationOptions, PublicKeyCredentialCreationOptions, PublicKeyCredentialDescriptor};
use serde_json::{Value, json};
use url::Url;

/// What it keeps; every credential is discoverable.
#[derive(Default)]
pub struct Keys(pub Vec<Passkey>);

#[async_trait]
impl CredentialStore for Keys {
    type PasskeyItem = Passkey;

    async fn find_credentials(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
        _: Option<&[u8]>,
    ) -> Result<Vec<Passkey>, StatusCode> {
        let fits = |key: &&Passkey| {
            key.rp_id == rp_id
                && ids.is_none_or(|ids| ids.is_empty() || ids.iter().any(|id| id.id.as_slice() == key.credential_id.as_slice()))
        };
        Ok(self.0.iter().filter(fits).cloned().collect())
    }

    async fn save_credential(
        &mut self,
        made: Passkey,
        _: PublicKeyCredentialUserEntity,
        _: PublicKeyCredentialRpEntity,
        _: Options,
    ) -> Result<(), StatusCode> {
        self.0.insert(0, made);
        Ok(())
    }

    async fn update_credential(&mut self, used: &Passkey) -> Result<(), StatusCode> {
        let key = self.0.iter_mut().find(|key| key.credential_id == used.credential_id);
        key.ok_or(Ctap2Error::NoCredentials)?.counter = used.counter;
        Ok(())
    }

    async fn get_info(&self) -> StoreInfo {
        StoreInfo { discoverability: DiscoverabilitySupport::ForcedDiscoverable }
    }
}

/// Who holds it: always there; shows a finger if the device can read one.
pub struct Holder {
    verifies: bool,
}

#[async_trait]
impl UserValidationMethod for Holder {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        why: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        if matches!(why, UiHint::InformExcludedCredentialFound(_)) {
            return Err(Ctap2Error::CredentialExcluded);
        }
        Ok(UserCheck { presence, verification: verification && self.verifies })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        self.verifies.then_some(true)
    }
}

/// What a client tells the authenticator and the server; [`Claim::default`] is the truth.
#[derive(Clone, Debug)]
pub struct Claim {
    pub origin: &'static str,
    pub rp_id: &'static str,
    pub kind: &'static str,
    pub verified: bool,
}

impl Default for Claim {
    fn default() -> Self {
        Self { origin: "http://localhost:8080", rp_id: "localhost", kind: "webauthn.get", verified: true }
    }
}

pub struct Authenticator {
    device: Device<Keys, Holder, AvailableBackend>,
}

impl Authenticator {
    /// One that verifies its user, counts its signatures, and says that it is Bitwarden's.
    pub fn new() -> Self {
        Self::made("d548826e-79b4-db40-a3d8-11116f7e8349", true)
    }

    /// A key to be touched.
    pub fn security_key() -> Self {
        Self::made("00000000-0000-0000-0000-000000000000", false)
    }

    fn made(aaguid: &str, verifies: bool) -> Self {
        let aaguid = Aaguid::from(uuid::Uuid::parse_str(aaguid).unwrap().into_bytes());
        let mut device = Device::new(aaguid, Keys::default(), Holder { verifies }, AvailableBackend);
        device.set_make_credentials_with_signature_counter(true);
        Self { device }
    }

    pub fn keys(&mut self) -> &mut Vec<Passkey> {
        &mut self.device.store_mut().0
    }

    /// What `navigator.credentials.create()` gives for these options on a page of ours.
    pub async fn create(&mut self, options: &str) -> Result<String, String> {
        let public_key: PublicKeyCredentialCreationOptions = serde_json::from_str(options).unwrap();
        let keys = Keys(std::mem::take(self.keys()));
        let verifies = self.device.aaguid() != &Aaguid::new_empty();
        let mut device = Device::new(*self.device.aaguid(), keys, Holder { verifies }, AvailableBackend);
        device.set_make_credentials_with_signature_counter(true);
        let mut client = Client::new(device).allows_insecure_localhost(true);
        let origin = Url::parse("http://localhost:8080").unwrap();
        let made = client.register(&origin, CredentialCreationOptions { public_key }, DefaultClientData).await;
        *self.keys() = std::mem::take(&mut client.authenticator_mut().store_mut().0);
        made.map(|made| serde_json::to_string(&made).unwrap()).map_err(|error| format!("{error:?}"))
    }

    /// What `navigator.credentials.get()` gives for these options.
    pub async fn get(&mut self, options: &str) -> String {
        self.claim(options, Claim::default()).await
    }

    /// The same with a client that lies.
    pub async fn claim(&mut self, options: &str, claim: Claim) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        let client_data = json!({
            "type": claim.kind, "challenge": options["challenge"], "origin": claim.origin, "crossOrigin": false,
        });
        let client_data = client_data.to_string();
        let allowed: Vec<PublicKeyCredentialDescriptor> =
            serde_json::from_value(options["allowCredentials"].clone()).unwrap_or_default();
        for key in self.keys() {
            claim.rp_id.clone_into(&mut key.rp_id);
        }
        let request = get_assertion::Request {
            rp_id: claim.rp_id.to_owned(),
            client_data_hash: sha256(client_data.as_bytes()).into(),
            allow_list: (!allowed.is_empty()).then_some(allowed),
            extensions: None,
            options: get_assertion::Options { up: true, uv: claim.verified },
            pin_auth: None,
            pin_protocol: None,
        };
        let answer = self.device.get_assertion(request).await.unwrap();
        for key in self.keys() {
            "localhost".clone_into(&mut key.rp_id);
        }
        let id = BASE64URL_NOPAD.encode(&answer.credential.unwrap().id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.as_bytes()),
                "authenticatorData": BASE64URL_NOPAD.encode(&answer.auth_data.to_vec()),
                "signature": BASE64URL_NOPAD.encode(&answer.signature),
                "userHandle": answer.user.map(|user| BASE64URL_NOPAD.encode(&user.id)),
            },
        })
        .to_string()
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().to_vec()
}
