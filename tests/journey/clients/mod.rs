//! Vendors' own clients, unmodified, against the raw route: the programs in `tests/clients`, one a client, each of which prints what it saw as one
//! JSON object. The packages are installed once, as `package-lock.json` and `requirements.txt` pin them.
//!
//! A machine without Node skips the tests that need it and says so; the build server (`CI`) never does. Python is there: the emulator needs it.

mod cocart;
mod medusa;
mod prestashop;
mod shopify;
mod standard_webhooks;
mod woocommerce;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use domain::id::StoreId;
use serde_json::Value;
use testkit::stack::{Stack, fingerprint::Fingerprint, places::BuildPlace, tools::Tools};

/// What runs clients of one language.
pub(crate) struct Runtime {
    program: PathBuf,
    home: PathBuf,
}

/// Node with the clients that are written for it; `None` where there is no Node.
pub(crate) fn node() -> Option<Runtime> {
    if Command::new("node").arg("--version").output().is_err() {
        #[expect(clippy::disallowed_methods, reason = "a test that the build server must not skip")]
        let must = std::env::var_os("CI").is_some();
        assert!(!must, "the build server needs Node for the vendors' clients");
        eprintln!("skipped: there is no Node on this machine");
        return None;
    }
    let home = home();
    let lock = File::create(home.join("npm.lock")).unwrap();
    lock.lock().unwrap();
    let mut pins = Fingerprint::default();
    for file in ["package.json", "package-lock.json"] {
        pins.file(&programs().join(file)).unwrap();
        fs::copy(programs().join(file), home.join(file)).unwrap();
    }
    let (wanted, ready) = (pins.finish(), home.join("npm.ready"));
    if fs::read_to_string(&ready).ok().as_ref() != Some(&wanted) {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&home);
        let installed = npm.output().unwrap();
        assert!(installed.status.success(), "npm ci: {}", String::from_utf8_lossy(&installed.stderr));
        fs::write(&ready, wanted).unwrap();
    }
    Some(Runtime { program: "node".into(), home })
}

/// Python with the clients that are written for it.
pub(crate) fn python() -> Runtime {
    let home = home().join("python");
    let tools = Tools::pinned(&home, &programs().join("requirements.txt")).unwrap();
    Runtime { program: tools.python, home }
}

impl Runtime {
    /// Runs `tests/clients/<name>` with the store's raw route as `GATEWAY`, a key as `KEY` and what else it needs in its environment, and reads what it
    /// prints.
    pub(crate) async fn run(&self, name: &str, store: &StoreId, key: &str, more: &[(&str, &str)]) -> Value {
        // Node looks for packages beside the program, so it is run where they are.
        let program = self.home.join(name);
        fs::copy(programs().join(name), &program).unwrap();
        let gateway = format!("{}/v1/stores/{store}/raw", Stack::shared().api().as_str().trim_end_matches('/'));
        let mut command = Command::new(&self.program);
        command.arg(program).env("GATEWAY", gateway).env("KEY", key).envs(more.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// `target/clients`, where packages are installed and programs run.
fn home() -> PathBuf {
    let home = BuildPlace::of_this_program().unwrap().target.join("clients");
    fs::create_dir_all(&home).unwrap();
    home
}
