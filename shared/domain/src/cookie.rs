//! Cookies: which there are, and why. There is one list, and nothing sets one that is not in it (R005, R006).

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CookieClass"))]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Without it, what the person asks for cannot be done. It needs no consent (Directive 2002/58/EC, Art. 5(3)).
    StrictlyNecessary,
    /// To count visitors. It needs consent.
    Statistics,
    /// To show advertisements. It needs consent.
    Marketing,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::StrictlyNecessary, Self::Statistics, Self::Marketing];

    /// Whether a cookie of this class may only be set for somebody who agreed to it.
    #[must_use]
    pub const fn needs_consent(self) -> bool {
        !matches!(self, Self::StrictlyNecessary)
    }
}

/// A cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cookie {
    /// Its name; what stands in braces is another word each time.
    pub name: &'static str,
    /// What it is for.
    pub class: Class,
    /// What it does, for whoever is asked to accept it.
    pub what: &'static str,
    /// How long it is kept, in seconds; 0 ends with the browser.
    pub seconds: u32,
}

impl Cookie {
    /// What its name begins with, up to what is another word each time.
    #[must_use]
    pub fn start(&self) -> &'static str {
        self.name.split('{').next().unwrap_or_default()
    }

    fn has_name(&self, name: &str) -> bool {
        let start = self.start();
        name == self.name || (start.len() < self.name.len() && name.len() > start.len() && name.starts_with(start))
    }
}

/// The session of a request about one's own data. It is kept longer than the longest request lasts.
pub const REQUEST_SESSION: Cookie = Cookie {
    name: "__Host-prq-{request}",
    class: Class::StrictlyNecessary,
    what: "Opens a request about one's own data in the browser in which it was made or confirmed.",
    seconds: 240 * 86_400,
};

/// Every cookie that this deployment sets. None needs consent, so none asks for it.
pub static COOKIES: &[Cookie] = &[REQUEST_SESSION];

/// Whether a `Set-Cookie` value is of a cookie that may be set without asking anybody.
#[must_use]
pub fn is_necessary(set_cookie: &str) -> bool {
    let name = set_cookie.split('=').next().unwrap_or_default().trim();
    COOKIES.iter().any(|cookie| cookie.has_name(name) && !cookie.class.needs_consent())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r005_only_what_is_strictly_necessary_is_ever_set() {
        assert!(
            COOKIES
                .iter()
                .all(|cookie| !cookie.class.needs_consent() && is_necessary(&format!("{}x=1", cookie.start())))
        );
        for other in ["_ga=1", "__Host-prq-=1", "__Host-prq=1", "=", "", "anything; Path=/"] {
            assert!(!is_necessary(other), "{other}");
        }
    }
}
