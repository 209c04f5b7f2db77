//! Vendors' own clients, unmodified, against the raw route. They need Node and npm; a machine without them skips these tests and says so, the
//! build server (`CI`) never does.

use std::{path::PathBuf, process::Command};

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use testkit::{
    stack::{Stack, places::BuildPlace, tools::Tools},
    woo_store::{CONSUMER_KEY, CONSUMER_SECRET, WooStore},
};

use crate::world::World;

fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// A folder under `target/` with the clients installed as the lock file says; `None` where there is no Node.
fn installed() -> Option<PathBuf> {
    if Command::new("node").arg("--version").output().is_err() {
        #[expect(clippy::disallowed_methods, reason = "a test that the build server must not skip")]
        let must = std::env::var_os("CI").is_some();
        assert!(!must, "the build server needs Node for the vendors' clients");
        eprintln!("skipped: there is no Node on this machine");
        return None;
    }
    let home = BuildPlace::of_this_program().unwrap().target.join("clients");
    std::fs::create_dir_all(&home).unwrap();
    for file in ["package.json", "package-lock.json", "woocommerce.mjs"] {
        std::fs::copy(scripts().join(file), home.join(file)).unwrap();
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&home)
        .output()
        .unwrap();
    assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
    Some(home)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn woocommerces_client_reads_and_writes_with_our_key() {
    let Some(home) = installed() else { return };
    let certificate = home.join("certificate.pem");
    let tools = Tools::ensure(&BuildPlace::of_this_program().unwrap().target).unwrap();
    let made = Command::new(&tools.python).arg(scripts().join("certificate.py")).arg(&certificate).status().unwrap();
    assert!(made.success());

    let world = World::new().await;
    let woo = WooStore::start().await.unwrap();
    let credential = [
        ("consumer_key".to_owned(), SecretString::from(CONSUMER_KEY.to_owned())),
        ("consumer_secret".to_owned(), SecretString::from(CONSUMER_SECRET.to_owned())),
    ];
    let scopes = ScopeSet::of(&[Scope::Raw, Scope::ProductsRead, Scope::ProductsWrite]);
    let store = world.connect("woocommerce", woo.url().as_str(), credential.into_iter().collect(), scopes).await;

    let gateway = format!("{}/v1/stores/{store}/raw", Stack::shared().api().as_str().trim_end_matches('/'));
    let key = world.key.clone();
    let output = tokio::task::spawn_blocking(move || {
        Command::new("node")
            .arg(home.join("woocommerce.mjs"))
            .envs([
                ("GATEWAY", gateway.as_str()),
                ("KEY", key.as_str()),
                ("CERTIFICATE", certificate.to_str().unwrap()),
            ])
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
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
