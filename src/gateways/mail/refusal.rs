//! What a relay's refusal (5xx) speaks of. RFC 5321 section 4.2, RFC 3463 and the IANA registry of enhanced status codes.
//!
//! Only a refusal of the mailbox itself is the end of a message: asking again changes nothing. Everything else — our sender's address, policy,
//! relaying, quota, the protocol — an operator, a postmaster or a day's end can cure, so the message waits as after a 4xx until it is of no use
//! any more; and where it is for our operator to cure, they are told.

/// When the relay refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// At `MAIL FROM`: nothing was said of a recipient yet.
    Sender,
    /// At `RCPT TO`.
    Recipient,
    /// At `DATA`, or after the message.
    Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The mailbox is not there, or takes no mail: final.
    Mailbox,
    /// Tried again, quietly: their mailbox is full, their mail is not reachable.
    Theirs,
    /// Tried again, and the operator hears of it: it concerns all mail, or will.
    Ours,
}

/// Of a reply: its code and what it says, which may begin with an enhanced status code.
pub(super) fn judge(stage: Stage, code: u16, text: &str) -> Verdict {
    match enhanced(text) {
        Some((subject, detail)) => by_enhanced(stage, subject, detail),
        None => by_code(stage, code, text),
    }
}

fn by_enhanced(stage: Stage, subject: u16, detail: u16) -> Verdict {
    match (subject, detail) {
        // The mailbox: it does not exist, its domain takes no mail (RFC 7505), has moved, is disabled, or is no address.
        (1, 1..=3 | 6 | 10) | (2, 1) | (6, 7) => Verdict::Mailbox,
        // "Other address status" and "ambiguous" are said of both addresses.
        (1, 0 | 4) if stage == Stage::Recipient => Verdict::Mailbox,
        // Full, too small for it, a list that cannot be expanded; on the way to it.
        (2 | 4, _) => Verdict::Theirs,
        // Our address (5.1.7, 5.1.8), their system and its quota (5.3), the protocol (5.5), content (5.6), policy (5.7), and what is yet to come.
        _ => Verdict::Ours,
    }
}

fn by_code(stage: Stage, code: u16, text: &str) -> Verdict {
    let text = text.to_ascii_lowercase();
    // Many servers refuse to relay, or a sender, at RCPT with a bare 550.
    let about_us =
        ["relay", "sender", "authenti", "policy", "spam", "block", "reputation", "quota", "rate", "limit", "dns", "helo", "spf"];
    match (stage, code) {
        (Stage::Recipient, 501 | 550 | 551 | 553) if !about_us.iter().any(|word| text.contains(word)) => Verdict::Mailbox,
        (Stage::Recipient, 552) => Verdict::Theirs,
        _ => Verdict::Ours,
    }
}

/// Subject and detail of a code of class 5 at the beginning of a reply's text.
fn enhanced(text: &str) -> Option<(u16, u16)> {
    let word = text.split_whitespace().next()?.trim_end_matches(|c: char| !c.is_ascii_digit());
    let mut parts = word.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (class == "5" && parts.next().is_none()).then_some((subject, detail))
}

#[cfg(test)]
mod tests {
    use super::{Stage::*, Verdict::*, *};

    #[test]
    fn only_the_mailbox_is_final() {
        for (stage, code, text, verdict) in [
            // The mailbox.
            (Recipient, 550, "5.1.1 <ada@example.org>: Recipient address rejected: User unknown", Mailbox),
            (Recipient, 550, "5.1.2 Bad destination system", Mailbox),
            (Recipient, 553, "5.1.3 bad syntax", Mailbox),
            (Recipient, 551, "5.1.6 has moved, no forwarding address", Mailbox),
            (Recipient, 556, "5.1.10 recipient address has null MX", Mailbox),
            (Recipient, 550, "5.2.1 The account that you tried to reach is disabled", Mailbox),
            (Recipient, 550, "5.1.0 Address rejected", Mailbox),
            (Recipient, 553, "5.6.7 non-ASCII addresses not permitted for that recipient", Mailbox),
            (Content, 550, "5.1.1 no such user", Mailbox),
            (Recipient, 550, "No such user here", Mailbox),
            (Recipient, 550, "unknown user", Mailbox),
            (Recipient, 553, "mailbox name not allowed", Mailbox),
            (Recipient, 551, "User not local", Mailbox),
            (Recipient, 501, "malformed address", Mailbox),
            (Recipient, 550, "", Mailbox),
            // Theirs, and it may pass.
            (Recipient, 552, "5.2.2 mailbox full", Theirs),
            (Recipient, 552, "exceeded storage allocation", Theirs),
            (Recipient, 550, "5.4.1 Recipient address rejected: Access denied", Theirs),
            (Recipient, 550, "5.4.4 unable to route", Theirs),
            // Ours.
            (Sender, 550, "5.1.8 <no-reply@id.example>: Sender address rejected: Domain not found", Ours),
            (Recipient, 550, "5.1.8 Sender address rejected", Ours),
            (Sender, 553, "5.1.7 bad sender's mailbox address syntax", Ours),
            (Sender, 550, "5.1.0 Address rejected", Ours),
            (Sender, 552, "5.3.4 message size exceeds fixed limit", Ours),
            (Content, 552, "5.3.4 message too big for system", Ours),
            (Recipient, 550, "5.3.0 system not accepting", Ours),
            (Sender, 503, "5.5.1 command out of sequence", Ours),
            (Recipient, 550, "5.5.0 protocol", Ours),
            (Recipient, 554, "5.7.1 <ada@example.org>: Relay access denied", Ours),
            (Recipient, 550, "5.7.1 Service unavailable; client host blocked", Ours),
            (Content, 554, "5.7.1 message contains spam", Ours),
            (Content, 550, "5.7.26 unauthenticated mail is prohibited by policy", Ours),
            (Sender, 530, "5.7.0 authentication required", Ours),
            (Recipient, 504, "5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", Ours),
            (Recipient, 504, "need fully-qualified hostname", Ours),
            (Sender, 553, "sender not allowed", Ours),
            (Sender, 550, "who are you", Ours),
            (Sender, 554, "no SMTP service here", Ours),
            (Recipient, 554, "refused", Ours),
            (Recipient, 550, "relay not permitted", Ours),
            (Recipient, 550, "Sender verify failed", Ours),
            (Recipient, 550, "Daily sending quota exceeded", Ours),
            (Recipient, 535, "authentication failed", Ours),
            (Content, 554, "transaction failed", Ours),
            (Content, 550, "content rejected", Ours),
            (Content, 550, "5.6.0 malformed message", Ours),
            // No enhanced code of class 5: the number counts.
            (Recipient, 550, "2.1.5 nonsense", Mailbox),
            (Recipient, 550, "5.1 nonsense", Mailbox),
        ] {
            assert_eq!(judge(stage, code, text), verdict, "{stage:?} {code} {text}");
        }
    }
}
