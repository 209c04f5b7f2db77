//! Lists: what of them is asked for, and how a page is answered.

use cloud::{
    dynamo::page::{DEFAULT_PER_PAGE, List, MAX_PER_PAGE, Page, PageError, PageRequest},
    http::{Answer, Call, Code, FieldError, Problem},
    journal::Trace,
};
use http::StatusCode;
use serde::Serialize;

/// Reads `per_page` and `cursor`. Other parameters are refused: one that is silently ignored looks like a filter that works.
pub(crate) fn asked(call: &Call, trace: &mut Trace) -> Result<PageRequest, Problem> {
    asked_with(call, trace, |_, _| None)
}

/// Reads `per_page`, `cursor` and what `filter` knows: it gives nothing for a parameter that there is not, and says what is wrong with a
/// value.
pub(crate) fn asked_with(
    call: &Call,
    trace: &mut Trace,
    mut filter: impl FnMut(&str, &str) -> Option<Result<(), String>>,
) -> Result<PageRequest, Problem> {
    let mut request = PageRequest { per_page: DEFAULT_PER_PAGE, cursor: None };
    let mut errors = Vec::new();
    for (name, value) in call.parameters() {
        match &*name {
            "per_page" => match value.parse() {
                Ok(number @ 1..=MAX_PER_PAGE) => request.per_page = number,
                _ => errors.push(FieldError::new("?per_page", format!("1 to {MAX_PER_PAGE}"))),
            },
            "cursor" => request.cursor = Some(value.into_owned()),
            other => {
                let name: String = other.chars().filter(char::is_ascii_graphic).take(64).collect();
                let wrong = match filter(other, &value) {
                    Some(Ok(())) => continue,
                    Some(Err(wrong)) => wrong,
                    None => "there is no such parameter here".to_owned(),
                };
                errors.push(FieldError::new(format!("?{name}"), wrong));
            }
        }
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    trace.asked = Some(request.per_page);
    Ok(request)
}

/// Why there is no page.
pub(crate) fn failed(error: PageError) -> Problem {
    match error {
        PageError::Cursor => Code::CursorInvalid.into(),
        PageError::Unavailable(_) => Problem::unavailable(),
    }
}

/// The page of rows that are all at hand, in the order of their places.
pub(crate) fn cut<T>(
    rows: impl IntoIterator<Item = (String, T)>,
    list: &List<'_>,
    request: &PageRequest,
) -> Result<Page<T>, PageError> {
    let after = request.cursor.as_ref().map(|cursor| list.place(cursor)).transpose()?;
    let mut rows = rows.into_iter().skip_while(|(place, _)| after.as_ref().is_some_and(|after| place <= after));
    let page: Vec<(String, T)> = rows.by_ref().take(usize::from(request.per_page)).collect();
    let more = rows.next().is_some();
    let next_cursor = page.last().filter(|_| more).map(|(place, _)| list.cursor(place));
    Ok(Page { items: page.into_iter().map(|(_, row)| row).collect(), next_cursor })
}

/// The answer with a page.
pub(crate) fn answer<T: Serialize>(page: Page<T>, trace: &mut Trace) -> Answer {
    #[derive(Serialize)]
    struct Body<T> {
        data: Vec<T>,
        next_cursor: Option<String>,
    }
    trace.rows = u16::try_from(page.items.len()).ok();
    Answer::json(StatusCode::OK, &Body { data: page.items, next_cursor: page.next_cursor })
}
