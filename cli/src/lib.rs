//! `cartage`: a developer's console in the terminal.
//!
//! Boundary: it speaks the public API and nothing else, as any developer's program would. What it keeps is one file of profiles, each with
//! a base URL and a key (`profiles`). It opens connections to that URL only, and `listen` to a port of this machine (`forward`).

mod arguments;
mod client;
mod commands;
mod environment;
mod failure;
mod forward;
mod profiles;
mod screen;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::{arguments::Arguments, failure::Failure, screen::Screen};

/// Reads the command line, runs the command, and says how that went.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let mut screen = Screen::new(arguments.global.json, arguments.global.quiet);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(&mut screen, Err(Failure::usage(format!("the program could not start: {error}")))),
    };
    // Ctrl-c ends whatever is under way, wherever it is; what was written by then is whole lines.
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
            outcome = commands::run(arguments, &mut screen) => outcome,
        }
    });
    // A prompt may still wait for a line; nobody waits for it.
    runtime.shutdown_background();
    end(&mut screen, outcome)
}

fn end(screen: &mut Screen, outcome: Result<(), Failure>) -> ExitCode {
    screen.clear_progress();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(screen);
            ExitCode::from(failure.exit_code())
        }
    }
}
