//! A browser session: who signed in, how, when, and how long it lasts.

use std::time::Duration;

use super::method::{self, Method, MethodKind};
use crate::ids::{IdentityId, SessionId, UserId};
use crate::time::Timestamp;

/// A browser session.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    /// Random, for the mark of the browser in which it began; zeros: it has none.
    pub salt: [u8; 16],
    /// The ways in which the person proved who they are, oldest first.
    pub methods: Vec<Method>,
    /// When the person last proved by a first factor who they are, with the second one that belonged to it: the `auth_time` claim.
    pub auth_time: Timestamp,
    /// "Stay signed in": survives the browser's end.
    pub remembered: bool,
    /// The browser and system as told by the User-Agent, shortened.
    pub device: String,
    /// The requester's address at sign-in.
    pub address: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How a session begins.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The proofs that opened it.
    pub proofs: Vec<Method>,
    pub remembered: bool,
    pub device: String,
    pub address: String,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub absolute: Duration,
    pub idle: Duration,
    /// Both, for a session that is not to be remembered.
    pub short: Duration,
}

/// `last_seen_at` moves at most this often, so that looking at pages does not write to the disk.
const SEEN_EVERY: Duration = Duration::from_secs(60);

impl Session {
    /// A session that begins now.
    pub fn begin(id: SessionId, user_id: UserId, opening: Opening, lifetimes: Lifetimes, now: Timestamp) -> Self {
        let Opening { proofs, remembered, device, address } = opening;
        let absolute = if remembered { lifetimes.absolute } else { lifetimes.short };
        let expires_at = now + absolute;
        let proved_at = proofs.iter().map(|proof| proof.at).max().filter(|at| *at != Method::UNDATED);
        Self {
            id,
            user_id,
            salt: [0; 16],
            methods: proofs,
            auth_time: proved_at.unwrap_or(now),
            remembered,
            device,
            address,
            created_at: now,
            last_seen_at: now,
            idle_expires_at: idle_end(now, expires_at, remembered, lifetimes),
            expires_at,
        }
    }

    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at && now < self.idle_expires_at
    }

    /// The same person has proved again who they are. A sign-in says all there is to say of its moment: with what was proved before, the
    /// session would claim two factors for a time when one was given. A second factor alone comes on top, and when they last proved who they are
    /// stays as it was. A proof from before the last one, as a provider's may be, changes nothing.
    pub fn reauthenticated(mut self, proofs: &[Method]) -> Self {
        let Some(newest) = proofs.iter().map(|proof| proof.at).max().filter(|at| *at >= self.auth_time) else { return self };
        if proofs.iter().any(|proof| !proof.second) {
            self.methods.clear();
            self.auth_time = newest;
        }
        self.methods.retain(|old| proofs.iter().all(|new| (new.kind, new.second) != (old.kind, old.second)));
        self.methods.extend_from_slice(proofs);
        self
    }

    /// An authenticator was added to the account, and was at hand. Whoever sits there could add any, so it proves nothing anew: it counts from the
    /// first factor on whose strength it was added, and when somebody last proved who they are stays as it was.
    pub fn with_added(mut self, kind: MethodKind, second: bool) -> Self {
        let at = method::proved_at(&self.methods);
        let same = |old: &Method| (old.kind, old.second) == (kind, second);
        if !self.methods.iter().any(|old| same(old) && old.at >= at) {
            self.methods.retain(|old| !same(old));
            self.methods.push(Method { kind, at, second, identity: None });
        }
        self
    }

    /// The proofs, as an application may ask for their time. Nobody knows when a provider asked that does not say it; but the browser came from there
    /// when the session began.
    pub fn dated_proofs(&self) -> Vec<Method> {
        let at = |proof: &Method| if proof.at == Method::UNDATED { self.created_at } else { proof.at };
        self.methods.iter().map(|proof| Method { at: at(proof), ..proof.clone() }).collect()
    }

    /// A second factor that was given before this session, with an identity that has become the account's since: it comes on top, with the time
    /// at which it was given. When somebody last proved who they are stays as it was.
    pub fn with_earlier(mut self, second: Method) -> Self {
        let same = |old: &Method| (old.kind, old.second) == (second.kind, true);
        if second.second && !self.methods.iter().any(|old| same(old) && old.at >= second.at) {
            self.methods.retain(|old| !same(old));
            self.methods.push(second);
        }
        self
    }

    /// The new `last_seen_at` and `idle_expires_at`, if it is time to write them.
    pub fn seen(&self, lifetimes: Lifetimes, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        (now.since(self.last_seen_at) >= SEEN_EVERY).then(|| (now, idle_end(now, self.expires_at, self.remembered, lifetimes)))
    }

    /// Whether somebody came in by this identity, or may have: old sessions do not say by which.
    pub fn came_in_by(&self, identity: &IdentityId) -> bool {
        let by = |method: &Method| method.identity.as_ref().is_none_or(|own| own == identity);
        self.methods.iter().any(|method| method.kind == MethodKind::Provider && by(method))
    }

    /// The `amr` claim.
    pub fn amr(&self) -> Vec<&'static str> {
        method::amr(&self.methods)
    }

    /// The `acr` claim.
    pub fn acr(&self) -> &'static str {
        method::acr(&self.methods)
    }
}

fn idle_end(now: Timestamp, expires_at: Timestamp, remembered: bool, lifetimes: Lifetimes) -> Timestamp {
    let idle = if remembered { lifetimes.idle } else { lifetimes.short };
    (now + idle).min(expires_at)
}

/// A short name for a User-Agent, such as "Firefox, Linux". Browsers freeze that header, so more would be false precision.
pub fn device(user_agent: &str) -> String {
    let agent: String = user_agent.chars().take(300).collect();
    // Order matters: Edge and Opera call themselves Chrome, Chrome calls itself Safari.
    let browser = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
        ("Wget/", "wget"),
        ("PostmanRuntime/", "Postman"),
        ("okhttp/", "OkHttp"),
        ("python", "Python"),
        ("Go-http-client/", "Go"),
    ];
    let system = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| table.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    match (find(&browser), find(&system)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        // Never the text itself: whoever has somebody's password would write into that person's letters and lists with it.
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;

    const LIFETIMES: Lifetimes = Lifetimes {
        absolute: Duration::from_secs(30 * 86400),
        idle: Duration::from_secs(14 * 86400),
        short: Duration::from_secs(12 * 3600),
    };

    fn session(remembered: bool, now: Timestamp) -> Session {
        let random = Random::seeded(1);
        let proofs = vec![Method::first(MethodKind::Password, now)];
        let opening = Opening { proofs, remembered, device: String::new(), address: String::new() };
        Session::begin(SessionId::new(now, &random), UserId::new(now, &random), opening, LIFETIMES, now)
    }

    #[test]
    fn it_ends_when_idle_and_at_last() {
        let now = Timestamp::from_seconds(1_000_000);
        let mut kept = session(true, now);
        assert!(kept.is_live(now + Duration::from_secs(14 * 86400 - 1)));
        assert!(!kept.is_live(now + Duration::from_secs(14 * 86400)));
        let later = now + Duration::from_secs(13 * 86400);
        let (seen, idle) = kept.seen(LIFETIMES, later).unwrap();
        (kept.last_seen_at, kept.idle_expires_at) = (seen, idle);
        assert!(kept.is_live(now + Duration::from_secs(20 * 86400)));
        let late = now + Duration::from_secs(29 * 86400);
        assert_eq!(kept.seen(LIFETIMES, late).unwrap().1, kept.expires_at, "the idle end never outlives the absolute one");
        assert!(!session(false, now).is_live(now + Duration::from_secs(12 * 3600)));
    }

    #[test]
    fn seeing_it_writes_at_most_once_a_minute() {
        let now = Timestamp::from_seconds(1_000_000);
        assert!(session(true, now).seen(LIFETIMES, now + Duration::from_secs(59)).is_none());
        assert!(session(true, now).seen(LIFETIMES, now + Duration::from_secs(60)).is_some());
    }

    #[test]
    fn a_second_proof_moves_the_time_and_names_each_method_once() {
        let now = Timestamp::from_seconds(1_000_000);
        let later = now + Duration::from_secs(5);
        let again = session(true, now).reauthenticated(&[Method::first(MethodKind::Password, later)]);
        assert_eq!((again.auth_time, again.amr()), (later, vec!["pwd"]));
        let two = again.reauthenticated(&[Method::second(MethodKind::Totp, later)]);
        assert_eq!((two.acr(), two.amr()), (method::ACR_TWO_FACTORS, vec!["pwd", "otp", "mfa"]));
        let even_later = later + Duration::from_secs(5);
        let alone = two.clone().reauthenticated(&[Method::second(MethodKind::Totp, even_later)]);
        assert_eq!((alone.auth_time, alone.amr()), (later, vec!["pwd", "otp", "mfa"]), "a second factor alone moves nothing");
        let one = two.reauthenticated(&[Method::first(MethodKind::Mail, later)]);
        assert_eq!((one.acr(), one.amr()), (method::ACR_ONE_FACTOR, vec!["otp"]), "no more than this sign-in gave");
    }

    #[test]
    fn what_is_added_counts_from_the_proof_that_let_it() {
        let now = Timestamp::from_seconds(1_000_000);
        let two = session(true, now).with_added(MethodKind::SecurityKey, true);
        assert_eq!((two.auth_time, two.methods.last().unwrap().at, two.acr()), (now, now, method::ACR_TWO_FACTORS));
        let given = Method::second(MethodKind::SecurityKey, now + Duration::from_secs(9));
        let again = two.reauthenticated(std::slice::from_ref(&given)).with_added(MethodKind::SecurityKey, true);
        assert!(again.methods.contains(&given), "what was given meanwhile is not forgotten");
        let silent = Session { methods: vec![Method::first(MethodKind::Provider, Method::UNDATED)], ..session(true, now) };
        assert_eq!(silent.clone().with_added(MethodKind::Password, false).methods.last().unwrap().at, Method::UNDATED);
        assert_eq!(silent.dated_proofs(), [Method::first(MethodKind::Provider, now)]);
    }

    #[test]
    fn sessions_know_by_which_identity_they_came_in() {
        let now = Timestamp::from_seconds(1_000_000);
        let random = Random::seeded(2);
        let (own, other) = (IdentityId::new(now, &random), IdentityId::new(now, &random));
        let provider = || Method::first(MethodKind::Provider, now);
        let with = |methods: Vec<Method>| Session { methods, ..session(true, now) };
        let second = Method::second(MethodKind::Totp, now);
        assert!(with(vec![provider().by(own.clone()), second]).came_in_by(&own));
        assert!(!with(vec![provider().by(other)]).came_in_by(&own));
        assert!(with(vec![provider()]).came_in_by(&own), "it may have been that one");
        assert!(!session(true, now).came_in_by(&own));
    }

    #[test]
    fn an_earlier_second_factor_comes_on_top_and_moves_nothing() {
        let now = Timestamp::from_seconds(1_000_000);
        let earlier = now - Duration::from_secs(60);
        let one = session(true, now);
        assert_eq!(one.clone().with_earlier(Method::first(MethodKind::Provider, earlier)).methods, one.methods);
        let two = one.with_earlier(Method::second(MethodKind::Provider, earlier));
        assert_eq!((two.auth_time, two.acr(), two.amr()), (now, method::ACR_TWO_FACTORS, vec!["pwd", "fed", "mfa"]));
        let newer = two.with_earlier(Method::second(MethodKind::Provider, now));
        let older = newer.clone().with_earlier(Method::second(MethodKind::Provider, Method::UNDATED));
        assert_eq!((newer.methods.len(), &older.methods), (2, &newer.methods), "the newest of a kind");
    }

    #[test]
    fn devices_have_short_names() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari, iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("python-requests/2.32", "Python"),
            ("", ""),
            ("Call +43 1 234567 to keep your account", ""),
            ("https://evil.example/ says Linux", "Linux"),
        ] {
            assert_eq!(device(agent), name);
        }
    }
}
