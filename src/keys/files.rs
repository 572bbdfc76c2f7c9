//! The key files: made once, complete or not at all, readable by their owner only.
//!
//! A server and a command may start on an empty directory at the same time: whoever comes second takes the first one's
//! keys. What the keys mean is in `keys`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Error;
use super::token::SigningKey;
use crate::entropy;

pub(super) const ADMIN_KEY: &str = "admin.key";
const ADMIN_KEY_PREFIX: &str = "sk_";
const ADMIN_KEY_BYTES: usize = 32;

/// Makes the folder with all keys, or the keys that an existing folder lacks. True if the admin key is new.
pub(super) fn create_missing(dir: &Path, folder: &Path) -> Result<bool, Error> {
    fs::create_dir_all(dir).map_err(|source| at(dir, source))?;
    if !folder.exists() && create_folder(dir, folder)? {
        return Ok(true);
    }
    if signing_key_files(folder)?.is_empty() {
        write_signing_key(folder, 1)?;
    }
    let admin_key = folder.join(ADMIN_KEY);
    if admin_key.exists() {
        return Ok(false);
    }
    write_new(&admin_key, new_admin_key().as_bytes())
}

/// Fills a folder beside `folder` and renames it: false if another process was first.
fn create_folder(dir: &Path, folder: &Path) -> Result<bool, Error> {
    let draft = dir.join(format!(".keys-{}", random_name()));
    DirBuilder::new()
        .mode(0o700)
        .create(&draft)
        .map_err(|source| at(&draft, source))?;
    write_signing_key(&draft, 1)?;
    write_new(&draft.join(ADMIN_KEY), new_admin_key().as_bytes())?;
    match fs::rename(&draft, folder) {
        Ok(()) => sync_folder(dir).map(|()| true),
        Err(source) if folder.exists() => {
            tracing::debug!(%source, "another process made the keys first");
            fs::remove_dir_all(&draft).map_err(|source| at(&draft, source))?;
            Ok(false)
        }
        Err(source) => Err(at(folder, source)),
    }
}

/// Adds a key whose name sorts after all others.
pub(super) fn add_signing_key(folder: &Path) -> Result<(), Error> {
    let newest = signing_key_files(folder)?
        .pop()
        .and_then(|path| kid_of(&path));
    let number = newest
        .and_then(|kid| kid.split('-').next()?.parse::<u32>().ok())
        .unwrap_or(0);
    write_signing_key(folder, number.saturating_add(1))
}

/// Leaves the newest `keep` signing keys.
pub(super) fn remove_old_signing_keys(folder: &Path, keep: usize) -> Result<(), Error> {
    let found = signing_key_files(folder)?;
    let old = found.len().saturating_sub(keep);
    for path in found.iter().take(old) {
        fs::remove_file(path).map_err(|source| at(path, source))?;
    }
    sync_folder(folder)
}

/// The signing keys, oldest first.
pub(super) fn read_signing_keys(folder: &Path) -> Result<Vec<SigningKey>, Error> {
    let mut keys = Vec::new();
    for path in signing_key_files(folder)? {
        let damaged = || Error::Damaged {
            path: path.clone(),
            kind: "an Ed25519 key in PKCS#8",
        };
        let pkcs8 = fs::read(&path).map_err(|source| at(&path, source))?;
        let kid = kid_of(&path).ok_or_else(damaged)?;
        keys.push(SigningKey::from_pkcs8(kid, &pkcs8).ok_or_else(damaged)?);
    }
    Ok(keys)
}

pub(super) fn read_admin_key(path: &Path) -> Result<String, Error> {
    let text = fs::read_to_string(path).map_err(|source| at(path, source))?;
    let key = text.trim_end();
    let bytes = key
        .strip_prefix(ADMIN_KEY_PREFIX)
        .and_then(|k| URL_SAFE_NO_PAD.decode(k).ok());
    if bytes.is_none_or(|bytes| bytes.len() != ADMIN_KEY_BYTES) {
        return Err(Error::Damaged {
            path: path.to_owned(),
            kind: "an admin key (sk_...)",
        });
    }
    Ok(key.to_owned())
}

fn signing_key_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| at(folder, source))? {
        let path = entry.map_err(|source| at(folder, source))?.path();
        if kid_of(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// `signing-0001-9f2c61aa.pk8` has the kid `0001-9f2c61aa`.
fn kid_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    Some(
        name.strip_prefix("signing-")?
            .strip_suffix(".pk8")?
            .to_owned(),
    )
}

fn write_signing_key(folder: &Path, number: u32) -> Result<(), Error> {
    let pair = Ed25519KeyPair::generate().map_err(|e| Error::Crypto(e.to_string()))?;
    let pkcs8 = pair.to_pkcs8().map_err(|e| Error::Crypto(e.to_string()))?;
    let path = folder.join(format!("signing-{number:04}-{}.pk8", random_name()));
    write_new(&path, pkcs8.as_ref()).map(|_is_new| ())
}

fn new_admin_key() -> String {
    let mut bytes = [0; ADMIN_KEY_BYTES];
    entropy::fill(&mut bytes);
    format!("{ADMIN_KEY_PREFIX}{}\n", URL_SAFE_NO_PAD.encode(bytes))
}

fn random_name() -> String {
    let mut bytes = [0; 4];
    entropy::fill(&mut bytes);
    format!("{:08x}", u32::from_be_bytes(bytes))
}

/// Writes a file that is there whole or not at all. False if it was there before; it is then left as it is.
fn write_new(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let draft = path.with_extension(format!("draft-{}", random_name()));
    let written = write_synced(&draft, bytes).and_then(|()| match fs::hard_link(&draft, path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        other => other.map(|()| true),
    });
    let removed = fs::remove_file(&draft);
    let is_new = written.map_err(|source| at(path, source))?;
    removed.map_err(|source| at(&draft, source))?;
    path.parent().map_or(Ok(()), sync_folder)?;
    Ok(is_new)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(|source| at(folder, source))
}

fn at(path: &Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}
