//! What a developer does all day.

use domain::scope::{Scope, ScopeSet};
use serde_json::{Value, json};
use testkit::stack::Stack;

use super::Terminal;
use crate::control::house::House;

/// A terminal with the key of an account's owner, and one with that of an application that may read a store.
struct Desk {
    owner: Terminal,
    developer: Terminal,
    store: String,
    application: String,
    house: House,
}

impl Desk {
    async fn new() -> Self {
        let house = House::new().await;
        let owner = house.owner().await;
        let scopes = ScopeSet::of(&[Scope::ProductsRead, Scope::OrdersRead, Scope::Raw, Scope::UsageRead]);
        let holding = house.holding(&owner, scopes).await;
        let terminal = Terminal::with(&owner.key);
        let connection = house.connection();
        let line = format!(
            "stores connect --json --platform cartos --address {} --credentials-stdin",
            connection["url"].as_str().unwrap()
        );
        let made = terminal.run_with(&line, &connection["credentials"].to_string()).await.json();
        let store = made["id"].as_str().unwrap().to_owned();
        let application = holding.application.to_string();
        let grant = format!("grants put {store} {application} --scopes products:read,orders:read,raw");
        assert!(terminal.run(&grant).await.fine().contains("products:read"));
        Self { owner: terminal, developer: Terminal::with(&holding.key), store, application, house }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_keeps_a_key_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new().await;
    let owner = house.owner().await;
    let api = Stack::shared().api().as_str().trim_end_matches('/').to_owned();
    let terminal = Terminal::new();
    let none = terminal.run("apps list").await;
    assert_eq!(none.code, Some(2), "{}", none.err);
    assert!(none.err.contains("next: `cartage login"), "{}", none.err);

    let login = format!("login --url {api} --key-stdin");
    let refused = terminal.run_with(&login, "ctg_nonsense\n").await;
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(!terminal.profiles().exists(), "a key that does not work is not kept");

    let told = terminal.run_with(&login, &format!("{}\n", owner.key)).await.fine();
    let secret = owner.key.rsplit('_').next().unwrap();
    assert!(told.contains("as profile default") && !told.contains(secret), "{told}");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&terminal.profiles()), 0o600);
    assert_eq!(terminal.run("apps list --json").await.rows(), [] as [Value; 0]);

    // A second profile; the first stays, and its key goes to its own URL only.
    let other = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    terminal.run_with(&format!("{login} --profile shop"), &other.key).await.fine();
    let refused = terminal.run("apps list").await;
    assert_eq!((refused.code, refused.err.contains("scope_missing")), (Some(1), true), "the last login counts");
    assert_eq!(terminal.run("apps list --json --profile default").await.rows().len(), 1);
    let elsewhere = terminal.run("apps list --url https://other.example").await;
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.err);
    assert!(elsewhere.err.contains("no key is known for https://other.example"), "{}", elsewhere.err);

    std::fs::set_permissions(terminal.profiles(), PermissionsExt::from_mode(0o644)).unwrap();
    let open = terminal.run("apps list").await;
    assert_eq!((open.code, open.err.contains("others may read it")), (Some(2), true), "{}", open.err);
    std::fs::set_permissions(terminal.profiles(), PermissionsExt::from_mode(0o600)).unwrap();
    terminal.run("logout").await.fine();
    terminal.run("logout --profile default").await.fine();
    let kept = std::fs::read_to_string(terminal.profiles()).unwrap();
    assert!(!kept.contains("ctg_"), "{kept}");
    assert_eq!(terminal.run("apps list").await.code, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_read_as_a_table_and_as_json() {
    let desk = Desk::new().await;
    let get = |more: &str| format!("get products --store {} {more}", desk.store);
    insta::assert_snapshot!("products_as_a_table", desk.developer.run(&get("--limit 3")).await.fine());
    insta::assert_snapshot!(
        "products_as_json",
        desk.developer.run(&get("--limit 2 --fields id,name,variants.sku --json")).await.fine()
    );
    let page = desk.developer.run(&get("--fields id --limit 5")).await;
    assert!(page.err.contains("5 products; more with --all"), "{}", page.err);
    let cursor = page.err.split("--cursor ").nth(1).unwrap().trim().to_owned();
    let first: Vec<String> = page.fine().lines().skip(1).map(str::to_owned).collect();
    let next = desk.developer.run(&get(&format!("--fields id --limit 5 --cursor {cursor}"))).await.fine();
    assert!(next.lines().skip(1).all(|id| !first.iter().any(|seen| seen == id)), "{next}");

    // More than two pages of a hundred.
    let all = desk.developer.run(&get("--all --json")).await.rows();
    assert_eq!(all.len(), 220);
    assert!(all.iter().all(|row| row["id"].is_string() && row["variants"].is_array()));
    let id = all[7]["id"].as_str().unwrap();
    let one = desk.developer.run(&get(&format!("--id {id} --json"))).await.json();
    assert_eq!(one, all[7]);
    assert!(desk.developer.run(&get(&format!("--id {id}"))).await.fine().starts_with("id "));

    let raw = format!("raw get api/products?per_page=2 --store {}", desk.store);
    let told: Value = serde_json::from_str(&desk.developer.run(&raw).await.fine()).unwrap();
    assert_eq!(told["products"].as_array().map(Vec::len), Some(2), "the platform's own words");
    let with_headers = desk.developer.run(&format!("{raw} --json")).await.json();
    assert_eq!((&with_headers["status"], &with_headers["body"]), (&json!(200), &told));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_is_given_and_taken_back() {
    let Desk { owner, developer, store, application, house } = Desk::new().await;
    let checked = owner.run(&format!("stores check {store} --json")).await.json();
    assert!(checked.is_object(), "{checked}");
    let listed = owner.run("stores list --json").await.rows();
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(store)));

    let made =
        owner.run(&format!("keys create --app {application} --scopes products:read --name second --json")).await.json();
    assert!(made["key"].as_str().unwrap().starts_with("ctg_"));
    let id = made["id"].as_str().unwrap();
    let keys = owner.run(&format!("keys list --app {application}")).await.fine();
    assert!(keys.contains(id) && !keys.contains(made["key"].as_str().unwrap()), "{keys}");
    let rotated = owner.run(&format!("keys rotate {id} --overlap 60 --json")).await.json();
    assert_ne!(rotated["key"], made["key"]);
    let asked = owner.run(&format!("keys revoke {id}")).await;
    assert_eq!((asked.code, asked.err.contains("--yes")), (Some(2), true), "nobody can be asked: {}", asked.err);
    owner.run(&format!("keys revoke {id} --yes")).await.fine();
    assert!(owner.run("keys list").await.fine().contains("revoked"));

    owner.run(&format!("grants revoke {store} {application}")).await.fine();
    let refused = developer.run(&format!("get products --store {store}")).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("403 store_access_revoked") && refused.err.contains("next: "), "{}", refused.err);

    owner.run(&format!("stores disconnect {store} --yes")).await.fine();
    let gone = owner.run(&format!("stores check {store} --json")).await;
    assert_eq!(gone.code, Some(1), "{}", gone.err);
    let problem: Value = serde_json::from_str(gone.err.trim()).unwrap();
    assert!(problem["code"].is_string() && problem["instance"].as_str().unwrap().starts_with("req_"), "{problem}");
    drop(house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_drawn_and_counted() {
    let desk = Desk::new().await;
    for _ in 0..3 {
        desk.developer.run(&format!("get products --store {} --limit 1", desk.store)).await.fine();
    }
    // A line is written behind the answer.
    let counted = || async { desk.developer.run("usage --group-by store --json").await.rows() };
    let mut rows = counted().await;
    for _ in 0..20 {
        if rows.iter().any(|row| row["store"] == desk.store.as_str() && row["calls"] == 3) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        rows = counted().await;
    }
    let of_the_store = rows.iter().find(|row| row["store"] == desk.store.as_str()).unwrap();
    assert_eq!((&of_the_store["calls"], &of_the_store["rows"]), (&json!(3), &json!(3)), "{rows:?}");
    let drawn = desk.developer.run("usage").await.fine();
    assert!(drawn.starts_with("DAY") && drawn.contains('\u{2588}') && drawn.contains(" calls; p50"), "{drawn}");
    let advice = desk.developer.run("usage --advice --json").await.rows();
    assert_eq!(advice[0]["unused_scopes"], json!(["orders:read", "raw"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shells_take_the_completions() {
    let terminal = Terminal::new();
    for (shell, mark) in [
        ("bash", "complete -F _cartage"),
        ("zsh", "#compdef cartage"),
        ("fish", "complete -c cartage"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let script = terminal.run(&format!("completions {shell}")).await.fine();
        assert!(script.contains(mark) && script.contains("move-credential"), "{shell}");
        if shell == "bash" {
            let mut parser = std::process::Command::new("bash");
            let mut child = super::piped(parser.arg("-n"));
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
            let parsed = child.wait_with_output().unwrap();
            assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_can_do_is_told() {
    let terminal = Terminal::new();
    insta::assert_snapshot!("help", terminal.run("--help").await.fine());
    let platforms = Terminal::with("").run("platforms --json").await.rows();
    assert!(platforms.iter().any(|platform| platform["name"] == "cartos"), "no key is needed");
    let table = Terminal::with("").run("platforms").await.fine();
    assert!(table.contains("woocommerce") && table.contains("consumer_secret"), "{table}");
}
