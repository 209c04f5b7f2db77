//! `prestapyt` with our key where PrestaShop's goes, as the user name of Basic: XML in and out.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::json;
use testkit::presta_store::{PrestaStore, WEBSERVICE_KEY};

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prestashops_client_reads_and_writes_with_our_key() {
    let world = World::new().await;
    let presta = PrestaStore::start(5).await.unwrap();
    let credential = [("webservice_key".to_owned(), SecretString::from(WEBSERVICE_KEY.to_owned()))];
    let scopes = ScopeSet::of(&[Scope::Raw, Scope::ProductsRead, Scope::ProductsWrite]);
    let store = world.connect("prestashop", presta.url().as_str(), credential.into_iter().collect(), scopes).await;

    let seen = super::python().run("prestashop.py", &store, &world.key, &[]).await;
    assert_eq!(seen["first"], json!([1, 2, 3]));
    assert_eq!((&seen["made"], &seen["price"], &seen["deleted"]), (&json!("6"), &json!("12.50"), &json!(true)));
    assert_eq!(seen["missing"], json!([404, "The resource does not exist"]), "the platform's own error");
    assert_eq!(presta.product_ids(), [1, 2, 3, 4, 5]);
    for received in presta.received() {
        assert!(!format!("{} {:?}", received.target, received.headers).contains("ctg_"), "our key came through");
    }
}
