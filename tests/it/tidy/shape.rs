//! How a file looks: its length, its functions' length, its first line, and the names in it.
//!
//! Bounds on parameters and on unwraps are clippy's; this holds what clippy cannot say.

use super::Fault;
use super::source::{Source, line_of, words};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Words that say nothing about what a thing is.
const EMPTY_WORDS: [&str; 9] = [
    "manager",
    "helper",
    "helpers",
    "util",
    "utils",
    "common",
    "misc",
    "processor",
    "stuff",
];

/// Words that introduce a name.
const INTRODUCE: [&str; 9] = [
    "fn", "struct", "enum", "trait", "type", "mod", "const", "static", "union",
];

/// Faults of length: a file or a function that is too long.
pub(super) fn lengths(sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let lines = file_lines(source);
        if lines > FILE_LINES_MAX {
            let detail = format!("{lines} lines that are not tests, {FILE_LINES_MAX} at most");
            faults.push(Fault::new("lengths", source, 1, detail));
        }
        for function in source.functions() {
            if function.code_lines > FUNCTION_LINES_MAX {
                let (name, lines) = (&function.name, function.code_lines);
                let detail = format!("`{name}` has {lines} lines, {FUNCTION_LINES_MAX} at most");
                faults.push(Fault::new("lengths", source, function.line, detail));
            }
        }
    }
    faults
}

/// Lines of a file without its inline test modules.
fn file_lines(source: &Source) -> usize {
    let shipped = source.shipped_code();
    let in_tests = source
        .code
        .lines()
        .zip(shipped.lines())
        .filter(|(all, kept)| all != kept)
        .count();
    source.text.lines().count() - in_tests
}

/// Faults of opening: a file that does not say what it is.
pub(super) fn openings(sources: &[Source]) -> Vec<Fault> {
    sources
        .iter()
        .filter(|source| source.is_rust() && !source.text.starts_with("//! "))
        .map(|source| {
            let detail = "opens with `//!`: what it is, what it does not do, who calls it";
            Fault::new("openings", source, 1, detail.to_owned())
        })
        .collect()
}

/// Faults of naming: empty words in the names of files, functions and types.
pub(super) fn names(sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        for part in source.path.trim_end_matches(".rs").split('/') {
            if let Some(word) = empty_word(part) {
                let detail = format!("`{word}` in the file's name");
                faults.push(Fault::new("names", source, 1, detail));
            }
        }
        for (at, name) in introduced(&source.code) {
            if let Some(word) = empty_word(name) {
                let detail = format!("`{word}` in `{name}`: name what it is or does");
                faults.push(Fault::new(
                    "names",
                    source,
                    line_of(&source.code, at),
                    detail,
                ));
            }
        }
    }
    faults
}

/// The names that `code` introduces, with their offsets.
fn introduced(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let pairs = words(code).zip(
        words(code)
            .enumerate()
            .filter_map(|(i, w)| (i > 0).then_some(w)),
    );
    pairs
        .filter(|((_, before), _)| INTRODUCE.contains(before))
        .map(|(_, name)| name)
}

/// The empty word in a name of either case, if there is one.
fn empty_word(name: &str) -> Option<String> {
    let mut split = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            split.push('_');
        }
        split.extend(c.to_lowercase());
    }
    if split.starts_with("process_") || split == "process" {
        return Some("process".to_owned());
    }
    if split.contains("handle_data") {
        return Some("handle_data".to_owned());
    }
    split
        .split('_')
        .find(|word| EMPTY_WORDS.contains(word))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Source, lengths, names, openings};

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "    fn t() {}\n".repeat(600)
        );
        let short = Source::new("src/a.rs", &("fn a() {}\n".repeat(499) + &tests));
        assert!(lengths(&[short]).is_empty());
        let long = Source::new("src/a.rs", &("// why\n".repeat(501) + &tests));
        assert_eq!(lengths(&[long]).len(), 1);
    }

    #[test]
    fn a_long_function_is_found_at_its_line() {
        let body = "    step();\n".repeat(69);
        let text = format!("//! x\nfn long() {{\n{body}}}\nfn short() {{}}\n");
        let faults = lengths(&[Source::new("src/a.rs", &text)]);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].line, 2);
    }

    #[test]
    fn a_file_without_an_opening_is_found() {
        assert_eq!(openings(&[Source::new("src/a.rs", "use x::y;\n")]).len(), 1);
        assert!(openings(&[Source::new("src/a.rs", "//! The x.\n")]).is_empty());
    }

    #[test]
    fn an_empty_name_is_found() {
        for text in [
            "fn process_batch() {}",
            "struct SessionManager;",
            "fn handle_data() {}",
            "mod utils {}",
            "enum PushHelper {}",
        ] {
            assert_eq!(names(&[Source::new("src/a.rs", text)]).len(), 1, "{text}");
        }
        assert_eq!(names(&[Source::new("src/time_util.rs", "")]).len(), 1);
        let fine = "fn utilisation() {} struct Commons; fn in_process() {} // manager";
        assert!(names(&[Source::new("src/a.rs", fine)]).is_empty());
    }
}
