//! Where a store is: the address that a merchant typed, normalised.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Whether plain http to this machine itself is let through. Only the local stack says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// https only.
    Denied,
    /// http too, but only to `localhost`, 127.0.0.0/8 and `::1`.
    Allowed,
}

/// A store's address: scheme, host, port and the path of its installation, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreAddress(Url);

/// Why a text is not a store's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address at all.
    #[error("the address is not a URL")]
    Syntax,
    /// Neither https nor http to this machine where that is allowed.
    #[error("the address must begin with https://")]
    NotHttps,
    /// A user name or password in it.
    #[error("the address must not hold a user name or password")]
    UserInfo,
    /// A query or a fragment in it.
    #[error("the address must not hold a query or a fragment")]
    Query,
    /// A path where the platform has none.
    #[error("the address must not hold a path")]
    Path,
    /// Not the address at which the platform's API is.
    #[error("the address is not that of the platform's API")]
    NotTheApi,
    /// Longer than 500 characters.
    #[error("the address is too long")]
    TooLong,
    /// Not where this platform's stores are; the sentence says where they are.
    #[error("{0}")]
    Platform(&'static str),
}

impl StoreAddress {
    /// Normalises an address: https is assumed when no scheme is given, host in lower case (IDN as punycode), no default port, no
    /// trailing slash.
    pub(crate) fn parse(text: &str, loopback: Loopback) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.len() > 500 {
            return Err(AddressError::TooLong);
        }
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(AddressError::Syntax);
        }
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut url = Url::parse(&with_scheme).map_err(|_| AddressError::Syntax)?;
        match url.scheme() {
            "https" => {}
            "http" if loopback == Loopback::Allowed && is_loopback(&url) => {}
            _ => return Err(AddressError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Query);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(AddressError::Syntax);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The same address without `suffix` at the end of its path.
    pub(crate) fn without_path_suffix(mut self, suffix: &str) -> Self {
        if let Some(shorter) = self.path().strip_suffix(suffix).map(str::to_owned) {
            self.0.set_path(&shorter);
        }
        self
    }

    /// The path of the installation: empty, or `/shop`.
    pub(crate) fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    /// The address with `suffix` (which begins with a slash) after its path, byte for byte where a URL lets it.
    pub(crate) fn with(&self, suffix: &str, query: Option<&str>) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{suffix}", self.path()));
        url.set_query(query);
        url
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised() {
        for (given, expected) in [
            ("shop.example", "https://shop.example"),
            ("https://Shop.Example/", "https://shop.example"),
            ("https://shop.example:443/sub/", "https://shop.example/sub"),
            (" https://bücher.example ", "https://xn--bcher-kva.example"),
            ("https://shop.example:8443", "https://shop.example:8443"),
        ] {
            assert_eq!(
                StoreAddress::parse(given, Loopback::Denied).map(|a| a.to_string()),
                Ok(expected.to_owned()),
                "{given}"
            );
        }
        let local = StoreAddress::parse("http://127.0.0.1:8080", Loopback::Allowed).unwrap();
        assert_eq!(local.to_string(), "http://127.0.0.1:8080");
        assert!(!local.is_https());
    }

    #[test]
    fn what_is_not_a_store_is_refused() {
        for (given, loopback, expected) in [
            ("", Loopback::Denied, AddressError::Syntax),
            ("http://shop.example", Loopback::Denied, AddressError::NotHttps),
            ("http://shop.example", Loopback::Allowed, AddressError::NotHttps),
            ("http://127.0.0.1", Loopback::Denied, AddressError::NotHttps),
            ("http://127.0.0.1.evil.example", Loopback::Allowed, AddressError::NotHttps),
            ("ftp://shop.example", Loopback::Denied, AddressError::NotHttps),
            ("https://user:pw@shop.example", Loopback::Denied, AddressError::UserInfo),
            ("https://shop.example/?a=1", Loopback::Denied, AddressError::Query),
            ("https://shop.example/#x", Loopback::Denied, AddressError::Query),
            ("https://shop example", Loopback::Denied, AddressError::Syntax),
            ("https://shop.example\\@evil.example", Loopback::Denied, AddressError::Syntax),
            ("https://", Loopback::Denied, AddressError::Syntax),
        ] {
            assert_eq!(StoreAddress::parse(given, loopback), Err(expected), "{given}");
        }
    }
}
