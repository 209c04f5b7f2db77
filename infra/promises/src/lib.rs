//! What the five published policies promise, which code keeps it and which test shows it: `docs/promises.md` is made from `promises.tsv` and from
//! what the sources say of themselves.
//!
//! A source names a promise by its number (`R121`, or `R137 to R139` for all between). A test shows one by its own name: `r121_…`, or
//! `r014_r095_…` for two. A promise without such a test is open, whatever the code says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

/// The promises as they were published, one a line: number, document, section, what is owed.
const PUBLISHED: &str = include_str!("../promises.tsv");
/// Where sources are looked for, below the workspace.
const PLACES: [&str; 5] = ["cli", "functions", "infra", "shared", "tests"];

/// One promise, and what keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Its number, such as `R121`.
    pub id: String,
    /// The policy that makes it.
    pub document: String,
    /// Where in it.
    pub section: String,
    /// What is owed.
    pub obligation: String,
    /// The sources that say they keep it, by their paths.
    pub code: BTreeSet<String>,
    /// The tests that show it: path and name.
    pub tests: BTreeSet<String>,
}

impl Promise {
    /// Whether a test shows it.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !self.tests.is_empty()
    }
}

/// The folder of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the page stands.
#[must_use]
pub fn path() -> PathBuf {
    root().join("docs/promises.md")
}

/// All promises, with what the workspace's sources say of them.
///
/// # Errors
/// What the file system says.
pub fn promises() -> io::Result<Vec<Promise>> {
    let (mut code, mut tests) = (BTreeMap::new(), BTreeMap::new());
    for place in PLACES {
        look(&root(), Path::new(place), &mut code, &mut tests)?;
    }
    let published = PUBLISHED.lines().skip(1).map(|line| {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut field = || fields.next().unwrap_or_default();
        let id = field();
        let (code, tests) = (code.remove(&id).unwrap_or_default(), tests.remove(&id).unwrap_or_default());
        Promise { document: field(), section: field(), obligation: field(), id, code, tests }
    });
    Ok(published.collect())
}

type Found = BTreeMap<String, BTreeSet<String>>;

fn look(root: &Path, below: &Path, code: &mut Found, tests: &mut Found) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let name = below.join(entry?.file_name());
        let whole = root.join(&name);
        if whole.is_dir() {
            look(root, &name, code, tests)?;
        } else if name.extension().is_some_and(|kind| kind == "rs") && !name.starts_with("infra/promises") {
            let text = fs::read_to_string(whole)?;
            let place = name.display().to_string();
            // What stands behind this is tests of the file itself.
            let own = text.split("#[cfg(test)]").next().unwrap_or_default();
            if !name.starts_with("tests") {
                for id in named(own) {
                    code.entry(id).or_default().insert(place.clone());
                }
            }
            for (id, test) in shown(&text) {
                tests.entry(id).or_default().insert(format!("{place} `{test}`"));
            }
        }
    }
    Ok(())
}

/// The numbers that a text names, ranges with all between.
fn named(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut last: Option<(u32, usize)> = None;
    for (place, _) in text.match_indices('R') {
        let is_part = text[..place].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_');
        let digits: String = text[place + 1..].chars().take_while(char::is_ascii_digit).collect();
        let Ok(number) = digits.parse::<u32>() else { continue };
        if is_part || digits.len() != 3 {
            continue;
        }
        let since = match last {
            Some((first, end)) if [" to ", "–", "-"].contains(&&text[end..place]) => first,
            _ => number,
        };
        named.extend((since..=number).map(|number| format!("R{number:03}")));
        last = Some((number, place + 4));
    }
    named
}

/// The numbers that the names of a source's tests begin with, each with the test's name.
fn shown(text: &str) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for (place, _) in text.match_indices("fn r") {
        let name: String =
            text[place + 3..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
        for part in name.split('_') {
            let Some(digits) = part.strip_prefix('r').filter(|digits| digits.len() == 3) else { break };
            if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                break;
            }
            shown.push((format!("R{digits}"), name.clone()));
        }
    }
    shown
}

/// The page.
#[must_use]
pub fn page(promises: &[Promise]) -> String {
    let kept = promises.iter().filter(|promise| promise.is_kept()).count();
    let mut page = format!(
        "# What is promised, and what keeps it\n\n\
         Made by `cargo run -p promises` from `infra/promises/promises.tsv` and from the sources; a test fails where it is not what they say, and where fewer\n\
         promises are kept than before. *Kept* means that a test shows it, and that test's name begins with the promise's number. *In the code* means that\n\
         the code says it keeps it, and no test shows it alone. *Open* is neither.\n\n\
         **{kept} of {} are kept.**\n\n\
         | | policy | promised | | kept by | shown by |\n|---|---|---|---|---|---|\n",
        promises.len()
    );
    for promise in promises {
        let Promise { id, document, section, obligation, code, tests } = promise;
        let state = match (promise.is_kept(), code.is_empty()) {
            (true, _) => "kept",
            (false, false) => "in the code",
            (false, true) => "**open**",
        };
        let list = |of: &BTreeSet<String>| of.iter().cloned().collect::<Vec<_>>().join("<br>");
        let code = list(&code.iter().map(|path| format!("`{path}`")).collect());
        let tests = list(tests);
        // Writing to a string does not fail.
        let _ = writeln!(page, "| {id} | {document}, {section} | {obligation} | {state} | {code} | {tests} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_one_by_one_and_in_ranges() {
        let found = |text| named(text).into_iter().collect::<Vec<_>>();
        assert_eq!(found("(R121), R137 to R139; `R001`."), ["R001", "R121", "R137", "R138", "R139"]);
        assert_eq!(found("R133–R135 and R141-R142"), ["R133", "R134", "R135", "R141", "R142"]);
        assert_eq!(found("XR121 R12 R1210 RFC R9457"), Vec::<String>::new());
    }

    #[test]
    fn a_test_shows_what_its_name_begins_with() {
        let text = "fn r014_r095_a_sweep() {} fn result() {} fn r12_x() {} async fn r121_r999x() {}";
        let shown: Vec<String> = shown(text).into_iter().map(|(id, _)| id).collect();
        assert_eq!(shown, ["R014", "R095", "R121"]);
    }
}
