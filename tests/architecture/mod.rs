//! The invariants of `docs/ARCHITECTURE.md` that can be read off the tree: what depends on what, and what the template gives each function.

mod safety;
mod transit;

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::Value;

use crate::data_map::cloudformation;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn templates() -> Vec<Value> {
    cloudformation::templates().into_iter().map(|(_, template)| template).collect()
}

/// Every resource of a type: its name and its properties.
fn of_type<'a>(templates: &'a [Value], kind: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let resources = templates.iter().flat_map(|template| template["Resources"].as_object().into_iter().flatten());
    resources
        .filter(move |(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.as_str(), &resource["Properties"]))
}

/// The crates in a dependency tree, as `name version`.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--offline", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

fn names(tree: &BTreeSet<String>) -> BTreeSet<&str> {
    tree.iter().filter_map(|entry| entry.split(' ').next()).collect()
}

/// Invariant 1.
#[test]
fn domain_and_connectors_do_no_io() {
    for package in ["domain", "connectors"] {
        let tree = tree(&["-p", package, "-e", "normal"]);
        assert!(names(&tree).contains("serde"), "the tree was read");
        for name in names(&tree) {
            let does_io = ["tokio", "reqwest", "hyper", "socket2", "mio"].contains(&name)
                || name.starts_with("aws")
                || name.starts_with("lambda");
            assert!(!does_io, "{package} depends on {name}");
        }
    }
}

/// One TLS stack and one HTTP stack in everything that is deployed.
#[test]
fn there_is_one_tls_and_one_http_stack() {
    let tree = tree(&["--workspace", "-e", "normal,build"]);
    for single in ["hyper", "h2", "http", "http-body", "rustls", "tokio-rustls", "reqwest", "ring", "webpki-roots"] {
        let versions: Vec<_> = tree.iter().filter(|entry| entry.split(' ').next() == Some(single)).collect();
        assert!(versions.len() <= 1, "{versions:?}");
    }
    for refused in
        ["aws-lc-rs", "aws-lc-sys", "openssl", "native-tls", "aws-config", "moka", "governor", "mockall", "async-trait"]
    {
        assert!(!names(&tree).contains(refused), "{refused} is built");
    }
    assert!(names(&tree).contains("ring"), "the one provider");
}

/// What describes the API's types is for `docs/openapi.yaml`, not for what is deployed.
#[test]
fn no_function_carries_the_description_of_its_types() {
    for function in [
        "callbacks",
        "inbound-mail",
        "control",
        "deliver",
        "dsar",
        "fan-out",
        "intake",
        "mail",
        "offboarding",
        "partners",
        "privacy",
        "proxy",
        "reconciliation",
        "sweep",
    ] {
        let tree = tree(&["-p", function, "-e", "normal"]);
        assert!(names(&tree).contains("serde_json"), "the tree was read");
        assert!(!names(&tree).contains("schemars"), "{function} carries schemars");
    }
    assert!(names(&tree(&["-p", "openapi", "-e", "normal"])).contains("schemars"), "the tree sees it where it is");
}

/// Invariant 10: a function reads exactly what the template gives it.
#[test]
fn each_functions_environment_equals_its_config() {
    let template = cloudformation::templates()
        .into_iter()
        .find(|(path, _)| path.ends_with("template.yaml"))
        .map(|(_, template)| template)
        .unwrap();
    let globals = variables(&template["Globals"]["Function"]);
    let functions = [
        ("ProxyFunction", proxy::Config::VARIABLES),
        ("ControlFunction", control::Config::VARIABLES),
        ("IntakeFunction", intake::Config::VARIABLES),
        ("FanOutFunction", fan_out::Config::VARIABLES),
        ("MailFunction", mail::Config::VARIABLES),
        ("OffboardingFunction", offboarding::Config::VARIABLES),
        ("PartnersFunction", partners::Config::VARIABLES),
        ("CallbacksFunction", callbacks::Config::VARIABLES),
        ("InboundMailFunction", inbound_mail::Config::VARIABLES),
        ("PrivacyFunction", privacy::Config::VARIABLES),
        ("DeliverFunction", deliver::Config::VARIABLES),
        ("ReconciliationFunction", reconciliation::Config::VARIABLES),
        ("SweepFunction", sweep::Config::VARIABLES),
        ("DsarFunction", dsar::Config::VARIABLES),
    ];
    let mut described: BTreeSet<&str> = template["Resources"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(name, _)| name.as_str())
        .collect();
    for (name, reads) in functions {
        let mut given = variables(&template["Resources"][name]["Properties"]);
        given.extend(globals.iter().cloned());
        let reads: BTreeSet<String> = reads.iter().map(|&variable| variable.to_owned()).collect();
        assert_eq!(given, reads, "{name}: left the template, right the Config");
        assert!(described.remove(name), "{name} is in the template");
    }
    assert!(described.is_empty(), "functions without a Config: {described:?}");
}

fn variables(properties: &Value) -> BTreeSet<String> {
    properties["Environment"]["Variables"].as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default()
}

/// A folder of `functions/` is a package, a binary and a resource of one name.
#[test]
fn every_function_has_events_and_every_event_a_function() {
    let listed = |folder: &str| -> BTreeSet<String> {
        std::fs::read_dir(root().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(listed("functions"), listed("events"));
}
