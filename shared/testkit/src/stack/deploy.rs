//! Deploys the template, through `infra/local/deploy.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde::{Deserialize, Serialize};

use super::build::Functions;
use super::fingerprint::Fingerprint;
use super::tools::{Tools, last_line};
use super::{AWS_REGION, StackError, places};

/// The stack's name; physical names begin with it.
pub const STACK: &str = "cartage-local";

/// What a deployment says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deployment {
    /// The HTTP API's id.
    pub api_id: String,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// Physical names by logical id.
    pub resources: BTreeMap<String, String>,
    /// Functions by logical id.
    pub functions: BTreeMap<String, DeployedFunction>,
}

/// One deployed function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeployedFunction {
    /// Its physical name.
    pub name: String,
    /// The environment that the template gives it.
    pub variables: BTreeMap<String, String>,
}

/// The sender of every mail of a stack on this machine.
pub const MAIL_FROM: &str = "no-reply@cartage.test";

/// The template's parameters for a stack on this machine; `public_url` is where its API is reached.
///
/// `EgressLoopback` is what lets a function call the demo store or a test's upstream: both are on loopback, over http. The alarms
/// are left out because the emulator has no metric math.
pub fn parameters(public_url: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("Contact", "https://cartage.test/contact".to_owned()),
        ("EgressLoopback", "allow".to_owned()),
        ("MailFrom", MAIL_FROM.to_owned()),
        ("Observability", "off".to_owned()),
        ("PublicUrl", public_url.to_owned()),
    ])
}

/// What a deployment is made from: it is repeated when this changes. A new build changes nothing here, because what is deployed
/// starts whatever binary lies in the build's folder.
///
/// # Errors
/// [`StackError::Io`] when a file cannot be read.
pub fn fingerprint(functions: &Functions, parameters: &BTreeMap<&'static str, String>) -> Result<String, StackError> {
    let mut made_from = Fingerprint::default();
    made_from.file(&places::template())?;
    let infra = places::workspace().join("infra");
    let mut nested = Vec::new();
    for entry in fs::read_dir(&infra).map_err(StackError::io(format!("reading {}", infra.display())))? {
        nested.push(entry.map_err(StackError::io(format!("reading {}", infra.display())))?.path());
    }
    nested.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    nested.sort();
    for path in nested {
        made_from.file(&path)?;
    }
    for name in ["deploy.py", "emulator.py", "requirements.txt"] {
        made_from.file(&places::scripts().join(name))?;
    }
    made_from.value(&functions.folder.display().to_string());
    for (name, value) in parameters {
        made_from.value(name);
        made_from.value(value);
    }
    Ok(made_from.finish())
}

/// Creates or updates the stack in the emulator on `port`.
///
/// # Errors
/// [`StackError::Deploy`] with the reason.
pub fn deploy(
    tools: &Tools,
    port: u16,
    functions: &Functions,
    parameters: &BTreeMap<&'static str, String>,
) -> Result<Deployment, StackError> {
    deploy_template(tools, port, functions, parameters, &places::template())
}

fn deploy_template(
    tools: &Tools,
    port: u16,
    functions: &Functions,
    parameters: &BTreeMap<&'static str, String>,
    template: &Path,
) -> Result<Deployment, StackError> {
    let mut command = places::clean_command(&tools.python);
    command
        .arg(places::scripts().join("deploy.py"))
        .args(["--endpoint", &format!("http://127.0.0.1:{port}"), "--region", AWS_REGION, "--stack", STACK])
        .args(["--fingerprint", &fingerprint(functions, parameters)?])
        .arg("--template")
        .arg(template)
        .arg("--binaries")
        .arg(&functions.folder)
        .stdin(Stdio::null());
    for (name, value) in parameters {
        command.args(["--parameter", &format!("{name}={value}")]);
    }
    let ended = command.output().map_err(StackError::io("running the deployer"))?;
    if !ended.status.success() {
        return Err(StackError::Deploy { detail: last_line(&String::from_utf8_lossy(&ended.stderr)) });
    }
    serde_json::from_slice(&ended.stdout)
        .map_err(|error| StackError::Deploy { detail: format!("the deployer's answer is not understood ({error})") })
}
