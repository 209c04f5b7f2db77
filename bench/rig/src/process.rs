//! A contender as a process, with what `/proc` says of it and its children.

use std::{
    fs, io,
    process::{Child, Command, Stdio},
};

/// A running contender; it ends when this is dropped.
pub(crate) struct Contender(Child);

impl Contender {
    /// Starts a program with this environment and no other; what it prints is thrown away, as a log agent would take it.
    pub(crate) fn start(command: &[String], environment: &[(&str, String)]) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        Ok(Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?))
    }

    /// CPU so far, of every thread that is alive and of its children's, in nanoseconds: the scheduler's own count, because `utime` and `stime`
    /// go in steps of ten milliseconds.
    pub(crate) fn cpu(&self) -> io::Result<u64> {
        self.sum(|process| {
            let mut total = 0;
            // A thread may end while they are listed, and between the listing and its file.
            for task in fs::read_dir(format!("/proc/{process}/task"))?.flatten() {
                if let Ok(counts) = fs::read_to_string(task.path().join("schedstat")) {
                    total += first_number(&counts);
                }
            }
            Ok(total)
        })
    }

    /// The most memory that was resident at a time, in bytes; children count in full.
    pub(crate) fn peak_memory(&self) -> io::Result<u64> {
        self.sum(|process| {
            let status = fs::read_to_string(format!("/proc/{process}/status"))?;
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            Ok(peak.map_or(0, first_number) * 1_024)
        })
    }

    /// Whether it has ended by itself, which it must not.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    fn sum(&self, of: impl Fn(u32) -> io::Result<u64>) -> io::Result<u64> {
        let contender = self.0.id();
        let mut total = of(contender)?;
        let mut left = children(contender);
        while let Some(process) = left.pop() {
            // A child may end at any time.
            total += of(process).unwrap_or(0);
            left.extend(children(process));
        }
        Ok(total)
    }
}

fn children(process: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

impl Drop for Contender {
    fn drop(&mut self) {
        // Asked, not killed: callgrind writes what it counted when its program ends.
        let process = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &process]).status();
        let _ = self.0.wait();
    }
}

fn first_number(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}
