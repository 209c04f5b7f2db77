//! Letters to people who asked something about their own data, in English and French (`privacy.md` D.3; R024, R069, R070).
//!
//! All of their words are ours: a letter tells of a request by its number, its kind, its dates and its state, and repeats nothing that was typed.

mod en;
mod fr;

use domain::{
    id::PrivacyRequestId,
    request::{Ground, Kind, Language, Letter, Regime},
};
use jiff::Timestamp;

use super::{
    MailError,
    rendered::{Rendered, is_link},
};

/// What a letter tells of a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFacts {
    /// The request.
    pub request: PrivacyRequestId,
    /// Which letter.
    pub letter: Letter,
    /// In which language.
    pub language: Language,
    /// What was asked.
    pub kind: Kind,
    /// Under which law.
    pub regime: Regime,
    /// When it came in.
    pub received_at: Timestamp,
    /// By when it is answered.
    pub due_at: Timestamp,
    /// Until when its present state waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_until: Option<Timestamp>,
    /// On which ground it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
}

/// A letter's words: the link stands behind the first paragraph.
struct Words {
    subject: &'static str,
    before: String,
    after: Vec<String>,
}

/// What the words of a letter need to know, with dates as they are read.
struct About<'a> {
    facts: &'a RequestFacts,
    due: String,
    /// The day until which the present state waits.
    until: String,
    /// The same with the time.
    until_time: String,
}

pub(super) fn render(facts: &RequestFacts, link: &str) -> Result<Rendered, MailError> {
    if !is_link(link) {
        return Err(MailError::Link);
    }
    let until = facts.waits_until.unwrap_or(facts.due_at);
    let about = About { facts, due: day(facts.due_at), until: day(until), until_time: minute(until) };
    let (language, words, details) = match facts.language {
        Language::En => ("en", en::words(&about), en::details(&about)),
        Language::Fr => ("fr", fr::words(&about), fr::details(&about)),
    };
    let mut text = String::new();
    let mut html = format!("<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"></head><body>");
    let paragraphs = |words: Vec<String>| words.into_iter().map(|line| vec![line]);
    for lines in
        paragraphs(vec![words.before]).chain([Vec::new()]).chain(paragraphs(words.after)).chain([details.into()])
    {
        if lines.is_empty() {
            text.push_str(&format!("{link}\r\n\r\n"));
            html.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>"));
            continue;
        }
        text.push_str(&format!("{}\r\n\r\n", lines.join("\r\n")));
        let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
        html.push_str(&format!("<p>{}</p>", lines.join("<br>")));
    }
    html.push_str("</body></html>");
    Ok(Rendered { subject: words.subject.to_owned(), text, html })
}

/// A text as it may stand between tags. Ours have nothing in them that HTML reads as its own but an ampersand in a web address.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://api.example/privacy/requests/prq_00000000000000000000000001";

    fn facts(letter: Letter, language: Language) -> RequestFacts {
        RequestFacts {
            request: "prq_00000000000000000000000001".parse().unwrap(),
            letter,
            language,
            kind: Kind::Erasure,
            regime: Regime::Gdpr,
            received_at: "2026-11-01T10:00:00Z".parse().unwrap(),
            due_at: "2026-12-01T10:00:00Z".parse().unwrap(),
            waits_until: Some("2026-11-04T10:00:00Z".parse().unwrap()),
            ground: Some(Ground::Unverified),
        }
    }

    const GROUNDS: [Ground; 12] = [
        Ground::Unverified,
        Ground::NotSubjectData,
        Ground::NoData,
        Ground::ManifestlyUnfounded,
        Ground::Excessive,
        Ground::LegalRetention,
        Ground::LegalClaims,
        Ground::SecurityEvidence,
        Ground::Transaction,
        Ground::OthersRights,
        Ground::ProcessorOnly,
        Ground::FraudSuspected,
    ];

    #[test]
    fn every_letter_has_its_words_in_both_languages() {
        let mut subjects = std::collections::BTreeSet::new();
        for letter in Letter::ALL {
            for language in [Language::En, Language::Fr] {
                let Rendered { subject, text, html } = render(&facts(letter, language), LINK).unwrap();
                assert!(text.contains(LINK) && html.contains(&format!("href=\"{LINK}\"")), "{letter:?}");
                assert!(text.contains("prq_00000000000000000000000001") && text.contains("2026-11-01"), "{letter:?}");
                assert!(!subject.contains(['\r', '\n']));
                assert!(!text.contains("  ") && !text.contains("{}"), "{text}");
                subjects.insert(subject);
            }
        }
        assert_eq!(subjects.len(), 2 * Letter::ALL.len(), "each says which it is");
    }

    #[test]
    fn r070_a_refusal_names_the_authority_of_the_state_how_to_appeal_and_why() {
        for regime in Regime::ALL {
            for language in [Language::En, Language::Fr] {
                for letter in [Letter::Denied, Letter::AppealRefused] {
                    let Rendered { text, html, .. } =
                        render(&RequestFacts { regime, ..facts(letter, language) }, LINK).unwrap();
                    assert!(text.contains(regime.authority().address), "{regime:?} {text}");
                    if regime.asks_for_phone() {
                        let general = if language == Language::En { "Attorney General" } else { "procureur général" };
                        assert!(text.contains(general), "{regime:?} {text}");
                    }
                    assert!(html.contains("lang=\"") && !html.contains("<script"));
                }
            }
        }
        let mut reasons = std::collections::BTreeSet::new();
        for ground in GROUNDS {
            for language in [Language::En, Language::Fr] {
                let denied = RequestFacts { ground: Some(ground), ..facts(Letter::Denied, language) };
                let Rendered { text, .. } = render(&denied, LINK).unwrap();
                assert_eq!(
                    text.contains("2026-11-04"),
                    ground.may_be_appealed(),
                    "until when it can be appealed: {text}"
                );
                reasons.insert(text);
            }
        }
        assert_eq!(reasons.len(), 2 * GROUNDS.len(), "each ground has its own words");
    }

    #[test]
    fn a_letter_is_written_with_a_link_of_ours_only() {
        for link in ["", "javascript:alert(1)", "https://x/\r\nBcc: eve@example.com", "https://x/\"onclick=\""] {
            assert_eq!(render(&facts(Letter::Received, Language::En), link).err(), Some(MailError::Link), "{link}");
        }
    }
}
