//! Money without floats: decimal text in, decimal text out.
//!
//! Platforms write amounts as text (`"12.50"`), as JSON numbers (`12.5`) and, some of them, in exponent form. A float would change
//! some of them, so an [`Amount`] is read from the characters of the number and keeps every digit that was given.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest amount accepted, in digits. An order total needs about 15; the rest is room for 6-decimal prices.
const MAX_DIGITS: usize = 30;

/// A decimal number in plain notation: `-?digits(.digits)?`, no leading zeros, never `-0`.
///
/// The fraction keeps the digits that the platform wrote: `12.50` stays `12.50`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Amount(String);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is empty: most platforms mean "no price" by it.
    #[error("the amount is empty")]
    Empty,
    /// The text is not a decimal number.
    #[error("the amount is not a decimal number")]
    Syntax,
    /// The number has more than 30 digits in plain notation.
    #[error("the amount has too many digits")]
    TooLong,
}

impl Amount {
    /// The decimal text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An amount from a whole number of minor units: `(1999, 2)` is `19.99`, `(500, 0)` is `500`.
    ///
    /// `exponent` is the number of decimals (0 for JPY, 2 for EUR, 3 for KWD), at most 9.
    ///
    /// # Errors
    /// [`AmountError::TooLong`] when the number has more than 30 digits or the exponent is over 9.
    pub fn from_minor_units(units: i128, exponent: u8) -> Result<Self, AmountError> {
        if exponent > 9 {
            return Err(AmountError::TooLong);
        }
        let digits = units.unsigned_abs().to_string();
        plain(units < 0, &digits, -i64::from(exponent))
    }

    /// The amount in minor units of a currency with `exponent` decimals, or `None` when that would lose a digit that is not
    /// zero (`0.125` has no whole number of cents) or does not fit.
    #[must_use]
    pub fn to_minor_units(&self, exponent: u8) -> Option<i128> {
        let scale = usize::from(exponent);
        let fraction = self.fraction();
        let (kept, lost) = fraction.split_at(fraction.len().min(scale));
        if lost.bytes().any(|digit| digit != b'0') {
            return None;
        }
        self.at_scale(kept, scale)
    }

    /// The difference of two amounts, exact; `None` when it does not fit in 30 digits.
    #[must_use]
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        let scale = self.fraction().len().max(other.fraction().len());
        let left = self.at_scale(self.fraction(), scale)?;
        let right = other.at_scale(other.fraction(), scale)?;
        let difference = left.checked_sub(right)?;
        plain(difference < 0, &difference.unsigned_abs().to_string(), -i64::try_from(scale).ok()?).ok()
    }

    /// The sum of two amounts, exact; `None` when it does not fit in 30 digits.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        let scale = self.fraction().len().max(other.fraction().len());
        let left = self.at_scale(self.fraction(), scale)?;
        let right = other.at_scale(other.fraction(), scale)?;
        let sum = left.checked_add(right)?;
        plain(sum < 0, &sum.unsigned_abs().to_string(), -i64::try_from(scale).ok()?).ok()
    }

    /// Whether the amount is zero, however it is written.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        !self.0.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0')
    }

    fn fraction(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, fraction)| fraction)
    }

    /// The number as an integer with `scale` decimals, of which `fraction` are given.
    fn at_scale(&self, fraction: &str, scale: usize) -> Option<i128> {
        let whole = self.0.split_once('.').map_or(self.0.as_str(), |(whole, _)| whole);
        let negative = whole.starts_with('-');
        let mut value: i128 = 0;
        let padding = std::iter::repeat_n(b'0', scale.checked_sub(fraction.len())?);
        for digit in whole.trim_start_matches('-').bytes().chain(fraction.bytes()).chain(padding) {
            value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        Some(if negative { -value } else { value })
    }
}

/// Plain notation of `digits` × 10^`exponent`.
fn plain(negative: bool, digits: &str, exponent: i64) -> Result<Amount, AmountError> {
    let digits = digits.trim_start_matches('0');
    let limit = i64::try_from(MAX_DIGITS).unwrap_or(i64::MAX);
    if digits.len() > MAX_DIGITS || exponent < -limit || (exponent > limit && !digits.is_empty()) {
        return Err(AmountError::TooLong);
    }
    let decimals = usize::try_from(-exponent).unwrap_or(0);
    let mut all = digits.to_owned();
    if !digits.is_empty() {
        all.extend(std::iter::repeat_n('0', usize::try_from(exponent).unwrap_or(0)));
    }
    if all.len() <= decimals {
        all.insert_str(0, &"0".repeat(decimals + 1 - all.len()));
    }
    if all.is_empty() {
        all.push('0');
    }
    if all.len() > MAX_DIGITS + 1 {
        return Err(AmountError::TooLong);
    }
    if decimals > 0 {
        all.insert(all.len() - decimals, '.');
    }
    if negative && !digits.is_empty() {
        all.insert(0, '-');
    }
    Ok(Amount(all))
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Reads decimal text: an optional sign, digits with an optional point (one side of it may be empty, as PHP writes `.5`), an
    /// optional exponent as JSON allows it. Spaces around are ignored.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        if is_plain(text) {
            return Ok(Self(text.to_owned()));
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(AmountError::Empty);
        }
        let (negative, unsigned) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, whole_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !all_digits || (whole.is_empty() && fraction.is_empty()) {
            return Err(AmountError::Syntax);
        }
        if whole.len() + fraction.len() > 4 * MAX_DIGITS {
            return Err(AmountError::TooLong);
        }
        let decimals = i64::try_from(fraction.len()).map_err(|_| AmountError::TooLong)?;
        plain(negative, &format!("{whole}{fraction}"), exponent - decimals)
    }
}

/// Whether the text is already written as [`Amount`] writes it, as nearly all amounts of nearly all platforms are.
fn is_plain(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && (whole == "0" || !whole.starts_with('0')) && text.len() <= MAX_DIGITS
}

fn whole_exponent(text: &str) -> Result<i64, AmountError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AmountError::Syntax);
    }
    // More digits than this can only be out of range; refused before a parse could overflow.
    if digits.len() > 6 {
        return Err(AmountError::TooLong);
    }
    text.trim_start_matches('+').parse().map_err(|_| AmountError::Syntax)
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// From text only: a JSON number may have been through a float on its way here.
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(deserializer: D) -> Result<T, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// An ISO 4217 currency code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// The text is not three ASCII letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three letters")]
pub struct CurrencyError;

impl Currency {
    /// The code, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The constructor only lets ASCII letters in.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many decimals the currency has (ISO 4217; 2 unless listed).
    #[must_use]
    pub fn minor_unit(&self) -> u8 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        if !bytes.iter().all(u8::is_ascii_alphabetic) {
            return Err(CurrencyError);
        }
        Ok(Self(bytes.map(|byte| byte.to_ascii_uppercase())))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// An amount with its currency. The currency is missing when the platform does not say it and could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The decimal amount in major units.
    pub amount: Amount,
    /// The ISO 4217 code.
    #[serde(default)]
    pub currency: Option<Currency>,
}

impl Money {
    /// Puts an amount and a currency together.
    #[must_use]
    pub fn new(amount: Amount, currency: Option<Currency>) -> Self {
        Self { amount, currency }
    }
}

#[cfg(feature = "schema")]
mod schema {
    use crate::schema::texts;

    texts! {
        super::Amount, "Amount", { "pattern": "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$", "maxLength": 32, "description": "A decimal number." };
        super::Currency, "Currency", { "pattern": "^[A-Z]{3}$", "description": "An ISO 4217 code." };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_every_digit_that_was_written() {
        for (given, expected) in [
            ("12.5", "12.5"),
            ("12.50", "12.50"),
            ("0", "0"),
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("007", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1E+2", "100"),
            ("12.5e-3", "0.0125"),
            ("1.234567", "1.234567"),
            ("-3.10", "-3.10"),
            ("+4", "4"),
            (" 9.99 ", "9.99"),
            ("0.1", "0.1"),
            ("9007199254740993", "9007199254740993"),
            ("0e0", "0"),
            ("0e999", "0"),
        ] {
            assert_eq!(given.parse::<Amount>().map(|a| a.to_string()), Ok(expected.to_owned()), "{given}");
        }
    }

    #[test]
    fn what_is_not_a_decimal_number_is_refused() {
        assert_eq!("".parse::<Amount>(), Err(AmountError::Empty));
        assert_eq!("  ".parse::<Amount>(), Err(AmountError::Empty));
        for text in ["-", ".", "1,5", "NaN", "inf", "1e", "e5", "1e+", "0x1", "1 2", "--1", "1.2.3", "١"] {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::Syntax), "{text}");
        }
        for text in ["1e99", "1e-99", "1e9999999999", "1234567890123456789012345678901"] {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::TooLong), "{text}");
        }
    }

    #[test]
    fn minor_units_are_exact_or_refused() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(amount("19.99").to_minor_units(2), Some(1999));
        assert_eq!(amount("19.9").to_minor_units(2), Some(1990));
        assert_eq!(amount("-0.05").to_minor_units(2), Some(-5));
        assert_eq!(amount("19.9900").to_minor_units(2), Some(1999));
        assert_eq!(amount("0.125").to_minor_units(2), None);
        assert_eq!(amount("500").to_minor_units(0), Some(500));
        assert_eq!(Amount::from_minor_units(1999, 2).unwrap().as_str(), "19.99");
        assert_eq!(Amount::from_minor_units(-5, 2).unwrap().as_str(), "-0.05");
        assert_eq!(Amount::from_minor_units(0, 2).unwrap().as_str(), "0.00");
        assert_eq!(Amount::from_minor_units(500, 0).unwrap().as_str(), "500");
        assert_eq!("KWD".parse::<Currency>().unwrap().minor_unit(), 3);
    }

    #[test]
    fn sums_and_differences_are_exact() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(amount("0.1").checked_add(&amount("0.2")).unwrap().as_str(), "0.3");
        assert_eq!(amount("25.00").checked_sub(&amount("25.0")).unwrap().as_str(), "0.00");
        assert_eq!(amount("1").checked_sub(&amount("2.50")).unwrap().as_str(), "-1.50");
    }
}
