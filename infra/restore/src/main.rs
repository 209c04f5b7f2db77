//! Wiring of the command; everything it does is in the library.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command for the terminal")]

use std::process::ExitCode;

use clap::Parser;
use cloud::{boot::Boot, clock::Clock, dynamo::restored::Filtered, env::Process};
use restore::Arguments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let boot = match Boot::new(&Process, Clock::system()) {
        Ok(boot) => boot,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match restore::run(&boot, arguments).await {
        Ok(Filtered { looked_at, to_delete, to_blank, changed }) => {
            println!(
                "{looked_at} rows; of what was erased: {to_delete} to delete, {to_blank} to blank; {changed} changed"
            );
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
