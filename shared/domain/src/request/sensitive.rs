//! What nobody is asked for and nobody may give: numbers of payment cards and of identity documents (R066, R002).

/// Whether a text holds what looks like the number of a payment card, or of a social security card.
///
/// A card's number has 13 to 19 digits, in groups or not, and the check digit of Luhn's rule (ISO/IEC 7812-1). Not for telephone numbers, one in
/// ten of which obeys that rule by chance.
#[must_use]
pub fn is_sensitive(text: &str) -> bool {
    let runs = text.split(|c: char| !(c.is_ascii_digit() || c == ' ' || c == '-'));
    runs.map(str::trim).any(|run| is_card(run) || is_social_security(run))
}

fn is_card(run: &str) -> bool {
    let digits: Vec<u32> = run.chars().filter_map(|c| c.to_digit(10)).collect();
    if !(13..=19).contains(&digits.len()) || digits.iter().all(|digit| *digit == 0) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `123-45-6789`, as the Social Security Administration writes it.
fn is_social_security(run: &str) -> bool {
    let parts: Vec<&str> = run.split(['-', ' ']).collect();
    parts.len() == 3
        && parts.iter().zip([3, 2, 4]).all(|(part, length)| part.len() == length)
        && run.bytes().filter(u8::is_ascii_digit).count() == 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r066_numbers_of_cards_and_documents_are_known() {
        for bad in [
            "4111 1111 1111 1111",
            "my card is 5555-5555-5555-4444, thanks",
            "378282246310005",
            "123-45-6789",
            "ssn 123 45 6789",
        ] {
            assert!(is_sensitive(bad), "{bad}");
        }
        for good in ["Ann Example", "Example 2000 GmbH", "4111 1111 1111 1112", "123-456-789", "0000000000000", ""] {
            assert!(!is_sensitive(good), "{good}");
        }
    }
}
