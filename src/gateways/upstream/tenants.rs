//! Microsoft's issuer for every tenant: its metadata say `https://login.microsoftonline.com/{tenantid}/v2.0`, and each ID token names the tenant
//! that it is from. <https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer>

use serde_json::Value;
use url::Url;

use super::{discovery::without_slash, error::UpstreamError};

const PLACE: &str = "{tenantid}";

/// Whether an issuer of metadata stands for those of many tenants, of which the settings name the place where all meet (`common`,
/// `organizations`). Only that one segment of the path may differ.
pub(super) fn stands_for(template: &str, settings: &Url) -> bool {
    split(template).is_some_and(|(before, after)| {
        let meeting =
            without_slash(settings.as_str()).strip_prefix(before).and_then(|rest| rest.strip_suffix(without_slash(after)));
        meeting.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
    })
}

/// The issuer of the tenant that an ID token is from, if the metadata's is a template. What is in `iss` must then be this.
pub(super) fn of_token(template: &str, claims: &Value) -> Result<Option<String>, UpstreamError> {
    if split(template).is_none() {
        return Ok(None);
    }
    let tenant = claims.get("tid").and_then(Value::as_str).filter(|tenant| is_guid(tenant));
    let tenant = tenant.ok_or_else(|| UpstreamError::id_token("tid names no tenant"))?;
    Ok(Some(template.replacen(PLACE, tenant, 1)))
}

/// Whether an issuer is that of a tenant.
pub(super) fn is_one(template: &str, issuer: &str) -> bool {
    split(template)
        .is_some_and(|(before, after)| issuer.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(is_guid))
}

fn split(template: &str) -> Option<(&str, &str)> {
    let (before, after) = template.split_once(PLACE)?;
    // A whole segment of the path, and once: never a part of the host.
    let in_path = Url::parse(before).is_ok_and(|url| url.host().is_some()) && before.ends_with('/');
    (in_path && before.matches('/').count() >= 3 && (after.is_empty() || after.starts_with('/')) && !after.contains(PLACE))
        .then_some((before, after))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase(),
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEMPLATE: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

    #[test]
    fn only_the_tenant_s_segment_may_differ() {
        for (settings, expected) in [
            ("https://login.microsoftonline.com/common/v2.0", true),
            ("https://login.microsoftonline.com/organizations/v2.0/", true),
            ("https://login.microsoftonline.com/v2.0", false),
            ("https://login.microsoftonline.com/a/b/v2.0", false),
            ("https://login.microsoftonline.com/common/v1.0", false),
            ("https://login.attacker.example/common/v2.0", false),
            ("http://login.microsoftonline.com/common/v2.0", false),
        ] {
            assert_eq!(stands_for(TEMPLATE, &settings.parse().unwrap()), expected, "{settings}");
        }
        for template in [
            "https://{tenantid}/v2.0",
            "https://x.{tenantid}/v2.0",
            "https://x.example/a{tenantid}/",
            "{tenantid}",
            "https://{tenantid}.x.example/",
        ] {
            assert!(!stands_for(template, &"https://common/v2.0".parse().unwrap()), "{template}");
            assert!(of_token(template, &json!({"tid": TENANT})).unwrap().is_none(), "{template}");
        }
    }

    #[test]
    fn a_tenant_is_a_guid() {
        let own = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
        assert_eq!(of_token(TEMPLATE, &json!({ "tid": TENANT })).unwrap().as_deref(), Some(own.as_str()));
        assert!(is_one(TEMPLATE, &own));
        for tid in [
            json!(null),
            json!(""),
            json!("common"),
            json!("../x"),
            json!(7),
            json!(format!("{TENANT}/")),
            json!(TENANT.to_uppercase()),
        ] {
            assert!(of_token(TEMPLATE, &json!({"tid": tid})).is_err(), "{tid}");
        }
        assert!(!is_one(TEMPLATE, "https://login.microsoftonline.com/common/v2.0"));
        assert!(!is_one(TEMPLATE, "https://login.attacker.example/x/v2.0"));
    }
}
