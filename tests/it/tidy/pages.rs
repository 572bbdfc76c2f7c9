//! Pages that are made from code: how they are compared with what is written, and written anew.
//!
//! `bounds.rs`, `configuration.rs` and `series.rs` each make one page.

use super::source::Source;
use super::{Fault, bounds, configuration, series};

/// A page's rule, its path, and what makes its text from the repository.
pub(super) struct Page {
    rule: &'static str,
    pub(super) path: &'static str,
    pub(super) text: fn(&[Source]) -> Result<String, Fault>,
}

pub(super) const PAGES: [Page; 3] = [
    Page {
        rule: "limits",
        path: bounds::PAGE,
        text: |sources| bounds::page(find(sources, bounds::CODE)?),
    },
    Page {
        rule: "configuration",
        path: configuration::PAGE,
        text: |sources| {
            let limits = find(sources, bounds::CODE)?;
            configuration::page(find(sources, configuration::CODE)?, limits)
        },
    },
    Page {
        rule: "metrics",
        path: series::PAGE,
        text: |sources| series::page(find(sources, series::CODE)?),
    },
];

/// Faults of all pages.
pub(super) fn faults(sources: &[Source]) -> Vec<Fault> {
    let of_page = |page: &Page| {
        let written = sources.iter().find(|source| source.path == page.path);
        differs(page.rule, (page.text)(sources), page.path, written)
    };
    PAGES.iter().flat_map(of_page).collect()
}

/// Faults of one page: its first line that differs from what the code says.
pub(super) fn differs(
    rule: &'static str,
    wanted: Result<String, Fault>,
    path: &str,
    written: Option<&Source>,
) -> Vec<Fault> {
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(fault) => return vec![fault],
    };
    let text = written.map_or("", |page| page.text.as_str());
    if text == wanted {
        return Vec::new();
    }
    let same = text.lines().zip(wanted.lines()).take_while(|(a, b)| a == b);
    vec![Fault {
        rule,
        path: path.to_owned(),
        line: same.count() + 1,
        detail: "differs from the code that it is made of: run script/fmt".to_owned(),
    }]
}

fn find<'a>(sources: &'a [Source], path: &str) -> Result<&'a Source, Fault> {
    let found = sources.iter().find(|source| source.path == path);
    found.ok_or_else(|| Fault {
        rule: "pages",
        path: path.to_owned(),
        line: 1,
        detail: "a page is made of this file, and it is not there".to_owned(),
    })
}
