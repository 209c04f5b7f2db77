//! `@woocommerce/woocommerce-rest-api` with our key, in each of its three ways to authenticate.

use std::{path::Path, process::Command};

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use testkit::{
    stack::{places::BuildPlace, tools::Tools},
    woo_store::{CONSUMER_KEY, CONSUMER_SECRET, WooStore},
};

use crate::world::World;

/// A key and certificate of 127.0.0.1: the client signs over http and sends Basic over https only.
fn make_certificate(path: &Path) {
    let tools = Tools::ensure(&BuildPlace::of_this_program().unwrap().target).unwrap();
    let script = super::programs().join("certificate.py");
    assert!(Command::new(&tools.python).arg(script).arg(path).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn woocommerces_client_reads_and_writes_with_our_key() {
    let Some(node) = super::node() else { return };
    let certificate = super::home().join("certificate.pem");
    make_certificate(&certificate);

    let world = World::new().await;
    let woo = WooStore::start().await.unwrap();
    let credential = [
        ("consumer_key".to_owned(), SecretString::from(CONSUMER_KEY.to_owned())),
        ("consumer_secret".to_owned(), SecretString::from(CONSUMER_SECRET.to_owned())),
    ];
    let scopes = ScopeSet::of(&[Scope::Raw, Scope::ProductsRead, Scope::ProductsWrite]);
    let store = world.connect("woocommerce", woo.url().as_str(), credential.into_iter().collect(), scopes).await;

    let more = [("CERTIFICATE", certificate.to_str().unwrap())];
    let seen = node.run("woocommerce.mjs", &store, &world.key, &more).await;
    for way in ["basic", "queryString", "oauth"] {
        let seen = &seen[way];
        assert_eq!(seen["total"], "4", "{way}: the platform's own headers come through");
        assert_eq!((&seen["rows"], &seen["pages"]), (&2.into(), &"2".into()), "{way}");
        assert_eq!((&seen["created"], &seen["deleted"]), (&201.into(), &200.into()), "{way}");
        assert_eq!(seen["name"], format!("Made by {way}"));
        assert_eq!(seen["price"], "24.50", "{way}");
        assert_eq!(seen["missing"], serde_json::json!([404, "woocommerce_rest_product_invalid_id"]), "{way}");
        assert_eq!(seen["limit"], "200", "{way}: and ours beside them");
    }
    assert_eq!(seen["inUrl"], serde_json::json!([400, "key_in_url"]));

    for received in woo.received() {
        let all = format!("{} {:?}", received.target, received.headers);
        assert!(
            !all.contains("ctg_") && !all.contains("of_the_client"),
            "a credential of the caller came through: {all}"
        );
        assert!(all.contains(CONSUMER_KEY), "the store's own went in");
    }
}
