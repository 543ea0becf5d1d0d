//! Texts of the operator's own: files `<dir>/<language>/<message><ending>` that stand in for the built-in mail and SMS texts.
//!
//! All are read, compiled and tried with sample values at the start, so that what is wrong with one is known before it is needed.
//! Files whose names begin with `_` are for `extends` and `include`; those that begin with a dot are not ours.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use minijinja::{Environment, ErrorKind, HtmlEscape, UndefinedBehavior, Value};

use crate::locale::Locale;

/// A text larger than this is a mistake: no mail of ours fills a quarter of a megabyte.
const LARGEST: u64 = 256 * 1024;

/// A text of a message. The order is that of the endings: the first that fits a file's name is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Subject,
    Sms,
    Html,
    Text,
}

impl Part {
    const ALL: [Self; 4] = [Self::Subject, Self::Sms, Self::Html, Self::Text];
    /// The texts of a mail.
    pub const MAIL: &'static [Self] = &[Self::Subject, Self::Html, Self::Text];
    /// The texts of an SMS.
    pub const SMS: &'static [Self] = &[Self::Sms];

    const fn ending(self) -> &'static str {
        match self {
            Self::Subject => ".subject.txt",
            Self::Sms => ".sms.txt",
            Self::Html => ".html",
            Self::Text => ".txt",
        }
    }
}

/// A message as its texts see it: its name, its variables, and what no text of it may lose.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// The file's name without its ending.
    pub name: &'static str,
    pub parts: &'static [Part],
    /// A map. Whatever is not in it is unknown.
    pub variables: Value,
    /// In every text, and at the beginning of a subject, where a notification shows it.
    pub code: Option<&'a str>,
    /// In every text but the subject.
    pub links: Vec<&'a str>,
}

/// What is wrong with the operator's texts; `Display` is a line each, with the file's name.
#[derive(Debug, Default)]
pub struct OverrideErrors(Vec<String>);

impl fmt::Display for OverrideErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for OverrideErrors {}

impl OverrideErrors {
    fn add(&mut self, path: &Path, what: impl fmt::Display) {
        self.0.push(format!("{}: {what}", path.display()));
    }
}

/// The operator's texts, compiled.
#[derive(Debug)]
pub struct Overrides {
    templates: Environment<'static>,
    /// The names of those that stand in for a built-in text.
    names: BTreeSet<String>,
}

impl Default for Overrides {
    /// None: every text is the built-in one.
    fn default() -> Self {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        Self { templates, names: BTreeSet::new() }
    }
}

/// A file that was read: its path, and its name as a template, `<language>/<file>` or `<file>`.
struct Read {
    path: PathBuf,
    name: String,
}

impl Overrides {
    /// Reads and tries every file under `dir`. `samples` are all messages there are, filled with sample values; one that looks
    /// different from case to case stands in it more than once.
    pub fn load(dir: &Path, samples: &[Piece<'_>]) -> Result<Self, OverrideErrors> {
        let mut errors = OverrideErrors::default();
        let mut overrides = Self::default();
        let found = overrides.read(dir, &mut errors);
        for file in found.iter().filter(|file| !is_shared(&file.name)) {
            if let Err(what) = overrides.try_out(&file.name, samples) {
                errors.add(&file.path, what);
            }
            overrides.names.insert(file.name.clone());
        }
        if errors.0.is_empty() { Ok(overrides) } else { Err(errors) }
    }

    /// Compiles the shared files at the top and everything in the languages' folders.
    fn read(&mut self, dir: &Path, errors: &mut OverrideErrors) -> Vec<Read> {
        let mut found = Vec::new();
        for (path, name) in entries(dir, errors) {
            if !path.is_dir() {
                if name.starts_with('_') {
                    self.compile(path, name, &mut found, errors);
                } else {
                    errors.add(&path, "files stand in a folder of their language, for example en; shared ones begin with _");
                }
            } else if let Some(locale) = Locale::ALL.into_iter().find(|locale| locale.tag() == name) {
                for (path, file) in entries(&path, errors) {
                    self.compile(path, format!("{}/{file}", locale.tag()), &mut found, errors);
                }
            } else {
                errors.add(&path, format!("no language of ours; there are {}", Locale::ALL.map(Locale::tag).join(", ")));
            }
        }
        found
    }

    fn compile(&mut self, path: PathBuf, name: String, found: &mut Vec<Read>, errors: &mut OverrideErrors) {
        match read_text(&path) {
            Err(error) => errors.add(&path, format!("cannot be read: {error}")),
            Ok(text) => match self.templates.add_template_owned(name.clone(), text) {
                Err(error) => errors.add(&path, reason(&error)),
                Ok(()) => found.push(Read { path, name }),
            },
        }
    }

    fn try_out(&self, name: &str, samples: &[Piece<'_>]) -> Result<(), String> {
        let file = name.rsplit('/').next().unwrap_or_default();
        let named = Part::ALL.into_iter().find_map(|part| Some((part, file.strip_suffix(part.ending())?)));
        let (part, message) = named.ok_or("unknown ending; there are .subject.txt, .txt, .html and .sms.txt")?;
        let mut known: Vec<&str> = samples.iter().filter(|piece| piece.parts.contains(&part)).map(|piece| piece.name).collect();
        if !known.contains(&message) {
            known.dedup();
            return Err(format!("there is no message \"{message}\" with such a text; there are {}", known.join(", ")));
        }
        for piece in samples.iter().filter(|piece| piece.name == message && piece.parts.contains(&part)) {
            self.unknown_variable(name, piece)?;
            self.fill(name, piece, part)?;
        }
        Ok(())
    }

    /// Rendering alone would miss a wrong name in a branch that the sample does not take.
    fn unknown_variable(&self, name: &str, piece: &Piece<'_>) -> Result<(), String> {
        let template = self.templates.get_template(name).map_err(|error| reason(&error))?;
        let is_known = |name: &str| {
            piece.variables.get_attr(name).is_ok_and(|value| !value.is_undefined())
                || self.templates.globals().any(|(global, _)| global == name)
        };
        let mut unknown: Vec<String> = template.undeclared_variables(false).into_iter().filter(|name| !is_known(name)).collect();
        unknown.sort();
        let Some(unknown) = unknown.first() else { return Ok(()) };
        let mut known: Vec<String> = piece.variables.try_iter().into_iter().flatten().map(|key| key.to_string()).collect();
        known.sort();
        Err(format!("unknown variable \"{unknown}\"; there are {}", known.join(", ")))
    }

    fn fill(&self, name: &str, piece: &Piece<'_>, part: Part) -> Result<String, String> {
        let template = self.templates.get_template(name).map_err(|error| reason(&error))?;
        let text = template.render(&piece.variables).map_err(|error| reason(&error))?;
        let text = match part {
            Part::Subject | Part::Sms => text.trim().to_owned(),
            Part::Html | Part::Text => text,
        };
        check(piece, part, &text)?;
        Ok(text)
    }

    /// The operator's text, if there is one. What breaks with real values in spite of the samples is logged, and the built-in text
    /// is sent: a code that arrives is worth more than a layout.
    pub fn render(&self, locale: Locale, piece: &Piece<'_>, part: Part) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let name = format!("{}/{}{}", locale.tag(), piece.name, part.ending());
        if !self.names.contains(&name) {
            return None;
        }
        let filled = self.fill(&name, piece, part);
        filled.inspect_err(|reason| tracing::error!(template = name, reason, "a template failed; the built-in text is sent")).ok()
    }

    /// Whether every text is the built-in one.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// Whether a template is only for others to use.
fn is_shared(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|file| file.starts_with('_'))
}

/// What every text of a message must hold to be of use.
fn check(piece: &Piece<'_>, part: Part, text: &str) -> Result<(), String> {
    let holds = |value: &str| text.contains(value) || (part == Part::Html && text.contains(&HtmlEscape(value).to_string()));
    let lost = |name: &str| Err(format!("{{{{ {name} }}}} is missing from the text"));
    match (part, piece.code) {
        (Part::Subject, _) if text.is_empty() => return Err("the subject is empty".to_owned()),
        (Part::Subject, _) if text.chars().any(char::is_control) => return Err("a subject is one line".to_owned()),
        (Part::Subject, Some(code)) if !text.starts_with(code) => {
            return Err("the subject must begin with {{ code }}, so that a notification shows it".to_owned());
        }
        (Part::Subject, _) => return Ok(()),
        (_, Some(code)) if !holds(code) => return lost("code"),
        _ => {}
    }
    match piece.links.iter().find(|link| !holds(link)) {
        Some(link) => lost(&name_of(piece, link)),
        None => Ok(()),
    }
}

/// The variable that holds a value.
fn name_of(piece: &Piece<'_>, value: &str) -> String {
    let keys = piece.variables.try_iter().into_iter().flatten();
    let mut named = keys.filter(|key| piece.variables.get_item(key).is_ok_and(|found| found.as_str() == Some(value)));
    named.next().map_or_else(|| "link".to_owned(), |key| key.to_string())
}

/// One line: what is wrong and where.
fn reason(error: &minijinja::Error) -> String {
    let what = match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, None) => "a value that does not exist is used".to_owned(),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    // Of an included file, its own line.
    let deepest = std::iter::successors(std::error::Error::source(error), |source| source.source()).last();
    let deepest = deepest.and_then(|source| source.downcast_ref::<minijinja::Error>()).map(reason);
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let inner = deepest.map(|deepest| format!(" ({deepest})")).unwrap_or_default();
    format!("{line}{what}{inner}").replace(['\n', '\r'], " ")
}

/// A folder's entries by name, without those that begin with a dot.
fn entries(dir: &Path, errors: &mut OverrideErrors) -> Vec<(PathBuf, String)> {
    let listed = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut found = Vec::new();
    match listed {
        Err(error) => errors.add(dir, format!("cannot be read: {error}")),
        Ok(listed) => {
            for entry in listed {
                match entry.file_name().into_string() {
                    Ok(name) if name.starts_with('.') => {}
                    Ok(name) => found.push((entry.path(), name)),
                    Err(_) => errors.add(&entry.path(), "the file's name is not UTF-8"),
                }
            }
        }
    }
    found.sort();
    found
}

fn read_text(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > LARGEST {
        return Err(io::Error::other("larger than 256 KiB"));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn pieces() -> Vec<Piece<'static>> {
        let link = "https://id.example/reset/link?token=a.b&c=<d>";
        let variables = context! { code => "493817", link, minutes => 10, site => "A <b> & Co" };
        let none: Option<&str> = None;
        vec![
            Piece { name: "reset", parts: Part::MAIL, variables: variables.clone(), code: Some("493817"), links: vec![link] },
            Piece { name: "reset", parts: Part::SMS, variables, code: Some("493817"), links: vec![] },
            Piece { name: "bye", parts: Part::MAIL, variables: context! { site => "x", link }, code: None, links: vec![link] },
            Piece {
                name: "bye",
                parts: Part::MAIL,
                variables: context! { site => "x", link => none },
                code: None,
                links: vec![],
            },
        ]
    }

    fn load(files: &[(&str, &str)]) -> Result<Overrides, String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let prefix = format!("{}/", dir.path().display());
        Overrides::load(dir.path(), &pieces()).map_err(|errors| errors.to_string().replace(&prefix, ""))
    }

    #[test]
    fn a_file_replaces_its_text_and_no_other() {
        let own = load(&[
            ("de/reset.subject.txt", "{{ code }}: neues Kennwort\n"),
            ("de/reset.html", "<p>{{ site }}</p><a href=\"{{ link }}\">{{ code }}</a>"),
            ("de/reset.sms.txt", "{{ code }} {{ site }}\n"),
            (".git/config", "x"),
            ("de/.reset.txt.swp", "x"),
        ])
        .unwrap();
        let pieces = pieces();
        let reset = pieces.first().unwrap();
        assert_eq!(own.render(Locale::De, reset, Part::Subject).unwrap(), "493817: neues Kennwort");
        let html = own.render(Locale::De, reset, Part::Html).unwrap();
        assert!(html.contains("A &lt;b&gt; &amp; Co") && !html.contains("<d>"), "{html}");
        assert_eq!(own.render(Locale::De, pieces.get(1).unwrap(), Part::Sms).unwrap(), "493817 A <b> & Co");
        assert!(own.render(Locale::De, reset, Part::Text).is_none());
        assert!(own.render(Locale::En, reset, Part::Subject).is_none());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_file() {
        for (name, text, expected) in [
            ("en/reset.txt", "{{ code }} {{ link }} {% if %}", "en/reset.txt: line 1: "),
            (
                "en/reset.txt",
                "{{ code }} {{ link }} {{ minuts }}",
                "unknown variable \"minuts\"; there are code, link, minutes, site",
            ),
            ("en/reset.txt", "{{ code }} {{ link }}{% if false %}{{ x }}{% endif %}", "en/reset.txt: unknown variable \"x\""),
            ("en/reset.txt", "\n{{ code }} {{ link }} {{ site.x }}", "en/reset.txt: line 2: "),
            ("en/reset.txt", "{{ code }}", "en/reset.txt: {{ link }} is missing from the text"),
            ("en/reset.txt", "{{ link }}", "en/reset.txt: {{ code }} is missing from the text"),
            ("en/reset.html", "{{ link }}", "en/reset.html: {{ code }} is missing from the text"),
            ("en/reset.sms.txt", "Hello", "en/reset.sms.txt: {{ code }} is missing from the text"),
            ("en/reset.subject.txt", "Your code: {{ code }}", "en/reset.subject.txt: the subject must begin with {{ code }}"),
            ("en/reset.subject.txt", "{{ code }}\nBcc: x", "en/reset.subject.txt: a subject is one line"),
            ("en/bye.subject.txt", " \n", "en/bye.subject.txt: the subject is empty"),
            ("en/bye.txt", "{{ site }}", "en/bye.txt: {{ link }} is missing from the text"),
            ("en/bye.sms.txt", "x", "there is no message \"bye\" with such a text; there are reset"),
            ("en/rest.txt", "x", "en/rest.txt: there is no message \"rest\" with such a text; there are reset, bye"),
            ("en/reset.text", "x", "en/reset.text: unknown ending"),
            ("en/reset.txt", "{% extends \"_nowhere.txt\" %}", "en/reset.txt: "),
            ("en/sub/reset.txt", "x", "en/sub: cannot be read"),
            ("reset.txt", "x", "reset.txt: files stand in a folder of their language"),
            ("eng/reset.txt", "x", "eng: no language of ours; there are en, de"),
        ] {
            let refused = load(&[(name, text)]).map(|_| ()).unwrap_err();
            assert!(refused.contains(expected), "{name} {text:?}: {refused}");
            assert!(!refused.contains('\n'), "{refused}");
        }
        let both = load(&[("en/reset.txt", "x"), ("de/reset.txt", "{{")]).map(|_| ()).unwrap_err();
        assert_eq!(both.lines().count(), 2, "{both}");
        assert!(Overrides::load(Path::new("/nowhere"), &[]).is_err());
    }

    #[test]
    fn a_frame_is_shared() {
        let own = load(&[
            ("_frame.html", "<b>{{ site }}</b>{% block body %}{% endblock %}"),
            ("en/reset.html", "{% extends \"_frame.html\" %}{% block body %}{{ code }} {{ link }}{% endblock %}"),
            ("en/bye.txt", "{% if link %}{{ link }}{% else %}nothing{% endif %}"),
        ])
        .unwrap();
        let pieces = pieces();
        let html = own.render(Locale::En, pieces.first().unwrap(), Part::Html).unwrap();
        assert!(html.starts_with("<b>A &lt;b&gt; &amp; Co</b>493817 "), "{html}");
        let bare = own.render(Locale::En, pieces.last().unwrap(), Part::Text).unwrap();
        assert_eq!(bare, "nothing");
    }
}
