//! What the program takes from its environment.

use std::{ffi::OsString, path::PathBuf};

/// The variables that are read, and no others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Variable {
    /// The base URL, over the profile's.
    Url,
    /// The key, over the profile's.
    Key,
    /// The profile, where no `--profile` names one.
    Profile,
    /// No colours, if it is not empty (no-color.org).
    NoColor,
    /// Colours even where the output is no terminal, if it is neither empty nor `0`.
    ForceColor,
    /// `dumb` means no colours and no progress.
    Term,
    /// Where configuration goes, by the XDG specification.
    ConfigHome,
    /// The home of who runs this.
    Home,
}

impl Variable {
    fn name(self) -> &'static str {
        match self {
            Self::Url => "CARTAGE_URL",
            Self::Key => "CARTAGE_KEY",
            Self::Profile => "CARTAGE_PROFILE",
            Self::NoColor => "NO_COLOR",
            Self::ForceColor => "CLICOLOR_FORCE",
            Self::Term => "TERM",
            Self::ConfigHome => "XDG_CONFIG_HOME",
            Self::Home => "HOME",
        }
    }

    /// Its value, unless it is empty.
    #[expect(
        clippy::disallowed_methods,
        reason = "`cloud::env` is for functions; this is the one place of the console"
    )]
    fn value(self) -> Option<OsString> {
        std::env::var_os(self.name()).filter(|value| !value.is_empty())
    }

    /// Its value as text; one that is not text counts as absent.
    pub(crate) fn text(self) -> Option<String> {
        self.value()?.into_string().ok()
    }
}

/// The folder of this program's configuration; nothing where there is no home.
pub(crate) fn config_folder() -> Option<PathBuf> {
    let of_the_user = Variable::ConfigHome.value().map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = of_the_user.or_else(|| Some(PathBuf::from(Variable::Home.value()?).join(".config")));
    Some(folder?.join("cartage"))
}
