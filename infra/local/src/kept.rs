//! What is kept between runs, in `target/local`: the emulator's state, the ports that stored addresses name, and what was seeded.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use testkit::stack::StackError;

/// The folder of the local stack.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    folder: PathBuf,
}

/// Ports of earlier runs. The demo store's is part of a stored URL, so it must stay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) aws: u16,
    pub(crate) demo_store: u16,
}

/// What the demo store is started with, drawn once.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DemoSecrets {
    /// The key that it expects in `X-API-Key`.
    pub(crate) api_key: String,
}

/// What was seeded through the API.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Seeded {
    pub(crate) owner_key: String,
    pub(crate) operator_key: String,
    pub(crate) app_key: String,
    pub(crate) application: String,
    pub(crate) store: String,
    /// What the store's webhooks are signed with, as the API told when the store was connected.
    pub(crate) hook_secret: String,
}

/// `stack.json`, for programs that want to use the running stack.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) api: String,
    pub(crate) aws: String,
    pub(crate) owner_key: String,
    pub(crate) app_key: String,
    pub(crate) operator_key: String,
    pub(crate) store: String,
    pub(crate) hook_secret: String,
    pub(crate) demo_store: String,
    pub(crate) mailbox: String,
}

impl Home {
    /// The folder inside cargo's target folder, created if need be.
    pub(crate) fn inside(target: &Path) -> Result<Self, StackError> {
        let home = Self { folder: target.join("local") };
        let state = home.state();
        fs::create_dir_all(&state).map_err(StackError::io(format!("creating {}", state.display())))?;
        Ok(home)
    }

    /// Where the emulator runs and logs.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Everything that `--reset` throws away.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Throws the state away.
    pub(crate) fn reset(&self) -> Result<(), StackError> {
        let state = self.state();
        fs::remove_dir_all(&state).map_err(StackError::io(format!("removing {}", state.display())))?;
        fs::create_dir_all(&state).map_err(StackError::io(format!("creating {}", state.display())))
    }

    /// The emulator's own state.
    pub(crate) fn emulator_state(&self) -> PathBuf {
        self.state().join("aws")
    }

    /// `stack.json`.
    pub(crate) fn addresses(&self) -> PathBuf {
        self.folder.join("stack.json")
    }

    /// The environment of every function, for running one by hand (`docs/DEPLOY.md`).
    pub(crate) fn environment(&self) -> PathBuf {
        self.folder.join("functions.env")
    }

    /// A kept value, or `None` when there is none that can be read.
    pub(crate) fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        read(&self.state().join(name))
    }

    /// Keeps a value.
    pub(crate) fn keep<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StackError> {
        write(&self.state().join(name), value)
    }
}

/// Reads a JSON file, or `None` when there is none that can be read.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// Writes a JSON file that only its owner may read (it may hold keys), in one step, so that a reader never sees half of it.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), StackError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| StackError::io("writing JSON")(error.into()))?;
    write_text(path, &text)
}

/// Writes a text file in the same way.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), StackError> {
    let draft = path.with_extension("draft");
    let written = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        fs::rename(&draft, path)
    };
    written().map_err(StackError::io(format!("writing {}", path.display())))
}
