//! The console in the terminal: the real program against the deployed stack, through the API's front door.

mod commands;
mod failures;
mod watching;
mod webhooks;

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use serde_json::Value;
use testkit::stack::{Stack, places::BuildPlace};

/// What a run of the program did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Its output, if it ended well.
    pub(crate) fn fine(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }

    /// The rows of a list that was asked for with `--json`.
    pub(crate) fn rows(self) -> Vec<Value> {
        self.fine().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.fine()).unwrap()
    }
}

/// A terminal of a test's own: a home, and perhaps a key in the environment.
#[derive(Clone)]
pub(crate) struct Terminal {
    home: Arc<Home>,
    variables: Vec<(&'static str, String)>,
}

/// A folder that goes with the last terminal in it.
struct Home(PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Terminal {
    /// One that nobody has logged in at.
    pub(crate) fn new() -> Self {
        let place = BuildPlace::of_this_program().unwrap();
        let name = cloud::clock::Clock::system().new_id().simple().to_string();
        let home = place.target.join("test-console").join(name);
        std::fs::create_dir_all(&home).unwrap();
        Self { home: Arc::new(Home(home)), variables: Vec::new() }
    }

    /// One with a key in its environment.
    pub(crate) fn with(key: &str) -> Self {
        let api = Stack::shared().api().as_str().trim_end_matches('/').to_owned();
        Self::new().variable("CARTAGE_URL", &api).variable("CARTAGE_KEY", key)
    }

    pub(crate) fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// The file that keys are kept in.
    pub(crate) fn profiles(&self) -> PathBuf {
        self.home.0.join("config/cartage/profiles.json")
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        // Whoever runs one of these tests alone has the program built by the stack.
        Stack::shared();
        let mut command = Command::new(BuildPlace::of_this_program().unwrap().binaries.join("cartage"));
        command.args(line.split_whitespace()).env_clear().current_dir(&self.home.0);
        command.env("HOME", &self.home.0).env("XDG_CONFIG_HOME", self.home.0.join("config"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command line, whose words have no spaces in them.
    pub(crate) async fn run(&self, line: &str) -> Ran {
        self.run_with(line, "").await
    }

    /// The same with something on standard input.
    pub(crate) async fn run_with(&self, line: &str, input: &str) -> Ran {
        let (mut command, input) = (self.command(line), input.to_owned());
        let run = move || {
            let mut child = piped(&mut command);
            // A program that does not read its input may have ended by now.
            let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
            let output = child.wait_with_output().unwrap();
            Ran {
                code: output.status.code(),
                out: String::from_utf8(output.stdout).unwrap(),
                err: String::from_utf8(output.stderr).unwrap(),
            }
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

pub(crate) fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A server that gives one answer after the other, on plain HTTP/1.1, and then closes.
pub(crate) fn answering(answers: Vec<String>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut seen = Vec::new();
            let mut byte = [0];
            while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                seen.push(byte[0]);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// An answer in the API's form.
pub(crate) fn answer(status: &str, kind: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{more}connection: close\r\n\r\n{body}"
    )
}
