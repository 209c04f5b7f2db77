//! The data map in the words of others: fideslang (PyPI) reads the manifests in `docs/privacy/fides`, and every key in them is one of its
//! taxonomy.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use testkit::stack::{places::BuildPlace, tools::Tools};

fn home() -> PathBuf {
    BuildPlace::of_this_program().unwrap().target.join("fideslang")
}

fn check(arguments: &[&Path]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("privacy/fideslang");
    let tools = Tools::pinned(&home(), &folder.join("requirements.txt")).unwrap();
    Command::new(tools.python).arg(folder.join("check.py")).args(arguments).output().unwrap()
}

fn manifest(name: &str) -> PathBuf {
    privacy_documents::folder().join("fides").join(name)
}

#[test]
fn fideslang_reads_the_manifests_and_knows_every_key() {
    let output = check(&[&manifest("dataset.yaml"), &manifest("systems.yaml")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = String::from_utf8(output.stdout).unwrap();
    assert!(read.contains("dataset.yaml: 1\n"), "{read}");
    assert!(read.lines().count() == 2 && !read.contains("systems.yaml: 0"), "{read}");
}

/// What is not a manifest is refused, and so is what only looks like one.
#[test]
fn a_key_that_the_taxonomy_does_not_have_is_refused() {
    let cases = [
        ("dataset.yaml", "user.contact.email", "user.contact.emial", "not in the taxonomy"),
        ("systems.yaml", "essential.service.security", "essential.service.spying", "not in the taxonomy"),
        ("systems.yaml", "data_subjects: [customer]", "data_subjects: [reader]", "not in the taxonomy"),
        ("dataset.yaml", "fides_key: cartage", "fides_key: the cartage", "FidesKeys must only contain"),
        ("dataset.yaml", "collections:", "collection:", "Field required"),
        ("systems.yaml", "Legitimate interests", "Because we can", "validation error"),
    ];
    for (number, (name, good, bad, said)) in cases.into_iter().enumerate() {
        let text = fs::read_to_string(manifest(name)).unwrap();
        assert!(text.contains(good), "{name} has {good}");
        let broken = home().join(format!("broken-{number}.yaml"));
        fs::create_dir_all(home()).unwrap();
        fs::write(&broken, text.replacen(good, bad, 1)).unwrap();
        let output = check(&[&broken]);
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && why.contains(said), "{bad}: {why}");
    }
}

/// What the derive macro takes for a category is what the taxonomy has.
#[test]
fn the_categories_are_those_of_the_taxonomy() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/personal-data/derive/src/categories.rs");
    let output = check(&[Path::new("--categories"), &list]);
    assert!(output.status.success(), "only one of both has: {}", String::from_utf8_lossy(&output.stderr));
}
