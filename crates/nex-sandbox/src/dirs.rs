//! Where environments and states live.

use std::path::PathBuf;

use crate::error::SandboxError;

/// The folder that holds Python environments and the states of sandboxes:
/// `NEX_SANDBOX_DIR`, else `sandbox` in the target folder that the executable lies in.
///
/// # Errors
/// When the executable lies in no target folder and the variable is not set.
pub fn default_dir() -> Result<PathBuf, SandboxError> {
    if let Some(dir) = std::env::var_os("NEX_SANDBOX_DIR").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    let exe = std::env::current_exe().map_err(SandboxError::file("find", "the executable"))?;
    // Cargo marks its target folder with this file.
    exe.ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map(|target| target.join("sandbox"))
        .ok_or(SandboxError::NoFolder { exe })
}
