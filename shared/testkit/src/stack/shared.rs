//! The stack that tests share: one emulator with one deployed template for a whole test run, in as many processes as it has.
//!
//! Under `cargo test` a test binary is one process, under `cargo nextest` each test is one. Whichever process comes first starts the
//! emulator; each holds a shared lock while it lives; the emulator ends some seconds after the last lock is gone. Nothing has to
//! be started beforehand and nothing stays behind. Tests keep out of each other's way by using accounts and ids of their own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use url::Url;

use super::build::Purpose;
use super::deploy::{self, Deployment};
use super::emulator::{self, Owner, Setup};
use super::fingerprint::Fingerprint;
use super::places::{self, BuildPlace};
use super::tools::Tools;
use super::{StackError, build};

/// Where links in mails of the shared stack point; a test puts [`Stack::api`] in its place.
pub const PUBLIC_URL: &str = "http://127.0.0.1:1";

/// A deployed stack, kept alive while this process lives.
#[derive(Debug)]
pub struct Stack {
    api: Url,
    aws: Url,
    deployment: Deployment,
    _held: File,
}

/// What the processes of a test run tell each other.
#[derive(Serialize, Deserialize)]
struct Record {
    port: u16,
    /// What the running stack was made from.
    made_from: String,
    /// Programs that have seen that the functions' binaries are up to date.
    checked_by: Vec<String>,
    deployment: Deployment,
}

impl Stack {
    /// The shared stack; the first call in a test run builds, starts and deploys what is needed (up to minutes on a fresh clone),
    /// later ones return at once.
    ///
    /// # Panics
    /// When the stack cannot be made ready, with the sentence that `cargo run -p local` would show.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Stack, StackError>> = OnceLock::new();
        match SHARED.get_or_init(Self::join) {
            Ok(stack) => stack,
            #[expect(clippy::panic, reason = "a test cannot go on without the stack")]
            Err(error) => panic!("{error}"),
        }
    }

    /// The API's base, without a slash at the end: append `/v1/…`.
    pub fn api(&self) -> &Url {
        &self.api
    }

    /// Any AWS service's endpoint; region [`super::AWS_REGION`], credentials `test`/`test`.
    pub fn aws(&self) -> &Url {
        &self.aws
    }

    /// What was deployed.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The environment that the template gives a function, by its folder's name (`proxy`, `fan-out`).
    ///
    /// # Panics
    /// When no such function is deployed.
    pub fn function_env(&self, function: &str) -> &BTreeMap<String, String> {
        let logical = logical_id(function);
        match self.deployment.functions.get(&logical) {
            Some(deployed) => &deployed.variables,
            #[expect(clippy::panic, reason = "a test that names a function that is not there is wrong")]
            None => panic!("template.yaml has no {logical}"),
        }
    }

    fn join() -> Result<Self, StackError> {
        let place = BuildPlace::of_this_program()?;
        let home = place.target.join("test-stack");
        fs::create_dir_all(&home).map_err(StackError::io(format!("creating {}", home.display())))?;
        let gate_path = home.join("gate.lock");
        let gate = create(&gate_path)?;
        gate.lock().map_err(StackError::io("waiting for another test process"))?;

        let program = this_program()?;
        let record_path = home.join("stack.json");
        let running = read(&record_path).filter(|record| emulator::healthy(record.port));
        let (record, held) = match running {
            Some(record) if record.checked_by.contains(&program) => {
                let held = hold(&home, record.port)?;
                (record, held)
            }
            running => {
                let (record, held) = bring_up(&place, &home, running, program)?;
                let text = serde_json::to_string(&record).unwrap_or_default();
                fs::write(&record_path, text).map_err(StackError::io(format!("writing {}", record_path.display())))?;
                (record, held)
            }
        };
        let aws = local_url(record.port, "")?;
        let api = local_url(record.port, &format!("_aws/execute-api/{}/$default", record.deployment.api_id))?;
        Ok(Self { api, aws, deployment: record.deployment, _held: held })
    }
}

/// Builds, and starts a new emulator unless the running one was made from the very same things. An emulator that is replaced ends
/// when the last process of the older build has.
fn bring_up(
    place: &BuildPlace,
    home: &Path,
    running: Option<Record>,
    program: String,
) -> Result<(Record, File), StackError> {
    let tools = Tools::ensure(&place.target)?;
    let functions = build::functions(place, Purpose::Tests, |_| {})?;
    let parameters = deploy::parameters(PUBLIC_URL);
    let mut made_from = Fingerprint::default();
    made_from.value(&functions.fingerprint);
    made_from.value(&deploy::fingerprint(&functions, &parameters)?);
    let made_from = made_from.finish();
    if let Some(mut record) = running.filter(|record| record.made_from == made_from) {
        record.checked_by.push(program);
        let held = hold(home, record.port)?;
        return Ok((record, held));
    }
    remove_ended(home)?;
    let port = emulator::free_port()?;
    let held = hold(home, port)?;
    let setup = Setup { port, home: folder(home, port), state: None };
    let owner = Owner::Holders {
        held: &held_path(home, port),
        gate: &home.join("gate.lock"),
        record: &home.join("stack.json"),
    };
    emulator::start_shared(&tools, &setup, owner)?;
    let deployment = deploy::deploy(&tools, port, &functions, &parameters)?;
    Ok((Record { port, made_from, checked_by: vec![program], deployment }, held))
}

fn folder(home: &Path, port: u16) -> PathBuf {
    home.join(port.to_string())
}

fn held_path(home: &Path, port: u16) -> PathBuf {
    folder(home, port).join("held.lock")
}

/// Keeps the emulator on `port` running while the returned file is open.
fn hold(home: &Path, port: u16) -> Result<File, StackError> {
    let folder = folder(home, port);
    fs::create_dir_all(&folder).map_err(StackError::io(format!("creating {}", folder.display())))?;
    let held = create(&held_path(home, port))?;
    held.lock_shared().map_err(StackError::io("joining the shared stack"))?;
    Ok(held)
}

/// Removes the folders of emulators that have ended; the last one's stays until here, so that its log can be read.
fn remove_ended(home: &Path) -> Result<(), StackError> {
    for entry in fs::read_dir(home).map_err(StackError::io(format!("reading {}", home.display())))?.flatten() {
        let port = entry.file_name().to_str().and_then(|name| name.parse::<u16>().ok());
        if port.is_some_and(|port| !emulator::healthy(port)) {
            fs::remove_dir_all(entry.path()).map_err(StackError::io(format!("removing {}", entry.path().display())))?;
        }
    }
    Ok(())
}

fn create(path: &Path) -> Result<File, StackError> {
    File::create(path).map_err(StackError::io(format!("creating {}", path.display())))
}

fn read(path: &Path) -> Option<Record> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// Which build this program is. A function's `main.rs` is no part of a test program, so it is looked at apart.
fn this_program() -> Result<String, StackError> {
    let mut program = Fingerprint::default();
    program.stamp(&std::env::current_exe().map_err(StackError::io("finding this program's own path"))?)?;
    for name in build::names()? {
        program.stamp(&places::workspace().join("functions").join(name).join("src/main.rs"))?;
    }
    program.stamp(&places::template())?;
    Ok(program.finish())
}

fn local_url(port: u16, path: &str) -> Result<Url, StackError> {
    let text = format!("http://127.0.0.1:{port}/{path}");
    text.parse().map_err(|_| StackError::Deploy { detail: format!("{text} is not a URL") })
}

/// `fan-out` → `FanOutFunction`: folder and resource have one name.
fn logical_id(function: &str) -> String {
    let words = function.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
    });
    format!("{}Function", words.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_name_gives_the_resource_name() {
        assert_eq!(logical_id("proxy"), "ProxyFunction");
        assert_eq!(logical_id("fan-out"), "FanOutFunction");
    }
}
