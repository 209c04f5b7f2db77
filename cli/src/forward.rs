//! The way to a port of this machine.

use std::time::{Duration, SystemTime};

use http::header;
use url::{Host, Url};

use crate::failure::Failure;

/// As long as an endpoint has.
const PATIENCE: Duration = Duration::from_secs(10);

/// A receiver on this machine.
pub(crate) struct Forward {
    http: reqwest::Client,
    url: Url,
}

impl Forward {
    /// A receiver at a URL of this machine. What is forwarded is a store's data and goes over no network.
    pub(crate) fn to(text: &str) -> Result<Self, Failure> {
        const ADVICE: &str = "it must be like http://127.0.0.1:3000/hooks";
        let url: Url = text.parse().map_err(|error| Failure::Usage(format!("{text}: {error}"), Some(ADVICE)))?;
        let here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if url.scheme() != "http" || !here {
            return Err(Failure::Usage(format!("{text} is no place on this machine"), Some(ADVICE)));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the console's way to this machine; `cloud::egress` is the functions' way to stores"
        )]
        let builder = reqwest::Client::builder();
        let http = builder
            .tls_backend_preconfigured(crate::client::tls()?)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .retry(reqwest::retry::never())
            .no_proxy()
            .user_agent(concat!("Cartage/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self { http, url })
    }

    /// Posts a delivery: the status that it was answered with, or what went wrong.
    pub(crate) async fn post(
        &self,
        id: &str,
        second: u64,
        (webhook, cartos): (String, String),
        body: String,
    ) -> Result<u16, String> {
        let request = self
            .http
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", second)
            .header("webhook-signature", webhook)
            .header("x-cartos-signature", cartos)
            .body(body);
        match request.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) if error.is_connect() => Err("nobody listens there".to_owned()),
            Err(error) if error.is_timeout() => Err("no answer within ten seconds".to_owned()),
            Err(_) => Err("the connection broke".to_owned()),
        }
    }
}

/// The unix second.
#[expect(
    clippy::disallowed_methods,
    reason = "`cloud::clock` is for functions; a delivery carries the time at which it is made"
)]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_forwarded_to() {
        for fine in ["http://127.0.0.1:3000/hooks", "http://localhost:1", "http://[::1]:3000/"] {
            assert!(Forward::to(fine).is_ok(), "{fine}");
        }
        for refused in
            ["http://example.com/", "https://127.0.0.1/", "http://127.0.0.1.example.com/", "127.0.0.1:3000", ""]
        {
            assert!(Forward::to(refused).is_err(), "{refused}");
        }
    }
}
