//! The policies that a deployment publishes: documents in versions that never change.
//!
//! A change is a new version: a new file in `docs/policies`, a new row below. The texts of versions that were published are fixed by their hashes,
//! which stand here by hand. All of them supplement the terms between the deployment's operator and its users, and where they differ the terms
//! win; among themselves the order of [`POLICIES`] decides (R163).

use jiff::Timestamp;

pub use crate::deprecation::Day;

/// One document, in all its versions.
#[derive(Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name in addresses.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Its versions, the oldest first.
    pub versions: &'static [Version],
}

/// One version of a document. Earlier ones stay readable (R040).
#[derive(Debug, PartialEq, Eq)]
pub struct Version {
    /// Its name in addresses.
    pub name: &'static str,
    /// From when it holds.
    pub effective: Day,
    /// Whether it changes something that matters to people (R032).
    pub significant: bool,
    /// Whether it takes rights away, so that it holds only for who agrees to it (R033).
    pub reduces_rights: bool,
    /// The SHA-256 of its text, in hexadecimal: a published text is never changed.
    pub sha256: &'static str,
    /// Its text, in Markdown.
    pub text: &'static str,
}

/// Every policy, in the order of precedence: what stands first wins over what stands behind. The operator's own terms win over all of them.
pub static POLICIES: &[Policy] = &[
    Policy {
        name: PRIVACY,
        title: "Privacy policy",
        versions: &[Version {
            name: "1",
            effective: Day::new(2026, 11, 22),
            significant: true,
            reduces_rights: false,
            sha256: "b29b07c0f5329e266884064da8ff25317166a160e01f0bef277af9c0c0db2cce",
            text: include_str!("../../../docs/policies/privacy/1.md"),
        }],
    },
    Policy {
        name: "api-usage",
        title: "API usage policy",
        versions: &[Version {
            name: "1",
            effective: Day::new(2026, 11, 22),
            significant: true,
            reduces_rights: false,
            sha256: "3bd56393cd7c2de1f6a9c92fa29f13f1bc1e307cc91889c2ff6046303d9fa699",
            text: include_str!("../../../docs/policies/api-usage/1.md"),
        }],
    },
    Policy {
        name: "migration-data",
        title: "Migration data policy",
        versions: &[Version {
            name: "1",
            effective: Day::new(2026, 11, 22),
            significant: true,
            reduces_rights: false,
            sha256: "68c8e9502eb35ff64f71176d227cdacb14adc0d19ce720508776ad3694a11b55",
            text: include_str!("../../../docs/policies/migration-data/1.md"),
        }],
    },
];

/// The name of the policy that is accepted with a sign-up.
pub const PRIVACY: &str = "privacy";

/// The policy of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Policy> {
    among(POLICIES, name)
}

/// The policy of this name among `policies`.
#[must_use]
pub fn among<'a>(policies: &'a [Policy], name: &str) -> Option<&'a Policy> {
    policies.iter().find(|policy| policy.name == name)
}

impl Policy {
    /// The version of this name.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&'static Version> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// The version that holds at `now`; nothing before the first does.
    #[must_use]
    pub fn in_effect(&self, now: Timestamp) -> Option<&'static Version> {
        self.versions.iter().rfind(|version| version.effective.start() <= now)
    }

    /// The version that comes next after `now`, where one is published (R032).
    #[must_use]
    pub fn coming(&self, now: Timestamp) -> Option<&Version> {
        self.versions.iter().find(|version| version.effective.start() > now)
    }

    /// Whether the version of this name can be accepted at `now`: it exists, and no later one has taken its place.
    #[must_use]
    pub fn can_be_accepted(&self, name: &str, now: Timestamp) -> bool {
        let replaced = |version: &Version| self.in_effect(now).is_some_and(|holds| version.effective < holds.effective);
        self.version(name).is_some_and(|version| !replaced(version))
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::hex::hex;

    fn hash(text: &str) -> String {
        hex(&Sha256::digest(text))
    }

    #[test]
    fn r040_a_published_text_is_what_it_was() {
        for policy in POLICIES {
            assert!(!policy.versions.is_empty(), "{}", policy.name);
            for version in policy.versions {
                let Policy { name, title, .. } = policy;
                assert_eq!(hash(version.text), version.sha256, "{name} {}: a change is a new version", version.name);
                assert!(version.text.starts_with(&format!("# {title}\n\nVersion {},", version.name)), "{name}");
            }
            assert!(policy.versions.is_sorted_by(|a, b| a.effective < b.effective), "{}", policy.name);
        }
    }

    #[test]
    fn r163_every_policy_says_that_the_terms_win() {
        for version in POLICIES.iter().flat_map(|policy| policy.versions) {
            let text = version.text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains("It supplements the terms between you and whoever runs this gateway"), "{text}");
            assert!(text.contains("where the two differ, the terms win"), "{text}");
        }
    }

    #[test]
    fn the_newest_version_that_has_begun_holds() {
        const fn version(name: &'static str, month: i64) -> Version {
            let effective = Day::new(2027, month, 1);
            Version { name, effective, significant: true, reduces_rights: false, sha256: "", text: "" }
        }
        let policy = Policy { name: "a", title: "A", versions: const { &[version("1", 1), version("2", 3)] } };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (now, holds, comes, can) in [
            ("2026-12-31T23:59:59Z", None, Some("1"), [true, true]),
            ("2027-01-01T00:00:00Z", Some("1"), Some("2"), [true, true]),
            ("2027-02-28T23:59:59Z", Some("1"), Some("2"), [true, true]),
            ("2027-03-01T00:00:00Z", Some("2"), None, [false, true]),
        ] {
            assert_eq!(policy.in_effect(at(now)).map(|version| version.name), holds, "{now}");
            assert_eq!(policy.coming(at(now)).map(|version| version.name), comes, "{now}");
            assert_eq!(["1", "2"].map(|name| policy.can_be_accepted(name, at(now))), can, "{now}");
            assert!(!policy.can_be_accepted("3", at(now)));
        }
    }
}
