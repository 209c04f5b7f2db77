//! Pinned Python packages in a virtual environment of their own, made once for each set of pins: the local stack's tools in
//! `target/local/venv`, others where a test wants them.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::fingerprint::Fingerprint;
use super::program::Program;
use super::{StackError, places};

/// Python that can import the pinned tools.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The interpreter inside the virtual environment.
    pub python: PathBuf,
}

impl Tools {
    /// The tools of the local stack.
    ///
    /// # Errors
    /// Those of [`Tools::pinned`].
    pub fn ensure(target: &Path) -> Result<Self, StackError> {
        Self::pinned(&target.join("local"), &places::scripts().join("requirements.txt"))
    }

    /// Makes the virtual environment `home/venv` if it is missing or was made for other pins. Safe to call from several processes at once.
    ///
    /// pip runs with the machine's own settings: which index it uses is the machine's business, not this project's.
    ///
    /// # Errors
    /// One of the Python or download variants of [`StackError`].
    pub fn pinned(home: &Path, requirements: &Path) -> Result<Self, StackError> {
        fs::create_dir_all(home).map_err(StackError::io(format!("creating {}", home.display())))?;
        let lock_path = home.join("venv.lock");
        let lock = File::create(&lock_path).map_err(StackError::io(format!("creating {}", lock_path.display())))?;
        lock.lock().map_err(StackError::io("waiting for another process that installs the tools"))?;

        let venv = home.join("venv");
        let tools = Self { python: venv.join("bin/python") };
        let mut pins = Fingerprint::default();
        pins.file(requirements)?;
        let ready = venv.join("ready");
        let wanted = pins.finish();
        if fs::read_to_string(&ready).is_ok_and(|found| found == wanted) && tools.python.exists() {
            return Ok(tools);
        }
        if venv.exists() {
            fs::remove_dir_all(&venv).map_err(StackError::io(format!("removing {}", venv.display())))?;
        }
        make_venv(Path::new("python3"), &venv)?;
        install(&tools.python, requirements, &home.join("pip.log"))?;
        fs::write(&ready, wanted).map_err(StackError::io(format!("writing {}", ready.display())))?;
        Ok(tools)
    }
}

fn make_venv(python: &Path, venv: &Path) -> Result<(), StackError> {
    let version = run(Command::new(python).args(["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]))?;
    let found = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let mut parts = found.split('.').map_while(|part| part.parse::<u32>().ok());
    if (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < (3, 11) {
        return Err(StackError::PythonTooOld { found });
    }
    let made = run(Command::new(python).args(["-m", "venv"]).arg(venv))?;
    if made.status.success() {
        return Ok(());
    }
    let said = [made.stdout, made.stderr].concat();
    Err(StackError::VenvMissing { detail: last_line(&String::from_utf8_lossy(&said)) })
}

fn install(python: &Path, requirements: &Path, log: &Path) -> Result<(), StackError> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r"]).arg(requirements);
    let output = File::create(log).map_err(StackError::io(format!("creating {}", log.display())))?;
    let errors = output.try_clone().map_err(StackError::io("opening pip's log"))?;
    pip.stdin(Stdio::null()).stdout(output).stderr(errors);
    let installing = Program::start(&mut pip).map_err(StackError::io("running pip"))?;
    if installing.wait().map_err(StackError::io("waiting for pip"))?.success() {
        return Ok(());
    }
    let said = fs::read_to_string(log).unwrap_or_default();
    let error = said.lines().rfind(|line| line.starts_with("ERROR"));
    let detail = error.map_or_else(|| last_line(&said), str::to_owned);
    Err(StackError::Download { detail, log: log.to_owned() })
}

fn run(command: &mut Command) -> Result<Output, StackError> {
    command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => StackError::PythonMissing,
        _ => StackError::io("running python3")(error),
    })
}

/// The last line that says anything, which is where programs put their reason.
pub(crate) fn last_line(said: &str) -> String {
    said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_python_is_named_in_one_sentence() {
        let error = make_venv(Path::new("/nowhere/python3"), Path::new("/nowhere/venv")).unwrap_err();
        assert!(matches!(error, StackError::PythonMissing));
        assert!(error.to_string().starts_with("Python 3 was not found"));
    }

    #[test]
    fn the_last_line_skips_the_empty_ones() {
        assert_eq!(last_line("one\n two \n\n"), "two");
        assert_eq!(last_line("\n"), "it gave no reason");
    }
}
