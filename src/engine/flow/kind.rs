//! What kinds of journey there are.

use crate::engine::address::Channel;

/// The kind of a journey, as its row and the log name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    SignIn,
    SignInCode,
    SecondFactor,
    Enrol,
    SignUp,
    Verify,
    Reset,
    ChangeEmail,
    ChangePhone,
    AddTotp,
    Invitation,
    /// The link of a security notice.
    Alarm,
    /// At a provider.
    Away,
    Newcomer,
    Join,
}

impl FlowKind {
    /// The change of an address or number.
    pub const fn change(channel: Channel) -> Self {
        match channel {
            Channel::Mail => Self::ChangeEmail,
            Channel::Sms => Self::ChangePhone,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignInCode => "sign_in_code",
            Self::SecondFactor => "second_factor",
            Self::Enrol => "enrol",
            Self::SignUp => "sign_up",
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
            Self::ChangePhone => "change_phone",
            Self::AddTotp => "add_totp",
            Self::Invitation => "invitation",
            Self::Alarm => "alarm",
            Self::Away => "away",
            Self::Newcomer => "newcomer",
            Self::Join => "join",
        }
    }
}
