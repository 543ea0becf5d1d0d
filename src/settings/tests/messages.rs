//! Mail and SMS.

use super::*;

#[test]
fn smtp_needs_a_host_and_keeps_its_password_covered() {
    refused(
        "[mail]\ntransport = \"smtp\"",
        &["config.toml:2: [mail] smtp_host: is missing, and mail.transport is smtp; name the relay, for example \
           \"smtp.example.org\""],
    );
    let login = "smtp_username = \"u\"\nsmtp_password = \"hunter2\"\nsmtp_tls = \"none\"\n";
    refused(
        &format!("[mail]\ntransport = \"smtp\"\nsmtp_host = \"smtp.example.org\"\n{login}"),
        &["config.toml:6: [mail] smtp_tls: is none: the password would cross the network in clear; use \"starttls\" or \
           \"tls\", or a relay on this machine"],
    );
    let settings = serve(&format!("[mail]\ntransport = \"smtp\"\nsmtp_host = \"127.0.0.1\"\n{login}"));
    let MailTransport::Smtp(smtp) = &settings.mail.transport else { panic!("smtp expected") };
    assert_eq!((smtp.port, smtp.tls), (25, SmtpTls::None));
    assert!(!format!("{settings:?}").contains("hunter2"));
    refused(
        "[mail]\ntransport = \"smtp\"\nsmtp_host = \"smtp.example.org\"\nsmtp_ca_file = \"/nonexistent/ca.pem\"",
        &["config.toml:4: [mail] smtp_ca_file: there is no file \"/nonexistent/ca.pem\"; name a file of certificates in PEM"],
    );
    refused(
        "[mail]\ntransport = \"smtp\"\nsmtp_host = \"smtp.example.org\"\nsmtp_username = \"u\"",
        &["config.toml:4: [mail] smtp_password: is missing beside smtp_username; set both, or neither"],
    );
}

#[test]
fn texts_are_off_until_a_country_is_listed() {
    let sms = serve("").sms;
    assert!(!sms.is_on());
    assert_eq!(sms.transport, SmsTransport::File("./data/outbox/sms".into()));
    assert!(serve("[sms]\ncountries = [\"at\", \"DE\"]").sms.is_on());
    assert!(!serve("[sms]\ncountries = [\"*\"]\ntransport = \"off\"").sms.is_on());
    let dev = load("", Mode::Dev, &[]).unwrap().sms;
    assert_eq!((dev.transport, dev.countries), (SmsTransport::Inbox, Countries::All));
}

#[test]
fn sms_providers_say_what_they_need() {
    let head = "[sms]\ncountries = [\"AT\"]\n";
    refused(
        &format!("{head}transport = \"twilio\""),
        &[
            "config.toml:3: [sms] transport: account is missing, and sms.transport is twilio; sms.account is the account SID, \"AC…\"",
            "config.toml:3: [sms] transport: secret is missing, and sms.transport is twilio; sms.secret is the auth token",
            "config.toml:3: [sms] transport: from is missing, and sms.transport is twilio; sms.from is your number or name; or set \
             sms.messaging_service, but not both",
        ],
    );
    refused(
        &format!("{head}transport = \"http\""),
        &["config.toml:3: [sms] base_url: is missing, and sms.transport is http; where to post each text, for example \
           \"https://sms.example.org/send\""],
    );
    for (text, part) in [
        ("transport = \"pigeon\"", "\"pigeon\" is unknown; one of: off, file, twilio, vonage, bird, http, inbox"),
        ("countries = [\"Austria\"]", "\"AUSTRIA\" is no country"),
        ("default_country = \"XX\"", "\"XX\" is no country"),
        ("prices = [\"AT=cheap\"]", "\"AT=cheap\" is no price"),
        ("transport = \"http\"\nbase_url = \"http://sms.example\"", "is http: codes and credentials"),
        ("transport = \"http\"\nbase_url = \"http://127.0.0.1:1\"", "is an address inside your network"),
        ("transport = \"http\"\nbase_url = \"https://192.168.1.4\"", "is an address inside your network"),
        ("transport = \"http\"\nbase_url = \"https://s.example\"\nheaders = [\"X-Key hunter2\"]", "header 1 is malformed"),
        ("transport = \"bird\"\nsecret = \"hunter2\"\nfrom = \"A name that is too long\"", "is no sender"),
        ("transport = \"vonage\"\naccount = \"a/b\"\nsecret = \"hunter2\"\nfrom = \"A\"", "has other characters"),
        ("completion_percent = 101", "101 is out of range"),
    ] {
        let errors = load(&format!("[sms]\n{text}"), Mode::Serve, &[]).expect_err(text).to_string();
        assert!(errors.contains(part) && !errors.contains("hunter2"), "{text}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
    let inbox = "[server]\npublic_url = \"https://id.example.org\"\n[sms]\ntransport = \"inbox\"";
    assert!(load(inbox, Mode::Serve, &[]).unwrap_err().to_string().contains("texts would stay here"));
    let twilio = "transport = \"twilio\"\naccount = \"AC1\"\nsecret = \"hunter2\"\nfrom = \"+43660123456\"\n";
    let settings = serve(&format!("{head}{twilio}"));
    assert_eq!(settings.warnings(), [] as [&str; 0]);
    assert!(!format!("{settings:?}").contains("hunter2"));
    for (more, part) in [
        ("month_budget = 0", "nothing bounds"),
        ("prices = []", "sms.prices is empty"),
        ("countries = []", "no text is ever sent"),
    ] {
        let text = if more.starts_with("countries") { format!("[sms]\n{twilio}{more}") } else { format!("{head}{twilio}{more}") };
        assert!(serve(&text).warnings().iter().any(|warning| warning.contains(part)), "{more}");
    }
}
