//! What of an answer may not differ: everything but what is drawn anew each time, and what was typed.

use crate::world::Answer;

/// Status, headers and body, without what is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Shape {
    /// `typed` are the texts that were sent and may come back.
    pub fn of(answer: &Answer, typed: &[String]) -> Self {
        let reference = answer.header("x-request-id").to_owned();
        let strip = |text: &str| {
            let mut text = text.to_owned();
            for typed in typed.iter().filter(|typed| !typed.is_empty()) {
                text = text.replace(typed.as_str(), "TYPED").replace(&typed.replace('@', "%40"), "TYPED");
            }
            if !reference.is_empty() {
                text = text.replace(&reference, "REFERENCE");
            }
            without_random(&text)
        };
        let mut headers: Vec<(String, String)> = answer
            .headers
            .iter()
            .map(|(name, value)| {
                let value = value.to_str().unwrap();
                let value = if name == "x-request-id" { format!("{} characters", value.len()) } else { strip(value) };
                (name.to_string(), value)
            })
            .collect();
        headers.sort();
        Self { status: answer.status, headers, body: strip(&answer.text()) }
    }
}

/// Long words become their length: ids, secrets, sealed states. So does the number for a mail's link.
pub fn without_random(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | '+');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let kept = if word.len() < 24 { word.to_owned() } else { format!("<{} characters>", word.len()) };
        out.push_str(&kept);
        let next = after.chars().next().map_or(0, char::len_utf8);
        let (other, after) = after.split_at(next);
        out.push_str(other);
        rest = after;
    }
    match out.split_once("class=\"number\">") {
        Some((before, after)) => format!("{before}class=\"number\">{}", after.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => out,
    }
}

#[test]
fn random_words_become_their_length() {
    let text = "a flow=flow_01kajvzhe2fma9wwfccg8pws75&b <strong class=\"number\">123</strong> short";
    assert_eq!(without_random(text), "a <36 characters>&b <strong class=\"number\"></strong> short");
}
