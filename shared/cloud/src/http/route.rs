//! A function's routes are a table of names; this finds what a call leads to.

use http::Method;

/// What a method and a path lead to.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a, R: 'static> {
    /// A route, with what stands in the places of its `{…}`.
    Route(&'static R, Vec<&'a str>),
    /// A path of ours with methods that it does take, as in `Allow` (RFC 9110, 10.2.1).
    OtherMethods(String),
    /// Nothing.
    Nothing,
}

/// Finds the route of a call in a table, each row of which `name` calls by method and path (`GET /v1/stores/{store}`). `HEAD` is answered like
/// `GET`; API Gateway leaves the body out.
#[must_use]
pub fn find<'a, R>(routes: &'static [R], name: fn(&R) -> &'static str, method: &Method, path: &'a str) -> Found<'a, R> {
    let asked = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let mut others: Vec<&'static str> = Vec::new();
    for route in routes {
        let Some((method, template)) = name(route).split_once(' ') else { continue };
        let Some(parameters) = fit(template, path) else { continue };
        if method == asked {
            return Found::Route(route, parameters);
        }
        others.push(method);
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others.join(", ")) }
}

/// What stands in a path where its template has `{…}`; nothing where the two differ.
fn fit<'a>(template: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut parameters = Vec::new();
    let mut given = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path).split('/');
    for wanted in template.split('/') {
        let given = given.next()?;
        if wanted.starts_with('{') {
            if given.is_empty() {
                return None;
            }
            parameters.push(given);
        } else if wanted != given {
            return None;
        }
    }
    given.next().is_none().then_some(parameters)
}
