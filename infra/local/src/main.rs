//! The local stack: `cargo run -p local`.
//!
//! Makes the pinned tools, builds the functions, starts the emulated AWS, deploys `template.yaml` to it, starts the demo store, seeds an
//! account with an application, keys, a store and a grant, runs the main job once, and stays up until ctrl-c.

mod api;
mod arguments;
mod kept;
mod main_job;
mod operator;
mod screen;
mod seed;
mod session;

use std::process::ExitCode;
use std::time::Duration;

use testkit::stack::program;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{Arguments, Asked};

/// How long blocking work may go on after everything it waits for has been ended.
const LEFTOVERS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args().skip(1)) {
        Ok(Asked::Run(arguments)) => arguments,
        Ok(Asked::Help) => {
            screen::say(arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            screen::complain(&format!("{wrong}\n\n{}", arguments::HELP));
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            screen::complain(&format!("The program could not start: {error}."));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(until_done_or_stopped(arguments));
    runtime.shutdown_timeout(LEFTOVERS);
    ended
}

/// Runs the session; whatever ends it, nothing that it started is left when this returns.
async fn until_done_or_stopped(arguments: Arguments) -> ExitCode {
    let outcome = match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupted), Ok(mut terminated)) => tokio::select! {
            outcome = session::run(arguments) => Some(outcome),
            _ = interrupted.recv() => None,
            _ = terminated.recv() => None,
        },
        (Err(error), _) | (_, Err(error)) => Some(Err(session::Failure::Signals(error))),
    };
    if outcome.is_none() {
        screen::say("\nStopping; the state is kept.");
    }
    // Waits for the emulator to save its state. A second ctrl-c changes nothing: the signals are taken until the end.
    let _ = tokio::task::spawn_blocking(program::end_all).await;
    session::forget_addresses();
    match outcome {
        None | Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(failure)) => {
            screen::complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
