//! What a person gives beside the address, to be compared with what is held (`privacy.md` D.4; R065).
//!
//! Two spellings of one thing have one normal form; the forms are compared as keyed hashes, so that what was given rests nowhere.

use super::CorrectedField;

/// Something that can be compared with what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// The person's name.
    Name,
    /// The telephone number.
    Phone,
    /// The company.
    Company,
    /// The company's web site.
    Website,
    /// The account's id.
    Account,
}

impl Factor {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Name, Self::Phone, Self::Company, Self::Website, Self::Account];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Company => "company",
            Self::Website => "website",
            Self::Account => "account",
        }
    }

    /// The form in which two spellings of one thing are the same; empty where nothing is left of it, which matches nothing.
    #[must_use]
    pub fn normal(self, text: &str) -> String {
        match self {
            Self::Name | Self::Company => words(text),
            Self::Phone => {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                // `00` is how `+` is dialled.
                digits.strip_prefix("00").unwrap_or(&digits).to_owned()
            }
            Self::Website => {
                let rest = text.trim().split_once("://").map_or(text.trim(), |(_, rest)| rest);
                let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default().to_ascii_lowercase();
                host.strip_prefix("www.").unwrap_or(&host).to_owned()
            }
            Self::Account => text.trim().to_owned(),
        }
    }

    /// Whether a correction is about it: what is said to be wrong proves nothing (11 CCR 7060(h)).
    #[must_use]
    pub const fn is_contested_by(self, corrected: CorrectedField) -> bool {
        matches!(
            (self, corrected),
            (Self::Name, CorrectedField::Name)
                | (Self::Phone, CorrectedField::Phone)
                | (Self::Company, CorrectedField::Company)
                | (Self::Website, CorrectedField::Website)
        )
    }
}

/// The words of a text in lower case, without the dots and commas that people put between them or leave out.
fn words(text: &str) -> String {
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, '.' | ','));
    parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r065_two_spellings_of_one_thing_are_the_same_and_of_two_things_are_not() {
        for (factor, one, other, same) in [
            (Factor::Name, "Ann  EXAMPLE", " ann example", true),
            (Factor::Name, "Ann Example", "Anne Example", false),
            (Factor::Company, "Example, Inc.", "example inc", true),
            (Factor::Phone, "+49 (30) 901820-0", "0049 309018200", true),
            (Factor::Phone, "+49 30 901820", "030 901820", false),
            (Factor::Website, "https://www.Example.com/shop?a", "http://example.com", true),
            (Factor::Website, "https://example.com", "https://example.org", false),
            (Factor::Account, " acc_1 ", "acc_1", true),
        ] {
            assert_eq!(factor.normal(one) == factor.normal(other), same, "{factor:?} {one} {other}");
        }
        assert_eq!(Factor::Phone.normal("none"), "");
    }

    #[test]
    fn what_is_to_be_corrected_proves_nothing() {
        assert!(
            Factor::Phone.is_contested_by(CorrectedField::Phone)
                && !Factor::Name.is_contested_by(CorrectedField::Phone)
        );
        for factor in Factor::ALL {
            let contested =
                [CorrectedField::Name, CorrectedField::Phone, CorrectedField::Company, CorrectedField::Website];
            let by = contested.into_iter().filter(|corrected| factor.is_contested_by(*corrected)).count();
            assert_eq!(by, usize::from(factor != Factor::Account), "{factor:?}");
        }
    }
}
