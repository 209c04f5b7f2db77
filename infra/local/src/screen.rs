//! What the person at the terminal sees: one line a step, moving while it runs if this is a terminal, plain otherwise.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a step that takes long says so when the output is no terminal.
const PLAIN_PAUSE: Duration = Duration::from_secs(10);
/// How much of a note fits on the line, in characters.
const NOTE_WIDTH: usize = 60;

/// Goes back to the start of the line and empties it.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// Prints lines. A closed output is no reason to stop.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints why it did not work, where errors go.
pub(crate) fn complain(text: &str) {
    // On a terminal the line of a step that was not finished stands there still.
    let start = if std::io::stdout().is_terminal() { CLEAR_LINE } else { "" };
    let _ = writeln!(std::io::stderr(), "{start}{text}");
}

/// A step that is being taken. Clones are the same step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    name: &'static str,
    began: Instant,
    live: bool,
    last_note: Arc<Mutex<Instant>>,
}

impl Step {
    /// Begins a step.
    pub(crate) fn begin(name: &'static str) -> Self {
        let began = Instant::now();
        let live = std::io::stdout().is_terminal();
        let step = Self { name, began, live, last_note: Arc::new(Mutex::new(began)) };
        if live {
            step.draw("");
        }
        step
    }

    /// Says what it is doing now.
    pub(crate) fn note(&self, doing: &str) {
        if self.live {
            self.draw(doing);
            return;
        }
        let mut last = self.last_note.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= PLAIN_PAUSE {
            *last = Instant::now();
            say(&format!("  {}: {} s, {doing}", self.name, self.began.elapsed().as_secs()));
        }
    }

    /// Ends it.
    pub(crate) fn done(self, result: &str) {
        let start = if self.live { CLEAR_LINE } else { "" };
        let seconds = self.began.elapsed().as_secs_f32();
        say(&format!("{start}✓ {:<12} {seconds:>6.1} s  {result}", self.name));
    }

    fn draw(&self, doing: &str) {
        let doing: String = doing.chars().take(NOTE_WIDTH).collect();
        let mut out = std::io::stdout();
        let _ = write!(out, "{CLEAR_LINE}… {:<12} {:>6.0} s  {doing}", self.name, self.began.elapsed().as_secs_f32());
        let _ = out.flush();
    }
}
