//! Campaigns: one text of ours for everybody who agreed to be written to for a purpose (R009, R081, R092; `privacy.md` D.11).
//!
//! One person writes it, another one approves it. Then each address that agrees gets it once, within [`LONGEST`]; until the last letter is out it
//! can be stopped. Whether somebody agrees is not asked here but when each letter is sent.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::{card, consent::Purpose};

/// How long after its approval a campaign's letters may go out: what was not sent by then is old news.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Characters of a letter's subject.
pub const HEADLINE_LIMIT: usize = 120;
/// Characters of a letter's text.
pub const TEXT_LIMIT: usize = 4_000;
/// Where the name of whom the letter goes to stands: the one place for something that is not the same for everybody.
pub const NAME: &str = "{name}";

/// Why words cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Nothing is in them.
    #[error("must not be empty")]
    Empty,
    /// They have more than so many characters.
    #[error("has more than {0} characters")]
    TooLong(usize),
    /// They have control characters, or ones that turn the direction of a text.
    #[error("has control characters")]
    Control,
    /// They have braces that are not [`NAME`].
    #[error("has another place to be filled in than {{name}}")]
    Placeholder,
    /// They hold what can be the number of a card (R002).
    #[error("{}", card::REFUSED)]
    Card,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident within $limit:ident, may_break = $may_break:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// As it was written, with [`NAME`] where a name is to stand.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// As it reads for somebody.
            #[must_use]
            pub fn for_name(&self, name: &str) -> String {
                self.0.replace(NAME, name)
            }
        }

        impl FromStr for $name {
            type Err = WordsError;

            fn from_str(text: &str) -> Result<Self, WordsError> {
                let text = text.trim().replace("\r\n", "\n");
                check(&text, $limit, $may_break).map(|()| Self(text))
            }
        }

        impl TryFrom<String> for $name {
            type Error = WordsError;

            fn try_from(text: String) -> Result<Self, WordsError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(words: $name) -> Self {
                words.0
            }
        }
    )+};
}

words! {
    /// A letter's subject: one line of 1 to [`HEADLINE_LIMIT`] characters.
    Headline within HEADLINE_LIMIT, may_break = false;
    /// A letter's text: 1 to [`TEXT_LIMIT`] characters in lines; an empty line ends a paragraph.
    Text within TEXT_LIMIT, may_break = true;
}

impl Text {
    /// Its paragraphs for somebody, each with its lines.
    #[must_use]
    pub fn paragraphs(&self, name: &str) -> Vec<Vec<String>> {
        let lines = |paragraph: &str| paragraph.lines().map(|line| line.replace(NAME, name)).collect();
        self.0.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).map(lines).collect()
    }
}

fn check(text: &str, limit: usize, may_break: bool) -> Result<(), WordsError> {
    // Marks that turn the direction of what follows can make a link look like another one (UAX 9, 2.1 to 2.5).
    let is_turning = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_odd = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') || is_turning(letter);
    if text.is_empty() {
        Err(WordsError::Empty)
    } else if text.chars().count() > limit {
        Err(WordsError::TooLong(limit))
    } else if text.chars().any(|letter| is_odd(letter) && !(may_break && letter == '\n')) {
        Err(WordsError::Control)
    } else if text.replace(NAME, "").contains(['{', '}']) {
        Err(WordsError::Placeholder)
    } else if card::holds_number(text) {
        Err(WordsError::Card)
    } else {
        Ok(())
    }
}

/// What a letter says in one language.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Its subject.
    pub subject: Headline,
    /// Its text, without greeting and foot: those are the same in every letter.
    pub text: Text,
}

/// A letter as it is written once for everybody. Nobody's language is known before they are written to: where there is French, both are in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// What must have been agreed to for it.
    pub purpose: Purpose,
    /// In English.
    pub english: Words,
    /// In French.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub french: Option<Words>,
}

/// How far a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CampaignState {
    /// One person wants it. Nobody is written to.
    Proposed,
    /// A second person has looked: letters are being asked for.
    Running,
    /// A letter to everybody who agreed was asked for.
    Done,
    /// No letter goes out any more.
    Stopped,
}

impl CampaignState {
    /// The word that stands for it in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }

    /// Whether a letter that waits may go out.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::Running | Self::Done)
    }
}

/// What can be decided about a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CampaignStep {
    /// A second person agrees to it.
    Approve,
    /// It is to end at once, whoever says so.
    Stop,
}

impl CampaignStep {
    /// The word that stands for it in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Stop => "stop",
        }
    }
}

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CampaignRefused {
    /// It does not follow from where the campaign is.
    #[error("the campaign is not in a state for this")]
    State,
    /// Two that look are two people.
    #[error("somebody else has to decide this")]
    SamePerson,
}

/// Where a campaign is after a step; `by_another` says that who takes it has not proposed the campaign.
///
/// # Errors
/// [`CampaignRefused`] where nothing follows.
pub fn step(state: CampaignState, step: CampaignStep, by_another: bool) -> Result<CampaignState, CampaignRefused> {
    match (state, step) {
        (CampaignState::Proposed, CampaignStep::Approve) if by_another => Ok(CampaignState::Running),
        (CampaignState::Proposed, CampaignStep::Approve) => Err(CampaignRefused::SamePerson),
        (CampaignState::Stopped, _) | (_, CampaignStep::Approve) => Err(CampaignRefused::State),
        (_, CampaignStep::Stop) => Ok(CampaignState::Stopped),
    }
}

/// Whether letters of a campaign that was approved at a time may still go out.
#[must_use]
pub fn is_fresh(approved_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(approved_at) < LONGEST
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn r081_it_takes_two_to_write_to_people_and_one_to_stop() {
        use CampaignState::{Done, Proposed, Running, Stopped};
        use CampaignStep::{Approve, Stop};
        for (state, taken, by_another, expected) in [
            (Proposed, Approve, true, Ok(Running)),
            (Proposed, Approve, false, Err(CampaignRefused::SamePerson)),
            (Proposed, Stop, false, Ok(Stopped)),
            (Running, Approve, true, Err(CampaignRefused::State)),
            (Running, Stop, false, Ok(Stopped)),
            (Done, Approve, true, Err(CampaignRefused::State)),
            (Done, Stop, true, Ok(Stopped)),
            (Stopped, Approve, true, Err(CampaignRefused::State)),
            (Stopped, Stop, true, Err(CampaignRefused::State)),
        ] {
            assert_eq!(step(state, taken, by_another), expected, "{state:?} {taken:?} {by_another}");
        }
        assert!(Running.sends() && Done.sends() && !Proposed.sends() && !Stopped.sends());
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        assert!(is_fresh(now, now) && !is_fresh(now, now + LONGEST));
        for state in [Proposed, Running, Done, Stopped] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for taken in [Approve, Stop] {
            assert_eq!(serde_json::to_value(taken).unwrap(), taken.as_str());
        }
    }

    #[test]
    fn a_letter_has_plain_words_and_no_place_but_for_a_name() {
        for (text, wrong) in [
            ("", WordsError::Empty),
            (" \r\n ", WordsError::Empty),
            ("a\u{0}b", WordsError::Control),
            ("a\tb", WordsError::Control),
            ("a\u{85}b", WordsError::Control),
            ("a\u{2028}b", WordsError::Control),
            ("pay at \u{202e}moc.live", WordsError::Control),
            ("Hello {email}", WordsError::Placeholder),
            ("Hello {{name}}", WordsError::Placeholder),
            ("Hello {name", WordsError::Placeholder),
            ("{na{name}me}", WordsError::Placeholder),
            ("your card 4111 1111 1111 1111", WordsError::Card),
        ] {
            assert_eq!(text.parse::<Text>(), Err(wrong), "{text:?}");
            assert_eq!(text.parse::<Headline>(), Err(wrong), "{text:?}");
        }
        assert_eq!("x".repeat(4_001).parse::<Text>(), Err(WordsError::TooLong(4_000)));
        assert_eq!("x".repeat(121).parse::<Headline>(), Err(WordsError::TooLong(120)));
        assert_eq!("What is new\r\nBcc: eve@example.com".parse::<Headline>(), Err(WordsError::Control));
        assert_eq!("é".repeat(120).parse::<Headline>().unwrap().as_str().chars().count(), 120);
        let text: Text = "Dear {name},\r\nnews.\r\n\r\n\r\n\r\nBye, {name}.".parse().unwrap();
        assert_eq!(text.paragraphs("{name}"), [vec!["Dear {name},", "news."], vec!["Bye, {name}."]]);
        assert_eq!("For {name}".parse::<Headline>().unwrap().for_name("Ann"), "For Ann");
    }

    proptest! {
        #[test]
        fn words_that_are_taken_are_taken_again_and_fill_in_nothing_but_the_name(text in "[ -~\n{}é]{0,60}(\\{name\\})?[a-z]{0,9}") {
            if let Ok(words) = text.parse::<Text>() {
                prop_assert_eq!(words.as_str().parse::<Text>(), Ok(words.clone()));
                let is_filled_in = !words.for_name("Ann").contains(['{', '}']);
                prop_assert!(is_filled_in);
            }
        }
    }
}
