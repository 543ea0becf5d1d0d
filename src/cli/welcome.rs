//! What happens next after an account was made or its owner invited, in a sentence.

use crate::actions::App;
use crate::actions::confirm::is_on;
use crate::actions::invitations::Invited;
use crate::engine::address::Channel;
use crate::engine::address::Contact;
use crate::engine::user::User;
use crate::settings::Way;

pub(super) fn invited(invited: &Invited) -> String {
    let to = invited.user.contact(Channel::Mail).map(|to| to.as_str().to_owned()).unwrap_or_default();
    let Invited { hours, user } = invited;
    format!(
        "An invitation to {to} is in the outbox, and the running server sends it. Its link is good for {hours} hours, and once. \
         `vestibule user invite {}` sends another; earlier ones stay good until one is used.",
        user.id
    )
}

/// How the owner of a new account comes in.
pub(super) fn added(app: &App, user: &User) -> String {
    let at = app.link("/login");
    let mail = user.contact(Channel::Mail);
    let phone = user.contact(Channel::Sms);
    let address = |to: &Contact| to.as_str().to_owned();
    let invite = format!("`vestibule user invite {}` sends them an invitation.", user.id);
    let proved = user.email_is_verified();
    match (&mail, &phone) {
        _ if user.password_hash.is_some() && is_on(app, Way::Password) => format!("They sign in at {at} with the password."),
        (Some(to), _) if is_on(app, Way::Mail) => {
            let way = format!("They sign in at {at} by a link that is mailed to {}, once they ask for it there.", address(to));
            if proved { way } else { format!("{way} Nothing is mailed by itself; {invite}") }
        }
        (Some(to), _) if is_on(app, Way::Password) => {
            let way = format!("They choose a password at {}, by a mail to {}.", app.link("/reset"), address(to));
            if proved { way } else { format!("{way} Nothing is mailed by itself; {invite}") }
        }
        (_, Some(to)) if is_on(app, Way::Sms) => format!("They sign in at {at} by a code that is texted to {}.", address(to)),
        _ if !app.settings.providers.is_empty() && proved => format!("They sign in at {at} by a provider."),
        _ if is_on(app, Way::Password) => {
            format!("They cannot sign in yet: `vestibule user set-password {}` gives them a password.", user.id)
        }
        _ => "They cannot sign in yet: [sign_in] has no way for an account with these names.".to_owned(),
    }
}
