//! Feeds every committed corpus file to its target: `replay [TARGET…]`; with `--list` it names the targets.
//!
//! A file that panics or takes longer than a second fails. Ends with `N passed, N failed`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use signet_fuzzing::{TARGETS, Target};

const LONGEST: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|one| one == "--list") {
        TARGETS
            .iter()
            .for_each(|target| println!("{}", target.name));
        return ExitCode::SUCCESS;
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let (mut passed, mut failed) = (0u32, 0u32);
    for target in TARGETS
        .iter()
        .filter(|one| arguments.is_empty() || arguments.iter().any(|name| name == one.name))
    {
        let files = files_of(&corpus.join(target.name));
        if files.is_empty() {
            eprintln!("{}: no corpus", target.name);
            failed += 1;
        }
        for file in files {
            match feed(target, &file) {
                Ok(()) => passed += 1,
                Err(fault) => {
                    eprintln!("{}: {}: {fault}", target.name, file.display());
                    failed += 1;
                }
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

fn feed(target: &Target, file: &Path) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes))).map_err(|_| "panicked".to_owned())?;
    let took = begun.elapsed();
    if took > LONGEST {
        Err(format!("took {took:?}"))
    } else {
        Ok(())
    }
}
