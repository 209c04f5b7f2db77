//! What is kept between runs: profiles, each with a base URL and a key, in one file that only its owner can read.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{arguments::Global, environment, environment::Variable, failure::Failure};

const FILE: &str = "profiles.json";
/// The profile's name where none is given.
const DEFAULT: &str = "default";
const LOG_IN: &str = "`cartage login --url https://…`, or set CARTAGE_URL and CARTAGE_KEY";

/// The file. It holds keys, so it has no `Debug`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    /// The profile that is used where none is named: the one that was logged in last.
    current: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    url: String,
    key: String,
}

/// Whom to call, and as whom.
pub(crate) struct Login {
    /// The base URL.
    pub(crate) url: String,
    /// The key; nothing where the command needs none.
    pub(crate) key: Option<SecretString>,
}

impl Profiles {
    /// Reads the file; without one there are no profiles.
    pub(crate) fn read() -> Result<Self, Failure> {
        let Some(path) = path() else { return Ok(Self::default()) };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::usage(format!("{}: {error}", path.display()))),
        };
        if is_open_to_others(&path)? {
            let what = format!("{} holds keys and others may read it", path.display());
            return Err(Failure::Usage(what, Some("`chmod 600` it, and rotate its keys if others had the chance")));
        }
        // The parser's message would quote what it met, which may be a key.
        serde_json::from_str(&text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            Failure::Usage(
                format!("{} cannot be read at {place}", path.display()),
                Some("mend it, or delete it and log in again"),
            )
        })
    }

    /// Writes the file so that it is never half there and never open to others.
    fn write(&self) -> Result<(), Failure> {
        let path = path().ok_or(Failure::Usage(
            "there is no folder for configuration".to_owned(),
            Some("set HOME or XDG_CONFIG_HOME, or use CARTAGE_URL and CARTAGE_KEY"),
        ))?;
        let failed = |error: io::Error| Failure::usage(format!("{}: {error}", path.display()));
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::usage(error.to_string()))?;
        let fresh = folder.join(format!("{FILE}.{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // One that a run before this left behind when it was ended.
        let _ = fs::remove_file(&fresh);
        let mut file = options.open(&fresh).map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        fs::rename(&fresh, &path).map_err(failed)
    }

    /// The name of the profile that a command is about.
    fn name(&self, global: &Global) -> String {
        let named = global.profile.clone().or_else(|| Variable::Profile.text());
        named.or_else(|| self.current.clone()).unwrap_or_else(|| DEFAULT.to_owned())
    }

    /// Keeps a key, and makes its profile the current one. Gives the profile's name.
    pub(crate) fn keep(mut self, global: &Global, login: &Login) -> Result<String, Failure> {
        let name = self.name(global);
        let key = login.key.as_ref().map(|key| key.expose_secret().to_owned()).unwrap_or_default();
        self.profiles.insert(name.clone(), Profile { url: login.url.clone(), key });
        self.current = Some(name.clone());
        self.write()?;
        Ok(name)
    }

    /// Forgets a profile. Gives its name.
    pub(crate) fn forget(mut self, global: &Global) -> Result<String, Failure> {
        let name = self.name(global);
        if self.profiles.remove(&name).is_none() {
            return Err(Failure::usage(format!("there is no profile {name}")));
        }
        if self.current.as_ref() == Some(&name) {
            self.current = self.profiles.keys().next().cloned();
        }
        self.write()?;
        Ok(name)
    }

    /// The base URL to use: the command line's, else the environment's, else the profile's.
    pub(crate) fn url(&self, global: &Global) -> Result<String, Failure> {
        let name = self.name(global);
        let given = global.url.clone().or_else(|| Variable::Url.text());
        if global.profile.is_some() && !self.profiles.contains_key(&name) && given.is_none() {
            return Err(Failure::Usage(format!("there is no profile {name}"), Some(LOG_IN)));
        }
        given
            .or_else(|| Some(self.profiles.get(&name)?.url.clone()))
            .ok_or(Failure::Usage("no base URL is known".to_owned(), Some(LOG_IN)))
    }

    /// Whom to call as whom. A profile's key goes to that profile's URL and to no other.
    pub(crate) fn login(&self, global: &Global) -> Result<Login, Failure> {
        let url = self.url(global)?;
        let of_the_profile = self.profiles.get(&self.name(global)).filter(|profile| profile.url == url);
        let key = Variable::Key.text().or_else(|| Some(of_the_profile?.key.clone()));
        Ok(Login { url, key: key.map(|key| SecretString::from(key.trim().to_owned())) })
    }

    /// The same for a command that needs a key.
    pub(crate) fn login_with_key(&self, global: &Global) -> Result<Login, Failure> {
        let login = self.login(global)?;
        if login.key.is_none() {
            return Err(Failure::Usage(format!("no key is known for {}", login.url), Some(LOG_IN)));
        }
        Ok(login)
    }
}

fn path() -> Option<PathBuf> {
    Some(environment::config_folder()?.join(FILE))
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> Result<bool, Failure> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// Elsewhere the folder of the user is what keeps others out.
#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> Result<bool, Failure> {
    Ok(false)
}
