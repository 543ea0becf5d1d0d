//! What is wrong with the settings, where, and how to cure it.

use std::fmt;

use super::value::Origin;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub origin: Origin,
    /// `[section] key`, or `[section]`, or nothing for a syntax error.
    pub subject: String,
    pub what: String,
    pub cure: String,
}

impl Problem {
    fn line(&self) -> usize {
        match self.origin {
            Origin::File { line } => line,
            Origin::Default => 0,
            Origin::Environment(_) => usize::MAX,
        }
    }
}

/// Everything that is wrong, in the order of the file, then the environment. `Display` is a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsErrors {
    path: String,
    problems: Vec<Problem>,
}

impl SettingsErrors {
    pub(super) fn new(path: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(Problem::line);
        Self { path: path.to_owned(), problems }
    }

    /// The problems, in order.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match &problem.origin {
                Origin::Default => write!(f, "{}: {}", self.path, problem.subject)?,
                Origin::File { line } => write!(f, "{}:{line}: {}", self.path, problem.subject)?,
                Origin::Environment(name) => write!(f, "environment {name}")?,
            }
            let named = !problem.subject.is_empty() || matches!(problem.origin, Origin::Environment(_));
            write!(f, "{}{}", if named { ": " } else { "" }, problem.what)?;
            if !problem.cure.is_empty() {
                write!(f, "; {}", problem.cure)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for SettingsErrors {}

/// The candidate that is most probably meant, if one is near enough to be a slip of the pen.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (right, cell) in b.chars().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            *cell = (diagonal + usize::from(left != right)).min(above + 1).min(before + 1);
            diagonal = above;
            before = *cell;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("pubic_url", ["listen", "public_url"]), Some("public_url"));
        assert_eq!(nearest("colour", ["listen", "public_url"]), None);
    }
}
