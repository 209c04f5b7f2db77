//! What a shop's settings say of everything in it: its language, its currency and its time zone.

use std::collections::BTreeMap;

use domain::money::Currency;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Door, wire};
use crate::connector::{InboundResponse, ReadError, Refusal};
use crate::request::OutboundRequest;

const TIMEZONE: &str = "PS_TIMEZONE";
const LANGUAGE: &str = "PS_LANG_DEFAULT";
const CURRENCY: &str = "PS_CURRENCY_DEFAULT";

const NO_ZONE: &str =
    "The shop's times have no zone, and its webservice key may not read `configurations`, where PS_TIMEZONE stands.";

/// A shop's settings; what its key may not read is missing.
#[derive(Clone, Default)]
pub(super) struct Shop {
    pub(super) language: Option<String>,
    currency: Option<String>,
    zone: Option<TimeZone>,
    currencies: BTreeMap<String, Currency>,
}

impl Shop {
    /// What is asked to know it: two calls.
    pub(super) fn requests(door: &Door) -> [OutboundRequest; 2] {
        let names = format!("[{TIMEZONE}|{LANGUAGE}|{CURRENCY}]");
        [
            door.get("configurations", &[("display", "[id,name,value]"), ("filter[name]", &names)]),
            door.get("currencies", &[("display", "[id,iso_code]")]),
        ]
    }

    /// Reads what was answered. A key that may not read the settings is no reason not to show the rest.
    pub(super) fn read(door: &Door, settings: &InboundResponse, currencies: &InboundResponse) -> Self {
        let mut shop = Self::default();
        let settings =
            door.rows(settings).ok().and_then(|rows| serde_json::from_slice::<Vec<wire::Setting>>(rows).ok());
        for setting in settings.unwrap_or_default() {
            let value = setting.value.map(|value| value.0).filter(|value| !value.is_empty());
            match setting.name.as_str() {
                TIMEZONE => shop.zone = value.and_then(|name| TimeZone::get(&name).ok()),
                LANGUAGE => shop.language = value,
                CURRENCY => shop.currency = value,
                _ => {}
            }
        }
        let currencies = door.rows(currencies).ok().map(serde_json::from_slice::<Vec<wire::CurrencyRow>>);
        for row in currencies.and_then(Result::ok).unwrap_or_default() {
            if let Ok(currency) = row.iso_code.parse() {
                shop.currencies.insert(row.id.0, currency);
            }
        }
        shop
    }

    /// The currency of its catalogue.
    pub(super) fn currency(&self) -> Option<Currency> {
        self.currency_of(self.currency.as_deref()?)
    }

    /// The currency with this id.
    pub(super) fn currency_of(&self, id: &str) -> Option<Currency> {
        self.currencies.get(id).copied()
    }

    /// A moment from the shop's local time. Of the two moments that an hour in autumn has, the first; `0000-00-00 00:00:00` is none.
    pub(super) fn time(&self, text: Option<&str>) -> Option<Timestamp> {
        let local: DateTime = text?.parse().ok()?;
        local.to_zoned(self.zone.clone()?).ok().map(|zoned| zoned.timestamp())
    }

    /// A local time as it was written, where the zone is not known.
    pub(super) fn source_time(&self, text: Option<&str>) -> Option<String> {
        let is_time = text.is_some_and(|text| text.parse::<DateTime>().is_ok());
        if self.zone.is_none() && is_time { text.map(str::to_owned) } else { None }
    }

    /// A moment as the shop writes its times, for a filter.
    ///
    /// # Errors
    /// The zone is not known: another moment would be asked for than the caller meant.
    pub(super) fn local(&self, time: Timestamp) -> Result<String, ReadError> {
        let zone = self.zone.clone().ok_or(ReadError::Refused(Refusal::FilterNotSupported(NO_ZONE)))?;
        Ok(time.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string())
    }
}
