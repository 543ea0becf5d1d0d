//! Every SQL text of the store, read from its source: the macros of a file are expanded, and whatever is handed to sqlx must be one of
//! the texts found. So no statement can be added that the plans are not asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::tokens::{Token, parse};
use crate::world::Database;

/// What a statement that reads or writes rows begins with.
const VERBS: [&str; 7] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "REPLACE ", "MERGE "];
/// What steers a connection, and has no plan.
const CONTROL: [&str; 12] =
    ["BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT", "PRAGMA", "VACUUM", "LOCK", "SET", "SHOW", "ANALYZE", "LISTEN"];
/// sqlx's functions whose first argument is a statement.
const CALLS: [&str; 6] = ["query", "query_as", "query_scalar", "raw_sql", "query_with", "query_as_with"];
/// The macros of `sql.rs`, and at which place the statement stands.
const MACROS: [(&str, usize); 3] = [("execute", 1), ("optional", 2), ("all", 2)];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) file: String,
    /// It stands in the arm of one database.
    pub(super) only: Option<Dialect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Statement {
    pub(super) fn is_for(&self, database: Database) -> bool {
        match self.only {
            // Its own table.
            None => database == Database::Sqlite || !self.text.contains("sqlite_stat1"),
            Some(Dialect::Sqlite) => database == Database::Sqlite,
            Some(Dialect::Postgres) => database == Database::Postgres,
        }
    }
}

type Tokens = Vec<Token>;
type Rules = Vec<(Tokens, Tokens)>;

/// A file: its tokens, its macros, and the macros it has from others (here → file, there).
struct Source {
    name: String,
    tokens: Tokens,
    macros: BTreeMap<String, Rules>,
    imported: BTreeMap<String, (String, String)>,
}

pub(super) struct Sources(BTreeMap<String, Source>);

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" && !name.ends_with("_tests.rs") {
            found.push(path);
        }
    }
    found
}

/// The code of a file without its tests.
fn code(path: &Path) -> Tokens {
    let text = fs::read_to_string(path).unwrap();
    let own = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
    parse(own)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

impl Sources {
    pub(super) fn read() -> Self {
        let files = rust_files(&root().join("store"));
        assert!(files.len() > 20, "src/store/ was not found");
        let source = |path: PathBuf| Source::new(path.file_stem().unwrap().to_str().unwrap(), code(&path));
        Self(files.into_iter().map(source).map(|source| (source.name.clone(), source)).collect())
    }

    /// A store of one file, for the tests of this module itself.
    pub(super) fn of(code: &str) -> Self {
        Self(BTreeMap::from([("one".to_owned(), Source::new("one", parse(code)))]))
    }

    /// The statements, and what is wrong with how some are handed over.
    pub(super) fn statements(&self) -> (BTreeSet<Statement>, Vec<String>) {
        let mut walk = Walk { sources: self, found: BTreeSet::new(), problems: Vec::new() };
        for source in self.0.values().filter(|source| source.name != "sql") {
            walk.tokens(source, &source.tokens, None);
        }
        (walk.found, walk.problems)
    }

    fn rules(&self, source: &Source, name: &str) -> Option<(&Source, &Rules)> {
        let own = self.0.get(&source.name)?;
        if let Some(rules) = own.macros.get(name) {
            return Some((own, rules));
        }
        let (file, there) = own.imported.get(name)?;
        let other = self.0.get(file)?;
        Some((other, other.macros.get(there)?))
    }

    /// The text that an expression of literals and macros stands for.
    fn text(&self, source: &Source, expression: &[Token]) -> Option<String> {
        match expression {
            [Token::Text(text)] => Some(text.clone()),
            [Token::Word(name), Token::Mark('!'), Token::Group(_, given)] => {
                if name == "concat" {
                    return split(given).iter().map(|part| self.text(source, part)).collect();
                }
                let (home, expanded) = self.expanded(source, name, given)?;
                self.text(home, &expanded).or_else(|| self.text(source, &expanded))
            }
            _ => None,
        }
    }

    fn expanded<'a>(&'a self, source: &'a Source, name: &str, given: &[Token]) -> Option<(&'a Source, Tokens)> {
        let (home, rules) = self.rules(source, name)?;
        rules.iter().find_map(|(pattern, body)| Some((home, substitute(body, &matched(pattern, given)?))))
    }
}

impl Source {
    fn new(name: &str, tokens: Tokens) -> Self {
        let mut source = Self { name: name.to_owned(), macros: BTreeMap::new(), imported: BTreeMap::new(), tokens };
        for window in source.tokens.windows(4) {
            if let [word, _, Token::Word(name), Token::Group(_, body)] = window
                && word.is("macro_rules")
            {
                source.macros.insert(name.clone(), rules(body));
            }
        }
        // `use super::file::{a, b as c};` and `use crate::store::file::{…};`
        let mut imports: Vec<(String, Tokens)> = Vec::new();
        for (at, _) in source.tokens.iter().enumerate().filter(|(_, token)| token.is("use")) {
            match &source.tokens[at + 1..] {
                [up, _, _, Token::Word(file), _, _, Token::Group(_, names), ..] if up.is("super") => {
                    imports.push((file.clone(), names.clone()));
                }
                [up, _, _, room, _, _, Token::Word(file), _, _, Token::Group(_, names), ..]
                    if up.is("crate") && room.is("store") =>
                {
                    imports.push((file.clone(), names.clone()));
                }
                _ => {}
            }
        }
        for (file, names) in imports {
            for name in split(&names) {
                let words: Vec<String> = name.iter().map(ToString::to_string).collect();
                if let (Some(there), Some(here)) = (words.first(), words.last()) {
                    source.imported.insert(here.clone(), (file.clone(), there.clone()));
                }
            }
        }
        source
    }
}

struct Walk<'a> {
    sources: &'a Sources,
    found: BTreeSet<Statement>,
    problems: Vec<String>,
}

impl Walk<'_> {
    fn keep(&mut self, source: &Source, text: &str, only: Option<Dialect>) {
        if VERBS.iter().any(|verb| text.trim_start().starts_with(verb)) {
            self.found.insert(Statement { text: text.to_owned(), file: source.name.clone(), only });
        }
    }

    fn tokens(&mut self, source: &Source, tokens: &[Token], outer: Option<Dialect>) {
        let mut only = outer;
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += match rest {
                [word, _, Token::Word(_), Token::Group(..), ..] if word.is("macro_rules") => 4,
                // A pattern: what follows is for this database, up to the end of the arm or block.
                [word, _, _, database, Token::Group(..), ..] if word.is("Conn") => {
                    only = if database.is("Sqlite") { Some(Dialect::Sqlite) } else { Some(Dialect::Postgres) };
                    5
                }
                [Token::Mark(',' | ';'), ..] => {
                    only = outer;
                    1
                }
                [Token::Text(text), ..] => {
                    self.keep(source, text, only);
                    1
                }
                [Token::Word(name), Token::Mark('!'), Token::Group(_, given), ..] => {
                    self.invoked(source, name, given, &rest[..3], only);
                    3
                }
                // `use sqlx::{query, …}` and the like have no arguments.
                [Token::Word(name), after, ..] if CALLS.contains(&name.as_str()) && !after.is_mark(',') => {
                    if let Some(Token::Group('(', given)) = rest[1..].iter().find(|token| matches!(token, Token::Group(..))) {
                        self.handed_over(source, split(given).first().map_or(&[], Vec::as_slice));
                    }
                    1
                }
                [Token::Group(open, inner), ..] => {
                    self.tokens(source, inner, only);
                    if *open == '{' {
                        only = outer;
                    }
                    1
                }
                _ => 1,
            };
        }
    }

    fn invoked(&mut self, source: &Source, name: &str, given: &[Token], whole: &[Token], only: Option<Dialect>) {
        if let Some(text) = self.sources.text(source, whole) {
            let named = |dialect: &str| given.first().is_some_and(|token| token.is(dialect));
            let only = only.or_else(|| named("sqlite").then_some(Dialect::Sqlite));
            self.keep(source, &text, only.or_else(|| named("postgres").then_some(Dialect::Postgres)));
            return;
        }
        if let Some((_, place)) = MACROS.iter().find(|(known, _)| *known == name) {
            let parts = split(given);
            self.handed_over(source, parts.get(*place).map_or(&[], Vec::as_slice));
        } else if let Some((_, expanded)) = self.sources.expanded(source, name, given) {
            self.tokens(source, &expanded, only);
            return;
        }
        self.tokens(source, given, only);
    }

    /// What is handed to sqlx is a text that was found, or a name for texts in literals.
    fn handed_over(&mut self, source: &Source, expression: &[Token]) {
        let shown = || expression.iter().map(ToString::to_string).collect::<String>();
        match self.sources.text(source, expression) {
            Some(text) => {
                let known = VERBS.iter().any(|verb| text.trim_start().starts_with(verb));
                if !known && !CONTROL.iter().any(|verb| text.starts_with(verb)) {
                    self.problems.push(format!("{}: a statement that begins with no known word: {text}", source.name));
                }
            }
            // A name, or a field: bound to literals somewhere, for sqlx takes `&'static str` only, and every literal is looked at.
            None if expression.iter().all(|token| matches!(token, Token::Word(_) | Token::Mark('.'))) => {}
            None => self.problems.push(format!("{}: a statement that cannot be read from the source: {}", source.name, shown())),
        }
    }
}

/// Texts that look like statements outside the store.
pub(super) fn outside() -> Vec<String> {
    let store = root().join("store");
    let mut found = Vec::new();
    for path in rust_files(&root()).into_iter().filter(|path| !path.starts_with(&store)) {
        let mut waiting = code(&path);
        while let Some(token) = waiting.pop() {
            match token {
                Token::Group(_, inner) => waiting.extend(inner),
                Token::Text(text) => {
                    let words = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];
                    if words.iter().any(|word| text.starts_with(word)) {
                        found.push(format!("{}: {text}", path.display()));
                    }
                }
                token if token.is("AssertSqlSafe") => found.push(format!("{}: AssertSqlSafe", path.display())),
                _ => {}
            }
        }
    }
    found
}

/// `(pattern) => { body }; …`
fn rules(tokens: &[Token]) -> Rules {
    let group = |token: &Token| match token {
        Token::Group(_, inner) => Some(inner.clone()),
        _ => None,
    };
    let groups: Vec<Tokens> = tokens.iter().filter_map(group).collect();
    groups.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

fn split(tokens: &[Token]) -> Vec<Tokens> {
    tokens.split(|token| token.is_mark(',')).filter(|part| !part.is_empty()).map(<[Token]>::to_vec).collect()
}

/// `$name:kind` binds one token, every other one stands for itself. No repetitions: they are `sql.rs`'s, which is known by heart.
fn matched(pattern: &[Token], given: &[Token]) -> Option<BTreeMap<String, Token>> {
    let (mut bound, mut at, mut given) = (BTreeMap::new(), 0, given.iter());
    while at < pattern.len() {
        if let [Token::Mark('$'), Token::Word(name), _, Token::Word(_), ..] = &pattern[at..] {
            bound.insert(name.clone(), given.next()?.clone());
            at += 4;
        } else {
            (*given.next()? == pattern[at]).then_some(())?;
            at += 1;
        }
    }
    given.next().is_none().then_some(bound)
}

fn substitute(body: &[Token], bound: &BTreeMap<String, Token>) -> Tokens {
    let mut made = Tokens::new();
    let mut at = 0;
    while at < body.len() {
        match &body[at..] {
            [Token::Mark('$'), Token::Word(name), ..] if bound.contains_key(name) => {
                made.push(bound[name].clone());
                at += 2;
            }
            [Token::Group(open, inner), ..] => {
                made.push(Token::Group(*open, substitute(inner, bound)));
                at += 1;
            }
            [token, ..] => {
                made.push(token.clone());
                at += 1;
            }
            [] => break,
        }
    }
    made
}
