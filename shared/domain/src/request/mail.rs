//! What a person asks for by mail, as far as its subject and its address say it (R024, R062).
//!
//! Only these are read: what is asked is confirmed by a mailed link in any case, so a guess that is wrong harms nobody, and a body that nobody
//! reads needs no keeping.

use super::{Kind, Language};

/// What a mail asks for, and in which language it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// What is asked; nothing where it is not said, or where two things are.
    pub kind: Option<Kind>,
    /// The language of the words that said it; nothing where there were none.
    pub language: Option<Language>,
}

/// Words, or beginnings of words, that ask for something. In lower case and without accents; several words stand for a phrase.
const WORDS: [(&str, Kind, Option<Language>); 30] = [
    ("delet", Kind::Erasure, Some(Language::En)),
    ("eras", Kind::Erasure, Some(Language::En)),
    ("forget", Kind::Erasure, Some(Language::En)),
    ("forgotten", Kind::Erasure, Some(Language::En)),
    ("effac", Kind::Erasure, Some(Language::Fr)),
    ("supprim", Kind::Erasure, Some(Language::Fr)),
    ("suppression", Kind::Erasure, Some(Language::Fr)),
    ("oubli", Kind::Erasure, Some(Language::Fr)),
    ("access", Kind::Access, Some(Language::En)),
    ("copy", Kind::Access, Some(Language::En)),
    ("dsar", Kind::Access, None),
    ("acces", Kind::Access, Some(Language::Fr)),
    ("copie", Kind::Access, Some(Language::Fr)),
    ("portab", Kind::Portability, None),
    ("categories of", Kind::KnowCategories, Some(Language::En)),
    ("categories de", Kind::KnowCategories, Some(Language::Fr)),
    ("restrict", Kind::Restriction, Some(Language::En)),
    ("limit", Kind::Restriction, None),
    ("objection", Kind::Objection, Some(Language::En)),
    ("object", Kind::Objection, Some(Language::En)),
    ("oppos", Kind::Objection, None),
    ("not sell", Kind::OptOutSale, Some(Language::En)),
    ("pas vend", Kind::OptOutSale, Some(Language::Fr)),
    ("targeted advertising", Kind::OptOutAdvertising, Some(Language::En)),
    ("publicite cibl", Kind::OptOutAdvertising, Some(Language::Fr)),
    ("profil", Kind::OptOutProfiling, None),
    ("unsubscribe", Kind::ConsentWithdrawal, Some(Language::En)),
    ("withdraw", Kind::ConsentWithdrawal, Some(Language::En)),
    ("desabonn", Kind::ConsentWithdrawal, Some(Language::Fr)),
    ("retir", Kind::ConsentWithdrawal, Some(Language::Fr)),
];

/// What a mail with this subject asks for that came to `recipient`. A tag (`privacy+erasure@…`) is a kind by its name and wins over any subject.
#[must_use]
pub fn asked(recipient: &str, subject: &str) -> Asked {
    let folded = fold(subject);
    let mut kinds = Vec::new();
    let mut language = None;
    for (words, kind, of) in WORDS {
        if begins_a_word(&folded, words) {
            kinds.push(kind);
            language = language.or(of);
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    let said = if let [only] = *kinds { Some(only) } else { None };
    Asked { kind: tag(recipient).or(said), language }
}

fn tag(recipient: &str) -> Option<Kind> {
    let (local, _) = recipient.rsplit_once('@')?;
    let (_, tag) = local.split_once('+')?;
    // What is to be corrected stands in no subject.
    Kind::ALL.into_iter().find(|kind| *kind != Kind::Rectification && tag.eq_ignore_ascii_case(kind.as_str()))
}

/// In lower case, without the accents of French, and with single spaces for whatever is not a letter.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 2);
    folded.push(' ');
    for letter in text.chars().flat_map(char::to_lowercase) {
        let plain = match letter {
            'à' | 'â' => 'a',
            'ç' => 'c',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            letter if letter.is_alphabetic() => letter,
            _ => ' ',
        };
        if plain != ' ' || !folded.ends_with(' ') {
            folded.push(plain);
        }
    }
    folded
}

fn begins_a_word(folded: &str, words: &str) -> bool {
    folded.match_indices(words).any(|(at, _)| folded[..at].ends_with(' '))
}

/// The address of whoever wrote, by the header `From`: the name beside it says nothing. Nothing where there are several, or none that we could
/// write to.
#[must_use]
pub fn sender(from: &[String]) -> Option<crate::account::EmailAddress> {
    let [from] = from else { return None };
    let bare = match from.trim().strip_suffix('>') {
        Some(named) => named.rsplit_once('<')?.1,
        None => from,
    };
    bare.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r062_a_subject_says_what_is_asked_in_two_languages() {
        let cases = [
            ("Please delete my account", Some(Kind::Erasure), Some(Language::En)),
            ("GDPR: right of ERASURE", Some(Kind::Erasure), Some(Language::En)),
            ("Suppression de mes données", Some(Kind::Erasure), Some(Language::Fr)),
            ("Effacez tout ce que vous avez sur moi", Some(Kind::Erasure), Some(Language::Fr)),
            ("Right of access", Some(Kind::Access), Some(Language::En)),
            ("Demande d'accès à mes données", Some(Kind::Access), Some(Language::Fr)),
            ("Do not sell my data", Some(Kind::OptOutSale), Some(Language::En)),
            ("Ne pas vendre mes données", Some(Kind::OptOutSale), Some(Language::Fr)),
            ("Unsubscribe", Some(Kind::ConsentWithdrawal), Some(Language::En)),
            ("Portability", Some(Kind::Portability), None),
            // Two things, nothing, and what only looks like something.
            ("Send me a copy and then delete all", None, Some(Language::En)),
            ("Hello", None, None),
            ("", None, None),
            ("predelete", None, None),
        ];
        for (subject, kind, language) in cases {
            assert_eq!(asked("privacy@example.com", subject), Asked { kind, language }, "{subject}");
        }
    }

    #[test]
    fn a_tag_wins_over_the_subject() {
        assert_eq!(asked("privacy+Erasure@example.com", "access").kind, Some(Kind::Erasure));
        assert_eq!(asked("privacy+rectification@example.com", "hello").kind, None);
        assert_eq!(asked("privacy+else@example.com", "hello").kind, None);
        assert_eq!(asked("privacy", "hello").kind, None);
    }

    #[test]
    fn the_name_beside_an_address_says_nothing() {
        let of = |from: &[&str]| {
            let from: Vec<String> = from.iter().map(|&from| from.to_owned()).collect();
            sender(&from).map(|address| address.as_str().to_owned())
        };
        for (from, address) in [
            ("ann@example.com", Some("ann@example.com")),
            ("Ann <ann@example.com>", Some("ann@example.com")),
            ("\"victim@example.org <victim@example.org>\" <ann@example.com>", Some("ann@example.com")),
            ("Ann", None),
            ("<>", None),
            ("Ann ann@example.com>", None),
            ("ann@example.com\r\nBcc: bob@example.com", None),
        ] {
            assert_eq!(of(&[from]).as_deref(), address, "{from}");
        }
        assert_eq!(of(&["ann@example.com", "bob@example.com"]), None);
        assert_eq!(of(&[]), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_written_breaks_it(recipient: String, subject: String, from: Vec<String>) {
            let _ = (asked(&recipient, &subject), sender(&from));
        }
    }
}
