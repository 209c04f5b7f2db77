//! The fields of forms: each with its label, what helps to fill it in, and what is wrong with it, tied together for whoever does not see them.

use domain::request::Language;

use super::{html::Html, in_words};

/// A field of one line.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: Option<&'static str>,
    /// `text`, `email`, `tel` or `url`.
    pub(crate) kind: &'static str,
    /// What it is of the person, so that a browser can fill it in (WCAG 1.3.5).
    pub(crate) autocomplete: &'static str,
    pub(crate) required: bool,
}

/// What was filled in before, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Filled {
    values: Vec<(String, String)>,
    wrong: Vec<(String, &'static str)>,
}

impl Filled {
    pub(crate) fn new(values: Vec<(String, String)>, wrong: Vec<(String, &'static str)>) -> Self {
        Self { values, wrong }
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn wrong(&self, name: &str) -> Option<&'static str> {
        self.wrong.iter().find(|(known, _)| known == name).map(|(_, words)| *words)
    }

    pub(crate) fn is_wrong(&self) -> bool {
        !self.wrong.is_empty()
    }

    /// What is wrong, before everything else, each with a link to its field.
    pub(crate) fn summary(&self, language: Language) -> Html {
        if self.wrong.is_empty() {
            return Html::default();
        }
        Html::default()
            .raw("<div class=\"errors\" role=\"alert\" aria-labelledby=\"errors\"><h2 id=\"errors\">")
            .raw(in_words(language, "There is a problem", "Il y a un problème"))
            .raw("</h2><ul>")
            .each(&self.wrong, |html, (name, words)| {
                html.raw("<li><a href=\"#").text(name).raw("\">").raw(words).raw("</a></li>")
            })
            .raw("</ul></div>")
    }
}

impl Field {
    pub(crate) fn html(&self, filled: &Filled) -> Html {
        let Self { name, label, hint, kind, autocomplete, required } = *self;
        let wrong = filled.wrong(name);
        let mut described = Vec::new();
        let mut html =
            Html::default().raw("<div class=\"field\"><label for=\"").raw(name).raw("\">").raw(label).raw("</label>");
        if let Some(hint) = hint {
            html = html.raw("<p class=\"hint\" id=\"").raw(name).raw("-hint\">").raw(hint).raw("</p>");
            described.push("-hint");
        }
        if let Some(wrong) = wrong {
            html = html.raw("<p class=\"wrong\" id=\"").raw(name).raw("-wrong\">").raw(wrong).raw("</p>");
            described.push("-wrong");
        }
        html = html.raw("<input id=\"").raw(name).raw("\" name=\"").raw(name).raw("\" type=\"").raw(kind);
        html = html.raw("\" autocomplete=\"").raw(autocomplete).raw("\" value=\"").text(filled.value(name)).raw("\"");
        if !described.is_empty() {
            html = html.raw(" aria-describedby=\"");
            html = html.each(described.iter().enumerate(), |html, (place, end)| {
                html.raw(if place == 0 { "" } else { " " }).raw(name).raw(end)
            });
            html = html.raw("\"");
        }
        if wrong.is_some() {
            html = html.raw(" aria-invalid=\"true\"");
        }
        html.raw(if required { " required" } else { "" }).raw("></div>")
    }
}

/// A field of several lines.
pub(crate) struct Area {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) required: bool,
}

impl Area {
    pub(crate) fn html(&self, filled: &Filled) -> Html {
        let Self { name, label, hint, required } = *self;
        let wrong = filled.wrong(name);
        Html::default()
            .raw("<div class=\"field\"><label for=\"")
            .raw(name)
            .raw("\">")
            .raw(label)
            .raw("</label><p class=\"hint\" id=\"")
            .raw(name)
            .raw("-hint\">")
            .raw(hint)
            .raw("</p>")
            .maybe(wrong, |html, wrong| {
                html.raw("<p class=\"wrong\" id=\"").raw(name).raw("-wrong\">").raw(wrong).raw("</p>")
            })
            .raw("<textarea id=\"")
            .raw(name)
            .raw("\" name=\"")
            .raw(name)
            .raw("\" rows=\"8\" aria-describedby=\"")
            .raw(name)
            .raw("-hint")
            .maybe(wrong, |html, _| html.raw(" ").raw(name).raw("-wrong\" aria-invalid=\"true"))
            // The first line break in it is not shown (HTML, 13.1.2.5): one that was typed is the second.
            .raw(if required { "\" required>\n" } else { "\">\n" })
            .text(filled.value(name))
            .raw("</textarea></div>")
    }
}

/// A list to choose from.
pub(crate) fn select(
    name: &'static str,
    label: &'static str,
    options: &[(&'static str, &'static str)],
    required: bool,
    filled: &Filled,
) -> Html {
    let chosen = filled.value(name);
    let wrong = filled.wrong(name);
    Html::default()
        .raw("<div class=\"field\"><label for=\"")
        .raw(name)
        .raw("\">")
        .raw(label)
        .raw("</label>")
        .maybe(wrong, |html, wrong| {
            html.raw("<p class=\"wrong\" id=\"").raw(name).raw("-wrong\">").raw(wrong).raw("</p>")
        })
        .raw("<select id=\"")
        .raw(name)
        .raw("\" name=\"")
        .raw(name)
        .raw("\"")
        .maybe(wrong, |html, _| html.raw(" aria-invalid=\"true\" aria-describedby=\"").raw(name).raw("-wrong\""))
        .raw(if required { " required>" } else { ">" })
        .each(options, |html, (value, words)| {
            let selected = if *value == chosen { " selected" } else { "" };
            html.raw("<option value=\"").raw(value).raw("\"").raw(selected).raw(">").raw(words).raw("</option>")
        })
        .raw("</select></div>")
}

/// A box to tick, or one of several to choose.
pub(crate) fn choice(
    kind: &'static str,
    name: &'static str,
    value: &'static str,
    words: &str,
    filled: &Filled,
) -> Html {
    let checked = if filled.value(name) == value { " checked" } else { "" };
    Html::default()
        .raw("<div class=\"choice\"><input type=\"")
        .raw(kind)
        .raw("\" name=\"")
        .raw(name)
        .raw("\" id=\"")
        .raw(name)
        .raw("-")
        .raw(value)
        .raw("\" value=\"")
        .raw(value)
        .raw("\"")
        .raw(checked)
        .raw("><label for=\"")
        .raw(name)
        .raw("-")
        .raw(value)
        .raw("\">")
        .text(words)
        .raw("</label></div>")
}

/// A form with a button.
pub(crate) fn form(language: Language, path: &str, button: (&'static str, &'static str), fields: Html) -> Html {
    let (words, class) = button;
    Html::default()
        .raw("<form method=\"post\" action=\"")
        .text(path)
        .raw(in_words(language, "?lang=en", "?lang=fr"))
        .raw("\">")
        .html(fields)
        .raw("<button class=\"")
        .raw(class)
        .raw("\">")
        .raw(words)
        .raw("</button></form>")
}
