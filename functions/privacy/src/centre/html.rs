//! HTML in the making: markup is ours and stands in the program, everything else is escaped. The types tell the two apart.

use jiff::Timestamp;
use pulldown_cmark::{Options, Parser};

/// A piece of HTML.
#[derive(Default)]
pub(crate) struct Html(String);

impl Html {
    /// Adds markup. Only what stands in the program can be.
    pub(crate) fn raw(mut self, markup: &'static str) -> Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a text, escaped so that it is one between tags and in quoted attributes.
    pub(crate) fn text(mut self, text: &str) -> Self {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Adds a text of ours that is Markdown: a policy. Only what stands in the program can be.
    pub(crate) fn markdown(mut self, text: &'static str) -> Self {
        pulldown_cmark::html::push_html(&mut self.0, Parser::new_ext(text, Options::ENABLE_TABLES));
        self
    }

    /// Adds a day or a time, in the words that `words` makes of it, and for programs.
    pub(crate) fn time(self, at: Timestamp, words: &str) -> Self {
        self.raw("<time datetime=\"").text(&at.to_string()).raw("\">").text(words).raw("</time>")
    }

    /// Adds another piece.
    pub(crate) fn html(mut self, other: Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// Adds a paragraph of text.
    pub(crate) fn p(self, text: &str) -> Self {
        self.raw("<p>").text(text).raw("</p>")
    }

    /// Adds a piece where there is one.
    pub(crate) fn maybe<T>(self, value: Option<T>, piece: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => piece(self, value),
            None => self,
        }
    }

    /// Adds a piece for each.
    pub(crate) fn each<T>(self, values: impl IntoIterator<Item = T>, piece: impl FnMut(Self, T) -> Self) -> Self {
        values.into_iter().fold(self, piece)
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let html = Html::default().raw("<p title=\"").text("\"><script>").raw("\">").text("'&<b>").raw("</p>").finish();
        assert_eq!(html, "<p title=\"&quot;&gt;&lt;script&gt;\">&#39;&amp;&lt;b&gt;</p>");
    }
}
