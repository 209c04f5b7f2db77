//! Role × route: who may call what.

use control::routes::{Need, ROUTES};
use domain::role::Role;
use http::Method;

use super::house::House;
use crate::world::Calling;

/// What each role may do, written down once more and by hand, so that a change of the scopes of a role has to be meant.
fn allowed(role: Role, route: &str) -> bool {
    let reads = [
        "GET /v1/account",
        "GET /v1/account/activity",
        "GET /v1/account/agreements",
        "GET /v1/account/consents",
        "GET /v1/account/keys",
        "GET /v1/keys",
    ];
    let looks = [
        "GET /v1/applications",
        "GET /v1/applications/{application}",
        "GET /v1/applications/{application}/keys",
        "GET /v1/stores",
        "GET /v1/stores/{store}",
    ];
    let counts = [
        "GET /v1/usage",
        "GET /v1/usage/advice",
        "GET /v1/subscriptions",
        "GET /v1/subscriptions/{subscription}",
        "GET /v1/subscriptions/{subscription}/deliveries",
        "GET /v1/events",
    ];
    let builds = [
        "POST /v1/applications",
        "DELETE /v1/applications/{application}",
        "POST /v1/applications/{application}/keys",
        "POST /v1/keys/{key}/rotate",
        "DELETE /v1/keys/{key}",
        "POST /v1/subscriptions",
        "PATCH /v1/subscriptions/{subscription}",
        "DELETE /v1/subscriptions/{subscription}",
        "POST /v1/subscriptions/{subscription}/rotate-secret",
        "POST /v1/subscriptions/{subscription}/test",
        "POST /v1/subscriptions/{subscription}/enable",
        "POST /v1/subscriptions/{subscription}/replay",
    ];
    let keeps_stores = [
        "POST /v1/stores",
        "PATCH /v1/stores/{store}",
        "DELETE /v1/stores/{store}",
        "POST /v1/stores/{store}/check",
        "POST /v1/stores/{store}/move-credential",
        "POST /v1/stores/{store}/rotate-hook-secret",
        "PUT /v1/stores/{store}/grants/{application}",
        "DELETE /v1/stores/{store}/grants/{application}",
    ];
    let answers_for_people = [
        "GET /v1/privacy/requests",
        "GET /v1/stores/{store}/restrictions",
        "POST /v1/stores/{store}/restrictions",
        "GET /v1/stores/{store}/restrictions/{restriction}",
        "DELETE /v1/stores/{store}/restrictions/{restriction}",
    ];
    let operates = route.contains(" /v1/operator/");
    let owns = [
        "PATCH /v1/account",
        "DELETE /v1/account",
        "PUT /v1/account/consents/{purpose}",
        "PUT /v1/account/agreements/{policy}/{version}",
        "POST /v1/account/keys",
        "POST /v1/keys",
    ];
    let looking = reads.contains(&route) || looks.contains(&route);
    let counting = looking || counts.contains(&route);
    match role {
        Role::Owner => {
            counting
                || builds.contains(&route)
                || keeps_stores.contains(&route)
                || owns.contains(&route)
                || answers_for_people.contains(&route)
        }
        Role::Admin => counting || builds.contains(&route) || keeps_stores.contains(&route),
        Role::Developer => counting || builds.contains(&route),
        Role::Support => counting,
        Role::PrivacyOfficer => looking || answers_for_people.contains(&route),
        Role::Operator => operates,
    }
}

#[tokio::test]
async fn r049_every_role_gets_exactly_its_routes() {
    let house = House::new().await;
    // Ids that name nothing, so that whoever is let in meets a 404 or a 422 and changes nothing.
    let nothing = "00000000000000000000000000";
    for role in Role::ALL {
        for route in ROUTES {
            let (method, template) = route.name.split_once(' ').unwrap();
            let path = template
                .replace("{application}", &format!("app_{nothing}"))
                .replace("{key}", &format!("key_{nothing}"))
                .replace("{subscription}", &format!("sub_{nothing}"))
                .replace("{request}", &format!("prq_{nothing}"))
                .replace("{form}/{submission}", &format!("contact/frm_{nothing}"))
                .replace("{policy}/{version}", "privacy/0")
                .replace("{breach}", &format!("brc_{nothing}"))
                .replace("{campaign}", &format!("cmp_{nothing}"))
                .replace("{hold}", &format!("hld_{nothing}"))
                .replace("{store}", &format!("str_{nothing}"));
            let owner = house.owner().await;
            let key = house.person(&owner.account, role).await;
            let calling = Calling::new(method, &path).key(&key);
            let calling = if method == "GET" || method == "DELETE" { calling } else { calling.body("[]") };
            let answer = house.call(calling).await;
            let scope_missing = answer.status == 403 && answer.problem() == "scope_missing";
            match route.need {
                Need::Nothing => assert!(!scope_missing && answer.status != 401, "{role:?} {}", route.name),
                Need::Scope(_) => {
                    assert_eq!(!scope_missing, allowed(role, route.name), "{role:?} {} {}", route.name, answer.status);
                }
            }
            assert!(answer.status < 500, "{role:?} {} {}", route.name, answer.status);
        }
    }
}

#[tokio::test]
async fn r016_every_route_but_the_public_ones_takes_a_key() {
    let house = House::new().await;
    for route in ROUTES {
        let (method, template) = route.name.split_once(' ').unwrap();
        let answer = house.call(Calling::new(method, template)).await;
        match route.need {
            Need::Nothing => assert_ne!(answer.status, 401, "{}", route.name),
            Need::Scope(_) => assert_eq!(answer.problem(), "key_missing", "{}", route.name),
        }
        for name in ["x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit"] {
            assert!(answer.headers.contains_key(name), "{} lacks {name}", route.name);
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let house = House::new().await;
    for path in ["/", "/v1", "/v1/nothing", "/v2/stores", "/v1/usage/x", "/v1/stores/a/b", "/v1/%2e%2e/account"] {
        let answer = house.call(Calling::new("GET", path)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not_found"), "{path}");
    }
    for (method, path, allow) in [
        ("PUT", "/v1/account", "GET, PATCH, DELETE"),
        ("DELETE", "/v1/stores", "GET, POST"),
        ("GET", "/v1/keys/key_1/rotate", "POST"),
        ("POST", "/healthz", "GET"),
    ] {
        let answer = house.call(Calling::new(method, path)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (405, "method_not_allowed"), "{method} {path}");
        assert_eq!(answer.headers["allow"], allow);
    }
    let head = house.call(Calling::new(Method::HEAD.as_str(), "/healthz")).await;
    assert_eq!(head.status, 200);
}
