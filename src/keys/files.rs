//! The key files: made once, complete or not at all, readable by their owner only.
//!
//! A server and a command may start on an empty directory at the same time: whoever comes second takes the first one's
//! keys. What the keys mean is in `keys`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::signing::SigningKey;
use super::{Error, SECRET_BYTES_MIN};
use crate::entropy;

pub(super) const ADMIN_KEY: &str = "admin.key";
/// An empty file that is there while the server of this directory stands on a virtual clock.
pub(super) const VIRTUAL_CLOCK: &str = "virtual-clock";
const ADMIN_KEY_PREFIX: &str = "sk_";
const ADMIN_KEY_BYTES: usize = 32;

/// What others than the owner may do.
const OTHERS: u32 = 0o077;
pub(super) const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
/// Longest secret that is read, in bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

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
        .mode(FOLDER_MODE)
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

/// Removes the signing key of that name.
pub(super) fn remove_signing_key(folder: &Path, kid: &str) -> Result<(), Error> {
    let path = folder.join(format!("signing-{kid}.pk8"));
    fs::remove_file(&path).map_err(|source| at(&path, source))?;
    sync_folder(folder)
}

/// Puts a new admin key over the old one in one step.
pub(super) fn replace_admin_key(folder: &Path) -> Result<(), Error> {
    let path = folder.join(ADMIN_KEY);
    let draft = path.with_extension(format!("draft-{}", random_name()));
    write_synced(&draft, new_admin_key().as_bytes())
        .and_then(|()| fs::rename(&draft, &path))
        .map_err(|source| at(&path, source))?;
    sync_folder(folder)
}

/// Makes or removes an empty file.
pub(super) fn set_mark(path: &Path, wanted: bool) -> Result<(), Error> {
    let set = match (wanted, path.exists()) {
        (true, false) => write_synced(path, b""),
        (false, true) => fs::remove_file(path),
        _ => Ok(()),
    };
    set.map_err(|source| at(path, source))
}

/// The names of the signing keys, oldest first.
pub(super) fn signing_kids(folder: &Path) -> Result<Vec<String>, Error> {
    let files = signing_key_files(folder)?;
    Ok(files.iter().filter_map(|path| kid_of(path)).collect())
}

/// The secret in a file, without a line end.
pub(super) fn read_secret(path: &Path) -> Result<Vec<u8>, Error> {
    warn_if_exposed(path);
    let file = File::open(path).map_err(|source| at(path, source))?;
    let mut secret = Vec::new();
    file.take(SECRET_BYTES_MAX)
        .read_to_end(&mut secret)
        .map_err(|source| at(path, source))?;
    while matches!(secret.last(), Some(b'\n' | b'\r')) {
        secret.pop();
    }
    if secret.len() < SECRET_BYTES_MIN {
        let (path, bytes) = (path.to_owned(), secret.len());
        return Err(Error::ShortSecret { path, bytes });
    }
    Ok(secret)
}

/// Warns of a secret file that others may read. Files that the server did not make are often mounted with modes that
/// nobody here can change, so this is no refusal.
pub fn warn_if_exposed(path: &Path) {
    if let Err(error) = check_private(path, FILE_MODE) {
        tracing::warn!(%error, "a secret is open to others");
    }
}

/// Refuses a file or folder of ours that others may read or change.
pub(super) fn check_private(path: &Path, wanted: u32) -> Result<(), Error> {
    let metadata = fs::metadata(path).map_err(|source| at(path, source))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    let path = path.to_owned();
    Err(Error::Exposed { path, mode, wanted })
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
    check_private(folder, FOLDER_MODE)?;
    let mut keys = Vec::new();
    for path in signing_key_files(folder)? {
        let damaged = || Error::Damaged {
            path: path.clone(),
            kind: "an Ed25519 key in PKCS#8",
        };
        check_private(&path, FILE_MODE)?;
        let pkcs8 = fs::read(&path).map_err(|source| at(&path, source))?;
        let kid = kid_of(&path).ok_or_else(damaged)?;
        keys.push(SigningKey::from_pkcs8(kid, &pkcs8).ok_or_else(damaged)?);
    }
    Ok(keys)
}

pub(super) fn read_admin_key(path: &Path) -> Result<String, Error> {
    check_private(path, FILE_MODE)?;
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

pub(super) fn random_name() -> String {
    let mut bytes = [0; 4];
    entropy::fill(&mut bytes);
    format!("{:08x}", u32::from_be_bytes(bytes))
}

/// Writes a file that is there whole or not at all. False if it was there before; it is then left as it is.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
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
        .mode(FILE_MODE)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(|source| at(folder, source))
}

pub(super) fn at(path: &Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}
