//! The control plane's routes, as a table: what each is called and what a key needs for it.

use cloud::http::route::{self, Found};
use domain::scope::Scope;
use http::Method;

/// One route.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// Method and path as the documentation and the journal write them; `{…}` stands for one id.
    pub name: &'static str,
    /// What a caller needs.
    pub need: Need,
    /// What answers.
    pub endpoint: Endpoint,
}

/// What a caller needs for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it is public.
    Nothing,
    /// A key with this scope.
    Scope(Scope),
}

/// What there is to be done. One variant a route, each with one arm in `serving`.
#[expect(missing_docs, reason = "the table below says what each does")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Health,
    ShowDescription,
    ShowGuide,
    SignUp,
    ShowLink,
    FollowLink,
    ShowKeepLink,
    FollowKeepLink,
    ShowAccount,
    ChangeAccount,
    CloseAccount,
    ListAgreements,
    SayAgreement,
    ListActivity,
    ShowConsents,
    SwitchConsent,
    ListManagementKeys,
    CreateManagementKey,
    ListApplications,
    CreateApplication,
    ShowApplication,
    DeleteApplication,
    ListKeys,
    CreateKey,
    RotateKey,
    RevokeKey,
    ListStores,
    ConnectStore,
    ShowStore,
    ChangeStore,
    DisconnectStore,
    CheckStore,
    MoveCredential,
    RotateHookSecret,
    PutGrant,
    RevokeGrant,
    ListRestrictions,
    SetRestriction,
    ShowRestriction,
    EndRestriction,
    ListUsage,
    ListUsageAdvice,
    ListSubscriptions,
    CreateSubscription,
    ShowSubscription,
    ChangeSubscription,
    DeleteSubscription,
    RotateSubscriptionSecret,
    TestSubscription,
    EnableSubscription,
    ListDeliveries,
    ReplayDeliveries,
    ListEvents,
    ListPrivacyRequests,
    ListOpenRequests,
    ShowRequest,
    RevealPerson,
    DecideRequest,
    ListHolds,
    ProposeHold,
    ShowHold,
    TakeHoldStep,
    ListCampaigns,
    ProposeCampaign,
    ShowCampaign,
    TakeCampaignStep,
    ListBreaches,
    ReportBreach,
    ShowBreach,
    TakeBreachStep,
    DraftBreachNotice,
    ListOpenForms,
    RevealForm,
    TakeFormStep,
}

const fn open(name: &'static str, endpoint: Endpoint) -> Route {
    Route { name, need: Need::Nothing, endpoint }
}

const fn with(scope: Scope, name: &'static str, endpoint: Endpoint) -> Route {
    Route { name, need: Need::Scope(scope), endpoint }
}

/// Every route of the control plane.
pub static ROUTES: &[Route] = &[
    open("GET /healthz", Endpoint::Health),
    open("GET /v1/openapi.json", Endpoint::ShowDescription),
    open("GET /v1/guides/{guide}", Endpoint::ShowGuide),
    open("POST /v1/accounts", Endpoint::SignUp),
    open("GET /v1/accounts/confirm", Endpoint::ShowLink),
    open("POST /v1/accounts/confirm", Endpoint::FollowLink),
    open("GET /v1/accounts/keep", Endpoint::ShowKeepLink),
    open("POST /v1/accounts/keep", Endpoint::FollowKeepLink),
    with(Scope::AccountRead, "GET /v1/account", Endpoint::ShowAccount),
    with(Scope::AccountWrite, "PATCH /v1/account", Endpoint::ChangeAccount),
    with(Scope::AccountWrite, "DELETE /v1/account", Endpoint::CloseAccount),
    with(Scope::AccountRead, "GET /v1/account/agreements", Endpoint::ListAgreements),
    with(Scope::AccountWrite, "PUT /v1/account/agreements/{policy}/{version}", Endpoint::SayAgreement),
    with(Scope::AccountRead, "GET /v1/account/activity", Endpoint::ListActivity),
    with(Scope::AccountRead, "GET /v1/account/consents", Endpoint::ShowConsents),
    with(Scope::AccountWrite, "PUT /v1/account/consents/{purpose}", Endpoint::SwitchConsent),
    with(Scope::AccountRead, "GET /v1/account/keys", Endpoint::ListManagementKeys),
    with(Scope::AccountWrite, "POST /v1/account/keys", Endpoint::CreateManagementKey),
    with(Scope::AccountRead, "GET /v1/keys", Endpoint::ListManagementKeys),
    with(Scope::AccountWrite, "POST /v1/keys", Endpoint::CreateManagementKey),
    with(Scope::ApplicationsRead, "GET /v1/applications", Endpoint::ListApplications),
    with(Scope::ApplicationsWrite, "POST /v1/applications", Endpoint::CreateApplication),
    with(Scope::ApplicationsRead, "GET /v1/applications/{application}", Endpoint::ShowApplication),
    with(Scope::ApplicationsWrite, "DELETE /v1/applications/{application}", Endpoint::DeleteApplication),
    with(Scope::ApplicationsRead, "GET /v1/applications/{application}/keys", Endpoint::ListKeys),
    with(Scope::KeysWrite, "POST /v1/applications/{application}/keys", Endpoint::CreateKey),
    with(Scope::KeysWrite, "POST /v1/keys/{key}/rotate", Endpoint::RotateKey),
    with(Scope::KeysWrite, "DELETE /v1/keys/{key}", Endpoint::RevokeKey),
    with(Scope::StoresRead, "GET /v1/stores", Endpoint::ListStores),
    with(Scope::StoresWrite, "POST /v1/stores", Endpoint::ConnectStore),
    with(Scope::StoresRead, "GET /v1/stores/{store}", Endpoint::ShowStore),
    with(Scope::StoresWrite, "PATCH /v1/stores/{store}", Endpoint::ChangeStore),
    with(Scope::StoresWrite, "DELETE /v1/stores/{store}", Endpoint::DisconnectStore),
    with(Scope::StoresWrite, "POST /v1/stores/{store}/check", Endpoint::CheckStore),
    with(Scope::StoresWrite, "POST /v1/stores/{store}/move-credential", Endpoint::MoveCredential),
    with(Scope::StoresWrite, "POST /v1/stores/{store}/rotate-hook-secret", Endpoint::RotateHookSecret),
    with(Scope::GrantsWrite, "PUT /v1/stores/{store}/grants/{application}", Endpoint::PutGrant),
    with(Scope::GrantsWrite, "DELETE /v1/stores/{store}/grants/{application}", Endpoint::RevokeGrant),
    with(Scope::PrivacyWrite, "GET /v1/stores/{store}/restrictions", Endpoint::ListRestrictions),
    with(Scope::PrivacyWrite, "POST /v1/stores/{store}/restrictions", Endpoint::SetRestriction),
    with(Scope::PrivacyWrite, "GET /v1/stores/{store}/restrictions/{restriction}", Endpoint::ShowRestriction),
    with(Scope::PrivacyWrite, "DELETE /v1/stores/{store}/restrictions/{restriction}", Endpoint::EndRestriction),
    with(Scope::UsageRead, "GET /v1/usage", Endpoint::ListUsage),
    with(Scope::UsageRead, "GET /v1/usage/advice", Endpoint::ListUsageAdvice),
    with(Scope::SubscriptionsRead, "GET /v1/subscriptions", Endpoint::ListSubscriptions),
    with(Scope::SubscriptionsWrite, "POST /v1/subscriptions", Endpoint::CreateSubscription),
    with(Scope::SubscriptionsRead, "GET /v1/subscriptions/{subscription}", Endpoint::ShowSubscription),
    with(Scope::SubscriptionsWrite, "PATCH /v1/subscriptions/{subscription}", Endpoint::ChangeSubscription),
    with(Scope::SubscriptionsWrite, "DELETE /v1/subscriptions/{subscription}", Endpoint::DeleteSubscription),
    with(
        Scope::SubscriptionsWrite,
        "POST /v1/subscriptions/{subscription}/rotate-secret",
        Endpoint::RotateSubscriptionSecret,
    ),
    with(Scope::SubscriptionsWrite, "POST /v1/subscriptions/{subscription}/test", Endpoint::TestSubscription),
    with(Scope::SubscriptionsWrite, "POST /v1/subscriptions/{subscription}/enable", Endpoint::EnableSubscription),
    with(Scope::SubscriptionsRead, "GET /v1/subscriptions/{subscription}/deliveries", Endpoint::ListDeliveries),
    with(Scope::SubscriptionsWrite, "POST /v1/subscriptions/{subscription}/replay", Endpoint::ReplayDeliveries),
    with(Scope::EventsRead, "GET /v1/events", Endpoint::ListEvents),
    with(Scope::PrivacyWrite, "GET /v1/privacy/requests", Endpoint::ListPrivacyRequests),
    with(Scope::Operator, "GET /v1/operator/requests", Endpoint::ListOpenRequests),
    with(Scope::Operator, "GET /v1/operator/requests/{request}", Endpoint::ShowRequest),
    with(Scope::Operator, "POST /v1/operator/requests/{request}/reveal", Endpoint::RevealPerson),
    with(Scope::Operator, "POST /v1/operator/requests/{request}/decisions", Endpoint::DecideRequest),
    with(Scope::Operator, "GET /v1/operator/holds", Endpoint::ListHolds),
    with(Scope::Operator, "POST /v1/operator/holds", Endpoint::ProposeHold),
    with(Scope::Operator, "GET /v1/operator/holds/{hold}", Endpoint::ShowHold),
    with(Scope::Operator, "POST /v1/operator/holds/{hold}/steps", Endpoint::TakeHoldStep),
    with(Scope::Operator, "GET /v1/operator/campaigns", Endpoint::ListCampaigns),
    with(Scope::Operator, "POST /v1/operator/campaigns", Endpoint::ProposeCampaign),
    with(Scope::Operator, "GET /v1/operator/campaigns/{campaign}", Endpoint::ShowCampaign),
    with(Scope::Operator, "POST /v1/operator/campaigns/{campaign}/steps", Endpoint::TakeCampaignStep),
    with(Scope::Operator, "GET /v1/operator/breaches", Endpoint::ListBreaches),
    with(Scope::Operator, "POST /v1/operator/breaches", Endpoint::ReportBreach),
    with(Scope::Operator, "GET /v1/operator/breaches/{breach}", Endpoint::ShowBreach),
    with(Scope::Operator, "POST /v1/operator/breaches/{breach}/steps", Endpoint::TakeBreachStep),
    with(Scope::Operator, "GET /v1/operator/breaches/{breach}/notice", Endpoint::DraftBreachNotice),
    with(Scope::Operator, "GET /v1/operator/forms", Endpoint::ListOpenForms),
    with(Scope::Operator, "POST /v1/operator/forms/{form}/{submission}/reveal", Endpoint::RevealForm),
    with(Scope::Operator, "POST /v1/operator/forms/{form}/{submission}/steps", Endpoint::TakeFormStep),
];

/// Finds the route of a call.
#[must_use]
pub fn find<'a>(method: &Method, path: &'a str) -> Found<'a, Route> {
    route::find(ROUTES, |route| route.name, method, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(method: Method, path: &str) -> Option<(Endpoint, Vec<&str>)> {
        match find(&method, path) {
            Found::Route(route, parameters) => Some((route.endpoint, parameters)),
            Found::OtherMethods(_) | Found::Nothing => None,
        }
    }

    #[test]
    fn every_route_is_found_by_its_own_name_and_by_no_other() {
        for route in ROUTES {
            let (method, template) = route.name.split_once(' ').unwrap();
            let method: Method = method.parse().unwrap();
            assert_eq!(
                endpoint(method, template).map(|(endpoint, _)| endpoint),
                Some(route.endpoint),
                "{}",
                route.name
            );
        }
    }

    #[test]
    fn paths_lead_where_they_say() {
        assert_eq!(endpoint(Method::GET, "/v1/stores/str_1"), Some((Endpoint::ShowStore, vec!["str_1"])));
        assert_eq!(endpoint(Method::HEAD, "/v1/stores/"), Some((Endpoint::ListStores, vec![])));
        assert_eq!(
            endpoint(Method::PUT, "/v1/stores/str_1/grants/app_1"),
            Some((Endpoint::PutGrant, vec!["str_1", "app_1"]))
        );
        for nowhere in ["/", "", "/v1", "/v1/stores//grants/app_1", "//v1/stores", "/v1/stores/a/b/c", "/v1/nothing"] {
            assert_eq!(find(&Method::GET, nowhere), Found::Nothing, "{nowhere}");
        }
        assert_eq!(find(&Method::PUT, "/v1/account"), Found::OtherMethods("GET, PATCH, DELETE".to_owned()));
    }
}
