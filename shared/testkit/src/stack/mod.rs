//! The emulated AWS with `template.yaml` deployed to it.
//!
//! Everything here blocks: it starts programs and waits for them, before or outside any runtime. Each step can be used alone, as
//! `cargo run -p local` does; a test wants [`shared::Stack::shared`], which takes every step that is still needed.

pub mod build;
pub mod deploy;
pub mod emulator;
pub mod fingerprint;
pub mod places;
pub mod program;
pub mod shared;
pub mod tools;

pub use deploy::Deployment;
pub use shared::Stack;

use std::path::PathBuf;
use std::time::Duration;

/// The region that the emulator plays, in AWS's spelling; the template's `StackRegion` says which of our regions that is.
pub const AWS_REGION: &str = "eu-west-1";

/// Why the stack could not be made ready. Each message is one sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// No `python3` on the path.
    #[error("Python 3 was not found: install Python 3.11 or newer, so that `python3` is on the PATH, and try again.")]
    PythonMissing,
    /// The Python found is older than the pinned tools allow.
    #[error("`python3` is {found}, but the local stack needs Python 3.11 or newer.")]
    PythonTooOld {
        /// The version it names, as `3.9.2`.
        found: String,
    },
    /// Python is there but cannot make a virtual environment.
    #[error(
        "`python3 -m venv` does not work here ({detail}): install Python's venv module (Debian and Ubuntu: `apt install python3-venv`) and try again."
    )]
    VenvMissing {
        /// The last thing Python said.
        detail: String,
    },
    /// pip could not install the pinned tools.
    #[error(
        "The pinned tools could not be downloaded ({detail}): check the network and pip's index settings, then try again (the whole story: {log})."
    )]
    Download {
        /// pip's last error line.
        detail: String,
        /// Where all of pip's output is.
        log: PathBuf,
    },
    /// cargo could not build the functions.
    #[error("The functions did not build:\n{detail}")]
    Build {
        /// The compiler's errors.
        detail: String,
    },
    /// The port is taken.
    #[error("Port {port} is already in use: stop what listens there or choose another one with --port.")]
    PortBusy {
        /// The TCP port, on loopback.
        port: u16,
    },
    /// The emulator ended before it was ready, or never became ready.
    #[error("The AWS emulator did not start ({detail}); its log is {log}.")]
    Emulator {
        /// What was seen.
        detail: String,
        /// Where its output is.
        log: PathBuf,
    },
    /// The template could not be deployed.
    #[error("template.yaml could not be deployed: {detail}")]
    Deploy {
        /// The deployer's last line.
        detail: String,
    },
    /// A file or a program could not be used.
    #[error("{what}: {cause}")]
    Io {
        /// What was being done, naming the file or program.
        what: String,
        /// Why that failed.
        #[source]
        cause: std::io::Error,
    },
}

impl StackError {
    /// Wraps an I/O error with what was being done; for `map_err`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }
}

/// How long to sleep between two looks at something that is about to be ready.
pub(crate) const POLL: Duration = Duration::from_millis(50);
