//! The guide for receivers: its snippets are the files that are run here, against deliveries that the gateway made.

#[expect(unreachable_pub, reason = "a receiver takes it into a program of its own")]
#[path = "../../docs/guides/verify/verify.rs"]
pub(crate) mod verify;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testkit::receiver::{Arrived, Receiver};

use crate::control::subscriptions::Shop;

const SNIPPETS: [&str; 5] = ["verify.mjs", "verify.py", "verify.php", "verify.rb", "verify.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_guide_shows_the_snippets_that_are_run() {
    let guide = fs::read_to_string(root().join("docs/guides/verify-webhooks.md")).unwrap();
    for snippet in SNIPPETS {
        let text = fs::read_to_string(root().join("docs/guides/verify").join(snippet)).unwrap();
        assert!(guide.contains(text.trim_end()), "docs/guides/verify-webhooks.md does not hold {snippet} as it is");
    }
    let served = control::guides::GUIDES.iter().find(|(name, _)| *name == "verify-webhooks").unwrap();
    assert_eq!(served.1, guide);
}

/// A delivery with the secrets that its receiver knows, and whether it may be taken.
struct Case {
    name: &'static str,
    secrets: Vec<String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    now: i64,
    good: bool,
}

impl Case {
    fn new(name: &'static str, secrets: &[&Value], delivery: &Arrived, good: bool) -> Self {
        Self {
            name,
            secrets: secrets.iter().map(|secret| secret.as_str().unwrap().to_owned()).collect(),
            headers: delivery.headers.clone(),
            body: delivery.body.clone(),
            now: delivery.headers["webhook-timestamp"].parse().unwrap(),
            good,
        }
    }

    fn with(mut self, header: &str, value: &str) -> Self {
        self.headers.insert(header.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, header: &str) -> Self {
        self.headers.remove(header);
        self
    }

    fn later(mut self, seconds: i64) -> Self {
        self.now += seconds;
        self
    }

    fn json(&self) -> Value {
        json!({ "secrets": self.secrets, "headers": self.headers, "body": STANDARD.encode(&self.body), "now": self.now })
    }
}

/// Deliveries before, during and after a rotation, whole and in every way changed.
async fn cases() -> Vec<Case> {
    let shop = Shop::new().await;
    let receiver = Receiver::start().await.unwrap();
    let made = shop.subscription(&json!({ "url": receiver.url().as_str() })).await;
    let path = format!("/v1/subscriptions/{}", made["id"].as_str().unwrap());
    let deliver = async || {
        let tested = shop.developer("POST", &format!("{path}/test"), None).await;
        assert_eq!(tested.json()["delivered"], true, "{}", tested.json());
        receiver.arrived().pop().unwrap()
    };
    let rotate = async |hours: u32| {
        let path = format!("{path}/rotate-secret");
        let rotated = shop.developer("POST", &path, Some(json!({ "overlap_hours": hours }))).await;
        rotated.json()["secret"].clone()
    };
    let old = made["secret"].clone();
    let before = deliver().await;
    assert!(!before.body.is_ascii(), "texts of the world are signed too");
    let new = rotate(24).await;
    let during = deliver().await;
    assert!(during.headers["webhook-signature"].contains(' '), "two signatures while a secret rotates");
    let last = rotate(0).await;
    let after = deliver().await;

    let good = |name| Case::new(name, &[&old], &before, true);
    let bad = |name| Case::new(name, &[&old], &before, false);
    let signature = before.headers["webhook-signature"].clone();
    let mut tampered = bad("another body");
    *tampered.body.last_mut().unwrap() ^= 1;
    let mut longer = bad("a longer body");
    longer.body.push(b' ');
    vec![
        good("as it was sent"),
        good("299 s old").later(299),
        good("299 s ahead").later(-299),
        good("beside another version").with("webhook-signature", &format!("v1a,AAAA {signature}")),
        Case::new("two secrets known", &[&new, &old], &before, true),
        Case::new("rotating, the old secret known", &[&old], &during, true),
        Case::new("rotating, the new secret known", &[&new], &during, true),
        Case::new("rotated, the last secret known", &[&last], &after, true),
        Case::new("rotated, an ended secret known", &[&old], &after, false),
        Case::new("another secret", &[&new], &before, false),
        Case::new("no secret", &[], &before, false),
        tampered,
        longer,
        bad("stale").later(301),
        bad("ahead").later(-301),
        bad("another id").with("webhook-id", "evt_00000000000000000000000000"),
        bad("another time").with("webhook-timestamp", "1"),
        bad("a time that is none").with("webhook-timestamp", "now"),
        bad("another version").with("webhook-signature", &signature.replace("v1,", "v2,")),
        bad("a cut signature").with("webhook-signature", &signature[..20]),
        bad("no base64").with("webhook-signature", "v1,!!!"),
        bad("an empty signature").with("webhook-signature", "v1,"),
        bad("nothing").with("webhook-signature", ""),
        bad("no signature").without("webhook-signature"),
        bad("no id").without("webhook-id"),
        bad("no time").without("webhook-timestamp"),
    ]
}

/// What a program says of each case; it reads them as JSON and writes a truth value a line. `None` on a machine without the language.
fn told(language: &str, arguments: &[&str], input: &str) -> Option<Vec<bool>> {
    if Command::new(language).arg("--version").output().is_err() {
        #[expect(clippy::disallowed_methods, reason = "a test that the build server must not skip")]
        let must = std::env::var_os("CI").is_some();
        assert!(!must, "the build server needs {language} for the guide's snippets; `.ci/run` installs it");
        eprintln!("skipped: there is no {language} on this machine");
        return None;
    }
    let mut program = Command::new(language);
    program.args(arguments).current_dir(root().join("docs/guides/verify"));
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program:?}");
    Some(String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect())
}

const JAVASCRIPT: &str = r#"
import { readFileSync } from "node:fs";
const { verify } = await import(process.cwd() + "/verify.mjs");
for (const { secrets, headers, body, now } of JSON.parse(readFileSync(0, "utf8")))
  console.log(String(verify(secrets, headers, Buffer.from(body, "base64"), now)));
"#;
const PYTHON: &str = r#"
import base64, json, sys
sys.path.insert(0, "."); sys.dont_write_bytecode = True
from verify import verify
for case in json.load(sys.stdin):
    print(str(verify(case["secrets"], case["headers"], base64.b64decode(case["body"]), case["now"])).lower())
"#;
const PHP: &str = r#"
require 'verify.php';
foreach (json_decode(stream_get_contents(STDIN), true) as $case) {
    $good = verify($case['secrets'], $case['headers'], base64_decode($case['body']), $case['now']);
    echo $good ? 'true' : 'false', "\n";
}
"#;
const RUBY: &str = r#"
require "json"
require "./verify"
JSON.parse($stdin.read).each do |c|
  puts verify(c["secrets"], c["headers"], c["body"].unpack1("m0"), c["now"])
end
"#;

#[tokio::test]
async fn every_snippet_takes_what_is_ours_and_nothing_else() {
    let cases = cases().await;
    let input = Value::from(cases.iter().map(Case::json).collect::<Vec<_>>()).to_string();
    let rust = |case: &Case| {
        let secrets: Vec<&str> = case.secrets.iter().map(String::as_str).collect();
        verify::verify(&secrets, |name| case.headers.get(name).map(String::as_str), &case.body, case.now)
    };
    let all = [
        ("rust", Some(cases.iter().map(rust).collect())),
        ("javascript", told("node", &["--input-type=module", "-e", JAVASCRIPT], &input)),
        ("python", told("python3", &["-c", PYTHON], &input)),
        ("php", told("php", &["-r", PHP], &input)),
        ("ruby", told("ruby", &["-e", RUBY], &input)),
    ];
    for (language, told) in all {
        let Some(told): Option<Vec<bool>> = told else { continue };
        assert_eq!(told.len(), cases.len(), "{language}");
        for (case, told) in cases.iter().zip(told) {
            assert_eq!(told, case.good, "{language}: {}", case.name);
        }
    }
}
