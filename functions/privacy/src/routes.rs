//! The routes that need no key, as a table.

use cloud::http::route::{self, Found};
use http::Method;

/// One route.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// Method and path as the documentation and the logs write them; `{…}` stands for one name.
    pub name: &'static str,
    /// What answers.
    pub endpoint: Endpoint,
}

/// What there is to be done. One variant a route, each with one arm in `serving`.
#[expect(missing_docs, reason = "the table below says what each does")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    ShowInventory,
    ShowProcessors,
    ShowRecords,
    ShowRetention,
    ListPolicies,
    ShowPolicy,
    ShowPrivacyControl,
    ShowSecurity,
    ShowHome,
    ShowForm,
    MakeRequest,
    ShowLink,
    FollowLink,
    ShowRequest,
    CancelRequest,
    AppealRequest,
    ConfirmRequest,
    MailLink,
    DownloadAnswer,
    ShowReceipt,
    ShowSigningKey,
    ShowCookies,
    ShowWebForm,
    SendForm,
    ShowConsentLink,
    FollowConsentLink,
    ShowUnsubscribe,
    Unsubscribe,
}

impl Endpoint {
    /// Whether a browser gets pages there.
    #[must_use]
    pub const fn has_pages(self) -> bool {
        !matches!(
            self,
            Self::ShowProcessors
                | Self::ShowRecords
                | Self::ShowRetention
                | Self::ShowPrivacyControl
                | Self::ShowSecurity
                | Self::ShowSigningKey
        )
    }
}

const fn open(name: &'static str, endpoint: Endpoint) -> Route {
    Route { name, endpoint }
}

/// Every route of the function.
pub static ROUTES: &[Route] = &[
    open("GET /privacy/inventory", Endpoint::ShowInventory),
    open("GET /privacy/processors", Endpoint::ShowProcessors),
    open("GET /privacy/records", Endpoint::ShowRecords),
    open("GET /privacy/retention", Endpoint::ShowRetention),
    open("GET /policies", Endpoint::ListPolicies),
    open("GET /policies/{document}/{version}", Endpoint::ShowPolicy),
    open("GET /.well-known/gpc.json", Endpoint::ShowPrivacyControl),
    open("GET /.well-known/security.txt", Endpoint::ShowSecurity),
    open("GET /privacy", Endpoint::ShowHome),
    open("GET /privacy/requests", Endpoint::ShowForm),
    open("POST /privacy/requests", Endpoint::MakeRequest),
    open("GET /privacy/verify/{token}", Endpoint::ShowLink),
    open("POST /privacy/verify/{token}", Endpoint::FollowLink),
    open("GET /privacy/requests/{request}", Endpoint::ShowRequest),
    open("POST /privacy/requests/{request}/cancel", Endpoint::CancelRequest),
    open("POST /privacy/requests/{request}/appeal", Endpoint::AppealRequest),
    open("POST /privacy/requests/{request}/confirm", Endpoint::ConfirmRequest),
    open("POST /privacy/requests/{request}/link", Endpoint::MailLink),
    open("POST /privacy/requests/{request}/download", Endpoint::DownloadAnswer),
    open("GET /privacy/requests/{request}/receipt", Endpoint::ShowReceipt),
    open("GET /privacy/signing-key", Endpoint::ShowSigningKey),
    open("GET /cookies", Endpoint::ShowCookies),
    open("GET /forms/{form}", Endpoint::ShowWebForm),
    open("POST /forms/{form}", Endpoint::SendForm),
    open("GET /privacy/consents/confirm", Endpoint::ShowConsentLink),
    open("POST /privacy/consents/confirm", Endpoint::FollowConsentLink),
    open("GET /privacy/unsubscribe", Endpoint::ShowUnsubscribe),
    open("POST /privacy/unsubscribe", Endpoint::Unsubscribe),
];

/// Finds the route of a call.
#[must_use]
pub fn find<'a>(method: &Method, path: &'a str) -> Found<'a, Route> {
    route::find(ROUTES, |route| route.name, method, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_by_its_own_name_and_by_no_other() {
        for route in ROUTES {
            let (method, template) = route.name.split_once(' ').unwrap();
            let Found::Route(found, _) = find(&method.parse().unwrap(), template) else { panic!("{}", route.name) };
            assert_eq!(found.endpoint, route.endpoint, "{}", route.name);
        }
    }
}
