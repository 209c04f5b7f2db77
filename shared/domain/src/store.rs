//! Stores: where one rests, and how it leaves.

/// The part of the world a stack and its stores belong to (`product.md` decision 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
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

/// Where a store is in its life. There is no way back: a store that is connected again is a new generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreState {
    /// Calls go through.
    Connected,
    /// Off-boarding has begun: grants are off, the credential is gone, the rest follows by queue (R125).
    Disconnecting,
}
