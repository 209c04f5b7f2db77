//! One run of the local stack, step by step.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::sync::Arc;

use testkit::demo_store::{self, DemoStore};
use testkit::front_door::FrontDoor;
use testkit::stack::StackError;
use testkit::stack::build::{self, Functions, Purpose};
use testkit::stack::deploy::{self, Deployment};
use testkit::stack::emulator::{self, Emulator, Setup};
use testkit::stack::places::BuildPlace;
use testkit::stack::tools::Tools;
use url::Url;

use crate::api::{Api, CallError};
use crate::arguments::Arguments;
use crate::kept::{self, Addresses, DemoSecrets, Home, Ports};
use crate::screen::{self, Step};
use crate::seed::Site;
use crate::{main_job, seed};

/// The seed of the demo store's catalogue: the same one every time.
const CATALOGUE: u64 = 1;

/// Why a run ended early. Each message is what the person at the terminal reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Stack(#[from] StackError),
    #[error(
        "The local stack is already running; its addresses and keys are in {0}. Stop it with ctrl-c before starting another."
    )]
    AlreadyRunning(String),
    #[error(
        "Port {0}, where the demo store of the kept state listens, is already in use: stop what listens there or start over with --reset."
    )]
    DemoStorePort(u16),
    #[error(
        "The stack is up, but it could not be seeded: {0}. If the kept state is an older version's, --reset starts over."
    )]
    Seed(#[from] seed::SeedError),
    #[error("The main job failed: {0}. If something in the kept state was changed on purpose, --reset starts over.")]
    MainJob(CallError),
    #[error("ctrl-c could not be caught: {0}.")]
    Signals(std::io::Error),
    #[error("A step of the start ended in an unexpected way: {0}.")]
    Step(#[from] tokio::task::JoinError),
}

/// Brings everything up, does the main job, and stays until it is dropped, or ends after the job with `--check`.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let place = BuildPlace::of_this_program()?;
    let home = Home::inside(&place.target)?;
    let Some(_instance) = only_instance(&home)? else {
        return beside_the_running_one(&home, arguments).await;
    };
    remove_addresses(&home);
    let front_door = FrontDoor::bind(arguments.port).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => StackError::PortBusy { port: arguments.port },
        _ => StackError::io("listening for the API")(error),
    })?;
    if arguments.reset {
        home.reset()?;
        screen::say("The state of earlier runs is gone.");
    }
    let ports = ports(&home, arguments.port)?;
    let secrets = demo_secrets(&home)?;
    let api_url = format!("http://127.0.0.1:{}", arguments.port);

    let tools = tools(&place).await?;
    let functions = functions(&place).await?;
    let (emulator, deployment) = cloud(tools, functions, &home, ports.aws, &api_url).await?;
    let behind = internal_api(emulator.port, &deployment)?;
    let demo_store = demo_store(ports.demo_store, &secrets).await?;

    let api = Api::new(&api_url);
    let up = async {
        let step = Step::begin("seed");
        let site = Site {
            api: &api,
            aws: format!("http://127.0.0.1:{}", emulator.port),
            mailbox: mailbox(emulator.port),
            keys_table: deployment.resources.get("KeysTable").cloned().unwrap_or_default(),
            demo_store: demo_store.url().as_str().trim_end_matches('/').to_owned(),
            demo_key: secrets.api_key.clone(),
        };
        let (seeded, how) = seed::ensure(&home, &site).await?;
        step.done(how);
        let addresses = Addresses {
            api: api_url.clone(),
            aws: site.aws,
            owner_key: seeded.owner_key,
            app_key: seeded.app_key,
            operator_key: seeded.operator_key,
            store: seeded.store,
            hook_secret: seeded.hook_secret,
            demo_store: site.demo_store,
            mailbox: site.mailbox,
        };
        main_job::run(&api, &addresses.app_key, &addresses.store).await.map_err(Failure::MainJob)?;
        kept::write_text(&home.environment(), &environment(&addresses.aws, &deployment))?;
        kept::write(&home.addresses(), &addresses)?;
        if arguments.check {
            screen::say("\nThe main job works.");
            return Ok(());
        }
        show(&home, &addresses);
        std::future::pending().await
    };
    tokio::select! {
        outcome = up => outcome,
        Err(error) = front_door.serve(&behind) => Err(StackError::io("serving the API")(error).into()),
    }
}

/// Takes `stack.json` away at the end: its addresses lead nowhere any more.
pub(crate) fn forget_addresses() {
    if let Ok(home) = BuildPlace::of_this_program().and_then(|place| Home::inside(&place.target))
        && matches!(only_instance(&home), Ok(Some(_)))
    {
        remove_addresses(&home);
    }
}

fn remove_addresses(home: &Home) {
    // That there is none is the usual case.
    let _ = std::fs::remove_file(home.addresses());
    let _ = std::fs::remove_file(home.environment());
}

/// The lock that one run holds; `None` when another run holds it.
fn only_instance(home: &Home) -> Result<Option<File>, StackError> {
    let path = home.folder().join("instance.lock");
    let what = || format!("locking {}", path.display());
    let lock = File::create(&path).map_err(StackError::io(what()))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(StackError::io(what())(error)),
    }
}

/// With `--check`, does the main job on the stack that runs already; otherwise there is nothing to do.
async fn beside_the_running_one(home: &Home, arguments: Arguments) -> Result<(), Failure> {
    let path = home.addresses();
    match kept::read::<Addresses>(&path) {
        Some(running) if arguments.check && !arguments.reset => {
            screen::say(&format!("The local stack is already running at {}; checking that one.", running.api));
            let api = Api::new(&running.api);
            main_job::run(&api, &running.app_key, &running.store).await.map_err(Failure::MainJob)
        }
        _ => Err(Failure::AlreadyRunning(path.display().to_string())),
    }
}

/// The ports of earlier runs, or new ones beside the API's.
fn ports(home: &Home, api: u16) -> Result<Ports, Failure> {
    let free = |wanted: Option<u16>| match wanted {
        Some(port) if emulator::must_be_free(port).is_ok() => Ok(port),
        _ => emulator::free_port(),
    };
    let kept = home.recall::<Ports>("ports.json");
    let aws = free(kept.as_ref().map_or(api.checked_add(1), |kept| Some(kept.aws)))?;
    let demo_store = match kept {
        Some(kept) => emulator::must_be_free(kept.demo_store)
            .map(|()| kept.demo_store)
            .map_err(|_| Failure::DemoStorePort(kept.demo_store))?,
        None => free(api.checked_add(2))?,
    };
    let ports = Ports { aws, demo_store };
    home.keep("ports.json", &ports)?;
    Ok(ports)
}

fn demo_secrets(home: &Home) -> Result<DemoSecrets, StackError> {
    if let Some(kept) = home.recall("demo-store.json") {
        return Ok(kept);
    }
    let secrets = DemoSecrets { api_key: format!("ak_live_{}", random()) };
    home.keep("demo-store.json", &secrets)?;
    Ok(secrets)
}

/// 32 hexadecimal digits of good randomness.
fn random() -> String {
    cloud::clock::random_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

async fn tools(place: &BuildPlace) -> Result<Tools, Failure> {
    let step = Step::begin("tools");
    step.note("Python packages of the emulator, once");
    let target = place.target.clone();
    let tools = tokio::task::spawn_blocking(move || Tools::ensure(&target)).await??;
    step.done("pinned Python tools in target/local/venv");
    Ok(tools)
}

async fn functions(place: &BuildPlace) -> Result<Functions, Failure> {
    let step = Step::begin("functions");
    let (place, noted) = (place.clone(), step.clone());
    let functions =
        tokio::task::spawn_blocking(move || build::functions(&place, Purpose::Local, |line| noted.note(line)))
            .await??;
    step.done(&format!("built: {}", build::names()?.join(", ")));
    Ok(functions)
}

async fn cloud(
    tools: Tools,
    functions: Functions,
    home: &Home,
    port: u16,
    api: &str,
) -> Result<(Emulator, Deployment), Failure> {
    let step = Step::begin("emulator");
    let setup = Setup { port, home: home.folder().to_owned(), state: Some(home.emulator_state()) };
    let tools = Arc::new(tools);
    let starting = Arc::clone(&tools);
    let emulator = tokio::task::spawn_blocking(move || Emulator::start(&starting, &setup)).await??;
    step.done(&format!("AWS at http://127.0.0.1:{port}"));

    let step = Step::begin("template");
    let parameters = deploy::parameters(api);
    let deployed = move || deploy::deploy(&tools, port, &functions, &parameters);
    let deployment = tokio::task::spawn_blocking(deployed).await??;
    step.done(&format!("template.yaml deployed as {}", deploy::STACK));
    Ok((emulator, deployment))
}

async fn demo_store(port: u16, secrets: &DemoSecrets) -> Result<DemoStore, Failure> {
    let step = Step::begin("demo store");
    let setup = demo_store::Setup { port, seed: CATALOGUE, api_key: secrets.api_key.clone() };
    let store = DemoStore::start(setup).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::DemoStorePort(port),
        _ => StackError::io("starting the demo store")(error).into(),
    })?;
    step.done(&format!("CartOS at {}", store.url()));
    Ok(store)
}

/// The API as the emulator serves it; the front door stands before it.
fn internal_api(port: u16, deployment: &Deployment) -> Result<Url, StackError> {
    let text = format!("http://127.0.0.1:{port}/_aws/execute-api/{}/$default", deployment.api_id);
    text.parse().map_err(|_| StackError::Deploy { detail: format!("{text} is not a URL") })
}

/// What the template gives the functions, and what Lambda would add, as lines of an env file. A variable has one value in the whole stack.
fn environment(aws: &str, deployment: &Deployment) -> String {
    let ours = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", testkit::stack::AWS_REGION),
        ("AWS_ENDPOINT_URL", aws),
    ];
    let given = deployment.functions.values().flat_map(|function| &function.variables);
    let all: BTreeMap<&str, &str> = given.map(|(name, value)| (name.as_str(), value.as_str())).chain(ours).collect();
    let lines: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    lines.join("\n")
}

/// Where the emulator shows every mail that was sent.
fn mailbox(port: u16) -> String {
    format!("http://127.0.0.1:{port}/_ministack/ses/messages")
}

fn show(home: &Home, addresses: &Addresses) {
    screen::say(&format!(
        "\nGo on with:\n{}\nTell of an order as the store would, and see what became of it:\n{}\nAPI         {}\nAWS         {}\nDemo store  {}\nMailbox     {}\nKeys        {}\n",
        main_job::curl_lines(&addresses.api, &addresses.app_key, &addresses.store),
        main_job::hook_lines(&addresses.owner_key, &addresses.hook_secret),
        addresses.api,
        addresses.aws,
        addresses.demo_store,
        addresses.mailbox,
        home.addresses().display(),
    ));
}
