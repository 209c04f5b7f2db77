//! Stores: where one rests, and how it leaves.

/// The part of the world a stack and its stores belong to (`product.md` decision 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// The European stack.
    Eu,
    /// The stack in the United States.
    Us,
}

impl Region {
    /// The region as it is written: `eu` or `us`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eu => "eu",
            Self::Us => "us",
        }
    }
}

/// A text that names no region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is `eu` or `us`")]
pub struct UnknownRegion;

impl std::str::FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        match text {
            "eu" => Ok(Self::Eu),
            "us" => Ok(Self::Us),
            _ => Err(UnknownRegion),
        }
    }
}

/// How the vault holds a store's credential (`product.md` decision 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum VaultForm {
    /// As a secret of its own.
    #[default]
    PerStore,
    /// Sealed under the store's data key.
    Sealed,
}

impl VaultForm {
    /// The form as it is written: `per-store` or `sealed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PerStore => "per-store",
            Self::Sealed => "sealed",
        }
    }
}

/// A text that names no form of the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the vault's forms are `per-store` and `sealed`")]
pub struct UnknownVaultForm;

impl std::str::FromStr for VaultForm {
    type Err = UnknownVaultForm;

    fn from_str(text: &str) -> Result<Self, UnknownVaultForm> {
        match text {
            "per-store" => Ok(Self::PerStore),
            "sealed" => Ok(Self::Sealed),
            _ => Err(UnknownVaultForm),
        }
    }
}

/// Where a store is in its life. There is no way back: a store that is connected again is a new generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StoreState {
    /// It is known and its credential is being kept. One that stays so was given up half-way and is off-boarded.
    Connecting,
    /// Calls go through.
    Connected,
    /// Off-boarding has begun: grants are off, the credential is gone, the rest follows by queue (R125).
    Disconnecting,
}

impl StoreState {
    /// The state as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnecting => "disconnecting",
        }
    }
}

/// How far the registration of a store's webhooks with its platform has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HooksState {
    /// It is to be done, within minutes.
    Pending,
    /// The platform sends us what happens. Looked at daily, and repaired.
    Registered,
    /// The platform has no way to do it from here: the store's owner does it, as the guide says.
    Manual,
    /// The platform refused. It is tried again daily.
    Failed,
}

impl HooksState {
    /// The state as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Registered => "registered",
            Self::Manual => "manual",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_stored() {
        for form in [VaultForm::PerStore, VaultForm::Sealed] {
            assert_eq!(serde_json::to_value(form).unwrap(), form.as_str());
            assert_eq!(form.as_str().parse(), Ok(form));
        }
        for state in [StoreState::Connecting, StoreState::Connected, StoreState::Disconnecting] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for state in [HooksState::Pending, HooksState::Registered, HooksState::Manual, HooksState::Failed] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
