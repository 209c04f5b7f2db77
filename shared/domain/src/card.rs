//! Numbers of payment cards, which have no place with us (R002): a text that holds one is refused before it is stored or logged.

/// What whoever typed one is told.
pub const REFUSED: &str = "holds what looks like the number of a payment card, which has no place here";
/// Digits of a card's number (ISO/IEC 7812-1).
const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;
/// Groups of digits that are looked at together: a card's number is printed in five at most.
const GROUPS: usize = 6;

/// Whether a text holds what can be a card's number: 13 to 19 digits with a good check digit, written in one piece or in groups with one space,
/// dash or dot between.
#[must_use]
pub fn holds_number(text: &str) -> bool {
    let mut groups: Vec<Vec<u8>> = vec![Vec::new()];
    let mut between = false;
    for letter in text.chars() {
        if let Some(digit) = digit(letter) {
            if std::mem::take(&mut between) {
                groups.push(Vec::new());
            }
            if let Some(group) = groups.last_mut() {
                group.push(digit);
            }
        } else if matches!(letter, ' ' | '-' | '.' | '\u{a0}' | '\u{202f}' | '\u{2011}') && !between {
            between = true;
        } else {
            if holds(&groups) {
                return true;
            }
            groups = vec![Vec::new()];
            between = false;
        }
    }
    holds(&groups)
}

/// The value of a digit as people type them, full-width ones too.
fn digit(letter: char) -> Option<u8> {
    let letter = match letter {
        '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(letter) - 0xff10 + u32::from('0'))?,
        other => other,
    };
    letter.to_digit(10).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether neighbouring groups make a card's number together: where one begins and ends is where the writer made a gap.
fn holds(groups: &[Vec<u8>]) -> bool {
    (0..groups.len()).any(|first| {
        let mut number = Vec::new();
        groups.iter().skip(first).take(GROUPS).any(|group| {
            number.extend_from_slice(group);
            LENGTHS.contains(&number.len()) && is_good(&number)
        })
    })
}

/// Luhn's check (ISO/IEC 7812-1, annex B). A row of zeroes passes it and is no card.
fn is_good(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(*digit) << (place % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum > 0 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r002_the_numbers_of_cards_are_seen_however_they_are_written() {
        // The card networks' own test numbers.
        for number in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111.1111.1111.1111",
            "my card is 5555555555554444, valid to 12/27",
            "3782 822463 10005",
            "6011111111111117.",
            "(30569309025904)",
            "4222222222222",
            "4111\u{a0}1111\u{a0}1111\u{a0}1111 123",
            "\u{ff14}111111111111111",
            "order 12 4111 1111 1111 1111",
        ] {
            assert!(holds_number(number), "{number}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "",
            "4111111111111112",
            "order 1234567890123",
            "+49 30 901820",
            "0000000000000000",
            "411111111111",
            "41111111111111111111111111",
            "4111  1111  1111  1111",
            "2026-11-22 11:30:00",
            "4111, 1111, 1111, 1111",
        ] {
            assert!(!holds_number(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_with_a_good_check_digit_is_seen_in_any_text(
            mut digits in prop::collection::vec(0_u8..10, 12..19), before in "[a-z ,]{0,9}[a-z,]", after in "[a-z,][a-z ,]{0,9}",
        ) {
            digits.push(0);
            let last = digits.len() - 1;
            let good = (0..10).find(|digit| { digits[last] = *digit; is_good(&digits) });
            prop_assume!(good.is_some());
            digits[last] = good.unwrap();
            let number: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
            let text = format!("{before}{number}{after}");
            prop_assert!(holds_number(&text));
        }

        #[test]
        fn any_text_is_looked_through(text in "\\PC{0,200}") {
            let _ = holds_number(&text);
        }
    }
}
