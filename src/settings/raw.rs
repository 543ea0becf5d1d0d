//! Every section and key, with its type and its default: the one list. `config.toml` documents it; a test compares.

use super::{
    clients::RawClient,
    raw_provider::RawProvider,
    secret::Secret,
    sites::RawSite,
    value::{Field, Input, Origin},
};

/// Why a value was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    UnknownSection,
    UnknownKey,
    /// What would have been right.
    WrongType(&'static str),
}

macro_rules! sections {
    ($($section:ident: $Struct:ident { $($key:ident: $ty:ty = $default:expr,)* })*) => {
        $(
            #[doc = concat!("`[", stringify!($section), "]` as written.")]
            #[derive(Debug, Clone)]
            pub struct $Struct { $(pub $key: Field<$ty>,)* }
        )*

        /// The settings as written, before anything is checked.
        #[derive(Debug, Clone)]
        pub struct Raw {
            $(pub $section: $Struct,)*
            /// `[[clients]]`
            pub clients: Vec<RawClient>,
            /// `[[providers]]`
            pub providers: Vec<RawProvider>,
            /// `[[sites]]`
            pub sites: Vec<RawSite>,
        }

        impl Default for Raw {
            fn default() -> Self {
                Self {
                    $($section: $Struct {
                        $($key: Field {
                            section: stringify!($section),
                            key: stringify!($key),
                            value: $default.into(),
                            origin: Origin::Default,
                        },)*
                    },)*
                    clients: Vec::new(),
                    providers: Vec::new(),
                    sites: Vec::new(),
                }
            }
        }

        impl Raw {
            /// Sets one value by name.
            pub fn set(&mut self, section: &str, key: &str, input: Input<'_>, origin: Origin) -> Result<(), Rejected> {
                match section {
                    $(stringify!($section) => match key {
                        $(stringify!($key) => self.$section.$key.set(input, origin).map_err(Rejected::WrongType),)*
                        _ => Err(Rejected::UnknownKey),
                    },)*
                    _ => Err(Rejected::UnknownSection),
                }
            }
        }

        /// Every section with its keys, in the order of `config.toml`.
        pub const SECTIONS: &[(&str, &[&str])] = &[$((stringify!($section), &[$(stringify!($key)),*]),)*];
    };
}

sections! {
    server: Server {
        public_url: String = "http://localhost:8080",
        listen: String = "127.0.0.1:8080",
        metrics_listen: String = "",
        trusted_proxies: Vec<String> = [],
        shutdown_seconds: u64 = 20_u64,
        max_connections: u64 = 10_000_u64,
    }
    data: Data {
        dir: String = "./data",
    }
    database: Database {
        url: Secret = Secret::default(),
        max_connections: u64 = 8_u64,
        copy_before_migration: bool = true,
    }
    secrets: Secrets {
        keys: Vec<Secret> = [],
    }
    mail: Mail {
        transport: String = "file", // `vestibule dev`: "mailbox", see Raw::for_dev
        from: String = "Vestibule <no-reply@localhost>",
        reply_to: String = "",
        smtp_host: String = "",
        smtp_port: u64 = 0_u64,
        smtp_tls: String = "starttls",
        smtp_ca_file: String = "",
        smtp_ehlo: String = "",
        smtp_username: String = "",
        smtp_password: Secret = Secret::default(),
        timeout_seconds: u64 = 20_u64,
        max_attempts: u64 = 12_u64,
        templates_dir: String = "",
    }
    sms: Sms {
        transport: String = "file", // `vestibule dev`: "inbox", see Raw::for_dev
        countries: Vec<String> = [], // `vestibule dev`: ["*"]
        default_country: String = "",
        from: String = "",
        messaging_service: String = "",
        account: String = "",
        secret: Secret = Secret::default(),
        base_url: String = "",
        headers: Vec<Secret> = [],
        timeout_seconds: u64 = 10_u64,
        max_attempts: u64 = 6_u64,
        prices: Vec<String> = ["*=0.12".to_owned()],
        month_budget: u64 = 50_u64,
        number_per_hour: u64 = 5_u64,
        number_per_day: u64 = 10_u64,
        prefix_per_hour: u64 = 60_u64,
        requester_per_hour: u64 = 20_u64,
        reserved_percent: u64 = 30_u64,
        completion_percent: u64 = 20_u64,
        completion_sample: u64 = 20_u64,
        completion_pause_minutes: u64 = 60_u64,
    }
    passwords: Passwords {
        min_length: u64 = 8_u64,
        memory_kib: u64 = 19_456_u64,
        iterations: u64 = 2_u64,
        parallelism: u64 = 1_u64,
        workers: u64 = 0_u64,
        queue: u64 = 64_u64,
    }
    signup: Signup {
        who: String = "everyone",
        verify_email: bool = true,
        verify_phone: bool = true,
    }
    sign_in: SignIn {
        ways: Vec<String> = ["password".into(), "passkey".into(), "mail".into(), "sms".into()],
        emails_as_usernames: bool = false,
        link_minutes: u64 = 15_u64,
        step_up_minutes: u64 = 15_u64,
    }
    second_factor: SecondFactor {
        kinds: Vec<String> = ["totp".into(), "passkey".into(), "sms".into(), "mail".into()],
        required: String = "nobody",
        remember_days: u64 = 30_u64,
    }
    google: Google {
        client_id: String = "",
        client_secret: Secret = Secret::default(),
        linking: String = "link_verified",
        scopes: Vec<String> = [],
        keep_tokens: bool = false,
        second_factor: Vec<String> = [],
        base_url: String = "",
    }
    github: Github {
        client_id: String = "",
        client_secret: Secret = Secret::default(),
        linking: String = "ask",
        scopes: Vec<String> = [],
        keep_tokens: bool = false,
        second_factor: Vec<String> = [],
        base_url: String = "",
    }
    facebook: Facebook {
        client_id: String = "",
        client_secret: Secret = Secret::default(),
        linking: String = "link_verified",
        scopes: Vec<String> = [],
        keep_tokens: bool = false,
        second_factor: Vec<String> = [],
        base_url: String = "",
    }
    twitter: Twitter {
        client_id: String = "",
        client_secret: Secret = Secret::default(),
        linking: String = "ask",
        scopes: Vec<String> = [],
        keep_tokens: bool = false,
        second_factor: Vec<String> = [],
        base_url: String = "",
    }
    discord: Discord {
        client_id: String = "",
        client_secret: Secret = Secret::default(),
        linking: String = "ask",
        scopes: Vec<String> = [],
        keep_tokens: bool = false,
        second_factor: Vec<String> = [],
        base_url: String = "",
    }
    sessions: Sessions {
        absolute_days: u64 = 30_u64,
        idle_days: u64 = 14_u64,
        short_hours: u64 = 12_u64,
        cookie_domain: String = "",
    }
    tokens: Tokens {
        access_seconds: u64 = 600_u64,
        id_seconds: u64 = 600_u64,
        code_seconds: u64 = 60_u64,
        refresh_idle_days: u64 = 30_u64,
        refresh_absolute_days: u64 = 180_u64,
        refresh_retry_seconds: u64 = 60_u64,
        access_alg: String = "ES256",
    }
    keys: Keys {
        rotate_days: u64 = 90_u64,
        publish_hours: u64 = 24_u64,
    }
    flows: Flows {
        verify_hours: u64 = 24_u64,
        reset_minutes: u64 = 15_u64,
        invitation_hours: u64 = 72_u64,
        undo_hours: u64 = 72_u64,
        code_minutes: u64 = 10_u64,
        code_tries: u64 = 5_u64,
        resend_seconds: u64 = 30_u64,
    }
    limits: Limits {
        enabled: bool = true,
        sign_in_requester_per_minute: u64 = 20_u64,
        sign_in_free_failures: u64 = 5_u64,
        signup_requester_per_hour: u64 = 20_u64,
        reset_requester_per_hour: u64 = 20_u64,
        destination_per_hour: u64 = 20_u64,
        verify_requester_per_minute: u64 = 20_u64,
        journeys_requester_per_minute: u64 = 120_u64,
        token_failures_per_minute: u64 = 30_u64,
        delay_max_seconds: u64 = 900_u64,
    }
    outbound: Outbound {
        allow_private: bool = false,
    }
    bootstrap: Bootstrap {
        admin_email: String = "",
        admin_password_hash: Secret = Secret::default(),
    }
    pages: Pages {
        name: String = "Vestibule",
        default_locale: String = "en",
        help_url: String = "",
    }
    log: Log {
        format: String = "text",
        level: String = "info",
    }
    retention: Retention {
        events_days: u64 = 365_u64,
        messages_days: u64 = 7_u64,
    }
}

impl Raw {
    /// The defaults of `vestibule dev`: mail and texts are shown under `/dev` instead of written to files.
    pub fn for_dev() -> Self {
        let mut raw = Self::default();
        raw.mail.transport.value = "mailbox".into();
        raw.sms.transport.value = "inbox".into();
        raw.sms.countries.value = vec!["*".into()];
        raw
    }
}
