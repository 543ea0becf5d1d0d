//! Rust source as a tree of tokens: as much of the language as finding string literals and macros in it takes.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Mark(char),
    /// A string, without its quotes and escapes.
    Text(String),
    /// A number, a character, or a lifetime.
    Other(String),
    /// The opening bracket, and what stands between.
    Group(char, Vec<Token>),
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self, Self::Word(word) if word == text)
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Other(text) => f.write_str(text),
            Self::Mark(mark) => write!(f, "{mark}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Group(open, _) => write!(f, "{open}…"),
        }
    }
}

pub(super) fn parse(code: &str) -> Vec<Token> {
    let mut reader = Reader(code);
    let tokens = reader.tokens();
    assert!(reader.0.is_empty(), "a bracket closes that was not opened: {:.80}", reader.0);
    tokens
}

struct Reader<'a>(&'a str);

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.0.split_at(bytes);
        self.0 = rest;
        taken
    }

    /// Up to the closing bracket, which is left.
    fn tokens(&mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        loop {
            self.0 = self.0.trim_start();
            if self.0.starts_with("//") {
                self.take(self.0.find('\n').unwrap_or(self.0.len()));
                continue;
            }
            if self.0.starts_with("/*") {
                self.take(self.0.find("*/").unwrap() + 2);
                continue;
            }
            match self.0.chars().next() {
                None | Some(')' | ']' | '}') => return tokens,
                Some(first) => tokens.push(self.token(first)),
            }
        }
    }

    fn token(&mut self, first: char) -> Token {
        match first {
            '(' | '[' | '{' => {
                self.take(1);
                let inner = self.tokens();
                assert!(!self.0.is_empty(), "{first} is not closed");
                self.take(1);
                Token::Group(first, inner)
            }
            '"' => self.string(),
            'r' if self.0.starts_with("r\"") || self.0.starts_with("r#\"") => self.raw_string(),
            'b' if self.0.starts_with("b\"") || self.0.starts_with("b'") => {
                self.take(1);
                Token::Other(self.token(if self.0.starts_with('"') { '"' } else { '\'' }).to_string())
            }
            '\'' => self.quoted(),
            _ if is_word(first) => {
                let end = self.0.find(|character| !is_word(character)).unwrap_or(self.0.len());
                let word = self.take(end).to_owned();
                if first.is_ascii_digit() { Token::Other(word) } else { Token::Word(word) }
            }
            _ => {
                self.take(first.len_utf8());
                Token::Mark(first)
            }
        }
    }

    fn string(&mut self) -> Token {
        self.take(1);
        let mut text = String::new();
        loop {
            let end = self.0.find(['"', '\\']).unwrap();
            text.push_str(self.take(end));
            if self.take(1) == "\"" {
                return Token::Text(text);
            }
            let escaped = self.0.chars().next().unwrap();
            self.take(escaped.len_utf8());
            match escaped {
                // A line that goes on in the next.
                '\n' => self.0 = self.0.trim_start(),
                'n' => text.push('\n'),
                'u' => {
                    let end = self.0.find('}').unwrap() + 1;
                    self.take(end);
                }
                other => text.push(other),
            }
        }
    }

    fn raw_string(&mut self) -> Token {
        let end = if self.0.starts_with("r#") { "\"#" } else { "\"" };
        self.take(end.len() + 1);
        let length = self.0.find(end).unwrap();
        let text = self.take(length).to_owned();
        self.take(end.len());
        Token::Text(text)
    }

    /// A character, or a lifetime.
    fn quoted(&mut self) -> Token {
        self.take(1);
        let mut characters = self.0.char_indices();
        let (_, first) = characters.next().unwrap();
        let second = characters.next();
        if first == '\\' {
            let from = second.map_or(0, |(at, character)| at + character.len_utf8());
            let end = from + self.0.get(from..).unwrap().find('\'').unwrap() + 1;
            return Token::Other(self.take(end).to_owned());
        }
        if let Some((at, '\'')) = second {
            return Token::Other(self.take(at + 1).to_owned());
        }
        let end = self.0.find(|character| !is_word(character)).unwrap_or(self.0.len());
        Token::Other(self.take(end).to_owned())
    }
}
