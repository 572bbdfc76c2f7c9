//! Copies a store into an empty one, page by page; a copy that was stopped goes on where it was.
//!
//! After the last page both stores are read again and their digests compared, so that the answer is about what is on the disks
//! and not about what was sent. Called by `server::offline`.

use streakline_core::limits;

use super::{
    Error,
    bulk::{Bulk, BulkTable, CopyMark, TableDigest, table_digest},
};

/// What a copy is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// That many rows of a table have been written by this run.
    Copied(BulkTable, u64),
    /// The table is being compared.
    Comparing(BulkTable),
}

/// Copies all tables of `from` into `to` and compares them; answers each table's digest.
///
/// # Errors
/// [`Error::Refused`] when `to` is neither empty nor an unfinished copy of `from` as it is now, or `from` is itself an unfinished
/// copy; [`Error::Damaged`] when the stores differ in the end; what the stores say.
pub async fn copy(
    from: &dyn Bulk,
    to: &dyn Bulk,
    told: &mut dyn FnMut(Step),
) -> Result<Vec<(BulkTable, TableDigest)>, Error> {
    if from.copy_mark().await?.is_some() {
        let what = "the source is itself a copy that is not finished; finish that first";
        return Err(Error::Refused(what.into()));
    }
    let source = table_digest(from, BulkTable::Settings).await?.sum();
    let begun = match to.copy_mark().await? {
        Some(mark) if mark.source == source => mark,
        Some(_) => return Err(changed()),
        None => match first_table(to).await? {
            None => begin(to, source).await?,
            Some(found) => return whole_already(from, to, (source, found), told).await,
        },
    };
    for table in BulkTable::ALL {
        if table >= begun.table {
            let cursor = (table == begun.table).then(|| begun.cursor.clone());
            let at = CopyMark {
                source,
                table,
                cursor: cursor.flatten(),
            };
            copy_table(from, to, at, told).await?;
        }
    }
    let digests = compare(from, to, told).await?;
    to.write_page(Vec::new(), None).await?;
    Ok(digests)
}

fn changed() -> Error {
    Error::Refused(
        "it holds an unfinished copy of another store, or of this one before a server used it again; \
         empty it and copy anew"
            .into(),
    )
}

/// The first table that has a row.
async fn first_table(of: &dyn Bulk) -> Result<Option<BulkTable>, Error> {
    for table in BulkTable::ALL {
        if !of.read_page(table, None, 1).await?.rows.is_empty() {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// A store that is no unfinished copy may be a whole one: whoever made it was stopped before it could say so.
async fn whole_already(
    from: &dyn Bulk,
    to: &dyn Bulk,
    (source, found): ([u8; 32], BulkTable),
    told: &mut dyn FnMut(Step),
) -> Result<Vec<(BulkTable, TableDigest)>, Error> {
    let not_empty = || {
        Error::Refused(format!(
            "the target is not empty: it has {}; name a new one",
            found.name()
        ))
    };
    if table_digest(to, BulkTable::Settings).await?.sum() != source {
        return Err(not_empty());
    }
    match compare(from, to, told).await {
        Err(Error::Damaged(_)) => Err(not_empty()),
        compared => compared,
    }
}

/// Marks an empty store as the target of a copy.
async fn begin(to: &dyn Bulk, source: [u8; 32]) -> Result<CopyMark, Error> {
    let mark = CopyMark {
        source,
        table: BulkTable::Settings,
        cursor: None,
    };
    to.write_page(Vec::new(), Some(mark.clone())).await?;
    Ok(mark)
}

async fn copy_table(
    from: &dyn Bulk,
    to: &dyn Bulk,
    mut at: CopyMark,
    told: &mut dyn FnMut(Step),
) -> Result<(), Error> {
    let mut rows = 0_u64;
    loop {
        let page = from.read_page(at.table, at.cursor.clone(), limits::BULK_PAGE_BYTES);
        let page = page.await?;
        rows = rows.saturating_add(page.rows.len() as u64);
        let Some(next) = page.next else {
            // The mark of the table after it says that this one is done.
            to.write_page(page.rows, Some(at.clone())).await?;
            told(Step::Copied(at.table, rows));
            return Ok(());
        };
        at.cursor = Some(next);
        to.write_page(page.rows, Some(at.clone())).await?;
        told(Step::Copied(at.table, rows));
    }
}

async fn compare(
    from: &dyn Bulk,
    to: &dyn Bulk,
    told: &mut dyn FnMut(Step),
) -> Result<Vec<(BulkTable, TableDigest)>, Error> {
    let mut digests = Vec::new();
    for table in BulkTable::ALL {
        told(Step::Comparing(table));
        let (here, there) = (
            table_digest(from, table).await?,
            table_digest(to, table).await?,
        );
        if here != there {
            return Err(Error::Damaged(format!(
                "the copy differs in {}: {} rows and {} in the source, {} rows and {} in the copy",
                table.name(),
                here.rows,
                here.hex(),
                there.rows,
                there.hex()
            )));
        }
        digests.push((table, here));
    }
    Ok(digests)
}
