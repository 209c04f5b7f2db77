//! The guides: those that announced ends of routes link to, which say how to move to what takes their place (R145), those on how a platform
//! is made to send its webhooks where it has no interface for that, and how a receiver takes in ours.

use cloud::http::{Answer, Code, Problem};
use http::{HeaderValue, StatusCode, header};

/// Every guide, by its name in the path.
pub static GUIDES: &[(&str, &str)] = &[
    ("management-keys", include_str!("../../../docs/guides/management-keys.md")),
    // With the file that it is about.
    (
        "medusa-webhooks",
        concat!(
            include_str!("../../../docs/guides/medusa-webhooks.md"),
            "```js\n",
            include_str!("../../../docs/guides/medusa/cartage.js"),
            "```\n"
        ),
    ),
    ("verify-webhooks", include_str!("../../../docs/guides/verify-webhooks.md")),
];

/// `GET /v1/guides/{guide}`: the same for everyone until the next release.
pub(crate) fn show(parameters: &[&str]) -> Result<Answer, Problem> {
    let named = GUIDES.iter().find(|(name, _)| parameters.first() == Some(name));
    let (_, text) = named.ok_or(Code::NotFound)?;
    let mut answer = Answer::empty(StatusCode::OK);
    answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    answer.body = text.as_bytes().into();
    Ok(answer.with(header::CACHE_CONTROL, "public, max-age=300"))
}

#[cfg(test)]
mod tests {
    use domain::deprecation::DEPRECATIONS;

    use super::*;
    use crate::routes::ROUTES;

    #[test]
    fn every_announced_end_has_its_guide_and_its_successor() {
        for deprecation in DEPRECATIONS {
            let guide = GUIDES.iter().find(|(name, _)| *name == deprecation.guide());
            let (_, text) = guide.unwrap_or_else(|| panic!("{} is not served", deprecation.guide_path()));
            let (method, path) = deprecation.route().split_once(' ').unwrap();
            assert!(text.contains(path) && text.contains(deprecation.successor()), "{deprecation:?}");
            let day = deprecation.sunset().to_string();
            assert!(text.contains(day.split('T').next().unwrap()), "the guide names the day: {day}");
            let successor = format!("{method} {}", deprecation.successor());
            assert!(ROUTES.iter().any(|route| route.name == successor), "{successor}");
        }
    }
}
