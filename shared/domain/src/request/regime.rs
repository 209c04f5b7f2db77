//! The law under which a request is answered (`privacy.md` C.1, C.2; R051).

/// A law, by who says to live under it. Nobody is asked for proof of where they live: who claims a better law gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// The General Data Protection Regulation, and the laws of the United Kingdom and of Switzerland that follow it.
    Gdpr,
    /// California: Civil Code 1798.100 ff., with 11 CCR 7000 ff.
    California,
    /// Virginia: Code 59.1-575 ff.
    Virginia,
    /// Colorado: 6-1-1301 ff.
    Colorado,
    /// Connecticut: 42-515 ff.
    Connecticut,
    /// Utah: 13-61-101 ff.
    Utah,
    /// No law that gives these rights; our policies promise them all the same.
    Policies,
}

/// ISO 3166-1 codes of the European Economic Area, the United Kingdom and Switzerland.
const EUROPE: [&str; 32] = [
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

impl Regime {
    /// Every law.
    pub const ALL: [Self; 7] =
        [Self::Gdpr, Self::California, Self::Virginia, Self::Colorado, Self::Connecticut, Self::Utah, Self::Policies];

    /// The law of a country (ISO 3166-1 alpha-2) and, in the United States, a state (`CA`), in either case. What is not known falls to the
    /// policies, which promise as much.
    #[must_use]
    pub fn of(country: &str, state: Option<&str>) -> Self {
        let country = country.to_ascii_uppercase();
        if EUROPE.contains(&country.as_str()) {
            return Self::Gdpr;
        }
        match (country.as_str(), state.map(str::to_ascii_uppercase).as_deref()) {
            ("US", Some("CA")) => Self::California,
            ("US", Some("VA")) => Self::Virginia,
            ("US", Some("CO")) => Self::Colorado,
            ("US", Some("CT")) => Self::Connecticut,
            ("US", Some("UT")) => Self::Utah,
            _ => Self::Policies,
        }
    }

    /// Whether a request must carry a telephone number: the policy asks it of residents of states, the regulation's minimisation forbids it
    /// (R063; `privacy.md` A.6, 7).
    #[must_use]
    pub const fn asks_for_phone(self) -> bool {
        match self {
            Self::California | Self::Virginia | Self::Colorado | Self::Connecticut | Self::Utah => true,
            Self::Gdpr | Self::Policies => false,
        }
    }

    /// To whom a person can turn who was refused on appeal: the state's attorney general, or the supervisory authority (R070).
    #[must_use]
    pub const fn authority(self) -> Authority {
        match self {
            Self::Gdpr => Authority {
                name: "the data protection authority of the country where you live or work",
                address: "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en",
            },
            Self::California => Authority {
                name: "the California Privacy Protection Agency, or the Attorney General of California",
                address: "https://cppa.ca.gov/webapplications/complaint",
            },
            Self::Virginia => Authority {
                name: "the Attorney General of Virginia",
                address: "https://www.oag.state.va.us/consumer-protection/index.php/file-a-complaint",
            },
            Self::Colorado => {
                Authority { name: "the Attorney General of Colorado", address: "https://coag.gov/file-complaint/" }
            }
            Self::Connecticut => Authority {
                name: "the Attorney General of Connecticut",
                address: "https://portal.ct.gov/AG/Common/Complaint-Form-Landing-page",
            },
            Self::Utah => Authority {
                name: "the Utah Division of Consumer Protection, or the Attorney General of Utah",
                address: "https://dcp.utah.gov/file-a-complaint/",
            },
            Self::Policies => Authority {
                name: "the authority for data protection or consumer protection where you live",
                address: "",
            },
        }
    }
}

/// Who hears complaints about us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// What it is called, within a sentence.
    pub name: &'static str,
    /// Its page; empty where there is none for all of the regime.
    pub address: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r051_where_one_lives_says_which_law_applies() {
        for (country, state, regime) in [
            ("FR", None, Regime::Gdpr),
            ("gb", None, Regime::Gdpr),
            ("CH", Some("CA"), Regime::Gdpr),
            ("US", Some("CA"), Regime::California),
            ("us", Some("va"), Regime::Virginia),
            ("US", Some("CO"), Regime::Colorado),
            ("US", Some("CT"), Regime::Connecticut),
            ("US", Some("UT"), Regime::Utah),
            ("US", Some("TX"), Regime::Policies),
            ("US", None, Regime::Policies),
            ("BR", None, Regime::Policies),
            ("", Some("CA"), Regime::Policies),
        ] {
            assert_eq!(Regime::of(country, state), regime, "{country} {state:?}");
        }
    }

    #[test]
    fn r070_each_of_the_five_states_has_its_authority_with_a_page() {
        for regime in Regime::ALL.into_iter().filter(|regime| regime.asks_for_phone()) {
            let Authority { name, address } = regime.authority();
            assert!(name.contains("Attorney General") && address.starts_with("https://"), "{regime:?}");
        }
    }
}
