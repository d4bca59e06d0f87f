//! The folder for Python environments and sandboxes.

use std::path::PathBuf;

use crate::error::SandboxError;

/// The folder for Python environments and sandboxes: the value of `NEX_SANDBOX_DIR` or, by
/// default, `sandbox` in the target folder that contains the executable.
///
/// # Errors
/// When the variable is not set and the executable is not in a target folder.
pub fn default_dir() -> Result<PathBuf, SandboxError> {
    if let Some(dir) = std::env::var_os("NEX_SANDBOX_DIR").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    let exe = std::env::current_exe().map_err(SandboxError::file("find", "the executable"))?;
    // Cargo creates this file in every target folder.
    exe.ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map(|target| target.join("sandbox"))
        .ok_or(SandboxError::NoFolder { exe })
}
