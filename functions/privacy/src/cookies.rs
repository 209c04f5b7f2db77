//! Cookies, as anybody may read about them before the first is set (R005).

use domain::cookie::{COOKIES, Class, Cookie};

/// The classes, and the cookies that are set.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Cookies {
    pub(crate) classes: Vec<ShownClass>,
    /// True where a browser's `Sec-GPC: 1` is honoured.
    honours_gpc: bool,
}

#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ShownClass {
    pub(crate) class: Class,
    /// Whether somebody must have agreed before one is set.
    needs_consent: bool,
    /// Every cookie of this class that is ever set.
    pub(crate) cookies: Vec<&'static Cookie>,
}

/// What `GET /cookies` answers.
pub(crate) fn cookies() -> Cookies {
    let of = |class: Class| ShownClass {
        class,
        needs_consent: class.needs_consent(),
        cookies: COOKIES.iter().filter(|cookie| cookie.class == class).collect(),
    };
    Cookies { classes: Class::ALL.into_iter().map(of).collect(), honours_gpc: true }
}
