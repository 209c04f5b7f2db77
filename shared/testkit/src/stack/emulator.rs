//! The AWS emulator as a running program, through `infra/local/emulator.py`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::program::Program;
use super::tools::{Tools, last_line};
use super::{AWS_REGION, POLL, StackError, places};

/// How long it may take until it answers, a large saved state included.
const START: Duration = Duration::from_secs(90);

/// What the emulator is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The TCP port, on loopback.
    pub port: u16,
    /// Its folder: log and temporary files.
    pub home: PathBuf,
    /// Where its state is kept, if it outlives the emulator.
    pub state: Option<PathBuf>,
}

/// Who decides that it may end.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'a> {
    /// This process: the emulator ends with it, however it ends.
    ThisProcess,
    /// Whoever holds a shared lock on a file: the emulator ends some time after the last one.
    Holders {
        /// The file that holders lock.
        held: &'a Path,
        /// The file that is locked by whoever starts or looks for an emulator.
        gate: &'a Path,
        /// The file that says where the emulator is; it takes it away when it ends.
        record: &'a Path,
    },
}

/// A running emulator that ends when this is dropped.
#[derive(Debug)]
pub struct Emulator {
    /// Its address, for an AWS SDK as for anything else.
    pub port: u16,
    _program: Program,
}

impl Emulator {
    /// Starts an emulator of this process and waits until it answers.
    ///
    /// # Errors
    /// [`StackError::PortBusy`], or [`StackError::Emulator`] when it ends or does not answer in time.
    pub fn start(tools: &Tools, setup: &Setup) -> Result<Self, StackError> {
        let mut command = command(tools, setup, Owner::ThisProcess)?;
        command.stdin(Stdio::piped());
        let program = Program::start(&mut command).map_err(StackError::io("starting the AWS emulator"))?;
        wait_until_healthy(setup, || matches!(program.status(), Ok(Some(_))))?;
        Ok(Self { port: setup.port, _program: program })
    }
}

/// Starts an emulator that several processes share and waits until it answers.
///
/// # Errors
/// As [`Emulator::start`].
pub fn start_shared(tools: &Tools, setup: &Setup, owner: Owner<'_>) -> Result<(), StackError> {
    let mut command = command(tools, setup, owner)?;
    command.stdin(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(StackError::io("starting the AWS emulator"))?;
    wait_until_healthy(setup, || matches!(child.try_wait(), Ok(Some(_))))
}

/// Whether an emulator answers on a port.
pub fn healthy(port: u16) -> bool {
    answer(port).is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// A port that nothing listens on at this moment.
///
/// # Errors
/// What the operating system says.
pub fn free_port() -> Result<u16, StackError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(StackError::io("looking for a free port"))?;
    Ok(listener.local_addr().map_err(StackError::io("looking for a free port"))?.port())
}

/// Whether nothing listens on a loopback port.
///
/// # Errors
/// [`StackError::PortBusy`].
pub fn must_be_free(port: u16) -> Result<(), StackError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|_| StackError::PortBusy { port })
}

fn command(tools: &Tools, setup: &Setup, owner: Owner<'_>) -> Result<Command, StackError> {
    must_be_free(setup.port)?;
    let temporary = setup.home.join("tmp");
    // What an emulator that is gone unpacked there.
    if temporary.exists() {
        fs::remove_dir_all(&temporary).map_err(StackError::io(format!("removing {}", temporary.display())))?;
    }
    fs::create_dir_all(&temporary).map_err(StackError::io(format!("creating {}", temporary.display())))?;
    let log = File::create(log(setup)).map_err(StackError::io(format!("creating {}", log(setup).display())))?;
    let errors = log.try_clone().map_err(StackError::io("opening the emulator's log"))?;
    let address = format!("http://127.0.0.1:{}", setup.port);
    let mut command = places::clean_command(&tools.python);
    command
        .arg(places::scripts().join("emulator.py"))
        .stdout(log)
        .stderr(errors)
        .current_dir(&setup.home)
        .env("HOME", &setup.home)
        .env("TMPDIR", &temporary)
        .env("GATEWAY_PORT", setup.port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", AWS_REGION)
        .env("AWS_DEFAULT_REGION", AWS_REGION)
        .env("AWS_REGION", AWS_REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        // Passed on to the functions, which find the emulator by it.
        .env("AWS_ENDPOINT_URL", &address)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("LAMBDA_EXECUTOR", "local")
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("LOG_LEVEL", "INFO");
    if let Some(state) = &setup.state {
        command
            .env("PERSIST_STATE", "1")
            .env("STATE_DIR", state)
            .env("S3_PERSIST", "1")
            .env("S3_DATA_DIR", state.join("s3"));
    }
    match owner {
        Owner::ThisProcess => {
            command.args(["--owner", "stdin"]);
        }
        Owner::Holders { held, gate, record } => {
            command.arg("--owner").arg(held).arg("--gate").arg(gate).arg("--record").arg(record);
        }
    }
    Ok(command)
}

fn log(setup: &Setup) -> PathBuf {
    setup.home.join("emulator.log")
}

fn wait_until_healthy(setup: &Setup, mut ended: impl FnMut() -> bool) -> Result<(), StackError> {
    let deadline = Instant::now() + START;
    while !healthy(setup.port) {
        let failed = if ended() {
            last_line(&fs::read_to_string(log(setup)).unwrap_or_default())
        } else if Instant::now() > deadline {
            format!("no answer within {} s", START.as_secs())
        } else {
            std::thread::sleep(POLL);
            continue;
        };
        return Err(StackError::Emulator { detail: failed, log: log(setup) });
    }
    Ok(())
}

fn answer(port: u16) -> Option<String> {
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), limit).ok()?;
    stream.set_read_timeout(Some(limit)).ok()?;
    stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").ok()?;
    let mut said = [0; 64];
    let length = stream.read(&mut said).ok()?;
    Some(String::from_utf8_lossy(&said[..length]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_named_with_the_way_out() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = must_be_free(port).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Port {port} is already in use: stop what listens there or choose another one with --port.")
        );
        assert!(!healthy(free_port().unwrap()));
    }
}
