//! The ways a text leaves.

use std::{path::PathBuf, time::Duration};

use axum::http::Request;
use tokio::time::timeout;

use super::{answer, bird, file, http, twilio, vonage};
use crate::{
    gateways::{
        delivery::{DeliveryError, tidy},
        http::{HttpClient, HttpError, Reach},
    },
    settings::{SmsProvider, SmsSettings, SmsTransport},
    time::Timestamp,
};

/// A text that is to leave.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Our id of it, for the provider's records too.
    pub id: String,
    /// The number, in E.164.
    pub to: String,
    pub body: String,
    /// When it was written.
    pub date: Timestamp,
}

impl Outgoing {
    /// The number without the plus, as some providers want it.
    pub(super) fn digits(&self) -> &str {
        self.to.trim_start_matches('+')
    }
}

/// Delivers texts as the settings say.
#[derive(Debug)]
pub enum Texter {
    Off,
    /// Into a directory, one file a text.
    File(PathBuf),
    /// Nowhere: the outbox row is what the development page shows.
    Inbox,
    Provider(Box<Caller>),
}

/// A provider and the way to it.
#[derive(Debug)]
pub struct Caller {
    client: HttpClient,
    timeout: Duration,
    provider: SmsProvider,
}

impl Texter {
    /// Connects to nothing yet. `reach`: whether the provider may be inside our own network.
    ///
    /// # Errors
    /// The system's root certificates cannot be read.
    pub fn new(settings: &SmsSettings, reach: Reach) -> Result<Self, HttpError> {
        Ok(match &settings.transport {
            SmsTransport::Off => Self::Off,
            SmsTransport::File(dir) => Self::File(dir.clone()),
            SmsTransport::Inbox => Self::Inbox,
            SmsTransport::Provider(provider) => Self::Provider(Box::new(Caller {
                client: HttpClient::within(reach, settings.timeout)?,
                timeout: settings.timeout,
                provider: provider.clone(),
            })),
        })
    }

    /// One attempt. Cancelling it is safe, but leaves open whether the text went out.
    pub async fn deliver(&self, outgoing: &Outgoing) -> Result<(), DeliveryError> {
        match self {
            Self::Off => Err(DeliveryError::permanent("sms.transport is off")),
            Self::File(dir) => file::deliver(dir, outgoing).await,
            Self::Inbox => Ok(()),
            Self::Provider(caller) => caller.deliver(outgoing).await,
        }
    }
}

impl Caller {
    async fn deliver(&self, outgoing: &Outgoing) -> Result<(), DeliveryError> {
        let outcome = self.attempt(outgoing).await;
        outcome.map_err(|error| DeliveryError { reason: tidy(&error.reason, &self.secrets(outgoing)), ..error })
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<(), DeliveryError> {
        let request = self.request(outgoing)?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let silent = || DeliveryError::temporary(format!("{host} did not answer within {} s", self.timeout.as_secs_f32()));
        let answer = match timeout(self.timeout, self.client.fetch(request)).await {
            Err(_) => return Err(silent()),
            Ok(Err(HttpError::Failed(error))) if error.is_timeout() => return Err(silent()),
            // The URL names the account.
            Ok(Err(HttpError::Failed(error))) => Err(HttpError::Failed(error.without_url())),
            Ok(other) => other,
        };
        let answer = answer.map_err(|error| DeliveryError {
            permanent: matches!(error, HttpError::Forbidden),
            alarming: false,
            reason: format!("{host}: {error}"),
            after: None,
        })?;
        let dialect = match self.provider {
            SmsProvider::Twilio { .. } => &twilio::DIALECT,
            SmsProvider::Vonage { .. } => &vonage::DIALECT,
            SmsProvider::Bird { .. } => &bird::DIALECT,
            SmsProvider::Http { .. } => &http::DIALECT,
        };
        answer::judge(&host, &answer, dialect)
    }

    fn request(&self, outgoing: &Outgoing) -> Result<Request<Vec<u8>>, DeliveryError> {
        let request = match &self.provider {
            SmsProvider::Twilio { base, account, secret, sender } => twilio::request(base, account, secret, sender, outgoing),
            SmsProvider::Vonage { base, account, secret, from } => vonage::request(base, account, secret, from, outgoing),
            SmsProvider::Bird { base, secret, from } => bird::request(base, secret, from, outgoing),
            SmsProvider::Http { url, from, bearer, headers } => http::request(url, from, bearer.as_ref(), headers, outgoing),
        };
        request.map_err(|error| DeliveryError::permanent(format!("the request cannot be made: {error}")))
    }

    /// What an answer might quote and a log must not hold: credentials, the number, the text, and its codes.
    fn secrets(&self, outgoing: &Outgoing) -> Vec<String> {
        let secret = match &self.provider {
            SmsProvider::Twilio { secret, .. } | SmsProvider::Vonage { secret, .. } | SmsProvider::Bird { secret, .. } => {
                Some(secret)
            }
            SmsProvider::Http { bearer, .. } => bearer.as_ref(),
        };
        let mut secrets: Vec<String> = secret.map(|secret| secret.expose().to_owned()).into_iter().collect();
        secrets.extend([outgoing.to.clone(), outgoing.digits().to_owned(), outgoing.body.clone()]);
        let words = outgoing.body.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        secrets.extend(words.filter(|word| word.len() >= 6 && word.contains(|c: char| c.is_ascii_digit())).map(str::to_owned));
        if let SmsProvider::Http { headers, .. } = &self.provider {
            secrets.extend(headers.iter().map(|(_, value)| value.expose().to_owned()));
        }
        // The longest first, so that none leaves a remainder of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}
