//! Example files, a little broken: nothing panics, the work is bounded, and what is a pipeline still is one twice.
//!
//! `PARHELION_MUTATIONS=N` tries more of them (`scripts/fuzz mutations N`), `PARHELION_SEED=N` others.

use crate::{FILE, examples::all, holds::holds, payload};
use parhelion_azure_pipelines::Inputs;
use std::{
    collections::BTreeMap,
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// How many are tried in a run of the tests.
const MUTATIONS: usize = 1200;
/// Steps that a mutation of one of these files may take at most: some loops in loops, far from what the engine bears.
const STEPS: u64 = 100_000;

/// A pipeline of several files.
struct Project {
    name: String,
    files: BTreeMap<String, String>,
    inputs: Inputs,
}

/// A folder of `examples/` that is the pipeline's own repository, another that is a repository by an alias, and a
/// webhook's payload.
type Example = (&'static str, Option<(&'static str, &'static str)>, Option<(&'static str, &'static str)>);

const EXAMPLES: &[Example] = &[
    ("bench", None, None),
    ("monorepo", None, None),
    ("governed-release/app", Some(("platform", "governed-release/platform")), None),
    ("webhook-deployment", None, Some(("Pushed", "webhook-deployment/pushed.json"))),
];

/// The files of the tests, and the examples.
fn projects() -> Vec<Project> {
    let own = all().into_iter().map(|(name, text, inputs)| Project {
        name: name.to_owned(),
        files: [(FILE.to_owned(), text.to_owned())].into(),
        inputs,
    });
    let examples = EXAMPLES.iter().map(|e| example(e).expect("the example can be read"));
    own.chain(examples).collect()
}

fn example((own, repository, webhook): &Example) -> io::Result<Project> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut files = BTreeMap::new();
    read(&examples.join(own), "", "", &mut files)?;
    if let Some((alias, folder)) = repository {
        read(&examples.join(folder), "", &format!("@{alias}"), &mut files)?;
    }
    let inputs = match webhook {
        Some((alias, file)) => {
            payload(alias, serde_json::from_str(&fs::read_to_string(examples.join(file))?)?)
        }
        None => Inputs::default(),
    };
    Ok(Project { name: (*own).to_owned(), files, inputs })
}

/// All YAML files of a folder, by their path from its root.
fn read(folder: &Path, at: &str, of: &str, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{at}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            // What comes out is kept there.
            if path != "/expected" {
                read(&entry.path(), &path, of, files)?;
            }
        } else if path.ends_with(".yml") {
            files.insert(format!("{path}{of}"), fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

/// A small generator of its own: the same mutations in every run, on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        // xorshift
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap_or_default()
    }
}

const SCRAPS: &[&str] = &[
    "${{",
    "}}",
    "${{ if true }}:",
    "${{ else }}:",
    "${{ each x in parameters.checks }}:",
    "${{ each x in parameters.services }}:",
    "${{ insert }}:",
    "${{ convertToJson(parameters) }}",
    "- template: templates/tests.yml\n",
    "extends:",
    "@self",
    "/",
    "..",
    ":",
    "- ",
    "\n",
    "  ",
    "'",
    "\"",
    "|",
    ">",
    "|2",
    "&a ",
    "*a",
    "!!str ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "?",
    "#",
    "\t",
    "\r",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "🙂",
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "$[",
    "]]",
    "()",
    "eq(",
    "format('{0}{0}', ",
    "counter(",
    "0.5",
    "~",
    "=",
    "\u{0}",
    "99999999999999999999",
    "parameters:\n",
    "steps:\n",
    "condition: ",
];

/// One to four changes: a piece cut out, doubled, moved, or put in.
fn mutated(text: &str, dice: &mut Dice) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(chars.len() + 1);
        match dice.roll(5) {
            0 => {
                let end = (at + 1 + dice.roll(12)).min(chars.len());
                chars.drain(at.min(end)..end);
            }
            1 => {
                let from = dice.roll(chars.len() + 1);
                let piece: Vec<char> = chars.iter().skip(from).take(dice.roll(40)).copied().collect();
                chars.splice(at..at, piece);
            }
            2 if at + 1 < chars.len() => chars.swap(at, at + 1),
            // A line is put elsewhere: structure moves, and each line still is whole.
            3 => {
                let lines: Vec<&str> = text.lines().collect();
                let line = lines[dice.roll(lines.len())];
                let start = chars[..at].iter().rposition(|c| *c == '\n').map_or(0, |n| n + 1);
                chars.splice(start..start, format!("{line}\n").chars());
            }
            _ => {
                let scrap = SCRAPS[dice.roll(SCRAPS.len())];
                chars.splice(at..at, scrap.chars());
            }
        }
    }
    chars.into_iter().collect()
}

/// A number of the environment.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn mutations_of_the_examples() {
    let wanted = asked("PARHELION_MUTATIONS").and_then(|n| usize::try_from(n).ok()).unwrap_or(MUTATIONS);
    let mut dice = Dice(asked("PARHELION_SEED").unwrap_or(0x9e37_79b9_7f4a_7c15).max(1));
    let projects = projects();
    // Larger ones get fewer turns.
    let turns: Vec<usize> = projects
        .iter()
        .enumerate()
        .flat_map(|(at, p)| {
            let lines: usize = p.files.values().map(|t| t.lines().count()).sum();
            std::iter::repeat_n(at, (2000 / lines.max(1)).clamp(1, 10))
        })
        .collect();
    let (mut expanded, mut most) = (0, 0);
    let mut crashes = Vec::new();
    for round in 0..wanted {
        let project = &projects[turns[round % turns.len()]];
        let mut files = project.files.clone();
        let at = dice.roll(files.len());
        let (name, text) = files.iter_mut().nth(at).unwrap();
        let name = name.clone();
        *text = mutated(text, &mut dice);
        let judged = catch_unwind(AssertUnwindSafe(|| holds(&files[FILE], &project.inputs, &files)));
        let wrong = match judged {
            Ok(Ok(outcome)) if outcome.spent.events <= STEPS => {
                expanded += usize::from(outcome.expanded);
                most = most.max(outcome.spent.events);
                continue;
            }
            Ok(Ok(outcome)) => format!("{:?}", outcome.spent),
            Ok(Err(wrong)) => wrong,
            Err(_) => "a panic".to_owned(),
        };
        crashes.push(format!("{} {name}, round {round}: {wrong}\n{}", project.name, files[&name]));
        if crashes.len() == 5 {
            break;
        }
    }
    println!(
        "mutations: {wanted} inputs tried, {} crashes, {expanded} still pipelines, {most} steps at most",
        crashes.len()
    );
    assert!(crashes.is_empty(), "{}", crashes.join("\n\n"));
    // Each of them as it is, too.
    for project in &projects {
        let outcome = holds(&project.files[FILE], &project.inputs, &project.files);
        assert!(outcome.as_ref().is_ok_and(|o| o.expanded), "{} {outcome:?}", project.name);
    }
    // They are close enough to the originals that a good part still is a pipeline.
    assert!(expanded * 20 > wanted, "{expanded} of {wanted}");
}

#[test]
fn every_beginning_of_the_examples() {
    for project in projects().iter().filter(|p| p.files.len() == 1) {
        let text = &project.files[FILE];
        for end in (0..text.len()).step_by(7).filter(|e| text.is_char_boundary(*e)) {
            holds(&text[..end], &project.inputs, &project.files).unwrap();
        }
    }
}
