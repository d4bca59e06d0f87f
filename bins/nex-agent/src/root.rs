//! The files of the machine, below its root folder.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use nex_host::{File, HostPath, Mode, Owner};
use nix::unistd::{Group, User};
use tempfile::NamedTempFile;

use crate::failure::Failure;

/// The machine's root folder: `/`, or another one in tests.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The file is new, or it has other content, permissions or owners than before.
    Changed,
    /// The file was already as it should be.
    Same,
}

impl Root {
    /// The machine below this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Where an absolute path of the machine is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// The owner of the agent's own files: the user and the group that own the root folder.
    ///
    /// # Panics
    /// Never: without a name, the owner is root.
    pub fn owner(&self) -> Owner {
        let found = fs::metadata(&self.0).ok().and_then(|found| {
            let user = User::from_uid(found.uid().into()).ok()??;
            let group = Group::from_gid(found.gid().into()).ok()??;
            format!("{}:{}", user.name, group.name).parse().ok()
        });
        found.unwrap_or_else(Owner::root)
    }

    /// Reads a file; `None` if it does not exist.
    ///
    /// # Errors
    /// A [`Failure`] if the file can't be read.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        match fs::read(self.path(path)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file(format!("read {path}"))(error)),
        }
    }

    /// Writes a rendered file, unless it is already as it should be.
    ///
    /// # Errors
    /// A [`Failure`] if the file can't be written. Nothing of it is there then.
    pub fn write(&self, file: &File) -> Result<Written, Failure> {
        let File {
            path,
            mode,
            owner,
            content,
        } = file;
        self.put(path, *mode, owner, content.as_bytes())
    }

    /// Writes a file whole or not at all, unless it is already as it should be.
    ///
    /// # Errors
    /// A [`Failure`] if the file can't be written.
    pub fn put(
        &self,
        path: &HostPath,
        mode: Mode,
        owner: &Owner,
        content: &[u8],
    ) -> Result<Written, Failure> {
        let ids = Ids::of(owner)?;
        let target = self.path(path.as_str());
        if is_same(&target, mode, ids, content) {
            return Ok(Written::Same);
        }
        replace(&target, mode, ids, content).map_err(Failure::file(format!("write {path}")))?;
        Ok(Written::Changed)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Ids {
    user: u32,
    group: u32,
}

impl Ids {
    fn of(owner: &Owner) -> Result<Self, Failure> {
        let unknown = || {
            Failure::new(
                nex_host::Cause::Other,
                format!("the user or the group of {owner} does not exist"),
            )
        };
        let (user, group) = owner.as_str().split_once(':').ok_or_else(unknown)?;
        let user = User::from_name(user).ok().flatten().ok_or_else(unknown)?;
        let group = Group::from_name(group).ok().flatten().ok_or_else(unknown)?;
        Ok(Self {
            user: user.uid.as_raw(),
            group: group.gid.as_raw(),
        })
    }
}

fn is_same(target: &Path, mode: Mode, ids: Ids, content: &[u8]) -> bool {
    let Ok(found) = fs::symlink_metadata(target) else {
        return false;
    };
    found.is_file()
        && found.mode() & 0o7777 == mode.bits()
        && (found.uid(), found.gid()) == (ids.user, ids.group)
        && found.len() == content.len() as u64
        && fs::read(target).is_ok_and(|found| found == content)
}

fn replace(target: &Path, mode: Mode, ids: Ids, content: &[u8]) -> io::Result<()> {
    let folder = target.parent().unwrap_or(target);
    fs::create_dir_all(folder)?;
    // A temporary file has the mode 0600: nobody else sees the content before the owner is right.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    let found = file.as_file().metadata()?;
    if (found.uid(), found.gid()) != (ids.user, ids.group) {
        fchown(file.as_file(), Some(ids.user), Some(ids.group))?;
    }
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(mode.bits()))?;
    file.as_file().sync_all()?;
    file.persist(target)?;
    fs::File::open(folder)?.sync_all()
}
