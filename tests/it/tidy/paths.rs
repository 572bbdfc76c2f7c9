//! The paths (`a::b::c`) that a piece of code names, with `use` trees spread out.
//!
//! It resolves `super` and `self` against the file's own place, and nothing else. Called by `direction`.

use super::source::{Source, is_word, line_of};

/// A path as the code names it, absolute where it began with `crate`, `self` or `super`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: String,
    pub(super) line: usize,
}

impl Named {
    /// Whether the path is `prefix` or lies below it.
    pub(super) fn is_under(&self, prefix: &str) -> bool {
        self.path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

/// Every path of two or more parts that the shipped code of `source` names.
pub(super) fn paths(source: &Source) -> Vec<Named> {
    let code = source.shipped_code();
    let tokens = tokens(&code);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        found: Vec::new(),
    };
    reader.read();
    let module = module_of(&source.path);
    let mut named: Vec<Named> = reader
        .found
        .into_iter()
        .map(|(parts, at)| Named {
            path: absolute(&module, &parts).join("::"),
            line: line_of(&code, at),
        })
        .collect();
    named.dedup();
    named
}

/// The module path of a file: `src/actors/user.rs` is `crate::actors::user`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("src/").map_or(path, |(_, inside)| inside);
    let stem = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    let mut module = vec!["crate".to_owned()];
    if !["lib", "main"].contains(&stem) {
        module.extend(stem.split('/').map(str::to_owned));
    }
    module
}

fn absolute(module: &[String], parts: &[String]) -> Vec<String> {
    let first = parts.first().map_or("", String::as_str);
    if first == "streakline" {
        let below = parts.iter().enumerate().filter(|(i, _)| *i > 0);
        let below = below.map(|(_, part)| part.clone());
        return std::iter::once("crate".to_owned()).chain(below).collect();
    }
    if !["self", "super"].contains(&first) {
        return parts.to_vec();
    }
    let supers = parts.iter().take_while(|part| *part == "super").count();
    let kept = module.len().saturating_sub(supers).max(1);
    let below = parts
        .iter()
        .filter(|p| !["self", "super"].contains(&p.as_str()));
    module[..kept].iter().chain(below).cloned().collect()
}

type Token<'a> = (usize, &'a str);

/// Words, `::` and single other characters; white space is dropped.
fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = code[at..].chars().next() {
        let rest = &code[at..];
        let len = if is_word(c) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            c.len_utf8()
        };
        if !c.is_whitespace() {
            out.push((at, &rest[..len]));
        }
        at += len;
    }
    out
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    found: Vec<(Vec<String>, usize)>,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(word) = self.peek() {
            if word == "use" {
                self.at += 1;
                self.tree(&[]);
            } else if is_name(word) {
                self.inline();
            } else {
                self.at += 1;
            }
        }
    }

    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(|(_, word)| *word)
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(at, _)| *at)
    }

    /// `a::b::c` in an expression or a type.
    fn inline(&mut self) {
        let start = self.offset();
        let mut parts = Vec::new();
        while let Some(word) = self.peek().filter(|word| is_name(word)) {
            parts.push(word.to_owned());
            self.at += 1;
            if self.peek() != Some("::") {
                break;
            }
            self.at += 1;
        }
        if parts.len() > 1 {
            self.found.push((parts, start));
        }
    }

    /// One branch of a `use` tree: `a::{b, c::d as e, *}`.
    fn tree(&mut self, prefix: &[String]) {
        let start = self.offset();
        let mut parts = prefix.to_vec();
        while let Some(word) = self.peek() {
            match word {
                "::" => self.at += 1,
                "{" => return self.branches(&parts),
                "as" => self.at += 2,
                word if is_name(word) || word == "*" => {
                    if word != "self" || parts.is_empty() {
                        parts.push(word.to_owned());
                    }
                    self.at += 1;
                }
                _ => break,
            }
        }
        self.found.push((parts, start));
    }

    fn branches(&mut self, prefix: &[String]) {
        self.at += 1;
        while let Some(word) = self.peek() {
            match word {
                "}" => {
                    self.at += 1;
                    return;
                }
                "," => self.at += 1,
                _ => {
                    let before = self.at;
                    self.tree(prefix);
                    self.at = self.at.max(before + 1);
                }
            }
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| is_word(c) && !c.is_numeric())
}

#[cfg(test)]
mod tests {
    use super::{Source, paths};

    fn named(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(path, text);
        paths(&source).into_iter().map(|named| named.path).collect()
    }

    #[test]
    fn a_use_tree_is_spread_out() {
        let text = "use std::{env, time::{Instant as I, Duration}};\nuse crate::a::{self, b::*};\n";
        let want = [
            "std::env",
            "std::time::Instant",
            "std::time::Duration",
            "crate::a",
            "crate::a::b::*",
        ];
        assert_eq!(named("src/x.rs", text), want);
    }

    #[test]
    fn a_path_in_an_expression_is_found() {
        let text = "fn f() { let x = std::env::var(\"A\"); Vec::<u8>::new() }";
        assert_eq!(
            named("src/x.rs", text),
            ["std::env::var", "Vec"].map(String::from)[..1]
        );
    }

    #[test]
    fn super_is_resolved_against_the_file() {
        let text = "use super::super::api::Page;\nuse self::inner::X;\n";
        let want = ["crate::api::Page", "crate::actors::user::inner::X"];
        assert_eq!(named("src/actors/user.rs", text), want);
        assert_eq!(
            named("src/actors/mod.rs", "use super::api::X;"),
            ["crate::api::X"]
        );
    }
}
