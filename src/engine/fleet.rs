//! Nodes on one database: what each says of itself, and where two must not differ.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::time::Timestamp;

/// What a node says of itself. A later version may say more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Says {
    /// Its machine and port, for people.
    pub name: String,
    pub version: String,
    /// The newest migration that it knows.
    pub migration: String,
    /// The one setting that is shown, since everybody sees it anyway.
    pub public_url: String,
    /// Of each section of the settings that all must have alike, a digest.
    pub sections: BTreeMap<String, String>,
    /// Fingerprints of its master keys; the first one seals.
    pub master_keys: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub id: NodeId,
    pub says: Says,
}

/// What `other` has otherwise than `ours`, as sentences for the operator; none if they can work together.
pub fn differences(ours: &Says, other: &Says) -> Vec<String> {
    let mut found = Vec::new();
    let name = &other.name;
    if ours.public_url != other.public_url {
        found.push(format!("the node {name} has server.public_url {} and this one {}", other.public_url, ours.public_url));
    }
    let differs = |(section, digest): &(&String, &String)| other.sections.get(*section).is_some_and(|theirs| theirs != *digest);
    let sections: Vec<&str> = ours.sections.iter().filter(differs).map(|(section, _)| section.as_str()).collect();
    // Another version may print the same settings otherwise.
    if !sections.is_empty() && ours.version == other.version {
        found.push(format!("the node {name} has other settings in {}", sections.join(", ")));
    }
    if other.master_keys.first().is_some_and(|key| !ours.master_keys.contains(key)) {
        found.push(format!(
            "the node {name} seals with a master key that this node does not have: put every key in secrets.keys of every node, and only then \
             change which is first"
        ));
    }
    if ours.migration != other.migration || ours.version != other.version {
        found.push(format!(
            "the node {name} runs version {} (migration {}) and this one {} ({})",
            other.version, other.migration, ours.version, ours.migration
        ));
    }
    found
}

/// How far clocks may be apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    Right,
    /// Worth a word to the operator.
    Off,
    /// Codes, refresh tokens and leases of nodes so far apart break each other.
    Wrong,
}

/// From how far the database's clock is ahead of ours (negative: behind), in milliseconds.
pub const fn drift(offset: i64) -> Drift {
    match offset.unsigned_abs() {
        0..=2_000 => Drift::Right,
        2_001..=30_000 => Drift::Off,
        _ => Drift::Wrong,
    }
}

/// How far the database's clock is ahead, from what it told between two looks at ours. None if the answer took so long that nobody can tell.
pub fn clock_offset(before: Timestamp, told: Timestamp, after: Timestamp) -> Option<i64> {
    let trip = after.since(before);
    if trip > Duration::from_secs(1) {
        return None;
    }
    Some(told.millis() - (before + trip / 2).millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(keys: &[&str]) -> Says {
        Says {
            name: "a:8080".to_owned(),
            version: "0.1.0".to_owned(),
            migration: "0010_nodes".to_owned(),
            public_url: "https://id.example".to_owned(),
            sections: BTreeMap::from([("[tokens]".to_owned(), "1".to_owned()), ("[keys]".to_owned(), "2".to_owned())]),
            master_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        }
    }

    #[test]
    fn nodes_that_are_alike_have_nothing_to_say() {
        assert!(differences(&says(&["1"]), &says(&["1"])).is_empty());
        // Both steps of a rotation: every node has both keys, in any order.
        assert!(differences(&says(&["1", "2"]), &says(&["2", "1"])).is_empty());
        assert!(differences(&says(&["1", "2"]), &says(&["1"])).is_empty());
    }

    #[test]
    fn each_difference_is_named() {
        let other = Says { public_url: "https://other.example".to_owned(), ..says(&["1"]) };
        assert!(differences(&says(&["1"]), &other)[0].contains("https://other.example"));
        let mut other = says(&["1"]);
        other.sections.insert("[tokens]".to_owned(), "3".to_owned());
        assert_eq!(differences(&says(&["1"]), &other), ["the node a:8080 has other settings in [tokens]"]);
        assert!(differences(&says(&["1"]), &says(&["2", "1"]))[0].contains("secrets.keys"));
        let newer = Says { version: "0.2.0".to_owned(), migration: "0011_more".to_owned(), ..other };
        let found = differences(&says(&["1"]), &newer);
        assert!(found.len() == 1 && found[0].contains("0011_more"), "{found:?}");
    }

    #[test]
    fn drift_is_right_off_or_wrong() {
        let at = Timestamp::from_millis;
        assert_eq!(clock_offset(at(1_000), at(1_500), at(2_000)), Some(0));
        assert_eq!(clock_offset(at(1_000), at(121_500), at(2_000)), Some(120_000));
        assert_eq!(clock_offset(at(121_000), at(1_000), at(121_000)), Some(-120_000));
        assert_eq!(clock_offset(at(1_000), at(1_500), at(2_001)), None);
        for (offset, state) in
            [(0, Drift::Right), (-2_000, Drift::Right), (2_001, Drift::Off), (-30_000, Drift::Off), (30_001, Drift::Wrong)]
        {
            assert_eq!(drift(offset), state, "{offset}");
        }
    }
}
