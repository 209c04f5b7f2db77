//! Where things are: the workspace, cargo's target folder, and the binaries of the build that this very program belongs to.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::StackError;

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap_or_else(|_| PathBuf::from("."))
}

/// The scripts and pins of the local stack.
pub fn scripts() -> PathBuf {
    workspace().join("infra/local")
}

/// The template that is deployed.
pub fn template() -> PathBuf {
    workspace().join("template.yaml")
}

/// Files that cargo puts into a target folder: the first one only if it made the folder itself.
const TARGET_MARKS: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// The build that the running program belongs to, read from the program's own path: the functions are built the same way, so
/// that nothing is compiled twice.
#[derive(Debug, Clone)]
pub struct BuildPlace {
    /// cargo's target folder.
    pub target: PathBuf,
    /// The folder that binaries are put in, as `target/debug`.
    pub binaries: PathBuf,
    /// Arguments that make cargo build into that folder.
    pub arguments: Vec<String>,
}

impl BuildPlace {
    /// Finds the build of the running program.
    ///
    /// # Errors
    /// [`StackError::Io`] when the program's path is unknown or is not inside a target folder.
    pub fn of_this_program() -> Result<Self, StackError> {
        let program = std::env::current_exe().map_err(StackError::io("finding this program's own path"))?;
        Self::of(&program)
    }

    /// Finds the build of a program: `<target>[/<triple>]/<profile>[/deps]/<program>`.
    fn of(program: &Path) -> Result<Self, StackError> {
        let outside = || StackError::Io {
            what: format!("{} is not in a cargo target folder", program.display()),
            cause: std::io::ErrorKind::NotFound.into(),
        };
        let folder = program.parent().ok_or_else(outside)?;
        let binaries = if folder.ends_with("deps") { folder.parent().ok_or_else(outside)? } else { folder };
        let is_target = |folder: &&Path| TARGET_MARKS.iter().any(|mark| folder.join(mark).is_file());
        let target = binaries.ancestors().skip(1).find(is_target).ok_or_else(outside)?;
        let mut arguments = vec!["--target-dir".to_owned(), target.display().to_string()];
        match name(binaries) {
            "debug" => {}
            profile => arguments.extend(["--profile".to_owned(), profile.to_owned()]),
        }
        if let Some(triple) = binaries.parent().filter(|folder| *folder != target) {
            arguments.extend(["--target".to_owned(), name(triple).to_owned()]);
        }
        Ok(Self { target: target.to_owned(), binaries: binaries.to_owned(), arguments })
    }
}

fn name(folder: &Path) -> &str {
    folder.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// A command with nothing of the caller's environment but what finding and loading programs needs, so that a developer's AWS
/// profile, proxy or Python settings cannot leak into the emulator or the functions.
pub(crate) fn clean_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in ["PATH", "LD_LIBRARY_PATH", "LANG"] {
        #[expect(
            clippy::disallowed_methods,
            reason = "hands the search paths on to a child; product code never comes here"
        )]
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_this_build_says_how_to_build_the_functions_beside_it() {
        let place = BuildPlace::of_this_program().unwrap();
        assert!(place.binaries.starts_with(&place.target));
        assert!(!place.binaries.ends_with("deps"));
        assert_eq!(place.arguments[..2], ["--target-dir".to_owned(), place.target.display().to_string()]);
    }

    #[test]
    fn a_program_outside_a_target_folder_is_refused() {
        assert!(BuildPlace::of(Path::new("/usr/bin/true")).is_err());
    }
}
