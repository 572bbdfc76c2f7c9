//! The master keys: files beside the other keys, or a setting. They wrap the users' data keys; what these are is in `storage`.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Error;
use super::files::{self, FILE_MODE};
use crate::entropy;

const PREFIX: &str = "mk_";
const BYTES: usize = 32;

/// The bytes of a master key; they are wiped when it goes, and `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterSecret([u8; BYTES]);

impl MasterSecret {
    /// The bytes themselves.
    #[must_use]
    pub fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Drop for MasterSecret {
    fn drop(&mut self) {
        self.0.fill(0);
        // The compiler must not take the writing for useless.
        std::hint::black_box(&self.0);
    }
}

/// The keys of the setting `sealing.master_keys`, oldest first.
pub(super) fn parse(text: &str) -> Result<Vec<MasterSecret>, Error> {
    let keys = text.split(',').map(|key| MasterSecret::parse(key.trim()));
    keys.collect::<Option<_>>().ok_or(Error::MasterKeys)
}

/// The keys in the folder, oldest first; the first one is made where there is none.
pub(super) fn read_or_create(folder: &Path) -> Result<Vec<MasterSecret>, Error> {
    if names(folder)?.is_empty() {
        write(folder, 1)?;
    }
    let read = |name: &String| {
        let path = path_of(folder, name);
        files::check_private(&path, FILE_MODE)?;
        let text = fs::read_to_string(&path).map_err(|source| files::at(&path, source))?;
        let kind = "a master key (mk_...)";
        MasterSecret::parse(text.trim_end()).ok_or(Error::Damaged { path, kind })
    };
    names(folder)?.iter().map(read).collect()
}

/// Adds a key whose name sorts after all others; answers the name.
pub(super) fn add(folder: &Path) -> Result<String, Error> {
    let newest = names(folder)?.pop();
    let number = newest.and_then(|name| name.split('-').nth(1)?.parse::<u32>().ok());
    write(folder, number.unwrap_or(0).saturating_add(1))
}

/// The names of the keys in the folder, such as `master-0001-9f2c61aa`, oldest first.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| files::at(folder, source))? {
        let name = entry
            .map_err(|source| files::at(folder, source))?
            .file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".key"));
        names.extend(
            name.filter(|name| name.starts_with("master-"))
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key"))
}

fn write(folder: &Path, number: u32) -> Result<String, Error> {
    let mut secret = MasterSecret([0; BYTES]);
    entropy::fill(&mut secret.0);
    let name = format!("master-{number:04}-{}", files::random_name());
    let text = format!("{PREFIX}{}\n", URL_SAFE_NO_PAD.encode(secret.0));
    files::write_new(&path_of(folder, &name), text.as_bytes())?;
    Ok(name)
}
