//! The profile form: every standard claim of OIDC Core 5.1, kept as data.

use askama::Template;

use crate::http::shell::Shell;
use crate::locale::{Locale, Text};

/// `/account/profile`. Fields are named after the claims; parts of the address are `address_…`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/profile.html")]
pub struct Profile {
    pub shell: Shell,
    pub groups: Vec<FieldGroup>,
    /// The session has ended; what was typed is there.
    pub signed_out: bool,
}

/// Fields under one legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldGroup {
    pub legend: String,
    pub fields: Vec<ProfileField>,
}

/// One field; `name` is both its `name` and its `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileField {
    pub name: &'static str,
    pub label: String,
    /// May be empty.
    pub hint: String,
    pub value: String,
    pub kind: FieldKind,
    /// HTML autofill token.
    pub autocomplete: &'static str,
}

/// How a field is edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// An `<input>` of this type.
    Input(&'static str),
    Long,
    Choice(Vec<Choice>),
    /// Only shown.
    Shown,
}

/// One option of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

type Line = (&'static str, &'static str, &'static str, FieldKind, &'static str);

impl Profile {
    /// Every group with the values `value` gives for a field's name; empty where it gives none.
    pub fn groups(text: &Text, value: impl Fn(&str) -> Option<String>) -> Vec<FieldGroup> {
        let languages = Locale::ALL.map(|locale| Choice { value: locale.tag().to_owned(), label: locale.name().to_owned() });
        let unset = Choice { value: String::new(), label: text.t("profile-unset").into_owned() };
        let languages = FieldKind::Choice(std::iter::once(unset).chain(languages).collect());
        let input = FieldKind::Input;
        let layout: [(&str, Vec<Line>); 4] = [
            (
                "profile-group-name",
                vec![
                    ("name", "claim-name", "", input("text"), "name"),
                    ("given_name", "claim-given_name", "", input("text"), "given-name"),
                    ("middle_name", "claim-middle_name", "", input("text"), "additional-name"),
                    ("family_name", "claim-family_name", "", input("text"), "family-name"),
                    ("nickname", "claim-nickname", "", input("text"), "nickname"),
                    (
                        "preferred_username",
                        "claim-preferred_username",
                        "claim-preferred_username-hint",
                        input("text"),
                        "username",
                    ),
                ],
            ),
            (
                "profile-group-about",
                vec![
                    ("bio", "claim-bio", "", FieldKind::Long, "off"),
                    ("picture", "claim-picture", "claim-picture-hint", input("url"), "photo"),
                    ("website", "claim-website", "claim-url-hint", input("url"), "url"),
                    ("profile", "claim-profile", "claim-url-hint", input("url"), "off"),
                    ("gender", "claim-gender", "", input("text"), "sex"),
                    ("birthdate", "claim-birthdate", "claim-birthdate-hint", input("text"), "bday"),
                ],
            ),
            (
                "profile-group-place",
                vec![
                    ("locale", "claim-locale", "claim-locale-hint", languages, "language"),
                    ("zoneinfo", "claim-zoneinfo", "claim-zoneinfo-hint", input("text"), "off"),
                    ("phone_number", "claim-phone_number", "claim-phone_number-hint", FieldKind::Shown, "tel"),
                ],
            ),
            (
                "profile-group-address",
                vec![
                    ("address_street_address", "claim-address_street_address", "", FieldKind::Long, "street-address"),
                    ("address_postal_code", "claim-address_postal_code", "", input("text"), "postal-code"),
                    ("address_locality", "claim-address_locality", "", input("text"), "address-level2"),
                    ("address_region", "claim-address_region", "", input("text"), "address-level1"),
                    ("address_country", "claim-address_country", "", input("text"), "country-name"),
                ],
            ),
        ];
        let words = |key: &str| {
            if key.is_empty() { String::new() } else { text.t(key).into_owned() }
        };
        let group = |(legend, lines): (&str, Vec<Line>)| FieldGroup {
            legend: words(legend),
            fields: lines
                .into_iter()
                .map(|(name, label, hint, kind, autocomplete)| ProfileField {
                    name,
                    label: words(label),
                    hint: words(hint),
                    value: value(name).unwrap_or_default(),
                    kind,
                    autocomplete,
                })
                .collect(),
        };
        layout.into_iter().map(group).collect()
    }
}
