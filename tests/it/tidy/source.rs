//! Source text as the tidy rules see it: where a line is, what is code and what is only comment, literal or test.
//!
//! Not a Rust parser: it blanks comments and literals and matches braces, which is enough for the rules. Called by
//! every rule of this folder.

use std::fs;
use std::path::Path;

/// One file of the repository.
pub(super) struct Source {
    /// Path from the repository's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// `text` with comments and literals blanked; the same lines.
    pub(super) code: String,
}

/// A function with a body: its name, its first line (from 1) and its lines of code.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) code_lines: usize,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") {
            blank(text)
        } else {
            text.to_owned()
        };
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
        }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the whole file is test code.
    pub(super) fn is_test(&self) -> bool {
        let under = |folder: &str| self.path.starts_with(folder) || self.path.contains(folder);
        under("tests/") || self.path.ends_with("/tests.rs")
    }

    /// `code` without the bodies of `#[cfg(test)] mod name { ... }`.
    pub(super) fn shipped_code(&self) -> String {
        let mut rest = self.code.clone();
        let mut from = 0;
        while let Some(at) = rest[from..].find("#[cfg(test)]").map(|at| from + at) {
            let next = at + "#[cfg(test)]".len();
            let item = &rest[next..];
            let is_module = item.trim_start().starts_with("mod ");
            let body = item.find(['{', ';']).map(|offset| next + offset);
            if let Some(open) = body.filter(|open| is_module && rest[*open..].starts_with('{')) {
                let end = matching_brace(&rest, open);
                let blanked: String = rest[at..end].chars().map(keep_newline).collect();
                rest.replace_range(at..end, &blanked);
            }
            from = next;
        }
        rest
    }

    /// Every function that has a body.
    pub(super) fn functions(&self) -> Vec<Function> {
        words(&self.code)
            .filter(|(_, word)| *word == "fn")
            .filter_map(|(at, _)| self.function_at(at))
            .collect()
    }

    fn function_at(&self, at: usize) -> Option<Function> {
        let after = &self.code[at + 2..];
        let (_, name) = words(after).next()?;
        if !after.trim_start().starts_with(name) {
            return None; // a pointer type: `fn(u8) -> u8`
        }
        let open = body_start(&self.code, at)?;
        let body = &self.code[at..matching_brace(&self.code, open)];
        Some(Function {
            name: name.to_owned(),
            line: line_of(&self.code, at),
            code_lines: body.lines().filter(|line| !line.trim().is_empty()).count(),
        })
    }
}

/// Line of a byte offset, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The identifiers and keywords of `code` with their byte offsets.
pub(super) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn keep_newline(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

/// Offset of the `{` that opens the body of the function at `at`; none for a declaration.
fn body_start(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, c) in code[at..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at + offset),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Offset behind the brace that closes the one at `open`; the end of the text when none does.
fn matching_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (offset, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + offset + 1;
        }
    }
    code.len()
}

/// Blanks comments, strings and characters, byte for byte, so that offsets stay the same.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let previous = out.chars().next_back();
        let taken = literal_len(rest, previous);
        if taken == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        for byte in rest[..taken].bytes() {
            out.push(if byte == b'\n' { '\n' } else { ' ' });
        }
        rest = &rest[taken..];
    }
    out
}

/// Bytes of the comment or literal that `rest` opens with; 0 for code.
fn literal_len(rest: &str, previous: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_len(rest);
    }
    if rest.starts_with('"') {
        return quoted_len(rest, '"');
    }
    if rest.starts_with('\'') {
        return char_len(rest);
    }
    if rest.starts_with('r') && !previous.is_some_and(|c| is_word(c) && c != 'b') {
        return raw_len(rest);
    }
    0
}

fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let tail = &rest.as_bytes()[at..];
        if tail.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted_len(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        if at == 0 {
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal; 0 for a lifetime.
fn char_len(rest: &str) -> usize {
    let mut chars = rest.chars();
    chars.next();
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => quoted_len(rest, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}

/// A raw string; 0 for a word that only begins with `r`.
fn raw_len(rest: &str) -> usize {
    let after = &rest[1..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    if !after[hashes..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = &after[hashes + 1..];
    body.find(&close)
        .map_or(rest.len(), |at| 1 + hashes + 1 + at + close.len())
}

/// Every text file of the repository that people write, in order of path.
pub(super) fn repository(root: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    walk(root, "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

const WRITTEN: [&str; 9] = [
    "rs", "toml", "md", "lock", "sh", "py", "yaml", "json", "cql",
];

fn walk(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            let hidden = name.starts_with('.') && name != ".ci";
            if !hidden && !["target", "data", "fixtures"].contains(&name.as_str()) {
                walk(&entry.path(), &format!("{path}/"), found);
            }
            continue;
        }
        let is_written = match name.rsplit_once('.') {
            Some((_, extension)) => WRITTEN.contains(&extension),
            None => true,
        };
        if is_written && let Ok(text) = fs::read_to_string(entry.path()) {
            found.push(Source::new(&path, &text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn comments_and_literals_are_not_code() {
        let text =
            "let a = \"x{y\"; // {\nlet b = '{'; /* { /* */ */ let c = r#\"\"{\"#; fn f<'a>() {}\n";
        let source = Source::new("src/a.rs", text);
        assert!(source.code.contains("let c") && source.code.contains("fn f<'a>() {}"));
        assert_eq!(source.code.matches('{').count(), 1);
        assert_eq!(source.code.len(), text.len());
        assert_eq!(source.code.lines().count(), text.lines().count());
    }

    #[test]
    fn a_test_module_is_not_shipped() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let shipped = Source::new("src/a.rs", text).shipped_code();
        assert!(shipped.contains("fn a") && shipped.contains("fn c") && !shipped.contains("fn b"));
        assert_eq!(shipped.lines().count(), text.lines().count());
    }

    #[test]
    fn functions_are_found_with_their_lines_of_code() {
        let text = "fn a(x: [u8; 2]) -> u8 {\n    // why\n\n    1\n}\ntype F = fn(u8);\nfn b();\n";
        let functions = Source::new("src/a.rs", text).functions();
        assert_eq!(functions.len(), 1);
        assert_eq!((functions[0].name.as_str(), functions[0].line), ("a", 1));
        assert_eq!(functions[0].code_lines, 3);
    }
}
