//! The file with what is held of a person: everything of theirs, nothing of anybody else, read by a reader that is not ours (`privacy.md` D.2, D.7).

use std::{collections::BTreeMap, process::Command};

use cloud::{boot::Boot, dynamo::requests::SubjectRequestItem, objects::Objects, requests::export_key};
use domain::request::{Kind, State};
use serde_json::Value;
use testkit::stack::Stack;

use super::bureau::{Bureau, Someone, line};
use crate::world::environment;

impl Bureau {
    pub(crate) fn exports(&self) -> Objects {
        let boot = Boot::new(&environment("dsar", Stack::shared().aws()), self.clock().clone()).unwrap();
        Objects::new(&boot.aws, &self.config.exports_bucket)
    }

    /// The members of a request's file, as Python's reader sees them.
    pub(crate) async fn file(&self, request: &SubjectRequestItem) -> BTreeMap<String, String> {
        // As the person fetches it: a function never reads it whole.
        let link = self.exports().presigned(&export_key(&request.id), std::time::Duration::from_secs(60), "it.zip");
        let asked = http::Request::get(link).body(bytes::Bytes::new()).unwrap();
        let answer = testkit::plain_http::PlainHttp::default().send(asked).await.unwrap();
        assert_eq!(answer.status(), 200, "the file is there");
        let file = answer.into_body();
        let path = std::env::temp_dir().join(format!("cartage-{}.zip", request.id));
        std::fs::write(&path, file).unwrap();
        let script = "import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                      print(json.dumps({i.filename:z.read(i).decode() for i in z.infolist()}))";
        let read = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        serde_json::from_slice(&read.stdout).unwrap()
    }

    /// How many calls a request's file has, as Python's reader counts them, however large the file is.
    async fn calls_in_file(&self, request: &SubjectRequestItem) -> u64 {
        let link = self.exports().presigned(&export_key(&request.id), std::time::Duration::from_secs(300), "it.zip");
        let path = std::env::temp_dir().join(format!("cartage-{}.zip", request.id));
        let script = "import json,shutil,sys,urllib.request,zipfile\n\
                      with urllib.request.urlopen(sys.argv[1]) as u, open(sys.argv[2],'wb') as f: shutil.copyfileobj(u,f)\n\
                      z=zipfile.ZipFile(sys.argv[2])\nassert z.testzip() is None\n\
                      print(sum(len(json.loads(z.read(n))) for n in z.namelist() if n.startswith('data/calls') and n.endswith('.json')))";
        let read = Command::new("python3").args(["-c", script, &link]).arg(&path).output().unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        String::from_utf8(read.stdout).unwrap().trim().parse().unwrap()
    }

    #[expect(clippy::print_stdout, reason = "what it costs is shown with --no-capture")]
    async fn exported(&self, someone: &Someone, kind: Kind) -> BTreeMap<String, String> {
        let request = self.proven(&someone.owner, kind, Vec::new()).await;
        self.faults.reset();
        self.go_on(&request).await;
        println!("{kind:?}: {} read units, {} write units", self.faults.read_units(), self.faults.write_units());
        assert_eq!(self.state(&request).await, State::Delivered, "{kind:?}");
        assert_eq!(self.letters().await, ["received", "ready"], "{kind:?}");
        self.file(&request).await
    }
}

fn holds(files: &BTreeMap<String, String>, marker: &str) -> bool {
    files.values().any(|content| content.contains(marker))
}

#[tokio::test]
async fn r054_r101_r178_access_gives_everything_of_the_person_and_nothing_of_anybody_else() {
    let bureau = Bureau::new().await;
    let (someone, other) = (bureau.someone().await, bureau.someone().await);
    for kind in [Kind::Access, Kind::KnowSpecific] {
        let files = bureau.exported(&someone, kind).await;
        for marker in &someone.markers {
            assert!(holds(&files, marker), "{marker} is missing: {:?}", files.keys());
        }
        for marker in other.markers[..8].iter().chain(&someone.secrets) {
            assert!(!holds(&files, marker), "{marker} is not theirs to see");
        }
        for name in ["manifest.json", "schema.json", "know.json", "processors.json", "README.en.md", "README.fr.md"] {
            assert!(files.contains_key(name), "{name}");
        }
        // Each file is what the manifest says of it.
        let manifest: Value = serde_json::from_str(&files["manifest.json"]).unwrap();
        let listed = manifest["files"].as_array().unwrap();
        assert_eq!(listed.len(), files.len() - 1);
        for entry in listed {
            use sha2::{Digest, Sha256};
            let hash: String = Sha256::digest(&files[entry["name"].as_str().unwrap()])
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(entry["sha256"], hash.as_str());
        }
        assert_eq!(manifest["window"]["from"], Value::Null, "however old");
        // No spreadsheet carries out what somebody called their company.
        assert!(files["data/account.csv"].contains("'=cmd") && !files["data/account.csv"].contains(",=cmd"));
        assert!(files["data/account.json"].contains("\"=cmd"));
        let calls: Vec<Value> = serde_json::from_str(&files["data/calls.json"]).unwrap();
        assert!(calls.iter().any(|call| call["route"] == "POST /v1/stores"));
    }
}

#[tokio::test]
async fn r059_r181_portability_gives_what_the_person_provided() {
    let bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    let files = bureau.exported(&someone, Kind::Portability).await;
    for marker in &someone.markers {
        assert!(holds(&files, marker), "{marker} was provided");
    }
    assert!(!files.contains_key("data/calls.json"), "what we saw ourselves was not");
    let account: Vec<BTreeMap<String, Value>> = serde_json::from_str(&files["data/account.json"]).unwrap();
    assert!(account[0].contains_key("email") && !account[0].contains_key("created_at"));
    let schema: Value = serde_json::from_str(&files["schema.json"]).unwrap();
    let columns = schema["files"]["account"]["columns"].as_array().unwrap();
    assert!(columns.iter().all(|column| column["source"] == "provided"));
}

#[tokio::test]
async fn r021_r036_r053_r057_who_asks_for_categories_gets_them_with_their_time_and_no_data() {
    let bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    let files = bureau.exported(&someone, Kind::KnowCategories).await;
    assert_eq!(files.keys().collect::<Vec<_>>(), ["README.en.md", "README.fr.md", "know.json"]);
    assert!(!someone.markers.iter().any(|marker| holds(&files, marker)));
    let know: Value = serde_json::from_str(&files["know.json"]).unwrap();
    assert_eq!(know["sold_or_shared"], false);
    let categories = know["categories"].as_array().unwrap();
    let told: Vec<_> = categories.iter().map(|entry| (&entry["category"], entry["kept"].as_str().unwrap())).collect();
    assert!(told.iter().all(|(_, kept)| !kept.is_empty()), "each with how long it is kept: {told:?}");
    let phone =
        told.iter().find(|(category, kept)| *category == "user.contact.phone_number" && kept.contains("account"));
    assert!(phone.is_some(), "{told:?}");
}

#[tokio::test]
async fn a_file_that_nobody_fetched_in_time_is_deleted_with_the_request() {
    let bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    let request = bureau.proven(&someone.owner, Kind::Access, Vec::new()).await;
    bureau.go_on(&request).await;
    assert!(bureau.exports().exists(&export_key(&request.id)).await.unwrap());
    bureau.clock().advance(std::time::Duration::from_secs(8 * 86_400));
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Closed);
    assert!(!bureau.exports().exists(&export_key(&request.id)).await.unwrap());
}

#[tokio::test]
async fn a_file_that_takes_many_invocations_has_the_same_in_it() {
    let mut bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    let rows = many_calls(&bureau, &someone, 8 << 20).await;
    bureau.hurry();
    let request = bureau.proven(&someone.owner, Kind::Access, Vec::new()).await;
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Delivered);
    let files = bureau.file(&request).await;
    for marker in &someone.markers {
        assert!(holds(&files, marker), "{marker}");
    }
    let calls = files.iter().filter(|(name, _)| name.starts_with("data/calls") && name.ends_with(".json"));
    let written: Vec<Value> =
        calls.flat_map(|(_, content)| serde_json::from_str::<Vec<Value>>(content).unwrap()).collect();
    let large: std::collections::BTreeSet<&str> = written
        .iter()
        .filter_map(|call| call["route"].as_str()?.strip_prefix("GET /")?.split_once("/xx").map(|(number, _)| number))
        .collect();
    assert_eq!(large.len(), rows, "each once, and none left out");
    let found = bureau.places(&request).await.into_iter().find(|place| place.place == "calls").unwrap().found;
    assert_eq!(found, written.len() as u64);
}

/// The most memory that this process has had since `forget` was last called, in bytes. Each test has a process of its own.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<usize>().unwrap() * 1024
}

/// Puts `bytes` of calls into the service log of somebody, in rows of 256 KiB.
async fn many_calls(bureau: &Bureau, someone: &Someone, bytes: usize) -> usize {
    const ROW: usize = 256 << 10;
    let rows = bytes / ROW;
    for number in 0..rows as u64 {
        let put = bureau.house.sdk().put_item().table_name(&bureau.config.service_log_table);
        let route = format!("GET /{number}/{}", "x".repeat(ROW));
        put.set_item(Some(line(bureau, someone, number, route))).send().await.unwrap();
    }
    rows
}

/// Writes somebody's file and says how many rows it has and how much memory that took.
async fn exported_with(bureau: &Bureau, bytes: usize) -> (SubjectRequestItem, usize, usize) {
    let someone = bureau.someone().await;
    let rows = many_calls(bureau, &someone, bytes).await;
    let request = bureau.proven(&someone.owner, Kind::Access, Vec::new()).await;
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak();
    bureau.go_on(&request).await;
    let taken = peak().saturating_sub(before);
    assert_eq!(bureau.state(&request).await, State::Delivered);
    (request, rows, taken)
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "what it takes is shown with --no-capture")]
async fn a_file_takes_as_much_memory_as_a_part_of_it_however_large_it_is() {
    let mut bureau = Bureau::new().await;
    bureau.past_the_proxy();
    // 5368709120 is what the spec asks for; the emulator then needs 20 GB.
    let bytes = usize::try_from(crate::world::how_many("EXPORT_BYTES", 50 << 20)).unwrap();
    let (request, rows, taken) = exported_with(&bureau, bytes).await;
    println!("{} MiB: {} MiB of memory", bytes >> 20, taken >> 20);
    // A chunk of rows, a page and a part of the file; the function has 256 MiB. The more pages there are, the fuller the fullest.
    assert!(taken < 80 << 20, "{} MiB", taken >> 20);
    let calls = bureau.places(&request).await.into_iter().find(|place| place.place == "calls").unwrap();
    assert!(calls.found >= rows as u64);
    assert_eq!(bureau.calls_in_file(&request).await, calls.found);
    let left = testkit::marker::holdings(Stack::shared().aws()).await.unwrap();
    let body = request.id.body();
    let objects: Vec<_> =
        left.iter().filter(|holding| holding.place.starts_with("s3/") && holding.place.contains(body)).collect();
    assert_eq!(objects.len(), 1, "the file, and none of what it was made from");
}
