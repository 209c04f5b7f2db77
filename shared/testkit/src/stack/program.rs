//! A program that this process started and must not leave behind.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::POLL;

/// How long a program may take to end after it was asked to; the emulator saves its state in that time.
const PATIENCE: Duration = Duration::from_secs(25);

/// Everything that is running, for [`end_all`].
static RUNNING: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());

/// Set by [`end_all`]: from then on nothing is started.
static ENDING: AtomicBool = AtomicBool::new(false);

/// A running program, leader of its own process group: a ctrl-c in the terminal reaches this process only, which then ends its
/// programs in order. Dropping it ends the whole group.
#[derive(Debug)]
pub struct Program {
    child: Arc<Mutex<Child>>,
}

impl Program {
    /// Starts it.
    ///
    /// # Errors
    /// What the operating system says, [`io::ErrorKind::NotFound`] when there is no such program; [`io::ErrorKind::Interrupted`] when
    /// this process is ending.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut running = lock(&RUNNING);
        if ENDING.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = Arc::new(Mutex::new(command.process_group(0).spawn()?));
        running.push(Arc::clone(&child));
        Ok(Self { child })
    }

    /// What it writes to standard error, when that was piped and not taken before.
    pub fn stderr(&self) -> Option<ChildStderr> {
        lock(&self.child).stderr.take()
    }

    /// How it ended, or `None` while it runs.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn status(&self) -> io::Result<Option<ExitStatus>> {
        lock(&self.child).try_wait()
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.status()? {
                return Ok(status);
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        end(&self.child);
        lock(&RUNNING).retain(|other| !Arc::ptr_eq(other, &self.child));
    }
}

/// Ends every program that this process started and waits for them: the last thing before the process itself ends.
pub fn end_all() {
    let running = {
        let running = lock(&RUNNING);
        ENDING.store(true, Ordering::SeqCst);
        running.clone()
    };
    for child in running {
        end(&child);
    }
}

/// Asks the program to end and waits; then kills what is left of its group.
fn end(child: &Mutex<Child>) {
    let Some(group) = i32::try_from(lock(child).id()).ok().and_then(Pid::from_raw) else {
        return;
    };
    let deadline = Instant::now() + PATIENCE;
    let mut asked = false;
    while matches!(lock(child).try_wait(), Ok(None)) {
        if !asked {
            // A group that is gone already is what is wanted.
            let _ = kill_process_group(group, Signal::TERM);
            asked = true;
        }
        if Instant::now() > deadline {
            let _ = kill_process_group(group, Signal::KILL);
            let _ = lock(child).wait();
            return;
        }
        std::thread::sleep(POLL);
    }
    let _ = kill_process_group(group, Signal::KILL);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_a_program_ends_it() {
        let program = Program::start(Command::new("sleep").arg("600")).unwrap();
        let child = Arc::clone(&program.child);
        drop(program);
        assert!(lock(&child).try_wait().unwrap().is_some());
    }

    #[test]
    fn waiting_returns_how_it_ended() {
        let program = Program::start(Command::new("sh").args(["-c", "exit 3"])).unwrap();
        assert_eq!(program.wait().unwrap().code(), Some(3));
    }
}
