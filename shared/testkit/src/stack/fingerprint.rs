//! What a step was made from, as one short string: the step is taken again only when the string changes.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::StackError;

/// Collects inputs; their order counts.
#[derive(Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a value.
    pub fn value(&mut self, value: &str) {
        self.0.update(value.len().to_le_bytes());
        self.0.update(value);
    }

    /// Adds a file's content.
    ///
    /// # Errors
    /// [`StackError::Io`] when it cannot be read.
    pub fn file(&mut self, path: &Path) -> Result<(), StackError> {
        let content = fs::read_to_string(path).map_err(StackError::io(format!("reading {}", path.display())))?;
        self.value(&content);
        Ok(())
    }

    /// Adds a file's path, size and time of change: enough for something that a build tool writes, without reading it.
    ///
    /// # Errors
    /// [`StackError::Io`] when it cannot be looked at.
    pub fn stamp(&mut self, path: &Path) -> Result<(), StackError> {
        let what = || format!("looking at {}", path.display());
        let found = fs::metadata(path).map_err(StackError::io(what()))?;
        let changed = found.modified().map_err(StackError::io(what()))?;
        let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.value(&format!("{} {} {}", path.display(), found.len(), since.as_nanos()));
        Ok(())
    }

    /// The fingerprint, 32 hexadecimal digits.
    pub fn finish(self) -> String {
        self.0.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}
