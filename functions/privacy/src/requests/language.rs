//! In which language somebody is answered: what was asked for, else what the browser says, else English.

use cloud::http::Call;
use domain::request::Language;

/// `?lang=` before `Accept-Language` (RFC 9110, 12.5.4).
pub(crate) fn of(call: &Call) -> Language {
    let asked = call.parameters().find_map(|(name, value)| (name == "lang").then(|| named(&value)).flatten());
    asked.unwrap_or_else(|| call.header("accept-language").map_or(Language::En, preferred))
}

/// The language of a tag such as `fr-CA`.
fn named(tag: &str) -> Option<Language> {
    match tag.trim().split('-').next()?.to_ascii_lowercase().as_str() {
        "en" => Some(Language::En),
        "fr" => Some(Language::Fr),
        _ => None,
    }
}

/// The one of ours that has the highest weight; the first of several.
fn preferred(header: &str) -> Language {
    let mut best = (Language::En, 0.0_f32);
    for entry in header.split(',').take(20) {
        let (tag, rest) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = rest.trim().strip_prefix("q=").map_or(1.0, |text| text.trim().parse().unwrap_or(0.0));
        if let Some(language) = named(tag)
            && weight > best.1
        {
            best = (language, weight);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_highest_weight_of_ours_is_taken() {
        for (header, language) in [
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", Language::Fr),
            ("en-GB,en;q=0.9,fr;q=0.8", Language::En),
            ("de, fr;q=0.2", Language::Fr),
            ("en;q=0.1, FR;q=0.3", Language::Fr),
            ("fr;q=0", Language::En),
            ("fr;q=x", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(preferred(header), language, "{header}");
        }
    }
}
