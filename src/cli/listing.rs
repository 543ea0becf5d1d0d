//! Lists: which part of them, and how they are printed.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use clap::Args;
use serde_json::Value;

use super::output::{complain, print, read_by};

/// Entries on a screen, where nobody asked for more.
const SCREEN: u64 = 50;

/// What every list takes.
#[derive(Debug, Args)]
pub(super) struct Page {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Only those in which this text occurs, in capitals or not
    #[arg(long = "match", value_name = "TEXT")]
    pub(super) matching: Option<String>,
    /// At most so many [default: 50 on a terminal, else all]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u64>,
    /// Go on after the entry with this id
    #[arg(long, value_name = "ID")]
    pub(super) after: Option<String>,
}

impl Page {
    fn limit(&self) -> u64 {
        let screen = !self.json && io::stdout().is_terminal();
        self.limit.unwrap_or(if screen { SCREEN } else { u64::MAX })
    }

    /// Whether one of these texts holds the one that is looked for.
    pub(super) fn wants<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        self.matching.as_ref().is_none_or(|wanted| {
            let wanted = wanted.to_lowercase();
            texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
        })
    }
}

/// The columns of a list for people: a name, and a width that most values fit into. The last one takes what is left.
pub(super) type Columns = &'static [(&'static str, usize)];

/// A row: what goes into each column is padded, and what is too long pushes the rest aside.
pub(super) fn row(columns: Columns, values: &[&str]) -> String {
    let cells = columns.iter().zip(values).map(|((_, width), value)| format!("{value:<width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// The names of the columns.
pub(super) fn header(columns: Columns) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    row(columns, &names)
}

/// A short list, under its header.
pub(super) fn print_rows(columns: Columns, rows: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        print(&header(columns))?;
    }
    rows.try_for_each(|values| print(&row(columns, &values.iter().map(String::as_str).collect::<Vec<_>>())))
}

/// A list that is printed as it is read, so that a million accounts need no more memory than one: a JSON array, or lines under a header.
pub(super) struct Listing<W: io::Write> {
    out: BufWriter<W>,
    as_json: bool,
    columns: Columns,
    is_empty: bool,
    left: u64,
}

/// Whether more is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Reads,
    /// Nobody reads any further.
    Gone,
    /// This entry is one too many.
    Full,
}

impl Listing<io::Stdout> {
    pub(super) fn new(page: &Page, columns: Columns) -> Self {
        Self::on(io::stdout(), page.json, columns, page.limit())
    }
}

impl<W: io::Write> Listing<W> {
    fn on(out: W, as_json: bool, columns: Columns, left: u64) -> Self {
        Self { out: BufWriter::new(out), as_json, columns, is_empty: true, left }
    }

    /// One more: a value for programs, or a row for people.
    pub(super) fn push(&mut self, item: &Item) -> io::Result<Reader> {
        if self.left == 0 {
            return Ok(Reader::Full);
        }
        self.left -= 1;
        let written = match item {
            Item::Row(values) => {
                let header = if self.is_empty { format!("{}\n", header(self.columns)) } else { String::new() };
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                writeln!(self.out, "{header}{}", row(self.columns, &values))
            }
            Item::Json(value) => {
                let joint = if self.is_empty { "[" } else { "," };
                // No line ends within a JSON text: each one here is of the layout.
                write!(self.out, "{joint}\n  {}", format!("{value:#}").replace('\n', "\n  "))
            }
        };
        self.is_empty = false;
        Ok(if read_by(written)? { Reader::Reads } else { Reader::Gone })
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        let close = match (self.as_json, self.is_empty) {
            (false, _) => "",
            (true, true) => "[]\n",
            (true, false) => "\n]\n",
        };
        read_by(self.out.write_all(close.as_bytes()).and_then(|()| self.out.flush())).map(drop)
    }

    /// The end of a page, with how to see the next one: beside the list, so that a program reads the list alone.
    pub(super) fn end_before_more(self, last: Option<&str>) -> io::Result<()> {
        self.end()?;
        if let Some(last) = last {
            complain(&format!("there are more: --after {last}, or --limit"));
        }
        Ok(())
    }
}

/// An entry of a [`Listing`].
pub(super) enum Item {
    Json(Value),
    Row(Vec<String>),
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use serde_json::json;

    use super::*;

    const COLUMNS: Columns = &[("ID", 4), ("NAME", 6)];

    #[test]
    fn a_listing_is_the_array_that_it_would_be_in_one_piece() {
        for items in [vec![], vec![json!({"a": "x\ny", "b": [1, {"c": null}]})], vec![json!({}), json!({"a": 1}), json!("z")]] {
            let mut out = Vec::new();
            let mut listing = Listing::on(&mut out, true, COLUMNS, u64::MAX);
            for item in &items {
                assert_eq!(listing.push(&Item::Json(item.clone())).unwrap(), Reader::Reads);
            }
            listing.end().unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{:#}\n", Value::Array(items)));
        }
    }

    #[test]
    fn rows_stand_under_a_header_and_end_where_the_page_does() {
        let mut out = Vec::new();
        let mut listing = Listing::on(&mut out, false, COLUMNS, 2);
        let item = |id: &str| Item::Row(vec![id.to_owned(), String::new()]);
        let pushed: Vec<Reader> = ["a", "longer", "c"].iter().map(|id| listing.push(&item(id)).unwrap()).collect();
        assert_eq!(pushed, [Reader::Reads, Reader::Reads, Reader::Full]);
        listing.end().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "ID    NAME\na\nlonger\n");
    }

    /// Takes a little, and then nobody is there any more.
    struct Head(usize);

    impl io::Write for Head {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_listing_that_nobody_reads_any_more_says_so() {
        let mut listing = Listing::on(Head(100_000), false, COLUMNS, u64::MAX);
        let line = Item::Row(vec!["x".repeat(1_000), String::new()]);
        let read = (0..1_000).take_while(|_| listing.push(&line).unwrap() == Reader::Reads).count();
        assert!((90..120).contains(&read), "{read}");
        listing.end().unwrap();
    }
}
