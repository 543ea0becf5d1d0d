//! What lives here: the view model of every page, beside its template in `templates/`.
//! What may not: logic beyond display; a handler fills plain data in, `render()` (askama's `Template`) gives HTML.
//! How to add one: a struct with `shell: Shell`, a template that extends `card.html` or `account.html`, words in `locales/`, a sample in `samples`.
//! Where it is tested: `samples` renders every page in every language; snapshots and axe read the same list.

mod account;
mod codes;
mod consent;
mod dev;
mod messages;
mod passkeys;
mod profile;
mod providers;
#[cfg(test)]
mod samples;
mod security;
mod sign_in;
mod wasnt_me;

use account::rooms;
pub use account::{App, Apps, ChangeContact, ChangePassword, DeleteAccount, Home, HomeContact, Session, Sessions};
pub use codes::{LinkPage, ResetNew, ResetSent, Verify, reset_sent_title, verify_title};
pub use consent::{Consent, FormPost, ScopeLine, SomebodyElse};
pub use dev::{DemoClaims, DemoHome, FakeSignIn, Inbox, Mail, MailPage, Mailbox, Text};
pub use messages::{Departing, ErrorPage, LoggedOut, Logout, Message};
pub use passkeys::{Ceremony, Passkey, PasskeyOffer, Passkeys, Signals};
pub use profile::{Choice, FieldGroup, FieldKind, Profile, ProfileField};
pub use providers::{
    ButtonLogo, ConfirmConnect, ConnectedIdentity, GiveAddress, Identities, JoinAccount, PROVIDERS_SHOWN, ProviderButton,
};
pub use security::{
    AuthenticatorApp, Enrol, LastFactor, Messages, NewKeys, RecoveryCodeUsed, RecoveryCodes, Security, TotpSetup, TrustedBrowser,
};
pub use sign_in::{IdentifierKinds, Invitation, Login, LoginCode, LoginLink, Reset, SecondFactor, Setup, Signup};
pub use wasnt_me::{LeftOver, Locked, WasntMe};

/// What is said of a code that is over, by whether another may be sent.
pub(crate) const fn expired_words(resend_after_seconds: Option<i64>) -> &'static str {
    if resend_after_seconds.is_some() { "code-expired" } else { "code-expired-for-good" }
}

/// A link dressed as a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub href: String,
    pub label: String,
}

/// What a link carries on to the next page, as `?flow=…&identifier=…` or nothing.
pub(crate) fn query(flow: Option<&str>, identifier: &str) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    if let Some(flow) = flow {
        pairs.append_pair("flow", flow);
    }
    if !identifier.is_empty() {
        pairs.append_pair("identifier", identifier);
    }
    let query = pairs.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}
