//! What callers hold us to, as snapshots: a change here is a change of the contract and wants a reason in its commit.

pub(crate) mod openapi;
mod promises;
mod schemathesis;

use cloud::http::Code;
use domain::{role::Role, scope::Scope};

#[test]
fn the_catalogue_of_problems() {
    let catalogue: Vec<String> =
        Code::ALL.iter().map(|code| format!("{} {} {}", code.status().as_u16(), code.as_str(), code.title())).collect();
    insta::assert_snapshot!(catalogue.join("\n"));
}

#[test]
fn the_catalogue_of_scopes_and_roles() {
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    let roles: Vec<String> = Role::ALL
        .iter()
        .map(|role| {
            let scopes: Vec<&str> = role.scopes().iter().map(Scope::as_str).collect();
            format!("{role:?}: {}", scopes.join(" "))
        })
        .collect();
    insta::assert_snapshot!(format!("{}\n\n{}", scopes.join(" "), roles.join("\n")));
}

#[test]
fn the_formats_of_table_keys() {
    use cloud::dynamo::key;
    use domain::id::{AccountId, ApplicationId, KeyId, RequestId, StoreId};
    fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str) -> T {
        format!("{prefix}00000000000000000000000007").parse().unwrap()
    }
    let account: AccountId = id("acc_");
    let call: RequestId = id("req_");
    let at = "2026-11-21T23:59:59Z".parse().unwrap();
    let formats = [
        key::api_key(&id::<KeyId>("key_")),
        key::store(&id::<StoreId>("str_")),
        key::STORE.to_owned(),
        key::grant(&id::<ApplicationId>("app_")),
        key::source("0011"),
        key::journal(Some(&account), at, 7),
        key::journal(None, at, 0),
        key::line(&call, 0),
        key::line(&call, 3),
        key::active(at),
        key::lines_from(at),
        key::usage(&account, "hour"),
        key::usage_from(at),
        key::usage_of(at, &id::<KeyId>("key_"), Some(&id::<StoreId>("str_")), "2xx"),
        key::usage_of(at, &id::<KeyId>("key_"), None, "5xx"),
    ];
    insta::assert_snapshot!(formats.join("\n"));
}
