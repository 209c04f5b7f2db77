//! The one place that reads the environment.
//!
//! A function's `Config` is declared with [`config!`](crate::config), which also lists its variables, so that a test can hold the
//! list against the template. A missing or wrong value fails the start and names the variable, never its value.

use std::{fmt, str::FromStr};

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// A variable is not set, or is set to nothing.
    #[error("environment variable {0} is missing")]
    Missing(&'static str),
    /// A variable's value cannot be used. The value itself stays out of the message: it may be a secret.
    #[error("environment variable {name} is wrong: {why}")]
    Wrong {
        /// The variable.
        name: &'static str,
        /// What a right value would look like.
        why: String,
    },
}

/// Where configuration comes from: the process's environment, or a list in tests.
pub trait Environment {
    /// The value of `name`, if it is set.
    fn get(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
pub struct Process;

impl Environment for Process {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl Environment for std::collections::BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}

/// Reads and parses one required variable.
///
/// # Errors
/// [`EnvError::Missing`] if it is unset or empty, [`EnvError::Wrong`] if it does not parse.
pub fn required<T>(from: &dyn Environment, name: &'static str) -> Result<T, EnvError>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let text = from.get(name).filter(|text| !text.is_empty()).ok_or(EnvError::Missing(name))?;
    text.parse().map_err(|error: T::Err| EnvError::Wrong { name, why: error.to_string() })
}

/// A switch that is written `allow` or `deny`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It may be done.
    Allow,
    /// It may not be done.
    Deny,
}

impl From<Permission> for connectors::Loopback {
    fn from(permission: Permission) -> Self {
        match permission {
            Permission::Allow => Self::Allowed,
            Permission::Deny => Self::Denied,
        }
    }
}

impl FromStr for Permission {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "allow" => Ok(Self::Allow),
            "deny" => Ok(Self::Deny),
            _ => Err("write `allow` or `deny`"),
        }
    }
}

/// Declares a function's configuration: one field a variable.
///
/// ```ignore
/// cloud::config! {
///     /// What the function needs to know.
///     pub struct Config {
///         /// Where keys are kept.
///         pub keys_table: String = "KEYS_TABLE",
///     }
/// }
/// ```
#[macro_export]
macro_rules! config {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $type:ty = $variable:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl $name {
            /// The environment variables this reads, all of them required.
            pub const VARIABLES: &'static [&'static str] = &[$($variable,)*];

            /// Reads the configuration.
            ///
            /// # Errors
            /// Names the first variable that is missing or wrong.
            pub fn from_env(from: &dyn $crate::env::Environment) -> Result<Self, $crate::env::EnvError> {
                Ok(Self { $($field: $crate::env::required(from, $variable)?,)* })
            }
        }
    };
}
