//! What must not be left in the repository: unfinished work, switched-off tests, and traces of one machine.
//!
//! The words are put together from halves, so that this file does not find itself.

use super::Fault;
use super::source::{Source, line_of};

/// In code: work put off, or a test that does not run or cannot fail.
const IN_CODE: [&str; 4] = [
    concat!("#[ig", "nore"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("assert!(", "true)"),
];

/// Anywhere, comments included: a note that work was put off.
const ANYWHERE: [&str; 7] = [
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("TO", "DO"),
    concat!("for", " now"),
    concat!("place", "holder"),
    concat!("in a", " real "),
    concat!("simplified", " version"),
];

/// Folders of one machine, and where its tools keep their downloads.
const OF_A_MACHINE: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!(".cargo/", "registry"),
];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Faults of unfinished work.
pub(super) fn work(sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in sources {
        if source.is_rust() {
            find(source, &source.code, &IN_CODE, "unfinished", &mut faults);
        }
        find(source, &source.text, &ANYWHERE, "unfinished", &mut faults);
    }
    faults
}

/// Faults of place: a path of one machine, or a package from somewhere else than the public registry.
pub(super) fn machine(sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in sources {
        find(source, &source.text, &OF_A_MACHINE, "machine", &mut faults);
        if source.path != "Cargo.lock" {
            continue;
        }
        for (index, line) in source.text.lines().enumerate() {
            if line.starts_with("source = ") && !line.contains(REGISTRY) {
                let detail = format!("{line}: packages come from the public registry");
                faults.push(Fault::new("machine", source, index + 1, detail));
            }
        }
    }
    faults
}

fn find(source: &Source, text: &str, banned: &[&str], rule: &'static str, out: &mut Vec<Fault>) {
    for word in banned {
        for (at, _) in text.match_indices(word) {
            let detail = format!("`{word}` must not stay in the repository");
            out.push(Fault::new(rule, source, line_of(text, at), detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ANYWHERE, IN_CODE, OF_A_MACHINE, Source, machine, work};

    #[test]
    fn unfinished_work_is_found_at_its_line() {
        for word in IN_CODE {
            let faults = work(&[Source::new("src/a.rs", &format!("//! x\n{word}\n"))]);
            assert_eq!(faults.len(), 1, "{word}");
            assert_eq!(faults[0].line, 2);
        }
        for word in ANYWHERE {
            let faults = work(&[Source::new("docs/a.md", &format!("one\ntwo {word} three"))]);
            assert_eq!(faults.len(), 1, "{word}");
        }
        let quoted = format!("const A: &str = \"{}\";", IN_CODE[1]);
        assert!(work(&[Source::new("src/a.rs", &quoted)]).is_empty());
    }

    #[test]
    fn a_trace_of_one_machine_is_found() {
        for path in OF_A_MACHINE {
            let faults = machine(&[Source::new("script/a", &format!("cd {path}x"))]);
            assert_eq!(faults.len(), 1, "{path}");
        }
        let lock = "source = \"registry+https://example.org/index\"\n";
        assert_eq!(machine(&[Source::new("Cargo.lock", lock)]).len(), 1);
    }
}
