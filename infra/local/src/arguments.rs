//! The command line.

/// What `--help` shows.
pub(crate) const HELP: &str = "\
The whole of Cartage on this machine: cargo run -p local [-- OPTIONS]

  --check       run the main job once and end: exit code 0 if it worked, 1 if not
  --reset       throw away the state of earlier runs first
  --port PORT   where the API listens on 127.0.0.1 (default 8787)
  --help        show this";

/// The API's port unless the command line says otherwise.
const DEFAULT_PORT: u16 = 8787;

/// How to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// End after the main job.
    pub(crate) check: bool,
    /// Begin without the state of earlier runs.
    pub(crate) reset: bool,
    /// The API's TCP port on loopback, 1 to 65535.
    pub(crate) port: u16,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Run(Arguments),
    Help,
}

/// Why the command line is not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("{0} is not an option.")]
    Unknown(String),
    #[error("--port needs a number from 1 to 65535.")]
    Port,
}

/// Reads the command line, without the program's name.
pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Asked, ArgumentError> {
    let mut arguments = Arguments { check: false, reset: false, port: DEFAULT_PORT };
    let mut words = words;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--check" => arguments.check = true,
            "--reset" => arguments.reset = true,
            "--port" => arguments.port = port(words.next().as_deref())?,
            "--help" | "-h" => return Ok(Asked::Help),
            other => match other.strip_prefix("--port=") {
                Some(value) => arguments.port = port(Some(value))?,
                None => return Err(ArgumentError::Unknown(word)),
            },
        }
    }
    Ok(Asked::Run(arguments))
}

fn port(value: Option<&str>) -> Result<u16, ArgumentError> {
    value.and_then(|value| value.parse().ok()).filter(|port| *port > 0).ok_or(ArgumentError::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Asked, ArgumentError> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_option_is_read() {
        let defaults = Arguments { check: false, reset: false, port: 8787 };
        assert_eq!(parsed(""), Ok(Asked::Run(defaults)));
        let all = Arguments { check: true, reset: true, port: 9000 };
        assert_eq!(parsed("--check --reset --port 9000"), Ok(Asked::Run(all.clone())));
        assert_eq!(parsed("--port=9000 --reset --check"), Ok(Asked::Run(all)));
        assert_eq!(parsed("--check --help"), Ok(Asked::Help));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!(parsed("--chekc"), Err(ArgumentError::Unknown("--chekc".to_owned())));
        for line in ["--port", "--port 0", "--port 65536", "--port eighty", "--port="] {
            assert_eq!(parsed(line), Err(ArgumentError::Port), "{line}");
        }
    }
}
