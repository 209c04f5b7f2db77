//! What goes to standard output and standard error: whole lines, colours where they are seen, progress where it is watched.

use std::io::{self, BufRead, IsTerminal, Write};

use serde_json::Value;
use terminal_size::{Height, Width};

use crate::{environment::Variable, failure::Failure};

/// Where output goes and how it looks there.
#[derive(Debug)]
pub(crate) struct Screen {
    json: bool,
    quiet: bool,
    /// Whether standard output shows colours; standard error follows it.
    colours: bool,
    /// Columns of the terminal that standard output is; nothing where it is none.
    width: Option<usize>,
    /// Whether standard error is a terminal that can go back over a line.
    live: bool,
    /// Whether a line of progress stands there.
    shown: bool,
}

impl Screen {
    /// The screen of this process.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let dumb = Variable::Term.text().as_deref() == Some("dumb");
        let forced = Variable::ForceColor.text().is_some_and(|value| value != "0");
        let terminal = io::stdout().is_terminal();
        let width =
            terminal.then(|| terminal_size::terminal_size().map_or(80, |(Width(width), Height(_))| width.into()));
        Self {
            json,
            quiet,
            colours: Variable::NoColor.text().is_none() && (forced || (terminal && !dumb)),
            width,
            live: io::stderr().is_terminal() && !dumb,
            shown: false,
        }
    }

    /// Whether output is for machines.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Columns that a line may have; nothing where it is not cut.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// A line of output.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.clear_progress();
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        Ok(out.flush()?)
    }

    /// Bytes of output as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.clear_progress();
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// A JSON document: for eyes on a terminal, on one line elsewhere.
    pub(crate) fn document(&mut self, document: &Value) -> Result<(), Failure> {
        if self.width.is_some() {
            let text = serde_json::to_string_pretty(document).map_err(|error| Failure::usage(error.to_string()))?;
            return self.line(&text);
        }
        self.line(&document.to_string())
    }

    /// Something worth knowing beside the output; not for machines.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.quiet && !self.json {
            self.complain(text);
        }
    }

    /// A line on standard error.
    pub(crate) fn complain(&mut self, text: &str) {
        self.clear_progress();
        // Where nobody reads standard error there is nobody to tell.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// How far it is: one line that the next one replaces. Where standard error is no terminal, only `lasting` ones stand there.
    pub(crate) fn progress(&mut self, text: &str, lasting: bool) {
        if self.quiet {
            return;
        }
        if self.live {
            let _ = write!(io::stderr(), "\r\u{1b}[2K{}", self.dim(text));
            let _ = io::stderr().flush();
            self.shown = true;
        } else if lasting {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Takes the line of progress away.
    pub(crate) fn clear_progress(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\u{1b}[2K");
            let _ = io::stderr().flush();
        }
    }

    /// Whether someone sits at the terminal that standard input is.
    pub(crate) fn is_asked(&self) -> bool {
        io::stdin().is_terminal()
    }

    /// Asks something that is answered on a line; a secret is not shown while it is typed.
    pub(crate) fn ask(&mut self, question: &str, secret: bool) -> Result<String, Failure> {
        self.clear_progress();
        if secret {
            return Ok(rpassword::prompt_password(format!("{question}: "))?);
        }
        let _ = write!(io::stderr(), "{question}: ");
        let _ = io::stderr().flush();
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Makes sure of something that cannot be undone.
    pub(crate) fn confirm(&mut self, question: &str, yes: bool) -> Result<(), Failure> {
        const ADVICE: &str = "say --yes to go on without being asked";
        if yes {
            return Ok(());
        }
        if !self.is_asked() {
            return Err(Failure::Usage(format!("{question} Nobody can be asked here."), Some(ADVICE)));
        }
        let answer = self.ask(&format!("{question} [y/N]"), false)?;
        if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(Failure::usage("nothing was done")) }
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(crate) fn red(&self, text: &str) -> String {
        self.painted("31", text)
    }

    pub(crate) fn green(&self, text: &str) -> String {
        self.painted("32", text)
    }

    pub(crate) fn yellow(&self, text: &str) -> String {
        self.painted("33", text)
    }

    pub(crate) fn cyan(&self, text: &str) -> String {
        self.painted("36", text)
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        self.painted("2", text)
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        self.painted("1", text)
    }

    /// A status in the colour of its hundreds.
    pub(crate) fn status(&self, status: u64, text: &str) -> String {
        match status {
            0..300 => self.green(text),
            300..400 => self.cyan(text),
            400..500 => self.yellow(text),
            _ => self.red(text),
        }
    }
}

/// A text of someone else's on one line, without anything that a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    // Beside the control characters those that turn the direction of writing, which can make a line read as something else.
    let obeyed = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|character| match character {
            '\n' | '\r' | '\t' => ' ',
            character if obeyed(character) => '\u{fffd}',
            character => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stores_text_commands_no_terminal() {
        assert_eq!(
            plain("Sofa\u{1b}[2J\u{7}\u{9b}31m\nred\u{202e}evil"),
            "Sofa\u{fffd}[2J\u{fffd}\u{fffd}31m red\u{fffd}evil"
        );
        assert_eq!(plain("Käse 茶"), "Käse 茶");
    }
}
