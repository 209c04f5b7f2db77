//! Builds the functions' binaries, the way the running program was built.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::StackError;
use super::fingerprint::Fingerprint;
use super::places::{self, BuildPlace};
use super::program::Program;

/// How much of the compiler's output is shown when it fails, in lines.
const SHOWN_LINES: usize = 60;

/// The functions' binaries.
#[derive(Debug, Clone)]
pub struct Functions {
    /// The folder they are in.
    pub folder: PathBuf,
    /// Changes when one of them was built anew.
    pub fingerprint: String,
}

/// The names of the functions: one folder in `functions/` is one package, one binary.
///
/// # Errors
/// [`StackError::Io`] when the folder cannot be read.
pub fn names() -> Result<Vec<String>, StackError> {
    let folder = places::workspace().join("functions");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(StackError::io(format!("reading {}", folder.display())))? {
        let entry = entry.map_err(StackError::io(format!("reading {}", folder.display())))?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What cargo tells the programs that it runs about their package. A build script that looks at one of them (ring's does) would run
/// again, and all that depends on it would be compiled anew, if they reached the cargo that is started here.
const OF_THE_CALLER: [&str; 20] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "OUT_DIR",
];

/// For whom the functions are built. cargo chooses the features of shared dependencies by what is built together, so each of the two
/// names the package that was compiled just before: with it, nothing is compiled twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `cargo run -p local`, which depends on every function.
    Local,
    /// The tests, whose test program brings its development dependencies.
    Tests,
}

impl Purpose {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Local => &["--package", "local"],
            // And the console's binary, which tests run beside the functions.
            Self::Tests => &["--package", "tests", "--test", "all", "--package", "cli"],
        }
    }
}

/// Runs `cargo build` for all functions; `progress` sees each line that cargo prints.
///
/// # Errors
/// [`StackError::Build`] with the compiler's own words, or [`StackError::Io`] when cargo cannot be run.
pub fn functions(
    place: &BuildPlace,
    purpose: Purpose,
    mut progress: impl FnMut(&str),
) -> Result<Functions, StackError> {
    let names = names()?;
    let mut cargo = Command::new("cargo");
    cargo.arg("build").args(&place.arguments).args(purpose.arguments());
    for name in &names {
        cargo.args(["--package", name]);
    }
    for name in OF_THE_CALLER {
        cargo.env_remove(name);
    }
    cargo
        .arg("--bins")
        .current_dir(places::workspace())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = Program::start(&mut cargo).map_err(StackError::io("running cargo"))?;
    let mut tail = VecDeque::new();
    if let Some(said) = child.stderr() {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            progress(line.trim());
            if tail.len() == SHOWN_LINES {
                tail.pop_front();
            }
            tail.push_back(line);
        }
    }
    let status = child.wait().map_err(StackError::io("waiting for cargo"))?;
    if !status.success() {
        return Err(StackError::Build { detail: Vec::from(tail).join("\n") });
    }
    Ok(Functions { folder: place.binaries.clone(), fingerprint: stamp(&place.binaries, &names)? })
}

fn stamp(folder: &Path, names: &[String]) -> Result<String, StackError> {
    let mut binaries = Fingerprint::default();
    for name in names {
        binaries.stamp(&folder.join(name))?;
    }
    Ok(binaries.finish())
}
